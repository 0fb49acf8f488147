"""Durations as people write them in manifests: `90s`, `10m`, `1h30m`, `2d`.

Days, hours, minutes and seconds, in this order, each at most once, whole numbers. A number
without a unit is refused: nobody can tell seconds from minutes.
"""

import re
from datetime import timedelta

PATTERN = r"^(?=.)([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?$"
"""The form of a duration, for JSON Schema."""

_FORM = re.compile(PATTERN)
_UNITS = ("days", "hours", "minutes", "seconds")


def parse(text: str) -> timedelta:
    """The duration that `text` says. Raises ValueError with the form expected."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a duration: write for example 90s, 10m, 1h30m or 2d")
    given = zip(_UNITS, match.groups(), strict=True)
    return timedelta(**{unit: int(number[:-1]) for unit, number in given if number})
