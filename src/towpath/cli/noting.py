"""Notes as the command line prints them: as text for pages, chats and pipes, or by a template."""

import asyncio
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from towpath.cli import client, output, times
from towpath.history import rendering

_DURATION = re.compile(r"(\d+[smhdw])+")
_PAUSE_S = 0.5


class Format(StrEnum):
    """How notes are printed."""

    MARKDOWN = "markdown"
    TEXT = "text"
    JSON = "json"


def start(text: str) -> str:
    """Where to start from, as the server takes it: `2d` is so long ago."""
    if not _DURATION.fullmatch(text):
        return text
    return times.moment(text, datetime.now(UTC), -1)


async def read(
    api: client.Api, release: str, environment: str, begin: str, wait: float
) -> client.Document:
    """The notes; waits up to `wait` seconds for what is asked for within that time."""
    end = datetime.now(UTC) + timedelta(seconds=wait)
    asked = {"environment": environment, "from": begin}
    while True:
        found = await api.get("releases", release, "notes", **asked)
        if datetime.now(UTC) >= end or not _is_asked_before(end, found):
            return found
        await asyncio.sleep(_PAUSE_S)


def _is_asked_before(end: datetime, found: client.Document) -> bool:
    if not rendering.coming_of(found):
        return False
    due = found["resolving"]["next_try_at"]
    soon = found["resolving"]["state"] == "asking" or (due and datetime.fromisoformat(due) < end)
    return bool(soon)


def say_what_is_coming(found: client.Document) -> None:
    """Tell on standard error how much is still on its way, and when it is asked for."""
    if count := len(rendering.coming_of(found)):
        output.say(
            f"{count:,} of what is not known {'is' if count == 1 else 'are'} on the way. "
            f"{rendering.next_try(found)}.",
            "Wait longer for it with --wait SECONDS.",
        )


def show(found: client.Document, form: Format, template: Path | None) -> None:
    """Print the notes on standard output."""
    if template is None and form is Format.JSON:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return
    shown = output.clean(found)
    if template is not None:
        sys.stdout.write(_templated(shown, template))
    else:
        text = rendering.plain(shown) if form is Format.TEXT else rendering.markdown(shown)
        sys.stdout.write(text)


def _templated(found: client.Document, template: Path) -> str:
    try:
        return rendering.templated(found, template.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "is not text"
        raise client.Failed(
            f"The template {template} cannot be read: {why}.", exit_code=2
        ) from None
    except rendering.BadTemplate as problem:
        raise client.Failed(f"{template}: {problem}.", exit_code=2) from None
