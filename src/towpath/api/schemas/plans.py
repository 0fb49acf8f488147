"""What a promotion would change, what one has changed, and the policy that governs it."""

from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

from towpath.api.schemas.base import ReasonShown, Shown, plain
from towpath.domain import policy
from towpath.ports.commanding import Plan


class FileDiffShown(Shown):
    """The unified diff of one file."""

    path: str
    old_path: str
    patch: str


class DriftShown(Shown):
    """A promoted value that somebody changed in the environment since it landed."""

    file: str
    place: str
    landed: str
    found: str
    commit: str
    author: str


class LostShown(Shown):
    """A value that was not taken, and why."""

    origin: str
    value: Any
    why: str


class SettingShown(Shown):
    """A setting in force, who gave it, and what lost to it. Durations are in seconds."""

    name: str
    value: Any
    origin: str
    lost: tuple[LostShown, ...]


class RepositoryPlanShown(Shown):
    """What would change in one repository and branch, or why it cannot be made."""

    repository: str
    branch: str
    base: str
    files: tuple[FileDiffShown, ...]
    drift: tuple[DriftShown, ...]
    reason: ReasonShown | None


class PlanDocument(Shown):
    """What a promotion would do; nothing was changed."""

    product: str
    environment: str
    version: str
    components: tuple[str, ...]
    goes_back_to: str
    warnings: tuple[ReasonShown, ...]
    policy: tuple[SettingShown, ...]
    repositories: tuple[RepositoryPlanShown, ...]


class RepositoryDiff(Shown):
    """What a promotion changed in one repository and branch. `base`: the commit before it."""

    repository: str
    branch: str
    commit: str
    base: str
    changed: bool
    files: tuple[FileDiffShown, ...]


class DiffDocument(Shown):
    """What a release changed in an environment; empty as long as it has not landed there."""

    release: str
    environment: str
    items: tuple[RepositoryDiff, ...]


def plan(of: Plan) -> PlanDocument:
    """A plan as a document."""
    return PlanDocument(
        product=of.product,
        environment=of.environment,
        version=of.version,
        components=of.components,
        goes_back_to=of.goes_back_to,
        warnings=tuple(ReasonShown.model_validate(warning) for warning in of.warnings),
        policy=tuple(settings(of.policy)),
        repositories=tuple(
            RepositoryPlanShown.model_validate(repository) for repository in of.repositories
        ),
    )


def settings(of: policy.Resolved) -> Iterator[SettingShown]:
    """Every setting with its origin and the losers."""
    for name, (won, *lost) in of.candidates.items():
        yield SettingShown(
            name=name,
            value=_value(won.value),
            origin=won.origin,
            lost=tuple(
                LostShown(origin=other.origin, value=_value(other.value), why=other.lost)
                for other in lost
            ),
        )


def _value(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return plain(value)
