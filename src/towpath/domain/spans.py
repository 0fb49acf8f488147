"""Spans of time in words, the same ones as in manifests."""

from datetime import timedelta

_UNITS = (("d", 86400, 10**9), ("h", 3600, 24), ("m", 60, 60), ("s", 1, 60))


def words(span: timedelta) -> str:
    """Without units that are zero: `30m`, `1h30m`, `0s`."""
    seconds = int(span.total_seconds())
    parts = [(seconds // size % count, unit) for unit, size, count in _UNITS]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
