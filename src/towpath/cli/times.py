"""Times as people say and write them. Pure: the present is an argument."""

import re
from datetime import datetime, timedelta

_FORM = re.compile(r"(?=.)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?")


def seen(stamp: str | None) -> datetime | None:
    """A time as the API writes it (RFC 3339), or nothing."""
    return datetime.fromisoformat(stamp) if stamp else None


def length(passed: timedelta) -> str:
    """How long, in at most two units: `38s`, `2m 06s`, `3h 12m`, `4d 2h`."""
    seconds = max(0, int(passed.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days}d {hours % 24}h"
    if hours:
        return f"{hours}h {minutes % 60:02}m"
    return f"{minutes}m {seconds % 60:02}s" if minutes else f"{seconds}s"


def age(then: datetime, now: datetime) -> str:
    """How long ago, in one unit: `now`, `5m`, `3h`, `12d`."""
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def clock(moment: datetime) -> str:
    """The time of day here, to the second."""
    return moment.astimezone().strftime("%H:%M:%S")


def full(moment: datetime) -> str:
    """Date and time here, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def moment(text: str, now: datetime, direction: int) -> str:
    """RFC 3339 from what a person gave: a time, or a duration before (-1) or after (1) `now`.

    A time without offset is meant here. Raises ValueError that says what to write.
    """
    try:
        if duration := _FORM.fullmatch(text):
            numbers = [int(number or 0) for number in duration.groups()]
            units = zip(("days", "hours", "minutes", "seconds"), numbers, strict=True)
            return (now + direction * timedelta(**dict(units))).isoformat()
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        message = f"{text!r} is no time: write for example 2h, 3d, 2026-12-01 or 2026-12-01T08:00"
        raise ValueError(message) from None
