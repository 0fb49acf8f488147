"""Ranges of history by the git program, in one question each, without touching any server.

`git log --left-right OLD...NEW` tells at once what came, what went, and so in which direction the
range goes; libgit2 walks the same commits several times as slowly. Must not know what is made of
the commits.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

import pygit2

from towpath.domain.changes import Between, Commit, Direction
from towpath.git import commits, mirrors, references, trees
from towpath.git.adapter import GitRepositories

MOST_COMMITS = 50_000
_MAX_FILE = 256 * 1024
_CAME, _WENT = ">", "<"
# One commit is one record that ends with NUL; none of the first lines can hold a line break.
_FORMAT = "--format=%m%H%n%P%n%an%n%cd%n%B"
_LOG = (
    "log",
    "-z",
    "--encoding=UTF-8",
    "--no-color",
    "--no-show-signature",
    "--no-notes",
    "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
)
Answer = TypeVar("Answer")


class GitPast:
    """Implements `ports.past.Past` on the mirrors of a door."""

    def __init__(self, door: GitRepositories) -> None:
        self._door = door

    async def refresh(self, repository: str) -> None:
        """See the port."""
        await self._door.fetch(repository)

    async def resolve(self, repository: str, revision: str) -> str | None:
        """See the port."""
        return await self._read(repository, lambda objects: _named(objects, revision))

    async def head(self, repository: str, branch: str) -> str | None:
        """See the port."""
        short = branch.removeprefix("refs/heads/")
        return await self._read(repository, lambda objects: references.known_head(objects, short))

    async def between(
        self,
        repository: str,
        old: str,
        new: str,
        each: Callable[[Sequence[Commit]], object] | None = None,
    ) -> Between:
        """See the port."""
        missing = await self._missing(repository, (old, new))
        if missing:
            return Between(Direction.UNKNOWN, missing=missing)
        if old == new:
            return Between(Direction.SAME)
        marked = ("--left-right", f"{old}...{new}")
        # Read while git goes on: the range of a long history costs little more than `git log`.
        reading = _Reading(each)
        asked = [*_LOG, _FORMAT, f"-n{MOST_COMMITS + 1}", *marked]
        await self._door.answer(repository, asked, reading.take)
        records = reading.records
        cut = await self._beyond(repository, marked[1]) if len(records) > MOST_COMMITS else 0
        came = tuple(commit for mark, commit in records[:MOST_COMMITS] if mark == _CAME)
        went = tuple(commit for mark, commit in records[:MOST_COMMITS] if mark == _WENT)
        if cut:  # the rest may be of the other side
            return Between(await self._direction(repository, old, new), came, went, cut=cut)
        return Between(_direction(bool(came), bool(went)), came, went)

    async def _beyond(self, repository: str, marked: str) -> int:
        counted = await self._door.answer(repository, ["rev-list", "--count", marked])
        return int(counted) - MOST_COMMITS

    async def _direction(self, repository: str, old: str, new: str) -> Direction:
        forwards = (await self.ancestors(repository, old, (new,)))[new]
        backwards = (await self.ancestors(repository, new, (old,)))[old]
        return _direction(not backwards, not forwards)

    async def touching(
        self, repository: str, old: str, new: str, paths: Sequence[str]
    ) -> Collection[str]:
        """See the port."""
        if old == new or await self._missing(repository, (old, new)):
            return ()
        # Without --full-history git leaves out a side branch whose changes did not last.
        asked = ["--format=%H", "--full-history", f"{old}...{new}", "--", *_pathspecs(paths)]
        return frozenset((await self._log(repository, asked)).split("\0")) - {""}

    async def newest(
        self, repository: str, revision: str, paths: Sequence[str] = (), limit: int = 1
    ) -> Sequence[Commit]:
        """See the port."""
        if await self._missing(repository, (revision,)):
            return ()
        asked = [_FORMAT, f"-n{limit}", revision, "--", *_pathspecs(paths)]
        return [commit for _, commit in _records(await self._log(repository, asked))]

    async def mentioning(
        self, repository: str, texts: Sequence[str], limit: int
    ) -> Sequence[Commit]:
        """See the port."""
        if not await self._door.has(repository):
            return ()
        wanted = (f"--grep={text}" for text in texts)
        asked = [_FORMAT, "--all", "--fixed-strings", *wanted, f"-n{limit}"]
        return [commit for _, commit in _records(await self._log(repository, asked))]

    async def file(self, repository: str, revision: str, path: str) -> bytes | None:
        """See the port."""

        def read(objects: pygit2.Repository) -> bytes | None:
            if not commits.known(objects, revision):
                return None
            entry = trees.entry(objects, trees.tree_of(objects, revision), path)
            blob = objects.get(entry.oid) if entry and entry.is_file else None
            return blob.data if isinstance(blob, pygit2.Blob) and blob.size <= _MAX_FILE else None

        return await self._read(repository, read)

    async def ancestors(
        self, repository: str, commit: str, revisions: Collection[str]
    ) -> Mapping[str, bool]:
        """See the port."""

        def asked(objects: pygit2.Repository) -> Mapping[str, bool]:
            return {
                revision: commits.is_ancestor(objects, commit, revision)
                for revision in revisions
                if commits.known(objects, revision)
            }

        found = await self._read(repository, asked)
        return found or {}

    async def _missing(self, repository: str, shas: Sequence[str]) -> tuple[str, ...]:
        def asked(objects: pygit2.Repository) -> tuple[str, ...]:
            return tuple(sha for sha in shas if not commits.known(objects, sha))

        found = await self._read(repository, asked)
        return tuple(shas) if found is None else found

    async def _read(
        self, repository: str, task: Callable[[pygit2.Repository], Answer]
    ) -> Answer | None:
        """Do the task on the mirror; None if there is none."""
        if not await self._door.has(repository):
            return None
        return await self._door.ask(repository, task)

    async def _log(self, repository: str, asked: Sequence[str]) -> str:
        said = await self._door.answer(repository, [*_LOG, *asked])
        return said.decode("utf-8", "replace")


def _named(objects: pygit2.Repository, revision: str) -> str | None:
    """By tag or sha; never by branch, since what a branch is today says nothing of an image."""
    if commits.known(objects, revision):
        return revision
    return commits.tip(objects, f"{mirrors.TAGS}{revision}") or commits.abbreviated(
        objects, revision
    )


def _direction(came: bool, went: bool) -> Direction:
    if came and went:
        return Direction.DIVERGED
    if came or went:
        return Direction.FORWARDS if came else Direction.BACKWARDS
    return Direction.SAME


class _Reading:
    """Records of commits, put together as pieces of them come in."""

    def __init__(self, each: Callable[[Sequence[Commit]], object] | None) -> None:
        self.records: list[tuple[str, Commit]] = []
        self._each = each
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """Read what is whole by now."""
        whole, end, rest = (self._rest + piece).rpartition(b"\0")
        self._rest = rest
        if end:
            come = [*_records(whole.decode("utf-8", "replace"))]
            self.records += come
            if self._each:
                self._each([commit for _, commit in come])


def _records(listed: str) -> Iterator[tuple[str, Commit]]:
    for record in listed.split("\0"):
        if record:  # the end has none
            marked, parents, author, date, message = record.split("\n", 4)
            message = message.replace("\r\n", "\n").lstrip("\n")
            yield marked[0], Commit(marked[1:], tuple(parents.split()), author, date, message)


def _pathspecs(paths: Sequence[str]) -> Iterator[str]:
    """Globs of a manifest as git takes them; `!docs/**` leaves out."""
    if paths and all(path.startswith("!") for path in paths):
        yield "."
    for path in paths:
        if path.startswith("!"):
            yield f":(top,exclude,glob){path[1:].strip('/')}"
        else:
            yield f":(top,glob){path.strip('/')}" if path.strip("/") else "."
