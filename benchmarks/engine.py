"""The whole engine under load: many releases at once, from one push to their last commit.

    .venv/bin/python benchmarks/engine.py [--products 200] [--quick] [--json FILE]

Real repositories over file paths, a real `towpath serve` with its embedded database. Three runs:
one branch of a monorepo of 2,000 files, eight repositories, and the monorepo again with 4,000
applications in the catalog. Beside it, as a floor: one `git push` of a ready commit by hand.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
import pygit2
import yaml

ENVIRONMENTS = ("dev", "qa", "staging", "prod")
IDENTITY = pygit2.Signature("Dana", "dana@example.org", 1_760_000_000, 0)
PATIENCE_S = 300.0
FLOOR_PUSHES = 20


@dataclass(frozen=True)
class Setup:
    """One run: how many products release at once, over how many repositories, beside what."""

    name: str
    products: int
    repositories: int
    files: int
    bystanders: int = 0  # applications in the catalog that have nothing to do


@dataclass(frozen=True)
class Result:
    """What one run measured. Times in seconds, memory in MiB."""

    name: str
    promotions: int
    per_second: float
    p50_s: float
    p95_s: float
    processor_s: float
    processor_ms_per_promotion: float
    peak_server_mib: float
    commits: int
    floor_ms: float


def values(tag: str, environment: str) -> bytes:
    """A service's values, as people write them."""
    return (
        f"# {environment}\nreplicas: 2\nimage:\n  repository: registry.example/app\n"
        f'  tag: "{tag}"  # promoted\nresources:\n  limits: {{cpu: 500m}}\n'
    ).encode()


def make_repository(place: Path, files: dict[str, bytes]) -> None:
    """A bare repository with these files in one commit on `main`."""
    repository = pygit2.init_repository(str(place), bare=True, initial_head="main")
    commit(repository, files, "begin", [])


def commit(
    repository: pygit2.Repository, files: dict[str, bytes], message: str, parents: Sequence[str]
) -> str:
    """Commit the files on top of `main`."""
    index = pygit2.Index()
    if parents:
        index.read_tree(repository[parents[0]].peel(pygit2.Tree))
    for path, data in files.items():
        index.add(pygit2.IndexEntry(path, repository.create_blob(data), pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(repository)
    made = repository.create_commit(
        "refs/heads/main", IDENTITY, IDENTITY, message, tree, [pygit2.Oid(hex=p) for p in parents]
    )
    return str(made)


class World:
    """Repositories and configuration of one run."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self.setup = setup
        self.repositories = [folder / f"gitops-{n}.git" for n in range(setup.repositories)]
        self.configuration = folder / "configuration"
        self.names = [f"product-{n:03}" for n in range(setup.products)]
        for n, place in enumerate(self.repositories):
            files = {
                f"apps/{name}/{environment}/values.yaml": values("1.0.0", environment)
                for name in self._in(n)
                for environment in ENVIRONMENTS
            }
            filler = range(max(0, setup.files // setup.repositories - len(files)))
            files |= {f"other/{k // 50}/{k}.yaml": b"kind: ConfigMap\n" for k in filler}
            make_repository(place, files)
        self._configure()

    def _in(self, n: int) -> list[str]:
        return [name for k, name in enumerate(self.names) if k % len(self.repositories) == n]

    def _configure(self) -> None:
        self.configuration.mkdir()
        documents: list[dict[str, object]] = [
            _kind("Environment", name, {"kind": "prod" if name == "prod" else "nonprod"})
            for name in ENVIRONMENTS
        ]
        steps = [
            {"environment": after, "dependsOn": [before]}
            for before, after in itertools.pairwise(ENVIRONMENTS)
        ]
        documents.append(
            _kind("PromotionFlow", "main", {"triggerEnvironment": "dev", "steps": steps})
        )
        promotion = {"values.yaml": {"jsonPaths": ["$.image.tag"]}}
        version = {"file": "values.yaml", "jsonPath": "$.image.tag"}
        documents.append(
            _kind("PromotionTemplate", "tag", {"promotion": promotion, "versionSource": version})
        )
        self._write("base.yaml", documents)
        for n, place in enumerate(self.repositories):
            for name in self._in(n):
                self._write(f"{name}.yaml", _product(name, place))
        bystanders = self.setup.bystanders // len(ENVIRONMENTS)
        for k in range(bystanders):
            name = f"bystander-{k:04}"
            self._write(f"{name}.yaml", _product(name, self.repositories[0]))

    def _write(self, name: str, documents: list[dict[str, object]]) -> None:
        text = yaml.safe_dump_all(documents, sort_keys=False)
        (self.configuration / name).write_text(text, "utf-8")

    def seed_bystanders(self) -> None:
        """The folders of applications that have nothing to do."""
        names = [f"bystander-{k:04}" for k in range(self.setup.bystanders // len(ENVIRONMENTS))]
        if not names:
            return
        repository = pygit2.Repository(str(self.repositories[0]))
        files = {
            f"apps/{name}/{environment}/values.yaml": values("1.0.0", environment)
            for name in names
            for environment in ENVIRONMENTS
        }
        head = str(repository.references["refs/heads/main"].target)
        commit(repository, files, "bystanders", [head])

    def push_all(self, tag: str) -> None:
        """One commit in each repository that changes the tag of every product in dev."""
        for n, place in enumerate(self.repositories):
            repository = pygit2.Repository(str(place))
            head = str(repository.references["refs/heads/main"].target)
            files = {f"apps/{name}/dev/values.yaml": values(tag, "dev") for name in self._in(n)}
            commit(repository, files, f"release {tag}", [head])

    def commits(self) -> int:
        """How many promotion commits the repositories hold."""
        found = 0
        for place in self.repositories:
            repository = pygit2.Repository(str(place))
            head = repository.references["refs/heads/main"].target
            found += sum("Towpath-Promotion:" in c.message for c in repository.walk(head))
        return found


def _kind(kind: str, name: str, spec: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "towpath.dev/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def _product(name: str, repository: Path) -> list[dict[str, object]]:
    product = _kind(
        "Product", name, {"promotionFlows": [{"name": "main"}], "promotionTemplateRef": "tag"}
    )
    return [product, *(_application(name, environment, repository) for environment in ENVIRONMENTS)]


def _application(name: str, environment: str, repository: Path) -> dict[str, object]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": f"{name}-{environment}",
            "annotations": {
                "towpath.dev/product": name,
                "towpath.dev/environment": environment,
                "towpath.dev/component": "app",
            },
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": str(repository),
                "path": f"apps/{name}/{environment}",
                "targetRevision": "main",
            },
            "destination": {"name": "cluster", "namespace": f"{name}-{environment}"},
        },
    }


class Server:
    """A `towpath serve` process, watched by its process id."""

    def __init__(self, world: World, folder: Path) -> None:
        self.port = _free_port()
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(str(Path(sys.executable).parent / "towpath"), "serve", "--config"),
                *(str(world.configuration), "--port", str(self.port)),
                *("--data-dir", str(folder / "data")),
            ],
            env={**os.environ, "TOWPATH_POLL_INTERVAL": "3600"},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.peak = 0.0

    def call(self, path: str, body: object = None) -> dict[str, object]:
        """GET, or POST when there is a body."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def wait_ready(self) -> None:
        """Until the configuration is in force and the first look was taken."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if self.call("/api/v1/configuration")["revision"]:
                    self.call("/api/v1/refresh", {})
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"the server did not start, see {self._log.name}")

    def processor_s(self) -> float:
        """Processor seconds of the server, its database and its git processes so far."""
        total = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                used = process.cpu_times()
                total += used.user + used.system + used.children_user + used.children_system
        return total

    def watch_memory(self) -> None:
        """Note the server process's memory."""
        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(self._process.pid).memory_info().rss / 2**20
            self.peak = max(self.peak, memory)

    def _tree(self) -> list[psutil.Process]:
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]

    def stop(self) -> None:
        """End it by its id."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


def _free_port() -> int:
    import socket

    with contextlib.closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def releases(server: Server) -> Iterator[dict[str, object]]:
    """Every release."""
    cursor = ""
    while True:
        page = server.call(f"/api/v1/releases?limit=200&cursor={cursor}")
        yield from page["items"]  # type: ignore[misc]
        cursor = str(page["next_cursor"] or "")
        if not cursor:
            return


def measure(setup: Setup, folder: Path) -> Result:
    """One run from nothing."""
    world = World(folder, setup)
    world.seed_bystanders()
    server = Server(world, folder)
    try:
        server.wait_ready()
        used = server.processor_s()
        pushed = time.time()
        world.push_all("2.0.0")
        server.call("/api/v1/refresh", {})
        found = wait_all(server, setup.products)
        used = server.processor_s() - used
    finally:
        server.stop()
    ended = sorted(_moment(each["ended_at"]) - pushed for each in found)
    wrong = [each["id"] for each in found if each["status"] != "succeeded"]
    if wrong:
        raise SystemExit(f"{len(wrong)} releases did not succeed: {wrong[:5]}")
    promotions = setup.products * (len(ENVIRONMENTS) - 1)
    return Result(
        setup.name,
        promotions,
        promotions / ended[-1],
        statistics.median(ended),
        ended[int(len(ended) * 0.95)],
        used,
        used / promotions * 1000,
        server.peak,
        world.commits(),
        floor(world, folder),
    )


def wait_all(server: Server, count: int) -> list[dict[str, object]]:
    """Until every release has ended."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        server.watch_memory()
        page = server.call("/api/v1/releases?ended=true&limit=1")
        if page["items"]:
            found = list(releases(server))
            if len(found) == count and all(each["ended"] for each in found):
                return found
        time.sleep(0.5)
    raise SystemExit(f"not all of {count} releases ended within {PATIENCE_S:.0f} s")


def _moment(text: object) -> float:
    return datetime.fromisoformat(str(text)).timestamp()


def floor(world: World, folder: Path) -> float:
    """Milliseconds of one `git push` of a ready commit to the first repository (median)."""
    clone = folder / "floor"
    git = ["git", "-c", "user.name=f", "-c", "user.email=f@example.org"]
    subprocess.run([*git, "clone", "-q", str(world.repositories[0]), str(clone)], check=True)
    times = []
    for n in range(FLOOR_PUSHES):
        (clone / "floor.txt").write_text(str(n))
        subprocess.run([*git, "add", "floor.txt"], cwd=clone, check=True)
        subprocess.run([*git, "commit", "-qm", f"floor {n}"], cwd=clone, check=True)
        begun = time.perf_counter()
        subprocess.run([*git, "push", "-q"], cwd=clone, check=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def show(results: Sequence[Result]) -> None:
    """Print the table."""
    print(
        f"{'run':32} {'promotions':>10} {'per s':>7} {'p50 s':>7} {'p95 s':>7} {'cpu s':>7} "
        f"{'cpu ms/p':>9} {'peak MiB':>9} {'push ms':>8}"
    )
    for r in results:
        print(
            f"{r.name:32} {r.promotions:>10} {r.per_second:>7.1f} {r.p50_s:>7.1f} {r.p95_s:>7.1f} "
            f"{r.processor_s:>7.1f} {r.processor_ms_per_promotion:>9.1f} "
            f"{r.peak_server_mib:>9.0f} {r.floor_ms:>8.1f}"
        )


def main() -> None:
    """Measure every setup, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="20 products, for a look")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each; medians are shown")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    count = 20 if given.quick else given.products
    bystanders = 4000 - count * len(ENVIRONMENTS)
    setups = (
        Setup("one branch of a monorepo", count, 1, 2000),
        Setup("eight repositories", count, 8, 2000),
        Setup("monorepo, 4,000 applications", count, 1, 2000, max(0, bystanders)),
    )
    runs: dict[str, list[Result]] = {setup.name: [] for setup in setups}
    for _ in range(given.rounds):
        for setup in setups:
            folder = Path(tempfile.mkdtemp(prefix="towpath-bench-"))
            try:
                runs[setup.name].append(measure(setup, folder))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    middle = [sorted(found, key=lambda r: r.per_second)[len(found) // 2] for found in runs.values()]
    show(middle)
    if given.json:
        given.json.write_text(json.dumps([asdict(r) for r in middle], indent=2) + "\n")


if __name__ == "__main__":
    main()
