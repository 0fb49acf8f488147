"""Manifests of a folder, read whole into memory.

Bounded in number and size; what lies in `.git` is none, and no link leads out of the folder.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from towpath.domain import catalog
from towpath.manifests import documents

MAX_FILES = 20_000
MAX_BYTES = 256 * 1024 * 1024
_SUFFIXES = (".yaml", ".yml")


def files_of(place: Path) -> tuple[dict[str, bytes], tuple[catalog.Problem, ...]]:
    """The YAML files below a folder by their path in it, or one file by its name; and problems.

    A link to a file of the folder is passed over, since the file is read where it is; one that
    leads out of the folder is refused. Raises FileNotFoundError if there is nothing at `place`.
    """
    if place.is_file():
        return _file_of(place)
    if not place.is_dir():
        raise FileNotFoundError(f"there is no file or folder {place}")
    files: dict[str, bytes] = {}
    problems: list[catalog.Problem] = []
    size = 0
    unread: list[OSError] = []
    for file in _found(place, unread.append):
        name = file.relative_to(place).as_posix()
        if len(files) >= MAX_FILES or size > MAX_BYTES:
            said = f"more than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB: name a smaller folder"
            problems.append(_problem(name, "too_many_files", said))
            break
        refusal = _refusal(file, place.resolve()) if file.is_symlink() else None
        if refusal:
            problems.append(_problem(name, *refusal))
        elif _is_read_here(file):
            try:
                files[name] = _content(file)
                size += len(files[name])
            except OSError as error:
                problems.append(
                    _problem(name, "unreadable_file", f"not readable: {error.strerror}")
                )
    problems += [_not_listed(error, place) for error in unread]
    return files, tuple(problems)


def _file_of(place: Path) -> tuple[dict[str, bytes], tuple[catalog.Problem, ...]]:
    try:
        return {place.name: _content(place)}, ()
    except OSError as error:
        said = f"not readable: {error.strerror}"
        return {}, (_problem(place.name, "unreadable_file", said),)


def _not_listed(error: OSError, root: Path) -> catalog.Problem:
    """What lies in a folder that cannot be listed is not known, and must not be taken for gone."""
    folder = Path(error.filename or root)
    name = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)
    return _problem(name, "unreadable_folder", f"the folder cannot be listed: {error.strerror}")


def _found(root: Path, unread: Callable[[OSError], None]) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, onerror=unread):
        folders[:] = sorted(name for name in folders if name != ".git")
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*links, *(n for n in names if n.endswith(_SUFFIXES))]):
            yield Path(folder, name)


def _refusal(link: Path, root: Path) -> tuple[str, str] | None:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return "broken_link", "the link leads nowhere"
    if not target.is_relative_to(root):
        return "link_outside", "the link leads out of the folder: it is not followed"
    return None


def _is_read_here(file: Path) -> bool:
    if not file.is_symlink():
        return file.is_file()
    target = file.resolve()
    return target.is_file() and not target.name.endswith(_SUFFIXES)


def _content(file: Path) -> bytes:
    """At most so much that it is seen to be too large."""
    with file.open("rb") as opened:
        return opened.read(documents.MAX_BYTES + 1)


def _problem(file: str, code: str, message: str) -> catalog.Problem:
    return catalog.Problem(catalog.Origin(file), code, message)
