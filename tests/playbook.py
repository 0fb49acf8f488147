"""A world in memory in which releases are decided about: it plays the engine, git and deployer.

It does by the book what the store and the performer do (claims, landings, open writes), so that
tests of the rules read like a conversation: push, look, break, mend, let time pass, ask.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from towpath.domain import (
    actions,
    catalog,
    content,
    creation,
    decide,
    events,
    evolution,
    facts,
    policy,
    release,
    status,
    wishes,
    writing,
)
from towpath.domain.catalog import Concurrency, FlowStep, PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release, Role, Trigger
from towpath.domain.status import Status

PRODUCT = "checkout"
MAIN = f"{PRODUCT}/dev/main"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROUNDS = 200
LEASE = timedelta(seconds=10)
LOOKS_IN_A_WAIT = 40

STRAIGHT = (FlowStep("qa", ("dev",)), FlowStep("prod", ("qa",)))
DIAMOND = (
    FlowStep("qa", ("dev",)),
    FlowStep("perf", ("dev",)),
    FlowStep("prod", ("qa", "perf")),
)


@dataclass
class Branch:
    """What lies on a branch: whose content, and how often it changed."""

    version: str = "v0"
    writer: str = ""
    serial: int = 0
    by_hand: bool = False


@dataclass
class Attempt:
    """An announced write, and what truly became of it."""

    id: UUID
    release: str
    environment: str
    repository: str
    attempt: int
    base: int
    arrived: bool = False


@dataclass
class Place:
    """A stage as the store keeps it."""

    holder: str = ""
    yields: bool = False
    counter: int = 0
    begun: dict[str, int] = field(default_factory=dict)
    landed: dict[str, int] = field(default_factory=dict)


@dataclass
class World:
    """One product, its environments, and everything outside that can go wrong."""

    steps: tuple[FlowStep, ...] = STRAIGHT
    concurrency: Concurrency = Concurrency.SUPERSEDE
    settings: PolicySettings = PolicySettings()
    repositories: tuple[str, ...] = ("deploy",)
    timeout: timedelta = timedelta(hours=24)
    hooks: catalog.Hooks = catalog.Hooks()

    now: datetime = START
    releases: dict[str, Release] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    locks: list[facts.Lock] = field(default_factory=list)
    branches: dict[tuple[str, str], Branch] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    landings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    log: list[tuple[str, events.Event]] = field(default_factory=list)
    pushes: list[tuple[str, str, str]] = field(default_factory=list)
    alarms: dict[str, datetime] = field(default_factory=dict)
    missing: dict[str, Reason] = field(default_factory=dict)

    git: dict[str, list[str]] = field(default_factory=dict)
    """For each environment what happens to its next writes; the last one stays."""
    deployments: dict[str, tuple[Status, Status]] = field(default_factory=dict)
    """For each environment what the deployer says of sync and health; else both succeeded."""
    blind: set[str] = field(default_factory=set)
    meanwhile: Callable[[], None] | None = None
    """What happens between a push and the record of it."""
    pushing: str = ""
    """The release whose look is in the middle of a push."""
    _ids: int = 0

    # --- what exists -------------------------------------------------------------------------
    @property
    def environments(self) -> tuple[str, ...]:
        """The trigger environment and those behind it."""
        return ("dev", *(step.environment for step in self.steps))

    def config(self) -> catalog.Catalog:
        """The configuration in force."""
        anywhere = catalog.Policy("everywhere", 0, self.settings)
        return catalog.Catalog(
            products={PRODUCT: catalog.Product(PRODUCT, concurrency=self.concurrency)},
            environments={name: catalog.Environment(name) for name in self.environments},
            flows={"main": self._flow()},
            policies=(anywhere,),
        )

    def _flow(self) -> catalog.Flow:
        return catalog.Flow("main", "dev", self.steps, timeout=self.timeout, hooks=self.hooks)

    def place(self, environment: str) -> Place:
        """The stage of an environment."""
        return self.places.setdefault(environment, Place())

    def branch(self, environment: str, repository: str = "") -> Branch:
        """The branch that an environment's files are on."""
        key = (environment, repository or self.repositories[0])
        return self.branches.setdefault(key, Branch())

    def __getitem__(self, name: str) -> Release:
        return self.releases[name]

    def at(self, name: str, environment: str) -> Promotion:
        """The release's promotion in an environment."""
        found = self.releases[name].promotion(environment)
        assert found is not None
        return found

    # --- what people do ----------------------------------------------------------------------
    def push(self, *, look: bool = True) -> str:
        """A new head in the trigger environment: a release is made and goes as far as it can."""
        origin = self._origin(Trigger.HEAD, f"v{len(self.releases) + 1}")
        commit = release.TriggerCommit("deploy", "main", f"{origin.n:040x}", "a change", "ann")
        made = creation.along(self._flow(), origin, self.config(), MAIN, (commit,))
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
        """A person brings an environment back to what landed there with a release."""
        version = next(v for name, v in self.landings[environment] if name == to)
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
        around = facts.Facts(rivals=self._rivals(name), stages=self._stages())
        position = wishes.requeue(self[name], around)
        wished = wishes.retry(self[name], around, self._renewed(), position, environment)
        self._record(name, wished)
        if look:
            self.run()

    def _renewed(self) -> dict[str, wishes.Renewed]:
        resolved = {
            step.environment: policy.resolve(self.config(), PRODUCT, step.environment, step)
            for step in self.steps
        }
        return {name: wishes.Renewed(found.settings, {}) for name, found in resolved.items()}

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

    def change_by_hand(self, environment: str) -> None:
        """A person commits something else to an environment."""
        branch = self.branch(environment)
        branch.version, branch.writer, branch.by_hand = f"hand{branch.serial}", "", True
        branch.serial += 1
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
        self.blind, self.meanwhile = set(), None
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

    # --- the engine's part -------------------------------------------------------------------
    def run(self) -> None:
        """Look at every release that can change, until none does."""
        for _ in range(ROUNDS):
            before = len(self.log)
            for name in list(self.releases):
                self.look(name)
            if len(self.log) == before:
                self.check_at_rest()
                return
        raise AssertionError(f"no end of it: {[e for _, e in self.log[-6:]]}")

    def look(self, name: str, rounds: int = ROUNDS) -> None:
        """One look at a release: decide and act, until there is nothing to do (or `rounds`)."""
        self.alarms.pop(name, None)
        before: Sequence[actions.Action] = ()
        for _ in range(rounds):
            if not self[name].open and self[name].ended_at:
                return
            known = self.known(name)
            found = decide.decide(self[name], known, self.now)
            assert found == decide.decide(self[name], known, self.now)
            todo = [a for a in found if not isinstance(a, actions.LookAgain)]
            self._set_alarm(name, found, stuck=bool(todo) and todo == before)
            if not todo or todo == before:
                return
            if not self._perform(name, todo):
                self.alarms[name] = self.now + LEASE
                return
            before = todo
        if rounds == ROUNDS:
            raise AssertionError(f"{name} goes in a circle: {before}")

    def _set_alarm(self, name: str, found: Iterable[actions.Action], *, stuck: bool) -> None:
        times = [a.at for a in found if isinstance(a, actions.LookAgain)]
        if stuck:
            times = [self.now + timedelta(seconds=1)]
        if times:
            assert min(times) > self.now
            self.alarms[name] = min(times)

    def known(self, name: str) -> facts.Facts:
        """What a look at the release knows."""
        asked = decide.asks_deployer(self[name])
        return facts.Facts(
            concurrency=self.concurrency,
            rivals=self._rivals(name),
            stages=self._stages(),
            open_writes=self._open_writes(name),
            missing=self.missing,
            watched={p.environment: self._watched(name, p) for p in asked if not self._is_blind(p)},
            unseen={
                p.environment: Reason(Code.GIT_UNREACHABLE, "no answer")
                for p in asked
                if self._is_blind(p)
            },
        )

    def _is_blind(self, promotion: Promotion) -> bool:
        return promotion.environment in self.blind

    def _rivals(self, name: str) -> tuple[facts.Rival, ...]:
        others = (r for r in self.releases.values() if r.id != name and not r.ended)
        return tuple(facts.as_rival(other) for other in others)

    def _stages(self) -> dict[str, facts.Stage]:
        return {
            name: facts.Stage(
                place.holder,
                place.yields,
                place.counter,
                dict(place.begun),
                dict(place.landed),
                tuple(x for x in self.locks if x.environment == name),
            )
            for name in self.environments
            for place in [self.place(name)]
        }

    def _open_writes(self, name: str) -> dict[str, tuple[facts.OpenWrite, ...]]:
        found: dict[str, tuple[facts.OpenWrite, ...]] = {}
        for a in self.attempts:
            if a.release == name:
                write = facts.OpenWrite(a.id, a.repository, "main", str(a.base), a.attempt)
                found[a.environment] = (*found.get(a.environment, ()), write)
        return found

    def _watched(self, name: str, promotion: Promotion) -> facts.Watched:
        sync, health = self.deployments.get(
            promotion.environment, (Status.SUCCEEDED, Status.SUCCEEDED)
        )
        overwritten = None
        if any(
            self.branch(promotion.environment, repository).version != self[name].version
            for repository in self.repositories
        ):
            overwritten = Reason(Code.OVERWRITTEN, "something else lies there now")
        return facts.Watched(
            sync,
            health,
            Reason(Code.SYNC_PENDING, f"sync {sync}"),
            Reason(Code.HEALTH_PROGRESSING, f"health {health}"),
            overwritten,
        )

    def _perform(self, name: str, todo: Sequence[actions.Action]) -> bool:
        """Do it all; False when the worker died on the way."""
        self._record(
            name,
            [e for action in todo if isinstance(action, actions.Record) for e in action.events],
        )
        for action in todo:
            match action:
                case actions.StartCourse():
                    self._start_course(name)
                case actions.Claim(environment, over):
                    self._claim(name, environment, over)
        for action in todo:
            match action:
                case actions.Write(environment):
                    if not self._write(name, environment):
                        return False
                case actions.Settle(environment):
                    self._settle(name, environment)
        return True

    def _record(self, name: str, happened: Sequence[events.Event]) -> None:
        before = self[name]
        after = evolution.evolve(before, happened, self.now)
        self.releases[name] = after
        self._hold_claims(before, after)
        for event in happened:
            self.log.append((name, event))
            if isinstance(event, events.CommitLanded):
                self.attempts = [a for a in self.attempts if a.id != event.write_id]
                self._mark_landed(after, event.environment)
            elif isinstance(event, events.EnvironmentLocked):
                lock = facts.Lock(
                    event.product,
                    event.environment,
                    event.reason,
                    after.initiator,
                    self.now,
                    event.until,
                    event.by_rollback,
                )
                self._put_lock(lock)

    def _hold_claims(self, before: Release, after: Release) -> None:
        for old, new in zip(before.promotions, after.promotions, strict=True):
            place = self.place(new.environment)
            changed = (old.status, old.claim) != (new.status, new.claim)
            if old.claim and changed and place.holder == after.id:
                place.holder = after.id if new.claim else ""
                place.yields = new.status is Status.SUSPENDED

    def _mark_landed(self, of: Release, environment: str) -> None:
        self.landings.setdefault(environment, []).insert(0, (of.id, of.version))
        if of.line:
            landed = self.place(environment).landed
            landed[of.line] = max(of.n, landed.get(of.line, 0))

    def _start_course(self, name: str) -> None:
        if not any(out.id != name for out in self._out_of_queue()):
            self._record(name, [events.ReleaseStarted()])

    def _out_of_queue(self) -> Iterator[Release]:
        for each in self.releases.values():
            queues = each.queue_position is not None and not each.ended
            if queues and each.course.status is not Status.QUEUED:
                yield each

    def _claim(self, name: str, environment: str, over: str) -> None:
        mine, place = self[name], self.place(environment)
        promotion = self.at(name, environment)
        if not (place.holder in ("", name) or (place.yields and place.holder == over)):
            return
        landed, begun = place.landed.get(mine.line, 0), place.begun.get(mine.line, 0)
        if mine.line and (landed > mine.n or begun > max(mine.n, promotion.newer_tried)):
            return
        place.holder, place.yields, place.counter = name, False, place.counter + 1
        if mine.line:
            place.begun[mine.line] = max(mine.n, begun)
        self._record(name, decide.begin(promotion, place.counter))

    def _may_write(self, name: str, environment: str) -> bool:
        place, promotion = self.place(environment), self.at(name, environment)
        if (place.holder, place.counter) != (name, promotion.claim):
            return False
        rollback = self[name].trigger is Trigger.ROLLBACK
        locked = any(
            x.environment == environment
            and (x.until is None or x.until > self.now)
            and not (x.by_rollback and rollback)
            for x in self.locks
        )
        return not locked and self[name].course.status is not Status.TERMINATING

    # --- git's part --------------------------------------------------------------------------
    def _write(self, name: str, environment: str) -> bool:
        seen, promotion = self[name], self.at(name, environment)
        outcomes: list[writing.Outcome] = []
        for repository in self.repositories:
            script = self._next(environment)
            outcome = self._deliver(name, promotion, repository, script)
            if self.meanwhile and not self.pushing:
                happen, self.meanwhile, self.pushing = self.meanwhile, None, name
                happen()
                self.pushing = ""
            if outcome is None:
                return False
            outcomes.append(outcome)
        self._record(name, writing.happened(seen, promotion, outcomes, self.now))
        return True

    def _next(self, environment: str) -> str:
        script = self.git.get(environment, [])
        return (script.pop(0) if len(script) > 1 else script[0]) if script else "ok"

    def _deliver(
        self, name: str, promotion: Promotion, repository: str, script: str
    ) -> writing.Outcome | None:
        place, branch = (repository, "main"), self.branch(promotion.environment, repository)
        if script == "down":
            return writing.Unanswered(*place, Reason(Code.GIT_UNREACHABLE, "no answer"))
        mine = [a for a in self._mine(name, promotion.environment) if a.repository == repository]
        if found := next((a for a in mine if a.arrived), None):
            self._forget(mine)
            commit = f"{found.id.int:040x}"
            return writing.Landed(*place, commit, ("api",), write_id=found.id)
        if branch.version == self[name].version:
            self._forget(mine)
            return writing.Landed(*place, f"{branch.serial:040x}", ("api",), changed=False)
        drift = Reason(Code.CHANGED_BY_HAND, "changed by hand") if branch.by_hand else None
        hold = promotion.settings.on_drift is catalog.OnDrift.HOLD
        if drift and hold and not promotion.drift_accepted:
            return writing.HeldBack(*place, drift)
        if not self._may_write(name, promotion.environment):
            self._forget(mine)
            return writing.Withdrawn(*place)
        return self._push(name, promotion, repository, script, drift)

    def _push(
        self,
        name: str,
        promotion: Promotion,
        repository: str,
        script: str,
        drift: Reason | None,
    ) -> writing.Outcome | None:
        place, environment = (repository, "main"), promotion.environment
        attempt = self._announce(name, promotion, repository)
        if script.startswith("refuse"):
            self._forget([attempt])
            code = Code.VALUE_MISSING if script == "refuse value" else Code.PUSH_REJECTED
            return writing.Refused(*place, Reason(code, "no"))
        if script in ("lost", "died before"):
            return None if script == "died before" else self._unanswered(place)
        self._arrive(attempt)
        if script in ("arrived unheard", "died after"):
            return None if script == "died after" else self._unanswered(place)
        assert self.branch(environment, repository).writer == name
        self._forget([attempt])
        commit = f"{attempt.id.int:040x}"
        return writing.Landed(*place, commit, ("api",), write_id=attempt.id, drift=drift)

    def _unanswered(self, place: tuple[str, str]) -> writing.Outcome:
        return writing.Unanswered(*place, Reason(Code.GIT_UNREACHABLE, "no answer"))

    def _announce(self, name: str, promotion: Promotion, repository: str) -> Attempt:
        base = self.branch(promotion.environment, repository).serial
        for each in self._mine(name, promotion.environment):
            if (each.repository, each.attempt) == (repository, promotion.attempt):
                each.base = base
                return each
        self._ids += 1
        made = Attempt(
            UUID(int=self._ids), name, promotion.environment, repository, promotion.attempt, base
        )
        self.attempts.append(made)
        return made

    def _mine(self, name: str, environment: str) -> list[Attempt]:
        return [a for a in self.attempts if (a.release, a.environment) == (name, environment)]

    def _forget(self, settled: Iterable[Attempt]) -> None:
        ids = {a.id for a in settled}
        self.attempts = [a for a in self.attempts if a.id not in ids]

    def _arrive(self, attempt: Attempt) -> None:
        attempt.arrived = True
        version = self[attempt.release].version
        self._put(attempt.environment, attempt.repository, version, attempt.release)

    def _put(self, environment: str, repository: str, version: str, writer: str) -> None:
        """Content comes to a branch: it must not be older than what its line brought there."""
        mine = self.releases.get(writer)
        if mine and mine.line:
            newest = max((self[r].n for r in self._line_pushed(environment)), default=0)
            assert mine.n >= newest, f"{writer} goes to {environment} after {newest}"
        branch = self.branch(environment, repository)
        branch.version, branch.writer, branch.by_hand = version, writer, False
        branch.serial += 1
        self.pushes.append((writer, environment, repository))

    def _line_pushed(self, environment: str) -> Iterator[str]:
        for name, where, _ in self.pushes:
            if where == environment and name in self.releases and self[name].line:
                yield name

    def _settle(self, name: str, environment: str) -> None:
        if self.git.get(environment, ["ok"])[0] == "down":
            return
        for attempt in self._mine(name, environment):
            self._forget([attempt])
            if attempt.arrived:
                commit = f"{attempt.id.int:040x}"
                event = events.CommitLanded(
                    attempt.repository,
                    "main",
                    commit,
                    ("api",),
                    write_id=attempt.id,
                    environment=environment,
                )
                self._record(name, [event])

    # --- what must always be true ------------------------------------------------------------
    def check(self) -> None:
        """What must be true at any moment."""
        for each in self.releases.values():
            parts = [phase.status for p in each.promotions for phase in p.phases]
            assert each.status is status.aggregate([each.course.status, *parts])
            assert each.open or each.ended
            if each.ended:
                assert not any(p.status.acting for p in each.promotions)
            for promotion in each.promotions:
                if promotion.status.ended:
                    assert not promotion.claim, (each.id, promotion)
        for attempt in self.attempts:
            promotion = self.at(attempt.release, attempt.environment)
            assert not promotion.status.ended or _is_given_up(promotion), attempt
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
            if not each.ended:
                assert self.alarms.get(each.id) or self._held_by_somebody(each), self.tell(each.id)
            for promotion in each.promotions:
                if promotion.claim:
                    assert self._acts(each, promotion.environment), self.tell(each.id)

    def _held_by_somebody(self, each: Release) -> bool:
        """Whether another release, or a person, is what it waits for."""
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


_BY_PEOPLE = frozenset({Code.ENVIRONMENT_LOCKED, Code.CHANGED_BY_HAND})
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
