"""The read side: everything that is shown, and nothing that changes anything.

Every method is one transaction and raises `StoreUnavailable` when the database does not answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from towpath.domain import facts
from towpath.domain.release import Release
from towpath.storage import (
    board,
    carried,
    codec,
    database,
    listing,
    notifications,
    overview,
    run_queries,
    standing,
    tables,
    timeline,
)
from towpath.storage.board import Board
from towpath.storage.carried import Carried
from towpath.storage.listing import Listed, Page, Wanted
from towpath.storage.notifications import Word
from towpath.storage.overview import Landed, Looks, Stood, Trouble
from towpath.storage.timeline import Happened

T = TypeVar("T")


class Queries:
    """What can be asked of the store."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._database = database.Database(engine)

    async def _read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        return await self._database.read(work)

    # --- releases ----------------------------------------------------------------------------
    async def releases(self, wanted: Wanted, limit: int, cursor: str | None = None) -> Page:
        """A page of releases, newest first. Raises `listing.BadCursor`."""
        return await self._read(lambda c: listing.page(c, wanted, limit, cursor))

    async def release(self, release: str) -> Release | None:
        """All of one release."""
        columns = tables.release.c

        async def work(connection: AsyncConnection) -> Release | None:
            found = await connection.execute(
                sa.select(columns.content, columns.state).where(columns.id == release)
            )
            row = found.one_or_none()
            return codec.load_release(row.content, row.state) if row else None

        return await self._read(work)

    async def listed(self, releases: Sequence[str]) -> Mapping[str, Listed]:
        """Some releases by id, as in lists; what is not there is left out."""
        if not releases:
            return {}
        return await self._read(lambda c: overview.listed(c, releases))

    async def latest(self, products: Sequence[str]) -> Mapping[str, Listed]:
        """The newest release of each product that has one."""
        return await self._read(lambda c: overview.latest(c, products))

    async def board(self, products: Sequence[str]) -> Board:
        """Where the products stand, and what is on its way."""
        return await self._database.transact(lambda c: board.board(c, products))

    async def carried(self, releases: Sequence[str]) -> Mapping[str, Sequence[Carried]]:
        """Which earlier releases of its line each of these also carries, by environment."""
        if not releases:
            return {}
        return await self._database.run(lambda c: carried.carried(c, releases))

    async def authors(self, of: Release, environment: str) -> frozenset[str]:
        """Who wrote what a release brings to an environment, with those it supersedes there."""
        return await self._database.run(lambda c: standing.authors(c, of, environment))

    # --- runs of workflows -------------------------------------------------------------------
    async def runs(self, release: str) -> Sequence[run_queries.Shown]:
        """The runs of a release with their steps."""
        return await self._database.run(lambda c: run_queries.of_release(c, release))

    async def run(self, run: UUID) -> run_queries.Whole | None:
        """All of one run."""
        return await self._database.run(lambda c: run_queries.one(c, run))

    async def log_end(self, run: UUID, step: str, attempt: int | None) -> run_queries.LogEnd | None:
        """How far the log of a step goes; None when there is no such step."""
        return await self._database.run(lambda c: run_queries.log_end(c, run, step, attempt))

    async def log(self, run: UUID, step: str, attempt: int, begin: int, end: int) -> bytes:
        """The bytes of a log from `begin` up to `end`."""
        return await self._database.run(
            lambda c: run_queries.log_bytes(c, run, step, attempt, begin, end)
        )

    # --- places ------------------------------------------------------------------------------
    async def landed(self, products: Sequence[str]) -> Sequence[Landed]:
        """What each component of the products has in each environment."""
        return await self._read(lambda c: overview.landed(c, products))

    async def stages(self, product: str) -> Sequence[Stood]:
        """Who acts in each environment of the product."""
        return await self._read(lambda c: overview.stages(c, product))

    async def locks(self) -> Sequence[facts.Lock]:
        """Every lock in force."""
        return await self._read(overview.locks)

    async def troubles(self) -> Sequence[Trouble]:
        """What is wrong with repositories and products now."""
        return await self._read(overview.troubles)

    # --- events ------------------------------------------------------------------------------
    async def events(
        self, after: int, limit: int, product: str = "", release: str = ""
    ) -> Sequence[Happened]:
        """At most `limit` events with a higher id than `after`, oldest first."""
        return await self._read(lambda c: timeline.after(c, after, limit, product, release))

    async def newest_event(self) -> int:
        """The highest id of an event; 0 before anything happened."""
        return await self._read(timeline.newest)

    def wakes(self) -> AsyncIterator[None]:
        """Yields whenever there may be new events, on a connection of its own."""
        return notifications.wakes(self._engine.url)

    async def changes(self) -> AsyncIterator[Word]:
        """Yields the release whose runs or notes changed, without any event that tells it.

        Empty: look at all of this kind, something may be missed.
        """
        channels = (notifications.RUNS, notifications.NOTES)
        async for word in notifications.words(self._engine.url, channels):
            if word is not None:
                yield word

    # --- the store itself --------------------------------------------------------------------
    async def counts(self) -> Mapping[str, int]:
        """How many releases have not ended, by status."""
        return await self._read(overview.counts)

    async def looks(self) -> Looks:
        """How the looks keep up."""
        return await self._read(overview.looks)

    async def answers(self) -> bool:
        """Whether the database answers now."""
        return await database.answers(self._engine)
