"""The page of the local runner, read as the tables it holds: what tests go through row by row."""

import re
from collections.abc import Iterator
from pathlib import Path

from towpath.runner.fields import Fate

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "local-runner.md"
_ROW = re.compile(r"\| `(\w+)` \| (runs|ignored|refused) \|")


def rows() -> Iterator[tuple[str, str, Fate]]:
    """Every row of the tables of fields: the object, its field, and what becomes of it."""
    for title, text in _sections(_chapter("Fields"), "### "):
        yield from ((title, row[1], Fate(row[2])) for row in _ROW.finditer(text))


def variables() -> Iterator[tuple[str, Fate]]:
    """Every variable that the page names, and what becomes of it."""
    for line in _chapter("Variables").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 4 and cells[2] in tuple(Fate):
            yield from ((name, Fate(cells[2])) for name in re.findall(r"`([^`]+)`", cells[1]))


def functions() -> tuple[set[str], set[str]]:
    """The functions that expressions may call: their own, and sprig's."""
    own, sprig = re.findall(r"^\* (?:Functions|Of `sprig`):(.*)$", _chapter("Expressions"), re.M)
    return _words(own), _words(sprig)


def _words(line: str) -> set[str]:
    return {word for quoted in re.findall(r"`([^`]+)`", line) for word in quoted.split()}


def _chapter(title: str) -> str:
    return dict(_sections(PAGE.read_text("utf-8"), "\n## "))[title]


def _sections(text: str, mark: str) -> Iterator[tuple[str, str]]:
    for section in text.split(mark)[1:]:
        title, _, rest = section.partition("\n")
        yield title.strip(), rest
