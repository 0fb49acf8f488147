"""Folders rewritten as raw entries are the same as libgit2 makes them."""

from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from towpath.git import drafts, problems, recent, trees

NAMES = st.text(st.sampled_from("ab 1.6é-"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..", "")
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
MODES = st.sampled_from([trees.FILE, 0o100755, trees.LINK])


@pytest.fixture
def repository(tmp_path: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path / "r.git"), bare=True)


def consistent(files: dict[str, object]) -> bool:
    """Whether no file stands where another one needs a folder."""
    return not any(other.startswith(f"{path}/") for path in files for other in files)


def tree(repository: pygit2.Repository, files: dict[str, trees.Entry]) -> pygit2.Oid:
    """The folder as libgit2's index makes it."""
    index = pygit2.Index()
    for path, entry in files.items():
        index.add(pygit2.IndexEntry(path, entry.oid, pygit2.enums.FileMode(entry.mode)))
    return index.write_tree(repository)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    before=st.dictionaries(PATHS, MODES, max_size=8).filter(consistent),
    changes=st.dictionaries(PATHS, st.none() | MODES, max_size=5),
)
def test_a_rewritten_folder_is_the_one_that_libgit2_makes(
    repository: pygit2.Repository, before: dict[str, int], changes: dict[str, int | None]
) -> None:
    old, new = repository.create_blob(b"old"), repository.create_blob(b"new")
    files = {path: trees.Entry(mode, old) for path, mode in before.items()}
    entries = {p: None if m is None else trees.Entry(m, new) for p, m in changes.items()}
    after = {**files, **entries}
    if not consistent(after):
        return
    root = tree(repository, files)
    folders = drafts.Folders(repository, recent.Recent(100_000))
    expected = {path: entry for path, entry in after.items() if entry is not None}
    result = folders.rewrite(root, entries)
    assert result == tree(repository, expected)
    for path in {*before, *changes, "nothing", "a"}:
        for where in (root, result):
            assert folders.entry(where, path) == trees.entry(repository, where, path)


def test_a_large_folder_is_written_so_that_libgit2_and_git_read_it(
    repository: pygit2.Repository,
) -> None:
    old, new = repository.create_blob(b"old"), repository.create_blob(b"new")
    files = {f"apps/f{n}.yaml": trees.Entry(trees.FILE, old) for n in range(5_000)}
    root = tree(repository, files)
    changed = {"apps/f77.yaml": trees.Entry(trees.FILE, new)}
    result = drafts.Folders(repository, recent.Recent(100_000)).rewrite(root, changed)
    assert result == tree(repository, {**files, **changed})
    assert drafts.Folders(repository, recent.Recent(100_000)).rewrite(root, changed) == result


def test_a_name_that_looks_like_another_entry_is_not_taken_for_it(
    repository: pygit2.Repository,
) -> None:
    blob = repository.create_blob(b"x")
    root = tree(repository, {"100644 x": trees.Entry(trees.FILE, blob)})
    assert drafts.Folders(repository, recent.Recent(100_000)).entry(root, "x") is None


@pytest.mark.parametrize(("there", "wanted"), [("a", "a/b"), ("a/b", "a")])
def test_a_file_and_a_folder_do_not_replace_each_other(
    repository: pygit2.Repository, there: str, wanted: str
) -> None:
    blob = trees.Entry(trees.FILE, repository.create_blob(b"x"))
    root = tree(repository, {there: blob})
    with pytest.raises(problems.Problem):
        drafts.Folders(repository, recent.Recent(100_000)).rewrite(root, {wanted: blob})
