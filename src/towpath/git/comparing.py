"""How a folder differs from what should stand in it, value by value and file by file.

Serves three questions: does the folder hold the promoted content, what was changed by hand since
it landed, and who changed it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pygit2

from towpath.domain import content, values
from towpath.git import documents, history, images, trees
from towpath.ports import git as port

_WHOLE = "*"
_MAX_NAMED = 100
_SHOWN_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """A place of a file (None: the file as a whole) where something else is found than meant."""

    file: str
    place: values.Place | None
    meant: values.Value | content.WholeFile | None
    found: values.Json | values.Missing | content.WholeFile


def differences(
    repository: pygit2.Repository,
    at: Callable[[str], trees.Entry | None],
    files: Sequence[content.FileContent],
    path: str = "",
) -> Iterator[Difference]:
    """Where a folder is not as `files` say. What they do not speak of may be anything.

    `at` says what stands at a path of the folder, whose own path is `path` (for errors). Raises
    `documents.DocumentError` for a file that cannot be read.
    """
    for file in files:
        entry = at(file.path)
        if file.whole is not None:
            yield from _of_whole(repository, file.path, file.whole, entry)
        elif entry is None or not entry.is_file:
            yield from (Difference(file.path, v.place, v, values.MISSING) for v in file.values)
        else:
            yield from _of_values(repository, file, entry, path)


def _of_whole(
    repository: pygit2.Repository,
    path: str,
    meant: content.WholeFile,
    entry: trees.Entry | None,
) -> Iterator[Difference]:
    found = whole_file(repository, entry)
    if found != meant:
        yield Difference(path, None, meant, values.MISSING if found is None else found)


def _of_values(
    repository: pygit2.Repository, file: content.FileContent, entry: trees.Entry, path: str
) -> Iterator[Difference]:
    full = f"{path}/{file.path}" if path else file.path
    data = trees.body(repository, entry.oid)
    found = documents.read(data, full, [value.place for value in file.values])
    for value in file.values:
        if not is_there(value, found[value.place]):
            yield Difference(file.path, value.place, value, found[value.place])


def is_there(value: values.Value, found: values.Json | values.Missing) -> bool:
    """Whether what is found at the value's place is the value."""
    return found is not values.MISSING and values.same(value.value, found)


def whole_file(
    repository: pygit2.Repository, entry: trees.Entry | None
) -> content.WholeFile | None:
    """A file or link as it would be promoted whole; None for anything else."""
    if entry is None or not (entry.is_file or entry.mode == trees.LINK):
        return None
    data = trees.body(repository, entry.oid)
    return content.WholeFile(f"{entry.mode:06o}", hashlib.sha256(data).hexdigest(), len(data))


def named(
    repository: pygit2.Repository, commit: str, folder: str, found: Sequence[Difference]
) -> tuple[port.Drift, ...]:
    """Differences as they are shown, with the commit and author they came with.

    At most 100 of them, and the history of each file's first one is searched.
    """
    culprits: dict[str, history.Culprit] = {}
    drift = []
    for difference in found[:_MAX_NAMED]:
        path = f"{folder}/{difference.file}" if folder else difference.file
        if path not in culprits:
            holds = _still(repository, path, difference)
            culprits[path] = history.last_change(repository, commit, path, holds)
        drift.append(_shown(path, difference, culprits[path]))
    return tuple(drift)


def _still(
    repository: pygit2.Repository, path: str, difference: Difference
) -> Callable[[trees.Entry | None], bool]:
    """Whether an earlier version of the file had the same there as is found now."""

    def holds(entry: trees.Entry | None) -> bool:
        if difference.place is None:
            there = whole_file(repository, entry)
            return (values.MISSING if there is None else there) == difference.found
        if entry is None or not entry.is_file:
            return difference.found is values.MISSING
        try:
            data = trees.body(repository, entry.oid)
            before = documents.read(data, path, [difference.place])[difference.place]
        except documents.DocumentError:
            return False
        if before is values.MISSING or difference.found is values.MISSING:
            return before is difference.found
        return values.same(before, difference.found)

    return holds


def _shown(path: str, difference: Difference, culprit: history.Culprit) -> port.Drift:
    meant = difference.meant
    return port.Drift(
        file=path,
        place=_WHOLE if difference.place is None else values.spell(difference.place),
        landed=_text(meant.value if isinstance(meant, values.Value) else meant),
        found=_text(difference.found),
        commit=culprit.commit,
        author=culprit.author,
    )


def _text(found: object) -> str:
    match found:
        case values.MISSING | None:
            return ""
        case content.WholeFile(mode, digest, size):
            return f"{mode} sha256:{digest[:_SHOWN_DIGEST]} ({size} bytes)"
        case list() | dict():
            return json.dumps(found, default=images.scalar_text, ensure_ascii=False)
        case _:
            return images.scalar_text(found)
