"""Notes as the command line prints them: as text for pages, chats and pipes, or by a template."""

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from towpath.cli import client, output, times
from towpath.history import rendering

_DURATION = re.compile(r"(\d+[smhdw])+")
_GROUPS = ("features", "pull_requests", "commits", "images", "gitops")
_PAUSE_S = 0.5
_ON_ITS_WAY = ("is being",)


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
    """The notes; waits up to `wait` seconds for what is still being found out."""
    end = asyncio.get_running_loop().time() + wait
    asked = {"environment": environment, "from": begin}
    while True:
        found = await api.get("releases", release, "notes", **asked)
        if not _coming(found) or asyncio.get_running_loop().time() >= end:
            return found
        await asyncio.sleep(_PAUSE_S)


def _coming(found: client.Document) -> bool:
    reasons = (lack["reason"] for name in _GROUPS for lack in found[name]["unresolved"])
    return any(word in reason for reason in reasons for word in _ON_ITS_WAY)


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
