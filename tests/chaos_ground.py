"""Products that go through steps and gates, on real processes that tests of chaos kill.

One repository, one database, a server and workers. Observed are the database, and what steps told.
"""

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

import chaos_cases
import chaos_world
from chaos_cases import NEXT, SHUT, TRIGGER, Case, Places
from chaos_processes import Journal, Slot
from chaos_store import Database
from git_servers import Origin
from real_world import document, origin, template, values
from towpath.domain.release import Release

PATIENCE_S = 120.0
SERVER = "server"


@dataclass
class Ground:
    """All that stands."""

    folder: Path
    places: Places
    cases: Sequence[Case]
    database: Database
    repository: Origin
    slots: Mapping[str, Slot]
    api: httpx.AsyncClient
    journal: Journal
    _lets_go: asyncio.Event  # what `http` steps wait for
    _lock: int  # the open file that scripts wait for

    @property
    def server(self) -> Slot:
        return self.slots[SERVER]

    def push(self, version: str, cases: Sequence[Case]) -> None:
        """One commit that makes a release of each product."""
        changed = [f"{chaos_cases.path(case.name, TRIGGER)}/values.yaml" for case in cases]
        self.repository.commit(dict.fromkeys(changed, values(version)))

    async def say(self, path: str, who: str = "ada", **body: object) -> Any:
        """Ask the server for something; it must agree."""
        answer = await self.api.post(path, json=body, headers={"X-Towpath-Actor": who})
        assert answer.is_success, answer.text
        return answer.json()

    def let_go(self) -> None:
        """Let all steps end that are held, and those that are still to come."""
        self._lets_go.set()
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def open_window(self) -> None:
        """Take the window away that keeps everybody out of an environment."""
        _write(self.folder / "delivery", "environments.yaml", document("Environment", SHUT, {}))

    async def until(self, what: str, missing: Callable[[], Awaitable[Sequence[str]]]) -> None:
        """Wait until nobody is missing any more."""
        left: Sequence[str] = ()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while left := await missing():  # noqa: ASYNC110 - asked of other processes
                    await asyncio.sleep(0.05)
        except TimeoutError:
            words = f"not so within {PATIENCE_S:.0f} s: {what}: {left}"
            raise AssertionError(f"{words}\n{self.report()}") from None
        self.journal.note(what)

    def report(self) -> str:
        """What was done, and what the processes said last."""
        said = [f"== {slot.name}\n{slot.last_words()}" for slot in self.slots.values()]
        return "\n".join([*self.journal.lines, *said])

    async def unintroduced(self) -> Sequence[str]:
        """The products that have not had their first look."""
        there = await self.database.ask("SELECT to_regclass('landed') IS NOT NULL")
        rows = await self.database.ask("SELECT product FROM landed") if there[0][0] else ()
        seen = Counter(name for (name,) in rows)
        return [case.name for case in self.cases if seen[case.name] < 2]

    async def unended(self) -> Sequence[str]:
        """The releases in which something still goes on, hooks that are told of the end too."""
        going = await self.database.ask("SELECT id FROM release WHERE open OR NOT ended")
        runs = await self.database.ask("SELECT release FROM run WHERE ended_at IS NULL")
        return [name for (name,) in (*going, *runs)]

    def told(self) -> Sequence[tuple[str, str]]:
        """Every execution: the product and step, and the id that it was given."""
        lines = [line.split(" ", 1) for line in self.places.told.read_text().splitlines()]
        return [(name, execution) for name, execution in lines]


# --- how it is set up -----------------------------------------------------------------------------
@asynccontextmanager
async def ground(
    folder: Path, cases: Sequence[Case], *, workers: int = 0, steps_at_once: int = 64
) -> AsyncIterator[Ground]:
    """Set everything up; the server of the moment runs until the block is left."""
    lets_go = asyncio.Event()
    lock = os.open(folder / "go", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    database = await Database.start(folder / "postgres")
    try:
        async with _asked(folder / "told", lets_go) as address:
            places = Places(folder, address)
            places.told.touch()
            repository = _repository(folder, cases)
            _configure(folder / "delivery", cases, repository, places)
            journal = Journal()
            slots = _slots(folder, database, journal, workers, steps_at_once)
            url = f"http://127.0.0.1:{slots[SERVER].port}/api/v1/"
            async with httpx.AsyncClient(base_url=url, timeout=60) as api:
                made = Ground(
                    *(folder, places, cases, database, repository, slots),
                    *(api, journal, lets_go, lock),
                )
                try:
                    await asyncio.gather(*(slot.start() for slot in slots.values()))
                    await made.until("the first look is over", made.unintroduced)
                    yield made
                finally:
                    await asyncio.gather(*(slot.stop() for slot in slots.values()))
    finally:
        await database.stop()
        os.close(lock)


def _slots(
    folder: Path, database: Database, journal: Journal, workers: int, steps_at_once: int
) -> Mapping[str, Slot]:
    def slot(name: str) -> Slot:
        port = chaos_world.free_port()
        ours = chaos_world.environment(folder, name, port, database)
        ours = {**ours, "TOWPATH_STEPS_AT_ONCE": str(steps_at_once)}
        command = ("serve",) if name == SERVER else ("worker",)
        return Slot(name, command, ours, port, folder, journal, lambda: False)

    return {name: slot(name) for name in (SERVER, *(f"worker-{n + 1}" for n in range(workers)))}


def _repository(folder: Path, cases: Sequence[Case]) -> Origin:
    made = origin(folder, "gitops")
    made.commit(
        {
            f"{chaos_cases.path(case.name, environment)}/values.yaml": values("1.0.0")
            for case in cases
            for environment in (TRIGGER, case.where)
        }
    )
    return made


def _configure(folder: Path, cases: Sequence[Case], at: Origin, places: Places) -> None:
    folder.mkdir()
    always = {
        "kind": "deny",
        "rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=0;BYSECOND=0",
        "duration": "24h",
    }
    _write(folder, "environments.yaml", document("Environment", SHUT, {"windows": [always]}))
    _write(
        folder,
        "delivery.yaml",
        *(document("Environment", name, {}) for name in (TRIGGER, NEXT)),
        template("tag", {"values.yaml": ["$.image.tag"]}),
        *(each for case in cases for each in case.documents(at, places)),
    )


def _write(folder: Path, name: str, *documents: object) -> None:
    half = folder.with_name(f"half-{name}")
    half.write_text(yaml.safe_dump_all(documents, sort_keys=False), "utf-8")
    half.replace(folder / name)


@asynccontextmanager
async def _asked(told: Path, lets_go: asyncio.Event) -> AsyncIterator[str]:
    """A server that tells who asks, and answers when the test lets it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        case = asked.split()[1].decode().strip("/")
        with told.open("a") as file:
            file.write(f"{case}/only http\n")
        await lets_go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


# --- what must be true in the end ----------------------------------------------------------------
def ends(of: Ground, releases: Mapping[str, Release], each: int = 0) -> Iterator[str]:
    """Every release that was to be has ended as it was to; `each`: how many a product has."""
    expected = {
        f"{case.name}-{n + 1}": case.end for case in of.cases for n in range(each or case.releases)
    }
    if wrong := expected.keys() ^ releases.keys():
        yield f"releases that should not be, or should: {sorted(wrong)}"
    for name, release in releases.items():
        if release.status is not expected.get(name):
            yield f"{name} is {release.status}: {release.reason}"


def beside(of: Ground, but: Collection[str] = ()) -> Iterator[str]:
    """Nothing was executed beside an earlier execution of it, and nothing is left."""
    if of.places.beside.exists():
        for step in set(of.places.beside.read_text().split()).difference(but):
            yield f"{step} was begun while an earlier execution was still there"
    for own in of.folder.glob("*.own"):
        with own.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"something of {own.stem} is still there"


def complaints(of: Ground) -> Iterator[str]:
    """What a process says only of a defect in itself."""
    for slot in of.slots.values():
        yield from slot.unexplained
        if "Traceback" in (said := slot.log.read_text(errors="replace")):
            yield f"{slot.name} complains of itself: {said[said.index('Traceback') :][:4000]}"
