"""What must be there before anything starts: a database that answers, with our tables."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from towpath.ports.store import StoreUnavailable
from towpath.settings import Settings
from towpath.storage import arrival, embedded, schema
from towpath.storage.embedded import EmbeddedError


class CannotStart(Exception):  # noqa: N818
    """Why Towpath cannot start here, and what to do."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say in `CannotStart` what keeps the database from starting."""
    try:
        yield
    except (EmbeddedError, schema.SchemaTooNew) as error:
        raise CannotStart(str(error)) from error


async def prepared(url: str, told: asyncio.Event) -> None:
    """Have a database that answers, with the tables of this version."""
    try:
        await _arrival(url, told)
        await schema.upgrade(url)
    except StoreUnavailable as error:
        raise CannotStart(str(error)) from error


async def _arrival(url: str, told: asyncio.Event) -> None:
    waits = asyncio.create_task(arrival.awaited(url)), asyncio.create_task(told.wait())
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not waits[0].done():
            raise CannotStart("told to stop before the database answered")
        await waits[0]
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


@contextlib.asynccontextmanager
async def database(settings: Settings, *, own: bool) -> AsyncIterator[str]:
    """The database's address: the one given, our own server, or the one of a server here."""
    given = settings.database_url.get_secret_value()
    if given:
        _, _, rest = given.partition("://")
        yield f"postgresql+psycopg://{rest}"
    elif own:
        async with embedded.running(settings.data_dir) as server:
            yield server.url
    else:
        yield embedded.known_url(settings.data_dir)
