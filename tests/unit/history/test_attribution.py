"""Which pull request brought a commit, and which commits did not last."""

from collections.abc import Iterator
from typing import Any

import pytest

from towpath.domain.changes import Commit
from towpath.history import attribution
from towpath.history.attribution import attribute


def _sha(name: str) -> str:
    return (name.encode().hex() + "0" * 40)[:40]


def _commit(name: str, parents: str = "", message: str = "") -> Commit:
    shas = tuple(_sha(parent) for parent in parents.split())
    return Commit(_sha(name), shas, "Ada", "2026-03-01T12:00:00Z", message or name)


def _requests(*commits: Commit) -> dict[str, int]:
    found = attribute(commits).requests
    return {
        commit.message.partition("\n")[0]: found[commit.sha].number
        for commit in commits
        if commit.sha in found
    }


def test_a_merge_brings_its_branch_and_not_the_line_it_was_merged_into() -> None:
    assert _requests(
        _commit("m", "b2 x2", "Merge pull request #1 from acme/x"),
        _commit("b2", "b1"),
        _commit("x2", "x1"),
        _commit("x1", "b1"),
        _commit("b1", "old"),
    ) == {"Merge pull request #1 from acme/x": 1, "x2": 1, "x1": 1}


def test_what_a_branch_merged_from_the_main_line_is_not_its_own() -> None:
    assert _requests(
        _commit("m", "b2 x2", "Merge pull request #1 from acme/x"),
        _commit("x2", "x1 b2", "Merge branch main"),
        _commit("b2", "b1", "b2 (#2)"),
        _commit("x1", "b1"),
        _commit("b1", "old"),
    ) == {"Merge pull request #1 from acme/x": 1, "Merge branch main": 1, "x1": 1, "b2 (#2)": 2}


def test_a_pull_request_within_anothers_branch_keeps_its_own_commits() -> None:
    assert _requests(
        _commit("m", "b1 x2", "Merge pull request #1 from acme/x"),
        _commit("x2", "x1 y1", "Merge pull request #9 from acme/y"),
        _commit("y1", "x1"),
        _commit("x1", "b1"),
        _commit("b1", "old"),
    ) == {
        "Merge pull request #1 from acme/x": 1,
        "Merge pull request #9 from acme/y": 9,
        "y1": 9,
        "x1": 1,
    }


def test_an_octopus_brings_all_its_branches() -> None:
    merge = _commit("m", "b1 x1 y1", "Merge pull request #1 from acme/x")
    found = _requests(merge, _commit("x1", "b1"), _commit("y1", "b1"), _commit("b1", "old"))
    assert found == {"Merge pull request #1 from acme/x": 1, "x1": 1, "y1": 1}


def test_a_revert_of_a_revert_lets_the_commit_stand() -> None:
    a, again = _commit("a", "old"), "This reverts commit "
    r1 = _commit("r1", "a", f"Revert\n\n{again}{a.sha}.")
    r2 = _commit("r2", "r1", f"Revert\n\n{again}{r1.sha[:10]}.")
    assert attribute([r1, a]).reverted_by == {a.sha: r1.sha}
    assert attribute([r2, r1, a]).reverted_by == {r1.sha: r2.sha}


def test_a_revert_that_names_what_was_picked_takes_back_the_pick() -> None:
    """As a revert on the main line is, once it too was picked to a branch of a version."""
    elsewhere, again = _sha("a"), "This reverts commit "
    from_there = f"(cherry picked from commit {elsewhere})"
    pick = _commit("p", "old", f"a\n\n{from_there}")
    revert = _commit("r", "p", f"Revert\n\n{again}{elsewhere}.")
    later = _commit("p2", "r", f"a\n\n{from_there}")
    assert attribute([later, revert, pick]).reverted_by == {pick.sha: revert.sha}
    both = _commit("a", "p")
    assert attribute([_commit("r", "a", revert.message), both, pick]).reverted_by == {
        both.sha: _sha("r")
    }


def test_the_revert_of_a_merge_or_a_pull_request_takes_back_all_it_brought() -> None:
    merge = _commit("m", "b1 x1", "Merge pull request #1 from acme/x")
    x1, b1 = _commit("x1", "b1"), _commit("b1", "old")
    by_sha = _commit("r", "m", f"Revert\n\nThis reverts commit {merge.sha}, reversing\nthe rest")
    by_number = _commit("r", "m", "Revert x (#2)\n\nReverts acme/shop#1")
    for revert in (by_sha, by_number):
        undone = attribute([revert, merge, x1, b1]).reverted_by
        assert undone == {merge.sha: revert.sha, x1.sha: revert.sha}


def test_a_revert_of_what_is_not_in_the_range_marks_nothing() -> None:
    revert = _commit("r", "old", f"Revert\n\nThis reverts commit {'f' * 40}.")
    assert attribute([revert]).reverted_by == {}


def test_a_merge_of_very_many_branches_walks_what_they_share_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walked = 0
    line = attribution._line

    def counted(*asked: Any) -> Iterator[str]:
        nonlocal walked
        for sha in line(*asked):
            walked += 1
            yield sha

    monkeypatch.setattr(attribution, "_line", counted)
    many = 1000
    names = [f"x{number}" for number in range(many)]
    side = [_commit(x, before) for before, x in zip(["old", *names], names, strict=False)]
    for parents in (names, names[::-1]):
        message = "Merge pull request #1 from acme/x"
        merge = _commit("m", " ".join(["old", *parents]), message)
        walked = 0
        assert len(attribute([merge, *side[::-1]]).requests) == many + 1
        assert walked == many + 1


def test_a_long_line_with_many_branches_is_read_once() -> None:
    commits, line = [], "old"
    for number in range(1, 2001):
        branch = _commit(f"x{number}", line)
        merge = _commit(f"m{number}", f"{line} x{number}", f"Merge pull request #{number} from a/b")
        commits += [branch, merge]
        line = f"m{number}"
    found = attribute(commits[::-1])
    assert len(found.requests) == 4000
