"""The engine's part in the playbook's world: looks, claims and records, as the store keeps them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from playbook_outside import LEASE, ROUNDS
from playbook_runs import Runs
from towpath.domain import (
    actions,
    catalog,
    decide,
    events,
    evolution,
    facts,
    workflow,
)
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release, Trigger
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose


class Engine(Runs):
    """Looks at releases, acts, and records what happened."""

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
        self.modes.add(self.concurrency)
        return facts.Facts(
            concurrency=self.concurrency,
            rivals=self._rivals(name),
            stages=self._stages(),
            open_writes=self._open_writes(name),
            missing=self.missing,
            windows=self.windows,
            standings=self._standings(name),
            watched={p.environment: self._watched(name, p) for p in asked if not self._is_blind(p)},
            unseen={
                p.environment: Reason(Code.GIT_UNREACHABLE, "no answer")
                for p in asked
                if self._is_blind(p)
            },
            runs=self._runs_of(name),
            members=self._members(),
            refused=self.unrunnable,
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

    def _standings(self, name: str) -> dict[str, facts.Standing]:
        return {
            p.environment: self._standing(self[name], p.environment)
            for p in self[name].promotions
            if p.status is Status.SUCCEEDED
        }

    def _standing(self, of: Release, environment: str) -> facts.Standing:
        """What landed there since, newest first, down to what is not the release nor newer."""
        here, instead = None, ""
        for name, version in self.landings.get(environment, []):
            other = self[name]
            if other.line and other.line == of.line and other.n < of.n:
                continue
            if version != of.version and not (of.line and other.line == of.line):
                instead = name
                break
            here = self.landed_at[name, environment]
        healthy_since, sick = self.health.get(environment, (None, None))
        return facts.Standing(here, instead, healthy_since, sick)

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
        records = [a for a in todo if isinstance(a, actions.Record)]
        claims = [a for a in todo if isinstance(a, actions.StartCourse | actions.Claim)]
        rest = [a for a in todo if a not in records and a not in claims]
        for count, action in enumerate([*records, *claims, *rest]):
            if self.dies_after == count or not self._do(name, action):
                return False
        return self.dies_after is None

    def _do(self, name: str, action: actions.Action) -> bool:
        match action:
            case actions.Record(happened):
                self._record(name, happened)
            case actions.StartCourse():
                self._start_course(name)
            case actions.Claim(environment, over):
                self._claim(name, environment, over)
            case actions.Write():
                return self._write(name, action)
            case actions.Settle(environment):
                self._settle(name, environment)
            case actions.StartRuns():
                self._start_runs(name, action)
            case actions.StopRuns(runs):
                self._stop_runs(runs)
        return True

    def _record(self, name: str, happened: Sequence[events.Event]) -> None:
        if not happened:
            return
        before = self[name]
        happened, after = evolution.whole(before, happened, self.now)
        self.releases[name] = after
        self._hold_claims(before, after)
        self._note_who_is_to_be_told(after, happened)
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

    def _note_who_is_to_be_told(self, of: Release, happened: Iterable[events.Event]) -> None:
        """Of every end exactly one hook is to be told, whatever comes after it."""
        for event in happened:
            if isinstance(event, events.ReleaseEnded):
                self._is_to_be_told(of, "", event.status, of.attempt, of.hooks)
            elif isinstance(event, events.PromotionEnded):
                promotion = self.at(of.id, event.environment)
                self._is_to_be_told(
                    of, event.environment, event.status, promotion.attempt, promotion.hooks
                )

    def _is_to_be_told(
        self, of: Release, environment: str, ended: Status, attempt: int, hooks: catalog.Hooks
    ) -> None:
        match ended:
            case Status.SUCCEEDED if hooks.on_success:
                place = workflow.Place(of.id, environment, Purpose.ON_SUCCESS, attempt)
            case Status.FAILED | Status.ERROR | Status.TERMINATED if hooks.on_fail:
                place = workflow.Place(of.id, environment, Purpose.ON_FAIL, attempt)
            case _:
                return
        self.to_be_told.add(place)

    def check_all_are_told(self) -> None:
        """Every end was told, by a run or by the reason why there could be none."""
        ended = [
            (name, event.environment, event.purpose, event.attempt)
            for name, event in self.log
            if isinstance(event, events.HookReported) and event.status.ended
        ]
        for place in self.to_be_told:
            said = (place.release, place.environment, place.purpose, place.attempt)
            assert ended.count(said) == 1, place

    def _hold_claims(self, before: Release, after: Release) -> None:
        for old, new in zip(before.promotions, after.promotions, strict=True):
            place = self.place(new.environment)
            changed = (old.status, old.claim) != (new.status, new.claim)
            if old.claim and changed and place.holder == after.id:
                place.holder = after.id if new.claim else ""
                place.yields = new.status is Status.SUSPENDED

    def _mark_landed(self, of: Release, environment: str) -> None:
        self.landings.setdefault(environment, []).insert(0, (of.id, of.version))
        self.landed_at[of.id, environment] = self.now
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

    def _may_write(self, name: str, action: actions.Write) -> bool:
        environment = action.environment
        if action.before and self.now >= action.before:
            return False
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
