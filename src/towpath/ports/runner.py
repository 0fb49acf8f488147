"""Running promotion workflows, whoever runs them.

The order of a run's steps is decided without I/O (`advance`); what a step does is done by
`execute`, wherever there is a worker. Between the two, the store keeps every step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from towpath.domain import catalog, reasons
from towpath.domain.status import Status
from towpath.domain.workflow import Manifest, Run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one execution of a leaf: its end, and what it put out.

    A suspended leaf is not executed: whoever resumes it gives it an outcome, `succeeded` with the
    outputs that it asks for (`parameters.NAME`), or the end that it is to have.
    """

    status: Status  # succeeded | failed | error | terminated
    reason: reasons.Reason | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as it is now, what to execute next, and when time alone changes it."""

    run: Run
    due: tuple[str, ...] = ()  # ids of leaves to execute now; each is in `run` as `pending`
    stop: tuple[str, ...] = ()  # ids of leaves in execution that must end
    again_at: datetime | None = None


class Log(Protocol):
    """Where a step's output goes while it runs."""

    async def write(self, data: bytes) -> None:
        """Keep the next bytes; may wait, so that a loud process is slowed and not lost."""
        ...


class Runner(Protocol):
    """Runs the workflows that it understands."""

    def refuse(self, manifest: Manifest) -> Sequence[catalog.Problem]:
        """What of it cannot be run here, each with its construct and line; empty: all can."""
        ...

    def advance(self, run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        """Take in what became of leaves, and find what is next. Pure: no I/O, no clock.

        A run that is new is begun; one that is refused, or asked to stop, is ended. The same run
        and no outcomes give the same answer, so it may be asked at any time.
        """
        ...

    def trust(self, until: float) -> None:
        """Go on with what is executed here until that moment (`time.monotonic`), or a later one
        that was told before; then let it stand still until more is told.

        Who is not heard of for as long has lost its leases: others are given what it executes.
        """
        ...

    async def execute(self, run: Run, step: str, log: Log) -> Outcome:
        """Execute a leaf now. Cancelling it ends all that it started.

        Of the run's steps only this one is given, with all that it needs in inputs and memo.
        """
        ...
