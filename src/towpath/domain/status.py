"""One vocabulary of status for every level, and the one rule that makes a whole of its parts.

Knows nothing of releases: step, workflow, promotion and release all use the same function.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache


class Status(StrEnum):
    """How far a step, workflow run, promotion or release is."""

    QUEUED = "queued"
    WAITING = "waiting"
    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERROR = "error"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to what has this status, unless a person acts."""
        return self in ENDED

    @property
    def acting(self) -> bool:
        """Whether something is in progress or held up here, rather than not reached or done."""
        return self in _ACTING


_WORST_FIRST = (
    Status.TERMINATING,
    Status.ERROR,
    Status.FAILED,
    Status.TERMINATED,
    Status.SUSPENDED,
    Status.PENDING,
    Status.RUNNING,
    Status.QUEUED,
    Status.WAITING,
    Status.SUPERSEDED,
    Status.SUCCEEDED,
    Status.SKIPPED,
)
_SEVERITY = {status: rank for rank, status in enumerate(reversed(_WORST_FIRST))}
_NOT_BEGUN = frozenset({Status.WAITING, Status.QUEUED})
_MADE_WAY = frozenset({Status.SUCCEEDED, Status.SUPERSEDED})
_ACTING = frozenset({Status.PENDING, Status.RUNNING, Status.SUSPENDED, Status.TERMINATING})
ENDED = frozenset(
    {
        Status.SUCCEEDED,
        Status.FAILED,
        Status.ERROR,
        Status.TERMINATED,
        Status.SUPERSEDED,
        Status.SKIPPED,
    }
)


def worst(parts: Iterable[Status]) -> Status:
    """The most severe of the parts; `skipped` when there are none."""
    return max(parts, key=_SEVERITY.__getitem__, default=Status.SKIPPED)


def aggregate(parts: Iterable[Status]) -> Status:
    """The status of a whole: its worst part, or `running` when it is under way between two parts.

    Order does not matter, and grouping parts first changes nothing.
    """
    return _whole(frozenset(parts))


@cache
def _whole(present: frozenset[Status]) -> Status:
    result = worst(present)
    if result in _NOT_BEGUN and present & _MADE_WAY:
        return Status.RUNNING
    return result
