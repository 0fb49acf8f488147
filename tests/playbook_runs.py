"""Workflows in the playbook's world: runs that end as a test says, at once or when it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from playbook_outside import Outside
from towpath.domain import actions, facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Role
from towpath.domain.status import Status
from towpath.domain.workflow import Known, Place, Purpose

OF_PROMOTIONS = (Purpose.ON_START, Purpose.PRE_ACTION, Purpose.POST_ACTION)


@dataclass
class Runs(Outside):
    """The runs of all releases."""

    workflows: dict[str, list[str]] = field(default_factory=dict)
    """For each workflow how its next runs are when they begin; the last one stays."""
    unrunnable: dict[str, Reason] = field(default_factory=dict)
    applications: tuple[str, ...] = ("api",)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    deaf: bool = False
    """Whether runs that are asked to stop do not."""
    runs: dict[UUID, Known] = field(default_factory=dict)
    to_be_told: set[Place] = field(default_factory=set)
    """The hooks that are to be told of an end that there was, by their places."""

    # --- the engine's part -------------------------------------------------------------------
    def _members(self) -> dict[str, tuple[facts.Member, ...]]:
        return {
            environment: tuple(
                facts.Member(f"{each}-{environment}", each) for each in self.applications
            )
            for environment in self.environments
            if environment not in self.missing
        }

    def _runs_of(self, name: str) -> tuple[Known, ...]:
        return tuple(run for run in self.runs.values() if run.place.release == name)

    def _start_runs(self, name: str, action: actions.StartRuns) -> None:
        if not self._may_start(name, action):
            return
        for member in action.members:
            place = Place(
                name,
                action.environment,
                action.purpose,
                action.attempt,
                member.application,
                member.component,
            )
            if place.run_id in self.runs:
                continue
            begun = Known(place.run_id, place, action.template, Status.PENDING, started_at=self.now)
            self.runs[begun.id] = begun
            self._becomes(begun, Status(self._next_word(action.template)))

    def _may_start(self, name: str, action: actions.StartRuns) -> bool:
        if action.purpose not in OF_PROMOTIONS or not action.environment:
            return True
        promotion, place = self.at(name, action.environment), self.place(action.environment)
        held = (place.holder, place.counter) == (name, promotion.claim)
        return promotion.role is Role.TRIGGER or held

    def _next_word(self, template: str) -> str:
        script = self.workflows.get(template, [])
        return (script.pop(0) if len(script) > 1 else script[0]) if script else "succeeded"

    def _becomes(self, run: Known, status: Status, said: Mapping[str, str] | None = None) -> None:
        plain = status in (Status.SUCCEEDED, Status.RUNNING, Status.PENDING)
        reason = None if plain else Reason(Code.STEP_FAILED, f"step check {status}", {"step": "x"})
        outputs = said if said is not None else self.outputs.get(run.template, {})
        self.runs[run.id] = replace(
            run,
            status=status,
            reason=reason,
            ended_at=self.now if status.ended else None,
            outputs=outputs if status.ended else {},
        )

    def _stop_runs(self, ids: tuple[UUID, ...]) -> None:
        for each in ids:
            run = replace(self.runs[each], stopping=True)
            self.runs[each] = run
            if not run.status.ended and not self.deaf:
                self._becomes(run, Status.TERMINATED)

    # --- what a test does and asks -----------------------------------------------------------
    def come(
        self, template: str, status: Status, said: Mapping[str, str] | None = None, whom: str = ""
    ) -> None:
        """The runs of a workflow that are in flight (for an application) come to this."""
        for run in list(self.runs.values()):
            mine = run.template == template and whom in ("", run.place.application)
            if mine and not run.status.ended:
                self._becomes(run, status, said)

    def ran(self, template: str) -> list[str]:
        """Where the workflow was started, in order: environment, application and attempt."""
        return [
            "/".join(filter(None, (r.place.environment, r.place.application))) + f"#{place}"
            for r in self.runs.values()
            if r.template == template
            for place in [r.place.attempt]
        ]

    def _in_flight(self, environment: str) -> set[str]:
        """The releases with workflows of promotions in flight there that nobody asked to stop."""
        return {
            run.place.release
            for run in self.runs.values()
            if run.place.environment == environment and run.place.purpose in OF_PROMOTIONS
            if not run.status.ended and not run.stopping
            if self.at(run.place.release, environment).role is Role.STEP
        }

    def check_runs(self, releases: Mapping[str, Release]) -> None:
        """What must be true of runs at any moment."""
        for run in self.runs.values():
            of, place = releases[run.place.release], run.place
            if run.status.ended or place.purpose not in OF_PROMOTIONS or not place.environment:
                continue
            promotion = of.promotion(place.environment)
            assert promotion is not None
            if promotion.over and place.attempt == promotion.attempt:
                assert run.stopping, run
                reason = promotion.reason
                assert reason is not None, run
                assert "may_still_run" in reason.data, run
