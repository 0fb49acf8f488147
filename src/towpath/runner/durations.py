"""Durations as Argo writes them: `90`, `30s`, `1h30m`, `2d`, `1.5s`, `100ms`."""

import re
from datetime import timedelta

from towpath.runner import texts
from towpath.runner.mistakes import Mistake

_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 100 * 365 * 86400


def parse(value: object) -> timedelta:
    """The duration; a number alone is seconds. Raises `Mistake`."""
    text = texts.of(value).strip()
    parts = _PART.findall(text)
    whole = "".join(number + unit for number, unit in parts) == text
    if not text or not whole or (len(parts) > 1 and any(not unit for _, unit in parts)):
        raise Mistake(f"`{text}` is not a duration: write for example 30s, 10m, 1h30m or 2d")
    seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if seconds > _LONGEST:
        raise Mistake(f"`{text}` is longer than a hundred years")
    return timedelta(seconds=seconds)
