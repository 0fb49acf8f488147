"""Runs of promotion workflows: in short within a release, and one with everything."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from towpath.api.schemas.base import ReasonShown, Shown
from towpath.domain import status, workflow
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Known, Purpose, Step
from towpath.storage import run_queries


class StepOfRun(Shown):
    """A step as one application's run has it."""

    run: UUID
    application: str
    step: str
    status: Status
    reason: ReasonShown | None
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None


class StepShown(Shown):
    """A step over all applications' runs, by its name; `applications` has each one's own."""

    name: str
    kind: Kind
    status: Status
    started_at: datetime | None
    ended_at: datetime | None
    applications: tuple[StepOfRun, ...]


class RunItem(Shown):
    """One application's run in short (a hook has none)."""

    id: UUID
    application: str
    component: str
    attempt: int
    status: Status
    reason: ReasonShown | None
    stopping: bool
    started_at: datetime | None
    ended_at: datetime | None


class WorkflowShown(Shown):
    """A workflow of a promotion or release: its newest runs together, by the one rule.

    `earlier` are runs of attempts before, newest first.
    """

    purpose: Purpose
    template: str
    status: Status
    attempt: int
    runs: tuple[RunItem, ...]
    steps: tuple[StepShown, ...]
    earlier: tuple[RunItem, ...]


class RunStep(Shown):
    """A step of one run, with what went in and came out."""

    id: str
    name: str
    kind: Kind
    template: str
    parent: str
    status: Status
    reason: ReasonShown | None
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    until: datetime | None
    inputs: dict[str, str]
    outputs: dict[str, str]


class InterruptionShown(Shown):
    """An execution of a step that was cut short because its worker was gone."""

    step: str
    attempt: int
    worker: str
    started_at: datetime | None
    at: datetime


class RunDocument(Shown):
    """One run with everything. `manifest` holds the workflow and those it refers to, by name."""

    id: UUID
    release: str
    environment: str
    purpose: Purpose
    template: str
    application: str
    component: str
    attempt: int
    status: Status
    reason: ReasonShown | None
    stopping: ReasonShown | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    arguments: dict[str, str]
    labels: dict[str, str]
    outputs: dict[str, str]
    steps: tuple[RunStep, ...]
    interruptions: tuple[InterruptionShown, ...]
    manifest: dict[str, dict[str, Any]]


def workflows(runs: Iterable[run_queries.Shown], environment: str) -> tuple[WorkflowShown, ...]:
    """The workflows of an environment (empty: of the release itself), in the order of phases."""
    here = [each for each in runs if each.run.place.environment == environment]
    return tuple(
        _workflow([each for each in here if each.run.place.purpose is purpose])
        for purpose in Purpose
        if any(each.run.place.purpose is purpose for each in here)
    )


def _workflow(runs: Sequence[run_queries.Shown]) -> WorkflowShown:
    newest: dict[str, run_queries.Shown] = {}
    for each in sorted(runs, key=lambda each: each.run.place.attempt):
        newest[each.run.place.application] = each
    present = list(newest.values())
    last = max(present, key=lambda each: each.run.place.attempt)
    earlier = [each.run for each in reversed(runs) if each not in present]
    return WorkflowShown(
        purpose=last.run.place.purpose,
        template=last.run.template,
        status=workflow.whole(each.run for each in present),
        attempt=last.run.place.attempt,
        runs=tuple(_item(each.run) for each in present),
        steps=_steps(present),
        earlier=tuple(_item(run) for run in earlier),
    )


def _steps(runs: Sequence[run_queries.Shown]) -> tuple[StepShown, ...]:
    """The leaves by name, in the order in which they came."""
    by_name: dict[str, list[tuple[Known, Step]]] = {}
    for each in runs:
        for step in each.steps:
            if step.kind.is_leaf:
                by_name.setdefault(step.name, []).append((each.run, step))
    return tuple(_together(name, found) for name, found in by_name.items())


def _together(name: str, found: Sequence[tuple[Known, Step]]) -> StepShown:
    started = [step.started_at for _, step in found if step.started_at]
    ended = [step.ended_at for _, step in found if step.ended_at]
    return StepShown(
        name=name,
        kind=found[0][1].kind,
        status=status.aggregate(step.status for _, step in found),
        started_at=min(started, default=None),
        ended_at=max(ended, default=None) if len(ended) == len(found) else None,
        applications=tuple(_of_run(run, step) for run, step in found),
    )


def _of_run(run: Known, step: Step) -> StepOfRun:
    return StepOfRun(
        run=run.id,
        application=run.place.application,
        step=step.id,
        status=step.status,
        reason=_reason(step.reason),
        attempt=step.attempt,
        started_at=step.started_at,
        ended_at=step.ended_at,
    )


def _item(run: Known) -> RunItem:
    return RunItem(
        id=run.id,
        application=run.place.application,
        component=run.place.component,
        attempt=run.place.attempt,
        status=run.status,
        reason=_reason(run.reason),
        stopping=run.stopping,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def document(of: run_queries.Whole) -> RunDocument:
    """The document of a run."""
    known, run = of.known, of.run
    return RunDocument(
        id=run.id,
        release=known.place.release,
        environment=known.place.environment,
        purpose=known.place.purpose,
        template=known.template,
        application=known.place.application,
        component=known.place.component,
        attempt=known.place.attempt,
        status=run.status,
        reason=_reason(run.reason),
        stopping=_reason(run.stopping),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        arguments=dict(run.arguments),
        labels=dict(run.labels),
        outputs=dict(run.outputs),
        steps=tuple(_run_step(step) for step in run.steps.values()),
        interruptions=tuple(InterruptionShown.model_validate(each) for each in of.interruptions),
        manifest={name: dict(found) for name, found in run.manifest.documents.items()},
    )


def _run_step(step: Step) -> RunStep:
    same = ("id", "name", "kind", "template", "parent", "status", "attempt")
    moments = ("started_at", "ended_at", "until")
    values: Mapping[str, Any] = {name: getattr(step, name) for name in (*same, *moments)}
    return RunStep(
        **values,
        reason=_reason(step.reason),
        inputs=dict(step.inputs),
        outputs=dict(step.outputs),
    )


def _reason(reason: object) -> ReasonShown | None:
    return ReasonShown.model_validate(reason) if reason else None
