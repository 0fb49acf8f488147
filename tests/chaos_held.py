"""A server that is killed while products stay in a step or before a gate, and what is true after.

Everybody comes to its state and stays there: then the server is killed, a new one takes over, and
only when it has, steps and gates are let go. Observed are the database, and what steps told.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import chaos_cases
import chaos_ground
from chaos_cases import NEXT, TRIGGER, Case
from chaos_ground import Ground
from towpath.domain.reasons import Code
from towpath.domain.release import Release


class End(Enum):
    """How the server ends."""

    ALONE = "alone, as for want of memory"
    WITH_ALL_IT_STARTED = "with all that it had started"
    IN_GOOD_ORDER = "in good order, as for a new version"


@dataclass
class Held:
    """One server at a time, and products that wait for the test."""

    ground: Ground
    kills: int = 0

    @property
    def cases(self) -> Sequence[Case]:
        return self.ground.cases

    async def come_to_their_states(self) -> None:
        """Until every product is where it is to be caught, those that time moves on last."""
        await self.ground.say("products/locked/environments/qa/lock", reason="fair")
        first = [case for case in self.cases if not case.on_the_clock]
        later = [case for case in self.cases if case.on_the_clock or case.releases > 1]
        self.ground.push("1.1.0", first)
        await self.ground.until("each is in its step", lambda: self._all(first, self._is_begun))
        await self.ground.say("releases/approved-1/environments/qa/approve", comment="as I see it")
        for case in self.cases:
            if case.ending:
                await self.ground.say(f"releases/{case.name}-1/terminate")
        self.ground.push("1.2.0", later)
        await self.ground.until(
            "each is where it is to be caught", lambda: self._all(self.cases, self._is_there)
        )

    async def let_go(self) -> None:
        """Do what gates and suspended steps wait for, and let the steps end."""
        await self.ground.say(
            "releases/approved-1/environments/qa/approve", "ben", comment="me too"
        )
        await self.ground.say("products/locked/environments/qa/unlock")
        self.ground.open_window()
        for run, step in await self.ground.database.ask(
            "SELECT run, id FROM step"
            " WHERE kind = 'suspend' AND status = 'suspended' AND until IS NULL"
        ):
            await self.ground.say(f"runs/{run}/steps/{step}/resume", outputs={"answer": "yes"})
        self.ground.let_go()
        await self.ground.until("every release has ended", self.ground.unended)

    # --- what befalls the server -------------------------------------------------------------
    async def end(self, how: End) -> None:
        """End it, start a new one, and wait until that has taken over what was executed."""
        if how is End.IN_GOOD_ORDER:
            await self.ground.server.stop()
        else:
            await self.ground.server.kill(whole_tree=how is End.WITH_ALL_IT_STARTED)
        self.kills += 1
        self.ground.journal.note(f"ended {how.value}")
        await self.ground.server.start()
        held = [case for case in self.cases if case.held]
        await self.ground.until(
            "what was cut short is begun again", lambda: self._all(held, self._is_begun)
        )

    # --- what is seen ------------------------------------------------------------------------
    async def _all(
        self, cases: Sequence[Case], so: Callable[[Case, "Seen"], bool]
    ) -> Sequence[str]:
        seen = await self.seen()
        return [case.name for case in cases if not so(case, seen)]

    def _is_begun(self, case: Case, seen: "Seen") -> bool:
        """Whether what is to be cut short is executed, for the time after the last kill."""
        if case.ending:
            return seen.told[f"{case.name}/{case.ending}"] > 0
        return all(
            seen.told[f"{case.name}/{step}"] >= self.first_time(case, step) + self.kills
            for step in case.held
        )

    def first_time(self, case: Case, step: str) -> int:
        """How often the step has been begun when the test catches it first."""
        return case.steps[step] - (case.releases - 1)

    def _is_there(self, case: Case, seen: "Seen") -> bool:
        """Whether it is where it is to be caught."""
        begun = self._is_begun(case, seen)
        if case.gate:
            return begun and case.gate in seen.codes(f"{case.name}-{case.releases}")
        if case.ending:
            return f"{case.name}/{case.ending}" in seen.ending
        if case.suspended:
            return f"{case.name}/{case.suspended}" in seen.suspended
        return begun and (not case.on_the_clock or case.name in seen.backing_off)

    async def seen(self) -> "Seen":
        """What is the case now."""
        still = await self.ground.database.ask(
            """
            SELECT release.product || '/' || step.name, step.kind FROM step
            JOIN run ON run.id = step.run JOIN release ON release.id = run.release
            WHERE (step.kind = 'suspend' AND step.status = 'suspended')
               OR (step.kind = 'retry' AND step.until > now())
               OR (step.stop AND step.ended_at IS NULL)
            """
        )
        return Seen(
            Counter(name for name, _ in self.ground.told()),
            {name for name, kind in still if kind == "suspend"},
            {name for name, kind in still if kind in ("script", "container")},
            {name.partition("/")[0] for name, kind in still if kind == "retry"},
            {each.id: each for each in await self.ground.database.releases()},
        )


@dataclass(frozen=True)
class Seen:
    """What steps have told, and what the database knows."""

    told: Mapping[str, int]
    suspended: set[str]
    ending: set[str]
    backing_off: set[str]
    releases: Mapping[str, Release]

    def codes(self, release: str) -> set[Code]:
        """Why the release and its promotions are as they are."""
        found = self.releases.get(release)
        reasons = [found.reason, *(p.reason for p in found.promotions)] if found else []
        return {reason.code for reason in reasons if reason}


# --- what must be true in the end ----------------------------------------------------------------
async def violations(held: Held) -> Sequence[str]:
    """In words; empty when all held."""
    seen = await held.seen()
    return [
        *chaos_ground.ends(held.ground, seen.releases),
        *_counts(held, seen),
        *chaos_ground.beside(held.ground),
        *await _interruptions(held),
        *_approvals(seen),
        *_soaked(seen),
        *chaos_ground.complaints(held.ground),
    ]


def _counts(held: Held, seen: Seen) -> Iterator[str]:
    for case in held.cases:
        for step, times in case.steps.items():
            wanted = times + (held.kills if step in case.held else 0)
            found = seen.told[f"{case.name}/{step}"]
            if found != wanted:
                yield f"{case.name}/{step} was executed {found} times, and not {wanted}"
    known = {f"{case.name}/{step}" for case in held.cases for step in case.steps}
    yield from (f"{name} was executed" for name in seen.told.keys() - known)


async def _interruptions(held: Held) -> Sequence[str]:
    """What was cut short is shown so, and nothing else is."""
    rows = await held.ground.database.ask(
        """
        SELECT release.product || '/' || coalesce(step.inputs ->> 'step', step.name),
            step.attempt, array_agg(interruption.attempt ORDER BY interruption.attempt)
                FILTER (WHERE interruption.attempt IS NOT NULL)
        FROM step JOIN run ON run.id = step.run JOIN release ON release.id = run.release
        LEFT JOIN interruption ON interruption.run = run.id AND interruption.step = step.id
        WHERE step.kind IN ('script', 'container', 'http') GROUP BY 1, 2, run.id, step.id
        """
    )
    cut = {f"{case.name}/{step}" for case in held.cases for step in case.held}
    found = Counter(name for name, _, attempts in rows if attempts)
    wrong = [
        f"{name} has had {attempt} attempts, of which {attempts} were cut short"
        for name, attempt, attempts in rows
        if (attempts or []) != list(range(1, attempt)) or (attempts and attempt != held.kills + 1)
    ]
    return [*wrong, *(f"{name}: {found[name]} were cut short" for name in cut ^ found.keys())]


def _approvals(seen: Seen) -> Iterator[str]:
    promotion = seen.releases["approved-1"].promotion(NEXT)
    given = [(each.by, each.comment) for each in promotion.approvals] if promotion else []
    if given != [("ada", "as I see it"), ("ben", "me too")]:
        yield f"the approvals are {given}"


def _soaked(seen: Seen) -> Iterator[str]:
    release = seen.releases["soaked-1"]
    before, after = release.promotion(TRIGGER), release.promotion(NEXT)
    if not (before and before.ended_at and after and after.ended_at):
        yield "soaked-1 has not ended"
    elif (after.ended_at - before.ended_at).total_seconds() < chaos_cases.CLOCK_S:
        yield f"soaked-1 came to {NEXT} before it had soaked"
