"""Awkward JSON and TOML, with the exact bytes that a change must leave."""

# ruff: noqa: E501 (a case of a table is one line, so that cases can be compared)

from __future__ import annotations

import pytest

from towpath.domain import values
from towpath.git import documents


def place(*steps: str | values.Step) -> values.Place:
    return tuple(values.Key(step) if isinstance(step, str) else step for step in steps)


def to(value: values.Json, *steps: str | values.Step) -> values.Value:
    return values.Value(place(*steps), value)


A = values.Item("name", "A")
Plain = values.Plain

JSON = [
    ("a value", '{"a": 1, "b": 2}', '{"a": 1, "b": "x"}', [to("x", "b")], []),
    ("without spaces", '{"a":1,"b":{"c":2}}\n', '{"a":1,"b":{"c":3}}\n', [to(3, "b", "c")], []),
    ("strange spaces stay", '{ "a" :1 ,\n\n"b":2}', '{ "a" :1 ,\n\n"b":3}', [to(3, "b")], []),
    ("tabs stay", '{\n\t"a": 1\n}\n', '{\n\t"a": 2,\n\t"b": 3\n}\n', [to(2, "a"), to(3, "b")], []),
    ("an entry on its own line", '{\n    "a": 1\n}', '{\n    "a": 1,\n    "b": 2\n}', [to(2, "b")], []),
    ("windows line ends", '{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "b": 2\r\n}', [to(2, "b")], []),
    ("an entry in one line", '{"a": 1, "c": 2}', '{"a": 1, "c": 2, "b": 3}', [to(3, "b")], []),
    ("an entry without spaces", '{"a":1,"c":2}', '{"a":1,"c":2,"b":{"d":3}}', [to(3, "b", "d")], []),
    ("a nested mapping", '{\n  "a": 1\n}', '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}', [to(2, "b", "c")], []),
    ("into empty braces", '{\n  "a": {}\n}', '{\n  "a": {\n    "b": 1\n  }\n}', [to(1, "a", "b")], []),
    ("into empty braces in one line", '{"a": {}}', '{"a": {"b": 1}}', [to(1, "a", "b")], []),
    ("a null parent", '{"a": null}', '{"a": {"b": 1}}', [to(1, "a", "b")], []),
    ("a number keeps its spelling", '{"a": 1}', '{"a": 1.10}', [to(Plain("1.10"), "a")], []),
    ("spellings elsewhere stay", '{"x": 1.50E+3, "y": "\\u00e9\\/", "a": 1}', '{"x": 1.50E+3, "y": "\\u00e9\\/", "a": 2}', [to(2, "a")], []),
    ("escapes where the file has them", '{"x": "\\u00e9", "a": 1}', '{"x": "\\u00e9", "a": "\\u00fc"}', [to("ü", "a")], []),
    ("characters where it has not", '{"a": 1}', '{"a": "ü🚀"}', [to("ü🚀", "a")], []),
    ("line breaks and quotes", '{"a": 1}', '{"a": "x\\n\\"y\\""}', [to('x\n"y"', "a")], []),
    ("a byte order mark", '\ufeff{"a": 1}', '\ufeff{"a": 2}', [to(2, "a")], []),
    ("an element by its name", '[{"name": "A", "v": 1}]', '[{"name": "A", "v": 2}]', [to(2, A, "v")], []),
    ("an element is added", '{"a": [\n  1,\n  2\n]}', '{"a": [\n  1,\n  2,\n  3\n]}', [to([1, 2, 3], "a")], []),
    ("an element is taken out", '{"a": [\n  1,\n  2,\n  3\n]}', '{"a": [\n  1,\n  3\n]}', [to([1, 3], "a")], []),
    ("a list becomes empty", '{"a": [1, 2]}', '{"a": []}', [to([], "a")], []),
    ("an entry is removed", '{\n  "a": 1,\n  "b": 2\n}', '{\n  "b": 2\n}', [], [place("a")]),
    ("the last entry is removed", '{\n  "a": 1,\n  "b": 2\n}', '{\n  "a": 1\n}', [], [place("b")]),
    ("the only entry is removed", '{"a": {"b": 1}}', '{"a": {}}', [], [place("a", "b")]),
    ("one goes, one comes", '{\n  "a": 1\n}', '{\n  "b": 2\n}', [to(2, "b")], [place("a")]),
    ("the last goes, one comes", '{"a": 1, "b": 2}', '{"a": 1, "c": 3}', [to(3, "c")], [place("b")]),
    ("the root", "1", "[2]", [to([2])], []),
]  # fmt: skip

TOML = [
    ("a value with its comment", 'a = "x" # c\n', 'a = "y" # c\n', [to("y", "a")], []),
    ("single quotes stay", "a = 'x'\n", "a = 'y'\n", [to("y", "a")], []),
    ("single quotes that cannot stay", "a = 'x'\n", 'a = "it\'s"\n', [to("it's", "a")], []),
    ("strange spaces stay", "a   =  1\n\n\nb=2\n", "a   =  3\n\n\nb=2\n", [to(3, "a")], []),
    ("windows line ends", "a = 1\r\n[t]\r\nb = 1\r\n", "a = 2\r\n[t]\r\nb = 1\r\nc = 3\r\n", [to(2, "a"), to(3, "t", "c")], []),
    ("a dotted key", "a.b = 1\na.c = 2\n", "a.b = 1\na.c = 3\n", [to(3, "a", "c")], []),
    ("an inline table", "t = { a = 1, b = 2 } # c\n", "t = { a = 1, b = 3 } # c\n", [to(3, "t", "b")], []),
    ("an array of tables", '[[e]]\nname = "A"\nv = 1 # c\n[[e]]\nname = "B"\n', '[[e]]\nname = "A"\nv = 2 # c\n[[e]]\nname = "B"\n', [to(2, "e", A, "v")], []),
    ("a table of tables", "[a.b]\nc = 1\n\n[a.d]\ne = 1\n", "[a.b]\nc = 1\n\n[a.d]\ne = 2\n", [to(2, "a", "d", "e")], []),
    ("an array changes in one place", "a = [\n  1, # one\n  2,\n]\n", "a = [\n  1, # one\n  3,\n]\n", [to([1, 3], "a")], []),
    ("an array grows", "a = [1, 2]\n", "a = [1, 2, 3]\n", [to([1, 2, 3], "a")], []),
    ("a key before a table", "a = 1\n\n[t]\nb = 1\n", "a = 1\nc = 2\n\n[t]\nb = 1\n", [to(2, "c")], []),
    ("a new table", "a = 1\n", 'a = 1\n\n[image]\ntag = "x"\n', [to("x", "image", "tag")], []),
    ("a float keeps its spelling", "a = 1.5\n", "a = 1.10\n", [to(Plain("1.10"), "a")], []),
    ("a date keeps its spelling", "a = 2024-01-01\n", "a = 2024-02-01\n", [to(Plain("2024-02-01"), "a")], []),
    ("spellings elsewhere stay", "x = 0xFF\ny = 1_000\na = 1\n", "x = 0xFF\ny = 1_000\na = 2\n", [to(2, "a")], []),
    ("a key after a last line without a line end", "a = 1", "a = 1\nb = 2", [to(2, "b")], []),
    ("the last dotted key goes", "a.b = 1\nc = 1\n", "c = 1\na = {}\n", [], [place("a", "b")]),
    ("the last key of a table goes", "[t]\na = 1 # c\n", "[t]\n", [], [place("t", "a")]),
    ("a key is removed", "a = 1 # c\nb = 2\n", "b = 2\n", [], [place("a")]),
    ("no line end at the end", "a = 1\nb = 2", "a = 1\nb = 3", [to(3, "b")], []),
    ("a byte order mark", "\ufeffa = 1\n", "\ufeffa = 2\n", [to(2, "a")], []),
    ("an element goes", '[[e]]\nname = "A"\n\n[[e]]\nname = "B"\n', '[[e]]\nname = "B"\n', [], [place("e", A)]),
]  # fmt: skip

ALL = [(*case, "v.json") for case in JSON] + [(*case, "v.toml") for case in TOML]


@pytest.mark.parametrize(
    ("before", "after", "sets", "removals", "path"),
    [case[1:] for case in ALL],
    ids=[f"{case[5]} {case[0]}" for case in ALL],
)
def test_a_change_leaves_exactly_these_bytes_and_made_twice_is_made_once(
    before: str, after: str, sets: list[values.Value], removals: list[values.Place], path: str
) -> None:
    result = documents.apply(before.encode(), path, sets, removals)
    assert result.decode() == after
    assert documents.apply(result, path, sets, removals) == result
