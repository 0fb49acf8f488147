"""Towpath under attack: servers and workers on one database, real remotes, and what befalls them.

Everything random comes from one seed. What was done when is in the journal. Waits have bounds
that explain themselves; no time is ever an assertion.
"""

import asyncio
import os
import random
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import chaos_products
import chaos_remotes
from chaos_processes import Journal, Slot
from chaos_products import Product
from chaos_remotes import Remote, Writer
from chaos_store import Database

SERVER = "server"
LEASE_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what is done."""

    seed: int
    releases: int
    kills: int  # of the server, beside those of workers
    pauses: int
    restarts: int  # of the database
    workers: int
    patience_s: float  # for one step of anything; its end is a failure with an explanation


@dataclass
class Measured:
    """Facts for the report, in seconds. Nothing is asserted about them."""

    takeovers: list[float] = field(default_factory=list)
    woken_with_a_look: int = 0
    kills_in_a_look: int = 0
    kills_in_a_push: int = 0


@dataclass
class World:
    """All that stands, and what a test does with it."""

    plan: Plan
    folder: Path
    database: Database
    remotes: Mapping[str, Remote]
    slots: Mapping[str, Slot]
    journal: Journal
    chance: random.Random
    developers: Mapping[str, Writer]  # by repository
    strangers: list[Writer]
    measured: Measured = field(default_factory=Measured)
    disturbances: int = 0
    begun: int = 0  # kills that are about to come, or are done
    pauses_left: int = 0
    hunting: bool = False  # a worker is to be paused: something must be in flight
    pushed: dict[str, list[str]] = field(default_factory=dict)  # product/component -> tags

    @property
    def progress(self) -> float:
        """How much of the planned trouble is over, from 0 to 1."""
        return min(1.0, self.disturbances / max(1, self.plan.kills))

    async def until(self, what: str, so: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait for something that must come; the bound is generous, and its end a failure."""
        if not await _for_a_while(so, seconds):
            raise AssertionError(f"after {seconds:.0f} s still not so: {what}")

    # --- what developers do ------------------------------------------------------------------
    async def develop(
        self, product: Product, releases: int, ahead: float, chance: random.Random
    ) -> None:
        """Change the product until it has so many releases, at the pace of the trouble."""
        while True:
            made = await self.database.count(product.name)
            if made >= releases and not self.pauses_left:
                return
            await self.until(
                f"trouble keeps pace with the releases of {product.name}",
                lambda made=made: self._may_go_on(made, releases, ahead),  # type: ignore[misc]
                2 * self.plan.patience_s,
            )
            if made >= releases and not self.hunting:
                continue
            if chance.random() < 0.3:
                await self._settled(product)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await self._push_change(product, chance)
            await self.until(
                f"{product.name} has a release after {product.name}-{made}",
                lambda made=made: self._more_than(product, made),  # type: ignore[misc]
                self.plan.patience_s,
            )

    async def _may_go_on(self, made: int, releases: int, ahead: float) -> bool:
        """A release for each kill that is about to come, so that each has something to cut."""
        due = min(releases, self.begun / max(1, self.plan.kills) * releases + ahead)
        return made < due or self.hunting or (made >= releases and not self.pauses_left)

    async def _more_than(self, product: Product, made: int) -> bool:
        return await self.database.count(product.name) > made

    async def _settled(self, product: Product) -> None:
        """Let all releases of the product end first, or a while pass."""

        async def settled() -> bool:
            return not await self.database.unended(product.name)

        await _for_a_while(settled, 2.5 * LEASE_S)

    async def _push_change(self, product: Product, chance: random.Random) -> None:
        names = sorted(product.components)
        chosen = chance.sample(names, chance.randint(1, len(names)))
        by_repository: dict[str, list[str]] = {}
        for component in chosen:
            by_repository.setdefault(product.components[component], []).append(component)
        for repository, components in by_repository.items():
            tags = {name: self._next_tag(product, name, chance) for name in components}
            words = ", ".join(f"{name} {tag}" for name, tag in tags.items())

            def edit(clone: Path, tags: Mapping[str, str] = tags) -> None:
                for name, tag in tags.items():
                    place = chaos_products.path(product.name, name, chaos_products.TRIGGER)
                    chaos_remotes.set_tag(clone / place, tag)

            sha = await self.developers[f"{product.name}@{repository}"].change(
                f"{product.name}: {words}", edit
            )
            self.journal.note(f"pushed {product.name}: {words} ({sha[:7]} in {repository})")

    def _next_tag(self, product: Product, component: str, chance: random.Random) -> str:
        tags = self.pushed.setdefault(f"{product.name}/{component}", ["1.0.0"])
        earlier = sorted(set(tags) - {tags[-1]})
        back = product.reverts and earlier and chance.random() < 0.5
        tags.append(chance.choice(earlier) if back else f"1.{len(tags)}.0")
        return tags[-1]

    # --- what goes wrong ---------------------------------------------------------------------
    async def kill_often(self, chance: random.Random) -> None:
        """Kill the server as often as planned, and a worker now and then."""
        async with asyncio.TaskGroup() as watching:
            for _ in range(self.plan.kills):
                if chance.random() < 0.8:  # the others die while they start
                    await self._at_work(self.slots[SERVER])
                self.begun += 1
                await asyncio.sleep(chance.uniform(0, 2.0))
                await self._kill(SERVER, chance, watching)
                self.disturbances += 1
                if self.plan.workers and chance.random() < 0.5:
                    await self._kill(self._a_worker(chance), chance, watching)

    def _a_worker(self, chance: random.Random) -> str:
        return chance.choice(sorted(name for name in self.slots if name != SERVER))

    async def _kill(self, name: str, chance: random.Random, watching: asyncio.TaskGroup) -> None:
        slot = self.slots[name]
        moment = chance.random()
        if moment < 0.4:
            await self._in_a_push(slot, chance.choice((0, 0.1, chance.uniform(0, 0.8))))
        elif moment < 0.8:
            await self._in_a_look(slot, chance.uniform(0, 0.4))
        tree = chance.random() < 0.5
        held = await self.database.looks_of(slot.worker)
        since, pushing = time.monotonic(), slot.is_pushing()
        await slot.kill(whole_tree=tree)
        self.journal.note(
            f"killed {name}{' and its processes' if tree else ''}, looking at {sorted(held)}"
            f"{', pushing' if pushing else ''}"
        )
        self.measured.kills_in_a_push += pushing
        self.measured.kills_in_a_look += bool(held)
        for release, number in held.items():
            watching.create_task(self._taken_over(release, number, since, f"killed {name}"))
        await asyncio.sleep(chance.uniform(0, 1.0))
        await slot.start()

    async def _at_work(self, slot: Slot) -> None:
        async def ready() -> bool:
            return await slot.answers()

        await self.until(f"{slot.name} answers", ready, self.plan.patience_s)

    async def _in_a_push(self, slot: Slot, then_s: float) -> None:
        """Wait for a moment in which the process pushes, a little while at most."""

        async def pushing() -> bool:
            return slot.is_pushing()

        await _for_a_while(pushing, 5.0)
        await asyncio.sleep(then_s)

    async def _in_a_look(self, slot: Slot, then_s: float) -> None:
        """Wait for a moment in which the process looks at a release, a little while at most."""

        async def looking() -> bool:
            return bool(await self.database.looks_of(slot.worker))

        await _for_a_while(looking, 5.0)
        await asyncio.sleep(then_s)

    async def _taken_over(self, release: str, number: int, since: float, why: str) -> None:
        async def taken() -> bool:
            return await self.database.has_been_left(release, number)

        await self.until(f"{release} is taken over from {why}", taken, self.plan.patience_s)
        took = time.monotonic() - since
        self.measured.takeovers.append(took)
        self.journal.note(f"{release} was taken over {took:.1f} s after: {why}")

    async def pause_now_and_then(self, chance: random.Random) -> None:
        """Pause a worker that looks at a release, until that look is another's; then wake it."""
        for turn in range(self.plan.pauses):
            await self._trouble_reaches((turn + 0.3) / max(1, self.plan.pauses))
            self.hunting = True
            await self.until(
                "a worker is caught in a look, and paused",
                lambda: self._pause_one(chance),
                self.plan.patience_s,
            )
            self.pauses_left -= 1

    async def _trouble_reaches(self, share: float) -> None:
        async def reached() -> bool:
            return self.progress >= share

        await self.until(f"{share:.0%} of the kills are done", reached, 4 * self.plan.patience_s)

    async def _pause_one(self, chance: random.Random) -> bool:
        slot = self.slots[self._a_worker(chance)]
        await self._in_a_look(slot, 0)
        pid = slot.pid
        if not slot.pause():
            return False
        held = await self.database.looks_of(slot.worker)
        if not held:
            slot.wake()
            return False
        self.hunting = False
        since = time.monotonic()
        self.journal.note(f"paused {slot.name}, looking at {sorted(held)}")
        try:
            for release, number in held.items():
                await self._taken_over(release, number, since, f"paused {slot.name}")
            await asyncio.sleep(chance.uniform(0, 3.0))
        finally:
            slot.wake()
            self.journal.note(f"woke {slot.name}{'' if slot.pid == pid else ' (it was killed)'}")
        self.measured.woken_with_a_look += slot.pid == pid
        self.hunting = slot.pid != pid  # a killed one does not count
        return slot.pid == pid

    async def restart_database(self, chance: random.Random) -> None:
        """Take the database away: first by a crash, then in good order, and so on."""
        for turn in range(self.plan.restarts):
            await self._trouble_reaches((turn + 0.6) / max(1, self.plan.restarts))
            crash, seconds = turn % 2 == 0, chance.uniform(0.5, 4.0)
            self.journal.note(f"the database {'crashes' if crash else 'stops'} for {seconds:.1f} s")
            await self.database.restart(crash=crash, seconds=seconds)
            self.journal.note("the database is back")

    # --- the whole of it ---------------------------------------------------------------------
    async def suffer(self) -> None:
        """All of it at once, until every release and every trouble that was planned has been."""
        seeds = random.Random(self.chance.random())
        shares = _shares(self.plan.releases, len(chaos_products.PRODUCTS))

        def own() -> random.Random:
            return random.Random(seeds.random())

        over, self.pauses_left = asyncio.Event(), self.plan.pauses
        async with asyncio.TaskGroup() as strangers:
            for each in self.strangers:
                strangers.create_task(chaos_remotes.disturb(each, own(), (0.3, 1.5), over))
            async with asyncio.TaskGroup() as group:
                for place, product in enumerate(chaos_products.PRODUCTS):
                    ahead = place / len(shares)
                    group.create_task(self.develop(product, shares[place], ahead, own()))
                group.create_task(self.kill_often(own()))
                group.create_task(self.pause_now_and_then(own()))
                group.create_task(self.restart_database(own()))
            self.journal.note("the trouble is over")
            await self.until("every release has ended", self._all_ended, self.plan.patience_s)
            self.journal.note("every release has ended")
            over.set()

    async def _all_ended(self) -> bool:
        return not await self.database.unended("")


async def _for_a_while(so: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait for something, so long at most; whether it came."""
    end = time.monotonic() + seconds
    # Asked again and again: what is waited for happens in other processes.
    while not (came := await so()) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return came


def _shares(whole: int, parts: int) -> list[int]:
    return [whole // parts + (i < whole % parts) for i in range(parts)]


@asynccontextmanager
async def world(folder: Path, plan: Plan) -> AsyncIterator[World]:
    """Set everything up; servers and workers run until the block is left."""
    journal, chance = Journal(), random.Random(plan.seed)
    sources = folder / "git"
    sources.mkdir()
    remotes = {
        name: await chaos_remotes.create(sources, name, chaos_products.files(name), 400)
        for name in chaos_products.REPOSITORIES
    }
    chaos_products.write_configuration(
        folder / "delivery", {name: remote.address for name, remote in remotes.items()}
    )
    developers = {
        f"{product.name}@{name}": await Writer.with_clone(product.name, remotes[name], sources)
        for product in chaos_products.PRODUCTS
        for name in sorted(set(product.components.values()))
    }
    strangers = [await Writer.with_clone("eve", each, sources) for each in remotes.values()]
    database = await Database.start(folder / "postgres")
    try:
        slots = _slots(folder, plan, database, journal)
        made = World(plan, folder, database, remotes, slots, journal, chance, developers, strangers)
        try:
            for slot in slots.values():
                await slot.start()
            await made.until("the first look is over", lambda: _introduced(database), 120)
            yield made
        finally:
            await asyncio.gather(*(slot.stop() for slot in slots.values()))
    finally:
        await database.stop()


async def _introduced(database: Database) -> bool:
    there = await database.ask("SELECT to_regclass('landed') IS NOT NULL")
    if not there[0][0]:
        return False
    (row,) = await database.ask("SELECT count(*) FROM landed")
    every = sum(len(p.components) for p in chaos_products.PRODUCTS)
    return bool(row[0] == every * len(chaos_products.ENVIRONMENTS))


def _slots(folder: Path, plan: Plan, database: Database, journal: Journal) -> Mapping[str, Slot]:
    names = [SERVER, *(f"worker-{i + 1}" for i in range(plan.workers))]
    ports = {name: free_port() for name in names}
    return {
        name: Slot(
            name,
            ("serve",) if name == SERVER else ("worker",),
            environment(folder, name, ports[name], database),
            ports[name],
            folder,
            journal,
            lambda: database.troubled,
        )
        for name in names
    }


def environment(folder: Path, name: str, port: int, database: Database) -> Mapping[str, str]:
    """The variables of a process of Towpath that has a home of its own."""
    home = folder / f"home-{name}"
    home.mkdir()
    kept = {each: os.environ[each] for each in ("PYTHONPATH",) if each in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TOWPATH_CONFIG": str(folder / "delivery"),
        "TOWPATH_DATABASE_URL": database.server.url.replace("postgresql+psycopg", "postgresql"),
        "TOWPATH_DATA_DIR": str(home / "data"),
        "TOWPATH_PORT": str(port),
        "TOWPATH_POLL_INTERVAL": "0.5",
    }


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
