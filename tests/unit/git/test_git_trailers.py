"""Trailers as git has them."""

import subprocess

import pytest

from towpath.git import trailers


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Subject\n\nA: 1\nB-c: x: y\nA: 2\n", {"A": ("1", "2"), "B-c": ("x: y",)}),
        ("Subject\n\nBody\n\nA: 1\n\n\n", {"A": ("1",)}),
        ("Subject\r\n\r\nA: 1\r\n", {"A": ("1",)}),
        ("Subject\n\nA: 1\n  goes on\n", {"A": ("1 goes on",)}),
        ("A: 1", {}),
        ("Subject\n\nA: 1\nnot a trailer\n", {}),
        ("Subject\n\nJust words\n", {}),
        ("", {}),
    ],
)
def test_the_last_paragraph_is_trailers_or_is_not(
    message: str, found: dict[str, tuple[str, ...]]
) -> None:
    assert trailers.parse(message) == found


def test_what_is_added_is_found_by_us_and_by_git() -> None:
    message = trailers.add("Promote\n\nWhy: not\nso", [("Towpath-Promotion", "id"), ("X", "a: b")])
    message = trailers.add(message, [("Y", "z")])
    assert trailers.parse(message) == {"Towpath-Promotion": ("id",), "X": ("a: b",), "Y": ("z",)}
    said = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=message.encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert said.decode() == "Towpath-Promotion: id\nX: a: b\nY: z\n"


@pytest.mark.parametrize(("key", "value"), [("a b", "x"), ("", "x"), ("A", "x\ny")])
def test_what_cannot_be_a_trailer_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match="trailer"):
        trailers.add("m", [(key, value)])
