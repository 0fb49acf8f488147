"""Follows the configuration source, and keeps the last good configuration in force everywhere.

The server that was given a source reads it and stores what is usable; every process takes what is
stored. A bad configuration changes nothing but the list of problems.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from towpath import manifests
from towpath.domain import catalog, reconfigured
from towpath.domain.subjects import Scope
from towpath.engine.inforce import Configured, InForce
from towpath.engine.remotes import Remotes
from towpath.manifests import folder
from towpath.ports import git
from towpath.ports.errors import OutsideError
from towpath.ports.store import Signals, Store, StoredConfiguration, StoreUnavailable

log = logging.getLogger(__name__)

CHANNEL = "towpath_configuration"
ASK_EVERY_S = 10.0
LOOKUPS = 4  # a set may be found only after another one's repository was read
LOGGED = 20  # errors of one revision
UNKNOWN = "repository_unknown"  # the problem of a set whose repository does not answer


class Source(Protocol):
    """Where configuration is written."""

    name: str

    async def revision(self) -> str:
        """What the source is at now. Raises `OutsideError`."""
        ...

    async def files(self) -> tuple[str, Mapping[str, bytes], Collection[catalog.Problem]]:
        """The revision, its YAML files by path, and what kept some from being read."""
        ...


class FolderSource:
    """A folder on this machine."""

    def __init__(self, place: Path) -> None:
        self.name = str(place)
        self._place = place

    async def revision(self) -> str:
        """A digest of all files."""
        return (await self.files())[0]

    async def files(self) -> tuple[str, Mapping[str, bytes], Collection[catalog.Problem]]:
        """Read the folder."""
        found, problems = await asyncio.to_thread(self._read)
        digest = hashlib.sha256()
        for path, data in sorted(found.items()):
            digest.update(f"{path}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()[:12], found, problems

    def _read(self) -> tuple[Mapping[str, bytes], Collection[catalog.Problem]]:
        try:
            return folder.files_of(self._place)
        except FileNotFoundError as error:
            gone = catalog.Problem(catalog.Origin(self.name), "source_missing", str(error))
            return {}, (gone,)


class GitSource:
    """The default branch of a git repository."""

    def __init__(self, repository: str, door: git.Git) -> None:
        self.name = repository
        self._git = door

    async def revision(self) -> str:
        """The head of the default branch, as the remote says."""
        heads = await self._git.heads(self.name)
        return heads.branches.get(heads.default_branch, "")

    async def files(self) -> tuple[str, Mapping[str, bytes], Collection[catalog.Problem]]:
        """Read the head."""
        heads = await self._git.fetch(self.name)
        revision = heads.branches.get(heads.default_branch, "")
        if not revision:
            empty = catalog.Problem(
                catalog.Origin(self.name), "source_empty", "the repository has no commit yet"
            )
            return "", {}, (empty,)
        return revision, await self._git.files(self.name, revision), ()


class Contents:
    """What git generators look up: answers what it has, and notes what it has not."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Mapping[str, bytes]] = {}
        self._silent: dict[tuple[str, str], str] = {}
        self.wanted: set[tuple[str, str]] = set()

    def files(self, repository: str, revision: str) -> Mapping[str, Callable[[], bytes]]:
        """See `manifests.RepositoryFiles`."""
        place = (repository, revision)
        if place in self._silent:
            raise LookupError(self._silent[place])
        if place not in self._known:
            self.wanted.add(place)
            raise LookupError(repository)
        return {path: _giving(data) for path, data in self._known[place].items()}

    def learn(self, place: tuple[str, str], files: Mapping[str, bytes]) -> None:
        """Know the files of a repository at a revision."""
        self._known[place] = files
        self.wanted.discard(place)

    def give_up(self, place: tuple[str, str], why: str) -> None:
        """Know that the repository does not answer, and nothing was seen of it before."""
        self._silent[place] = why
        self.wanted.discard(place)


def _giving(data: bytes) -> Callable[[], bytes]:
    return lambda: data


class Configuring:
    """Keeps the configuration in force up to date in this process, and in the store."""

    def __init__(
        self,
        store: Store,
        signals: Signals,
        door: git.Git,
        remotes: Remotes,
        in_force: InForce,
        source: Source | None,
        poll_interval_s: float,
    ) -> None:
        self._store = store
        self._signals = signals
        self._git = door
        self._remotes = remotes
        self._in_force = in_force
        self._source = source
        self._poll_interval_s = poll_interval_s
        self._read_at = ""
        self._answers = False
        self._said: dict[str, str] = {}

    async def run(self) -> None:
        """Follow source and store until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self.adopt, self._news))
            if self._source is not None:
                group.create_task(self._follow(self.read_source, self._interval))

    async def _follow(
        self, step: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            try:
                await step()
            except OutsideError as error:  # noted, and logged once, as trouble
                log.debug("the configuration source: %s", error)
            except StoreUnavailable as error:
                log.warning("the database does not answer: %s", error)
                await asyncio.sleep(1)
            except Exception:
                log.exception("following the configuration failed")
            await pause()

    async def _news(self) -> None:
        await self._signals.wait(CHANNEL, self._signals.count(CHANNEL), ASK_EVERY_S)

    async def _interval(self) -> None:
        await asyncio.sleep(self._poll_interval_s)

    async def read_source(self) -> None:
        """Take over what the source holds now, if that is new and usable; say if it is away."""
        assert self._source is not None
        try:
            await self._take_over(self._source)
        except OutsideError as error:
            await self._store.trouble(Scope.CONFIGURATION, self._source.name, error.reason)
            self._answers = False
            raise
        if not self._answers:
            await self._store.forget_trouble(Scope.CONFIGURATION, ())
            self._answers = True

    async def _take_over(self, source: Source) -> None:
        if self._read_at and await source.revision() == self._read_at:
            return
        revision, files, unread = await source.files()
        if self._in_force.configured is None:  # then it is known what the new one changes
            await self.adopt()
        stored = await self._store.configuration()
        if stored and stored.source == source.name and _is_known(stored, revision):
            self._read_at = revision
            return
        if not files and not unread and stored and stored.files:
            unread = (_emptied(source.name),)
        loaded = await self._load(files)
        problems = (*unread, *loaded.problems)
        usable = loaded.usable and not any(p.severity == "error" for p in unread)
        kept = stored or StoredConfiguration(source.name, "", {})
        if usable:
            kept = StoredConfiguration(source.name, revision, files)
        told = replace(kept, problems=problems, problems_revision=revision)
        if told != stored:
            await self._store.save_configuration(told)
            _tell(told, usable=usable)
        self._read_at = "" if _may_heal(problems) else revision
        await self.adopt()

    async def adopt(self) -> None:
        """Put in force what the store holds, if it is newer."""
        stored = await self._store.configuration()
        known = self._in_force.configured
        if stored is None or (known and known.serial == stored.serial):
            return
        loaded = await self._load(stored.files)
        if _may_heal(loaded.problems):  # what it lacks would be taken for what nobody deploys
            unread = ", ".join(str(p) for p in loaded.problems if p.code == UNKNOWN)
            self._say("", f"the stored configuration cannot be read whole yet: {unread}")
            return
        self._said.pop("", None)
        await self.put(
            Configured(
                stored.source,
                stored.revision,
                stored.problems,
                stored.problems_revision,
                stored.serial,
                loaded.catalog,
            )
        )

    async def put(self, configured: Configured) -> None:
        """Put it in force here, and have the releases looked at that it may send another way.

        Every process does so: one that was slower has looked with what was in force before.
        """
        known = self._in_force.configured
        await self._in_force.put(configured)
        if known is None:
            return
        if concerned := reconfigured.concerned(known.catalog, configured.catalog):
            await self._store.wake(concerned)

    async def _load(self, files: Mapping[str, bytes]) -> manifests.Loaded:
        """Load, and bring the repositories here that git generators ask for."""
        contents = Contents()
        for _ in range(LOOKUPS):
            loaded = await asyncio.to_thread(manifests.load, files, contents)
            if not contents.wanted:
                break
            for place in sorted(contents.wanted):
                try:
                    contents.learn(place, await self._bring(*place))
                except OutsideError as error:
                    contents.give_up(place, error.reason.sentence)
        return loaded

    async def _bring(self, repository: str, revision: str) -> Mapping[str, bytes]:
        """The files as they are now; as they were seen last if the repository does not answer."""
        try:
            heads = await self._git.fetch(repository)
        except OutsideError as error:
            return await self._seen_last(repository, revision, error)
        self._said.pop(repository, None)
        branch = self._remotes.branch(heads, revision)
        return await self._git.files(repository, heads.branches[branch] if branch else revision)

    async def _seen_last(
        self, repository: str, revision: str, error: OutsideError
    ) -> Mapping[str, bytes]:
        try:
            files = await self._git.files(repository, revision)
        except OutsideError:
            raise error from None
        self._say(repository, f"{error}; its files are taken as they were seen last")
        return files

    def _say(self, about: str, words: str) -> None:
        """Log it once, until it is not so any more."""
        if self._said.get(about) != words:
            self._said[about] = words
            log.warning("%s", words)


def _tell(told: StoredConfiguration, *, usable: bool) -> None:
    """Log what came of a new revision of the source."""
    if usable:
        log.info("configuration %s is in force", told.revision[:12])
        return
    errors = [problem for problem in told.problems if problem.severity == "error"]
    kept = f"{told.revision[:12]} stays in force" if told.revision else "none is in force"
    log.warning("configuration %s cannot be used, %s:", told.problems_revision[:12], kept)
    for problem in errors[:LOGGED]:
        log.warning("%s", problem)
    if len(errors) > LOGGED:
        log.warning("and %d more errors", len(errors) - LOGGED)


def _emptied(source: str) -> catalog.Problem:
    """A volume that is not mounted, or a wrong branch, looks as if nothing were wanted any more."""
    return catalog.Problem(
        catalog.Origin(source),
        "source_empty",
        "it holds no manifests any more; if nothing is to be promoted, leave one, such as an "
        "Environment",
    )


def _is_known(stored: StoredConfiguration, revision: str) -> bool:
    """Whether the revision need not be read again: it is in force, or the newest bad one."""
    newest = stored.problems_revision or stored.revision
    return revision == newest and not _may_heal(stored.problems)


def _may_heal(problems: Collection[catalog.Problem]) -> bool:
    """Whether a problem can go without a change of the configuration."""
    return any(problem.code == UNKNOWN for problem in problems)
