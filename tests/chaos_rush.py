"""Many runs of workflows at once, while those who execute steps die or freeze at any moment."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import chaos_ground
from chaos_ground import Ground
from chaos_processes import Slot

Leaf = tuple[str, str]  # its run and its id
End = tuple[int, object]  # the attempt, and the moment


@dataclass
class Rush:
    """A server and workers that die or freeze often; and what was seen of successes."""

    ground: Ground
    chance: random.Random
    rounds: int
    kills: int  # in each round
    pauses: int  # in each round
    pushed: int = 0  # rounds
    frozen: set[str] = field(default_factory=set)
    """Steps of the frozen: they stand still, and hold what they held, beside the next attempt."""
    succeeded: dict[Leaf, End] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)

    async def go(self) -> None:
        """Release every product so often, trouble somebody so often, and see everything end."""
        watching = asyncio.create_task(self._watch())
        try:
            for number in range(self.rounds):
                self.ground.push(f"1.{number + 1}.0", self.ground.cases)
                self.pushed += 1
                for _ in range(self.kills):
                    await self._kill_one()
                for _ in range(self.pauses):
                    await self._pause_one()
            await self.ground.until("every release has ended", self._unended)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await self._look()

    async def _unended(self) -> Sequence[str]:
        there = {each.id for each in await self.ground.database.releases()}
        return [*(self._expected() - there), *await self.ground.unended()]

    def _expected(self) -> set[str]:
        return {f"{case.name}-{n + 1}" for case in self.ground.cases for n in range(self.pushed)}

    async def _in_a_step(self) -> Slot:
        """Somebody who executes a step just now, if there is anything to execute."""
        slot = self.ground.slots[self.chance.choice(sorted(self.ground.slots))]
        await self.ground.until(f"{slot.name} executes steps", lambda: self._idle(slot.worker))
        return slot

    async def _pause_one(self) -> None:
        """Freeze somebody until others have its steps, and let it say what became of them."""
        slot = await self._frozen()
        try:
            await self.ground.until(
                f"{slot.name}, frozen, has lost its steps", lambda: self._held_by(slot.worker)
            )
        finally:
            slot.wake()

    async def _frozen(self) -> Slot:
        """Somebody who is frozen in a step; one that has just ended it does not count."""
        while True:
            slot = await self._in_a_step()
            slot.pause()
            if (held := await self._held_by(slot.worker)) or not await self._unended():
                self.frozen |= set(held)
                return slot
            slot.wake()

    async def _kill_one(self) -> None:
        slot = await self._in_a_step()
        await asyncio.sleep(self.chance.uniform(0, 1.0))
        tree = self.chance.random() < 0.5
        await slot.kill(whole_tree=tree)
        self.ground.journal.note(f"killed {slot.name}{' and its processes' if tree else ''}")
        await asyncio.sleep(self.chance.uniform(0, 1.0))
        await slot.start()

    async def _idle(self, worker: str) -> Sequence[str]:
        """The worker, if it executes nothing though there is something to execute."""
        idle = not await self._held_by(worker) and await self._unended()
        return [worker] if idle else []

    async def _held_by(self, worker: str) -> Sequence[str]:
        """The steps that the worker has leases for, as they tell who they are."""
        rows = await self.ground.database.ask(
            """
            SELECT release.product || '/' || (step.inputs ->> 'step')
            FROM step JOIN run ON run.id = step.run JOIN release ON release.id = run.release
            WHERE step.worker = %(worker)s AND step.due_at IS NOT NULL
            """,
            {"worker": worker},
        )
        return [name for (name,) in rows]

    async def _watch(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(0.05)

    async def _look(self) -> None:
        """A step that was once seen to have succeeded stays so, for the same execution."""
        rows = await self.ground.database.ask(
            "SELECT run, id, attempt, ended_at FROM step"
            " WHERE kind = 'script' AND status = 'succeeded'"
        )
        now = {(str(run), step): (attempt, at) for run, step, attempt, at in rows}
        for leaf, end in self.succeeded.items():
            if now.get(leaf) != end:
                self.undone.add(f"{leaf} had succeeded: {end}; now it is {now.get(leaf)}")
        self.succeeded |= now


async def violations(rush: Rush) -> Sequence[str]:
    """In words; empty when all held."""
    of = rush.ground
    releases = {each.id: each for each in await of.database.releases()}
    rows = await of.database.ask(
        """
        SELECT run || '/' || step.id, step.status, step.attempt,
            array(SELECT attempt FROM interruption AS cut
                WHERE cut.run = step.run AND cut.step = step.id ORDER BY attempt)
        FROM step WHERE kind = 'script'
        """
    )
    return [
        *chaos_ground.ends(of, releases, rush.rounds),
        *rush.undone,
        *_executions(of, {leaf: (attempt, cut) for leaf, _, attempt, cut in rows}, rush.rounds),
        *chaos_ground.beside(of, rush.frozen),
        *chaos_ground.complaints(of),
    ]


def _executions(
    of: Ground, leaves: Mapping[str, tuple[int, Sequence[int]]], rounds: int
) -> Iterator[str]:
    """Each attempt was begun once at most; those before the last were cut short, and say so."""
    begun: dict[str, list[int]] = {}
    for _, execution in of.told():
        leaf, _, attempt = execution.rpartition("/")
        begun.setdefault(leaf, []).append(int(attempt))
    for leaf, (last, cut) in leaves.items():
        found = begun.get(leaf, [])
        if list(cut) != list(range(1, last)):
            yield f"{leaf} had {last} attempts, of which {cut} were cut short"
        if sorted(set(found)) != sorted(found) or not found or max(found) != last:
            yield f"{leaf} was begun as {found}, its last attempt is {last}"
    wanted = sum(sum(case.steps.values()) for case in of.cases) * rounds
    if len(leaves) != wanted or leaves.keys() != begun.keys():
        yield f"{len(begun)} steps were executed, {len(leaves)} are known, {wanted} were to be"
