"""What happened to a release, in the past tense. State is what the events made of it.

An event holds all that its timeline entry shows; actor and time are kept beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from towpath.domain import catalog, reasons, release
from towpath.domain.release import PhaseName
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `environment` is empty for the release as a whole."""

    environment: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class ReleaseCreated(Event):
    """A release began."""

    trigger: release.Trigger
    version: str
    subject: str = ""
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseQueued(Event):
    """An earlier release of the product goes first."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class ReleaseStarted(Event):
    """The release left the queue."""


@dataclass(frozen=True, slots=True)
class TerminationRequested(Event):
    """A person, or the flow's clock, stops the release."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class ReleaseStopped(Event):
    """The release is stopped; what may still run is in the reason."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class ReleaseEnded(Event):
    """Nothing more happens without a person."""

    status: Status
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class ReleaseReopened(Event):
    """What was ended goes on: a retry. `hooks` (None: as before) are its own from now on."""

    queue_position: int | None = None
    hooks: catalog.Hooks | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockStarted(Event):
    """The flow's time runs."""

    left_seconds: float


@dataclass(frozen=True, slots=True)
class ClockStopped(Event):
    """The flow's time stands, because something else holds the release."""

    left_seconds: float


@dataclass(frozen=True, slots=True)
class TriggerProven(Event):
    """The trigger environment was healthy with the content of a release that is still queued."""


@dataclass(frozen=True, slots=True)
class PromotionHeld(Event):
    """Gates hold the promotion, before it begins or before it writes: the status of the worst."""

    phase: PhaseName
    status: Status
    reason: reasons.Reason
    gates: tuple[release.Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalGiven(Event):
    """A person agreed to the attempt."""

    attempt: int
    by: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRejected(Event):
    """A person said no to the attempt, which ends it."""

    attempt: int
    by: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SkipRequested(Event):
    """A person skips the environment while its promotion is in progress."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class ContentDisplaced(Event):
    """What an earlier attempt brought is not in place any more: it begins again at the gates."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class PromotionStarted(Event):
    """The promotion claimed its environment (`claim` 0: it needs none) and began."""

    attempt: int
    claim: int


@dataclass(frozen=True, slots=True)
class ClaimLost(Event):
    """Another release acts in the environment now; this one is back at the gates."""


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase is in progress."""

    phase: PhaseName
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class PhaseReported(Event):
    """A phase in progress has another status or reason than before."""

    phase: PhaseName
    status: Status
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class PhaseTroubled(Event):
    """The outside did not answer, or refused; the phase goes on at `retry_at`."""

    phase: PhaseName
    reason: reasons.Reason
    retry_at: datetime
    refusal: bool = False


@dataclass(frozen=True, slots=True)
class PhaseSucceeded(Event):
    """A phase is done."""

    phase: PhaseName
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class PhaseFailed(Event):
    """A phase did not succeed (`failed`) or could not run (`error`)."""

    phase: PhaseName
    status: Status
    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class DriftFound(Event):
    """Values in the environment were changed by hand since they landed."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class CommitLanded(Event):
    """The release's content is on the branch: by our commit, or it was there already."""

    repository: str
    branch: str
    commit: str
    components: tuple[str, ...]
    changed: bool = True
    write_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WarningRaised(Event):
    """Something a person should know, that holds nothing up."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class PromotionEnded(Event):
    """The promotion has ended with this status; phases that had not ended take it."""

    status: Status
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class PromotionRetried(Event):
    """A person asked to go on from the failed phase, with settings resolved anew."""

    attempt: int
    from_phase: PhaseName | None
    newer_tried: int = 0
    settings: catalog.PolicySettings | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    drift_accepted: bool = False
    hooks: catalog.Hooks | None = None


@dataclass(frozen=True, slots=True)
class ContentGone(Event):
    """What landed is no longer in place: the attempt begins at the gates, and counts no run."""

    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class HookReported(Event):
    """A hook has another status or reason than before; `skipped`: it is not called this time."""

    purpose: Purpose
    attempt: int
    template: str
    status: Status
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class ContextChanged(Event):
    """A run put out `PROMOTION_CONTEXT`: its keys are the release's from now on."""

    run: UUID
    template: str
    application: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResumed(Event):
    """A person let a suspended step of a workflow go on."""

    run: UUID
    workflow: str
    step: str


@dataclass(frozen=True, slots=True)
class WorkflowStopped(Event):
    """A person asked a workflow's run to stop."""

    run: UUID
    workflow: str
    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class EnvironmentLocked(Event):
    """The product in the environment (or, without product, all of it) is locked."""

    product: str
    reason: str
    until: datetime | None = None
    by_rollback: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentUnlocked(Event):
    """The lock is off."""

    product: str


def all_types() -> Mapping[str, type[Event]]:
    """Every kind of event by its name, as stored and shown."""
    return {kind.__name__: kind for kind in Event.__subclasses__()}
