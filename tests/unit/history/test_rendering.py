"""Notes as Markdown, as text, and by a person's template."""

import pytest

import canned_notes as canned
from towpath.history import rendering

MARKDOWN = """\
## shop-2 in prod

Since the last promotion to prod that succeeded (shop-1).

### Features

- [SHOP-7](https://jira.example.org/browse/SHOP-7) Rounding (Bug, Done)

### Images

- registry/shop/api `1.0` → `1.1`

### Commits

- `4022ccd` Fix rounding (Mei)
"""


def test_notes_are_markdown_for_a_release_page() -> None:
    assert rendering.markdown(canned.notes()) == MARKDOWN


def test_what_people_wrote_is_no_markup_and_calls_nobody() -> None:
    subject = "# <b>*hi* @ops [x](javascript:1)\x1b[2J `code`"
    shown = rendering.markdown(canned.notes(commits=canned.group(canned.commit(subject))))
    line = next(line for line in shown.splitlines() if "4022ccd" in line)
    assert line == (
        "- `4022ccd` \\# \\<b\\>\\*hi\\* @\u2060ops \\[x\\](javascript:1) \\[2J \\`code\\` (Mei)"
    )


def test_signs_that_steer_or_stand_for_others_are_text_or_nothing() -> None:
    subject = "1) &#64;ops &lt;b> \x9b2J\u202ereversed\u2028end"
    request = _request("https://code.example/acme/api", 5, subject)
    for shown, wanted in (
        (rendering.markdown, "- 1\\) \\&#64;ops \\&lt;b\\>  2J reversed end (api#5)"),
        (rendering.plain, "- 1) &#64;ops &lt;b>  2J reversed end (api#5)"),
    ):
        assert wanted in shown(canned.notes(pull_requests=canned.group(request)))


def test_plain_text_has_no_marks() -> None:
    shown = rendering.plain(canned.notes())
    assert "SHOP-7 <https://jira.example.org/browse/SHOP-7> Rounding (Bug, Done)" in shown
    assert "`" not in shown
    assert "#" not in shown


def test_what_is_cut_or_not_known_is_said() -> None:
    many = canned.group(
        *(canned.commit(f"change {n}") for n in range(rendering.MOST_LISTED + 5)),
        unresolved=(("api", "the registry does not answer"),),
    )
    shown = rendering.markdown(canned.notes(commits=many))
    assert "- and 5 more" in shown
    assert "### Not known\n\n- api: the registry does not answer\n" in shown


def test_what_is_on_its_way_stands_apart_with_the_time_of_the_next_try() -> None:
    coming = canned.group(unresolved=(("SHOP-7", "jira does not answer"),), outlook="coming")
    lost = canned.group(unresolved=(("SHOP-8", "is gone"),))
    for resolving, words in (
        (canned.trying("waiting", "2026-03-01T13:00:00+01:00"), "due at 2026-03-01 12:00:00 UTC"),
        (canned.trying("asking"), "It is being asked for now"),
        (canned.trying("over"), "It is not asked for any more"),
    ):
        shown = rendering.plain(
            canned.notes(features=coming, pull_requests=lost, resolving=resolving)
        )
        lost_part, _, coming_part = shown.partition("On its way\n")
        assert "- SHOP-8: is gone" in lost_part
        assert "- SHOP-7: jira does not answer" in coming_part
        assert words in coming_part


def test_what_does_not_last_is_marked() -> None:
    shown = rendering.markdown(
        canned.notes(
            commits=canned.group(
                canned.commit("one", reverted_by="f" * 40), canned.commit("two", taken_back=True)
            )
        )
    )
    assert "- ~~`4022ccd` one (Mei)~~ reverted" in shown
    assert "- ~~`4022ccd` two (Mei)~~ taken back" in shown


def test_nothing_at_all_is_said_too() -> None:
    empty = {name: canned.group() for name in ("features", "commits", "images")}
    assert "Nothing changed." in rendering.markdown(canned.notes(**empty))


def test_a_template_of_ones_own_sees_the_document() -> None:
    each = "{% for one in notes.commits.items %} {{ one.subject | markdown }}{% endfor %}"
    source = "{{ release }}:" + each
    commits = canned.group(canned.commit("a*b"))
    assert rendering.templated(canned.notes(commits=commits), source) == "shop-2: a\\*b"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ notes.__class__.__mro__ }}", "access to attribute '__class__'"),
        ("{% for %}", "line 1:"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for a in range(99999) %}{{ 'x' * 999 }}{% endfor %}", "writes more than"),
        ("{% for a in range(999999) %}{% endfor %}", "Range too big"),
        ("x" * 70_000, "more than 65,536 characters"),
    ],
)
def test_a_template_is_bounded_and_reaches_nothing_but_the_document(source: str, why: str) -> None:
    with pytest.raises(rendering.BadTemplate, match=why):
        rendering.templated(canned.notes(), source)


def _request(repository: str, number: int, title: str) -> canned.Document:
    told = {"repository": repository, "number": number, "title": title, "url": "", "author": ""}
    return {**told, "branch": "", "merged_at": None, "components": [], "issues": [], "commits": 1}


def test_where_several_repositories_are_in_the_notes_numbers_say_which() -> None:
    cart, catalog = "https://git.example.org/acme/cart.git", "git@git.example.org:acme/catalog"
    requests = canned.group(_request(cart, 7, "Fix it"), _request(catalog, 7, "Show it"))
    commit = canned.commit("Fix it (#7)", repository=cart, components=["cart"])
    shown = rendering.plain(canned.notes(pull_requests=requests, commits=canned.group(commit)))
    assert "- Fix it (cart#7)" in shown
    assert "- Show it (catalog#7)" in shown
    assert "Fix it (#7) (Mei, cart)" in shown


def test_an_issue_without_title_and_pull_request_is_told_by_a_commit_that_names_it() -> None:
    [feature] = canned.notes()["features"]["items"]
    change = canned.commit("SHOP-7 more *replicas*", issues=["SHOP-7"], kind="change", via=None)
    notes = canned.notes(
        features=canned.group({**feature, "title": ""}), gitops=canned.group(change)
    )
    assert "SHOP-7 more \\*replicas\\* (Bug, Done)" in rendering.markdown(notes)


def test_an_issue_whose_title_is_not_known_is_told_by_its_pull_requests() -> None:
    repository = "https://git.example.org/shop.git"
    [feature] = canned.notes()["features"]["items"]
    named = [{"repository": repository, "number": n} for n in (7, 8)]
    bare = {**feature, "title": "", "url": "", "pull_requests": named, "type": "", "status": ""}
    shown = rendering.markdown(
        canned.notes(
            features=canned.group({**bare, "assignee": ""}),
            pull_requests=canned.group(_request(repository, 7, "Fix *it*")),
        )
    )
    assert "- SHOP-7 Fix \\*it\\* (#7) and 1 more\n" in shown
