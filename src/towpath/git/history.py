"""Which commit last changed something in a file: the search that names who did it."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pygit2

from towpath.git import commits, trees

_SEARCHED = 500
_LOOKED_INTO = 50


@dataclass(frozen=True, slots=True)
class Culprit:
    """The commit that changed something, and its author. Empty when the search was given up."""

    commit: str = ""
    author: str = ""


def last_change(
    repository: pygit2.Repository,
    head: str,
    path: str,
    holds: Callable[[trees.Entry | None], bool],
) -> Culprit:
    """The commit since which `holds` is true of the file at `path`, as it is at `head`.

    Follows first parents for 500 commits, of which 50 changed the file's folder. `holds` is asked
    only where the file changed.
    """
    room = _LOOKED_INTO
    for commit in islice(_line(repository, head), _SEARCHED):
        if not _touches(repository, commit, posixpath.dirname(path)):
            continue
        if room == 0:
            break
        room -= 1
        before = _entry_before(repository, commit, path)
        if before != trees.entry(repository, commit.tree_id, path) and not holds(before):
            return Culprit(str(commit.id), commits.author_of(commit))
    return Culprit()


def _touches(repository: pygit2.Repository, commit: pygit2.Commit, folder: str) -> bool:
    """Whether a commit changed anything in a folder, found without looking into it."""
    if not commit.parent_ids:
        return True
    before = trees.tree_of(repository, str(commit.parent_ids[0]))
    return trees.entry(repository, before, folder) != trees.entry(
        repository, commit.tree_id, folder
    )


def _line(repository: pygit2.Repository, head: str) -> Iterator[pygit2.Commit]:
    commit = repository.get(head)
    while isinstance(commit, pygit2.Commit):
        yield commit
        commit = repository.get(commit.parent_ids[0]) if commit.parent_ids else None


def _entry_before(
    repository: pygit2.Repository, commit: pygit2.Commit, path: str
) -> trees.Entry | None:
    if not commit.parent_ids:
        return None
    return trees.entry(repository, trees.tree_of(repository, str(commit.parent_ids[0])), path)
