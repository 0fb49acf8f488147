"""The history of repositories, as notes and traces ask for it.

`refresh` speaks to the repository's server and is for the background; everything else reads the
mirror that is there, and says so where there is none. Raises `Temporary` or `Permanent`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from towpath.domain.changes import Between, Commit


class Past(Protocol):
    """What was committed, and in which order."""

    async def refresh(self, repository: str) -> None:
        """Bring the mirror up to date with the server."""
        ...

    async def resolve(self, repository: str, revision: str) -> str | None:
        """The commit that a sha, a unique abbreviation or a tag names; None if none does."""
        ...

    async def head(self, repository: str, branch: str) -> str | None:
        """The commit of a branch as the mirror knows it (`HEAD`: of the default branch)."""
        ...

    async def between(
        self,
        repository: str,
        old: str,
        new: str,
        each: Callable[[Sequence[Commit]], object] | None = None,
    ) -> Between:
        """What lies between two full shas: what came is `git log OLD..NEW`.

        `each` is given the commits, some at a time, while others are still being read.
        """
        ...

    async def touching(
        self, repository: str, old: str, new: str, paths: Sequence[str]
    ) -> Collection[str]:
        """Those of both sides that change the paths (globs; `!` leaves out).

        The commits of `git log --full-history OLD...NEW -- PATHS`.
        """
        ...

    async def newest(
        self, repository: str, revision: str, paths: Sequence[str] = (), limit: int = 1
    ) -> Sequence[Commit]:
        """The newest commits at a revision that touch the paths."""
        ...

    async def mentioning(
        self, repository: str, texts: Sequence[str], limit: int
    ) -> Sequence[Commit]:
        """The newest commits of all branches and tags whose message has one of the texts."""
        ...

    async def file(self, repository: str, revision: str, path: str) -> bytes | None:
        """A small file at a revision, if it is there and the mirror has contents."""
        ...

    async def ancestors(
        self, repository: str, commit: str, revisions: Collection[str]
    ) -> Mapping[str, bool]:
        """For each revision that is known, whether it is the commit or comes after it."""
        ...
