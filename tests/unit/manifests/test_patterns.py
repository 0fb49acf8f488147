"""Regular expressions that people write, and JSONPaths with them."""

import jsonpath
import pytest

from towpath.manifests import patterns

ENDLESS, NEARLY = "^(a+)+$", "a" * 60 + "!"
"""With `re` that is tried for longer than anybody lives."""


def test_an_expression_is_tried_in_the_time_of_its_text() -> None:
    assert not patterns.is_in(ENDLESS, NEARLY)
    assert patterns.groups("(a*)*b", "a" * 60) is None


@pytest.mark.parametrize("test", [f"search(@, '{ENDLESS}')", f"match(@, '{ENDLESS}')"])
@pytest.mark.parametrize("strict", [True, False])
def test_so_is_one_in_the_filter_of_a_json_path(test: str, strict: bool) -> None:
    assert patterns.json_paths(strict).findall(f"$[?{test}]", [NEARLY, "aa"]) == ["aa"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"$[?@ =~ /{ENDLESS}/]", ["aa"]),
        (f"$[?@ =~ /{ENDLESS.upper()}/i && @ != 'x']", ["aa"]),
        ("$[?@ =~ /a.*/]", ["aa", NEARLY]),
        ("$[?match(@, 'a')]", []),
        ("$[?search(@, '(')]", []),
    ],
)
def test_the_sign_of_a_filter_and_its_flags_are_understood(path: str, found: list[str]) -> None:
    environment = patterns.json_paths(strict=False)
    assert environment.findall(path, ["aa", NEARLY, "\ud800"]) == found
    assert str(environment.compile(str(environment.compile(path)))) == str(
        environment.compile(path)
    )


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(patterns.Unreadable, match=r"missing \)"):
        patterns.is_in("(", "text")
    with pytest.raises(jsonpath.JSONPathSyntaxError, match=r"missing \)"):
        patterns.json_paths(strict=False).compile("$[?@ =~ /(/]")
