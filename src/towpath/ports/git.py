"""Git as the engine needs it: heads, contents, commits that are built first and pushed later.

Every method has a deadline of its own and raises `Temporary` or `Permanent`. Repositories are
named by their address without user information; branches by their short name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from towpath.domain import content, reasons
from towpath.domain.rules import Rules


@dataclass(frozen=True, slots=True)
class Heads:
    """The branches of a repository and the tags on them, as the remote says now."""

    default_branch: str
    branches: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)  # name -> commit, peeled


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as shown to people and searched for our trailers."""

    sha: str
    author: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    message: str
    parents: tuple[str, ...]
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class SourceAt:
    """A folder of an application's source: `index` is the source's place in the application."""

    index: int
    repository: str
    path: str


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Which content to read: an application's folder in one repository, by a template's rules."""

    component: str
    application: str
    source: SourceAt
    rules: Rules


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for one request: content, version, images, and the bodies of whole files.

    `files` is empty where nothing matched; `reason` says why the request could not be answered
    (then the rest is empty). `bodies` maps a SHA-256 to the bytes. `unmatched` names each file or
    glob of the template with the JSONPath that selected nothing there.
    """

    request: ReadRequest
    files: tuple[content.FileContent, ...] = ()
    version: str = ""
    images: tuple[content.Image, ...] = ()
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    reason: reasons.Reason | None = None
    unmatched: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """What to bring into one folder: the release's files, judged against what landed there.

    Removed is what landed, is not among the files, and is still selected by the `rules` that the
    files were read by: a template that no longer names a value leaves it where it is. Nothing is
    removed where nothing is recorded to have landed, or the rules are not known.
    """

    component: str
    application: str
    path: str
    files: tuple[content.FileContent, ...]
    landed: tuple[content.FileContent, ...] | None
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One commit to be: all edits of one promotion in one repository and branch."""

    write_id: UUID
    edits: tuple[Edit, ...]
    message: str  # with trailers
    bodies: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drift:
    """A promoted value that is not what landed: somebody changed it in the environment."""

    file: str
    place: str
    landed: str
    found: str
    commit: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of building one change: a commit, no change, or why it cannot be built."""

    write_id: UUID
    commit: str = ""  # empty: nothing differs, or `reason` says why it cannot be built
    drift: tuple[Drift, ...] = ()
    reason: reasons.Reason | None = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The unified diff of one file."""

    path: str
    old_path: str
    patch: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a folder holds the promoted files at a revision, and if not, what differs."""

    holds: bool
    differences: tuple[Drift, ...] = ()


class Git(Protocol):
    """The door to git repositories."""

    async def heads(self, repository: str) -> Heads:
        """Ask the remote for its branches and tags (`ls-remote`)."""
        ...

    async def fetch(self, repository: str) -> Heads:
        """Bring the mirror up to date with every branch of the remote; answers with the heads."""
        ...

    async def known_head(self, repository: str, branch: str) -> str | None:
        """The branch's commit as the mirror knows it, without asking the remote."""
        ...

    async def commits(
        self, repository: str, base: str | None, head: str, limit: int
    ) -> Sequence[Commit]:
        """Commits reachable from `head` and not from `base`, newest first, `limit` at most."""
        ...

    async def commit(self, repository: str, revision: str) -> Commit:
        """One commit, by sha, unique abbreviation, branch or tag."""
        ...

    async def changed_paths(self, repository: str, old: str, new: str) -> frozenset[str] | None:
        """Paths that differ between two commits; None if either is gone (read everything)."""
        ...

    async def is_ancestor(self, repository: str, commit: str, head: str) -> bool:
        """Whether `head` is `commit` or comes after it. False if either is gone."""
        ...

    async def read(
        self, repository: str, revision: str, requests: Sequence[ReadRequest]
    ) -> Sequence[Reading]:
        """Read the promoted content of many folders at one revision."""
        ...

    async def build(self, repository: str, base: str, changes: Sequence[Change]) -> Sequence[Built]:
        """Build a chain of commits on `base`, one for each change that changes something.

        Nothing is visible to anybody until it is pushed. A change that cannot be built is left
        out of the chain, and its answer says why.
        """
        ...

    async def build_empty(self, repository: str, base: str, message: str) -> str:
        """Build a commit on `base` that changes nothing, and answer with its sha."""
        ...

    async def push(self, repository: str, branch: str, old: str, new: str) -> None:
        """Move the remote's branch from `old` to `new`, or not at all.

        `old` empty: make the branch. Raises `Moved` when the branch is not at `old`: then the
        mirror has been brought up to date, and `known_head` says where it is. Raises `Permanent`
        when the remote refuses (hook, protection, credentials) or the branch is gone, `Temporary`
        when it is unknown whether it moved.
        """
        ...

    async def find_writes(
        self, repository: str, base: str, head: str, write_ids: Collection[UUID]
    ) -> Mapping[UUID, str]:
        """The commits after `base` up to `head` that carry one of the ids in their trailer."""
        ...

    async def standing(
        self, repository: str, revision: str, path: str, files: Sequence[content.FileContent]
    ) -> Standing:
        """Whether the folder at the revision holds exactly these promoted values and files."""
        ...

    async def diff(self, repository: str, old: str, new: str) -> Sequence[FileDiff]:
        """The unified diffs between two commits, also of built ones that were never pushed."""
        ...

    async def files(self, repository: str, revision: str) -> Mapping[str, bytes]:
        """The YAML files of a configuration repository at a revision, by path (bounded)."""
        ...
