"""Which files of an application's folder a template names, and which places in them.

Must not read what is in the files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from wcmatch import glob

from towpath.domain.reasons import Code
from towpath.git import problems, recent, trees

WHOLE = "*"
MAX_FILES = 10_000
# Names that begin with a dot are matched too: `**` means every file.
_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX | glob.CASE


@dataclass(frozen=True, slots=True)
class Folder:
    """An application's folder: its path in the repository, and the id of its tree."""

    repository: pygit2.Repository
    path: str
    oid: pygit2.Oid
    lists: recent.Recent[tuple[tuple[str, trees.Entry], ...]]

    def full(self, path: str) -> str:
        """The path of a file of this folder in the repository."""
        return f"{self.path}/{path}" if self.path else path

    def all(self) -> Sequence[tuple[str, trees.Entry]]:
        """Every file below, by its path from here."""
        known = self.lists.get(self.oid)
        if known is None:
            known = tuple(trees.below(self.repository, self.oid))
            self.lists.keep(self.oid, known, len(known) + 1)
        return known

    def file(self, path: str) -> trees.Entry | None:
        """The file at a path from here; None if there is none.

        Raises `Problem` for a path that leaves the folder, names a folder or a submodule, or
        leads through a symbolic link.
        """
        found = trees.entry(self.repository, self.oid, below(path))
        if found is None:
            self._refuse_link_on_the_way(path)
            return None
        trees.refuse_submodule(self.full(path), found)
        if found.mode == trees.FOLDER:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION,
                f"{self.full(path)} is a folder",
                f"Write `{path.rstrip('/')}/**` for all files below it.",
                file=self.full(path),
            )
        return found

    def _refuse_link_on_the_way(self, path: str) -> None:
        steps = path.split("/")
        for end in range(1, len(steps)):
            way = "/".join(steps[:end])
            found = trees.entry(self.repository, self.oid, way)
            if found is not None and found.mode == trees.LINK:
                target = trees.body(self.repository, found.oid)
                to = trees.linked(self.full(way), target)
                raise problems.Problem(
                    Code.INVALID_CONFIGURATION,
                    f"{self.full(path)} leads through the symbolic link {self.full(way)} to {to}",
                    "Name the file where it really is.",
                    file=self.full(path),
                )


def below(path: str) -> str:
    """A template's path in its shortest form. Raises `Problem` if it leaves the folder."""
    short = trees.inside(path)
    if path.startswith("/") or ".." in path.split("/") or not short:
        raise problems.Problem(
            Code.INVALID_CONFIGURATION,
            f"the path {path!r} is not below the application's path",
            "Give a file or glob relative to the application's path, without `..`.",
            file=path,
        )
    return short


@dataclass(frozen=True, slots=True)
class Pick:
    """A file that a pattern names, with the JSONPaths to take from it."""

    pattern: str
    path: str
    entry: trees.Entry
    json_paths: tuple[str, ...]


def picks(folder: Folder, promotion: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[Pick]:
    """The files that a promotion names. Raises `Problem`, for too many of them too."""
    count = 0
    for pattern, json_paths in promotion:
        for path, found in _matching(folder, pattern):
            count += 1
            if count > MAX_FILES:
                raise problems.Problem(
                    Code.INVALID_CONFIGURATION,
                    f"the template names more than {MAX_FILES} files below {folder.path or '/'}",
                    "Narrow its globs.",
                )
            yield Pick(pattern, path, found, json_paths)


def _matching(folder: Folder, pattern: str) -> Iterator[tuple[str, trees.Entry]]:
    short = below(pattern)
    if not glob.is_magic(short, flags=_FLAGS):
        found = folder.file(short)
        if found is not None:
            yield short, found
        return
    files: Mapping[str, trees.Entry] = dict(folder.all())
    matches = glob.compile(short, flags=_FLAGS).match
    for path in filter(matches, files):
        trees.refuse_submodule(folder.full(path), files[path])
        yield path, files[path]
