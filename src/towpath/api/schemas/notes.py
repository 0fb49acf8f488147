"""Notes as they are answered. The document is made in `history` and kept as it is; this says of
what form it is.
"""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import Field

from towpath.api.schemas.base import Asked, Name, Shown, Text

T = TypeVar("T")


class Lacking(Shown):
    """What is not known, and why.

    `outlook`: it is `coming` (asked for, and asked for again), `awaited` (nobody is asked, a CI may
    report it), or `given_up`.
    """

    what: str
    reason: str
    outlook: Literal["coming", "awaited", "given_up"]


class Resolving(Shown):
    """What the background does about what is missing: it is `asking` now, is `waiting` until
    `next_try_at`, or it is `over`. `tries`: how often everybody was asked."""

    state: Literal["asking", "waiting", "over"]
    next_try_at: datetime | None
    tries: int


class Group(Shown, Generic[T]):
    """What is listed, how much of it is known whole, and what is not known."""

    items: list[T]
    resolved: int
    total: int
    unresolved: list[Lacking]


class BasePart(Shown):
    """What one component was."""

    component: str
    kind: str
    release: str | None
    version: str
    commit: str
    at: datetime


class BaseShown(Shown):
    """What notes start from."""

    kind: Literal[
        "succeeded",
        "rollback",
        "found",
        "mixed",
        "none",
        "previous",
        "release",
        "environment",
        "time",
    ]
    release: str | None
    at: datetime | None
    sentence: str
    components: list[BasePart]


class RequestKey(Shown):
    """A pull request by repository and number."""

    repository: str
    number: int


class Feature(Shown):
    """An issue that commits, pull requests, branches or a CI name."""

    key: str
    title: str
    status: str
    type: str
    assignee: str
    url: str
    moved_to: str | None
    components: list[str]
    pull_requests: list[RequestKey]
    commits: int
    taken_back: bool
    reverted: bool


class PullRequestShown(Shown):
    """A pull request of the range."""

    repository: str
    number: int
    title: str
    url: str
    author: str
    branch: str
    merged_at: datetime | None
    components: list[str]
    issues: list[str]
    commits: int
    taken_back: bool
    reverted: bool


class CommitItem(Shown):
    """A code commit. `component` is the first of `components`."""

    repository: str
    sha: str
    author: str
    committed_at: datetime
    subject: str
    component: str
    components: list[str]
    pull_request: int | None
    issues: list[str]
    merge: bool
    taken_back: bool
    reverted_by: str | None


class ImageAt(Shown):
    """An image at one end. `answered_by`: ci, registry, reference or tag."""

    tag: str
    digest: str | None
    pinned: bool
    tag_moved_to: str | None
    repository: str | None
    revision: str | None
    answered_by: str | None
    build_url: str | None


class ImageItem(Shown):
    """An image, from (`from`) what it was to (`to`) what it is."""

    component: str
    name: str
    from_: ImageAt | None = Field(alias="from")
    to: ImageAt | None
    changed: bool
    direction: str | None
    sentence: str
    own: bool
    resolved: bool


class GitopsItem(Shown):
    """A GitOps commit. `via` and `carried_by`: the release and promotion that carried it there."""

    repository: str
    sha: str
    author: str
    committed_at: datetime
    subject: str
    component: str
    components: list[str]
    pull_request: int | None
    issues: list[str]
    kind: Literal["change", "by_hand"]
    taken_back: bool
    via: str | None
    carried_by: str | None


class NotesDocument(Shown):
    """What changed in an environment with a release."""

    release: str
    environment: str
    base: BaseShown
    features: Group[Feature]
    pull_requests: Group[PullRequestShown]
    commits: Group[CommitItem]
    images: Group[ImageItem]
    gitops: Group[GitopsItem]
    resolving: Resolving


class Found(Shown):
    """What was meant: `scope` is its repository, or the image's name."""

    kind: str
    ref: str
    scope: str


class ComponentAt(Shown):
    """How one component of an environment stands."""

    environment: str
    component: str
    state: str
    since: datetime | None
    release: str | None
    sentence: str


class EnvironmentAt(Shown):
    """Where a change is in one environment: `reached` since when by which release; `waiting` for
    what; `taken_back`, `replaced`, `missing`; `unknown` where it is not known."""

    environment: str
    state: Literal["reached", "waiting", "taken_back", "replaced", "missing", "unknown"]
    since: datetime | None
    release: str | None
    sentence: str
    components: list[ComponentAt]


class ProductAt(Shown):
    """Where a change is in one product: the releases that brought it, and its environments."""

    product: str
    components: list[str]
    releases: list[str]
    taken_back_by: list[str]
    environments: list[EnvironmentAt]


class TraceDocument(Shown):
    """Where something is; `candidates` where several things may be meant."""

    ref: str
    found: Found | None
    products: list[ProductAt]
    candidates: list[Found]
    sentence: str


class ImageReport(Asked):
    """What a CI says is in an image: `image` with a tag, or `digest`, or both."""

    image: Name
    digest: Name = ""
    repository: Text = ""
    revision: Name = ""
    branch: Name = ""
    pull_requests: tuple[Name, ...] = ()
    issues: tuple[Name, ...] = ()
    build_url: Text = ""


class ImageReported(Shown):
    """What was kept of a report."""

    name: str
    tag: str
    digest: str
    repository: str
    revision: str
    branch: str
    pull_requests: tuple[str, ...]
    issues: tuple[str, ...]
    build_url: str
    reporter: str
