"""Values that a release carries, and the places they have in a file.

This module exists so that what was read from one environment's file can be stored,
compared and written into another's without losing its type or spelling. It must not
know file formats, JSONPath, git or the database.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Plain:
    """A scalar that is known exactly only by its unquoted spelling.

    Readers of YAML disagree about `yes`, `0123`, `12:30` or `2024-01-01`, and a float
    forgets that it was spelled `1.10`. Such a scalar is carried, compared and written as
    the text it has in the source, without quotes.
    """

    text: str

    def __str__(self) -> str:
        return self.text


class Missing(enum.Enum):
    """The type of `MISSING`, which stands for "there is nothing at this place"."""

    MISSING = "missing"


MISSING = Missing.MISSING

Scalar: TypeAlias = str | int | float | bool | Plain | None
Json: TypeAlias = Scalar | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Key:
    """The entry of a mapping with this name. Keys that are no strings go by their text."""

    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """The list element whose `field` (`name`, `id` or `key`) is `key`."""

    field: str
    key: Scalar


@dataclass(frozen=True, slots=True)
class Position:
    """The element at `index` (from 0) of a keyless list of exactly `length` elements."""

    index: int
    length: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a YAML file with several; always the first step of a place.

    A document known by `kind` and `name` has `index` and `count` 0, so that its places stay
    the same when other documents come and go. Any other has neither and is known by its
    `index` (from 0) among `count` documents that are not empty.
    """

    kind: str | None
    name: str | None
    index: int
    count: int


Step: TypeAlias = Document | Key | Item | Position
Place: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What stands at a place: a scalar, a whole list, or an empty mapping.

    Two values are equal if place and value are, the types included: 1 is not True.
    """

    place: Place
    value: Json

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            return NotImplemented
        return self.place == other.place and same(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.place)


def same(one: object, other: object) -> bool:
    """Whether two values are equal with their types, whatever the order of mapping keys."""
    if one is other:
        return True
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        # Only the spelling tells -0.0 from 0.0, and makes nan equal to itself.
        return repr(one) == repr(other)
    return one == other


_BARE_NAME = re.compile(r"[^\W\d][\w-]*")


def spell(place: Place) -> str:
    """The place as people read it: `$.image.tag`, `$.env[name=FOO].value`."""
    return "".join(["", *map(_spell_document, place[:1]), "$", *map(_spell_step, place)])


def _spell_document(step: Step) -> str:
    if not isinstance(step, Document):
        return ""
    if step.kind is not None:
        return f"{step.kind}/{step.name}: "
    return f"document {step.index + 1} of {step.count}: "


def _spell_step(step: Step) -> str:
    match step:
        case Key(name):
            return f".{name}" if _BARE_NAME.fullmatch(name) else f"[{name!r}]"
        case Item(field, key):
            return f"[{field}={key}]"
        case Position(index, _):
            return f"[{index}]"
        case Document():
            return ""


def dump(values: Iterable[Value]) -> list[Any]:
    """Plain JSON for `values`, fit for a JSONB column; `load` gives them back exactly.

    Mappings become pairs because JSONB does not keep the order of keys, floats become text
    because it does not keep their type, and text with U+0000, which it refuses, is escaped.
    """
    return [[dump_place(value.place), dump_json(value.value)] for value in values]


def load(stored: Iterable[Any]) -> tuple[Value, ...]:
    """The values that `dump` stored."""
    return tuple(Value(load_place(place), load_json(value)) for place, value in stored)


def dump_place(place: Place) -> list[Any]:
    """Plain JSON for one place; `load_place` gives it back exactly."""
    return [_dump_step(step) for step in place]


def load_place(stored: Iterable[Any]) -> Place:
    """The place that `dump_place` stored."""
    return tuple(_load_step(step) for step in stored)


def _dump_step(step: Step) -> Any:
    match step:
        case Key(name):
            return _dump_text(name)
        case Item(field, key):
            return {"item": [_dump_text(field), dump_json(key)]}
        case Position(index, length):
            return {"position": [index, length]}
        case Document(kind, name, index, count):
            return {"document": [dump_json(kind), dump_json(name), index, count]}


def _load_step(stored: Any) -> Step:
    match stored:
        case {"item": [field, key]}:
            return Item(_load_text(field), _load_scalar(key))
        case {"position": [index, length]}:
            return Position(index, length)
        case {"document": [kind, name, index, count]}:
            return Document(_load_optional(kind), _load_optional(name), index, count)
        case _:
            return Key(_load_text(stored))


def dump_json(value: Json) -> Any:
    """Plain JSON for one value; `load_json` gives it back exactly."""
    match value:
        case str():
            return _dump_text(value)
        case Plain(text):
            return {"plain": _dump_text(text)}
        case float():
            return {"float": repr(value)}
        case bool() | int() | None:
            return value
        case Mapping():
            return {"mapping": [[_dump_text(key), dump_json(value[key])] for key in value]}
        case _:
            return [dump_json(element) for element in value]


def load_json(stored: Any) -> Json:
    """The value that `dump_json` stored."""
    match stored:
        case list():
            return [load_json(element) for element in stored]
        case {"mapping": pairs}:
            return {_load_text(key): load_json(value) for key, value in pairs}
        case _:
            return _load_scalar(stored)


def _load_scalar(stored: Any) -> Scalar:
    match stored:
        case {"plain": text}:
            return Plain(_load_text(text))
        case {"float": text}:
            return float(text)
        case bool() | int() | None:
            return stored
        case _:
            return _load_text(stored)


def _dump_text(text: str) -> Any:
    if "\0" not in text:
        return text
    return {"escaped": text.encode("unicode_escape").decode("ascii")}


def _load_text(stored: Any) -> str:
    match stored:
        case {"escaped": text}:
            return str(text).encode("ascii").decode("unicode_escape")
        case str():
            return stored
        case _:
            raise ValueError(f"this is no stored text: {stored!r}")


def _load_optional(stored: Any) -> str | None:
    return None if stored is None else _load_text(stored)
