"""Random documents in random styles: the result is what was meant, and nothing else changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

from towpath.domain import values
from towpath.git import documents

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
awkward = st.sampled_from(
    [
        *("1.10", "yes", "0123", "1e3", "null", "~", "2024-01-01", "12:30", "=", "<<", "a:", "---"),
        *(" x ", "a: b", "a #b", "@a", "*a", "&a", "!a", "%a", "", "- a", "{{ x }}", "#", "|", ">"),
        *("x\ny", "x\ny\n", "x\n\n", "\n", " x\ny", "x\n---\ny", "🚀\n😀\n", "\t"),
        *("'", '"', "it's", "a\\b"),
    ]
)
scalars = (
    texts
    | awkward
    | st.integers(-5, 10**20)
    | st.booleans()
    | st.none()
    | st.sampled_from([0.5, -2.25])
)


@dataclass(frozen=True)
class Line:
    """Text with the keys that stand on it, and the path of keys that it would go with."""

    text: str
    own: frozenset[str]
    path: tuple[str, ...]


@dataclass
class Tree:
    """A random document: its data and its lines."""

    random: Random
    data: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mappings: list[tuple[str, ...]] = field(default_factory=list)
    found: list[Any] = field(default_factory=list)

    def text(self) -> str:
        return "".join(line.text for line in self.lines)

    def add(self, text: str, own: Iterable[str], path: tuple[str, ...]) -> None:
        self.lines.append(Line(text, frozenset(own), path))


def grow(random: Random, found: list[Any]) -> Tree:
    tree = Tree(random, found=list(found))
    tree.add(random.choice(["", "# head\n", "---\n", "---\n# head\n"]), (), ())
    tree.data = mapping(tree, (), 0, random.randint(1, 4))
    line_break = random.choice(["\n", "\n", "\r\n"])
    tree.lines = [replace(line, text=line.text.replace("\n", line_break)) for line in tree.lines]
    last = tree.lines[-1]
    if random.random() < 0.2 and not any("|" in line.text for line in tree.lines[-4:]):
        tree.lines[-1] = replace(last, text=last.text.rstrip("\r\n"))
    return tree


def mapping(tree: Tree, path: tuple[str, ...], indent: int, size: int) -> dict[str, Any]:
    tree.mappings.append(path)
    made: dict[str, Any] = {}
    for _ in range(size):
        key = f"k{len(tree.paths)}"
        here = (*path, key)
        tree.paths[key] = here
        filler(tree, path, indent)
        head = " " * indent + tree.random.choice([key, key, f'"{key}"', f"'{key}'"]) + ":"
        made[key] = value(tree, here, head, indent)
    return made


def filler(tree: Tree, path: tuple[str, ...], indent: int) -> None:
    if tree.random.random() < 0.2:
        tree.add(tree.random.choice(["\n", f"{' ' * indent}# note 😀\n"]), (), path)


def value(tree: Tree, path: tuple[str, ...], head: str, indent: int) -> Any:
    own = path[-1:]
    comment = tree.random.choice(["", "", "  # why", " # 😀"])
    kind = tree.random.random()
    if kind < 0.3 and indent < 6:
        tree.add(f"{head}{comment}\n", own, path)
        step = tree.random.choice([1, 2, 4])
        return mapping(tree, path, indent + step, tree.random.randint(1, 3))
    if kind < 0.4:
        made = {f"{path[-1]}x{n}": leaf(tree) for n in range(tree.random.randint(0, 3))}
        inside = ", ".join(f"{key}: {quoted(tree, found)}" for key, found in made.items())
        tree.mappings.append(path)
        for key in made:
            tree.paths[key] = (*path, key)
        tree.add(f"{head} {{{inside}}}{comment}\n", (*own, *made), path)
        return made
    if kind < 0.5:
        items = [leaf(tree) for _ in range(tree.random.randint(1, 3))]
        tree.add(f"{head}{comment}\n", own, path)
        step = tree.random.choice([0, 2])
        for item in items:
            tree.add(f"{' ' * (indent + step)}- {quoted(tree, item)}\n", own, path)
        return items
    if kind < 0.6:
        body = " " * (indent + 2)
        tree.add(f"{head} |{comment}\n{body}one\n{body}# two\n", own, path)
        return "one\n# two\n"
    if kind < 0.65:
        tree.add(f"{head}{comment}\n", own, path)
        return None
    made_leaf = leaf(tree)
    tree.add(f"{head} {quoted(tree, made_leaf)}{comment}\n", own, path)
    return made_leaf


def leaf(tree: Tree) -> Any:
    return tree.random.choice([*tree.found, 1, True, None, "x", "1.10"])


def quoted(tree: Tree, found: Any) -> str:
    """JSON is YAML, but for what PyYAML does not take; simple text in any quotes."""
    if isinstance(found, str) and found.isalnum() and found.isascii():
        safe = isinstance(yaml.safe_load(found), str) and found.lower() not in ("y", "n")
        return tree.random.choice(
            [f"'{found}'", f'"{found}"', *([found] if safe and "e" not in found else [])]
        )
    return (
        json.dumps(found, ensure_ascii=True)
        if not has_wide(found)
        else json.dumps(found, ensure_ascii=False)
    )


def has_wide(found: Any) -> bool:
    return isinstance(found, str) and any(character > "\uffff" for character in found)


def at(data: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        data = data[part]
    return data


def place(path: tuple[str, ...]) -> values.Place:
    return tuple(map(values.Key, path))


def parsed(text: bytes) -> Any:
    return yaml.load(text.decode().removeprefix("\ufeff"), Loader=yaml.CSafeLoader)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32).map(Random),
    st.lists(texts.filter(str.isprintable), max_size=3),
    st.lists(
        st.tuples(st.integers(0, 99), scalars | st.lists(scalars, max_size=3)),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.tuples(st.integers(0, 99), scalars), max_size=2),
    st.lists(st.integers(0, 99), max_size=2),
)
def test_a_random_change_is_exact_minimal_and_made_once(
    random: Random,
    found: list[Any],
    changes: list[tuple[int, Any]],
    additions: list[tuple[int, Any]],
    removals: list[int],
) -> None:
    tree = grow(random, found)
    before = tree.text().encode()
    assert values.same(parsed(before), tree.data)
    wanted = copy.deepcopy(tree.data)
    touched: set[str] = set()
    gone = removed(tree, wanted, removals, touched)
    sets = changed(tree, wanted, changes, touched) + added(tree, wanted, additions, touched)

    note(before.decode())
    result = documents.apply(before, "v.yaml", sets, gone)
    note(result.decode())

    assert values.same(parsed(result), wanted)
    assert documents.apply(result, "v.yaml", sets, gone) == result
    lines = [line for line in tree.lines if not line.own & touched]
    lost = {step.name for where in gone for step in where[-1:] if isinstance(step, values.Key)}
    kept = [line.text for line in lines if not lost.intersection(line.path)]
    assert_in_order(kept, result.decode())


def removed(tree: Tree, wanted: Any, removals: list[int], touched: set[str]) -> list[values.Place]:
    gone: list[values.Place] = []
    for pick in removals:
        key = list(tree.paths)[pick % len(tree.paths)]
        path = tree.paths[key]
        gone.append(place(path))
        with_it = [other for other, below in tree.paths.items() if below[: len(path)] == path]
        touched.update(with_it, path[-2:-1])
        for other in with_it:
            del tree.paths[other]
        tree.mappings = [other for other in tree.mappings if other[: len(path)] != path]
        del at(wanted, path[:-1])[key]
        if not tree.paths:
            break
    return gone


def changed(
    tree: Tree, wanted: Any, changes: list[tuple[int, Any]], touched: set[str]
) -> list[values.Value]:
    leaves = [path for path in tree.paths.values() if not isinstance(at(wanted, path), dict)]
    made: dict[tuple[str, ...], Any] = {}
    for pick, new in changes if leaves else []:
        path = leaves[pick % len(leaves)]
        made[path] = new
        at(wanted, path[:-1])[path[-1]] = new
        touched.add(path[-1])
    return [values.Value(place(path), new) for path, new in made.items()]


def added(
    tree: Tree, wanted: Any, additions: list[tuple[int, Any]], touched: set[str]
) -> list[values.Value]:
    made: list[values.Value] = []
    for number, (pick, new) in enumerate(additions):
        path = (*tree.mappings[pick % len(tree.mappings)], f"new{number}")
        parent = at(wanted, path[:-1])
        if not parent or len(path) > 1:
            touched.update(path[-2:-1])
        parent[path[-1]] = new
        made.append(values.Value(place(path), new))
    return made


def assert_in_order(lines: list[str], text: str) -> None:
    start = 0
    for line in lines:
        where = text.find(line, start)
        assert where >= 0, f"{line!r} is gone"
        start = where + len(line)


jsons = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(texts, jsons, min_size=1, max_size=4),
    st.sampled_from([None, 1, 2, 4, "\t"]),
    st.booleans(),
    st.integers(0, 99),
    texts,
    jsons.filter(lambda found: not isinstance(found, dict)),
    st.booleans(),
)
def test_a_random_json_file_becomes_what_was_meant(
    data: dict[str, Any],
    indent: int | str | None,
    ascii_only: bool,
    pick: int,
    name: str,
    new: Any,
    removes: bool,
) -> None:
    before = json.dumps(data, indent=indent, ensure_ascii=ascii_only).encode()
    names = [key for key, found in data.items() if not isinstance(found, dict)] or [name]
    target = (names[pick % len(names)],)
    fresh = (f"{name}+", name)
    sets = [values.Value(place(target), new), values.Value(place(fresh), new)]
    wanted = {**data, target[0]: new, fresh[0]: {name: new}} if fresh[0] not in data else None
    if wanted is None or isinstance(data.get(target[0]), dict):
        return
    gone = [place((next(iter(data)),))] if removes else []
    if removes and next(iter(data)) != target[0]:
        del wanted[next(iter(data))]

    result = documents.apply(before, "v.json", sets, gone)

    assert values.same(json.loads(result), wanted)
    assert documents.apply(result, "v.json", sets, gone) == result


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab:-?&*!|>'\"%@`{}[],# \n\t~<=1.0é🚀"), max_size=40), scalars)
def test_random_text_is_refused_or_changed_as_meant(text: str, new: Any) -> None:
    place_of_a = place(("a",))
    try:
        result = documents.apply(text.encode(), "v.yaml", [values.Value(place_of_a, new)])
    except documents.DocumentError:
        return
    assert values.same(documents.read(result, "v.yaml", [place_of_a])[place_of_a], new)
