"""Runs of workflows in the store and in the queue of steps, on real PostgreSQL."""

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from fake_runner import Held, failing, manifest, saying
from run_world import World
from towpath.domain.actions import Claim
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Place, Purpose, Run
from towpath.ports.runner import Outcome
from towpath.ports.runs import Execution, Piece
from towpath.ports.store import LeaseLost
from towpath.storage import runs
from towpath.storage.connection import Connection

WHY = Reason(Code.TERMINATED_BY, "ada terminated it")


async def test_a_run_goes_through_its_steps_and_ends(world: World) -> None:
    place = await world.start("build", "test")
    ended = await world.until(place, Status.SUCCEEDED)
    assert world.runner.executed == [("build", 1), ("test", 1)]
    assert ended.ended_at
    assert ended.started_at
    assert ended.template == "smoke"


async def test_what_a_step_puts_out_is_known_to_the_look(world: World) -> None:
    async def does(run: Run, _: object) -> Outcome:
        return Outcome(Status.SUCCEEDED, outputs={"url": f"http://{run.arguments['A']}"})

    world.runner.does["build"] = does
    ended = await world.until(await world.start("build"), Status.SUCCEEDED)
    assert ended.outputs == {"url": "http://1"}


async def test_a_failed_step_ends_its_run(world: World) -> None:
    world.runner.does["build"] = failing("exit code 3")
    ended = await world.until(await world.start("build", "test"), Status.FAILED)
    assert ended.ended_at
    assert world.runner.executed == [("build", 1)]


async def test_a_second_start_of_a_run_changes_nothing(world: World) -> None:
    place = await world.start("build")
    await world.until(place, Status.SUCCEEDED)
    await world.start("build")
    await asyncio.sleep(0.1)
    assert world.runner.executed == [("build", 1)]


async def test_a_look_that_was_lost_starts_and_stops_nothing(world: World) -> None:
    await world.stored.later(11)
    await world.stored.look(world.ticket.release)
    place = world.place
    run = Run(place.run_id, manifest("build"))
    assert not await world.stored.store.start_runs(world.ticket, "", 0, {place: run})
    with pytest.raises(LeaseLost):
        await world.stored.store.stop_runs(world.ticket, [place.run_id], WHY)


async def test_who_does_not_hold_the_environment_starts_nothing_there(world: World) -> None:
    place = Place(world.ticket.release, "qa", Purpose.PRE_ACTION, 1, "api-qa", "api")
    run = Run(place.run_id, manifest("build"))
    assert not await world.stored.store.start_runs(world.ticket, "qa", 1, {place: run})
    claimed = await world.stored.store.record(world.ticket, (), [Claim("qa")])
    claim = claimed.promotion("qa").claim  # type: ignore[union-attr]
    assert not await world.stored.store.start_runs(world.ticket, "qa", claim + 1, {place: run})
    assert await world.stored.store.start_runs(world.ticket, "qa", claim, {place: run})


async def test_the_release_is_looked_at_when_its_run_ends(world: World) -> None:
    await world.stored.store.end_look(world.ticket, None)
    due = "SELECT look_at <= now() FROM look WHERE release = :r"
    assert not await world.stored.value(due, r=world.ticket.release)
    ticket = await world.stored.look(world.ticket.release)
    world.ticket = ticket
    await world.until(await world.start("build"), Status.SUCCEEDED)
    await world.stored.store.end_look(ticket, None)
    assert await world.stored.value(due, r=ticket.release)


async def test_a_step_that_waits_for_somebody_goes_on_when_a_person_says_so(world: World) -> None:
    place = await world.start("wait", "test")
    await world.until(place, Status.SUSPENDED)
    assert await world.running.resume(place.run_id, "wait", "ada", {})
    await world.until(place, Status.SUCCEEDED)
    assert not await world.running.resume(place.run_id, "wait", "ada", {})
    told = await world.queries.events(0, 100, release=place.release)
    assert [(e.actor, e.data["step"]) for e in told if e.kind == "StepResumed"] == [("ada", "wait")]


async def test_a_step_that_waits_for_a_time_goes_on_by_itself(world: World) -> None:
    await world.until(await world.start("wait:0.2", "test"), Status.SUCCEEDED)


async def test_what_is_executed_ends_when_its_run_is_stopped(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build", "test")
    await held.begun.wait()
    await world.stored.store.stop_runs(world.ticket, [place.run_id], WHY)
    ended = await world.until(place, Status.TERMINATED)
    assert held.cancelled
    assert ended.reason == WHY
    assert world.runner.executed == [("build", 1)]


async def test_a_person_stops_a_run_once(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()
    assert await world.running.stop(place.run_id, "ada", "wrong day")
    await world.until(place, Status.TERMINATED)
    assert not await world.running.stop(place.run_id, "ada", "")
    with pytest.raises(KeyError):
        await world.running.stop(Place("x", "", Purpose.ON_FAIL, 1).run_id, "ada", "")


_RUN_OUT = "UPDATE step SET leased_until = now() - interval '1 second'"


async def _leases_run_out(world: World) -> None:
    await world.stored.rows(_RUN_OUT)


async def _taken_over(world: World) -> Sequence[Execution]:
    """Another worker takes the steps at the moment in which their leases run out."""

    async def work(connection: Connection) -> Sequence[Execution]:
        await connection.execute(sa.text(_RUN_OUT))
        return await runs.take_steps(connection, "worker-2", 4)

    return await world.stored.database.transact(work)


async def test_a_step_of_a_dead_worker_is_executed_again_and_shown_as_interrupted(
    world: World,
) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()
    (again,) = await _taken_over(world)
    assert (again.turn.attempt, again.stop) == (2, False)
    shown = await world.queries.run(place.run_id)
    assert shown is not None
    assert [(i.step, i.attempt, i.worker) for i in shown.interruptions] == [
        ("build", 1, "worker-1")
    ]


async def test_who_was_taken_over_records_nothing(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()
    await world.until(place, Status.RUNNING)
    (again,) = await _taken_over(world)
    held.go.set()
    await asyncio.sleep(0.3)
    assert (await world.known(place)).status is Status.RUNNING
    advance = world.runner.advance
    piece = Piece(0, b"second\n")
    failed = Outcome(Status.FAILED)
    assert await world.runs.finish_step(again.turn, "worker-2", failed, piece, advance, 4) == []
    assert (await world.known(place)).status is Status.FAILED


async def test_a_success_that_was_recorded_is_never_executed_again(world: World) -> None:
    held = world.runner.does["test"] = Held()
    place = await world.start("build", "test")
    await held.begun.wait()
    await _leases_run_out(world)
    async with world.another_worker("worker-2"):
        await asyncio.sleep(0.3)
        held.go.set()
        await world.until(place, Status.SUCCEEDED)
    assert [step for step, _ in world.runner.executed].count("build") == 1


async def test_stopping_a_run_whose_worker_is_gone_executes_nothing(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()
    await world.stored.rows("UPDATE step SET worker = 'dead'")
    await world.stored.store.stop_runs(world.ticket, [place.run_id], WHY)
    await world.until(place, Status.TERMINATING)
    await _leases_run_out(world)
    await world.until(place, Status.TERMINATED)
    assert world.runner.executed == [("build", 1)]


async def test_a_step_that_takes_its_worker_down_each_time_is_given_up(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()
    await world.stored.rows("UPDATE step SET worker = 'dead', attempt = 5")
    await world.stored.rows(
        "INSERT INTO interruption (run, step, attempt, worker)"
        " SELECT run, id, n, 'dead' FROM step, generate_series(1, 4) AS n"
    )
    await _leases_run_out(world)
    await world.until(place, Status.ERROR)
    assert world.runner.executed == [("build", 1)]


async def test_steps_side_by_side_are_spread_over_workers(world: World) -> None:
    held = {name: Held() for name in "abcdef"}
    world.runner.does |= held
    async with world.another_worker("worker-2"):
        place = await world.start(*held, side_by_side=True)
        for each in held.values():
            await asyncio.wait_for(each.begun.wait(), 20)
        workers = await world.stored.rows("SELECT DISTINCT worker FROM step ORDER BY worker")
        assert [row[0] for row in workers] == ["worker-1", "worker-2"]
        for each in held.values():
            each.go.set()
        await world.until(place, Status.SUCCEEDED)


async def test_a_defect_of_the_runner_ends_its_run_and_stops_nobody_else(world: World) -> None:
    really = world.runner.advance

    def advance(run: Run, outcomes: object, now: object) -> object:
        if run.arguments.get("broken"):
            raise ZeroDivisionError("division by zero")
        return really(run, outcomes, now)  # type: ignore[arg-type]

    world.runner.advance = advance  # type: ignore[method-assign,assignment]
    broken = Place(world.ticket.release, "", Purpose.ON_FAIL, 1)
    run = Run(broken.run_id, manifest("build"), {"broken": "yes"})
    assert await world.stored.store.start_runs(world.ticket, "", 0, {broken: run})
    place = await world.start("build")
    await world.until(place, Status.SUCCEEDED)
    ended = await world.until(broken, Status.ERROR)
    assert ended.reason
    assert "division by zero" in ended.reason.sentence


async def test_a_log_is_kept_while_a_step_runs_and_afterwards(world: World) -> None:
    held = world.runner.does["build"] = Held()
    place = await world.start("build")
    await held.begun.wait()

    async def log() -> bytes:
        return await world.queries.log(place.run_id, "build", 1, 0, 1000)

    async with asyncio.timeout(20):
        while await log() != b"begun\n":  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.02)
    end = await world.queries.log_end(place.run_id, "build", None)
    assert end
    assert (end.size, end.attempt, end.grows) == (6, 1, True)
    held.go.set()
    await world.until(place, Status.SUCCEEDED)
    end = await world.queries.log_end(place.run_id, "build", None)
    assert end
    assert (end.size, end.grows) == (6, False)
    assert await log() == b"begun\n"


async def test_a_loud_step_is_slowed_and_nothing_of_its_log_is_lost(world: World) -> None:
    words = [b"%07d\n" % n for n in range(200_000)]
    world.runner.does["build"] = saying(*words)
    place = await world.start("build")
    await world.until(place, Status.SUCCEEDED)
    whole = b"".join(words)
    assert await world.queries.log(place.run_id, "build", 1, 0, len(whole) + 9) == whole
    assert (
        await world.queries.log(place.run_id, "build", 1, 799_996, 800_012)
        == whole[799_996:800_012]
    )
