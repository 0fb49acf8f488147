"""A database that is not there when Towpath starts: it is waited for, but not for ever."""

import asyncio
import logging

import psycopg
import sqlalchemy as sa

from towpath.ports.store import StoreUnavailable

log = logging.getLogger(__name__)

PATIENCE_S = 60.0
ASK_EVERY_S = 1.0
_ANSWER_WITHIN_S = 5


async def awaited(url: str) -> None:
    """Wait until the database answers. Raises `StoreUnavailable` when it stays away."""
    loop = asyncio.get_running_loop()
    end, told = loop.time() + PATIENCE_S, ""
    while why := await _trouble(url):
        if loop.time() >= end:
            raise StoreUnavailable(
                f"{_where(url)} did not answer for {PATIENCE_S:g} s: {why}. Start PostgreSQL there "
                "and let this user connect, or correct `database_url` (TOWPATH_DATABASE_URL)."
            )
        if why != told:
            left = end - loop.time()
            log.warning("%s does not answer, waiting for up to %.0f s: %s", _where(url), left, why)
        told = why
        await asyncio.sleep(ASK_EVERY_S)


async def _trouble(url: str) -> str:
    """Why the database does not answer; empty when it does."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    try:
        async with asyncio.timeout(2 * _ANSWER_WITHIN_S):
            async with await psycopg.AsyncConnection.connect(
                address, connect_timeout=_ANSWER_WITHIN_S
            ) as connection:
                await connection.execute("SELECT 1")
    except (psycopg.Error, OSError) as error:  # a timeout is one of the latter
        return str(error).strip().partition("\n")[0] or "it does not answer"
    return ""


def _where(url: str) -> str:
    """The database as a person knows it, without what is secret."""
    given = sa.make_url(url)
    host = given.host or given.query.get("host") or "this machine"
    port = f", port {given.port}" if given.port else ""
    return f"the database {given.database!r} on {host}{port} (user {given.username!r})"
