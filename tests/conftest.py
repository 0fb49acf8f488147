"""What tests of every floor may ask for."""

from collections.abc import AsyncIterator

import hypothesis
import pytest
import pytest_asyncio

import databases
from towpath.storage.embedded import EmbeddedServer

# How long an example takes says something of the machine, and nothing of the code.
hypothesis.settings.register_profile("towpath", deadline=None)
hypothesis.settings.load_profile("towpath")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    """A PostgreSQL server for this pytest process (each xdist worker has its own)."""
    async with databases.quick_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest_asyncio.fixture
async def database_url(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The URL (`postgresql+psycopg://…`) of an empty database for one test."""
    async with databases.fresh_database(postgres) as url:
        yield url
