"""What a promotion costs in git, beside `git push` alone and clone, edit, commit, push.

Run with the project's Python: `python benchmarks/promotion.py [--quick] [--json FILE]`. Everything
is measured on this machine over file://, interleaved, in one run; times are medians. The floor is
the program's own work for a commit that is ready; the peer is what a tool without a mirror does,
but for the removal of its clone. On ext4, files that were deleted in the last five minutes slow
this down, another run's too.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pygit2

from towpath.domain import content, values
from towpath.git import commits, drafts, recent, trees
from towpath.git.adapter import GitRepositories
from towpath.ports import errors
from towpath.ports import git as port

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@localhost",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@localhost",
}
TAG: values.Place = (values.Key("image"), values.Key("tag"))
WORKERS = 4


@dataclass(frozen=True)
class Size:
    """A repository: its commits, and its files in one flat folder (beside 50 in another)."""

    name: str
    commits: int
    files: int
    rounds: int
    least_faster: float  # than clone, edit, commit, push
    least_faster_in_tens: float


SIZES = (
    Size("small", 100, 50, 25, 2, 8),
    Size("mid", 5_000, 2_050, 21, 12, 30),
    Size("big", 50_000, 10_050, 7, 30, 45),
)


def git(folder: Path, *arguments: str, given: bytes | None = None) -> str:
    """Run git, and answer with what it prints."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        input=given,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def body(number: int, tag: str) -> bytes:
    """A values file of a service."""
    return (
        f"# service {number}\nimage:\n  repository: registry.example.org/svc-{number}\n"
        f'  tag: "{tag}"  # promoted\nreplicas: 2\n'
    ).encode()


def history(size: Size) -> Iterator[bytes]:
    """A fast-import stream. Only one commit in a hundred touches the flat folder after the first:
    to write a folder of 10,000 files 50,000 times takes longer than all the rest."""
    for number in range(size.commits):
        yield b"commit refs/heads/main\ncommitter B <b@localhost> %d +0000\n" % (
            1_700_000_000 + number * 60
        )
        yield b"data 8\na change\n"
        if number == 0:
            changes = [(f"apps/svc-{n}.yaml", body(n, "v0")) for n in range(size.files)]
        elif number % 100 == 99:
            at = number % size.files
            changes = [(f"apps/svc-{at}.yaml", body(at, f"v{number}"))]
        else:
            changes = [(f"other/{number % 50}.yaml", body(number, f"v{number}"))]
        for path, data in changes:
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
    yield b"done\n"


def last_change(size: Size, file: int) -> int:
    """The number of the last commit of the history that changed a file of the flat folder."""
    changing = [n for n in range(99, size.commits, 100) if n % size.files == file]
    return changing[-1] if changing else 0


def make_remote(folder: Path, size: Size) -> Path:
    """The remote, with a branch for each worker."""
    path = folder / f"{size.name}.git"
    git(folder, "init", "-q", "--bare", "--initial-branch=main", str(path))
    git(path, "fast-import", "--quiet", "--done", given=b"".join(history(size)))
    git(path, "repack", "-q", "-a", "-d")
    git(path, "config", "receive.autogc", "false")
    for worker in range(WORKERS):
        git(path, "branch", f"env-{worker}", "main")
    return path


def cpu() -> float:
    """Seconds that this process and its ended children have computed."""
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Bench:
    """One size's remote, our door to it, and a plain mirror for the floor."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder, self.size = folder, size
        self.remote = make_remote(folder, size)
        self.url = f"file://{self.remote}"
        self.plain = folder / f"{size.name}-plain.git"
        git(folder, "clone", "-q", "--bare", self.url, str(self.plain))
        git(self.plain, "config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
        git(self.plain, "config", "gc.auto", "0")
        self.door = GitRepositories(folder / f"{size.name}-mirrors")
        self.times: dict[str, list[float]] = defaultdict(list)
        self.cpus: dict[str, list[float]] = defaultdict(list)
        self.counter = 0
        self.tags = {  # of each file, as it is on main
            number: f"v{last_change(size, number)}" for number in range(size.files)
        }

    def next(self) -> int:
        """A number that was not used yet, for a new tag and another file."""
        self.counter += 1
        return self.counter

    def tag(self, at: int, tag: str) -> str:
        """Note a file's new tag."""
        self.tags[at] = tag
        return tag

    def change(self) -> port.Change:
        """A promotion's change: one value of one file."""
        number = self.next()
        at = number * 7 % self.size.files
        file = content.FileContent(f"svc-{at}.yaml", (values.Value(TAG, f"n{number}"),))
        landed = content.FileContent(file.path, (values.Value(TAG, self.tags[at]),))
        self.tags[at] = f"n{number}"
        edit = port.Edit("svc", "svc", "apps", (file,), (landed,))
        return port.Change(uuid4(), (edit,), f"Promote {number}\n")

    def ready_commit(self, branch: str = "main") -> str:
        """A commit in the plain mirror, ready to be pushed; not timed."""
        number = self.next()
        repository = pygit2.Repository(str(self.plain))
        head = git(self.plain, "rev-parse", f"refs/heads/{branch}")
        at = number * 7 % self.size.files
        path = f"apps/svc-{at}.yaml"
        blob = repository.create_blob(body(number, self.tag(at, f"r{number}")))
        root = trees.tree_of(repository, head)
        tree = drafts.Folders(repository, recent.Recent(2**25)).rewrite(
            root, {path: trees.Entry(trees.FILE, blob)}
        )
        now = datetime.now(UTC)
        return commits.write(repository, tree, head, "ready\n", commits.Identity(), now)

    def somebody_writes(self) -> None:
        """A stranger's push to the remote; not timed."""
        number = self.next()
        data = body(number, f"s{number}")
        stream = (
            b"commit refs/heads/main\ncommitter S <s@localhost> %d +0000\ndata 8\nstranger\n"
            b"from refs/heads/main^0\nM 100644 inline other/%d.yaml\ndata %d\n%s\n"
            % (int(time.time()), number % 50, len(data), data)
        )
        git(self.remote, "fast-import", "--quiet", given=stream)

    async def measure(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Time one run of some work."""
        begun, busy = time.perf_counter(), cpu()
        await work()
        self.times[name].append((time.perf_counter() - begun) * 1000)
        self.cpus[name].append((cpu() - busy) * 1000)

    async def round(self) -> None:
        """Everything once, each beside the other."""
        await self._push_alone()
        await self._ours()
        await self._clone()
        await self._fetch_and_push()
        await self._ours_after_a_stranger()
        await self._ours_ten()

    async def cold(self) -> None:
        """A promotion without a mirror yet."""
        door = GitRepositories(self.folder / f"{self.size.name}-cold-{self.next()}")

        async def work() -> None:
            head = (await door.fetch(self.url)).branches["main"]
            built = await door.build(self.url, head, [self.change()])
            await door.push(self.url, "main", head, built[0].commit)

        await self.measure("ours, cold mirror", work)

    async def _push_alone(self) -> None:
        git(self.plain, "fetch", "-q", "origin")

        async def work() -> None:
            git(self.plain, "push", "-q", "origin", f"{commit}:refs/heads/main")

        commit = self.ready_commit()
        await work()
        git(self.plain, "update-ref", "refs/heads/main", commit)
        commit = self.ready_commit()
        await self.measure("git push alone", work)

    async def _fetch_and_push(self) -> None:
        git(self.plain, "fetch", "-q", "origin")
        self.somebody_writes()
        name = "git fetch + git push"

        async def fetch() -> None:
            git(self.plain, "fetch", "-q", "origin")

        async def push() -> None:
            git(self.plain, "push", "-q", "origin", f"{commit}:refs/heads/main")

        await self.measure(name, fetch)
        commit = self.ready_commit()
        await self.measure(name, push)
        for figures in (self.times[name], self.cpus[name]):
            figures[-2:] = [sum(figures[-2:])]

    async def promote(self, changes: list[port.Change], branch: str = "main") -> None:
        """Promote as the engine does: build on the head we know, push, and again if it moved."""
        while True:
            head = await self.door.known_head(self.url, branch)
            assert head is not None
            built = await self.door.build(self.url, head, changes)
            tip = [each.commit for each in built if each.commit][-1]
            with contextlib.suppress(errors.Moved):
                await self.door.push(self.url, branch, head, tip)
                return

    async def _ours(self) -> None:
        await self.door.fetch(self.url)
        await self.promote([self.change()])  # the last to write was us, as for "git push alone"
        change = self.change()
        await self.measure("ours", lambda: self.promote([change]))

    async def _ours_after_a_stranger(self) -> None:
        await self.door.fetch(self.url)
        self.somebody_writes()
        change = self.change()
        await self.measure("ours, somebody else wrote", lambda: self.promote([change]))

    async def _ours_ten(self) -> None:
        await self.door.fetch(self.url)
        changes = [self.change() for _ in range(10)]
        await self.measure("ours, ten in one push", lambda: self.promote(changes))

    def clone_once(self, branch: str = "main") -> None:
        """Clone, edit one value, commit, push. The clone stays until all is measured.

        ext4 does not use the place of a file again that was deleted in the last minutes, and looks
        at each of them whenever a file is made (`recently_deleted` in its ialloc.c): 0.7 ms rather
        than 0.04 after the removal of some clones, which would be counted to whoever comes next.
        """
        number = self.next()
        work = self.folder / f"{self.size.name}-work-{number}"
        git(self.folder, "clone", "-q", "--branch", branch, self.url, str(work))
        at = number * 7 % self.size.files
        file = work / "apps" / f"svc-{at}.yaml"
        file.write_bytes(body(number, self.tag(at, f"c{number}")))
        git(work, "commit", "-q", "-a", "-m", "Promote")
        git(work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")

    async def _clone(self) -> None:
        async def work() -> None:
            self.clone_once()

        await self.measure("clone, edit, commit, push", work)

    async def throughput(self, seconds: float) -> dict[str, float]:
        """Promotions a second, by one worker and by four, each on a branch of its own."""
        await self.door.fetch(self.url)
        rates = {}
        for count in (1, WORKERS):
            rates[f"ours, {count} at once"] = await self._rate(
                count, seconds, lambda branch: self.promote([self.change()], branch)
            )
            rates[f"clone, {count} at once"] = await self._rate(
                count, seconds, lambda branch: asyncio.to_thread(self.clone_once, branch)
            )
        return rates

    async def _rate(
        self, count: int, seconds: float, once: Callable[[str], Awaitable[None]]
    ) -> float:
        done = 0
        begun = time.perf_counter()

        async def worker(branch: str) -> None:
            nonlocal done
            while True:
                await once(branch)
                done += 1
                if time.perf_counter() - begun > seconds:
                    return

        await asyncio.gather(*(worker(f"env-{number}") for number in range(count)))
        return done / (time.perf_counter() - begun)


async def run(folder: Path, size: Size, quick: bool) -> dict[str, object]:
    """All figures of one size, from repositories in a folder."""
    begun = time.perf_counter()
    bench = Bench(folder, size)
    print(f"{size.name}: made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    for _ in range(2 if quick else 3):
        await bench.cold()
    await bench.door.fetch(bench.url)
    await bench.round()
    warm = {k: v for k, v in bench.times.items() if "cold" in k}
    bench.times = defaultdict(list, warm)
    bench.cpus = defaultdict(list)
    for _ in range(3 if quick else size.rounds):
        await bench.round()
    rates = await bench.throughput(2 if quick else 8)
    medians = {name: statistics.median(times) for name, times in bench.times.items()}
    computed = {name: statistics.median(times) for name, times in bench.cpus.items()}
    return {
        "size": size.name,
        "milliseconds": medians,
        "cpu_milliseconds": computed,
        "per_second": rates,
    }


def targets(size: Size, ms: dict[str, float]) -> list[tuple[str, float, str, float]]:
    """What is to hold: name, measured ratio, and the bound with its direction."""
    clone = ms["clone, edit, commit, push"]
    return [
        ("ours / push alone", ms["ours"] / ms["git push alone"], "<=", 1.25),
        (
            "somebody else wrote / (fetch + push)",
            ms["ours, somebody else wrote"] / ms["git fetch + git push"],
            "<=",
            1.5,
        ),
        ("clone / ours", clone / ms["ours"], ">=", size.least_faster),
        (
            "clone / ours in tens",
            clone / (ms["ours, ten in one push"] / 10),
            ">=",
            size.least_faster_in_tens,
        ),
    ]


def report(size: Size, result: dict[str, object]) -> bool:
    """Print one size's figures; whether every target holds."""
    ms = result["milliseconds"]
    rates = result["per_second"]
    assert isinstance(ms, dict)
    assert isinstance(rates, dict)
    print(f"\n{size.name}: {size.commits:,} commits, {size.files:,} files in one folder")
    computed = result["cpu_milliseconds"]
    assert isinstance(computed, dict)
    for name, value in ms.items():
        busy = f", {computed[name]:.1f} ms of it computing" if name in computed else ""
        print(f"  {name:<40} {value:>10.1f} ms{busy}")
    for name, value in rates.items():
        print(f"  {name:<40} {value:>10.2f} per second")
    held = True
    for name, ratio, direction, bound in targets(size, ms):
        ok = ratio <= bound if direction == "<=" else ratio >= bound
        held &= ok
        print(f"  {name:<40} {ratio:>10.2f} ({direction} {bound:g}) {'ok' if ok else 'MISSED'}")
    return held


async def main() -> int:
    """Measure, print a table, and say by the exit code whether the targets hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--size", choices=[size.name for size in SIZES], help="only this one")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    results, held = [], True
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        for size in SIZES:
            if options.size in (None, size.name):
                result = await run(Path(folder), size, options.quick)
                held &= report(size, result)
                results.append(result)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
