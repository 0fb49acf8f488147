"""Changes inside of `{…}` and `[…]`, for JSON and for the flow style of YAML.

It exists because entries between brackets are put in and taken out alike in both. It must not
know how a value is spelled; it is given the spellings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towpath.git.documents import splices as splicing
from towpath.git.documents import text as texts


@dataclass(frozen=True, slots=True)
class Brackets:
    """A collection in a text: where it opens and closes, and the spans of its entries."""

    start: int
    end: int
    entries: Sequence[tuple[int, int]]


def drop(splices: splicing.Splices, brackets: Brackets, doomed: set[int]) -> None:
    """Take out the entries with these indexes, and the commas that went with them."""
    entries = brackets.entries
    kept = [index for index in range(len(entries)) if index not in doomed]
    if not kept:
        splices.replace(brackets.start + 1, brackets.end - 1, "")
        return
    last = kept[-1]
    for index in sorted(doomed):
        if index < last:
            splices.replace(entries[index][0], entries[index + 1][0], "")
    if last < len(entries) - 1:
        splices.replace(entries[last][1], entries[-1][1], "")


def add(splices: splicing.Splices, brackets: Brackets, after: int, spelled: list[str]) -> None:
    """Put entries in after the one with index `after`, or before the first (-1).

    There is at least one entry, and the one at `after` (or the first) stays.
    """
    if not spelled:
        return
    between = separator(splices.text, brackets)
    if after < 0:
        start = brackets.entries[0][0]
        splices.replace(start, start, "".join(text + between for text in spelled))
        return
    end = brackets.entries[after][1]
    splices.replace(end, end, "".join(between + text for text in spelled))


def fill(
    splices: splicing.Splices, brackets: Brackets, spelled: list[str], unit: str | None
) -> None:
    """Make `spelled` the only entries; on lines of their own, indented by `unit`, if given."""
    text = splices.text
    if unit is None:
        inside = ", ".join(spelled)
    else:
        outer = texts.indent_at(text, brackets.start)
        line_break = texts.break_near(text, texts.line_end(text, brackets.start))
        lines = [f"{line_break}{outer}{unit}{entry}" for entry in spelled]
        inside = ",".join(lines) + line_break + outer
    splices.replace(brackets.start + 1, brackets.end - 1, inside)


def separator(text: str, brackets: Brackets) -> str:
    """What stands between two entries: the comma and the white space that the others have."""
    entries = brackets.entries
    first = entries[0][0]
    if len(entries) > 1:
        between = text[entries[0][1] : entries[1][0]]
        if between.strip() == ",":
            return between.lstrip(" \t") if between.startswith(" ") else between
    line_break = texts.break_before(text, texts.line_start(text, first))
    if texts.only_blank_before(text, first) and line_break and brackets.start < first:
        return "," + line_break + texts.indent_at(text, first)
    return ", "


def indent_of_entries(text: str, brackets: Brackets) -> str | None:
    """The indentation of entries that stand on lines of their own, else None."""
    if not brackets.entries:
        return None
    first = brackets.entries[0][0]
    inside = text[brackets.start : first]
    return texts.indent_at(text, first) if "\n" in inside or "\r" in inside else None
