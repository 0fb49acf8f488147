"""The store on a real database, with what a test does to it from outside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import shown_world
from towpath.domain import actions, content, events, facts, reasons
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName, Release, Trigger
from towpath.domain.status import Status
from towpath.ports.store import Announcement, Ticket
from towpath.storage import database, looks, records, schema
from towpath.storage.connection import Connection
from towpath.storage.database import Database
from towpath.storage.store import PostgresStore

REPO = shown_world.GITOPS


@dataclass
class Stored:
    """A store, its connections, and the rows behind it."""

    url: str
    engine: AsyncEngine

    def __post_init__(self) -> None:
        self.database = Database(self.engine)
        self.store = PostgresStore(self.database)

    async def rows(self, statement: str, **values: object) -> Sequence[sa.Row[Any]]:
        async with self.engine.begin() as connection:
            result = await connection.execute(sa.text(statement), values)
            return result.all() if result.returns_rows else ()

    async def value(self, statement: str, **values: object) -> Any:
        found = await self.rows(statement, **values)
        return found[0][0] if found else None

    async def later(self, seconds: float) -> None:
        """Let so much time pass for leases and due times, by moving them back."""
        await self.rows("UPDATE lease SET until = until - make_interval(secs => :s)", s=seconds)
        await self.rows("UPDATE look SET look_at = look_at - make_interval(secs => :s)", s=seconds)

    async def later_for(self, release: str, seconds: float) -> None:
        """The same for one release."""
        move = "- make_interval(secs => :s) WHERE release = :r"
        await self.rows(f"UPDATE lease SET until = until {move}", s=seconds, r=release)
        await self.rows(f"UPDATE look SET look_at = look_at {move}", s=seconds, r=release)

    async def wake(self, *releases: str) -> None:
        async with self.database.begun() as connection:
            looks.wake(connection, releases)

    async def wish(self, release: str, *happened: events.Event, actor: str = "ada") -> Release:
        """Let a person's wish happen."""
        return await self.store.command(release, actor, lambda _: happened)

    async def wake_others(self, product: str, release: str) -> None:
        async with self.database.begun() as connection:
            looks.wake_others(connection, product, release)

    async def until_somebody_waits(self) -> None:
        """Until a statement waits for another's lock."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        async with asyncio.timeout(20):
            while not await self.value(waiting):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.02)

    async def deadlocks(self) -> int:
        """How many there were in this database."""
        await self.rows("SELECT pg_stat_force_next_flush()")
        return int(
            await self.value(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
        )

    async def make(
        self,
        product: str = "checkout",
        *,
        line: str | None = None,
        trigger: Trigger = Trigger.HEAD,
        subject: str = "Fix rounding",
    ) -> Release:
        """A new release along dev, qa and prod, that landed nowhere yet."""

        def build(n: int, now: datetime) -> tuple[Release, events.Event]:
            made = shown_world.a_release(n, subject=subject)
            made = replace(
                made,
                id=f"{product}-{n}",
                product=product,
                created_at=now,
                trigger=trigger,
                line=made.line if line is None else line,
            )
            return made, created(made)

        made = await self.store.create(product, build, {}, "", "ada", {})
        assert made is not None
        return made

    async def look(self, release: str, worker: str = "worker-1") -> Ticket:
        """Lease this release; others that are due are given back, due as before."""
        await self.rows("UPDATE look SET look_at = now() WHERE release = :id", id=release)
        mine: Ticket | None = None
        for ticket in await self.store.take_looks(worker, 1000):
            if ticket.release == release:
                mine = ticket
            else:
                await self.store.end_look(ticket, await self.store.now())
        assert mine is not None, f"{release} was not to be had"
        return mine

    async def holding(self, product: str = "checkout", environment: str = "qa") -> tuple[str, int]:
        """Who has the claim there, and the claim's counter."""
        found = await self.rows(
            "SELECT holder, counter FROM stage WHERE product = :p AND environment = :e",
            p=product,
            e=environment,
        )
        return (found[0].holder, found[0].counter) if found else ("", 0)

    async def kinds(self, release: str) -> list[str]:
        """The kinds of events of a release, oldest first."""
        rows = await self.rows("SELECT kind FROM event WHERE release = :r ORDER BY id", r=release)
        return [row.kind for row in rows]

    async def release(self, release: str) -> Release:
        view = await self.store.view_of(release)
        assert view is not None
        return view.release

    async def claim(self, ticket: Ticket, environment: str, over: str) -> Release | None:
        """The release with the claim, if it was to be had."""
        before = await self.holding((await self.release(ticket.release)).product, environment)
        wanted = actions.Claim(environment, over)
        release = await self.store.record(ticket, [], [wanted])
        promotion = release.promotion(environment)
        taken = promotion is not None and promotion.claim > before[1]
        return release if taken else None

    async def claimed(self, environment: str = "qa", **wanted: Any) -> tuple[Ticket, Release]:
        """A new release that has claimed the environment."""
        ticket = await self.look((await self.make(**wanted)).id)
        release = await self.claim(ticket, environment, "")
        assert release is not None
        return ticket, release


@asynccontextmanager
async def stored(url: str, *, pool_size: int = 10) -> AsyncIterator[Stored]:
    """A store on the tables of this version."""
    await schema.upgrade(url)
    engine = database.connect(url, pool_size=pool_size)
    try:
        yield Stored(url, engine)
    finally:
        await engine.dispose()


async def locked(connection: Connection, ticket: Ticket) -> None:
    """Lock a release as a look does that records something."""
    await records.locked(connection, ticket)


async def backend(connection: Connection) -> int:
    """The process of the server behind a connection."""
    return int((await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one())


async def said(connection: Connection) -> None:
    """Have the server do now what waits for the commit."""
    await backend(connection)


# --- what happens ----------------------------------------------------------------------------
def created(made: Release) -> events.Event:
    return events.ReleaseCreated(made.trigger, made.version, "", tuple(made.content))


def part(version: str, revision: str = "c" * 40) -> content.ComponentContent:
    """A component's content at a version, read at a revision."""
    return replace(shown_world.carried(version), revision=revision)


def warned(sentence: str = "look out", environment: str = "qa") -> events.Event:
    """An event that holds nothing up and wakes nobody."""
    return events.WarningRaised(Reason(Code.TAG_MOVED, sentence), environment=environment)


def ended(status: Status = Status.SUCCEEDED, environment: str = "qa") -> Sequence[events.Event]:
    """The promotion ended; for success every phase succeeds first."""
    phases = (PhaseName.ACTION, PhaseName.SYNC, PhaseName.HEALTH)
    done: list[events.Event] = []
    if status is Status.SUCCEEDED:
        done += [events.PhaseSucceeded(phase, environment=environment) for phase in phases]
    return [*done, events.PromotionEnded(status, environment=environment)]


def all_ended(status: Status = Status.TERMINATED) -> Sequence[events.Event]:
    """Nothing of a release can change any more."""
    return [ended(status, environment)[0] for environment in ("dev", "qa", "prod")]


def suspended(environment: str = "qa") -> events.Event:
    reason = Reason(Code.SYNC_NEEDED, "somebody has to sync")
    return events.PhaseReported(PhaseName.ACTION, Status.SUSPENDED, reason, environment=environment)


def resumed(environment: str = "qa") -> events.Event:
    return events.PhaseReported(PhaseName.ACTION, Status.RUNNING, environment=environment)


def held(sentence: str, environment: str = "qa") -> events.Event:
    """An event that wakes the product's other releases."""
    reason = Reason(Code.ENVIRONMENT_LOCKED, sentence)
    return events.PromotionHeld(PhaseName.GATES, Status.SUSPENDED, reason, environment=environment)


def retried(environment: str = "qa", newer_tried: int = 0) -> events.Event:
    return events.PromotionRetried(
        2, PhaseName.GATES, newer_tried=newer_tried, environment=environment
    )


def stop(why: str = "not today") -> events.Event:
    return events.TerminationRequested(Reason(Code.TERMINATED_BY, why))


def landed(
    release: Release, environment: str = "qa", *, write: UUID | None = None, commit: str = "d" * 40
) -> events.CommitLanded:
    return events.CommitLanded(
        REPO, "main", commit, tuple(release.content), write_id=write, environment=environment
    )


def attempt(ticket: Ticket, release: Release, environment: str = "qa") -> Announcement:
    """An attempt of the release to write, under its claim."""
    promotion = release.promotion(environment)
    assert promotion is not None
    return Announcement(uuid4(), ticket, environment, 1, promotion.claim, REPO, "main")


def lock(
    product: str, environment: str, until: datetime | None = None, *, by_rollback: bool = False
) -> facts.Lock:
    return facts.Lock(product, environment, "frozen", "ada", shown_world.START, until, by_rollback)


def trouble(sentence: str) -> reasons.Reason:
    return Reason(Code.GIT_UNREACHABLE, sentence)
