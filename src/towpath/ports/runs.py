"""Where runs of workflows are kept, and the turns of those who bring them forward.

Every step is a row of its own. A leaf that is due is leased by one worker; when the lease runs out
another takes it over, with the next attempt, and what the first one says then changes nothing. What
became of a leaf and what follows from it are recorded at once, so a success that was recorded is
never done again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from towpath.domain.workflow import Run
from towpath.ports.runner import Outcome, Progress

Advance = Callable[[Run, Mapping[str, Outcome], datetime], Progress]


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to execute a leaf, until its lease runs out."""

    run: UUID
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Execution:
    """A leaf to execute. Of the run's steps only this one is there."""

    turn: Turn
    run: Run
    stop: bool = False  # it must only be ended: whoever executed it is gone
    deaths: int = 0  # of workers that executed it; one that handed it back is none


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a step's log: its place in the whole, in bytes, and the bytes."""

    at: int
    data: bytes


class Runs(Protocol):
    """The runs of all releases, as those see them who bring them forward."""

    async def advance_next(self, advance: Advance) -> bool:
        """Let the run go on that is due first. False: none is."""
        ...

    async def take_steps(self, worker: str, limit: int) -> Sequence[Execution]:
        """Lease leaves that are due, at most `limit`, those that waited longest first."""
        ...

    async def renew_steps(self, turns: Collection[Turn], worker: str) -> Collection[Turn]:
        """Keep the leases; answers with those that may go on. The others must end now.

        A leaf that must end keeps its lease until it has: nobody else speaks for it before.
        """
        ...

    async def hand_back(self, turn: Turn, worker: str) -> None:
        """Give a lease back: the leaf was cut short, and somebody else may begin it again."""
        ...

    async def finish_step(
        self, turn: Turn, worker: str, outcome: Outcome, rest: Piece, advance: Advance, room: int
    ) -> Sequence[Execution] | None:
        """Record what became of a leaf, the rest of its log, and what follows from it.

        Answers with leaves that became due by it, at most `room`, already leased. None: the turn
        was somebody else's by now, and nothing was recorded.
        """
        ...

    async def append_log(self, turn: Turn, piece: Piece) -> None:
        """Keep the next piece of a log."""
        ...

    async def resume(
        self, run: UUID, step: str, actor: str, outputs: Mapping[str, str], advance: Advance
    ) -> bool:
        """Let a suspended step go on; False: it is not suspended.

        Raises `KeyError`, and `Refused` where it cannot succeed with these outputs.
        """
        ...

    async def stop(self, run: UUID, actor: str, comment: str) -> bool:
        """Ask a run to stop; False: it has ended, or was asked already. Raises `KeyError`."""
        ...
