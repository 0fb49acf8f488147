"""Committed events to open streams: read once from the table, spread to whoever follows.

Knows no HTTP. One reader for the process, woken by the database; a bounded queue for each
follower. Who does not keep up is let go, and comes back with the last event it saw.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from towpath.ports.store import StoreUnavailable
from towpath.storage import notifications
from towpath.storage.queries import Queries
from towpath.storage.timeline import Happened

QUEUE = 256
BATCH = 500
GATHER_S = 0.02  # so that a burst of commits is read at once

logger = logging.getLogger(__name__)


class TooMany(Exception):  # noqa: N818
    """There are as many followers as are allowed."""


class What(StrEnum):
    """What changes without an event of its own."""

    RUNS = "runs"
    NOTES = "notes"


_BY_CHANNEL = {notifications.RUNS: What.RUNS, notifications.NOTES: What.NOTES}


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of a release has changed (empty: of any); ask for it anew."""

    what: What
    release: str

    @property
    def product(self) -> str:
        """The release's product."""
        return self.release.rpartition("-")[0]


News = Happened | Changed


@dataclass(eq=False, slots=True)
class Follower:
    """One open stream: what it wants, and what has come for it."""

    product: str
    release: str
    queue: asyncio.Queue[News | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=QUEUE + 1)
    )
    left_behind: bool = False

    def offer(self, event: News) -> None:
        """Take news that are wanted; when there is no room, none any more."""
        if self.left_behind or not self.wants(event):
            return
        if self.queue.qsize() < QUEUE:
            self.queue.put_nowait(event)
            return
        self.left_behind = True
        self.queue.put_nowait(None)

    def wants(self, event: News) -> bool:
        """Whether the news are of its product and release."""
        if isinstance(event, Changed) and not event.release:
            return True
        return self.product in ("", event.product) and self.release in ("", event.release)


class Spreading:
    """Follows the table of events for everybody."""

    def __init__(self, queries: Queries, most: int) -> None:
        self._queries = queries
        self._most = most
        self._followers: set[Follower] = set()
        self._position: int | None = None

    @property
    def followers(self) -> int:
        """How many streams are open."""
        return len(self._followers)

    async def run(self) -> None:
        """Spread events and word of other changes until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._events_for_ever())
            both.create_task(self._changes_for_ever())

    async def _changes_for_ever(self) -> None:
        async for channel, release in self._queries.changes():
            for follower in self._followers:
                follower.offer(Changed(_BY_CHANNEL[channel], release))

    async def _events_for_ever(self) -> None:
        async for _ in self._queries.wakes():
            await asyncio.sleep(GATHER_S)
            try:
                await self._spread()
            except StoreUnavailable as error:
                logger.warning("Events cannot be read now: %s", error)

    async def _spread(self) -> None:
        if not self._followers:
            self._position = None  # nobody to read for; the next one begins with the newest
            return
        if self._position is None:
            self._position = await self._queries.newest_event()
        while events := await self._queries.events(self._position, BATCH):
            for event in events:
                for follower in self._followers:
                    follower.offer(event)
            self._position = events[-1].id
            if len(events) < BATCH:
                return

    @contextmanager
    def following(self, product: str, release: str) -> Iterator[Follower]:
        """A follower for as long as the block runs. Raises `TooMany`."""
        if len(self._followers) >= self._most:
            raise TooMany
        follower = Follower(product, release)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def position(self) -> int:
        """The last event that was spread: a follower of this moment gets all after it."""
        if self._position is None:
            self._position = await self._queries.newest_event()
        return self._position

    async def events(
        self, follower: Follower, last: int | None, until: float
    ) -> AsyncGenerator[News, None]:
        """Everything the follower wants after `last` (None: from now), and other changes from now.

        Ends when it is left behind, and at `until`, on the clock of the event loop.
        """
        sent = await self.position()
        if last is not None:
            async for missed in self._missed(follower, last, sent):
                yield missed
            # An id from before a restore of the database may be higher than any there is.
            sent = max(sent, min(last, await self._queries.newest_event()))
        while (event := await _next(follower, until)) is not None:
            if isinstance(event, Changed) or event.id > sent:
                yield event

    async def _missed(self, follower: Follower, last: int, until: int) -> AsyncIterator[Happened]:
        while last < until:
            found = await self._queries.events(last, BATCH, follower.product, follower.release)
            for event in found:
                if event.id <= until:
                    yield event
            if len(found) < BATCH:
                return
            last = found[-1].id


async def _next(follower: Follower, until: float) -> News | None:
    try:
        async with asyncio.timeout_at(until):
            return await follower.queue.get()
    except TimeoutError:
        return None
