"""What commit messages say, in the forms that hosts and people write."""

import pytest

from towpath.domain.changes import Commit, PullRequest
from towpath.history import messages


def _commit(message: str, *parents: str) -> Commit:
    return Commit("a" * 40, parents or ("b" * 40,), "Ada", "2026-03-01T12:00:00Z", message)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("Fix rounding (#12)", PullRequest(12, "Fix rounding")),
        ("Fix rounding (#12)\n\n* one\n* two", PullRequest(12, "Fix rounding")),
        ("Revert (#3) at once (#12)", PullRequest(12, "Revert (#3) at once")),
        ("Fix rounding (!12)", PullRequest(12, "Fix rounding")),
        (
            "Merge pull request #7 from acme/SHOP-1-x\n\nThe title\n",
            PullRequest(7, "The title", "acme/SHOP-1-x"),
        ),
        ("Merge pull request #7 from acme/x", PullRequest(7, "", "acme/x")),
        (
            "Merge pull request 'The title' (#7) from x into main",
            PullRequest(7, "The title", "x"),
        ),
        ("Merged in feature/x (pull request #7)\n\nTitle", PullRequest(7, "Title", "feature/x")),
        ("Merged PR 7: Title", PullRequest(7, "Title")),
        (
            "Merge branch 'SHOP-1' into 'main'\n\nTitle\n\nSee merge request acme/shop!7",
            PullRequest(7, "Title", "SHOP-1"),
        ),
        ("Title\n\nSee merge request acme/deep/shop!7\n", PullRequest(7, "Title")),
        ("Merge branch 'x'\n\nSee merge request !7", PullRequest(7, "", "x")),
        (
            "Pull request #7: Title\n\nMerge in SHOP/api from feature/x to main\n\n* commit 'abc':",
            PullRequest(7, "Title", "feature/x"),
        ),
        (
            "Merge pull request #7 in SHOP/api from feature/x to main\n\n* commit 'abc':\n  one",
            PullRequest(7, "", "feature/x"),
        ),
        ("Build (#20260301120000)", None),
        ("Merge pull request #99999999999 from acme/x", None),
        ("See issue (#12) first", None),
        ("Merge branch 'main' into x", None),
        ("Version (1.2)", None),
        ("", None),
    ],
)
def test_a_pull_request_is_found_in_every_form_of_a_message(
    message: str, wanted: PullRequest | None
) -> None:
    assert messages.pull_request(_commit(message)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SHOP-7: fix", ["SHOP-7"]),
        ("fix [SHOP-7], (PAY-12) and SHOP-7", ["SHOP-7", "PAY-12", "SHOP-7"]),
        ("shop-7", []),
        ("XSHOP-7 SHOP-07 SHOP-7x SHOP-7-8 SHOP-1.2 MYSHOP-1", []),
        ("UTF-8 and SHOP-8", ["SHOP-8"]),
        ("see SHOP-8.", ["SHOP-8"]),
        ("https://jira/browse/SHOP-8?x", ["SHOP-8"]),
    ],
)
def test_keys_of_the_products_own_trackers_are_found_in_text(text: str, wanted: list[str]) -> None:
    assert list(messages.issues(("SHOP", "PAY")).in_text(text)) == wanted


def test_without_keys_of_its_own_whatever_looks_like_one_counts_but_no_standard() -> None:
    finder = messages.issues(())
    text = "SHA3-256 UTF16-2 ABC-1 UTF-8 SHA-256 ISO-8601 RFC-9457 CVE-2024 A1_B-3"
    assert list(finder.in_text(text)) == ["ABC-1", "A1_B-3"]


def test_branches_may_have_keys_in_small_letters_where_the_keys_are_known() -> None:
    assert list(messages.issues(("SHOP",)).in_branch("mei/shop-417-keep-1")) == ["SHOP-417"]
    assert list(messages.issues(("SHOP",)).in_branch("feature_SHOP-417_x")) == ["SHOP-417"]
    assert list(messages.issues(()).in_branch("mei/shop-417")) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fixes #12", ["acme/shop#12"]),
        ("closes: #12, #13 and acme/other#4", ["acme/shop#12", "acme/shop#13", "acme/other#4"]),
        ("Refs: #9", ["acme/shop#9"]),
        ("Merge pull request #7 from x", []),
        ("title (#12)", []),
        ("fixes https://code.example/acme/shop/-/issues/12 and", ["acme/shop#12"]),
        ("see https://code.example/acme/other/issues/4", ["acme/other#4"]),
        ("look at https://code.example/acme/other/issues/4", []),
        ("fixes #012, #0 and #20260301120000", []),
    ],
)
def test_issues_of_a_host_count_where_the_text_says_so(text: str, wanted: list[str]) -> None:
    assert list(messages.issues(()).on_host(text, "acme/shop")) == wanted


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("Merge branch 'shop-1-x'", ("shop-1-x",)),
        ("Merge branch 'shop-1-x' into main", ("shop-1-x",)),
        ("Merge branch 'main' into shop-1-x", ("main",)),
        ("Merge branches 'a/shop-1', 'b' and 'c' into main", ("a/shop-1", "b", "c")),
        ("Merge remote-tracking branch 'origin/shop-1'", ("origin/shop-1",)),
        ("Merge what 'shop-1' is", ()),
    ],
)
def test_a_merge_names_the_branches_it_brings(subject: str, wanted: tuple[str, ...]) -> None:
    assert messages.merged_branches(_commit(subject, "b" * 40, "c" * 40)) == wanted
    assert messages.merged_branches(_commit(subject)) == ()


def test_a_revert_names_commits_or_a_pull_request() -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    assert messages.reverts(_commit(f"Revert\n\nThis reverts commit {sha}.")) == (sha,)
    merge = f"Revert\n\nThis reverts commit {sha}, reversing\nchanges made to {'b' * 40}."
    assert messages.reverts(_commit(merge)) == (sha,)
    assert messages.reverted_requests(_commit("Revert x (#4)\n\nReverts acme/shop#3")) == (3,)
    assert messages.reverts(_commit("nothing reverts here")) == ()


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ('Revert "SHOP-7: Add (#5)" (#6)', 'SHOP-7: Add (#5)" (#6)'),
        ("revert(api)!: SHOP-7 add", "SHOP-7 add"),
        ('Revert "Reapply "SHOP-7""', 'SHOP-7""'),
        ('Revert "Revert "SHOP-7""', ""),
        ('Reapply "SHOP-7"', ""),
        ("Revert what SHOP-7 did", ""),
        ('SHOP-7: Revert "that"', ""),
    ],
)
def test_a_subject_says_what_it_takes_back(subject: str, wanted: str) -> None:
    assert messages.withdrawn(subject) == wanted


def test_trailers_are_read_from_the_last_paragraph_only() -> None:
    commit = _commit("x\n\nKey: no\n\nKey: one\nOther: y\nKey: two\n")
    assert messages.trailers(commit, "Key") == ("one", "two")
    assert messages.trailers(commit, "Missing") == ()
