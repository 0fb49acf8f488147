"""Whether what is in git runs: asked of a deployer (git alone, Argo CD, …) for one promotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from towpath.domain import catalog, content, reasons
from towpath.domain.status import Status


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should run: an application, the promoted commit, and the files it was to bring."""

    application: catalog.Application
    component: str
    repository: str
    branch: str
    commit: str
    path: str
    files: tuple[content.FileContent, ...]
    landed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a deployer says of one application and commit.

    `sync` and `health` are `succeeded`, `running`, `pending`, `suspended` or `failed`.
    `overwritten` is set when the promoted values are no longer those that landed.
    """

    application: str
    sync: Status
    health: Status
    sync_reason: reasons.Reason | None = None
    health_reason: reasons.Reason | None = None
    overwritten: reasons.Reason | None = None
    revision: str = ""
    version: str = ""
    health_word: str = ""


class Deployer(Protocol):
    """Knows how far deployments are."""

    async def observe(self, expectations: Sequence[Expectation]) -> Sequence[Observation]:
        """Observe each expected deployment now. Raises `Temporary` when nothing can be known."""
        ...
