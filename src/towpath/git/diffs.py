"""What differs between two commits: paths, and unified diffs for people."""

import pygit2

from towpath.git import commits, trees
from towpath.ports import git as port

_MAX_FILES = 1_000
_MAX_PATCH = 256 * 1024


def changed_paths(repository: pygit2.Repository, old: str, new: str) -> frozenset[str] | None:
    """The paths that differ between two commits; None if either is not known."""
    if not (commits.known(repository, old) and commits.known(repository, new)):
        return None
    if old == new:
        return frozenset()
    return frozenset(
        path
        for delta in _diff(repository, old, new).deltas
        for path in (delta.old_file.path, delta.new_file.path)
    )


def between(repository: pygit2.Repository, old: str, new: str) -> tuple[port.FileDiff, ...]:
    """The unified diffs between two known commits, renamed files found.

    1,000 files at most, and of each 256 KiB; what is cut off is said in its place.
    """
    found = _diff(repository, old, new)
    found.find_similar()
    shown = []
    for index, patch in enumerate(found):
        if index == _MAX_FILES:
            shown.append(port.FileDiff("…", "…", f"{len(found) - _MAX_FILES} more files differ\n"))
            break
        if patch is not None:
            shown.append(_file(patch))
    return tuple(shown)


def _diff(repository: pygit2.Repository, old: str, new: str) -> pygit2.Diff:
    before = trees.folder(repository, trees.tree_of(repository, old))
    after = trees.folder(repository, trees.tree_of(repository, new))
    return before.diff_to_tree(after)


def _file(patch: pygit2.Patch) -> port.FileDiff:
    data = patch.data
    text = data[:_MAX_PATCH].decode("utf-8", "replace")
    if len(data) > _MAX_PATCH:
        text = f"{text}\n… {len(data) - _MAX_PATCH:,} more bytes\n"
    return port.FileDiff(patch.delta.new_file.path, patch.delta.old_file.path, text)
