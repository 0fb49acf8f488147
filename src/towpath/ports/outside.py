"""The systems that know more of a change than git does: registries, trackers, code hosts.

They are asked in the background only, with deadlines. Every method raises `Temporary` when there
is no answer, and `Permanent` when the answer is no; one thing that is missing among many is
answered, not raised.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from towpath.domain import content


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an image says of itself. `revision` is as written there: it may be no commit."""

    digest: str
    revision: str = ""
    source: str = ""
    place: str = ""  # manifest | config | index


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as its tracker knows it; `missing` says why it is not known (gone, forbidden)."""

    key: str
    title: str = ""
    status: str = ""
    type: str = ""
    assignee: str = ""
    url: str = ""
    missing: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A pull request as its host knows it."""

    number: int
    title: str = ""
    url: str = ""
    author: str = ""
    branch: str = ""
    merged_at: str = ""
    body: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A release that is in an environment now. `update` grows with everything told."""

    product: str
    release: str
    n: int
    environment: str
    production: bool
    version: str
    url: str
    at: datetime
    update: int
    issues: tuple[str, ...]


class Deployments(Protocol):
    """A tracker that shows where changes are deployed."""

    async def deployed(self, deployment: Deployment) -> None:
        """Show it with its issues. The same again changes nothing."""
        ...


class Registry(Protocol):
    """Image registries."""

    def knows(self, image: str) -> bool:
        """Whether the image's registry may be asked."""
        ...

    async def inspect(self, image: content.Image) -> Inspected:
        """The image's digest, and the code revision that it names."""
        ...


class Tracker(Protocol):
    """One issue tracker."""

    def knows(self, key: str, /) -> bool:
        """Whether issues of such keys are there."""
        ...

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        """The issues, each by the key it was asked by."""
        ...

    async def comment_issue(self, key: str, text: str) -> None:
        """Write a comment on the issue."""
        ...

    async def label_issue(self, key: str, label: str, *, on: bool) -> None:
        """Give the issue a label, or take it off. The same again changes nothing."""
        ...


class Host(Protocol):
    """One code host."""

    def knows(self, repository: str, /) -> bool:
        """Whether the repository is there."""
        ...

    async def requests(self, repository: str, numbers: Collection[int]) -> Mapping[int, Request]:
        """Pull requests by number."""
        ...

    async def requests_of(
        self, repository: str, commits: Sequence[str]
    ) -> Mapping[str, Request | None]:
        """The merged pull request that brought each commit; None where there is none."""
        ...

    async def comment_request(self, repository: str, number: int, text: str) -> None:
        """Write a comment on the pull request."""
        ...

    async def label_request(self, repository: str, number: int, label: str, *, on: bool) -> None:
        """Give the pull request a label, or take it off. The same again changes nothing."""
        ...
