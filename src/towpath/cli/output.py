"""Data to standard output, as a table for people or as JSON or YAML for programs."""

import json
import os
import re
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 400
"""Columns where no terminal limits them: what is piped is not cut."""

# A commit's subject must not move the cursor or repaint what others wrote.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def console(width: int | None = None) -> Console:
    """Standard output. Never cuts what goes into a pipe or a file."""
    if width is None and not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = PIPE_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def moves(out: Console) -> bool:
    """Whether the console can show a picture that moves: else it gets plain lines."""
    return out.is_terminal and not out.is_dumb_terminal and "NO_COLOR" not in os.environ


def messages() -> Console:
    """Standard error, for what is not data."""
    in_words = sys.stderr.isatty()  # what goes to a file is not broken into lines
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not in_words)


def clean(data: Any) -> Any:
    """The data without what a terminal would take for a command."""
    if isinstance(data, str):
        return _CONTROL.sub("\ufffd", data)
    if isinstance(data, dict):
        return {name: clean(value) for name, value in data.items()}
    return [clean(value) for value in data] if isinstance(data, list) else data


def show(data: object, form: Format, people: Callable[[Console, Any], None]) -> None:
    """Print the data as asked: `people` draws it, cleaned, for a terminal."""
    if form is Format.JSON:
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    elif form is Format.YAML:
        yaml.safe_dump(data, sys.stdout, sort_keys=False, allow_unicode=True)
    else:
        people(console(), clean(data))


def table(*heads: str) -> Table:
    """A table without lines: heads that step back, columns two apart."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        found.add_column(head)
    return found


def width(drawn: Table) -> int:
    """How many columns the table takes where nothing limits it."""
    endless = Console(width=10_000)
    return endless.measure(drawn).maximum


def say(sentence: str, advice: str = "", style: str = "") -> None:
    """One message on standard error, with what to do below it."""
    out = messages()
    if sentence:
        out.print(Text(clean(sentence), style))
    if advice:
        out.print(Text(clean(advice), "dim"))
