"""Awkward YAML, with the exact bytes that a change must leave."""

# ruff: noqa: E501 (a case of a table is one line, so that cases can be compared)

from __future__ import annotations

from dataclasses import dataclass

import pytest

from towpath.domain import values
from towpath.git import documents


def place(*steps: str | values.Step) -> values.Place:
    return tuple(values.Key(step) if isinstance(step, str) else step for step in steps)


def to(value: values.Json, *steps: str | values.Step) -> values.Value:
    return values.Value(place(*steps), value)


A = values.Item("name", "A")
B = values.Item("name", "B")
C = values.Item("name", "C")
plain = values.Plain


@dataclass(frozen=True)
class Case:
    sentence: str
    before: str
    after: str
    sets: tuple[values.Value, ...] = ()
    removals: tuple[values.Place, ...] = ()


def sets(sentence: str, before: str, after: str, *found: values.Value) -> Case:
    return Case(sentence, before, after, sets=found)


def removes(sentence: str, before: str, after: str, *gone: values.Place) -> Case:
    return Case(sentence, before, after, removals=gone)


TAG = ("image", "tag")

SCALARS = [
    sets("double quotes stay", 'a: "1"\n', 'a: "2"\n', to("2", "a")),
    sets("single quotes stay", "a: '1'\n", "a: '2'\n", to("2", "a")),
    sets("single quotes are doubled inside", "a: 'x'\n", "a: 'it''s'\n", to("it's", "a")),
    sets("plain text stays plain", "a: x\n", "a: q\n", to("q", "a")),
    sets("a comment after the value stays", "a: x   # why\n", "a: q   # why\n", to("q", "a")),
    sets("a hash without a space is text", "a: x#q # c\n", "a: z # c\n", to("z", "a")),
    sets("text like a float is quoted", "a: x\n", 'a: "1.10"\n', to("1.10", "a")),
    sets("a float keeps its spelling", "a: 1.9\n", "a: 1.10\n", to(plain("1.10"), "a")),
    sets("a quoted version becomes a plain float", 'a: "1.9"\n', "a: 1.5\n", to(1.5, "a")),
    sets("text like yes is quoted", "a: x\n", 'a: "yes"\n', to("yes", "a")),
    sets("yes keeps its spelling", "a: no\n", "a: yes\n", to(plain("yes"), "a")),
    sets("text like an octal is quoted", "a: x\n", 'a: "0123"\n', to("0123", "a")),
    sets("text like an exponent is quoted", "a: x\n", 'a: "1e3"\n', to("1e3", "a")),
    sets("a commit like a float is quoted", "a: abc\n", 'a: "12e4567"\n', to("12e4567", "a")),
    sets("a commit of digits is quoted", "a: abc\n", 'a: "1234567"\n', to("1234567", "a")),
    sets("text like null is quoted", "a: x\n", 'a: "null"\n', to("null", "a")),
    sets("a tilde as text is quoted", "a: x\n", 'a: "~"\n', to("~", "a")),
    sets("empty text is quoted", "a: x\n", 'a: ""\n', to("", "a")),
    sets("text like a date is quoted", "a: x\n", 'a: "2024-01-01"\n', to("2024-01-01", "a")),
    sets("a date keeps its spelling", "a: x\n", "a: 2024-01-01\n", to(plain("2024-01-01"), "a")),
    sets("text like a time is quoted", "a: x\n", 'a: "12:30"\n', to("12:30", "a")),
    sets("an image with a port is plain", "a: x\n", "a: host:5000/x:1\n", to("host:5000/x:1", "a")),
    sets("spaces around text are quoted", "a: x\n", 'a: " q "\n', to(" q ", "a")),
    sets("a colon and a space are quoted", "a: x\n", 'a: "b: c"\n', to("b: c", "a")),
    sets("a colon at the end is quoted", "a: x\n", 'a: "b:"\n', to("b:", "a")),
    sets("a space and a hash are quoted", "a: x\n", 'a: "b #c"\n', to("b #c", "a")),
    sets("an at sign first is quoted", "a: x\n", 'a: "@b"\n', to("@b", "a")),
    sets("a star first is quoted", "a: x\n", 'a: "*b"\n', to("*b", "a")),
    sets("an ampersand first is quoted", "a: x\n", 'a: "&b"\n', to("&b", "a")),
    sets("an exclamation mark first is quoted", "a: x\n", 'a: "!b"\n', to("!b", "a")),
    sets("a per cent sign first is quoted", "a: x\n", 'a: "%b"\n', to("%b", "a")),
    sets("braces first are quoted", "a: x\n", 'a: "{{ b }}"\n', to("{{ b }}", "a")),
    sets("a dash and a space are quoted", "a: x\n", 'a: "- b"\n', to("- b", "a")),
    sets("an option stays plain", "a: x\n", "a: -Xmx512m\n", to("-Xmx512m", "a")),
    sets("a tab is escaped", "a: x\n", 'a: "b\\tc"\n', to("b\tc", "a")),
    sets("a zero byte is escaped", "a: x\n", 'a: "b\\0c"\n', to("b\0c", "a")),
    sets("a line separator is escaped", "a: x\n", 'a: "b\\u2028c"\n', to("b\u2028c", "a")),
    sets("emoji before it do not shift a value", "😀: 😀 # 😀\na: x # 😀\n", "😀: 😀 # 😀\na: 🚀 # 😀\n", to("🚀", "a")),
    sets("true becomes false", "a: true # c\n", "a: false # c\n", to(False, "a")),
    sets("a value becomes null", "a: 1 # c\n", "a: null # c\n", to(None, "a")),
    sets("a big number is exact", "a: 1\n", "a: 123456789012345678901234567890\n", to(123456789012345678901234567890, "a")),
    sets("an empty value is filled", "a:\nb: 1\n", "a: x\nb: 1\n", to("x", "a")),
    sets("an empty value before a comment is filled", "a: # c\nb: 1\n", "a: x # c\nb: 1\n", to("x", "a")),
    sets("an empty value at the end is filled", "a:", "a: x", to("x", "a")),
    sets("a tilde is replaced", "a: ~ # c\n", "a: 1 # c\n", to(1, "a")),
    sets("an empty element is filled", "a:\n-\n- 2\n", "a:\n- 1\n- 2\n", to([1, 2], "a")),
    sets("plain text of two lines is replaced", "a: one\n  two\nb: 1\n", "a: x\nb: 1\n", to("x", "a")),
    sets("a value on the next line stays there", "a:\n  x\nb: 1\n", "a:\n  q\nb: 1\n", to("q", "a")),
    sets("double quotes of two lines are replaced", 'a: "one\n  two" # c\n', 'a: "x" # c\n', to("x", "a")),
    sets("a text tag stays", "a: !!str 1.10 # c\n", "a: !!str 1.11 # c\n", to("1.11", "a")),
    sets("a text tag goes with a number", "a: !!str 1.10\n", "a: 5\n", to(5, "a")),
    sets("a tag of the user stays", "a: !vault old # c\n", "a: !vault new # c\n", to("new", "a")),
    sets("a tag elsewhere stays", "s: !vault |\n  x\n  q\na: 1\n", "s: !vault |\n  x\n  q\na: 2\n", to(2, "a")),
    sets("an anchor without alias stays", "a: &x 1\nb: 2\n", "a: &x 3\nb: 2\n", to(3, "a")),
    sets("an anchor without a value stays", "a: &x\nb: 2\n", "a: &x 3\nb: 2\n", to(3, "a")),
    sets("a byte order mark stays", "\ufeffa: 1\n", "\ufeffa: 2\n", to(2, "a")),
    sets("no line end at the end stays", "b: 1\na: 1", "b: 1\na: 2", to(2, "a")),
    sets("windows line ends stay", "a: 1\r\nb: x # c\r\n", "a: 1\r\nb: q # c\r\n", to("q", "b")),
    sets("mixed line ends stay", "a: 1\r\nb: x\nc: 1\r\n", "a: 1\r\nb: q\nc: 1\r\n", to("q", "b")),
    sets("a key in quotes is found", '"a b": 1\n', '"a b": 2\n', to(2, "a b")),
    sets("a key with dots is found", "a.b/c: 1\n", "a.b/c: 2\n", to(2, "a.b/c")),
    sets("a number as key is found", "8080: x\n", "8080: q\n", to("q", "8080")),
    sets("on as a key is found", "on: x\n", "on: q\n", to("q", "on")),
    sets("an explicit key is found", "? a\n: x\n", "? a\n: q\n", to("q", "a")),
    sets("an escape in double quotes stays elsewhere", 'a: "\\u00e9"\nb: 1\n', 'a: "\\u00e9"\nb: 2\n', to(2, "b")),
]  # fmt: skip

BLOCK_SCALARS = [
    sets("a literal is replaced by a literal", "a: |\n  one\n  two\nb: 1\n", "a: |\n  three\n  four\nb: 1\n", to("three\nfour\n", "a")),
    sets("its indentation stays", "a: |\n    one\nb: 1\n", "a: |\n    two\n    x\nb: 1\n", to("two\nx\n", "a")),
    sets("a literal keeps its comment", "a: | # c\n  one\nb: 1\n", "a: |- # c\n  x\n  q\nb: 1\n", to("x\nq", "a")),
    sets("a literal becomes one line", "a: |\n  one\n  two\n\nb: 1\n", "a: x\n\nb: 1\n", to("x", "a")),
    sets("a folded text becomes a literal", "a: >-\n  one\n  two\nb: 1\n", "a: |-\n  x\n  q\nb: 1\n", to("x\nq", "a")),
    sets("blank lines after a literal stay", "a: |\n  one\n\n\nb: 1\n", "a: |\n  x\n  q\n\n\nb: 1\n", to("x\nq\n", "a")),
    sets("blank lines that are kept text go", "a: |+\n  one\n\nb: 1\n", "a: x\nb: 1\n", to("x", "a")),
    sets("one line becomes a literal", "a: x # c\nb: 1\n", "a: |- # c\n  x\n  q\nb: 1\n", to("x\nq", "a")),
    sets("quotes stay with line breaks", 'a: "x"\n', 'a: "x\\nq"\n', to("x\nq", "a")),
    sets("a literal with windows line ends", "a: |\r\n  one\r\nb: 1\r\n", "a: |\r\n  x\r\n  q\r\nb: 1\r\n", to("x\nq\n", "a")),
    sets("a literal in a list", "- |\n  one\n- 2\n", "- |\n  x\n  q\n- 2\n", to(["x\nq\n", 2])),
    sets("a literal at the end without a line end", "a: |\n  one", "a: |-\n  x\n  q", to("x\nq", "a")),
    sets("a key after a literal without a line end", "a: |\n  one", "a: |-\n  one\nb: 1", to(1, "b")),
    sets("no literal where an indented comment would join it", "a: x\n  # c\n", 'a: "x\\nz\\n"\n  # c\n', to("x\nz\n", "a")),
    sets("no new literal there either", "a: x\n\n  # c\n", 'a: x\nb: "x\\nz"\n\n  # c\n', to("x\nz", "b")),
    sets("a key after a stripped text without a line end", "a: >-\n  one", "a: >-\n  one\nb: 1", to(1, "b")),
    sets("an element after one that keeps its end", "- |+ # c\n  one", "- |- # c\n  one\n- 2", to(["one", 2])),
    sets("text that needs a line end at the end has none", "a: x", 'a: "x\\nz\\n"', to("x\nz\n", "a")),
    sets("text that begins with a space is no literal", "a: |\n  one\n", 'a: " x\\nq\\n"\n', to(" x\nq\n", "a")),
    sets("a literal of comments is text", "a: |\n  # one\nb: 1 # c\n", "a: |\n  # one\nb: 2 # c\n", to(2, "b")),
]  # fmt: skip

FLOW = [
    sets("brackets become one line", "a: [x, {b: 1}] # c\n", "a: z # c\n", to("z", "a")),
    sets("brackets become text of two lines", "a: [x] # c\n", "a: |- # c\n  x\n  z\n", to("x\nz", "a")),
    sets("empty braces become a list", "a: {} # c\nb: 1\n", "a: # c\n  - x\nb: 1\n", to(["x"], "a")),
    sets("a value between braces becomes a list", "a: {b: x}\n", "a: {b: [x, {c: 1}]}\n", to(["x", {"c": 1}], "a", "b")),
    sets("a value between braces", "a: {b: 1, c: 2} # c\n", "a: {b: 3, c: 2} # c\n", to(3, "a", "b")),
    sets("braces without spaces", '{"a":1,"b":2}\n', '{"a":3,"b":2}\n', to(3, "a")),
    sets("an empty value between braces", "a: {b: , c: 2}\n", "a: {b: 3, c: 2}\n", to(3, "a", "b")),
    sets("a key without a colon", "a: {b, c}\n", "a: {b: 3, c}\n", to(3, "a", "b")),
    sets("a comma in text is quoted there", "a: {b: x}\n", 'a: {b: "x,q"}\n', to("x,q", "a", "b")),
    sets("an entry is added", "a: {b: 1}\n", "a: {b: 1, c: 2}\n", to(2, "a", "c")),
    sets("an entry is added to empty braces", "a: {} # c\n", "a: {b: 1} # c\n", to(1, "a", "b")),
    sets("an entry is added before a last comma", "a: {b: 1,}\n", "a: {b: 1, c: 2,}\n", to(2, "a", "c")),
    sets("an entry is added on a line of its own", 'a: {\n  "b": 1\n}\n', 'a: {\n  "b": 1,\n  "c": 2\n}\n', to(2, "a", "c")),
    sets("a null parent becomes braces", "a: {b: null}\n", "a: {b: {c: 1}}\n", to(1, "a", "b", "c")),
    sets("an element is added", "a: [x, q] # c\n", "a: [x, q, z] # c\n", to(["x", "q", "z"], "a")),
    sets("an element is taken out", "a: [x, q, z]\n", "a: [x, z]\n", to(["x", "z"], "a")),
    sets("the last element is taken out", "a: [x, q]\n", "a: [x]\n", to(["x"], "a")),
    sets("the first element is added", "a: [q]\n", "a: [x, q]\n", to(["x", "q"], "a")),
    sets("all elements are taken out", "a: [x, q] # c\n", "a: [] # c\n", to([], "a")),
    sets("elements come into empty brackets", "a: []\n", "a: [x, 1]\n", to(["x", 1], "a")),
    removes("an entry is removed", "a: {b: 1, c: 2}\n", "a: {c: 2}\n", place("a", "b")),
    removes("the last entry is removed", "a: {b: 1, c: 2} # c\n", "a: {b: 1} # c\n", place("a", "c")),
    removes("the only entry is removed", "a: {b: 1}\n", "a: {}\n", place("a", "b")),
]  # fmt: skip

ADDED = [
    sets("a key is added after the last", "a:\n  b: 1\nd: 1\n", "a:\n  b: 1\n  c: 2\nd: 1\n", to(2, "a", "c")),
    sets("after a comment on that line", "a:\n  b: 1 # x\nd: 1\n", "a:\n  b: 1 # x\n  c: 2\nd: 1\n", to(2, "a", "c")),
    sets("before blank lines", "a:\n  b: 1\n\n# d\nd: 1\n", "a:\n  b: 1\n  c: 2\n\n# d\nd: 1\n", to(2, "a", "c")),
    sets("with the file's indentation", "a:\n    b: 1\n", "a:\n    b: 1\nx:\n    q:\n        z: 1\n", to(1, "x", "q", "z")),
    sets("with the quotes of the one before", "a:\n  b: 'x'\n", "a:\n  b: 'x'\n  c: 'q'\n", to("q", "a", "c")),
    sets("after a nested block", "a:\n  b:\n    c: 1\n  # end\nd: 1\n", "a:\n  b:\n    c: 1\n  e: 2\n  # end\nd: 1\n", to(2, "a", "e")),
    sets("after a literal", "a:\n  b: |\n    x\n\nd: 1\n", "a:\n  b: |\n    x\n  c: 2\n\nd: 1\n", to(2, "a", "c")),
    sets("after a literal that keeps its blank lines", "a:\n  b: |+\n    x\n\nd: 1\n", "a:\n  b: |+\n    x\n\n  c: 2\nd: 1\n", to(2, "a", "c")),
    sets("in a list's element", "- name: A\n  x: 1\n- name: B\n", "- name: A\n  x: 1\n  q: 2\n- name: B\n", to(2, A, "q")),
    sets("in the last element", "e:\n- name: A\n- name: B\nf: 1\n", "e:\n- name: A\n- name: B\n  q: 2\nf: 1\n", to(2, "e", B, "q")),
    sets("at the end without a line end", "a: 1", "a: 1\nb: 2", to(2, "b")),
    sets("with windows line ends", "a:\r\n  b: 1\r\n", "a:\r\n  b: 1\r\n  c: 2\r\n", to(2, "a", "c")),
    sets("an empty parent becomes a mapping", "image:\nb: 1\n", "image:\n  tag: x\nb: 1\n", to("x", *TAG)),
    sets("an empty parent keeps its comment", "image: # c\nb: 1\n", "image: # c\n  tag: x\nb: 1\n", to("x", *TAG)),
    sets("a null parent becomes a mapping", "image: null # c\n", "image: # c\n  tag: x\n", to("x", *TAG)),
    sets("an absent parent is added", "b: 1\n", "b: 1\nimage:\n  tag: x\n", to("x", *TAG)),
    sets("two keys come in order", "b: 1\n", "b: 1\nc: 2\nd: 3\n", to(2, "c"), to(3, "d")),
    sets("an inner and an outer key", "a:\n  b: 1\n", "a:\n  b: 1\n  c: 2\nd: 3\n", to(2, "a", "c"), to(3, "d")),
    sets("a key that must be quoted", "b: 1\n", 'b: 1\n"on": 1\n"a: b": 2\n', to(1, "on"), to(2, "a: b")),
    sets("a list is added as lists are", "l:\n- 1\nb: 1\n", "l:\n- 1\nb: 1\nm:\n- x\n- q: 1\n  z: 2\n", to(["x", {"q": 1, "z": 2}], "m")),
    sets("an empty mapping is added", "b: 1\n", "b: 1\nc: {}\n", to({}, "c")),
    sets("text of several lines is added", "b: 1\n", "b: 1\nc: |\n  x\n  q\n", to("x\nq\n", "c")),
    sets("a key is added to an empty file", "", "a: 1\n", to(1, "a")),
    sets("a key is added to a file of comments", "# only\n", "# only\na: 1\n", to(1, "a")),
    sets("a key beside a merge", "x: &x\n  p: 1\na:\n  <<: *x\n  b: 1\n", "x: &x\n  p: 1\na:\n  <<: *x\n  b: 1\n  c: 2\n", to(2, "a", "c")),
    sets("a key after an alias", "x: &x [1]\na:\n  b: *x # c\n", "x: &x [1]\na:\n  b: *x # c\n  c: 2\n", to(2, "a", "c")),
    sets("a commented key stays a comment", "image:\n  # tag: old\nb: 1\n", "image:\n  tag: x\n  # tag: old\nb: 1\n", to("x", *TAG)),
]  # fmt: skip

REMOVED = [
    removes("a key goes with its comment", "a: 1\nb: 2 # two\nc: 3\n", "a: 1\nc: 3\n", place("b")),
    removes("comments of their own lines stay", "a: 1\n# about b\nb: 2\nc: 3\n", "a: 1\n# about b\nc: 3\n", place("b")),
    removes("the last key leaves braces", "a:\n  b: 1\nc: 2\n", "a: {}\nc: 2\n", place("a", "b")),
    removes("braces come before a comment", "a: # x\n  b: 1 # q\nc: 2\n", "a: {} # x\nc: 2\n", place("a", "b")),
    removes("the root's last key leaves braces", "# x\na: 1\n", "# x\n{}\n", place("a")),
    removes("two keys go", "a:\n  b: 1\n  c: 2\n  d: 3\n", "a:\n  c: 2\n", place("a", "b"), place("a", "d")),
    removes("a literal goes", "a: |\n  x\n  q\nb: 1\n", "b: 1\n", place("a")),
    removes("the first key of an element", "- a: 1\n  b: 2\n- c: 3\n", "- b: 2\n- c: 3\n", place(values.Position(0, 2), "a")),
    removes("the only key of an element", "- a: 1 # c\n- c: 3\n", "- {}\n- c: 3\n", place(values.Position(0, 2), "a")),
    removes("the first two keys of an element", "- a: 1\n  b: 2\n  c: 3\n", "- c: 3\n", place(values.Position(0, 1), "a"), place(values.Position(0, 1), "b")),
    removes("a comment below the first key stays", "- a: 1\n  # about b\n  b: 2\n", "-\n  # about b\n  b: 2\n", place(values.Position(0, 1), "a")),
    removes("the last line without a line end", "a: 1\nb: 2", "a: 1\n", place("b")),
    removes("windows line ends stay", "a: 1\r\nb: 2\r\nc: 3\r\n", "a: 1\r\nc: 3\r\n", place("b")),
    removes("what is not there", "a: 1\n", "a: 1\n", place("b"), place("a", "b"), place("e", A)),
    removes("an element goes with all its values", "- name: A\n  v: 1\n- name: B\n  v: 2\n", "- name: B\n  v: 2\n", place(A, "name"), place(A, "v")),
    removes("an element keeps its name beside other values", "- name: A\n  v: 1\n  w: 2\n", "- name: A\n  w: 2\n", place(A, "name"), place(A, "v")),
    removes("an element by its own place", "e:\n- name: A\n  v: 1\n- name: B\n", "e:\n- name: B\n", place("e", A)),
    removes("two elements apart", "- name: A # a\n- name: B # b\n- name: C # c\n", "- name: B # b\n", place(A), place(C)),
    removes("the last element leaves brackets", "e:\n- name: A\nf: 1\n", "e: []\nf: 1\n", place("e", A)),
    removes("an alias goes, its anchor stays", "x: &x 1\na: *x # c\nb: 2\n", "x: &x 1\nb: 2\n", place("a")),
    Case("what goes is replaced by what comes", "a:\n  b: 1 # x\nc: 1\n", "a:\n  d: 2\nc: 1\n", (to(2, "a", "d"),), (place("a", "b"),)),
    Case("the last goes while another comes", "a:\n  b: 1\n  c: 2\n", "a:\n  b: 1\n  d: 3\n", (to(3, "a", "d"),), (place("a", "c"),)),
    Case("nested last goes while an outer comes", "a:\n  b:\n    x: 1\n    c: 2\n", "a:\n  b:\n    x: 1\n  d: 3\n", (to(3, "a", "d"),), (place("a", "b", "c"),)),
    Case("what goes and comes back is untouched", "a:  'x'   # c\n", "a:  'x'   # c\n", (to("x", "a"),), (place("a"),)),
    Case("a mapping becomes a value when all of it goes", "a: # c\n  b: 1\nc: 1\n", "a: x # c\nc: 1\n", (to("x", "a"),), (place("a", "b"),)),
]  # fmt: skip

LISTS = [
    sets("one element changes", "a:\n  - x # 1\n  - q # 2\n", "a:\n  - x # 1\n  - z # 2\n", to(["x", "z"], "a")),
    sets("one is added at the end", "a:\n  - x # 1\nb: 1\n", "a:\n  - x # 1\n  - q\nb: 1\n", to(["x", "q"], "a")),
    sets("one is added first", "a:\n  - x # 1\n", "a:\n  - w\n  - x # 1\n", to(["w", "x"], "a")),
    sets("one is added between", "a:\n- x # 1\n- z # 2\n", "a:\n- x # 1\n- q\n- z # 2\n", to(["x", "q", "z"], "a")),
    sets("one is taken out", "a:\n- x # 1\n- q # 2\n- z # 3\n", "a:\n- x # 1\n- z # 3\n", to(["x", "z"], "a")),
    sets("all are taken out", "a: # c\n- x # 1\n- q\nb: 1\n", "a: [] # c\nb: 1\n", to([], "a")),
    sets("a list in a list", "- - a\n  - b\n- c\n", "- - a\n  - x\n- c\n", to([["a", "x"], "c"])),
    sets("the first of a list in a list", "- - a\n  - b\n", "- - b\n", to([["b"]])),
    sets("a mapping in a list changes in one place", "a:\n- x: 1 # c\n  q: 2\n", "a:\n- x: 3 # c\n  q: 2\n", to([{"x": 3, "q": 2}], "a")),
    sets("a value becomes a list", "a: x # c\nb: 1\n", "a: # c\n  - x\n  - q\nb: 1\n", to(["x", "q"], "a")),
    sets("a tag of a list goes with the list", "a: !t # c\n- x\nb: 1\n", "a: z # c\nb: 1\n", to("z", "a")),
    Case("a list becomes a mapping", "a:\n- name: A\nb: 1\n", "a:\n  c: 1\nb: 1\n", (to(1, "a", "c"),), (place("a"),)),
    sets("a list becomes a value", "a: # c\n  - x\n  - q # d\nb: 1\n", "a: x # c\nb: 1\n", to("x", "a")),
    sets("an element by its name", "e:\n- name: A\n  v: 1\n- name: B\n  v: 1 # c\n", "e:\n- name: A\n  v: 1\n- name: B\n  v: 2 # c\n", to(2, "e", B, "v")),
    sets("an element by its position", "a:\n- 1\n- x: 2\n", "a:\n- 1\n- x: 3\n", to(3, "a", values.Position(1, 2), "x")),
    sets("a null element becomes a mapping", "a:\n- 1\n-\n", "a:\n- 1\n- x: 3\n", to(3, "a", values.Position(1, 2), "x")),
]  # fmt: skip

TWO = "kind: A\nmetadata: {name: x}\nv: 1\n---\n# second\nkind: B\nmetadata:\n  name: y\nv: 1 # c\n"
DOCUMENTS = [
    sets("a document by kind and name", TWO, TWO.replace("v: 1 #", "v: 2 #"), to(2, values.Document("B", "y", 0, 0), "v")),
    sets("a document by position", "---\na: 1\n---\na: 1\n...\n", "---\na: 1\n---\na: 2\n...\n", to(2, values.Document(None, None, 1, 2), "a")),
    sets("empty documents do not count", "---\n---\n# no\n---\na: 1\n---\n", "---\n---\n# no\n---\na: 2\n---\n", to(2, "a")),
    sets("a key comes before the next document", "a: 1\n---\nb: 1\n", "a: 1\nc: 2\n---\nb: 1\n", to(2, values.Document(None, None, 0, 2), "c")),
    sets("a value at the root", "--- x # c\n", "--- q # c\n", to("q")),
    sets("a directive stays", "%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 2\n", to(2, "a")),
    sets("the same anchor in two documents", "a: &x 1\n---\na: &x 1\nb: *x\n", "a: &x 2\n---\na: &x 1\nb: *x\n", to(2, values.Document(None, None, 0, 2), "a")),
]  # fmt: skip

ALL = [*SCALARS, *BLOCK_SCALARS, *FLOW, *ADDED, *REMOVED, *LISTS, *DOCUMENTS]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.sentence)
def test_a_change_leaves_exactly_these_bytes(case: Case) -> None:
    result = documents.apply(case.before.encode(), "v.yaml", case.sets, case.removals)
    assert result.decode() == case.after


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.sentence)
def test_a_change_made_twice_is_made_once(case: Case) -> None:
    once = documents.apply(case.before.encode(), "v.yaml", case.sets, case.removals)
    assert documents.apply(once, "v.yaml", case.sets, case.removals) == once
    found = documents.read(once, "v.yaml", [value.place for value in case.sets])
    assert all(values.same(found[value.place], value.value) for value in case.sets)
