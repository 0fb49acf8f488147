"""What happened to a release, a line for each event."""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

from towpath.cli import client, documents, look, output, times

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_FACTS = ("version", "commit", "attempt", "comment", "until")


async def read(api: client.Api, release: str) -> list[client.Document]:
    """Every event of the release, oldest first, from as many pages as there are."""
    found: list[client.Document] = []
    after: object = ""
    while True:
        page = await api.get("releases", release, "events", after=after, limit=200)
        found += page["items"]
        after = page.get("next_cursor")
        if not after or not page["items"]:
            return found


def draw(out: Console, page: client.Document) -> None:
    """The events as a table; the last column takes what room there is."""
    table = output.table("AT", "ENVIRONMENT", "WHAT", "BY", "")
    for column in table.columns[:4]:
        column.no_wrap = True
    for event in page["items"]:
        at = times.seen(event["at"])
        table.add_row(
            Text(times.full(at) if at else "", look.SECONDARY),
            event["environment"],
            _what(event),
            event["actor"] or "",
            _why(event["data"]),
        )
    out.print(table)


def _what(event: client.Document) -> Text:
    """`PhaseFailed` in the sync phase as `sync phase failed`."""
    words = _WORDS.sub(" ", event["kind"]).lower()
    phase = event["data"].get("phase")
    if phase and words == "phase reported":
        words = f"{documents.phase(phase)} {event['data'].get('status')}"
    elif phase and words.startswith("phase "):
        words = f"{documents.phase(phase)} {words.removeprefix('phase ')}"
    return Text(words, look.style(event["data"].get("status") or ""))


def _why(data: dict[str, Any]) -> str:
    reason = data.get("reason")
    if isinstance(reason, dict):
        return str(reason.get("sentence") or "")
    if isinstance(reason, str) and reason:
        return reason
    if data.get("commit"):
        data = {**data, "commit": data["commit"][:10]}
    facts = [f"{name} {str(data[name])[:60]}" for name in _FACTS if data.get(name)]
    changes = map(str, data.get("changes") or ())
    return ", ".join([*([data["subject"]] if data.get("subject") else []), *facts, *changes])
