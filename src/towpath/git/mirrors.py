"""Persistent bare mirrors of repositories on this machine: where they lie, who may touch them.

One folder may serve several processes. What changes a mirror as a whole (fetch, maintenance,
rebuilding) is done by one at a time, under a lock between tasks and one between processes;
objects may be added by anybody at any time. A mirror holds nothing that cannot be fetched again,
except commits that were built and not pushed yet: maintenance keeps what is younger than a day.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pygit2

from towpath.domain import reasons
from towpath.git import locks, refusals
from towpath.ports import errors
from towpath.ports.git import Heads

BRANCHES = "refs/remotes/origin/"
TAGS = "refs/tags/"
DEFAULT_BRANCH = "refs/towpath/HEAD"  # symbolic: the remote's default branch
DEFAULT_HEAD = "refs/towpath/head"  # the commit that the remote's HEAD has
_KEPT_TREE = 4 * 1024 * 1024
_LAYOUT = "1"
_UNREADABLE_NAME = re.compile(r"[^a-zA-Z0-9.-]+")
_FULL = re.compile(r"no space left|disk quota", re.IGNORECASE)
_DAMAGE = re.compile(
    r"(object|packfile|pack|reference|ref)\b.* (is|are) (corrupt|empty|broken|far too short)"
    r"|reference broken|corrupted? (loose|pack|object)|bad (object|signature|config|tree object)"
    r"|(packfile|index file) .* (cannot|is too small|unsupported|claims|does not match)"
    r"|(missing|unable to read) (tree|blob|commit|sha1 file|object)|unable to unpack"
    r"|could not read [0-9a-f]{40}|failed to traverse parents"
    r"|did not send all necessary objects|not a git repository \(or any|not a git repository: '\.'"
    r"|object not found|failed to (parse|inflate|read|open|mmap|stat|find)|could not find repo"
    r"|zlib|inflate|invalid pack|no such file",
    re.IGNORECASE,
)
_LOCK_TRIES = 10
_LOCK_PAUSE_S = 0.05
_OBJECT = re.compile(r"object not found|[0-9a-f]{40}")
Answer = TypeVar("Answer")


class Damaged(Exception):  # noqa: N818
    """The mirror does not hold what it must: it was half made, or its files were harmed."""


def missing(what: object) -> Damaged:
    """An object that must be there, since another one names it, is not."""
    return Damaged(f"the object {what} is missing")


class Repositories:
    """pygit2 repositories, each used by one thread at a time, a bounded number of them open."""

    def __init__(self, bound: int = 16) -> None:
        self._bound = bound
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Path, pygit2.Repository]] = OrderedDict()
        # libgit2 does not keep trees above 4 KiB, and would unpack a large folder for each file.
        pygit2.settings.cache_object_limit(pygit2.enums.ObjectType.TREE, _KEPT_TREE)

    def use(self, path: Path, task: Callable[[pygit2.Repository], Answer]) -> Answer:
        """Do the task with a repository that nobody else uses meanwhile. Raises `Damaged`."""
        try:
            repository = self._take(path) or _opened(path)
            answer = task(repository)
        except (pygit2.GitError, OSError) as problem:
            raise _trouble(path, problem) from problem
        except KeyError as problem:
            if _OBJECT.search(str(problem)):
                raise missing(problem) from problem
            raise
        self._give(path, repository)
        return answer

    def _take(self, path: Path) -> pygit2.Repository | None:
        with self._lock:
            for key in reversed(self._idle):
                if self._idle[key][0] == path:
                    return self._idle.pop(key)[1]
        return None

    def _give(self, path: Path, repository: pygit2.Repository) -> None:
        with self._lock:
            self._idle[id(repository)] = (path, repository)
            while len(self._idle) > self._bound:
                self._idle.popitem(last=False)

    def forget(self, path: Path) -> None:
        """Close what is open of a mirror that is about to be replaced."""
        with self._lock:
            for key in [key for key, (where, _) in self._idle.items() if where == path]:
                del self._idle[key]


def _opened(path: Path) -> pygit2.Repository:
    return pygit2.Repository(str(path), pygit2.enums.RepositoryOpenFlag.NO_SEARCH)


def _trouble(path: Path, problem: Exception) -> Exception:
    if _FULL.search(str(problem)):
        return errors.Temporary(
            reasons.Reason(
                reasons.Code.DISK_FULL,
                f"the disk is full: nothing can be written to the git mirror {path}",
                advice="Free space below `data_dir`; Towpath tries again by itself.",
            )
        )
    if locked := locks.named_in(str(problem)):
        return locked
    return Damaged(str(problem)) if is_damage(str(problem)) else problem


def is_damage(complaint: str) -> bool:
    """Whether a complaint of git or libgit2 tells of a mirror whose files are harmed."""
    said_here = "\n".join(line for line in complaint.splitlines() if not line.startswith("remote:"))
    return bool(_DAMAGE.search(said_here))


class Mirror:
    """The mirror of one repository.

    `fetches_begun` counts, and `fetched` is what the last one brought (None: it failed).
    """

    def __init__(self, address: str, path: Path, repositories: Repositories) -> None:
        self.address = address
        self.path = path
        self.fetches_begun = 0
        self.fetched: Heads | None = None
        self._repositories = repositories
        self._lock = asyncio.Lock()
        self._ready = False

    async def work(self, task: Callable[[pygit2.Repository], Answer]) -> Answer:
        """Do a task on the objects, in a thread. Tried again once on a freshly opened mirror.

        The mirror must have been prepared. Raises `Damaged`, or `errors.Temporary` when the disk
        is full or a reference stays locked.
        """
        return await self.unlocked(lambda: self._worked(task))

    async def unlocked(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """Try again while a reference is locked. Raises `errors.Temporary` when it stays so."""
        for _ in range(_LOCK_TRIES):
            try:
                return await attempt()
            except locks.Locked as locked:
                last = locked
                if not await asyncio.to_thread(locks.removed_if_stale, locked, self.path):
                    await asyncio.sleep(_LOCK_PAUSE_S)
        raise _stays_locked(self.address, last) from last

    async def _worked(self, task: Callable[[pygit2.Repository], Answer]) -> Answer:
        try:
            return await asyncio.to_thread(self._repositories.use, self.path, task)
        except Damaged:
            # Maintenance of another process may have replaced packs under an open repository.
            self._repositories.forget(self.path)
            return await asyncio.to_thread(self._repositories.use, self.path, task)

    async def prepare(self) -> None:
        """Make the mirror if there is none, or none that is whole."""
        if self._ready and self.path.is_dir():
            return
        if not await asyncio.to_thread(_is_whole, self.path):
            async with self.locked():
                await asyncio.to_thread(self._make)
        self._ready = True

    async def replace(self) -> None:
        """Throw the mirror away and make an empty one. The caller holds the lock."""
        await asyncio.to_thread(shutil.rmtree, self.path, ignore_errors=True)
        self._repositories.forget(self.path)
        await asyncio.to_thread(self._make)

    def _make(self) -> None:
        if not _is_whole(self.path):
            try:
                _make(self.path, self.address)
            except (OSError, pygit2.GitError) as problem:
                raise _cannot_make(self.path, problem) from problem

    @contextlib.asynccontextmanager
    async def locked(self, patience: float = 120) -> AsyncIterator[None]:
        """Be the only one to change the mirror as a whole, among tasks and processes.

        Raises `errors.Temporary` when another process keeps it for longer than `patience` seconds.
        """
        async with self._lock:
            handle = await _exclusive(self.path.with_suffix(".lock"), self.address, patience)
            try:
                yield
            finally:
                os.close(handle)


class Mirrors:
    """All mirrors below one folder, which is made when the first is needed."""

    def __init__(self, folder: Path, repositories: Repositories) -> None:
        self.folder = folder
        self._repositories = repositories
        self._known: dict[str, Mirror] = {}

    def at(self, address: str) -> Mirror:
        """The mirror of the repository at an address. Nothing is made yet."""
        found = self._known.get(address)
        if found is None:
            path = self.folder / f"{folder_name(address)}.git"
            found = self._known[address] = Mirror(address, path, self._repositories)
        return found

    def __iter__(self) -> Iterator[Mirror]:
        return iter(tuple(self._known.values()))


def folder_name(address: str) -> str:
    """A mirror's name: a part for people and a digest that keeps addresses apart."""
    readable = _UNREADABLE_NAME.sub("-", refusals.clean(address)).strip("-.")[-60:].strip("-.")
    return f"{readable}-{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def _is_whole(path: Path) -> bool:
    try:
        return bool(_opened(path).config["towpath.layout"] == _LAYOUT)
    except (pygit2.GitError, KeyError, OSError):
        return False


def _make(path: Path, address: str) -> None:
    """An empty mirror appears at `path` complete or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        repository = pygit2.init_repository(str(half), bare=True)
        repository.config["gc.auto"] = "0"
        repository.config["towpath.address"] = refusals.clean(address)
        repository.config["towpath.layout"] = _LAYOUT
        repository.free()
        shutil.rmtree(path, ignore_errors=True)
        half.rename(path)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _cannot_make(path: Path, problem: Exception) -> errors.OutsideError:
    trouble = _trouble(path, problem)
    if isinstance(trouble, errors.OutsideError):
        return trouble
    return errors.Permanent(
        reasons.Reason(
            reasons.Code.INVALID_CONFIGURATION,
            f"no git mirror can be made at {path}: {problem}",
            advice="Give a `data_dir` that Towpath may write to.",
        )
    )


async def _exclusive(path: Path, address: str, patience: float) -> int:
    """An open file that holds the lock between processes; closing it gives the lock back."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise _cannot_make(path, problem) from problem
    try:
        async with asyncio.timeout(patience):
            pause = 0.005
            while not _locked(handle):
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.1)
    except BaseException as problem:
        os.close(handle)
        if isinstance(problem, TimeoutError):
            raise _busy(address, patience) from None
        raise
    return handle


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stays_locked(address: str, locked: locks.Locked) -> errors.Temporary:
    return errors.Temporary(
        reasons.Reason(
            reasons.Code.GIT_UNREACHABLE,
            f"the mirror of {refusals.clean(address)} is locked: {locked}",
            advice="It is tried again by itself, and the lock is removed when it is old.",
        )
    )


def _busy(address: str, patience: float) -> errors.Temporary:
    return errors.Temporary(
        reasons.Reason(
            reasons.Code.GIT_UNREACHABLE,
            f"another process has been using the mirror of {address} for {patience:g} s",
            advice="It is tried again by itself; look for a Towpath process that hangs.",
        )
    )
