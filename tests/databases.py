"""Databases for tests: one embedded server in each pytest process, a new database for each test.

Nothing here survives a power cut (fsync is off), which makes a new database cheap.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from towpath.storage.embedded import Embedded, EmbeddedServer

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def conninfo(url: str) -> str:
    """The same database for psycopg itself, without SQLAlchemy."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


@asynccontextmanager
async def quick_server(folder: Path) -> AsyncIterator[EmbeddedServer]:
    """A server that forgets all at a power cut, nobody restarts it; stopped at the end."""
    embedded = Embedded(folder, settings=QUICK)
    server = await embedded.start()
    try:
        yield server
    finally:
        await embedded.stop()


@asynccontextmanager
async def fresh_database(server: EmbeddedServer) -> AsyncIterator[str]:
    """The URL of a new, empty database of the ordinary role; dropped after, whoever uses it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    identifier = sql.Identifier(name)
    await _execute(server, sql.SQL("CREATE DATABASE {} OWNER towpath").format(identifier))
    try:
        yield urlsplit(server.url)._replace(path=f"/{name}").geturl()
    finally:
        await _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


async def _execute(server: EmbeddedServer, statement: sql.Composed) -> None:
    connection = await psycopg.AsyncConnection.connect(conninfo(server.admin_url), autocommit=True)
    async with connection:
        await connection.execute(statement)
