"""The items of `withItems`, `withParam` and `withSequence`."""

import re
from collections.abc import Iterator, Mapping

from towpath.runner import texts
from towpath.runner.book import Fields
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables, fill, fill_text

MAX_ITEMS = 5000
FIELDS = ("withItems", "withParam", "withSequence")

_FORMAT = re.compile(r"%(?:%|([-+ 0#]*)(\d*)([dxXob]))")


def is_loop(call: Fields) -> bool:
    """Whether the step or task is done once for each item."""
    return any(call.get(field) is not None for field in FIELDS)


def items(call: Fields, known: Variables) -> list[object]:
    """The items, in order. Raises `Mistake`."""
    if call.get("withItems") is not None:
        listed = fill(call["withItems"], known)
        # A single tag may stand for the whole list.
        found = _from_json(listed, "withItems") if isinstance(listed, str) else listed
    elif call.get("withParam") is not None:
        found = _from_json(fill_text(texts.of(call["withParam"]), known), "withParam")
    else:
        found = list(_sequence(fill(call["withSequence"], known)))  # type: ignore[arg-type] # a map
    if found is None:  # as Go reads it, and writes lists that hold nothing
        return []
    if not isinstance(found, list):
        raise Mistake(f"a loop needs a list, and not {texts.of(found)[:80]}")
    if len(found) > MAX_ITEMS:
        raise Mistake(f"a loop over {len(found)} items is more than the {MAX_ITEMS} done here")
    return found


def _from_json(text: str, field: str) -> object:
    try:
        return texts.read_json(text)
    except ValueError:
        raise Mistake(f"{field} is not a JSON list: {text.strip()[:80]}") from None


def _sequence(fields: Fields) -> Iterator[str]:
    start = _whole(fields.get("start"), "start") if fields.get("start") is not None else 0
    if fields.get("end") is not None:
        end = _whole(fields["end"], "end")
    else:
        count = _whole(fields.get("count"), "count")
        if count <= 0:
            return
        end = start + count - 1
    if abs(end - start) >= MAX_ITEMS:
        raise Mistake(f"a sequence of more than {MAX_ITEMS} items is not done here")
    form = str(fields.get("format") or "%d")
    if any(len(width) > 3 for _, width, _ in _FORMAT.findall(form)):
        raise Mistake(f"withSequence: format {form[:80]} is wider than 999, which is not done here")
    for number in range(start, end + 1) if start <= end else range(start, end - 1, -1):
        yield _formatted(form, number)


def _whole(value: object, field: str) -> int:
    try:
        return int(texts.of(value))
    except ValueError:
        raise Mistake(f"withSequence: {field} is `{texts.of(value)}`, and not a number") from None


def _formatted(form: str, number: int) -> str:
    def written(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[3] == "b":
            return f"{number:{match[1]}{match[2]}b}"
        return f"%{match[1]}{match[2]}{match[3]}" % number

    return _FORMAT.sub(written, form)


def of_item(item: object) -> dict[str, object]:
    """`item` and, for a map, `item.KEY`."""
    found: dict[str, object] = {"item": texts.of(item)}
    if isinstance(item, Mapping):
        found |= {f"item.{key}": texts.of(value) for key, value in item.items()}
    return found


def name(of: str, index: int, item: object) -> str:
    """The name of a loop's step: `greet(0:hello)`."""
    return f"{of}({index}:{texts.in_name(item)})"
