"""A world in memory in which releases are decided about: it plays the engine, git and deployer.

It does by the book what the store and the performer do (claims, landings, open writes), so that
tests of the rules read like a conversation: push, look, break, mend, let time pass, ask.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from playbook_engine import Engine
from playbook_outside import (
    DIAMOND,
    FOUND,
    LOOKS_IN_A_WAIT,
    MAIN,
    PRODUCT,
    START,
    STRAIGHT,
    Attempt,
)
from towpath.domain import (
    approvals,
    content,
    creation,
    events,
    facts,
    release,
    skipping,
    status,
    wishes,
)
from towpath.domain.catalog import PolicySettings
from towpath.domain.reasons import Code
from towpath.domain.release import Promotion, Release, Role, Trigger
from towpath.domain.status import Status

__all__ = ["DIAMOND", "MAIN", "PRODUCT", "START", "STRAIGHT", "World", "with_retries"]


class World(Engine):
    """What people do, what time does, and what one asks."""

    # --- what people do ----------------------------------------------------------------------
    def push(self, line: str = MAIN, *, look: bool = True) -> str:
        """A new head in the trigger environment: a release is made and goes as far as it can."""
        origin = self._origin(Trigger.HEAD, f"v{len(self.releases) + 1}")
        sha = f"c0de{origin.n:036x}"
        commit = release.TriggerCommit("deploy", "main", sha, "a change", "ann")
        made = creation.along(self._flow(), origin, self.config(), line, (commit,))
        for repository in self.repositories:
            self._put("dev", repository, origin.content["api"].version, made.id)
        self._mark_landed(made, "dev")
        return self._add(made, look=look)

    def revise(self, *, deployed: bool, look: bool = True) -> str:
        """A person releases a revision, which is or is not what the trigger environment holds."""
        version = self.branch("dev").version if deployed else f"rev{len(self.releases) + 1}"
        origin = self._origin(Trigger.REVISION, version)
        commit = release.TriggerCommit("deploy", "main", f"{origin.n:040x}")
        made = creation.along(self._flow(), origin, self.config(), "", (commit,))
        return self._add(made if deployed else creation.not_deployed(made, "1234567"), look=look)

    def promote(self, source: str, target: str, *, look: bool = True) -> str:
        """A person brings what is in one environment to another."""
        origin = self._origin(Trigger.MANUAL, self.branch(source).version)
        return self._add(creation.by_hand(origin, self.config(), source, target), look=look)

    def roll_back(self, environment: str, to: str, *, lock: bool = True, look: bool = True) -> str:
        """A person brings an environment back to what landed with a release, or was found."""
        landed = [v for name, v in self.landings.get(environment, []) if name == to]
        version = landed[0] if landed else FOUND
        origin = self._origin(Trigger.ROLLBACK, version)
        made = creation.back(origin, self.config(), environment, to, lock=lock)
        return self._add(made, look=look)

    def _origin(self, trigger: Trigger, version: str) -> creation.Origin:
        carried = {"api": content.ComponentContent((), version)}
        n = len(self.releases) + 1
        return creation.Origin(PRODUCT, n, trigger, "ann", self.now, carried)

    def _add(self, made: Release, *, look: bool) -> str:
        self.releases[made.id] = made
        if look:
            self.run()
        return made.id

    def terminate(self, name: str) -> None:
        """A person stops a release."""
        self._record(name, wishes.terminate(self[name], "ann"))
        self.run()

    def retry(self, name: str, environment: str = "", *, look: bool = True) -> None:
        """A person asks to go on, with the settings in force now."""
        around, renewed = self._around(name), creation.renewed(self[name], self.config())
        position = wishes.requeue(self[name], around)
        hooks = creation.renewed_hooks(self[name], self.config())
        wished = wishes.retry(self[name], around, renewed, position, environment, hooks)
        self._record(name, wished)
        if look:
            self.run()

    def approve(self, name: str, environment: str, who: str = "bob", *, look: bool = True) -> None:
        """A person agrees; teams are those the world knows."""
        person = approvals.Person(who, frozenset(self.teams.get(who, ())))
        wrote = self.authors(name, environment)
        self._record(name, approvals.approve(self[name], environment, person, wrote))
        if look:
            self.run()

    def reject(self, name: str, environment: str, who: str = "bob", *, look: bool = True) -> None:
        """A person says no."""
        person = approvals.Person(who, frozenset(self.teams.get(who, ())))
        self._record(name, approvals.reject(self[name], environment, person))
        if look:
            self.run()

    def authors(self, name: str, environment: str) -> frozenset[str]:
        """Who wrote what the release brings there, with those it carries on."""
        mine = self[name]
        landed = self.place(environment).landed.get(mine.line, 0)
        carried = [r for r in self.releases.values() if r.line == mine.line and mine.line]
        carried = [r for r in carried if landed < r.n <= mine.n]
        return frozenset[str]().union(*(approvals.authors(r) for r in [mine, *carried]))

    def skip(self, name: str, environment: str, *, look: bool = True) -> None:
        """A person has an environment passed by."""
        around = self._around(name)
        position = wishes.requeue(self[name], around)
        self._record(name, skipping.skip(self[name], environment, around, position, "ann"))
        if look:
            self.run()

    def _around(self, name: str) -> facts.Facts:
        return facts.Facts(
            rivals=self._rivals(name),
            stages=self._stages(),
            open_writes=self._open_writes(name),
        )

    def lock(self, environment: str, minutes: float | None = None, product: str = PRODUCT) -> None:
        """A person locks the product in an environment, or (no product) all of it."""
        until = self.now + timedelta(minutes=minutes) if minutes else None
        self._put_lock(facts.Lock(product, environment, "freeze", "bob", self.now, until))
        self.run()

    def unlock(self, environment: str, product: str = PRODUCT, *, look: bool = True) -> None:
        """A person takes a lock off."""
        self.locks = [x for x in self.locks if (x.product, x.environment) != (product, environment)]
        if look:
            self.run()

    def _put_lock(self, lock: facts.Lock) -> None:
        self.unlock(lock.environment, lock.product, look=False)
        self.locks.append(lock)

    def change_by_hand(
        self, environment: str, to: str = "", repository: str = "", *, look: bool = True
    ) -> None:
        """A stranger commits something else to an environment, or what a release carries."""
        branch = self.branch(environment, repository)
        branch.version, branch.writer, branch.by_hand = to or f"hand{branch.serial}", "", True
        branch.serial += 1
        if look:
            self.run()

    def stop_run(self, run: UUID, *, look: bool = True) -> None:
        """A person stops a run of a workflow."""
        self._stop_runs((run,))
        if look:
            self.run()

    # --- what happens outside ----------------------------------------------------------------
    def arrive_late(self, attempt: Attempt) -> None:
        """A push whose answer was lost arrives, if the branch is still what it was built on."""
        branch = self.branch(attempt.environment, attempt.repository)
        if branch.serial == attempt.base and not attempt.arrived:
            self._arrive(attempt)

    def heal(self) -> None:
        """All that is wrong outside is mended, and all locks are off."""
        self.git, self.deployments, self.missing, self.locks = {}, {}, {}, []
        self.blind, self.meanwhile, self.windows, self.health = set(), None, {}, {}
        self.workflows, self.unrunnable, self.deaf, self.dies_after = {}, {}, False, None
        for run in self.runs.values():
            self.come(run.template, Status.SUCCEEDED)
        self.run()

    def wait(self, **time: float) -> None:
        """Time passes; looks happen when they are due, but not for ever: workers have pauses."""
        end = self.now + timedelta(**time)
        for _ in range(LOOKS_IN_A_WAIT):
            due = min(self.alarms.values(), default=end)
            if due >= end:
                break
            self.now = max(self.now, due)
            self.run()
        self.now = end
        self.run()

    # --- what must always be true ------------------------------------------------------------
    def check(self) -> None:
        """What must be true at any moment."""
        for each in self.releases.values():
            parts = [phase.status for p in each.promotions for phase in p.phases]
            parts += [each.on_start.status] if each.on_start else []
            assert each.status is status.aggregate([each.course.status, *parts])
            assert each.open or each.ended
            if each.ended:
                assert not any(p.status.acting for p in each.promotions)
            for promotion in each.promotions:
                if promotion.over:
                    assert not promotion.claim, (each.id, promotion)
        self.check_runs(self.releases)
        for attempt in self.attempts:
            promotion = self.at(attempt.release, attempt.environment)
            assert not promotion.status.ended or _is_given_up(promotion), attempt
        if len(self.modes) <= 1:  # while there is no queue, all are out of it
            assert len(list(self._out_of_queue())) <= 1
        for environment, place in self.places.items():
            acting = [r.id for r in self.releases.values() if self._acts(r, environment)]
            assert len(acting) <= 1, acting
            assert not place.holder or acting == [place.holder], (environment, place, acting)

    def _acts(self, each: Release, environment: str) -> bool:
        promotion, place = each.promotion(environment), self.place(environment)
        return bool(promotion and promotion.claim) and (
            (place.holder, place.counter) == (each.id, promotion.claim if promotion else 0)
        )

    def check_at_rest(self) -> None:
        """What must be true when nobody has anything to do now."""
        self.check()
        for each in self.releases.values():
            assert each.ended == (each.ended_at is not None), self.tell(each.id)
            if not each.ended and not self._waits_for_runs(each):
                assert self.alarms.get(each.id) or self._held_by_somebody(each), self.tell(each.id)
            for promotion in each.promotions:
                # Who was taken over from keeps its claim's number until its workflows have ended.
                if promotion.claim and promotion.status is not Status.TERMINATING:
                    assert self._acts(each, promotion.environment), self.tell(each.id)

    def _waits_for_runs(self, each: Release) -> bool:
        """Whether a workflow of it is in flight: its end wakes the release."""
        return any(not run.status.ended for run in self._runs_of(each.id))

    def _held_by_somebody(self, each: Release) -> bool:
        """Whether another release, or a person, is what it waits for.

        A soak or window without a known end waits for a landing, a deployer, or who configures it.
        """
        reasons = [each.course.reason, *(p.reason for p in each.promotions)]
        return any(
            reason is not None and reason.code in (_BY_OTHERS if self._others(each) else _BY_PEOPLE)
            for reason in reasons
        )

    def _others(self, each: Release) -> bool:
        return any(not r.ended for r in self.releases.values() if r.id != each.id)

    # --- asking ------------------------------------------------------------------------------
    def tell(self, name: str) -> str:
        """The release in one line: its status, and each environment's with its reason."""
        of = self[name]
        parts = [f"{p.environment} {_word(p)}" for p in of.promotions if p.role is not Role.SOURCE]
        return f"{of.status}: {', '.join(parts)}"

    def written(self, environment: str) -> list[str]:
        """Whose content came to the environment, one after the other."""
        return [name for name, where, _ in self.pushes if where == environment]

    def happened(self, name: str, kind: type[events.Event], environment: str = "") -> int:
        """How often that happened to the release (in an environment)."""
        return sum(
            isinstance(event, kind) and environment in ("", event.environment)
            for of, event in self.log
            if of == name
        )


_BY_PEOPLE = frozenset(
    {
        Code.ENVIRONMENT_LOCKED,
        Code.CHANGED_BY_HAND,
        Code.APPROVAL_NEEDED,
        Code.SOAKING,
        Code.WINDOW_CLOSED,
    }
)
_BY_OTHERS = _BY_PEOPLE | {Code.ENVIRONMENT_BUSY, Code.QUEUED_BEHIND_RELEASE}


def _is_given_up(promotion: Promotion) -> bool:
    """Whether it ended with a note that a push of it may still arrive."""
    reasons = (phase.reason for phase in promotion.phases)
    return any(reason is not None and "may_still_arrive" in reason.data for reason in reasons)


def _word(promotion: Promotion) -> str:
    reason = promotion.reason
    plain = promotion.status in (Status.SUCCEEDED, Status.WAITING) or reason is None
    if plain:
        phase = promotion.current
        in_phase = promotion.status is Status.RUNNING and phase is not None
        return f"{promotion.status} {phase.name}" if in_phase and phase else promotion.status.value
    assert reason is not None
    return f"{promotion.status} {reason.code}"


def with_retries(count: int) -> PolicySettings:
    """A policy that tries again after a refusal."""
    return replace(PolicySettings(), retries=count)
