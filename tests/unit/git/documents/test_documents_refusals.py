"""What cannot be read or changed exactly is refused, and the error says what and where."""

# ruff: noqa: E501 (a case of a table is one line, so that cases can be compared)

from __future__ import annotations

import pytest

from towpath.domain import values
from towpath.git import documents


def place(*steps: str | values.Step) -> values.Place:
    return tuple(values.Key(step) if isinstance(step, str) else step for step in steps)


def to(value: values.Json, *steps: str | values.Step) -> values.Value:
    return values.Value(place(*steps), value)


def refusal(
    data: str | bytes,
    *sets: values.Value,
    path: str = "v.yaml",
    removals: tuple[values.Place, ...] = (),
) -> documents.DocumentError:
    raw = data.encode() if isinstance(data, str) else data
    with pytest.raises(documents.DocumentError) as caught:
        documents.apply(raw, path, sets, removals)
    assert not isinstance(caught.value, documents.UnprovenEditError)
    return caught.value


UNREADABLE = [
    ("broken YAML", "v.yaml", b"a: 1\nb: c: d\n", 2, "not YAML"),
    ("a tab as indentation", "v.yaml", b"a:\n\tb: 1\n", 2, "not YAML"),
    ("the same key twice", "v.yaml", b"a: 1\nb: 2\na: 3\n", 3, "stands twice"),
    ("the same key twice, quoted once", "v.yaml", b'a: 1\n"a": 3\n', 2, "stands twice"),
    ("a template in the place of a value", "v.yaml", b"a: {{ .Values.x }}\n", 1, "template"),
    ("a template line", "v.yaml", b"a: 1\n{{- if .x }}\nb: 1\n{{ end }}\n", 3, "template"),
    ("a list as a key", "v.yaml", b"? [a, b]\n: 1\n", 1, "not supported"),
    ("an unknown alias", "v.yaml", b"a: *x\n", 1, "undefined alias"),
    ("the same anchor twice", "v.yaml", b"a: &x 1\nb: &x 2\n", 2, "duplicate anchor"),
    ("an anchor in itself", "v.yaml", b"a: &x\n  b: *x\n", 1, "alias to itself"),
    ("a control character", "v.yaml", b'a: 1\nb: "\x01"\n', 2, "U+0001"),
    ("UTF-16", "v.yaml", "a: 1".encode("utf-16"), 1, "UTF-16"),
    ("UTF-32", "v.yaml", "a: 1".encode("utf-32"), 1, "UTF-32"),
    ("Latin-1", "v.yaml", b"a: 1\nb: \xe4\n", 2, "0xe4 is not UTF-8"),
    ("deep brackets", "v.yaml", b"a: " + b"[" * 200_000, 1, "deeper than"),
    ("deep dashes", "v.yaml", b"- " * 200_000, 1, "deeper than"),
    ("deep JSON", "v.json", b"[" * 200_000, 1, "deeper than"),
    ("closed deep JSON", "v.json", b"[" * 300 + b"]" * 300, 1, "deeper than"),
    ("the same key twice in JSON", "v.json", b'{"a": 1,\n "a": 2}', 2, "stands twice"),
    ("a comment in JSON", "v.json", b'{\n// no\n"a": 1}', 2, "expected here"),
    ("a comment for a JSON value", "v.json", b'{"a": /* no */ 1}', 1, "comments are not JSON"),
    ("not a number", "v.json", b'{"a": NaN}', 1, "value is expected"),
    ("a comma at the end in JSON", "v.json", b'{"a": 1,}', 1, "expected here"),
    ("two JSON values", "v.json", b"{} {}", 1, "after the end"),
    ("an empty JSON file", "v.json", b"", 1, "value is expected"),
    ("half a character in JSON", "v.json", b'{"a": "\\ud800"}', None, "surrogate"),
    ("broken TOML", "v.toml", b"a = 1\nb = \n", 2, "not TOML"),
    ("the same key twice in TOML", "v.toml", b"a = 1\na = 2\n", 2, "not TOML"),
    ("deep TOML", "v.toml", b"a = " + b"[" * 5000 + b"]" * 5000, None, "deeper than"),
    ("an unknown format", "v.txt", b"a = 1\n", None, "whole"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "data", "line", "words"),
    [case[1:] for case in UNREADABLE],
    ids=[case[0] for case in UNREADABLE],
)
def test_an_unreadable_file_is_refused_with_its_line(
    path: str, data: bytes, line: int | None, words: str
) -> None:
    error = refusal(data, to(1, "a"), path=path)
    assert error.code == "invalid_configuration"
    assert words in error.sentence
    assert error.path == path
    assert error.line == line
    assert (error.column is None) == (line is None)


def test_a_large_file_is_refused_with_its_size_and_the_limit() -> None:
    error = refusal(b"#" * (documents.MAX_BYTES + 1))
    assert "10,485,761" in error.sentence
    assert "10,485,760" in error.sentence


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    error = refusal("\n".join(lines), to(1, "b"))
    assert "1,000,000 nodes" in error.sentence


BASE = """\
base: &base
  tag: x
a:
  <<: *base
b: *base
"""


def test_a_value_behind_an_alias_is_not_changed() -> None:
    error = refusal(BASE, to("y", "b", "tag"))
    assert error.code == "invalid_configuration"
    assert "`&base` in line 1" in error.sentence
    assert "`*base` in line 4, 5" in error.sentence


def test_an_anchored_value_with_aliases_is_not_changed() -> None:
    error = refusal(
        "a: &x 1\nb: *x\n---\nb: &x 1\nc: *x\n", to(2, values.Document(None, None, 1, 2), "b")
    )
    assert "`&x` in line 4" in error.sentence
    assert "`*x` in line 5" in error.sentence


def test_an_alias_itself_is_not_changed() -> None:
    error = refusal("a: &x 1\nb: *x\n", to(2, "b"))
    assert "`&x` in line 1, alias `*x` in line 2" in error.sentence


def test_a_value_that_comes_by_a_merge_key_is_not_changed() -> None:
    error = refusal(BASE, to("y", "a", "tag"))
    assert "'tag' comes by a merge key" in error.sentence
    assert "line 1" in error.sentence


def test_a_key_whose_value_would_come_back_by_a_merge_is_not_removed() -> None:
    data = "base: &base\n  tag: x\na:\n  <<: *base\n  tag: y\n"
    assert "merge key" in refusal(data, removals=(place("a", "tag"),)).sentence


def test_an_anchor_is_not_removed_while_it_has_aliases() -> None:
    error = refusal("a:\n  b: &x 1\nc: *x\n", removals=(place("a"),))
    assert "`&x` in line 2" in error.sentence


def test_an_equal_value_behind_an_alias_is_left_alone() -> None:
    data = BASE.encode()
    assert documents.apply(data, "v.yaml", [to("x", "b", "tag"), to("x", "a", "tag")]) == data


MISSING = [
    ("a list without the element", "e:\n- name: A\n", to(1, "e", values.Item("name", "B"), "v"), "'B'"),
    ("no list", "a: 1\n", to(1, "e", values.Item("name", "B"), "v"), "not there"),
    ("an empty file", "# only\n", to(1, values.Item("name", "B"), "v"), "not there"),
    ("a list of another length", "e: [1, 2]\n", to(1, "e", values.Position(0, 3)), "has 2"),
    ("a list with keys by position", "e: [{name: A}]\n", to(1, "e", values.Position(0, 1)), "position"),
    ("a value in the parent's place", "image: x\n", to(1, "image", "tag"), "a single value"),
    ("a list in the parent's place", "image: [x]\n", to(1, "image", "tag"), "a list"),
    ("a mapping with entries in the value's place", "a:\n  b: 1\n", to(1, "a"), "entries"),
    ("no such document", "a: 1\n---\nb: 1\n", to(1, "a"), "document"),
    ("no document of that name", "kind: A\nmetadata: {name: x}\n", to(1, values.Document("A", "y", 0, 0), "a"), "A/y"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "value", "words"), [case[1:] for case in MISSING], ids=[case[0] for case in MISSING]
)
def test_a_value_without_a_place_is_missing(data: str, value: values.Value, words: str) -> None:
    error = refusal(data, value)
    assert error.code == "value_missing"
    assert words in error.sentence


def test_an_element_that_is_there_twice_is_ambiguous() -> None:
    item = values.Item("name", "A")
    error = refusal("e:\n- name: A\n- name: A\n", to(1, "e", item, "v"))
    assert (error.code, error.line) == ("value_ambiguous", 3)


def test_a_document_that_is_there_twice_is_ambiguous() -> None:
    data = "kind: A\nmetadata: {name: x}\n---\nkind: A\nmetadata: {name: x}\n"
    error = refusal(data, to(1, values.Document("A", "x", 0, 0), "a"))
    assert (error.code, error.line) == ("value_ambiguous", 4)


def test_two_different_values_for_one_place_are_ambiguous() -> None:
    assert refusal("a: 1\n", to(1, "a"), to(2, "a")).code == "value_ambiguous"


def test_two_equal_values_for_one_place_are_one() -> None:
    assert documents.apply(b"a: 1\n", "v.yaml", [to(2, "a"), to(2, "a")]) == b"a: 2\n"


def test_a_key_is_not_added_to_a_pair_without_braces() -> None:
    data = "a: [b: 1]\n"
    assert "braces" in refusal(data, to(1, "a", values.Position(0, 1), "c")).sentence


def test_a_spelling_that_json_does_not_have_is_refused() -> None:
    assert "JSON" in refusal('{"a": 1}', to(values.Plain("yes"), "a"), path="v.json").sentence


def test_what_toml_does_not_have_is_refused() -> None:
    assert "TOML" in refusal("a = 1\n", to(None, "a"), path="v.toml").sentence
    assert "TOML" in refusal("a = 1\n", to(values.Plain("yes"), "a"), path="v.toml").sentence


def test_an_error_reads_as_file_line_column_code_and_sentence() -> None:
    assert str(refusal("a: 1\na: 2\n")).startswith("v.yaml:2:1: invalid_configuration: the key 'a'")
