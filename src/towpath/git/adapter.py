"""The door to git repositories: puts mirrors, the git program, reading and writing together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pygit2

from towpath.domain import content, reasons
from towpath.domain.reasons import Code
from towpath.git import (
    commits,
    contents,
    credentials,
    diffs,
    drafts,
    maintenance,
    mirrors,
    process,
    recent,
    references,
    refusals,
    remote,
    standings,
    trees,
    writes,
)
from towpath.ports import errors
from towpath.ports import git as port

log = logging.getLogger(__name__)
_PROMOTION = "Towpath-Promotion"
_SEARCHED = 10_000
_REMEMBERED_FOLDERS = 32 * 1024 * 1024
_DEFAULT_HEAD = f"+HEAD:{mirrors.DEFAULT_HEAD}"
Answer = TypeVar("Answer")


class GitRepositories:
    """Implements `ports.git.Git` with persistent mirrors below a folder.

    `timeout` (seconds) is the deadline of each question to a server, `processes` bounds how many
    git processes run at once. `clock` gives the time that is written into commits. Without
    `contents_too`, mirrors hold commits and folders only: a long history is cheap then, and nothing
    can be read or built.
    """

    def __init__(
        self,
        folder: Path,
        known: Sequence[credentials.Credentials] = (),
        *,
        identity: commits.Identity | None = None,
        timeout: float = 60,
        max_file_size: int = contents.MAX_FILE_SIZE,
        processes: int = 8,
        contents_too: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._mirrors = mirrors.Mirrors(folder, mirrors.Repositories())
        self._known = tuple(known)
        self._identity = identity or commits.Identity()
        self._timeout = timeout
        self._program = process.Program(asyncio.Semaphore(processes))
        self._clock = clock
        self._contents_too = contents_too
        self._reader = contents.Reader(max_file_size)
        self._raw: recent.Recent[bytes] = recent.Recent(_REMEMBERED_FOLDERS)
        self._standings = standings.Standings()
        self._ancestry: recent.Recent[bool] = recent.Recent(100_000)

    async def heads(self, repository: str) -> port.Heads:
        """Ask the remote for its branches and tags. Raises `Permanent` when it has none."""
        mirror = await self._prepared(repository)
        said = await self._remote(repository).heads(mirror.path)
        _refuse_empty(repository, said)
        await self._work(mirror, lambda objects: references.note_default(objects, said))
        return said

    async def fetch(self, repository: str) -> port.Heads:
        """Bring the mirror up to date, and answer with the heads.

        Whoever asks while a fetch waits to begin shares it.
        """
        mirror = await self._prepared(repository)
        next_one = mirror.fetches_begun + 1
        async with mirror.locked():
            if mirror.fetches_begun >= next_one and mirror.fetched is not None:
                return mirror.fetched
            mirror.fetches_begun += 1
            mirror.fetched = None
            mirror.fetched = await self._fetch(mirror)
            return mirror.fetched

    async def known_head(self, repository: str, branch: str) -> str | None:
        """The branch's commit as the mirror knows it (`HEAD`: the default branch's)."""
        return await self._ask(repository, lambda objects: references.known_head(objects, branch))

    async def commits(
        self, repository: str, base: str | None, head: str, limit: int
    ) -> Sequence[port.Commit]:
        """Commits after `base` up to `head`, newest first. Raises `Permanent` if one is gone."""

        def listed(objects: pygit2.Repository) -> Sequence[port.Commit]:
            start = commits.needed(objects, repository, base) if base else None
            end = commits.needed(objects, repository, head)
            return [commits.described(c) for c in islice(commits.walk(objects, start, end), limit)]

        return await self._ask(repository, listed)

    async def commit(self, repository: str, revision: str) -> port.Commit:
        """One commit. Raises `Permanent` if there is none of that name."""

        def described(objects: pygit2.Repository) -> port.Commit:
            found = objects[commits.needed(objects, repository, revision)]
            assert isinstance(found, pygit2.Commit)
            return commits.described(found)

        return await self._ask(repository, described)

    async def changed_paths(self, repository: str, old: str, new: str) -> frozenset[str] | None:
        """Paths that differ between two commits; None if either is gone."""
        return await self._ask(repository, lambda objects: diffs.changed_paths(objects, old, new))

    async def is_ancestor(self, repository: str, commit: str, head: str) -> bool:
        """Whether `head` is `commit` or comes after it. False if either is gone."""
        known = self._ancestry.get((commit, head))
        if known is not None:
            return known

        def asked(objects: pygit2.Repository) -> bool:
            if not (commits.known(objects, commit) and commits.known(objects, head)):
                return False
            answer = commits.is_ancestor(objects, commit, head)
            self._ancestry.keep((commit, head), answer)
            return answer

        return await self._ask(repository, asked)

    async def read(
        self, repository: str, revision: str, requests: Sequence[port.ReadRequest]
    ) -> Sequence[port.Reading]:
        """Read the promoted content of many folders at one revision."""

        def readings(objects: pygit2.Repository) -> Sequence[port.Reading]:
            commit = commits.needed(objects, repository, revision)
            return self._reader.read(objects, repository, commit, requests)

        return await self._ask(repository, readings)

    async def build(
        self, repository: str, base: str, changes: Sequence[port.Change]
    ) -> Sequence[port.Built]:
        """Build a chain of commits on `base`. Raises `Permanent` if the mirror has no such."""

        def built(objects: pygit2.Repository) -> Sequence[port.Built]:
            start = commits.needed(objects, repository, base)
            writer = writes.Writer(
                drafts.Folders(objects, self._raw), self._reader, self._identity, self._clock()
            )
            return writer.chain(start, changes)

        return await self._ask(repository, built)

    async def build_empty(self, repository: str, base: str, message: str) -> str:
        """Build a commit that changes nothing. Raises `Permanent` if the mirror has no `base`."""

        def built(objects: pygit2.Repository) -> str:
            start = commits.needed(objects, repository, base)
            tree = trees.tree_of(objects, start)
            return commits.write(objects, tree, start, message, self._identity, self._clock())

        return await self._ask(repository, built)

    async def push(self, repository: str, branch: str, old: str, new: str) -> None:
        """Move the remote's branch from `old` to `new`, or not at all; see the port."""
        mirror = await self._prepared(repository)
        if not await self._work(mirror, lambda objects: commits.known(objects, new)):
            # The mirror was rebuilt since the commit was built: it has to be built again.
            raise errors.Moved(f"the commit {new} is no longer in the mirror of {repository}")
        try:
            await self._remote(repository).push(mirror.path, branch, old, new)
        except remote.Elsewhere as elsewhere:
            await self._look_where(repository, branch, old, new, elsewhere)
        except mirrors.Damaged as damage:
            async with mirror.locked():
                await self._fetch_anew(mirror, damage)
            raise errors.Moved(f"the mirror of {repository} was rebuilt") from None
        await self._work(mirror, lambda objects: references.moved(objects, branch, old, new))

    async def find_writes(
        self, repository: str, base: str, head: str, write_ids: Collection[UUID]
    ) -> Mapping[UUID, str]:
        """The commits after `base` up to `head` that carry one of the ids; 10,000 are searched.

        If `base` is gone from the mirror, all of them before `head`.
        """
        wanted = {str(write_id): write_id for write_id in write_ids}

        def found(objects: pygit2.Repository) -> Mapping[UUID, str]:
            end = commits.needed(objects, repository, head)
            start = commits.resolve(objects, base) if base else None
            return _carriers(objects, start, end, wanted)

        return await self._ask(repository, found) if wanted else {}

    async def standing(
        self, repository: str, revision: str, path: str, files: Sequence[content.FileContent]
    ) -> port.Standing:
        """Whether the folder at the revision holds exactly these promoted values and files."""

        def asked(objects: pygit2.Repository) -> port.Standing:
            commit = commits.needed(objects, repository, revision)
            return self._standings.at(objects, repository, commit, path, tuple(files))

        return await self._ask(repository, asked)

    async def diff(self, repository: str, old: str, new: str) -> Sequence[port.FileDiff]:
        """The unified diffs between two commits, also of built ones that were never pushed."""

        def between(objects: pygit2.Repository) -> Sequence[port.FileDiff]:
            start = commits.needed(objects, repository, old)
            return diffs.between(objects, start, commits.needed(objects, repository, new))

        return await self._ask(repository, between)

    async def files(self, repository: str, revision: str) -> Mapping[str, bytes]:
        """The YAML files at a revision, by path; links are left out.

        Raises `Permanent` for more than 5,000 files or 64 MiB.
        """

        def read(objects: pygit2.Repository) -> Mapping[str, bytes]:
            commit = commits.needed(objects, repository, revision)
            return contents.yaml_files(objects, repository, trees.tree_of(objects, commit))

        return await self._ask(repository, read)

    async def has(self, repository: str) -> bool:
        """Whether there is a mirror that was fetched; nothing is made or asked."""
        mirror = self._mirrors.at(repository)
        if not await asyncio.to_thread(mirror.path.is_dir):
            return False
        return await self._work(mirror, references.has_default)

    async def ask(self, repository: str, task: Callable[[pygit2.Repository], Answer]) -> Answer:
        """Do a task on the mirror's objects, for other parts of this room."""
        return await self._ask(repository, task)

    async def answer(
        self, repository: str, arguments: Sequence[str], feed: process.Feed | None = None
    ) -> bytes:
        """What the git program says of the mirror, for other parts of this room.

        With `feed` it is given there while git goes on, and the answer is empty; `feed` may have
        taken a part when `Temporary` says that the mirror was not whole.
        """
        mirror = await self._prepared(repository)
        server = self._remote(repository)
        if not feed:
            return await self._whole(mirror, lambda: server.ask(mirror.path, arguments))
        try:
            return await server.ask(mirror.path, arguments, feed)
        except mirrors.Damaged as damage:
            await self._mended(mirror, lambda: server.ask(mirror.path, arguments, _unheard))
            raise _asked_too_early(mirror) from damage

    async def maintain(self) -> None:
        """Pack what has become many small files, in each mirror in use. Call it now and then.

        A mirror that cannot be packed now stays as it is, and keeps no other from it.
        """
        for mirror in self._mirrors:
            try:
                await self._tidied(mirror)
            except (errors.OutsideError, process.Overdue, OSError) as trouble:
                log.warning("the mirror %s was not tidied: %s", mirror.path.name, trouble)

    async def _tidied(self, mirror: mirrors.Mirror) -> None:
        await mirror.prepare()
        if await asyncio.to_thread(maintenance.is_due, mirror.path):
            async with mirror.locked():
                await maintenance.run(self._program, mirror.path)

    def _remote(self, repository: str) -> remote.Remote:
        mine = credentials.best(self._known, repository)
        return remote.Remote(
            repository, self._program, mine, self._timeout, contents_too=self._contents_too
        )

    async def _prepared(self, repository: str) -> mirrors.Mirror:
        mirror = self._mirrors.at(repository)
        await mirror.prepare()
        return mirror

    async def _ask(self, repository: str, task: Callable[[pygit2.Repository], Answer]) -> Answer:
        return await self._work(await self._prepared(repository), task)

    async def _work(
        self, mirror: mirrors.Mirror, task: Callable[[pygit2.Repository], Answer]
    ) -> Answer:
        return await self._whole(mirror, lambda: mirror.work(task))

    async def _whole(
        self, mirror: mirrors.Mirror, doing: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Do it on the mirror; once more if that was damaged."""
        try:
            return await doing()
        except mirrors.Damaged:
            return await self._mended(mirror, doing)

    async def _mended(
        self, mirror: mirrors.Mirror, doing: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Do it when nobody changes the mirror; a damaged one is fetched anew first.

        While another process fetches, a commit can be there before its files.
        """
        async with mirror.locked():
            try:
                return await doing()
            except mirrors.Damaged as damage:
                await self._fetch_anew(mirror, damage)
            try:
                return await doing()
            except mirrors.Damaged as damage:
                raise _beyond_mending(mirror, damage) from damage

    async def _fetch_anew(self, mirror: mirrors.Mirror, damage: mirrors.Damaged) -> None:
        """Replace a mirror whose lock is held."""
        _warn(mirror, damage)
        await mirror.replace()
        mirror.fetched = await self._fetch(mirror)

    async def _fetch(self, mirror: mirrors.Mirror) -> port.Heads:
        """Fetch into a mirror whose lock is held; into a new one if it is damaged."""
        try:
            return await mirror.unlocked(lambda: self._fetch_once(mirror))
        except mirrors.Damaged as damage:
            _warn(mirror, damage)
            await mirror.replace()
        try:
            return await mirror.unlocked(lambda: self._fetch_once(mirror))
        except mirrors.Damaged as damage:
            raise _beyond_mending(mirror, damage) from damage

    async def _fetch_once(self, mirror: mirrors.Mirror) -> port.Heads:
        server = self._remote(mirror.address)
        if await mirror.work(references.has_default):
            known = await self._fetch_with_default(server, mirror)
            if known is not None:
                return known
        said = await server.heads(mirror.path)
        await server.fetch(mirror.path)
        _refuse_empty(mirror.address, said)
        await mirror.work(lambda objects: references.note_default(objects, said))
        brought, _ = await mirror.work(references.heads)
        return port.Heads(said.default_branch, brought.branches, brought.tags)

    async def _fetch_with_default(
        self, server: remote.Remote, mirror: mirrors.Mirror
    ) -> port.Heads | None:
        """Fetch HEAD too, in the same go. None if the default branch may be another one now."""
        try:
            await server.fetch(mirror.path, [_DEFAULT_HEAD])
        except errors.Permanent as refusal:
            if refusal.reason.code is not Code.BRANCH_MISSING:
                raise
            return None
        brought, certain = await mirror.work(references.heads)
        return brought if certain else None

    async def _look_where(
        self, repository: str, branch: str, old: str, new: str, refused: remote.Elsewhere
    ) -> None:
        """After a refused push: bring the mirror up to date, and raise what is true of the branch.

        Returns when the branch is where it was to be moved to.
        """
        try:
            now = (await self.fetch(repository)).branches.get(branch)
        except errors.OutsideError as trouble:
            if trouble.reason.code is Code.BRANCH_MISSING:
                raise
            raise errors.Moved(f"{branch} of {repository} moved") from trouble
        if now == new:
            return
        if now is None and old:
            raise _branch_gone(repository, branch) from None
        if (now or "") == old:
            raise refused.refusal from None
        raise errors.Moved(f"{branch} of {repository} is at {now}, not at {old or 'nothing'}")


def _carriers(
    objects: pygit2.Repository, base: str | None, head: str, wanted: Mapping[str, UUID]
) -> Mapping[UUID, str]:
    found: dict[UUID, str] = {}
    for commit in islice(commits.walk(objects, base, head), _SEARCHED):
        if _PROMOTION not in commits.message_of(commit):
            continue
        for text in commits.described(commit).trailers.get(_PROMOTION, ()):
            if text in wanted:
                found.setdefault(wanted[text], str(commit.id))
        if len(found) == len(wanted):
            break
    return found


def _refuse_empty(repository: str, said: port.Heads) -> None:
    if not said.branches:
        where = refusals.clean(repository)
        raise errors.Permanent(
            reasons.Reason(
                Code.BRANCH_MISSING,
                f"{where} is empty: it has no branches yet",
                {"repository": where},
                advice="Push a first commit to it.",
            )
        )


def _branch_gone(repository: str, branch: str) -> errors.Permanent:
    where = refusals.clean(repository)
    return errors.Permanent(
        reasons.Reason(
            Code.BRANCH_MISSING,
            f"{where} has no branch {branch} any more",
            {"repository": where, "branch": branch},
            advice="Restore the branch, or change the application's targetRevision.",
        )
    )


def _unheard(piece: bytes) -> None:
    """Take a part of an answer that was given away before."""


def _warn(mirror: mirrors.Mirror, damage: mirrors.Damaged) -> None:
    where = refusals.clean(mirror.address)
    log.warning("the mirror of %s is damaged and is fetched anew: %s", where, damage)


def _asked_too_early(mirror: mirrors.Mirror) -> errors.Temporary:
    where = refusals.clean(mirror.address)
    return errors.Temporary(
        reasons.Reason(
            Code.GIT_UNREACHABLE,
            f"the mirror of {where} was not whole while it was read; it is now",
            {"repository": where},
            advice="Ask again.",
        )
    )


def _beyond_mending(mirror: mirrors.Mirror, damage: mirrors.Damaged) -> errors.Temporary:
    where = refusals.clean(mirror.address)
    return errors.Temporary(
        reasons.Reason(
            Code.GIT_UNREACHABLE,
            f"{where} could not be mirrored whole, though it was fetched anew: {damage}",
            {"repository": where},
            advice="Check the repository with `git fsck` on its server, and this machine's disk.",
        )
    )
