"""A runner behind its port whose workflows are lists of leaves, one after the other.

A document's `leaves` name them; what each does is in `does`. `side_by_side` begins all at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from towpath.domain import status
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Manifest, Run, Step
from towpath.ports.runner import Log, Outcome, Progress

DONE = Outcome(Status.SUCCEEDED)
Does = Callable[[Run, Log], Awaitable[Outcome]]


def manifest(*leaves: str, side_by_side: bool = False, name: str = "smoke") -> Manifest:
    document = {"kind": "WorkflowTemplate", "leaves": list(leaves), "side_by_side": side_by_side}
    return Manifest(name, {name: document})


@dataclass
class FakeRunner:
    """Implements `ports.runner.Runner`."""

    does: dict[str, Does] = field(default_factory=dict)
    executed: list[tuple[str, int]] = field(default_factory=list)

    def refuse(self, manifest: Manifest) -> Sequence[object]:
        return ()

    def advance(self, run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        document = run.manifest.documents[run.manifest.name]
        run = _taken_in(run, outcomes, now)
        run = _timers(run, now)
        if run.ended_at:
            return Progress(run)
        if run.stopping:
            return _stopped(run, now)
        names = list(document["leaves"])  # type: ignore[call-overload]
        run = run if run.started_at else replace(run, status=Status.RUNNING, started_at=now)
        fresh: list[Step] = []
        for name in names:
            step = run.steps.get(name)
            if step is None:
                fresh.append(_begun(name, now))
            if not document["side_by_side"] and (
                step is None or step.status is not Status.SUCCEEDED
            ):
                break
        failed = [s for s in run.steps.values() if s.status.ended and _bad(s.status)]
        run = run if failed else run.with_steps(fresh)
        if all(s.status.ended for s in run.steps.values()):
            whole = status.aggregate(s.status for s in run.steps.values())
            return Progress(replace(run, status=whole, ended_at=now, outputs=_outputs(run)))
        whole = status.aggregate(s.status for s in run.steps.values())
        pending = [s for s in run.steps.values() if s.status is Status.PENDING]
        due = () if failed else tuple(s.id for s in pending)
        untils = [s.until for s in run.steps.values() if s.until and not s.status.ended]
        return Progress(replace(run, status=whole), due, again_at=min(untils, default=None))

    def trust(self, until: float) -> None:
        """What is executed here is only pretended."""

    async def execute(self, run: Run, step: str, log: Log) -> Outcome:
        assert list(run.steps) == [step]
        self.executed.append((step, run.steps[step].attempt))
        return await self.does[step](run, log) if step in self.does else DONE


def _begun(name: str, now: datetime) -> Step:
    if name.startswith("wait"):
        _, _, seconds = name.partition(":")
        until = now + timedelta(seconds=float(seconds)) if seconds else None
        return Step(name, name, Kind.SUSPEND, status=Status.SUSPENDED, started_at=now, until=until)
    return Step(name, name, Kind.SCRIPT, status=Status.PENDING)


def _taken_in(run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Run:
    return run.with_steps(
        replace(
            run.steps[name],
            status=outcome.status,
            reason=outcome.reason,
            outputs=outcome.outputs,
            ended_at=now,
        )
        for name, outcome in outcomes.items()
        if not run.steps[name].status.ended
    )


def _timers(run: Run, now: datetime) -> Run:
    return run.with_steps(
        replace(step, status=Status.SUCCEEDED, ended_at=now)
        for step in run.steps.values()
        if step.until and step.until <= now and not step.status.ended
    )


def _stopped(run: Run, now: datetime) -> Progress:
    assert run.stopping is not None
    run = run.with_steps(
        replace(step, status=Status.TERMINATED, ended_at=now)
        for step in run.steps.values()
        if step.status in (Status.PENDING, Status.SUSPENDED)
    )
    active = tuple(s.id for s in run.steps.values() if not s.status.ended)
    if active:
        return Progress(replace(run, status=Status.TERMINATING, reason=run.stopping), stop=active)
    return Progress(replace(run, status=Status.TERMINATED, reason=run.stopping, ended_at=now))


def _bad(of: Status) -> bool:
    return of in (Status.FAILED, Status.ERROR, Status.TERMINATED)


def _outputs(run: Run) -> Mapping[str, str]:
    return {key: value for step in run.steps.values() for key, value in step.outputs.items()}


def failing(sentence: str) -> Does:
    async def does(_: Run, __: Log) -> Outcome:
        return Outcome(Status.FAILED, Reason(Code.STEP_FAILED, sentence))

    return does


def saying(*words: bytes) -> Does:
    async def does(_: Run, log: Log) -> Outcome:
        for word in words:
            await log.write(word)
        return DONE

    return does


@dataclass
class Held:
    """A leaf that goes on when the test says so, and notes when it is ended from outside."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False

    async def __call__(self, _: Run, log: Log) -> Outcome:
        await log.write(b"begun\n")
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return DONE
