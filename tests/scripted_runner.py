"""A runner whose workflows have one step each, which does what a test says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from towpath.domain import catalog
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Manifest, Run, Step
from towpath.ports.runner import Log, Outcome, Progress

Script = Callable[[Run], Awaitable[Outcome]]
DONE = Outcome(Status.SUCCEEDED)
FAILED = Outcome(Status.FAILED, Reason(Code.STEP_FAILED, "exit code 1", {"step": "main"}))


@dataclass
class ScriptedRunner:
    """Runs workflows by their names; one without a script succeeds."""

    scripts: dict[str, Script] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    ran: list[Run] = field(default_factory=list)

    def refuse(self, manifest: Manifest) -> Sequence[catalog.Problem]:
        said = self.refusals.get(manifest.name)
        origin = catalog.Origin(f"{manifest.name}.yaml", 7)
        return (catalog.Problem(origin, "unsupported", said),) if said else ()

    def advance(self, run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        step = run.steps.get("main")
        if run.ended_at:
            return Progress(run)
        if run.stopping and (step is None or step.status is Status.PENDING):
            return Progress(replace(run, status=Status.TERMINATED, ended_at=now))
        if step is None:
            due = Step("main", "main", Kind.CONTAINER, status=Status.PENDING)
            begun = replace(run, status=Status.RUNNING, started_at=now).with_steps([due])
            return Progress(begun, ("main",))
        if "main" in outcomes:
            return Progress(_ended(run, step, outcomes["main"], now))
        return Progress(run, stop=("main",) if run.stopping else ())

    def trust(self, until: float) -> None:
        """What is executed here is only pretended."""

    async def execute(self, run: Run, step: str, log: Log) -> Outcome:
        self.ran.append(run)
        script = self.scripts.get(run.manifest.name)
        return await script(run) if script else DONE

    def says(self, name: str, *outcomes: Outcome) -> None:
        """The workflow's next runs end so; the last outcome stays."""
        left = list(outcomes)

        async def script(_: Run) -> Outcome:
            return left.pop(0) if len(left) > 1 else left[0]

        self.scripts[name] = script

    def holds(self, name: str) -> asyncio.Event:
        """The workflow's runs go on until the event is set."""
        go = asyncio.Event()

        async def script(_: Run) -> Outcome:
            await go.wait()
            return DONE

        self.scripts[name] = script
        return go

    def given(self, name: str) -> list[Mapping[str, str]]:
        """The arguments of each run of the workflow, in order."""
        return [run.arguments for run in self.ran if run.manifest.name == name]


def _ended(run: Run, step: Step, outcome: Outcome, now: datetime) -> Run:
    status = Status.TERMINATED if run.stopping else outcome.status
    ended = replace(step, status=status, reason=outcome.reason, ended_at=now)
    return replace(
        run, status=status, reason=outcome.reason, outputs=outcome.outputs, ended_at=now
    ).with_steps([ended])
