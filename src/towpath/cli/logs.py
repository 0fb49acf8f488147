"""Where the log of a process goes and how its lines look: for people, or one JSON object each.

Set up once, by the command that starts the process; everything else only asks for its logger.
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

from towpath import settings

_QUIET = ("httpx", "httpcore", "alembic", "sse_starlette.sse")
"""Libraries that tell of every request or table at `info`."""


class _Json(logging.Formatter):
    """A line is one JSON object; times are RFC 3339 UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback, if there is one, as text in it."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def configure(given: settings.Settings, file: Path | None = None) -> None:
    """Log to standard error, or to a file, from the level and in the form of the settings."""
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_Json() if given.log_format == "json" else text)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(given.log_level.upper())
    logging.getLogger("stamina").setLevel(logging.ERROR)  # it says that, and not what, is retried
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
