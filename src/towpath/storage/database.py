"""The connection to PostgreSQL: one engine, short transactions, trouble in words of the ports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
import stamina
from psycopg.rows import namedtuple_row
from sqlalchemy import exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from towpath.ports.store import StoreUnavailable
from towpath.storage.connection import Connection, Driver, Silent
from towpath.storage.pool import Crowded, Pool

T = TypeVar("T")

# A generic plan costs a list of a million releases up to a second, so nothing is prepared; a
# statement that waits for a lock or a server for longer than this is given up.
STATEMENT_TIMEOUT_MS = 30_000
# A process that freezes within a transaction keeps its locks so long at most: less than a lease, so
# that who takes over its looks does not wait for it.
FROZEN_AFTER_MS = 5_000
# One that freezes in the middle of what it says in several messages is seen by no other timeout.
# What records says it in one (`storage/connection.py`), which counts as idle; this is for the rest.
TRANSACTION_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + FROZEN_AFTER_MS
BOUNDS_TRANSACTIONS = 170_000  # the first version of the server that can
CONNECT_TIMEOUT_S = 10
# What is asked of a server that has vanished, or of a proxy before it, is never answered; and none
# that is there takes longer.
PATIENCE_S = 40.0
# On the way there TCP itself notices sooner that nobody answers. Sockets of a folder ignore it.
_ALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_UNABLE = ("25006", "25P03", "25P04")  # read only, idle for too long, a transaction too long
_BOUND_TRANSACTIONS = f"SET SESSION transaction_timeout = {TRANSACTION_TIMEOUT_MS}"
_ROLLED_BACK = ("40001", "40P01", "55P03")  # serialization, deadlock, lock timeout


def connect(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for a `postgresql+psycopg://` address; what that says of connections holds."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        connect_args={"prepare_threshold": None, **terms(sa.make_url(url))},
    )
    sa.event.listen(engine.sync_engine, "connect", _bound_transactions)
    return engine


def terms(url: sa.URL) -> dict[str, Any]:
    """Where and on which terms to connect: what the address says holds, and ours beside it."""
    _, said = url.get_dialect()().create_connect_args(url)
    ours = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC -c jit=off"
        f" -c idle_in_transaction_session_timeout={FROZEN_AFTER_MS}"
    )
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        **_ALIVE,
        **said,
        "client_encoding": "utf8",
        "options": f"{said.get('options', '')} {ours}".lstrip(),
    }


def _bound_transactions(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Bound whole transactions, on servers that can (17 and later)."""
    if connection.driver_connection.info.server_version < BOUNDS_TRANSACTIONS:
        return
    cursor = connection.cursor()
    cursor.execute(_BOUND_TRANSACTIONS)
    cursor.close()
    connection.commit()


async def _connected(engine: AsyncEngine) -> Driver:
    """A connection of the driver, to where the engine's are, on the same terms."""
    driver = await psycopg.AsyncConnection.connect(
        **terms(engine.url), autocommit=True, row_factory=namedtuple_row
    )
    try:
        if driver.info.server_version >= BOUNDS_TRANSACTIONS:
            await driver.execute(_BOUND_TRANSACTIONS)
    except BaseException:  # cancelled as well: nobody else would close it
        driver.pgconn.finish()
        raise
    return driver


class Database:
    """Runs transactions. What was rolled back for another's sake is done again.

    `transact` and `run` are for statements as they are written, and fast; `read` is for those that
    SQLAlchemy composes.
    """

    def __init__(self, engine: AsyncEngine, patience_s: float = PATIENCE_S) -> None:
        self.engine = engine
        self._patience_s = patience_s
        self._pool = Pool(lambda: _connected(engine), _bound(engine), CONNECT_TIMEOUT_S)
        sa.event.listen(engine.sync_engine, "engine_disposed", lambda _: self._pool.close_idle())

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` that is one statement, without the ceremony of a transaction around it.

        Raises as `transact` does.
        """
        return await self._attempts(lambda: self._once(work, within=False))

    async def transact(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in one transaction; it may be run again, so it must only use its connection.

        Raises `StoreUnavailable` when the server does not answer, or takes nothing more.
        """
        return await self._attempts(lambda: self._once(work, within=True))

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction through SQLAlchemy. Raises as `transact` does."""

        async def once() -> T:
            async with _answered(self._patience_s), _begun(self.engine) as connection:
                return await work(connection)

        return await self._attempts(once)

    async def _attempts(self, once: Callable[[], Awaitable[T]]) -> T:
        try:
            return await once()
        except (psycopg.Error, exc.DBAPIError) as error:
            if not _was_rolled_back(error):
                raise
        async for attempt in stamina.retry_context(
            on=_was_rolled_back, attempts=8, timeout=20, wait_initial=0.01, wait_max=0.5
        ):
            with attempt:
                return await once()
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, work: Callable[[Connection], Awaitable[T]], *, within: bool) -> T:
        async with self.begun(within=within) as connection:
            return await work(connection)

    @asynccontextmanager
    async def begun(self, *, within: bool = True) -> AsyncIterator[Connection]:
        """Have a transaction for as long as the block runs."""
        with _told():
            async with self._pool.connection() as driver:
                connection = Connection(driver, within=within, patience_s=self._patience_s)
                try:
                    yield connection
                    await connection.commit()
                except BaseException:
                    await connection.roll_back()
                    raise


def _bound(engine: AsyncEngine) -> int:
    """As many connections as the engine may have, with those beyond its pool's size."""
    pool = engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    return 2 * pool.size()


@contextmanager
def _told() -> Iterator[None]:
    """Say in words of the ports what keeps the driver from working."""
    try:
        yield
    except psycopg.Error as error:
        if _is_unavailable(error):
            raise StoreUnavailable(_first_line(error)) from error
        raise
    except (Crowded, Silent) as error:
        raise StoreUnavailable(str(error)) from error


@asynccontextmanager
async def _answered(patience_s: float) -> AsyncIterator[None]:
    within = asyncio.timeout(patience_s)
    try:
        async with within:
            yield
    except TimeoutError as error:
        if not within.expired():  # not the database's, but of what was run with it
            raise
        raise StoreUnavailable(f"the database did not answer for {patience_s:g} s") from error


@asynccontextmanager
async def _begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    begun = False
    try:
        async with engine.begin() as connection:
            begun = True
            yield connection
    except exc.DBAPIError as error:
        if error.connection_invalidated or _is_unavailable(_cause(error)):
            raise StoreUnavailable(_first_line(error)) from error
        raise
    except (exc.TimeoutError, OSError) as error:
        if begun:  # not the database's, but of what was run with it
            raise
        raise StoreUnavailable(_first_line(error)) from error


def _was_rolled_back(error: Exception) -> bool:
    return _state(_cause(error)) in _ROLLED_BACK


def _is_unavailable(error: BaseException | None) -> bool:
    """No connection, a server that is going or coming, no room on its disk, too many clients."""
    state = _state(error)
    if state in _ROLLED_BACK:
        return False
    return (
        isinstance(error, psycopg.InterfaceError)
        or (isinstance(error, psycopg.OperationalError) and state is None)
        or (state or "")[:2] in ("08", "53", "57", "58")
        or state in _UNABLE
    )


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error."""
    return error.orig if isinstance(error, exc.DBAPIError) else error


def _state(error: BaseException | None) -> str | None:
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def _first_line(error: BaseException) -> str:
    cause = _cause(error) or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


async def answers(engine: AsyncEngine) -> bool:
    """Whether the database answers a query now."""
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
    except (exc.SQLAlchemyError, OSError):
        return False
    return True
