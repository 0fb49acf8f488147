"""The connection to PostgreSQL: one engine, short transactions, trouble in words of the ports."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import sqlalchemy as sa
import stamina
from sqlalchemy import exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from towpath.ports.store import StoreUnavailable

T = TypeVar("T")

# A generic plan costs a list of a million releases up to a second, so nothing is prepared; a
# statement that waits for a lock or a server for longer than this is given up.
STATEMENT_TIMEOUT_MS = 30_000
# A process that freezes within a transaction keeps its locks so long at most: less than a lease, so
# that who takes over its looks does not wait for it.
FROZEN_AFTER_MS = 5_000
# One that freezes in the middle of what it says to the server is seen by no other timeout.
TRANSACTION_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + FROZEN_AFTER_MS
CONNECT_TIMEOUT_S = 10
_ROLLED_BACK = ("40001", "40P01", "55P03")  # serialization, deadlock, lock timeout


def connect(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for a `postgresql+psycopg://` address."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        connect_args={
            "prepare_threshold": None,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC -c jit=off"
            f" -c idle_in_transaction_session_timeout={FROZEN_AFTER_MS}",
        },
    )
    sa.event.listen(engine.sync_engine, "connect", _bound_transactions)
    return engine


def _bound_transactions(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Bound whole transactions, on servers that can (17 and later)."""
    if connection.driver_connection.info.server_version < 170000:
        return
    cursor = connection.cursor()
    cursor.execute(f"SET SESSION transaction_timeout = {TRANSACTION_TIMEOUT_MS}")
    cursor.close()
    connection.commit()


class Database:
    """Runs transactions. What was rolled back for another's sake is done again."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` that is one statement, without the ceremony of a transaction around it.

        Raises as `transact` does.
        """
        return await self._attempts(self._single, work)

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction; it may be run again, so it must only use its connection.

        Raises `StoreUnavailable` when the server does not answer, or takes nothing more.
        """
        return await self._attempts(self.engine, work)

    async def _attempts(
        self, engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]
    ) -> T:
        async for attempt in stamina.retry_context(
            on=_was_rolled_back, attempts=8, timeout=20, wait_initial=0.01, wait_max=0.5
        ):
            with attempt:
                async with _begun(engine) as connection:
                    return await work(connection)
        raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def _begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    begun = False
    try:
        async with engine.begin() as connection:
            begun = True
            yield connection
    except exc.DBAPIError as error:
        if _is_unavailable(error):
            raise StoreUnavailable(_first_line(error)) from error
        raise
    except (exc.TimeoutError, OSError) as error:
        if begun:  # not the database's, but of what was run with it
            raise
        raise StoreUnavailable(_first_line(error)) from error


def _was_rolled_back(error: Exception) -> bool:
    return isinstance(error, exc.DBAPIError) and _state(error) in _ROLLED_BACK


def _is_unavailable(error: exc.DBAPIError) -> bool:
    """No connection, a server that is going or coming, no room on its disk, too many clients."""
    state = _state(error)
    if state in _ROLLED_BACK:
        return False
    return (
        error.connection_invalidated
        or isinstance(error, exc.InterfaceError)
        or (isinstance(error, exc.OperationalError) and state is None)
        or (state or "")[:2] in ("08", "53", "57", "58")
        or state == "25006"
    )


def _state(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


async def answers(engine: AsyncEngine) -> bool:
    """Whether the database answers a query now."""
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
    except (exc.SQLAlchemyError, OSError):
        return False
    return True
