"""Promotion workflows as the domain sees them: what is run, its steps, and how far each is.

Pure values. Who runs a workflow (this machine, or Argo Workflows in a cluster) is not known here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from towpath.domain import reasons, status
from towpath.domain.catalog import Origin
from towpath.domain.status import Status

_RUNS = UUID("6f1d7f6e-5f0e-5d7e-9a52-3c8a2f3b8f10")  # the namespace of run ids


class Purpose(StrEnum):
    """What a run is for: a phase of a promotion, or a hook of a promotion or release."""

    ON_START = "on_start"
    PRE_ACTION = "pre_action"
    POST_ACTION = "post_action"
    ON_SUCCESS = "on_success"
    ON_FAIL = "on_fail"


class Kind(StrEnum):
    """What a step is. Leaves are executed; the others only hold steps together."""

    STEPS = "steps"
    GROUP = "group"  # the steps of one line of `steps`, or the items of a loop
    DAG = "dag"
    RETRY = "retry"  # the attempts of one step
    CONTAINER = "container"
    SCRIPT = "script"
    HTTP = "http"
    SUSPEND = "suspend"

    @property
    def is_leaf(self) -> bool:
        """Whether something is executed, or waited for, rather than held together."""
        return self in (Kind.CONTAINER, Kind.SCRIPT, Kind.HTTP, Kind.SUSPEND)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A workflow as configured, and the workflows whose templates it refers to.

    `origins` says for each workflow where its values are written, by their path.
    """

    name: str
    documents: Mapping[str, Mapping[str, object]]  # by name, `name` itself among them
    origins: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a run. `id` is its path within the run, and stays the same when it runs again.

    `attempt` counts how often it was begun; one that was interrupted by a crash is begun again.
    `until` is the moment at which time alone changes it: a timeout, the end of a suspension, the
    end of a backoff. `outputs` are its `result`, its `exitCode` and each `parameters.NAME`.
    `memo` is the runner's own, plain data.
    """

    id: str
    name: str
    kind: Kind
    template: str = ""
    parent: str = ""
    status: Status = Status.WAITING
    reason: reasons.Reason | None = None
    attempt: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    until: datetime | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    memo: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow. `outputs` are its global output parameters.

    `stopping` is why it was asked to stop; its steps are then ended, and what must always run
    (`onExit`) is run.
    """

    id: UUID
    manifest: Manifest
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    status: Status = Status.PENDING
    reason: reasons.Reason | None = None
    stopping: reasons.Reason | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)

    def with_steps(self, changed: Iterable[Step]) -> "Run":
        """The run with these steps in place of those of the same ids."""
        return replace(self, steps={**self.steps, **{step.id: step for step in changed}})


@dataclass(frozen=True, slots=True)
class Place:
    """Whose run it is: the promotion's attempt (or, `environment` empty, the release), and why.

    `application` is empty for hooks, which run once and not for each application.
    """

    release: str
    environment: str
    purpose: Purpose
    attempt: int
    application: str = ""
    component: str = ""

    @property
    def run_id(self) -> UUID:
        """The run's id follows from its place, so that it is never started twice."""
        parts = (self.release, self.environment, self.purpose, str(self.attempt), self.application)
        return uuid5(_RUNS, "\n".join(parts))


@dataclass(frozen=True, slots=True)
class Known:
    """What a look knows of a run: enough to decide, without its steps."""

    id: UUID
    place: Place
    template: str
    status: Status
    reason: reasons.Reason | None = None
    stopping: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether nothing more happens in it: it may have failed, and still have to clean up."""
        return self.status.ended and self.ended_at is not None


def whole(runs: Iterable[Known]) -> Status:
    """The status of a workflow over all applications' runs, by the one rule."""
    return status.aggregate(run.status for run in runs)
