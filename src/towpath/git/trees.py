"""Files and folders of a commit, read without a work tree.

A path never passes through a
symbolic link unseen: links to folders are followed inside the repository, and refused when they
lead out of it. Must not know what is in the files.
"""

import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pygit2

from towpath.domain.reasons import Code
from towpath.git import mirrors, problems

FILE = 0o100644
LINK = 0o120000
FOLDER = 0o040000
SUBMODULE = 0o160000
_MAX_LINKS = 40
Steps: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a path names: git's mode and the object's id."""

    mode: int
    oid: pygit2.Oid

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and neither a link nor a folder nor a submodule."""
        return stat.S_ISREG(self.mode)


def tree_of(repository: pygit2.Repository, commit: str) -> pygit2.Oid:
    """The id of the root folder of a commit that is known to exist."""
    found = repository.get(commit)
    if not isinstance(found, pygit2.Commit):
        raise mirrors.missing(commit)
    return found.tree_id


def folder(repository: pygit2.Repository, oid: pygit2.Oid) -> pygit2.Tree:
    """The folder with this id. Raises `mirrors.Damaged` if it is not there."""
    found = repository.get(oid)
    if not isinstance(found, pygit2.Tree):
        raise mirrors.missing(oid)
    return found


def body(repository: pygit2.Repository, oid: pygit2.Oid) -> bytes:
    """The bytes of a file. Raises `mirrors.Damaged` if it is not there."""
    found = repository.get(oid)
    if not isinstance(found, pygit2.Blob):
        raise mirrors.missing(oid)
    return found.data


def size(repository: pygit2.Repository, oid: pygit2.Oid) -> int:
    """How many bytes a file has, without reading it whole where git knows it."""
    try:
        return int(repository.odb.read_header(oid)[1])
    except (KeyError, AttributeError):
        return len(body(repository, oid))


def entry(repository: pygit2.Repository, root: pygit2.Oid, path: str) -> Entry | None:
    """What stands at a path below a folder, no links followed; None if there is nothing."""
    if path == "":
        return Entry(FOLDER, root)
    try:
        found = folder(repository, root)[path]
    except KeyError:
        return None
    return Entry(found.filemode, found.id)


def real_folder(repository: pygit2.Repository, at: Callable[[str], Entry | None], path: str) -> str:
    """The path with links on the way replaced by what they point to.

    `at` says what stands at a path. What does not exist stays as it is written. Raises `Problem`
    where a link leaves the repository, is one of too many, or where a submodule is in the way.
    """
    short = inside(path)
    direct = at(short) if short else None
    if not short or (direct is not None and direct.mode == FOLDER):
        return short
    real: Steps = ()
    ahead = list(reversed(short.split("/")))
    links = 0
    while ahead:
        here = (*real, ahead.pop())
        found = at("/".join(here))
        if found is not None and found.mode == SUBMODULE:
            raise _submodule("/".join(here))
        if found is None or found.mode != LINK:
            real = here
            continue
        links += 1
        if links > _MAX_LINKS:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION, f"{path}: too many symbolic links on the way", file=path
            )
        target = linked("/".join(here), body(repository, found.oid))
        real, ahead = (), ahead + [step for step in reversed(target.split("/")) if step]
    return "/".join(real)


def inside(path: str) -> str:
    """A path of a repository in its shortest form, '' for its root. Raises `Problem` outside it."""
    short = posixpath.normpath(path) if path else ""
    if short.startswith(("/", "../")) or short == "..":
        raise problems.Problem(
            Code.INVALID_CONFIGURATION,
            f"the path {path!r} leads out of the repository",
            "Give a path inside the repository.",
            file=path,
        )
    return "" if short == "." else short


def linked(path: str, target: bytes) -> str:
    """Where a link at `path` points to, from the repository's root. Raises `Problem` outside."""
    text = target.decode("utf-8", "surrogateescape")
    try:
        if text.startswith("/"):
            return inside(text)
        return inside(posixpath.join(posixpath.dirname(path), text))
    except problems.Problem:
        shown = target.decode("utf-8", "replace")
        raise problems.Problem(
            Code.INVALID_CONFIGURATION,
            f"{path} is a symbolic link to {shown}, out of the repository",
            "Let it point to something inside the repository, or leave it out of the template.",
            file=path,
        ) from None


def _submodule(path: str) -> problems.Problem:
    return problems.Problem(
        Code.UNSUPPORTED,
        f"{path} is a submodule; its content is in another repository",
        "Promote the files where they are, by an application whose source is that repository.",
        file=path,
    )


def refuse_submodule(path: str, found: Entry) -> None:
    """Raise `Problem` if what stands at a path is a submodule."""
    if found.mode == SUBMODULE:
        raise _submodule(path)


def below(
    repository: pygit2.Repository, oid: pygit2.Oid, path: str = ""
) -> Iterator[tuple[str, Entry]]:
    """Every file, link and submodule below a folder, with its path from there, in git's order."""
    for found in folder(repository, oid):
        name = path + (found.raw_name or b"").decode("utf-8", "surrogateescape")
        if found.filemode == FOLDER:
            yield from below(repository, found.id, f"{name}/")
        else:
            yield name, Entry(found.filemode, found.id)
