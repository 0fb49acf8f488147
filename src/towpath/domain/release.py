"""A release, its promotions and their phases: what is stored of one change's way through a flow.

The content and the flow's copy never change after creation; everything else changes only by
events (`evolution`). Status is never stored beside its parts: it is aggregated from them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from towpath.domain import catalog, content, reasons, status
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose


class Trigger(StrEnum):
    """What made a release."""

    HEAD = "head"  # a new head of a tracked branch
    REVISION = "revision"  # a person, for a revision
    MANUAL = "manual"  # a person, from one environment to another
    ROLLBACK = "rollback"


class Role(StrEnum):
    """What an environment is for the release."""

    TRIGGER = "trigger"  # its content is in git already
    STEP = "step"
    SOURCE = "source"  # where a manual release was taken from; shown as it is


class PhaseName(StrEnum):
    """The phases of a promotion, in their order."""

    GATES = "gates"
    ON_START = "on_start"
    PRE_ACTION = "pre_action"
    ACTION = "action"
    SYNC = "sync"
    HEALTH = "health"
    POST_ACTION = "post_action"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: its status and why, and the trouble it has had.

    `tries` counts answers that did not come, `refusals` those that said no; `blind` is the time
    in which nothing could be seen or somebody else had to move, which no timeout counts.
    `lingers` says that its status is its end already (one run failed), while others of its runs
    have not ended: until they have, the phase is not over.
    """

    name: PhaseName
    status: Status = Status.WAITING
    reason: reasons.Reason | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tries: int = 0
    refusals: int = 0
    retry_at: datetime | None = None
    blind_since: datetime | None = None
    blind: timedelta = timedelta()
    lingers: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more happens in it, unless a person acts."""
        return self.status.ended and not self.lingers


@dataclass(frozen=True, slots=True)
class Told:
    """A hook that is told how an attempt ended (`on_success`, `on_fail`), and how far it is."""

    purpose: Purpose
    attempt: int
    template: str
    status: Status
    reason: reasons.Reason | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class GateKind(StrEnum):
    """What may hold a promotion before it begins, the one to be named first first."""

    APPROVAL = "approval"
    LOCK = "lock"
    WINDOW = "window"
    SOAK = "soak"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of a promotion, and when it opens by itself, if that is known."""

    kind: GateKind
    status: Status
    reason: reasons.Reason | None = None
    opens_at: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether it holds the promotion."""
        return not self.status.ended


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody agreed to this attempt of the promotion."""

    by: str
    comment: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Landing:
    """The promoted commit of one repository and branch. `changed` is False for `no_change`."""

    repository: str
    branch: str
    commit: str
    components: tuple[str, ...]
    changed: bool = True
    write_id: UUID | None = None
    landed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """One release in one environment."""

    environment: str
    role: Role
    phases: tuple[Phase, ...]
    depends_on: tuple[str, ...] = ()
    settings: catalog.PolicySettings = catalog.PolicySettings()
    origins: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    claim: int = 0  # the claim counter it acts under; 0: none
    begun: bool = False
    proven: bool = False  # trigger environment: seen healthy while the release was queued
    drift_accepted: bool = False
    gates: tuple[Gate, ...] = ()
    approvals: tuple[Approval, ...] = ()
    displaced: bool = False  # what had landed was gone when it went on: the gates hold it anew
    skip: reasons.Reason | None = None  # a person asked to skip it, and it is on its way out
    newer_tried: int = 0  # releases up to this n had tried here when a person asked for a retry
    landings: tuple[Landing, ...] = ()
    warnings: tuple[reasons.Reason, ...] = ()
    unsupported: tuple[str, ...] = ()  # what its settings ask for that this version cannot do
    version: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    hooks: catalog.Hooks = catalog.Hooks()
    told: tuple[Told, ...] = ()
    counts_from: int = 1  # workflows that succeeded in this attempt or later are not run again

    @property
    def status(self) -> Status:
        """The one rule, over the phases."""
        return status.aggregate(phase.status for phase in self.phases)

    @property
    def over(self) -> bool:
        """Whether nothing more happens here, unless a person acts."""
        return self.status.ended and not any(phase.lingers for phase in self.phases)

    @property
    def reason(self) -> reasons.Reason | None:
        """Why it has its status: the reason of the phase that is worst."""
        worst = status.worst(phase.status for phase in self.phases)
        return next((p.reason for p in self.phases if p.status is worst and p.reason), None)

    @property
    def current(self) -> Phase | None:
        """The first phase that is not over."""
        return next((phase for phase in self.phases if not phase.over), None)

    @property
    def landed(self) -> bool:
        """Whether anything of the release is in the environment by this promotion."""
        return bool(self.landings)

    @property
    def lets_through(self) -> bool:
        """Whether what depends on this environment may go on."""
        if self.status is Status.SKIPPED:
            return self.reason is None or self.reason.code is not reasons.Code.NOT_REACHED
        return self.status is Status.SUCCEEDED

    @property
    def made_way(self) -> bool:
        """Whether it was skipped on purpose: what is before it stands in its place."""
        return self.role is Role.STEP and self.status is Status.SKIPPED and self.lets_through

    @property
    def blocks_for_good(self) -> bool:
        """Whether nothing of this release passes here any more, unless a person acts."""
        if self.status in (Status.SUPERSEDED, Status.TERMINATED):
            return True
        return self.status is Status.SKIPPED and not self.lets_through

    @property
    def at_gates(self) -> bool:
        """Whether it is due, and only its gates are before it."""
        first = self.current
        at_first = first is not None and first.name is PhaseName.GATES
        return not self.begun and at_first and self.status.acting

    def phase(self, name: PhaseName) -> Phase | None:
        """The phase of that name, if the promotion has it."""
        return next((phase for phase in self.phases if phase.name is name), None)


@dataclass(frozen=True, slots=True)
class Course:
    """The release's own part in its status: queued, stopping, stopped, or `skipped` for nothing."""

    status: Status = Status.SKIPPED
    reason: reasons.Reason | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """What is left of the flow's time, and since when it runs (None: it stands)."""

    left: timedelta
    running_since: datetime | None = None

    @property
    def deadline(self) -> datetime | None:
        """When the time is up, if the clock runs."""
        return self.running_since + self.left if self.running_since else None


@dataclass(frozen=True, slots=True)
class TriggerCommit:
    """The commit that made the release, as people know it."""

    repository: str
    branch: str
    sha: str
    subject: str = ""
    author: str = ""
    author_email: str = ""
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One change's way through a flow."""

    id: str
    product: str
    n: int
    name: str
    trigger: Trigger
    initiator: str
    created_at: datetime
    content: content.Content
    promotions: tuple[Promotion, ...]
    line: str = ""  # empty: it neither supersedes nor is superseded
    flow: str = ""
    commit: TriggerCommit | None = None
    commits: tuple[TriggerCommit, ...] = ()  # every commit pushed together, newest first
    version: str = ""
    course: Course = Course()
    clock: Clock | None = None
    queue_position: int | None = None  # None: it is not queued
    timeout: timedelta | None = None
    goes_back_to: str = ""
    locks: bool = False  # a rollback that locks its environment once it landed
    ended_at: datetime | None = None
    attempt: int = 1  # grows when a release that had ended is retried
    hooks: catalog.Hooks = catalog.Hooks()
    on_start: Phase | None = None  # the hook that goes before every promotion, if there is one
    told: tuple[Told, ...] = ()
    warnings: tuple[reasons.Reason, ...] = ()
    context: Mapping[str, object] = field(default_factory=dict)  # what its workflows put out
    context_from: tuple[UUID, ...] = ()  # the runs whose share of the context is known

    @property
    def status(self) -> Status:
        """The one rule, over the promotions, the start hook and the release's own course."""
        return status.aggregate(part for part, _ in self._parts())

    @property
    def reason(self) -> reasons.Reason | None:
        """Why it has its status: its course's reason, its hook's, or the worst promotion's."""
        parts = list(self._parts())
        worst = status.worst(part for part, _ in parts)
        return next((reason for part, reason in parts if part is worst and reason), None)

    def _parts(self) -> Iterator[tuple[Status, reasons.Reason | None]]:
        yield self.course.status, self.course.reason
        if self.on_start:
            yield self.on_start.status, self.on_start.reason
        for promotion in self.promotions:
            yield promotion.status, promotion.reason

    def promotion(self, environment: str) -> Promotion | None:
        """The promotion in that environment, if the release goes there."""
        return next((p for p in self.promotions if p.environment == environment), None)

    def before(self, promotion: Promotion) -> tuple[Promotion, ...]:
        """The promotions that this one waits for; for a skipped one, those before that."""
        direct = [p for p in self.promotions if p.environment in promotion.depends_on]
        found = (each for p in direct for each in (self.before(p) if p.made_way else (p,)))
        return tuple({each.environment: each for each in found}.values())

    def why(self, promotion: Promotion) -> reasons.Reason | None:
        """Why the promotion has its status; for one not reached, what it waits for."""
        if promotion.reason or promotion.status is not Status.WAITING:
            return promotion.reason
        since = self.course.since or self.created_at
        if self.on_start and not self.may_begin:
            return _after_hook(self.on_start, since)
        direct = [p for p in self.before(promotion) if not p.lets_through]
        behind = [p for p in self.stuck_before(promotion) if p not in direct]
        sentence = f"waits for {_named(direct)}" if direct else "is about to begin"
        return reasons.Reason(
            reasons.Code.WAITING_FOR_ENVIRONMENT,
            f"{sentence}, behind {_named(behind)}" if behind else sentence,
            {"environments": [p.environment for p in direct]},
            since,
        )

    def stuck_before(self, promotion: Promotion) -> tuple[Promotion, ...]:
        """What has ended, at any distance, in the way of one that is not reached."""
        return tuple(self._stuck_before(promotion, set()))

    def _stuck_before(self, promotion: Promotion, seen: set[str]) -> Iterator[Promotion]:
        for before in self.before(promotion):
            if before.environment in seen:
                continue
            seen.add(before.environment)
            if before.status is Status.WAITING:
                yield from self._stuck_before(before, seen)
            elif before.over and not before.lets_through:
                yield before

    @property
    def ended(self) -> bool:
        """Whether nothing more happens without a person (see `reachable`)."""
        if self.course.status in (Status.QUEUED, Status.TERMINATING):
            return False
        if self.on_start and not self.on_start.over:
            return False
        known: dict[str, bool] = {}
        return not any(
            p.status.acting or (not p.over and self._reachable(p, known)) for p in self.promotions
        )

    @property
    def open(self) -> bool:
        """Whether something can still change: an environment, or a hook that is being told."""
        return not self.ended or self.tells or any(not p.over for p in self.promotions)

    @property
    def tells(self) -> bool:
        """Whether a hook is being told, or is still to be told, how something ended."""
        own = _still_to_tell(self.hooks, self.told, self.attempt)
        return (bool(self.ended_at) and own) or any(
            p.over and p.ended_at and _still_to_tell(p.hooks, p.told, p.attempt)
            for p in self.promotions
        )

    @property
    def may_begin(self) -> bool:
        """Whether its promotions may begin: its start hook, if it has one, has succeeded."""
        return self.on_start is None or self.on_start.status is Status.SUCCEEDED

    def reachable(self, promotion: Promotion) -> bool:
        """Whether what waits, or is between two phases, can go on without a person."""
        return self._reachable(promotion, {})

    def _reachable(self, promotion: Promotion, known: dict[str, bool]) -> bool:
        """The same; `known` is what was found of environments before, which many may wait for."""
        if promotion.status is not Status.WAITING:
            return not promotion.over
        if self.on_start and self.on_start.over and not self.may_begin:
            return False
        if promotion.environment not in known:
            known[promotion.environment] = all(
                before.lets_through or (not before.over and self._reachable(before, known))
                for before in self.before(promotion)
            )
        return known[promotion.environment]


def _named(promotions: Sequence[Promotion]) -> str:
    """Their environments; of one that has ended with how it did."""
    return " and ".join(
        f"{p.environment} ({p.status})" if p.over else p.environment for p in promotions
    )


def _after_hook(hook: Phase, since: datetime) -> reasons.Reason:
    """What an environment waits for while nothing of its release may begin."""
    if hook.reason is None:
        sentence = "waits for the start hook of the release"
        return reasons.Reason(reasons.Code.WORKFLOW_RUNNING, sentence, since=since)
    sentence = f"nothing begins before the start hook of the release: {hook.reason.sentence}"
    return replace(hook.reason, sentence=sentence)


def _still_to_tell(hooks: catalog.Hooks, told: Iterable[Told], attempt: int) -> bool:
    """Whether a hook that is told of ends has not been, at this attempt, or is in flight."""
    known = {(each.purpose, each.attempt): each.status.ended for each in told}
    wanted = {Purpose.ON_SUCCESS: hooks.on_success, Purpose.ON_FAIL: hooks.on_fail}
    called = all(known.get((purpose, attempt), not name) for purpose, name in wanted.items())
    return not called or not all(known.values())


def phase_names(
    role: Role, settings: catalog.PolicySettings, hooks: catalog.Hooks
) -> tuple[PhaseName, ...]:
    """The phases of a promotion with these settings and hooks, in their order.

    A trigger environment has its content already: neither gates, nor a hook or workflow before it.
    """
    deployed = settings.action is not catalog.PromotionAction.NONE
    step = role is Role.STEP
    wanted = {
        PhaseName.GATES: step,
        PhaseName.ON_START: step and bool(hooks.on_start),
        PhaseName.PRE_ACTION: step and bool(settings.pre_action),
        PhaseName.ACTION: step and deployed,
        PhaseName.SYNC: deployed or not step,
        PhaseName.HEALTH: deployed or not step,
        PhaseName.POST_ACTION: bool(settings.post_action),
    }
    return tuple(name for name in PhaseName if wanted[name])


def phases(names: Iterable[PhaseName]) -> tuple[Phase, ...]:
    """Fresh phases, all waiting."""
    return tuple(Phase(name) for name in names)
