"""News from the database as it commits: one listening connection for each process.

A notification is only a hint; whoever waits looks at the tables.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from towpath.storage import notifications


class Signals:
    """Listens on some channels, and wakes whoever waits for one of them."""

    def __init__(
        self,
        url: str,
        channels: Collection[str],
        silence_s: float = notifications.LONGEST_SILENCE_S,
        answer_within_s: float = notifications.ANSWER_WITHIN_S,
    ) -> None:
        self._url = url
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
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        words = notifications.words(
            self._url, tuple(self._news), self._silence_s, self._answer_within_s
        )
        async with contextlib.aclosing(words):
            async for word in words:
                if word is not None:
                    await self._tell(word.channel)

    async def _tell(self, channel: str) -> None:
        condition = self._news[channel]
        async with condition:
            self._counts[channel] += 1
            condition.notify_all()
