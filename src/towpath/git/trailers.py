"""The `Key: value` lines at the end of a commit message, as `git interpret-trailers` has them."""

import re
from collections.abc import Iterable, Mapping

_LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)$")


def parse(message: str) -> Mapping[str, tuple[str, ...]]:
    """The trailers of a message, each key with its values in order.

    They are the last paragraph, if that is not the only one and all its lines are trailers or
    go on with one (indented).
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip("\n"))
    if len(paragraphs) < 2:
        return {}
    found: list[tuple[str, str]] = []
    for line in paragraphs[-1].split("\n"):
        if line[:1] in (" ", "\t") and found:
            key, value = found[-1]
            found[-1] = (key, f"{value} {line.strip()}")
        elif match := _LINE.match(line):
            found.append((match[1], match[2].strip()))
        else:
            return {}
    return _grouped(found)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    grouped: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        grouped[key] = (*grouped.get(key, ()), value)
    return grouped


def add(message: str, trailers: Iterable[tuple[str, str]]) -> str:
    """The message with trailers at its end, in a paragraph of their own."""
    lines = []
    for key, value in trailers:
        if not _LINE.match(f"{key}: x") or "\n" in value or "\r" in value:
            raise ValueError(f"this cannot be a trailer: {key!r}: {value!r}")
        lines.append(f"{key}: {value}")
    text = message.rstrip("\n")
    joint = "\n" if parse(text) else "\n\n"
    return f"{text}{joint}" + "\n".join(lines) + "\n" if lines else f"{text}\n"
