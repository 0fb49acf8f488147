"""Repositories as one making of notes reads them, each fetched once at most.

Without `outside` nobody is asked: what is not in a mirror is then said to be on its way.
"""

from collections.abc import Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from towpath.domain.changes import Between, Commit, Direction
from towpath.ports.errors import OutsideError
from towpath.ports.past import Past

SHORT = 10
_GONE = "does not have it: its branch was rewritten, or it was never pushed there"


class Outlook(StrEnum):
    """Whether what is not known is still on its way."""

    COMING = "coming"  # it is asked for, and asked for again
    AWAITED = "awaited"  # nobody is asked: a CI may still report it
    GIVEN_UP = "given_up"  # what was asked has said all that it will say


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What is not known, and why. `pending`: it may be later; `waits` names what would tell."""

    what: str
    reason: str
    pending: bool = False
    waits: tuple[str, ...] = ()

    @property
    def outlook(self) -> Outlook:
        """Whether it is still on its way."""
        if self.pending:
            return Outlook.COMING
        return Outlook.AWAITED if self.waits else Outlook.GIVEN_UP


@dataclass
class Library:
    """The repositories of one making of notes. `reader` is given commits of ranges as they come."""

    past: Past
    outside: bool
    reader: Callable[[str, Sequence[Commit]], object] | None = None
    kept: bool = False  # somebody else keeps its mirrors up to date
    _asked: MutableMapping[str, str] = field(default_factory=dict)  # repository -> trouble, or ""
    _ranges: MutableMapping[tuple[str, str, str], Between] = field(default_factory=dict)

    async def resolved(self, repository: str, revision: str) -> str | None:
        """The commit that a sha, its beginning or a tag names."""
        found = await self.past.resolve(repository, revision)
        if found is None and await self._brought(repository):
            found = await self.past.resolve(repository, revision)
        return found

    async def between(self, repository: str, old: str, new: str) -> Between:
        """What lies between two commits."""
        place = (repository, old, new)
        if place not in self._ranges:
            each = partial(self.reader, repository) if self.reader else None
            found = await self.past.between(repository, old, new, each)
            if found.direction is Direction.UNKNOWN and await self._brought(repository):
                found = await self.past.between(repository, old, new, each)
            self._ranges[place] = found
        return self._ranges[place]

    async def touching(
        self, repository: str, old: str, new: str, paths: Sequence[str]
    ) -> Collection[str]:
        """Those commits of both sides that change the paths."""
        return await self.past.touching(repository, old, new, paths)

    async def newest(
        self, repository: str, revision: str, paths: Sequence[str]
    ) -> Sequence[Commit]:
        """The newest commit at a revision that touches the paths, if there is one."""
        return await self.past.newest(repository, revision, paths)

    async def _brought(self, repository: str) -> bool:
        """Whether the repository was fetched just now; tried once."""
        if not self.outside or repository in self._asked:
            return False
        try:
            await self.past.refresh(repository)
        except OutsideError as trouble:
            self._asked[repository] = trouble.reason.sentence
            return False
        self._asked[repository] = ""
        return True

    def why_not(self, repository: str, what: str) -> Unresolved:
        """Why something could not be found in a repository."""
        if self.kept:
            return Unresolved(what, f"as last fetched, {repository} {_GONE}", pending=True)
        if repository not in self._asked:
            return Unresolved(what, f"{repository} is being read", pending=True)
        if trouble := self._asked[repository]:
            return Unresolved(what, trouble, pending=True)
        return Unresolved(what, f"{repository} {_GONE}")
