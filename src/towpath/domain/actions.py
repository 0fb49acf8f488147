"""What a look decides to do. Imperative: each is done by the engine, and answered by events."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from towpath.domain import events, reasons
from towpath.domain.facts import Member
from towpath.domain.workflow import Purpose


@dataclass(frozen=True, slots=True)
class Record:
    """Write down what is decided already."""

    events: tuple[events.Event, ...]


@dataclass(frozen=True, slots=True)
class StartCourse:
    """Leave the queue, unless another release of the product is out of it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim the environment and begin the promotion, unless somebody else has it by now.

    `over` is the suspended release that it is taken from; empty when the environment is free.
    """

    environment: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Bring the release's content onto the environment's branches.

    `before`: a window closes then, and what is not pushed by then must not be pushed. `stays`: what
    landed by an earlier attempt is only looked for, since the gates have not let it be written.
    """

    environment: str
    before: datetime | None = None
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """Find out whether a push that was under way arrived, before the promotion is left."""

    environment: str


@dataclass(frozen=True, slots=True)
class StartRuns:
    """Start a workflow for each of these applications (a hook: for none, once)."""

    environment: str  # empty: the release's own hook
    purpose: Purpose
    attempt: int
    template: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class StopRuns:
    """Ask runs to stop: whom they run for is leaving."""

    runs: tuple[UUID, ...]
    reason: reasons.Reason


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Look at the release again at this time, if nothing wakes it before."""

    at: datetime


Action = Record | StartCourse | Claim | Write | Settle | StartRuns | StopRuns | LookAgain
