"""Connections to PostgreSQL that are kept for the next transaction.

psycopg's own pool makes whoever asks wait while a server is away, and tries it again ever more
rarely; here the first who asks learns why at once, and the next one asks the server anew.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg.pq import TransactionStatus

from towpath.storage.connection import Driver


class Crowded(Exception):  # noqa: N818
    """All connections were in use for too long."""


class Pool:
    """At most `bound` connections, made by `connect` when they are needed."""

    def __init__(
        self, connect: Callable[[], Awaitable[Driver]], bound: int, patience_s: float
    ) -> None:
        self._connect = connect
        self._bound = bound
        self._patience_s = patience_s
        self._free = asyncio.Semaphore(bound)
        self._idle: list[Driver] = []
        self._keeps = True  # until it is closed: what is given back later is not kept

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Driver]:
        """Have a connection for a while. Raises `Crowded`, and what connecting raises."""
        await self._wait_for_turn()
        try:
            driver = self._known_good() or await self._connect()
            try:
                yield driver
            finally:
                self._take_back(driver)
        finally:
            self._free.release()

    async def _wait_for_turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise Crowded(
                f"none of {self._bound} connections (the limit of this process) came free within "
                f"{self._patience_s:g} s"
            ) from None

    def _known_good(self) -> Driver | None:
        while self._idle:
            driver = self._idle.pop()
            if not driver.closed and not _has_news(driver):
                return driver
            driver.pgconn.finish()
        return None

    def _take_back(self, driver: Driver) -> None:
        if self._keeps and driver.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(driver)
        else:
            driver.pgconn.finish()

    def close_idle(self) -> None:
        """Close what nobody uses now, and what is in use when it is given back."""
        self._keeps = False
        for driver in self._idle:
            driver.pgconn.finish()
        self._idle.clear()


def _has_news(driver: Driver) -> bool:
    """Whether the server said something unasked: then it is going away, or has gone."""
    asked = select.poll()
    asked.register(driver.fileno(), select.POLLIN)
    return bool(asked.poll(0))
