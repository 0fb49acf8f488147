"""What tests of the store may ask for."""

from collections.abc import AsyncIterator

import pytest_asyncio

import stored_world
from stored_world import Stored


@pytest_asyncio.fixture
async def stored(database_url: str) -> AsyncIterator[Stored]:
    """The store on an empty database of this version."""
    async with stored_world.stored(database_url) as made:
        yield made
