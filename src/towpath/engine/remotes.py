"""What the remotes' branches are, asked once for many applications that use one repository."""

import asyncio
import time
from collections.abc import Callable, MutableMapping

from towpath.ports.errors import OutsideError
from towpath.ports.git import Git, Heads

OLD_S = 60.0
"""A process that does not look for news itself would follow an old default branch for ever."""


class Remotes:
    """The branches of each repository as they were last seen by this process.

    `clock` only measures how long ago that was.
    """

    def __init__(self, git: Git, clock: Callable[[], float] = time.monotonic) -> None:
        self._git = git
        self._clock = clock
        self._seen: MutableMapping[str, Heads] = {}
        self._asked_at: MutableMapping[str, float] = {}
        self._asking: MutableMapping[str, asyncio.Lock] = {}

    async def seen(self, repository: str) -> Heads:
        """The branches as last seen, in the last minute if the remote answers.

        Raises as `Git.heads` does, if they were never seen.
        """
        if self._is_old(repository):
            async with self._asking.setdefault(repository, asyncio.Lock()):
                if self._is_old(repository):
                    await self._renew(repository)
        return self._seen[repository]

    def _is_old(self, repository: str) -> bool:
        asked_at = self._asked_at.get(repository)
        return asked_at is None or self._clock() - asked_at > OLD_S

    async def _renew(self, repository: str) -> None:
        try:
            await self.ask(repository)
        except OutsideError:
            if repository not in self._seen:
                raise
            self._asked_at[repository] = self._clock()  # others ask too, and show the trouble

    async def ask(self, repository: str) -> Heads:
        """The branches as they are now."""
        heads = await self._git.heads(repository)
        self._seen[repository], self._asked_at[repository] = heads, self._clock()
        return heads

    def branch(self, heads: Heads, revision: str) -> str | None:
        """The branch that an application's revision names; None for a tag or a commit."""
        if revision in ("", "HEAD"):
            return heads.default_branch or None
        short = revision.removeprefix("refs/heads/")
        return short if short in heads.branches else None
