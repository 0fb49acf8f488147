"""Any history of a product: nothing goes backwards, nothing is stuck, one acts at a time.

The machine does at random what people, strangers, git, deployers and workflows do, changes the
configuration, kills workers and sets the clock; the world checks its invariants at every step. At
the end every release can be stopped as things are; then everything is mended, and every release
must come to its end by itself, with every hook told of every end.

`TOWPATH_HISTORIES=5000` runs that many instead.
"""

import copy
import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import playbook
from towpath.domain import approvals, explaining, possible, wishes
from towpath.domain.catalog import (
    Approval,
    Concurrency,
    Hooks,
    OnDrift,
    PolicySettings,
    PromotionAction,
    Window,
)
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import GateKind, Release, Role
from towpath.domain.status import Status

NEXT = f"{playbook.PRODUCT}/dev/next"  # another branch's line through the same environments
DONE = (Status.SUCCEEDED, Status.SUPERSEDED, Status.SKIPPED)
FLOWS = {"straight": playbook.STRAIGHT, "diamond": playbook.DIAMOND}
ENVIRONMENTS = ("dev", "qa", "perf", "prod")
# Most is tried in one environment, so that releases meet there.
anywhere = st.sampled_from(("qa", "qa", "qa", "prod", "perf", "dev"))
written = st.sampled_from(("qa", "qa", "qa", "prod", "perf"))
SCRIPTS = (
    "ok",
    "down",
    "refuse",
    "refuse value",
    "lost",
    "arrived unheard",
    "died before",
    "died after",
)
DEPLOYED = (
    (Status.RUNNING, Status.RUNNING),
    (Status.SUSPENDED, Status.RUNNING),
    (Status.FAILED, Status.RUNNING),
    (Status.SUCCEEDED, Status.RUNNING),
    (Status.SUCCEEDED, Status.SUSPENDED),
    (Status.SUCCEEDED, Status.FAILED),
    (Status.RUNNING, Status.SUCCEEDED),
    (Status.SUCCEEDED, Status.SUCCEEDED),
)
WORKFLOWS = (
    PolicySettings(),
    PolicySettings(pre_action="check", post_action="smoke"),
    PolicySettings(PromotionAction.NONE, pre_action="check"),
)
RUNS = ("succeeded", "running", "pending", "suspended", "failed", "error", "succeeded")
workflow_names = st.sampled_from(("check", "smoke", "check", "smoke", "start", "good", "bad"))
scripts = st.lists(st.sampled_from(SCRIPTS), max_size=3)
PEOPLE = ("ann", "bob", "eve")  # ann writes everything
APPROVALS = (None, Approval(), Approval(required=2, exclude_author=True))
WINDOWS = (
    (),
    (Window("deny", "FREQ=HOURLY", timedelta(minutes=30)),),
    (Window("allow", "FREQ=HOURLY;BYMINUTE=10,40", timedelta(minutes=10)),),
)
LONGEST_UNTIL_MENDED = 400  # minutes after everything is mended: in a full queue, soaks add up


class Histories(RuleBasedStateMachine):
    """What can happen to a product, in any order."""

    set_back = 0.0
    """By how many seconds the clock was set back in all."""

    @initialize(
        concurrency=st.sampled_from(Concurrency),
        flow=st.sampled_from(sorted(FLOWS)),
        on_drift=st.sampled_from(OnDrift),
        retries=st.sampled_from([0, 2]),
        repositories=st.sampled_from([("deploy",), ("deploy", "other")]),
        approval=st.sampled_from(APPROVALS),
        soak=st.sampled_from([None, timedelta(minutes=5)]),
        windows=st.sampled_from(WINDOWS),
        workflows=st.sampled_from(WORKFLOWS),
        hooks=st.sampled_from((Hooks(), Hooks("start", "good", "bad"))),
        applications=st.sampled_from([("api",), ("api", "web")]),
    )
    def begin(
        self,
        concurrency: Concurrency,
        flow: str,
        on_drift: OnDrift,
        retries: int,
        repositories: tuple[str, ...],
        approval: Approval | None,
        soak: timedelta | None,
        windows: tuple[Window, ...],
        workflows: PolicySettings,
        hooks: Hooks,
        applications: tuple[str, ...],
    ) -> None:
        # Only some environments have gates, so that histories reach what is behind them.
        gated = PolicySettings(approval=approval, soak=soak)
        steps = (
            replace(step, settings=gated) if step.environment == "prod" else step
            for step in FLOWS[flow]
        )
        self.world = playbook.World(
            steps=tuple(replace(step, hooks=hooks) for step in steps),
            concurrency=concurrency,
            settings=replace(workflows, on_drift=on_drift, retries=retries),
            repositories=repositories,
            hooks=hooks,
            applications=applications,
            timeout=timedelta(hours=2),
            windows={"qa": windows} if windows else {},
        )

    # --- people --------------------------------------------------------------------------------
    @rule(
        count=st.integers(1, 3),
        line=st.sampled_from((*[playbook.MAIN] * 4, NEXT)),
        look=st.booleans(),
    )
    def push(self, count: int, line: str, look: bool) -> None:
        for _ in range(count):
            self.world.push(line, look=look)

    @rule(where=written, said=st.sampled_from(DEPLOYED), scripts=scripts)
    def push_into_trouble(
        self, where: str, said: tuple[Status, Status], scripts: list[str]
    ) -> None:
        self.git(where, scripts)
        self.deployment(where, said)
        self.world.push()
        self.world.push()

    @rule(where=anywhere)
    def mend(self, where: str) -> None:
        self.world.git.pop(where, None)
        self.world.deployments.pop(where, None)
        self.world.blind.discard(where)
        self.world.run()

    @precondition(lambda self: self.world.releases)
    @rule(deployed=st.booleans(), look=st.booleans())
    def revise(self, deployed: bool, look: bool) -> None:
        self.world.revise(deployed=deployed, look=look)

    @rule(source=anywhere, where=written, look=st.booleans())
    def promote(self, source: str, where: str, look: bool) -> None:
        if {source, where} <= set(self.world.environments) and source != where:
            self.world.promote(source, where, look=look)

    @rule(data=st.data(), where=anywhere, lock=st.booleans())
    def roll_back(self, data: st.DataObject, where: str, lock: bool) -> None:
        if where in self.world.environments:
            landed = [name for name, _ in self.world.landings.get(where, [])]
            to = data.draw(st.sampled_from(["what was found", *landed]))
            self.world.roll_back(where, to, lock=lock, look=data.draw(st.booleans()))

    @precondition(lambda self: self.world.releases)
    @rule(data=st.data())
    def terminate(self, data: st.DataObject) -> None:
        try:
            self.world.terminate(self._any(data).id)
        except wishes.Refused:
            return

    @precondition(lambda self: self.world.releases)
    @rule(data=st.data(), where=st.sampled_from(("", "", "qa", "dev")), look=st.booleans())
    def retry(self, data: st.DataObject, where: str, look: bool) -> None:
        failed = [r.id for r in self.world.releases.values() if r.status in wishes.RETRIED]
        name = data.draw(st.sampled_from(failed or sorted(self.world.releases)))
        try:
            self.world.retry(name, where, look=look)
        except wishes.Refused:
            return

    @precondition(lambda self: self._at_gates())
    @rule(data=st.data(), who=st.sampled_from(PEOPLE), look=st.booleans())
    def approve(self, data: st.DataObject, who: str, look: bool) -> None:
        name, where = data.draw(st.sampled_from(self._at_gates()))
        try:
            self.world.approve(name, where, who, look=look)
        except wishes.Refused:
            return

    @precondition(lambda self: self._at_gates())
    @rule(data=st.data(), who=st.sampled_from(PEOPLE), look=st.booleans())
    def reject(self, data: st.DataObject, who: str, look: bool) -> None:
        name, where = data.draw(st.sampled_from(self._at_gates()))
        try:
            self.world.reject(name, where, who, look=look)
        except wishes.Refused:
            return

    def _at_gates(self) -> list[tuple[str, str]]:
        return [
            (release.id, promotion.environment)
            for release in self.world.releases.values()
            for promotion in release.promotions
            if promotion.at_gates
        ]

    @precondition(lambda self: self.world.releases)
    @rule(data=st.data(), where=written, look=st.booleans())
    def skip(self, data: st.DataObject, where: str, look: bool) -> None:
        try:
            self.world.skip(self._any(data).id, where, look=look)
        except wishes.Refused:
            return

    @rule(windows=st.sampled_from(WINDOWS), where=written)
    def configure_windows(self, windows: tuple[Window, ...], where: str) -> None:
        self.world.windows[where] = windows
        self.world.run()

    @rule(
        where=written,
        minutes=st.sampled_from([None, 3, 300]),
        product=st.sampled_from(["", playbook.PRODUCT]),
    )
    def lock(self, where: str, minutes: float | None, product: str) -> None:
        self.world.lock(where, minutes, product)

    @precondition(lambda self: self.world.locks)
    @rule(data=st.data(), look=st.booleans())
    def unlock(self, data: st.DataObject, look: bool) -> None:
        lock = data.draw(st.sampled_from(self.world.locks))
        self.world.unlock(lock.environment, lock.product, look=look)

    @precondition(lambda self: any(not run.status.ended for run in self.world.runs.values()))
    @rule(data=st.data(), look=st.booleans())
    def stop_a_run(self, data: st.DataObject, look: bool) -> None:
        in_flight = sorted(run.id for run in self.world.runs.values() if not run.status.ended)
        self.world.stop_run(data.draw(st.sampled_from(in_flight)), look=look)

    # --- the configuration ---------------------------------------------------------------------
    @rule(
        concurrency=st.sampled_from(Concurrency),
        workflows=st.sampled_from(WORKFLOWS),
        retries=st.sampled_from([0, 2]),
    )
    def configure(self, concurrency: Concurrency, workflows: PolicySettings, retries: int) -> None:
        self.world.concurrency = concurrency
        self.world.settings = replace(workflows, retries=retries)
        self.world.run()

    @rule(hooks=st.sampled_from((Hooks(), Hooks("start", "good", "bad"), Hooks(on_fail="bad"))))
    def configure_hooks(self, hooks: Hooks) -> None:
        self.world.hooks = hooks
        self.world.steps = tuple(replace(step, hooks=hooks) for step in self.world.steps)

    @rule(name=workflow_names)
    def a_workflow_is_taken_away_or_brought_back(self, name: str) -> None:
        gone = Reason(Code.STEP_ERROR, f"there is no workflow {name}")
        if self.world.unrunnable.pop(name, None) is None:
            self.world.unrunnable[name] = gone
        self.world.run()

    @rule(where=written)
    def its_applications_are_taken_away_or_brought_back(self, where: str) -> None:
        gone = Reason(Code.APPLICATION_MISSING, f"no application in {where}")
        if self.world.missing.pop(where, None) is None:
            self.world.missing[where] = gone
        self.world.run()

    # --- strangers -----------------------------------------------------------------------------
    @rule(data=st.data(), where=anywhere, look=st.booleans())
    def change_by_hand(self, data: st.DataObject, where: str, look: bool) -> None:
        known = ["", "", *(release.version for release in self.world.releases.values())]
        repository = data.draw(st.sampled_from(self.world.repositories))
        self.world.change_by_hand(where, data.draw(st.sampled_from(known)), repository, look=look)

    @precondition(lambda self: self.world.releases)
    @rule(where=anywhere)
    def somebody_pushes_during_a_push(self, where: str) -> None:
        self.world.meanwhile = lambda: self.world.change_by_hand(where, look=False)

    # --- the outside ---------------------------------------------------------------------------
    @rule(where=written, scripts=scripts)
    def git(self, where: str, scripts: list[str]) -> None:
        # What kills a worker or loses an answer does so once, or no look would ever end.
        self.world.git[where] = [*scripts, "down" if "down" in scripts else "ok"]

    @rule(where=anywhere, said=st.sampled_from(DEPLOYED))
    def deployment(self, where: str, said: tuple[Status, Status]) -> None:
        self.world.deployments[where] = said

    @rule(where=anywhere, sick=st.booleans())
    def health(self, where: str, sick: bool) -> None:
        reason = Reason(Code.HEALTH_DEGRADED, "crash loop")
        self.world.health[where] = (None, reason) if sick else (self.world.now, None)
        self.world.run()

    @rule(name=workflow_names, how=st.lists(st.sampled_from(RUNS), min_size=1, max_size=3))
    def workflow(self, name: str, how: list[str]) -> None:
        self.world.workflows[name] = how

    @rule(name=workflow_names, to=st.sampled_from(RUNS), look=st.booleans())
    def runs_come_to(self, name: str, to: str, look: bool) -> None:
        self.world.come(name, Status(to))
        if look:
            self.world.run()

    @rule()
    def runs_do_not_stop(self) -> None:
        self.world.deaf = not self.world.deaf

    @rule(where=anywhere)
    def deployer_is_silent(self, where: str) -> None:
        self.world.blind ^= {where}

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data())
    def late_arrival(self, data: st.DataObject) -> None:
        self.world.arrive_late(data.draw(st.sampled_from(self.world.attempts)))

    # --- the engine ----------------------------------------------------------------------------
    @precondition(lambda self: self.world.releases)
    @rule(data=st.data(), rounds=st.integers(1, 4))
    def look_a_little(self, data: st.DataObject, rounds: int) -> None:
        self.world.look(self._any(data).id, rounds)

    @precondition(lambda self: self.world.releases)
    @rule(data=st.data(), done=st.integers(0, 3))
    def die_between_deciding_and_doing_all(self, data: st.DataObject, done: int) -> None:
        self.world.dies_after = done
        self.world.look(self._any(data).id)
        self.world.dies_after = None

    @precondition(lambda self: self.world.releases)
    @rule(data=st.data())
    def somebody_else_is_looked_at_during_a_push(self, data: st.DataObject) -> None:
        other = self._any(data).id
        self.world.meanwhile = lambda: self.world.look(other, 2) if self._may_look(other) else None

    def _may_look(self, other: str) -> bool:
        # Two looks at one release never run at once.
        return other != self.world.pushing

    @rule()
    def look_at_everything(self) -> None:
        self.world.run()

    @rule(time=st.sampled_from([{"seconds": 7}, {"minutes": 3}, {"minutes": 11}, {"hours": 3}]))
    def time_passes(self, time: dict[str, float]) -> None:
        self.world.wait(**time)

    @rule(seconds=st.sampled_from([7, 200, 4000]))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.world.now -= timedelta(seconds=seconds)
        self.set_back += seconds

    # --- what must be true ---------------------------------------------------------------------
    @invariant()
    def nothing_impossible_is_true(self) -> None:
        # That nothing older comes to an environment is checked in the moment of each push.
        if hasattr(self, "world"):
            self.world.check()

    @invariant()
    def nothing_is_stuck(self) -> None:
        """Whatever state it is in, a person may stop it, or time will; and it says why it waits."""
        for of in self.world.releases.values() if hasattr(self, "world") else ():
            stop = possible.with_release(of, approvals.Person("bob"))
            stopping = of.course.status is Status.TERMINATING
            assert of.ended or stopping or "terminate" in stop.actions, self.world.tell(of.id)
            for promotion in of.promotions:
                said = [wait.sentence for wait in explaining.waits(of, promotion)]
                assert all(said)
                assert said or promotion.role is Role.SOURCE or promotion.status in DONE

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self._all_can_be_stopped_as_it_is()
        self.world.heal()
        for _ in range(LONGEST_UNTIL_MENDED):
            self._decide_what_is_held()
            self.world.heal()
            if all(release.ended for release in self.world.releases.values()):
                break
            self.world.wait(minutes=1)
        stuck = [self.world.tell(r.id) for r in self.world.releases.values() if not r.ended]
        assert not stuck
        assert not [r.id for r in self.world.releases.values() if r.tells]
        self.world.check_all_are_told()

    def _all_can_be_stopped_as_it_is(self) -> None:
        """Nothing is mended, and yet what a person terminates ends within minutes."""
        self.world.meanwhile = None
        before = copy.deepcopy(self.world)
        for of in list(self.world.releases.values()):
            with suppress(wishes.Refused):
                self.world.terminate(of.id)
        self.world.wait(minutes=3, seconds=self.set_back)  # what began before counts from there
        going = [self.world.tell(r.id) for r in self.world.releases.values() if not r.ended]
        assert not going
        self.world = before

    def _decide_what_is_held(self) -> None:
        for name, where in self._at_gates():
            for who in PEOPLE:
                with suppress(wishes.Refused):
                    self.world.approve(name, where, who)
        for name, where in self._at_gates():
            gates = {gate.kind: gate for gate in self.world.at(name, where).gates}
            soak = gates.get(GateKind.SOAK)
            if soak and soak.closed and not soak.opens_at:  # something else lies where it soaks
                self.world.skip(name, where)
        for release in list(self.world.releases.values()):
            for promotion in release.promotions:
                held = promotion.status is Status.SUSPENDED and promotion.reason
                if held and held.code is Code.CHANGED_BY_HAND:
                    self.world.retry(release.id, promotion.environment)

    def _any(self, data: st.DataObject) -> Release:
        return self.world[data.draw(st.sampled_from(sorted(self.world.releases)))]


def test_in_any_history_nothing_goes_back_and_everything_ends() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=int(os.environ.get("TOWPATH_HISTORIES", "60")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_source_environment_is_never_acted_in() -> None:
    world = playbook.World()
    world.push()
    name = world.promote("qa", "prod")
    assert [p.role for p in world[name].promotions] == [Role.SOURCE, Role.STEP]
    assert world.tell(name) == "succeeded: prod succeeded"
