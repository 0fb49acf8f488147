"""Steps of workflows through the store and the queue, beside bare processes.

    .venv/bin/python benchmarks/workflows.py [--runs 1000] [--at-once 200]

A database server of its own, the real local runner, one process of ours. First, many runs of five
short steps, two steps at a time; beside them, in turns, the same command as a bare process. Then
many runs at once: each step writes a line, and the lines are counted.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from towpath.domain.workflow import Manifest, Place, Purpose, Run
from towpath.engine.running import STEPS, STOPS, Running
from towpath.ports.store import Ticket
from towpath.runner import LocalRunner
from towpath.storage import database, embedded, schema
from towpath.storage.database import Database
from towpath.storage.run_store import PostgresRuns
from towpath.storage.signals import Signals
from towpath.storage.store import PostgresStore

FIVE = tuple(f"step-{n}" for n in range(1, 6))
COMMAND = ("sh", "-c", ":")
TARGET_MS = 15.0
PATIENCE_S = 1200


def manifest(name: str, command: Sequence[str]) -> Manifest:
    """A workflow of five steps, one after the other, all of the same command."""
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": name},
        "spec": {
            "entrypoint": "main",
            "templates": [
                {"name": "main", "steps": [[{"name": s, "template": "one"}] for s in FIVE]},
                {"name": "one", "container": {"image": "alpine", "command": list(command)}},
            ],
        },
    }
    return Manifest(name, {name: document})


class Bench:
    """A release that runs belong to, and who brings them forward."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = database.connect(url)
        self.database = Database(self.engine)
        self.store = PostgresStore(self.database)
        self.ticket = Ticket("", 0)

    async def prepare(self) -> None:
        """Make the release, and hold a look at it."""
        await self.rows(
            "INSERT INTO release (id, product, n, name, trigger, line, flow, initiator, version,"
            " status, ended, open, created_at, environments, content, state)"
            " VALUES ('shop-1', 'shop', 1, 'x', 'head', '', '', 'x', '', 'running', false, true,"
            " now(), '{}', '{}', '{}')"
        )
        await self.rows("INSERT INTO lease (release, look_no) VALUES ('shop-1', 1)")
        self.ticket = Ticket("shop-1", 1)

    async def rows(self, statement: str, **values: object) -> Sequence[sa.Row[tuple[object, ...]]]:
        """Ask the database, or tell it."""
        async with self.engine.begin() as connection:
            found = await connection.execute(sa.text(statement), values)
            return found.all() if found.returns_rows else ()

    async def start(self, of: Manifest, numbers: range) -> None:
        """Start so many runs at once."""
        places = [Place("shop-1", "", Purpose.ON_SUCCESS, n) for n in numbers]
        runs = {place: Run(place.run_id, of) for place in places}
        assert await self.store.start_runs(self.ticket, "", 0, runs)

    async def ended(self, of: Manifest) -> None:
        """Wait until every run of the workflow has ended."""
        left = "SELECT count(*) FROM run WHERE template = :name AND ended_at IS NULL"
        async with asyncio.timeout(PATIENCE_S):
            while (await self.rows(left, name=of.name))[0][0]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def working(self, at_once: int) -> AsyncIterator[None]:
        """One worker that executes so many steps at a time."""
        signals = Signals(self.url, (STEPS, STOPS))
        with closing(LocalRunner(at_once=at_once)) as runner:
            running = Running("bench", PostgresRuns(self.database), signals, runner, at_once)
            async with signals.listening():
                task = asyncio.create_task(running.run())
                try:
                    yield
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)


async def bare(times: int) -> list[float]:
    """The floor: the command as a process and nothing else, two at a time; ms each."""

    async def one() -> float:
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*COMMAND, stdin=asyncio.subprocess.DEVNULL)
        await process.wait()
        return (time.perf_counter() - begun) * 1000

    found: list[float] = []
    for _ in range(times // 2):
        found += await asyncio.gather(one(), one())
    return found


async def short_steps(bench: Bench, runs: int) -> bool:
    """Five short steps, many times; the time from one step's start to the next one's."""
    of, batch = manifest("short", COMMAND), max(1, runs // 10)
    floor: list[float] = []
    busy = time.process_time()
    begun = time.perf_counter()
    floor_s = 0.0
    async with bench.working(2):
        for first in range(0, runs, batch):
            before = time.perf_counter()
            floor += await bare(40)
            floor_s += time.perf_counter() - before
            await bench.start(of, range(first, min(runs, first + batch)))
            await bench.ended(of)
    took, busy = time.perf_counter() - begun - floor_s, time.process_time() - busy
    each = await _between_starts(bench, of)
    steps = runs * len(FIVE)
    above = statistics.median(each) - statistics.median(floor)
    print(f"{runs} runs of {len(FIVE)} steps, two at a time")
    print(f"  bare process                 {statistics.median(floor):8.1f} ms (median)")
    print(f"  a step, from start to start  {statistics.median(each):8.1f} ms (median)")
    print(f"  above the bare process       {above:8.1f} ms (<= {TARGET_MS:g}) {_word(above)}")
    print(f"  steps per second             {steps / took:8.1f}")
    print(f"  our own computing per step   {busy * 1000 / steps:8.1f} ms")
    return above <= TARGET_MS


def _word(above: float) -> str:
    return "ok" if above <= TARGET_MS else "MISSED"


async def _between_starts(bench: Bench, of: Manifest) -> list[float]:
    rows = await bench.rows(
        "SELECT run, step.started_at FROM step JOIN run ON run.id = step.run"
        " WHERE run.template = :name AND kind = 'container' ORDER BY run, place",
        name=of.name,
    )
    moments: dict[object, list[datetime]] = {}
    for run, moment in rows:
        moments.setdefault(run, []).append(moment)  # type: ignore[arg-type]
    return [
        (later - sooner).total_seconds() * 1000
        for ordered in moments.values()
        for sooner, later in itertools.pairwise(ordered)
    ]


async def at_once(bench: Bench, runs: int, folder: Path) -> bool:
    """Many runs side by side; each step writes a line, and none may be missing or twice."""
    book = folder / "lines"
    of = manifest("many", ("sh", "-c", f"echo $$ >> {book}"))
    begun = time.perf_counter()
    async with bench.working(16):
        await bench.start(of, range(1_000_000, 1_000_000 + runs))
        await bench.ended(of)
    took = time.perf_counter() - begun
    found = await bench.rows("SELECT status FROM run WHERE template = 'many'")
    ends = Counter(str(row[0]) for row in found)
    lines = len(book.read_text().splitlines())
    print(f"{runs} runs at once: {dict(ends)} after {took:.1f} s, {lines} steps executed")
    return ends == Counter({"succeeded": runs}) and lines == runs * len(FIVE)


async def main() -> int:
    """Run both parts; the exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=1000)
    asked.add_argument("--at-once", type=int, default=200)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - before anything runs
        async with embedded.running(folder / "data") as server:
            await schema.upgrade(server.url)
            bench = Bench(server.url)
            await bench.prepare()
            print(f"load average {os.getloadavg()[0]:.1f}")
            held = [await short_steps(bench, given.runs)]
            held.append(await at_once(bench, given.at_once, folder))
            await bench.engine.dispose()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
