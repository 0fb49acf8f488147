"""Who may say what of a leaf, when two workers, a stop or an end come at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

import pytest
import sqlalchemy as sa

from fake_runner import DONE, FakeRunner, Held, manifest
from run_world import World, working
from stored_world import Stored
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Place, Purpose, Run
from towpath.engine import running
from towpath.ports.runner import Log, Outcome, Progress
from towpath.ports.runs import Advance, Execution, Piece, Turn
from towpath.ports.store import Ticket
from towpath.storage import runs
from towpath.storage.connection import Connection
from towpath.storage.run_store import PostgresRuns

WHY = Reason(Code.TERMINATED_BY, "ada terminated it")
NOTHING = Piece(0, b"")


async def _started(stored: Stored, *leaves: str, side_by_side: bool = False) -> tuple[Ticket, Run]:
    """A run that nobody works on yet."""
    ticket = await stored.look((await stored.make()).id)
    place = Place(ticket.release, "", Purpose.ON_SUCCESS, 1)
    run = Run(place.run_id, manifest(*leaves, side_by_side=side_by_side))
    assert await stored.store.start_runs(ticket, "", 0, {place: run})
    return ticket, run


async def _step(stored: Stored, name: str) -> tuple[str, int, str]:
    rows = await stored.rows("SELECT status, attempt, worker FROM step WHERE id = :id", id=name)
    return tuple(rows[0])  # type: ignore[return-value]


# --- two workers at once -----------------------------------------------------------------------
T = TypeVar("T")


async def _taken_in_between(
    stored: Stored, bring_forward: Callable[[Connection], Awaitable[T]]
) -> tuple[Execution, T]:
    """Bring the run forward, while another worker takes a leaf of it but has not committed yet."""
    async with stored.database.begun() as ours:
        await ours.execute(sa.text("SELECT FROM run FOR NO KEY UPDATE"))
        async with asyncio.timeout(20), stored.database.begun() as theirs:
            (taken,) = await runs.take_steps(theirs, "worker-2", 1)
            ours_task = asyncio.ensure_future(bring_forward(ours))
            await stored.until_somebody_waits()
        found = await ours_task
    assert await stored.deadlocks() == 0
    return taken, found


async def test_a_leaf_that_another_worker_takes_just_now_is_not_taken_with_what_follows(
    stored: Stored,
) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    await _started(stored, "a", "b", side_by_side=True)
    await kept.advance_next(advance)
    (mine,) = await kept.take_steps("worker-1", 1)
    other, following = await _taken_in_between(
        stored, lambda c: runs.finish_step(c, mine.turn, "worker-1", DONE, NOTHING, advance, 4)
    )
    assert following == []
    assert await _step(stored, other.turn.step) == ("running", 1, "worker-2")


async def test_who_is_taken_over_at_the_moment_in_which_it_ends_records_nothing(
    stored: Stored,
) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    await _started(stored, "a")
    await kept.advance_next(advance)
    (mine,) = await kept.take_steps("worker-1", 1)
    await stored.rows("UPDATE step SET leased_until = now() - interval '1 second'")
    again, following = await _taken_in_between(
        stored, lambda c: runs.finish_step(c, mine.turn, "worker-1", DONE, NOTHING, advance, 4)
    )
    assert following is None
    assert again.turn.attempt == 2
    assert await _step(stored, "a") == ("running", 2, "worker-2")


async def test_a_leaf_that_is_taken_while_its_run_is_stopped_is_told_to_end(stored: Stored) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    ticket, run = await _started(stored, "a")
    await kept.advance_next(advance)
    await stored.store.stop_runs(ticket, [run.id], WHY)
    taken, moved = await _taken_in_between(stored, lambda c: runs.advance_next(c, advance))
    assert moved
    assert await _step(stored, "a") == ("running", 1, "worker-2")
    assert await kept.renew_steps([taken.turn], "worker-2") == set()


async def test_taking_leaves_waits_for_nobody_who_brings_their_run_forward(stored: Stored) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    await _started(stored, "a", "b", side_by_side=True)
    await kept.advance_next(advance)
    (mine,) = await kept.take_steps("worker-1", 1)
    async with stored.database.begun() as ending:
        await runs.finish_step(ending, mine.turn, "worker-1", DONE, NOTHING, advance, 0)
        async with asyncio.timeout(20):
            assert await kept.take_steps("worker-2", 4) == []
    assert len(await kept.take_steps("worker-2", 4)) == 1


@pytest.mark.parametrize("how", ["it ended", "it is due"])
async def test_the_log_of_a_leaf_waits_for_nobody_who_brings_its_run_forward(
    stored: Stored, how: str
) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    await _started(stored, "a", "b", side_by_side=True)
    await kept.advance_next(advance)
    ended, other = await kept.take_steps("worker-1", 2)
    async with stored.database.begun() as ours:
        if how == "it ended":
            await runs.finish_step(ours, ended.turn, "worker-1", DONE, NOTHING, advance, 0)
        else:
            assert await runs.advance_next(ours, advance)
        async with asyncio.timeout(20):
            await kept.append_log(other.turn, Piece(0, b"said meanwhile"))


# --- a worker that is told something while it records ------------------------------------------
class Slow(PostgresRuns):
    """Runs whose recording waits for the test, before or after it is done."""

    def __init__(self, stored: Stored) -> None:
        super().__init__(stored.database)
        self.before, self.after = asyncio.Event(), asyncio.Event()
        self.asked, self.done, self.renewed = asyncio.Event(), asyncio.Event(), 0
        self.defect: Exception | None = None

    async def finish_step(
        self, turn: Turn, worker: str, outcome: Outcome, rest: Piece, advance: Advance, room: int
    ) -> Sequence[Execution] | None:
        self.asked.set()
        await self.before.wait()
        if self.defect is not None and outcome.status is Status.SUCCEEDED:
            raise self.defect
        following = await super().finish_step(turn, worker, outcome, rest, advance, room)
        self.done.set()
        await self.after.wait()
        return following

    async def renew_steps(self, turns: Collection[Turn], worker: str) -> Collection[Turn]:
        found = await super().renew_steps(turns, worker)
        self.renewed += 1
        return found


@asynccontextmanager
async def _at_work(stored: Stored, slow: Slow) -> AsyncIterator[FakeRunner]:
    runner = FakeRunner()
    async with working("worker-1", stored, slow, runner):
        try:
            yield runner
        finally:
            slow.before.set()
            slow.after.set()


async def _renewed(stored: Stored, slow: Slow) -> None:
    """Let the worker ask once more which of its turns stand."""
    before = slow.renewed
    await stored.rows("NOTIFY towpath_stops")
    async with asyncio.timeout(20):
        while slow.renewed < before + 1:  # noqa: ASYNC110 - of the worker, which tells nobody
            await asyncio.sleep(0.01)


async def _until(stored: Stored, status: str) -> None:
    async with asyncio.timeout(20):
        while await stored.value("SELECT status FROM run") != status:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_what_follows_is_begun_though_leases_are_renewed_in_between(stored: Stored) -> None:
    slow = Slow(stored)
    slow.before.set()
    async with _at_work(stored, slow) as runner:
        await _started(stored, "build", "test")
        await slow.done.wait()
        await _renewed(stored, slow)
        slow.after.set()
        await _until(stored, "succeeded")
    assert runner.executed == [("build", 1), ("test", 1)]


async def test_a_success_that_is_being_recorded_stands_against_a_stop(stored: Stored) -> None:
    slow = Slow(stored)
    slow.after.set()
    async with _at_work(stored, slow):
        ticket, run = await _started(stored, "build")
        await slow.asked.wait()
        await stored.store.stop_runs(ticket, [run.id], WHY)
        async with asyncio.timeout(20):
            while not await stored.value("SELECT stop FROM step"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        await _renewed(stored, slow)
        slow.before.set()
        await _until(stored, "terminated")
    assert await _step(stored, "build") == ("succeeded", 1, "worker-1")


async def test_a_worker_that_ends_records_what_has_succeeded_and_hands_back_what_follows(
    stored: Stored,
) -> None:
    slow = Slow(stored)
    slow.after.set()
    runner = FakeRunner()
    async with working("worker-1", stored, slow, runner):
        await _started(stored, "build", "test")
        await slow.asked.wait()
        asyncio.get_running_loop().call_later(0.2, slow.before.set)
    assert (await _step(stored, "build"))[0] == "succeeded"
    assert runner.executed == [("build", 1)]
    assert [each.turn.step for each in await slow.take_steps("worker-2", 4)] == ["test"]


async def test_an_outcome_that_cannot_be_recorded_is_an_error_and_not_executed_again(
    stored: Stored,
) -> None:
    slow = Slow(stored)
    slow.before.set()
    slow.after.set()
    slow.defect = ValueError("no row takes this")
    async with _at_work(stored, slow) as runner:
        await _started(stored, "build")
        await _until(stored, "error")
    assert runner.executed == [("build", 1)]
    assert "no row takes this" in await stored.value("SELECT reason ->> 'sentence' FROM step")


# --- a leaf that takes its time to end ---------------------------------------------------------
class Stubborn(Held):
    """A leaf that ends a while after it was told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told, self.may_end = asyncio.Event(), asyncio.Event()

    async def __call__(self, run: Run, log: Log) -> Outcome:
        try:
            return await super().__call__(run, log)
        except asyncio.CancelledError:
            self.told.set()
            await self.may_end.wait()
            raise


async def test_nobody_speaks_for_a_leaf_while_its_worker_is_ending_it(world: World) -> None:
    stubborn = world.runner.does["build"] = Stubborn()
    place = await world.start("build")
    await stubborn.begun.wait()
    await world.stored.store.stop_runs(world.ticket, [place.run_id], WHY)
    await stubborn.told.wait()
    await world.stored.rows("UPDATE step SET leased_until = now() + interval '5 seconds'")
    await world.stored.rows("NOTIFY towpath_stops")
    kept = "SELECT leased_until > now() + interval '6 seconds' FROM step"
    async with asyncio.timeout(20):
        while not await world.stored.value(kept):  # noqa: ASYNC110 - of the worker
            await asyncio.sleep(0.02)
    assert await world.stored.value("SELECT ended_at IS NULL FROM run")
    stubborn.may_end.set()
    await world.until(place, Status.TERMINATED)
    assert world.runner.executed == [("build", 1)]


async def test_what_a_worker_that_ends_was_executing_can_be_begun_again_at_once(
    stored: Stored,
) -> None:
    kept, runner, held = PostgresRuns(stored.database), FakeRunner(), Held()
    runner.does["build"] = held
    async with working("worker-1", stored, kept, runner):
        await _started(stored, "build")
        await held.begun.wait()
    assert held.cancelled
    (again,) = await kept.take_steps("worker-2", 4)
    assert again.turn.attempt == 2
    assert await stored.value("SELECT worker FROM interruption") == "worker-1"


class Frozen(PostgresRuns):
    """A worker that is frozen for a while when it has just taken its first leaf."""

    taken = 0

    async def take_steps(self, worker: str, limit: int) -> Sequence[Execution]:
        found = await super().take_steps(worker, limit)
        self.taken += len(found)
        await asyncio.sleep(1.0 if found and self.taken == len(found) else 0)
        return found


async def test_who_was_frozen_since_it_took_a_leaf_does_not_begin_it(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FRESH_S", 0.9)
    runner = FakeRunner()
    async with working("worker-1", stored, Frozen(stored.database), runner):
        await _started(stored, "build")
        await _until(stored, "succeeded")
    assert runner.executed == [("build", 2)]


async def test_a_run_goes_on_while_a_leaf_that_was_handed_back_waits_for_somebody(
    stored: Stored,
) -> None:
    kept, advance = PostgresRuns(stored.database), FakeRunner().advance
    await _started(stored, "a", "b", side_by_side=True)
    await kept.advance_next(advance)
    back, done = await kept.take_steps("worker-1", 2)
    await kept.hand_back(back.turn, "worker-1")
    assert await kept.finish_step(done.turn, "worker-1", DONE, NOTHING, advance, 0) == []
    assert await _step(stored, done.turn.step) == ("succeeded", 1, "worker-1")


async def test_a_leaf_that_was_cut_short_five_times_is_an_error_and_not_begun_again(
    stored: Stored,
) -> None:
    kept, runner = PostgresRuns(stored.database), FakeRunner()
    await _started(stored, "build")
    await kept.advance_next(runner.advance)
    for attempt in range(1, running.TRIES + 1):
        (taken,) = await kept.take_steps("worker-1", 1)
        assert taken.turn.attempt == attempt
        await stored.rows("UPDATE step SET leased_until = now() - interval '1 second'")
    async with working("worker-2", stored, kept, runner):
        await _until(stored, "error")
    assert runner.executed == []
    assert "cut short 5 times" in await stored.value("SELECT reason ->> 'sentence' FROM step")


async def test_a_leaf_that_workers_handed_back_is_executed_however_often_that_was(
    stored: Stored,
) -> None:
    kept, runner = PostgresRuns(stored.database), FakeRunner()
    await _started(stored, "build")
    await kept.advance_next(runner.advance)
    for _ in range(running.TRIES - 1):
        await kept.take_steps("worker-1", 1)
        await stored.rows("UPDATE step SET leased_until = now() - interval '1 second'")
    for _ in range(2 * running.TRIES):
        (taken,) = await kept.take_steps("worker-1", 1)
        assert taken.deaths == running.TRIES - 1
        await kept.hand_back(taken.turn, "worker-1")
    async with working("worker-2", stored, kept, runner):
        await _until(stored, "succeeded")
    assert runner.executed == [("build", 3 * running.TRIES)]


async def test_a_run_that_cannot_go_on_by_a_defect_of_ours_holds_no_other_up(
    stored: Stored,
) -> None:
    kept, runner = PostgresRuns(stored.database), FakeRunner()
    _, broken = await _started(stored, "a")
    await _started(stored, "b")

    def advance(run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        if run.id == broken.id:
            raise LookupError("nobody foresaw this")
        return runner.advance(run, outcomes, now)

    with pytest.raises(LookupError):
        await kept.advance_next(advance)
    assert await kept.advance_next(advance)
    assert not await kept.advance_next(advance)
    assert [each.turn.step for each in await kept.take_steps("worker-1", 4)] == ["b"]
    await stored.rows("UPDATE run SET due_at = now() WHERE due_at IS NOT NULL")
    assert await kept.advance_next(runner.advance)
