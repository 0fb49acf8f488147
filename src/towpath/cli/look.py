"""How a status looks on a terminal: colour, glyph and word, never colour alone.

Colours are the terminal's own, so that its theme, light or dark, decides their shade.
"""

import textwrap

from rich.columns import Columns
from rich.text import Text

ARC = "◐◓◑◒"
"""The frames of what is in progress; the first stands where nothing moves."""

_GLYPHS = {
    "queued": "⋯",
    "waiting": "○",
    "pending": "◔",
    "running": ARC[0],
    "suspended": "‖",
    "succeeded": "✓",
    "failed": "✕",
    "error": "!",
    "terminating": "⊗",
    "terminated": "⊘",
    "superseded": "⇥",
    "skipped": "–",  # noqa: RUF001 # a dash as wide as the other glyphs
}
_STYLES = {
    "queued": "dim",
    "waiting": "dim",
    "pending": "dim",
    "running": "blue",
    "suspended": "yellow",
    "succeeded": "green",
    "failed": "red",
    "error": "bold red",
    "terminating": "magenta",
    "terminated": "magenta",
    "superseded": "cyan",
    "skipped": "dim",
}
LONGEST = max(map(len, _GLYPHS))
SECONDARY = "dim"
ADDED, REMOVED, PLACE = "green", "red", "cyan"


def style(status: str) -> str:
    """The status' colour; none for one that this version does not know."""
    return _STYLES.get(status, "")


def glyph(status: str, frame: int = 0) -> str:
    """The status' glyph; what is in progress turns with `frame`."""
    return ARC[frame % len(ARC)] if status == "running" else _GLYPHS.get(status, "?")


def word(status: str, frame: int = 0) -> Text:
    """Glyph and word in the status' colour."""
    return Text(f"{glyph(status, frame)} {status}", style(status))


def legend(statuses: set[str]) -> Columns:
    """What the glyphs on this page mean, for where they stand without their word."""
    known = [status for status in _GLYPHS if status in statuses]
    return Columns(
        [
            Text.assemble((glyph(status), style(status)), (f" {status}", SECONDARY))
            for status in known
        ],
        padding=(0, 2, 0, 0),
    )


def lines(words: str, room: int) -> list[str]:
    """The words in lines; names with hyphens stay whole, so that one can copy them."""
    return textwrap.wrap(words, max(room, 20), break_on_hyphens=False)
