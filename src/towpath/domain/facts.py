"""What a look knows before it decides: read in one go, and true at one moment of the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from towpath.domain import catalog, reasons
from towpath.domain.release import GateKind, Phase, PhaseName, Promotion, Release, Role, Trigger
from towpath.domain.status import Status
from towpath.domain.workflow import Known


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a product in an environment, or on all of the environment (`product` empty)."""

    product: str
    environment: str
    reason: str
    author: str
    since: datetime
    until: datetime | None = None
    by_rollback: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A product's environment as releases meet there.

    `holder` is the release that has the claim, `counter` grows with every claim; `yields` says
    that the holder is suspended, so that a newer release of its line may take over. `begun` and
    `landed` hold, for each line, the highest n that began and that landed.
    """

    holder: str = ""
    yields: bool = False
    counter: int = 0
    begun: Mapping[str, int] = field(default_factory=dict)
    landed: Mapping[str, int] = field(default_factory=dict)
    locks: tuple[Lock, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """An attempt to write whose end is not known: perhaps it was pushed, perhaps not."""

    id: UUID
    repository: str
    branch: str
    base: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Rival:
    """Another release of the product that has not ended.

    `due` holds the environments where it is ready and only waits for its turn, and since when;
    `held` those where a lock or a window, which hold its whole line, or time alone hold it: until
    then, and None without a soak.
    """

    id: str
    n: int
    line: str
    trigger: Trigger
    queued: bool
    queue_position: int | None
    due: Mapping[str, datetime]
    held: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the deployer says of a whole environment: all applications of the release there."""

    sync: Status
    health: Status
    sync_reason: reasons.Reason | None = None
    health_reason: reasons.Reason | None = None
    overwritten: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an environment has done since the release succeeded there, as far as is recorded.

    `here_since`: since when it holds what the release carries, or a newer one of its line (None:
    it holds something else, `instead`). `healthy_since`: since when it is seen to be healthy; None
    when it is not, for the reason `sick`, or when nobody watches (`watched` False): then nothing
    is known of its health.
    """

    here_since: datetime | None
    instead: str = ""
    healthy_since: datetime | None = None
    sick: reasons.Reason | None = None

    @property
    def watched(self) -> bool:
        """Whether a deployer says how healthy it is."""
        return self.healthy_since is not None or self.sick is not None


@dataclass(frozen=True, slots=True)
class Member:
    """An application of the release in an environment, and the component that it runs."""

    application: str
    component: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything outside the release itself that a decision rests on.

    `missing` says for an environment why the release cannot be written there at all; `watched`
    and `unseen` what the deployer said, or why it said nothing, where it was asked. `windows` are
    those of the environments, as configured now; `standings` are read where a soak counts. `runs`
    are all runs of the release, `members` the applications that workflows run for in each
    environment, and `refused` says of a workflow, by name, why it cannot be run.
    """

    concurrency: catalog.Concurrency = catalog.Concurrency.SUPERSEDE
    rivals: tuple[Rival, ...] = ()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    open_writes: Mapping[str, tuple[OpenWrite, ...]] = field(default_factory=dict)
    missing: Mapping[str, reasons.Reason] = field(default_factory=dict)
    watched: Mapping[str, Watched] = field(default_factory=dict)
    unseen: Mapping[str, reasons.Reason] = field(default_factory=dict)
    windows: Mapping[str, tuple[catalog.Window, ...]] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    runs: tuple[Known, ...] = ()
    members: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)
    refused: Mapping[str, reasons.Reason] = field(default_factory=dict)

    def stage(self, environment: str) -> Stage:
        """The environment as releases meet there; a fresh one if none ever did."""
        return self.stages.get(environment, Stage())


def as_rival(other: Release) -> Rival:
    """How another release of the product looks from this one."""
    return Rival(
        other.id,
        other.n,
        other.line,
        other.trigger,
        queued=other.course.status is Status.QUEUED,
        queue_position=other.queue_position,
        due=due(other),
        held=held(other),
    )


def due(of: Release) -> Mapping[str, datetime]:
    """The environments where a release is ready to begin, and since when it waits for its turn."""
    return {
        promotion.environment: reason.since
        for promotion, gates, reason in _at_gates(of)
        if reason.code is reasons.Code.ENVIRONMENT_BUSY and gates.status is Status.PENDING
        if reason.since
    }


def held(of: Release) -> Mapping[str, datetime | None]:
    """The environments where a release will be ready without anybody's doing for it alone."""
    found = {}
    for promotion, gates, _ in _at_gates(of):
        closed = {gate.kind: gate for gate in promotion.gates if gate.closed}
        soak = closed.pop(GateKind.SOAK, None)
        others = closed.keys() - {GateKind.BUSY}
        if gates.status.ended or others - _OF_THE_LINE or not (others or soak):
            continue
        if soak is None or soak.opens_at:
            found[promotion.environment] = soak.opens_at if soak else None
    return found


_OF_THE_LINE = frozenset({GateKind.LOCK, GateKind.WINDOW})


def _at_gates(of: Release) -> Iterator[tuple[Promotion, Phase, reasons.Reason]]:
    """The closed gates of a release that is neither queued nor stopping."""
    if of.course.status is not Status.SKIPPED:
        return
    for promotion in of.promotions:
        gates = promotion.phase(PhaseName.GATES)
        if promotion.role is Role.STEP and gates and gates.reason and not promotion.skip:
            yield promotion, gates, gates.reason
