"""Releases: as rows of a list, and as one document that says everything."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from towpath.api.schemas import runs
from towpath.api.schemas.base import ReasonShown, Seconds, Shown
from towpath.api.schemas.runs import WorkflowShown
from towpath.api.schemas.settings import SettingsShown
from towpath.domain import content, explaining, gates, possible, values
from towpath.domain.approvals import Person
from towpath.domain.catalog import Environment, EnvironmentKind
from towpath.domain.release import GateKind, PhaseName, Promotion, Release, Role, Trigger
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose
from towpath.storage import run_queries
from towpath.storage.carried import Carried


class PlaceShown(Shown):
    """How a release stands in one environment, in short. `release`: the one the reason names."""

    name: str
    position: int
    role: Role
    status: Status
    reason: str | None
    sentence: str
    release: str | None
    version: str
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None


class AlsoCarried(Shown):
    """Earlier releases of its line that never came to some environments by themselves, and whose
    changes come, or came, there with this one: `total`, the newest of them by id, oldest first."""

    environments: tuple[str, ...]
    releases: tuple[str, ...]
    total: int


class ReleaseInShort(Shown):
    """A release in short; environments in the order of its flow."""

    id: str
    product: str
    n: int
    name: str
    trigger: Trigger
    flow: str
    initiator: str
    version: str
    subject: str
    revision: str
    status: Status
    reason: ReasonShown | None
    ended: bool
    open: bool
    created_at: datetime
    ended_at: datetime | None
    environments: tuple[PlaceShown, ...]


class ReleaseItem(ReleaseInShort):
    """A release as a row of a list."""

    also_carries: tuple[AlsoCarried, ...]


class CommitShown(Shown):
    """The commit that made a release."""

    repository: str
    branch: str
    sha: str
    subject: str
    author: str
    author_email: str
    committed_at: datetime | None


class CourseShown(Shown):
    """The release's own part in its status: queued, stopping, stopped."""

    status: Status
    reason: ReasonShown | None
    since: datetime | None


class ClockShown(Shown):
    """What is left of the flow's time; it stands while `running_since` is null."""

    left_seconds: float
    running_since: datetime | None
    deadline: datetime | None


class PhaseShown(Shown):
    """One phase of a promotion."""

    name: PhaseName
    status: Status
    reason: ReasonShown | None
    started_at: datetime | None
    ended_at: datetime | None
    tries: int
    refusals: int
    retry_at: datetime | None


class GateShown(Shown):
    """What may hold a promotion; `opens_at`: when it opens by itself, if that is known."""

    kind: GateKind
    status: Status
    reason: ReasonShown | None
    opens_at: datetime | None


class WaitShown(Shown):
    """Something that an environment waits for, and command lines for what one could do about it.

    `until`: it is over by itself then, as far as is known.
    """

    code: str
    sentence: str
    since: datetime | None
    until: datetime | None
    commands: tuple[str, ...]


class ApprovalGiven(Shown):
    """Somebody agreed to this attempt."""

    by: str
    comment: str
    at: datetime | None


class RefusalShown(Shown):
    """Why something cannot be asked for now."""

    code: str
    sentence: str


class HookTold(Shown):
    """A hook that is told how an attempt ended; `skipped`: it is not told this time."""

    purpose: Purpose
    attempt: int
    template: str
    status: Status
    reason: ReasonShown | None
    started_at: datetime | None
    ended_at: datetime | None


class LandingShown(Shown):
    """The promoted commit of one repository and branch."""

    repository: str
    branch: str
    commit: str
    components: tuple[str, ...]
    changed: bool
    landed_at: datetime | None


class Carrier(Shown):
    """The release that carries the change of a superseded one now, and how far it is."""

    release: str
    status: Status
    environment: str
    sentence: str
    chain: tuple[str, ...]


class EnvironmentShown(Shown):
    """One environment of a release, with its phases and gates.

    `kind`: null where it is not configured any more.
    `actions`: what the one who asks may ask for now; `not_now`: why not the rest.
    """

    name: str
    kind: EnvironmentKind | None
    position: int
    role: Role
    status: Status
    reason: ReasonShown | None
    depends_on: tuple[str, ...]
    version: str
    attempt: int
    landed: bool
    started_at: datetime | None
    ended_at: datetime | None
    phases: tuple[PhaseShown, ...]
    gates: tuple[GateShown, ...]
    approvals: tuple[ApprovalGiven, ...]
    waits_for: tuple[WaitShown, ...]
    landings: tuple[LandingShown, ...]
    warnings: tuple[ReasonShown, ...]
    unsupported: tuple[str, ...]
    carried_by: Carrier | None
    actions: tuple[str, ...]
    not_now: dict[str, RefusalShown]
    workflows: tuple[WorkflowShown, ...]
    hooks: tuple[HookTold, ...]
    settings: SettingsShown
    origins: dict[str, str]


class ImageShown(Shown):
    """An image seen in the promoted files."""

    name: str
    tag: str
    digest: str


class ValueShown(Shown):
    """A promoted value and the place it has in its file."""

    place: str
    value: Any


class WholeFileShown(Shown):
    """A file promoted whole."""

    mode: str
    digest: str
    size: int


class FileShown(Shown):
    """What is promoted of one file: some values, or all of it."""

    path: str
    repository: str
    values: tuple[ValueShown, ...]
    whole: WholeFileShown | None


class ComponentShown(Shown):
    """What a release carries of one component."""

    name: str
    version: str
    repository: str
    branch: str
    revision: str
    images: tuple[ImageShown, ...]
    files: tuple[FileShown, ...]


class ReleaseDocument(Shown):
    """All of one release. `counters` counts its environments by status.

    `actions`: what the one who asks may ask for now; `not_now`: why not the rest.
    """

    id: str
    product: str
    n: int
    name: str
    trigger: Trigger
    flow: str
    line: str
    initiator: str
    version: str
    status: Status
    reason: ReasonShown | None
    ended: bool
    open: bool
    created_at: datetime
    ended_at: datetime | None
    timeout_seconds: Seconds | None
    goes_back_to: str
    locks: bool
    queue_position: int | None
    course: CourseShown
    clock: ClockShown | None
    commit: CommitShown | None
    commits: tuple[CommitShown, ...]
    counters: dict[Status, int]
    carried_by: Carrier | None
    also_carries: tuple[AlsoCarried, ...]
    actions: tuple[str, ...]
    not_now: dict[str, RefusalShown]
    workflows: tuple[WorkflowShown, ...]
    attempt: int
    on_start: PhaseShown | None
    hooks: tuple[HookTold, ...]
    warnings: tuple[ReasonShown, ...]
    context: dict[str, Any]
    environments: tuple[EnvironmentShown, ...]
    components: tuple[ComponentShown, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What a document says besides the release: who asks, who wrote what, runs.

    `wrote`: for environments where it matters, the authors of what is brought there.
    `environments`: those that are configured now. `carries`: the releases whose changes come along.
    """

    who: Person
    wrote: Mapping[str, Collection[str]] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    ran: Sequence[run_queries.Shown] = ()
    carries: Sequence[Carried] = ()


def document(of: Release, carriers: Mapping[str, Carrier], around: Around) -> ReleaseDocument:
    """The document of a release. `carriers`: who carries it on, for each superseded environment."""
    clock, may = of.clock, possible.with_release(of, around.who)
    return ReleaseDocument(
        **{name: getattr(of, name) for name in _SAME},
        reason=_reason(of.reason),
        timeout_seconds=of.timeout,
        course=CourseShown.model_validate(of.course),
        clock=clock
        and ClockShown(
            left_seconds=clock.left.total_seconds(),
            running_since=clock.running_since,
            deadline=clock.deadline,
        ),
        commit=CommitShown.model_validate(of.commit) if of.commit else None,
        commits=tuple(CommitShown.model_validate(commit) for commit in of.commits),
        counters=_counters(of),
        carried_by=next(iter(carriers.values()), None),
        also_carries=tuple(AlsoCarried.model_validate(each) for each in around.carries),
        actions=may.actions,
        not_now=_refusals(may),
        workflows=runs.workflows(around.ran, ""),
        on_start=PhaseShown.model_validate(of.on_start) if of.on_start else None,
        hooks=tuple(HookTold.model_validate(told) for told in of.told),
        warnings=tuple(ReasonShown.model_validate(warning) for warning in of.warnings),
        context=dict(of.context),
        environments=tuple(
            _environment(of, promotion, position, carriers.get(promotion.environment), around)
            for position, promotion in enumerate(of.promotions)
        ),
        components=tuple(_component(name, part) for name, part in sorted(of.content.items())),
    )


_SAME = (
    *("id", "product", "n", "name", "trigger", "flow", "line", "initiator", "version", "status"),
    *(
        "attempt",
        "ended",
        "open",
        "created_at",
        "ended_at",
        "goes_back_to",
        "locks",
        "queue_position",
    ),
)


def _reason(reason: object) -> ReasonShown | None:
    return ReasonShown.model_validate(reason) if reason else None


def _counters(of: Release) -> dict[Status, int]:
    found = Counter(promotion.status for promotion in of.promotions)
    return {status: found[status] for status in Status}


def _environment(
    of: Release, promotion: Promotion, position: int, carrier: Carrier | None, around: Around
) -> EnvironmentShown:
    where = promotion.environment
    configured = around.environments.get(where)
    windows = configured.windows if configured else ()
    may = possible.in_environment(of, where, around.who, around.wrote.get(where, ()))
    return EnvironmentShown(
        name=where,
        kind=configured.kind if configured else None,
        position=position,
        role=promotion.role,
        status=promotion.status,
        reason=_reason(of.why(promotion)),
        depends_on=promotion.depends_on,
        version=promotion.version,
        attempt=promotion.attempt,
        landed=promotion.landed,
        started_at=promotion.started_at,
        ended_at=promotion.ended_at,
        phases=tuple(PhaseShown.model_validate(phase) for phase in promotion.phases),
        gates=tuple(GateShown.model_validate(gate) for gate in gates.shown(of, promotion, windows)),
        approvals=tuple(ApprovalGiven.model_validate(given) for given in promotion.approvals),
        waits_for=tuple(WaitShown.model_validate(wait) for wait in explaining.waits(of, promotion)),
        landings=tuple(LandingShown.model_validate(landing) for landing in promotion.landings),
        warnings=tuple(ReasonShown.model_validate(warning) for warning in promotion.warnings),
        unsupported=promotion.unsupported,
        carried_by=carrier,
        actions=may.actions,
        not_now=_refusals(may),
        workflows=runs.workflows(around.ran, where),
        hooks=tuple(HookTold.model_validate(told) for told in promotion.told),
        settings=SettingsShown.model_validate(promotion.settings),
        origins=dict(promotion.origins),
    )


def _refusals(may: possible.Possible) -> dict[str, RefusalShown]:
    return {name: RefusalShown.model_validate(why) for name, why in may.refusals.items()}


# --- content ---------------------------------------------------------------------------------
def _component(name: str, part: content.ComponentContent) -> ComponentShown:
    return ComponentShown(
        name=name,
        version=part.version,
        repository=part.repository,
        branch=part.branch,
        revision=part.revision,
        images=tuple(ImageShown.model_validate(image) for image in part.images),
        files=tuple(_file(source, file) for source in part.sources for file in source.files),
    )


def _file(source: content.SourceContent, file: content.FileContent) -> FileShown:
    return FileShown(
        path=file.path,
        repository=source.repository,
        values=tuple(
            ValueShown(place=values.spell(value.place), value=_json(value.value))
            for value in file.values
        ),
        whole=WholeFileShown.model_validate(file.whole) if file.whole else None,
    )


def _json(value: object) -> Any:
    """A promoted value as JSON; what has a spelling of its own is shown as it is spelled."""
    match value:
        case values.Plain(text):
            return text
        case float():
            return value if value - value == 0 else str(value)  # JSON has no nan and no infinity
        case Mapping():
            return {str(key): _json(part) for key, part in value.items()}
        case list() | tuple():
            return [_json(part) for part in value]
        case _:
            return value
