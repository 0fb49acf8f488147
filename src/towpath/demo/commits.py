"""Commits made straight into bare repositories, while others push to the same branches.

Knows git objects and references; knows nothing of services, environments or what the files mean.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from towpath.demo import objects

BRANCH = "refs/heads/main"
PATIENCE = 10.0  # seconds for which a busy branch is tried again
PAUSE = 0.005  # seconds between two tries


class DemoError(Exception):
    """The demo's world is not as it must be. The message says where and what to do."""


class BranchBusy(DemoError):  # noqa: N818 - it is the branch that is busy, nothing is broken
    """The branch moved, or was locked, for longer than our patience."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes commits, and how many hours their clock is ahead of UTC."""

    name: str
    email: str
    offset: int = 0

    def signed(self, when: datetime) -> str:
        """This person and a time in whole seconds, as commits and tags have it."""
        return f"{self.name} <{self.email}> {int(when.timestamp())} +{self.offset:02d}00"


@dataclass(frozen=True, slots=True)
class Words:
    """What a commit says: its message, author, time, and the committer if it is another."""

    message: str
    author: Person
    when: datetime
    committer: Person | None = None


def create(path: Path, pack: objects.Pack, tip: str, tags: Mapping[str, str]) -> None:
    """A bare repository of the packed objects with the branch `main`; serves what hosts serve."""
    repository = pygit2.init_repository(path, bare=True, initial_head="main")
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        repository.config[name] = "true"
    # Housekeeping behind our back would race with the commits made here.
    repository.config["gc.auto"] = "0"
    pack.save(path)
    repository.references.create(BRANCH, tip)
    for name, tag in tags.items():
        repository.references.create(f"refs/tags/{name}", tag)


def opened(path: Path) -> pygit2.Repository:
    """The repository at `path`. `DemoError` if there is none."""
    try:
        return pygit2.Repository(path)
    except pygit2.GitError as error:
        raise DemoError(f"{path} is not a git repository: {error}. Build the demo anew.") from error


def with_files(store: objects.Objects, tree: str | None, files: Mapping[str, str]) -> str:
    """The tree with these files written (path to text, slashes between folders)."""
    entries = {} if tree is None else _entries(store.read(tree))
    folders: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        name, _, rest = path.partition("/")
        if rest:
            folders.setdefault(name, {})[rest] = text
        else:
            entries[name] = ("100644", store.put(ObjectType.BLOB, text.encode()))
    for name, inside in folders.items():
        _, below = entries.get(name, ("", None))
        entries[name] = ("40000", with_files(store, below, inside))
    return store.put(ObjectType.TREE, _tree(entries))


def _entries(data: bytes) -> dict[str, tuple[str, str]]:
    """Mode and id of each name in a tree object."""
    entries = {}
    while data:
        head, _, rest = data.partition(b"\0")
        mode, name = head.decode().split(" ", 1)
        entries[name] = (mode, rest[:20].hex())
        data = rest[20:]
    return entries


def _tree(entries: Mapping[str, tuple[str, str]]) -> bytes:
    # Git orders a folder as if its name ended in a slash.
    ordered = sorted(entries, key=lambda name: name + "/" * (entries[name][0] == "40000"))
    return b"".join(
        f"{entries[name][0]} {name}\0".encode() + bytes.fromhex(entries[name][1])
        for name in ordered
    )


def text_at(repository: pygit2.Repository, tree: str, path: str) -> str:
    """The text of a file in a tree. `DemoError` if it is not there."""
    try:
        found = repository[tree].peel(pygit2.Tree)[path]
    except KeyError:
        raise DemoError(f"{repository.path} has no file {path} on main; put it back.") from None
    return found.peel(pygit2.Blob).data.decode()


def write(store: objects.Objects, tree: str, parents: Sequence[str], words: Words) -> str:
    """A commit that no branch knows yet."""
    committer = words.committer or words.author
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        f"author {words.author.signed(words.when)}",
        f"committer {committer.signed(words.when)}",
    ]
    data = "\n".join(lines) + f"\n\n{words.message}"
    return store.put(ObjectType.COMMIT, data.encode())


def tag(store: objects.Objects, name: str, commit: str, tagger: Person, when: datetime) -> str:
    """An annotated tag of a commit, that no reference knows yet."""
    head = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger.signed(when)}"
    return store.put(ObjectType.TAG, f"{head}\n\n{name}\n".encode())


def extend(path: Path, build: Callable[[pygit2.Repository, pygit2.Commit], str]) -> str:
    """Put what `build` makes of the tip of `main` on top of it, however often others push.

    The branch is compared and swapped under git's own lock file. If it moved meanwhile, `build`
    is asked again with the new tip. `BranchBusy` after `PATIENCE` seconds.
    """
    repository = opened(path)
    deadline = time.monotonic() + PATIENCE
    while True:
        branch = repository.references[BRANCH]
        made = build(repository, repository[branch.target].peel(pygit2.Commit))
        try:
            branch.set_target(made)
            return made
        # GitError: the branch moved; OSError: another process holds its lock file.
        except (pygit2.GitError, OSError) as error:
            if time.monotonic() > deadline:
                raise BranchBusy(
                    f"{path}: main could not be moved for {PATIENCE:.0f} s ({error}). If no push "
                    f"is under way, delete {path / (BRANCH + '.lock')}."
                ) from error
            time.sleep(PAUSE)
