"""News from the database as it commits: one listening connection for each process.

A notification is only a hint; whoever waits looks at the tables. A lost connection is made anew,
and everybody waiting is woken, since something may have been missed. One that says nothing for long
is tried: a server that has vanished says nothing either.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection

import psycopg
import sqlalchemy as sa
import stamina

from towpath.storage import database

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 0.2
LONGEST_SILENCE_S = 15.0
ANSWER_WITHIN_S = 10.0


class Signals:
    """Listens on some channels, and wakes whoever waits for one of them."""

    def __init__(
        self,
        url: str,
        channels: Collection[str],
        silence_s: float = LONGEST_SILENCE_S,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._terms = database.terms(sa.make_url(url))
        self._silence_s = silence_s
        self._answer_within_s = answer_within_s
        self._news = {channel: asyncio.Condition() for channel in channels}
        self._counts = dict.fromkeys(channels, 0)

    def count(self, channel: str) -> int:
        """How often there was news on the channel: to be given to `wait`."""
        return self._counts[channel]

    async def wait(self, channel: str, seen: int, seconds: float) -> None:
        """Wait until there is more news on the channel than `seen`, `seconds` at most."""
        condition = self._news[channel]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), condition:
                await condition.wait_for(lambda: self._counts[channel] > seen)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while in this block."""
        task = asyncio.create_task(self._listen_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen_for_ever(self) -> None:
        while True:
            async for attempt in stamina.retry_context(
                on=(psycopg.Error, OSError), attempts=None, timeout=None, wait_max=5
            ):
                with attempt:
                    connection = await psycopg.AsyncConnection.connect(
                        **self._terms, autocommit=True
                    )
            try:
                await self._listen(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("no news from the database, listening again: %s", error)
                await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self, connection: psycopg.AsyncConnection[object]) -> None:
        async with connection:
            for channel in self._news:
                wish = psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel))
                await self._ask(connection, wish)
            for channel in self._news:
                await self._tell(channel)
            while True:
                async for notice in connection.notifies(timeout=self._silence_s):
                    await self._tell(notice.channel)
                await self._ask(connection, psycopg.sql.SQL("SELECT 1"))

    async def _ask(
        self,
        connection: psycopg.AsyncConnection[object],
        question: psycopg.sql.SQL | psycopg.sql.Composed,
    ) -> None:
        async with asyncio.timeout(self._answer_within_s):
            await connection.execute(question)

    async def _tell(self, channel: str) -> None:
        condition = self._news[channel]
        async with condition:
            self._counts[channel] += 1
            condition.notify_all()
