"""A product with real repositories and tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

import history_world
from history_world import World


@pytest_asyncio.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with history_world.world(database_url, tmp_path) as made:
        yield made
