"""New YAML in a file's own style.

It exists so that what is added looks like what is there: indentation, lists indented or not,
quotes. It must not know where the text goes.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from towpath.git.documents import scalars, source
from towpath.git.documents import text as texts
from towpath.git.documents.source import Data

_NESTED_MAPPING = re.compile(
    r"^( *)(?![ #\r\n-])[^\r\n]*:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)( +)(?![ #\r\n-])", re.MULTILINE
)
_NESTED_LIST = re.compile(
    r"^( *)(?![ #\r\n-])[^\r\n]*:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)( *)- ", re.MULTILINE
)
_DEFAULT_STEP = 2


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is indented, in spaces: mappings below a key, and lists below a key.

    `text` is the file's, `end` where the line ends that new lines come after.
    """

    step: int
    list_step: int
    text: str
    end: int

    @classmethod
    def of(cls, text: str) -> Style:
        """The style of the first nested mapping and the first nested list."""
        step = _first_step(_NESTED_MAPPING, text, at_least=1)
        list_step = _first_step(_NESTED_LIST, text, at_least=0)
        own = step or list_step or _DEFAULT_STEP
        return cls(own, own if list_step is None else list_step, text, len(text))

    def at(self, end: int) -> Style:
        """The same style for lines that come after the line that ends at `end`."""
        return dataclasses.replace(self, end=end)

    def takes(self, header: str) -> bool:
        """Whether a literal with this header can be the last of the new lines."""
        return texts.literal_may_end(self.text, self.end, with_break=header == "|")


def _first_step(pattern: re.Pattern[str], text: str, at_least: int) -> int | None:
    for match in pattern.finditer(text):
        step = len(match.group(2)) - len(match.group(1))
        if step >= at_least:
            return step
    return None


def is_block(value: Data) -> bool:
    """Whether a value takes lines of its own below its key."""
    return isinstance(value, dict | list) and bool(value)


def entry(name: str, value: Data, indent: int, style: Style, quote: scalars.Quote) -> list[str]:
    """The lines of a mapping entry in block style; `quote` is the wish for a text value."""
    head = " " * indent + key(name, "") + ":"
    match value:
        case dict() if value:
            return [head, *_entries(value, indent + style.step, style)]
        case list() if value:
            return [head, *elements(value, indent + style.list_step, style)]
        case _:
            return _leaf(head, value, indent, style, quote)


def elements(value: list[Data], indent: int, style: Style) -> list[str]:
    """The lines of list elements in block style."""
    return [line for child in value for line in _element(child, indent, style)]


def block(value: Data, indent: int, style: Style) -> list[str]:
    """The lines of a mapping or list that is not empty."""
    if isinstance(value, dict):
        return _entries(value, indent, style)
    return elements(value, indent, style)


def _entries(value: dict[str, Data], indent: int, style: Style) -> list[str]:
    return [line for name, child in value.items() for line in entry(name, child, indent, style, "")]


def _element(value: Data, indent: int, style: Style) -> list[str]:
    dash = " " * indent + "-"
    if is_block(value):
        first, *rest = block(value, indent + 2, style)
        return [f"{dash} {first.lstrip(' ')}", *rest]
    return _leaf(dash, value, indent, style, "")


def _leaf(head: str, value: Data, indent: int, style: Style, quote: scalars.Quote) -> list[str]:
    literal = scalars.literal(value) if is_multi_line(value) and not quote else None
    if literal is None or not style.takes(literal[0]):
        return [f"{head} {flow(value, quote, in_flow=False)}"]
    header, lines = literal
    return [f"{head} {header}", *indented(lines, indent + style.step)]


def indented(lines: list[str], indent: int) -> list[str]:
    """The lines with `indent` spaces before those that are not empty."""
    return [" " * indent + line if line else "" for line in lines]


def is_multi_line(value: Data) -> bool:
    """Whether a value is text with line breaks."""
    return isinstance(value, str) and "\n" in value


def flow(value: Data, quote: scalars.Quote, *, in_flow: bool = True) -> str:
    """A value on one line; collections between brackets."""
    match value:
        case dict():
            parts = (
                f"{key(name, quote, flow=True)}: {flow(child, quote)}"
                for name, child in value.items()
            )
            return "{" + ", ".join(parts) + "}"
        case list():
            return "[" + ", ".join(flow(child, quote) for child in value) + "]"
        case source.Tagged():
            raise TypeError("a tag is never written anew")
        case _:
            return scalars.spell(value, quote, flow=in_flow)


def key(name: str, quote: scalars.Quote, *, flow: bool = False) -> str:
    """A mapping key, quoted if it would not read as this text otherwise."""
    return scalars.spell(name, quote, flow=flow)
