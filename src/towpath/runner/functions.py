"""The functions that expressions may call: expr-lang's own, Argo's, and a part of sprig's.

Only what depends on its arguments alone: the interpreter asks again and must get the same answer.
"""

import base64
import hashlib
import itertools
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import jsonpath

from towpath.manifests import patterns
from towpath.runner import texts
from towpath.runner.mistakes import Mistake

_MAX_PATTERN = 1000
_MOST_FOUND = 100_000
_LONGEST = 1_000_000


def matches(pattern: str, text: str) -> bool:
    """Whether the regular expression is found in the text. Raises `Mistake`."""
    if len(pattern) > _MAX_PATTERN:
        raise Mistake(f"a pattern of more than {_MAX_PATTERN} characters is not tried")
    try:
        return patterns.is_in(pattern, text)
    except patterns.Unreadable as wrong:
        raise Mistake(f"`{pattern}` is not a regular expression: {wrong}") from None


def _int(value: object) -> int:
    if isinstance(value, str):
        return int(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mistake(f"{texts.of(value)} is not a number")
    return int(value)


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Mistake(f"{texts.of(value)} is not a number")
    return float(value)


def _jsonpath(text: str, path: str) -> object:
    document = _from_json(text)
    try:
        matches = patterns.json_paths(strict=False).finditer(path, document)
        found = [match.obj for match in itertools.islice(matches, _MOST_FOUND + 1)]
    except jsonpath.JSONPathError as wrong:
        raise Mistake(f"`{path}` cannot be asked: {wrong}") from None
    if len(found) > _MOST_FOUND:
        raise Mistake(f"`{path}` finds more than {_MOST_FOUND} values")
    if _names_one(path):
        if not found:
            raise Mistake(f"`{path}` finds nothing")
        return found[0]
    return found


def _names_one(path: str) -> bool:
    return not re.search(r"\.\.|\*|\[\s*\?|,|\[[^\]'\"]*:", path)


def _from_json(text: str) -> Any:
    try:
        return texts.read_json(text)
    except ValueError as wrong:
        raise Mistake(f"`{text[:80]}` is not JSON: {wrong}") from None


def _split(text: str, by: str, count: int = -1) -> list[str]:
    return text.split(by, count - 1) if count > 0 else text.split(by)


def _length(value: object) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise Mistake(f"{texts.of(value)} has no length")


def _keys(value: dict[str, object]) -> list[str]:
    return sorted(value)


def _values(value: dict[str, object]) -> list[object]:
    return [value[key] for key in sorted(value)]


NAMED: Mapping[str, Callable[..., object]] = {
    "abs": abs,
    "asFloat": _float,
    "asInt": _int,
    "ceil": lambda number: float(-(-number // 1)),
    "first": lambda items: items[0] if items else None,
    "float": _float,
    "floor": lambda number: float(number // 1),
    "fromBase64": lambda text: base64.b64decode(text, validate=True).decode(),
    "fromJSON": _from_json,
    "hasPrefix": str.startswith,
    "hasSuffix": str.endswith,
    "indexOf": str.find,
    "int": _int,
    "join": lambda items, by="": _joined(items, by),
    "jsonpath": _jsonpath,
    "keys": _keys,
    "last": lambda items: items[-1] if items else None,
    "lastIndexOf": str.rfind,
    "len": _length,
    "lower": str.lower,
    "max": lambda *numbers: max(numbers),
    "mean": lambda items: sum(items) / len(items),
    "min": lambda *numbers: min(numbers),
    "repeat": lambda text, times: _repeated(text, times),
    "replace": lambda text, old, new: _replaced(text, old, new),
    "reverse": lambda items: list(reversed(items)),
    "round": lambda number: float(int(number + (0.5 if number >= 0 else -0.5))),
    "sort": sorted,
    "split": _split,
    "string": texts.of,
    "sum": sum,
    "toBase64": lambda text: base64.b64encode(text.encode()).decode(),
    "toJSON": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "toJson": texts.as_json,
    "trim": lambda text, of=None: text.strip(of),
    "trimPrefix": lambda text, start=" ": text.removeprefix(start),
    "trimSuffix": lambda text, end=" ": text.removesuffix(end),
    "upper": str.upper,
    "values": _values,
}

Predicate = Callable[[object], object]


def _find(items: list[object], test: Predicate) -> object:
    return next((item for item in items if test(item)), None)


def _find_index(items: list[object], test: Predicate) -> object:
    return next((index for index, item in enumerate(items) if test(item)), -1)


WITH_PREDICATE: Mapping[str, Callable[[list[object], Predicate], object]] = {
    "all": lambda items, test: all(test(item) for item in items),
    "any": lambda items, test: any(test(item) for item in items),
    "count": lambda items, test: sum(1 for item in items if test(item)),
    "filter": lambda items, test: [item for item in items if test(item)],
    "find": _find,
    "findIndex": _find_index,
    "map": lambda items, test: [test(item) for item in items],
    "none": lambda items, test: not any(test(item) for item in items),
    "one": lambda items, test: sum(1 for item in items if test(item)) == 1,
}

_LAYOUT = {
    "2006": "%Y",
    "06": "%y",
    "January": "%B",
    "Jan": "%b",
    "01": "%m",
    "Monday": "%A",
    "Mon": "%a",
    "02": "%d",
    "15": "%H",
    "03": "%I",
    "04": "%M",
    "05": "%S",
    "PM": "%p",
    "MST": "UTC",
    "Z07:00": "Z",
}
_LAYOUT_PARTS = re.compile("|".join(sorted(_LAYOUT, key=len, reverse=True)))


def _date(layout: str, moment: str | Mapping[str, str]) -> str:
    """A time as Go's layout writes it, in UTC; `workflow.creationTimestamp` holds several forms."""
    if isinstance(moment, Mapping):
        moment = moment["RFC3339"]
    given = datetime.fromisoformat(moment).astimezone(UTC)
    return _LAYOUT_PARTS.sub(lambda part: given.strftime(_LAYOUT[part[0]]), layout)


def _repeated(text: str, times: int) -> str:
    _check_length(len(text) * times)
    return str.__mul__(text, times)


def _replaced(text: str, old: str, new: str) -> str:
    _check_length(len(text) + str.count(text, old) * (len(new) - len(old)))
    return text.replace(old, new)


def _joined(items: list[str], by: str) -> str:
    _check_length(sum(map(len, items)) + len(items) * len(by))
    return str.join(by, items)


def _indented(by: int, text: str) -> str:
    _check_length(len(text) + (text.count("\n") + 1) * by)
    return textwrap.indent(text, " " * by, lambda _: True)


def _check_length(length: int) -> None:
    if length > _LONGEST:
        raise Mistake(f"a text of more than {_LONGEST} characters is not made")


def _empty(value: object) -> bool:
    return not value


def _quotient(left: object, right: object) -> int:
    whole = abs(_int(left)) // abs(_int(right))
    return whole if (_int(left) < 0) == (_int(right) < 0) else -whole


SPRIG: Mapping[str, Callable[..., object]] = {
    "add": lambda *numbers: sum(map(_int, numbers)),
    "b64dec": lambda text: base64.b64decode(text, validate=True).decode(),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "coalesce": lambda *values: next((one for one in values if not _empty(one)), None),
    "contains": lambda part, text: part in text,
    "date": _date,
    "default": lambda otherwise, value=None: otherwise if _empty(value) else value,
    "div": _quotient,
    "empty": _empty,
    "fromJson": _from_json,
    "hasPrefix": lambda start, text: text.startswith(start),
    "hasSuffix": lambda end, text: text.endswith(end),
    "indent": lambda by, text: _indented(by, text),
    "int": _int,
    "join": lambda by, items: _joined([texts.of(item) for item in items], by),
    "lower": str.lower,
    "max": lambda *numbers: max(map(_int, numbers)),
    "min": lambda *numbers: min(map(_int, numbers)),
    "mul": lambda left, right: _int(left) * _int(right),
    "quote": lambda *values: " ".join(json.dumps(texts.of(one)) for one in values),
    "repeat": lambda times, text: _repeated(text, times),
    "replace": lambda old, new, text: _replaced(text, old, new),
    "sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "splitList": lambda by, text: text.split(by),
    "sub": lambda left, right: _int(left) - _int(right),
    "substr": lambda start, end, text: text[max(start, 0) : end if end >= 0 else None],
    "ternary": lambda yes, no, test: yes if test else no,
    "title": str.title,
    "toJson": texts.as_json,
    "toString": texts.of,
    "trim": str.strip,
    "trimPrefix": lambda start, text: text.removeprefix(start),
    "trimSuffix": lambda end, text: text.removesuffix(end),
    "trunc": lambda size, text: text[:size] if size >= 0 else text[size:],
    "upper": str.upper,
}
