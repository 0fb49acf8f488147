"""A release with a look at it, and workers that execute the steps of its runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fake_runner import FakeRunner, manifest
from stored_world import Stored
from towpath.domain.status import Status
from towpath.domain.workflow import Known, Place, Purpose, Run
from towpath.engine.running import STEPS, STOPS, Running
from towpath.ports.store import Ticket
from towpath.storage.queries import Queries
from towpath.storage.run_store import PostgresRuns
from towpath.storage.signals import Signals


@dataclass
class World:
    """A release with a look at it, and workers that execute steps."""

    stored: Stored
    ticket: Ticket
    runner: FakeRunner
    runs: PostgresRuns
    queries: Queries
    running: Running
    place: Place

    async def start(self, *leaves: str, side_by_side: bool = False, application: str = "") -> Place:
        place = Place(
            self.ticket.release, "", Purpose.ON_SUCCESS, 1, application, application and "api"
        )
        run = Run(place.run_id, manifest(*leaves, side_by_side=side_by_side), {"A": "1"})
        assert await self.stored.store.start_runs(self.ticket, "", 0, {place: run})
        return place

    async def known(self, place: Place) -> Known:
        view = await self.stored.store.view_of(place.release)
        assert view is not None
        return next(each for each in view.runs if each.id == place.run_id)

    async def until(self, place: Place, *wanted: Status) -> Known:
        return await self.until_so(lambda: self.known(place), lambda k: k.status in wanted)

    async def until_so(
        self, ask: Callable[[], Awaitable[Known]], so: Callable[[Known], bool]
    ) -> Known:
        async with asyncio.timeout(30):
            while not so(found := await ask()):  # noqa: ASYNC110 - asked of the database
                await asyncio.sleep(0.02)
        return found

    @asynccontextmanager
    async def another_worker(self, name: str) -> AsyncIterator[Running]:
        async with working(name, self.stored, self.runs, self.runner) as running:
            yield running


@asynccontextmanager
async def working(
    name: str, stored: Stored, runs: PostgresRuns, runner: FakeRunner
) -> AsyncIterator[Running]:
    signals = Signals(stored.url, (STEPS, STOPS))
    running = Running(name, runs, signals, runner, at_once=4)
    async with signals.listening():
        task = asyncio.create_task(running.run())
        try:
            yield running
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def world_of(stored: Stored) -> AsyncIterator[World]:
    """A release that is looked at, and one worker."""
    made = await stored.make()
    ticket = await stored.look(made.id)
    kept, runner = PostgresRuns(stored.database), FakeRunner()
    async with working("worker-1", stored, kept, runner) as running:
        place = Place(made.id, "", Purpose.ON_SUCCESS, 1)
        yield World(stored, ticket, runner, kept, Queries(stored.engine), running, place)
