"""What a person may ask of the engine, whoever carries the wish: the API, a chat, a test.

Each wish is idempotent and raises `wishes.Refused` with a code and a sentence when it makes no
sense now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from towpath.domain import policy, reasons
from towpath.domain.release import Release
from towpath.ports.git import Drift, FileDiff


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """What a write would change in one repository and branch, or why it cannot be made."""

    repository: str
    branch: str
    base: str
    files: tuple[FileDiff, ...] = ()
    drift: tuple[Drift, ...] = ()
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a promotion would do. `warnings` names components that take no part.

    `goes_back_to` is what a rollback goes back to; empty for a promotion.
    """

    product: str
    environment: str
    version: str
    components: tuple[str, ...]
    repositories: tuple[RepositoryPlan, ...]
    policy: policy.Resolved
    warnings: tuple[reasons.Reason, ...] = ()
    goes_back_to: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a refresh found: releases made, and trouble by repository."""

    repositories: tuple[str, ...]
    releases: tuple[str, ...] = ()
    trouble: Mapping[str, reasons.Reason] = field(default_factory=dict)


class Commands(Protocol):
    """The wishes that the engine takes. `actor` is who asks."""

    async def create(self, product: str, revision: str, flow: str, actor: str) -> Release:
        """A release of what is in the trigger environment: newest head, or at a revision."""
        ...

    async def terminate(self, release: str, actor: str, comment: str) -> Release:
        """Stop a release."""
        ...

    async def retry(self, release: str, environment: str, actor: str) -> Release:
        """Go on from the failed phase, in one environment or (empty) in all that failed."""
        ...

    async def approve(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """Agree to the promotion's attempt."""
        ...

    async def reject(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """Say no to the promotion's attempt, which ends it."""
        ...

    async def skip(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """Have the release pass the environment by."""
        ...

    async def promote(
        self,
        product: str,
        environment: str,
        source: str,
        components: Sequence[str],
        release: str,
        actor: str,
    ) -> Release:
        """A manual release. Empty: `source` is the environment before it in the only flow;
        `components` all; `release` what landed in the source at this moment."""
        ...

    async def plan_promotion(
        self, product: str, environment: str, source: str, components: Sequence[str], release: str
    ) -> Plan:
        """What `promote` would write."""
        ...

    async def rollback(
        self, product: str, environment: str, to: str, lock: bool, actor: str
    ) -> Release:
        """Go back to what landed with a release; empty `to`: the one before the present."""
        ...

    async def plan_rollback(self, product: str, environment: str, to: str) -> Plan:
        """What `rollback` would write."""
        ...

    async def lock(
        self, product: str, environment: str, reason: str, until: datetime | None, actor: str
    ) -> None:
        """Lock a product in an environment, or (empty product) the whole environment."""
        ...

    async def unlock(self, product: str, environment: str, actor: str) -> None:
        """Take the lock off."""
        ...

    async def refresh(self, repository: str) -> Looked:
        """Look for new commits now, in one repository or (empty) in all."""
        ...


class RunCommands(Protocol):
    """The wishes about runs of workflows. `actor` is who asks."""

    async def resume(self, run: UUID, step: str, actor: str, outputs: Mapping[str, str]) -> bool:
        """Let a suspended step go on, with the outputs that it asks for, by their names.

        False when it is not suspended. Raises `KeyError`, and `Refused` for outputs that miss.
        """
        ...

    async def stop(self, run: UUID, actor: str, comment: str) -> bool:
        """Ask a run to stop; False when nothing is left to stop. Raises `KeyError`."""
        ...
