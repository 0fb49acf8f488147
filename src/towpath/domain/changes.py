"""What lies between two revisions of a repository, and what commits say of themselves.

Pure values: how they are read from git, and what is made of them for people, is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from towpath.domain.release import Release, Role


class Commit(NamedTuple):
    """A commit of a range. A tuple, because notes of a long range hold very many.

    `committed_at` is RFC 3339 in UTC, as git wrote it.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    committed_at: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


class Direction(StrEnum):
    """How the later revision stands to the earlier one."""

    SAME = "same"
    FORWARDS = "forwards"
    BACKWARDS = "backwards"  # the earlier one comes after it: what lies between is taken back
    DIVERGED = "diverged"  # each has commits that the other has not
    UNKNOWN = "unknown"  # one of them is not in the repository


@dataclass(frozen=True, slots=True)
class Between:
    """The commits that came and those that went, newest first, children before parents.

    `missing` are revisions that are not in the repository; `cut` is how many commits there are
    beyond those listed.
    """

    direction: Direction
    came: tuple[Commit, ...] = ()
    went: tuple[Commit, ...] = ()
    missing: tuple[str, ...] = ()
    cut: int = 0


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull or merge request as a commit message names it."""

    number: int
    title: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a CI said is in an image."""

    name: str
    tag: str
    digest: str
    repository: str
    revision: str
    branch: str = ""
    pull_requests: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    build_url: str = ""
    reporter: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was once found out outside, and is kept: it stays when the outside is gone.

    `value` is plain JSON; `age` how long ago that was.
    """

    value: Mapping[str, object] = field(default_factory=dict)
    age: timedelta = timedelta()


def birthplace(release: Release) -> str:
    """The environment in which a release came into its product: the trigger environment, or for
    releases made by people the one they go to."""
    roles = {promotion.role: promotion.environment for promotion in reversed(release.promotions)}
    return roles.get(Role.TRIGGER) or roles.get(Role.STEP) or ""
