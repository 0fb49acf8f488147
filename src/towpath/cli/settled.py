"""The settings in force for an environment, each with where it is from, as a table."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from towpath.cli import look, output
from towpath.domain import spans

DURATIONS = frozenset(
    {"duration", "soak", "sync_timeout", "health_timeout", "degraded_grace", "settle"}
)


def draw(out: Console, settings: Sequence[Mapping[str, Any]]) -> None:
    """A line for each setting."""
    table = output.table("SETTING", "VALUE", "FROM")
    table.columns[-1].overflow = "fold"
    for one in settings:
        table.add_row(_as_written(one["name"]), value(one["name"], one["value"]), one["origin"])
    out.print(table)


def draw_lost(out: Console, settings: Sequence[Mapping[str, Any]]) -> None:
    """The values that lost, and why, in words that may be long."""
    table = output.table("WHY NOT", "")
    table.columns[-1].overflow = "fold"
    for one in settings:
        for lost in one["lost"]:
            given = value(one["name"], lost["value"])
            table.add_row(
                _as_written(one["name"]),
                Text.assemble(given, f" ({lost['origin']}): {lost['why']}"),
            )
    if table.rows:
        out.print()
        out.print(table)


def value(name: str, given: Any) -> Text:
    """A setting's value as people say it; a dash for what nobody set."""
    # The API gives durations in seconds, under the setting's name or with the unit.
    if given is None or given == "" or given == []:
        return Text("–", look.SECONDARY)  # noqa: RUF001 # as wide as the glyphs
    if isinstance(given, bool):
        return Text("yes" if given else "no")
    if isinstance(given, int | float) and name.removesuffix("_seconds") in DURATIONS:
        return Text(spans.words(timedelta(seconds=given)))
    return Text(_words(given))


def _as_written(name: str) -> str:
    """`pre_action` as manifests have it: `preAction`."""
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def _words(given: Any) -> str:
    if isinstance(given, dict):
        told = {name: one for name, one in given.items() if one not in (None, "", [], False)}
        return ", ".join(
            _as_written(name) + ("" if one is True else f" {_words(one)}")
            for name, one in told.items()
        )
    return " ".join(map(str, given)) if isinstance(given, list) else str(given)
