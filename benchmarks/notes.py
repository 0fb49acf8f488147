"""What notes and traces cost.

    python benchmarks/notes.py [--quick] [--json] [--only notes|where] [--history N] [--range N]
        [--changes N] [--rounds N]

*Notes*: the commits between two revisions, in a repository of many, with merges, squashes, issue
keys and reverts. The floor is `git log OLD..NEW` alone in the same mirror, in turn with ours:
`the range` reads the commits, `in memory` makes the document of them too, `first look` is all of
`Notes.read` with the database; `second look` reads what was kept. Processor time is that of Python
and git, without PostgreSQL's; it says more where others work on the same machine. *Traces*: `where`
of commits, beginnings of commits and issues among many indexed changes, one client, medians and the
95th of 100.
"""

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pydantic_core
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import git_servers
import history_world
from towpath import bootstrap
from towpath.domain.changes import Direction
from towpath.git.past import GitPast
from towpath.history import messages
from towpath.history.composing import Composition, Known
from towpath.history.ranges import CodeRange, Gathered
from towpath.history.sayings import Sayings
from towpath.storage import embedded

PATIENCE_TARGET = 1.5
WHERE_TARGET_MS = 30.0
SECOND_TARGET_MS = 50.0


@dataclass(frozen=True)
class Made:
    """A repository with a long history, and the ends of a range of it."""

    origin: git_servers.Origin
    old: str
    new: str


def history(folder: Path, commits: int, length: int) -> Made:
    """Main moves on by merges of two commits, squashes and plain commits, one file each."""
    origin = git_servers.origin(folder, name="code.git")
    git_servers.git(origin.path, "config", "uploadpack.allowFilter", "true")
    rng = random.Random(1)
    stream = bytearray()
    number, tip = 0, 0

    def commit(branch: str, message: str, *parents: int) -> int:
        nonlocal number
        number += 1
        when = 1_500_000_000 + number * 300
        person = f"Dev {number % 40} <dev{number % 40}@example.org> {when} +0100"
        data = message.encode()
        stream.extend(f"commit refs/heads/{branch}\nmark :{number}\n".encode())
        stream.extend(f"author {person}\ncommitter {person}\n".encode())
        stream.extend(f"data {len(data)}\n".encode() + data + b"\n")
        for place, parent in enumerate(parents):
            stream.extend(f"{'merge' if place else 'from'} :{parent}\n".encode())
        name = f"d{number % 50}/f{number % 400}"
        stream.extend(f"M 100644 inline {name}\ndata {len(str(number))}\n{number}\n".encode())
        return number

    old_mark = 0
    while number < commits:
        if not old_mark and number >= commits - length:
            old_mark = tip
        kind, parents = rng.random(), [tip] if tip else []
        key = f"SHOP-{rng.randint(1, 5000)}"
        body = f"\n\nWhy this is done, in a line or two that people write.\n\nRefs: {key}\n"
        if kind < 0.3 and tip:
            first = commit("side", f"work {number}{body}", tip)
            second = commit("side", f"more work {number}\n", first)
            tip = commit(
                "main", f"Merge pull request #{number} from acme/{key}-x\n\nTitle\n", tip, second
            )
        elif kind < 0.7:
            tip = commit("main", f"fix(part): keep {number} (#{number}){body}", *parents)
        else:
            tip = commit("main", f"chore: {number}\n", *parents)
    stream.extend(b"reset refs/heads/side\nfrom 0000000000000000000000000000000000000000\n")
    stream.extend(f"reset refs/heads/old\nfrom :{old_mark}\n\n".encode())
    git_servers.git(origin.path, "fast-import", "--quiet", "--force", given=bytes(stream))
    return Made(origin, origin.head("old"), origin.head("main"))


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


async def computed(work: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Milliseconds, and those of a processor: of this process and the git that it waits for."""
    begun = _processor_ms()
    took = await timed(work)
    return took, _processor_ms() - begun


def _processor_ms() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.process_time() + children.ru_utime + children.ru_stime) * 1000


async def notes(url: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures of notes."""
    made = await asyncio.to_thread(history, folder / "code", asked.history, asked.range)
    async with history_world.world(url, folder / "world") as world:
        world.code = made.origin
        component = history_world.catalog.Component("api", made.origin.url, tag="{sha}")
        world.components = (component,)
        fetched = await timed(lambda: world.code_door.fetch(made.origin.url))
        world.bump(made.old)
        await world.find(made.old, "dev")
        release = await world.release(world.bump(made.new), api=made.new)
        await world.gitops_door.fetch(world.gitops.url)
        [mirror] = (folder / "world" / "histories").glob("*.git")
        past = GitPast(world.code_door)
        finder = messages.issues(("SHOP",))

        def floor(*more: str) -> None:
            command = ["git", "log", *more, f"{made.old}..{made.new}"]
            environment = git_servers.ENVIRONMENT
            subprocess.run(command, cwd=mirror, env=environment, capture_output=True, check=True)

        async def the_range() -> None:
            await past.between(made.origin.url, made.old, made.new)

        async def in_memory() -> None:
            sayings = Sayings(finder)
            each = partial(sayings.take, made.origin.url)
            between = await past.between(made.origin.url, made.old, made.new, each)
            assert between.direction is Direction.FORWARDS
            code = CodeRange(made.origin.url, made.old, made.new, between, {"api": None})
            composition = Composition(Gathered(code=[code]), sayings, Known())
            pydantic_core.to_json(composition.groups())

        async def first_look() -> None:
            await world.notes.read(release.id)

        figures: dict[str, list[tuple[float, float]]] = {}
        for _ in range(asked.rounds):
            await world.stored.rows("DELETE FROM note")
            for name, work in (
                ("git log", lambda: asyncio.to_thread(floor)),
                ("the range", the_range),
                ("in memory", in_memory),
                ("first look", first_look),
                ("second look", first_look),
            ):
                figures.setdefault(name, []).append(await computed(work))
        document = json.loads(await world.notes.read(release.id))
        told = {n: statistics.median(took for took, _ in each) for n, each in figures.items()}
        busy = {n: statistics.median(cpu for _, cpu in each) for n, each in figures.items()}
        counted = await asyncio.to_thread(
            git_servers.git, mirror, "rev-list", "--count", f"{made.old}..{made.new}"
        )
        assert len(document["commits"]["items"]) == int(counted)
        size = len(json.dumps(document))
        return {
            **told,
            "processor": busy,
            "commits": len(document["commits"]["items"]),
            "pull_requests": len(document["pull_requests"]["items"]),
            "features": len(document["features"]["items"]),
            "document_kib": size // 1024,
            "first_fetch_ms": fetched,
            "range_ratio": told["the range"] / told["git log"],
            "ratio": told["in memory"] / told["git log"],
            "first_ratio": told["first look"] / told["git log"],
        }


async def traces(url: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures of traces."""
    async with history_world.world(url, folder / "traces") as world:
        shas = [world.code.commit({"a": str(n)}, f"SHOP-{n} change") for n in range(1, 12)]
        world.bump(shas[0])
        await world.find(shas[0], "dev", "qa", "prod")
        for sha in shas[1:]:
            release = await world.release(world.bump(sha), api=sha)
            await world.resolved(release, origin="previous")
            await world.land(release, "qa")
        await world.code_door.fetch(world.code.url)
        begun = time.perf_counter()
        await fill(world, asked.changes)
        filled = time.perf_counter() - begun
        await index_is_used(world)
        share = min(100.0, 100 * 2000 / asked.changes)
        some = await world.stored.rows(
            "SELECT ref, kind FROM change TABLESAMPLE BERNOULLI (:share) WHERE ref NOT LIKE '%:%'",
            share=share,
        )
        rng = random.Random(2)
        rows = rng.sample(list(some), min(100, len(some)))
        kinds = {
            "commit": [row.ref for row in rows if row.kind == "commit"],
            "beginning of a commit": [row.ref[:9] for row in rows if row.kind == "commit"],
            "issue": [row.ref for row in rows if row.kind == "issue"],
            "nothing": [f"NONE-{n}" for n in range(1, 40)],
        }
        told: dict[str, Any] = {"changes": asked.changes, "filled_s": filled}
        for name, refs in kinds.items():
            times = sorted([await timed(lambda r=ref: world.tracing.where(r)) for ref in refs])
            told[name] = {
                "p50": statistics.median(times),
                "p95": times[min(len(times) - 1, int(len(times) * 0.95))],
            }
        return told


async def fill(world: history_world.World, changes: int) -> None:
    """Commits and issues of 300 repositories; the key is made after them, by sorting."""
    [key] = await world.stored.rows(
        "SELECT conname AS name, pg_get_constraintdef(oid) AS what FROM pg_constraint"
        " WHERE conrelid = 'change'::regclass AND contype = 'p'"
    )
    await world.stored.rows(f"ALTER TABLE change DROP CONSTRAINT {key.name}")
    portion = 500_000
    for at in range(0, changes, portion):
        await world.stored.rows(
            "INSERT INTO change (ref, kind, scope, product, component, release, n, line)"
            " SELECT CASE WHEN i % 3 = 0 THEN 'OPS-' || i"
            " ELSE encode(substring(sha256(CAST(i AS text)::bytea) FOR 20), 'hex') END,"
            " CASE WHEN i % 3 = 0 THEN 'issue' ELSE 'commit' END,"
            " 'https://git.example.org/acme/r' || i % 300, 'shop', 'api',"
            " 'shop-' || 1 + i % 10, 1 + i % 10, 'shop/dev/main'"
            " FROM generate_series(CAST(:a AS bigint), CAST(:b AS bigint)) AS i",
            a=at,
            b=min(at + portion, changes) - 1,
        )
    async with world.stored.engine.begin() as connection:
        await connection.execute(sa.text("SET LOCAL maintenance_work_mem = '512MB'"))
        await connection.execute(
            sa.text(f"ALTER TABLE change ADD CONSTRAINT {key.name} {key.what}")
        )
    await world.stored.rows("ANALYZE change")


async def index_is_used(world: history_world.World) -> None:
    """Every look into the index of changes is one by its key."""
    for asked in ("ref = 'OPS-3'", "ref >= 'abc12' AND ref < 'abc13'"):
        plan = await world.stored.rows(
            f"EXPLAIN SELECT * FROM change WHERE {asked} AND kind = ANY('{{commit,issue}}')"
        )
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan" not in text, text


def show(found: dict[str, Any]) -> None:
    """The tables of what was measured."""
    console = Console()
    if "notes" in found:
        _show_notes(console, found["notes"])
    if "where" in found:
        _show_traces(console, found["where"])
    console.print(
        f"targets: of git log <= {PATIENCE_TARGET}, second look < {SECOND_TARGET_MS:.0f} ms, "
        f"where p95 < {WHERE_TARGET_MS:.0f} ms"
    )


def _show_notes(console: Console, found: dict[str, Any]) -> None:
    table = Table(title=f"Notes of {found['commits']:,} commits", box=None)
    for head in ("", "ms", "of git log", "processor ms", "of git log"):
        table.add_column(head)
    busy = found["processor"]
    for name in ("git log", "the range", "in memory", "first look", "second look"):
        took = f"{found[name]:.0f}", f"{found[name] / found['git log']:.2f}"
        table.add_row(name, *took, f"{busy[name]:.0f}", f"{busy[name] / busy['git log']:.2f}")
    console.print(table)
    console.print(
        f"{found['pull_requests']:,} pull requests, {found['features']:,} features, "
        f"{found['document_kib']:,} KiB; first fetch without contents "
        f"{found['first_fetch_ms'] / 1000:.1f} s"
    )


def _show_traces(console: Console, found: dict[str, Any]) -> None:
    table = Table(title=f"Where, among {found['changes']:,} changes", box=None)
    for head in ("", "p50 ms", "p95 ms"):
        table.add_column(head)
    for name, times in found.items():
        if isinstance(times, dict):
            table.add_row(name, f"{times['p50']:.1f}", f"{times['p95']:.1f}")
    console.print(table)
    console.print(f"filled in {found['filled_s']:.0f} s")


async def main(asked: argparse.Namespace) -> None:
    """Measure, and print."""
    bootstrap.collect_less()  # as the server does
    found = {}
    with tempfile.TemporaryDirectory(prefix="towpath-notes-") as place:
        folder = Path(place)
        for name, measured in (("notes", notes), ("where", traces)):
            if asked.only in ("", name):
                async with embedded.running(folder / f"data-{name}") as server:
                    found[name] = await measured(server.url, folder, asked)
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["notes", "where"], default="")
    parser.add_argument("--history", type=int, default=100_000)
    parser.add_argument("--range", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args(given)
    if asked.quick:
        asked.history, asked.range, asked.changes, asked.rounds = 5_000, 1_000, 50_000, 3
    return asked


if __name__ == "__main__":
    asyncio.run(main(arguments()))
