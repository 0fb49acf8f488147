"""A worker that is cut off from the database, while others reach it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import cut_off
import process_states
from stored_world import Stored
from towpath.domain.status import Status
from towpath.domain.workflow import Place, Purpose, Run
from towpath.engine.running import STEPS, STOPS, Running
from towpath.runner import Limits, LocalRunner
from towpath.storage import database
from towpath.storage.run_store import PostgresRuns
from towpath.storage.signals import Signals
from workflow_runs import workflow

pytestmark = pytest.mark.skipif(not process_states.KNOWN, reason=process_states.NOT_HERE)
PATIENCE_S = 90.0
SILENT_AFTER_S = 3.0


@asynccontextmanager
async def _worker(name: str, url: str) -> AsyncIterator[Running]:
    """A worker that executes steps as processes, with connections of its own."""
    engine = database.connect(url)
    runs = PostgresRuns(database.Database(engine, patience_s=SILENT_AFTER_S))
    signals, runner = Signals(url, (STEPS, STOPS)), LocalRunner(Limits(grace=0.5))
    running = Running(name, runs, signals, runner, at_once=4)
    try:
        async with signals.listening():
            task = asyncio.create_task(running.run())
            try:
                yield running
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    finally:
        runner.close()
        await engine.dispose()


def _script(folder: Path) -> str:
    """Tells its number and attempt, then works until it is let go."""
    return f"""
entrypoint: main
templates:
  - name: main
    container:
      image: busybox
      command: [sh, -c]
      args:
        - |
          echo "$$ $TOWPATH_STEP_ID" >> {folder}/begun
          until test -e {folder}/go; do sleep 0.05; done
          echo "$TOWPATH_STEP_ID" >> {folder}/done
"""


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not so():  # noqa: ASYNC110 # processes tell nobody
            await asyncio.sleep(0.02)


async def _succeeded(stored: Stored) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await stored.value("SELECT status FROM run") != Status.SUCCEEDED:  # noqa: ASYNC110 # asked of the database
            await asyncio.sleep(0.02)


def _begun(folder: Path) -> list[tuple[int, int]]:
    """The process and the attempt of each execution."""
    if not (folder / "begun").exists():
        return []
    lines = (folder / "begun").read_text().splitlines()
    return [(int(line.split()[0]), int(line.rpartition("/")[2])) for line in lines]


async def _start(stored: Stored, folder: Path) -> Run:
    ticket = await stored.look((await stored.make()).id)
    place = Place(ticket.release, "", Purpose.ON_SUCCESS, 1)
    run = Run(place.run_id, workflow(_script(folder)))
    assert await stored.store.start_runs(ticket, "", 0, {place: run})
    return run


async def test_the_steps_of_a_worker_that_is_cut_off_stand_still_before_others_begin_them_again(
    stored: Stored, tmp_path: Path
) -> None:
    async with cut_off.way_to(stored.url) as way, _worker("worker-1", way.url):
        await _start(stored, tmp_path)
        await _until(lambda: len(_begun(tmp_path)) == 1)
        ((cut, _),) = _begun(tmp_path)
        way.cut()
        async with _worker("worker-2", stored.url):
            await _until(lambda: len(_begun(tmp_path)) == 2)
            assert process_states.of(cut) == "T"
            assert [attempt for _, attempt in _begun(tmp_path)] == [1, 2]
            assert await stored.value("SELECT worker FROM step") == "worker-2"
            (tmp_path / "go").touch()
            await _succeeded(stored)
            assert process_states.of(cut) == "T"
            way.mend()
            await _until(lambda: process_states.of(cut) in ("", "Z"))
    done = (await asyncio.to_thread((tmp_path / "done").read_text)).split()
    assert [line.rpartition("/")[2] for line in done] == ["2"]
    told = await stored.rows("SELECT attempt, worker FROM interruption")
    assert [tuple(each) for each in told] == [(1, "worker-1")]
    assert await stored.value("SELECT attempt FROM step") == 2


async def test_a_database_that_was_away_from_all_for_longer_than_a_lease_cuts_no_step_short(
    stored: Stored, tmp_path: Path
) -> None:
    async with (
        cut_off.way_to(stored.url) as way,
        _worker("worker-1", way.url),
        _worker("worker-2", way.url),
    ):
        await _start(stored, tmp_path)
        await _until(lambda: len(_begun(tmp_path)) == 1)
        ((pid, _),) = _begun(tmp_path)
        way.cut()
        await _until(lambda: process_states.of(pid) == "T")
        await stored.rows("UPDATE step SET leased_until = now() - interval '1 second'")
        way.mend()
        await _until(lambda: process_states.of(pid) in ("R", "S"))
        (tmp_path / "go").touch()
        await _succeeded(stored)
    assert [attempt for _, attempt in _begun(tmp_path)] == [1]
    assert await stored.value("SELECT count(*) FROM interruption") == 0
