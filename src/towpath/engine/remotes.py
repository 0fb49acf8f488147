"""What the remotes' branches are, asked once for many applications that use one repository."""

import asyncio
from collections.abc import MutableMapping

from towpath.ports.git import Git, Heads


class Remotes:
    """The branches of each repository as they were last seen by this process."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._seen: MutableMapping[str, Heads] = {}
        self._asking: MutableMapping[str, asyncio.Lock] = {}

    async def seen(self, repository: str) -> Heads:
        """The branches as last seen; asks the remote the first time. Raises as `Git.heads` does."""
        if repository not in self._seen:
            async with self._asking.setdefault(repository, asyncio.Lock()):
                if repository not in self._seen:
                    await self.ask(repository)
        return self._seen[repository]

    async def ask(self, repository: str) -> Heads:
        """The branches as they are now."""
        heads = await self._git.heads(repository)
        self._seen[repository] = heads
        return heads

    def branch(self, heads: Heads, revision: str) -> str | None:
        """The branch that an application's revision names; None for a tag or a commit."""
        if revision in ("", "HEAD"):
            return heads.default_branch or None
        short = revision.removeprefix("refs/heads/")
        return short if short in heads.branches else None
