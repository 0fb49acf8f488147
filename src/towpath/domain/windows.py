"""When an environment's windows let promotions act: recurrences of RFC 5545 in local time.

A window begins at the wall time of its zone and lasts its duration in elapsed time, so that one of
eight hours has eight hours on every day of the year. A start that a clock change leaves out comes
that much later, and one that it brings twice counts the first time, as RFC 5545 says. A promotion
may act while no `deny` window is on, and some `allow` window is, if there are any.

The one module of the domain that uses more than the standard library: python-dateutil expands the
rules. No clock is read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dateutil import rrule

from towpath.domain.catalog import Window

FIRST = datetime(2001, 1, 1)
"""Where rules without DTSTART begin: a Monday and the first of a year, at midnight."""
HORIZON = timedelta(days=5 * 366)
"""How far ahead an opening is looked for."""
MOST_STEPS = 2000
_A_DAY = timedelta(days=1)
_STEPS = {"WEEKLY": timedelta(weeks=1), "DAILY": _A_DAY, "HOURLY": timedelta(hours=1)}
_MONTHS = {"YEARLY": 12, "MONTHLY": 1}
_UNTIL_UTC = re.compile(r"UNTIL=(\d{8}T\d{6})Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule, in wall time."""

    expanded: rrule.rrule
    first: datetime
    frequency: str
    interval: int
    counted: bool

    def starts(self, after: datetime) -> Iterator[datetime]:
        """Its starts from about `after` on (wall time), without those of all the years before."""
        if self.counted or after <= self.first:
            return iter(self.expanded)
        return iter(self.expanded.replace(dtstart=self._near(after)))

    def _near(self, moment: datetime) -> datetime:
        """The last beginning of a period before `moment`, in step with the first."""
        if step := _STEPS.get(self.frequency):
            step *= self.interval
            return self.first + (moment - self.first) // step * step
        step_months = _MONTHS[self.frequency] * self.interval
        passed = (moment.year - self.first.year) * 12 + moment.month - self.first.month
        for periods in range(passed // step_months, 0, -1):
            shifted = _months_later(self.first, periods * step_months)
            if shifted is not None and shifted <= moment:
                return shifted
        return self.first


def _months_later(day: datetime, months: int) -> datetime | None:
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:  # a 31st, or the 29th of February
        return None


@cache
def parse(text: str, timezone: str) -> Rule:
    """The rule that `text` says. Raises ValueError with what is wrong and what to write."""
    fields: dict[str, str] = dict(re.findall(r"([A-Z]+)=([^;\s]+)", text.upper()))
    frequency = fields.get("FREQ", "")
    if frequency not in _STEPS | _MONTHS:
        raise ValueError(f"FREQ must be one of {', '.join((*_MONTHS, *_STEPS))}")
    if len(re.findall(r"FREQ=", text.upper())) > 1 or re.search(r"\b(EX|R)DATE|EXRULE", text):
        raise ValueError("one rule is expected: write a window for each, deny for exceptions")
    if not int(fields.get("INTERVAL", "1") or 0):
        raise ValueError("INTERVAL is 1 or more")
    try:
        expanded = rrule.rrulestr(_in_wall_time(text, ZoneInfo(timezone)), dtstart=FIRST)
    except (TypeError, KeyError, AttributeError, IndexError) as error:
        raise ValueError(str(error)) from None
    assert isinstance(expanded, rrule.rrule)
    first = re.search(r"DTSTART:(\d{8}(?:T\d{6})?)\s", text.upper())
    if "DTSTART" in text.upper() and first is None:
        raise ValueError(
            "DTSTART is wall time, as DTSTART:20260105T080000; `timezone` has the zone"
        )
    began = _moment(first.group(1)) if first else FIRST
    if _never(expanded, frequency):
        raise ValueError("it never happens")
    return Rule(expanded, began, frequency, int(fields.get("INTERVAL", 1)), "COUNT" in fields)


def _never(expanded: rrule.rrule, frequency: str) -> bool:
    """Whether there is no start at all. Of hours, days are asked first: there are fewer."""
    if frequency == "HOURLY" and _never(expanded.replace(freq=rrule.DAILY, interval=1), "DAILY"):
        return True
    return next(iter(expanded), None) is None


def _in_wall_time(text: str, zone: ZoneInfo) -> str:
    """The rule with an UNTIL in UTC as the wall time it is in the zone."""

    def local(until: re.Match[str]) -> str:
        moment = _moment(until.group(1)).replace(tzinfo=UTC).astimezone(zone)
        return f"UNTIL={moment:%Y%m%dT%H%M%S}"

    return _UNTIL_UTC.sub(local, text)


def _moment(text: str) -> datetime:
    form = "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d"
    return datetime.strptime(text, form)


def is_open(windows: Sequence[Window], now: datetime) -> bool:
    """Whether promotions may act now."""
    return closed_by(windows, now) is None


def is_on(window: Window, now: datetime) -> bool:
    """Whether the window, of whatever kind, is on now."""
    return _ends(window, now) is not None


def closed_by(windows: Sequence[Window], now: datetime) -> str | None:
    """What keeps promotions from acting now, in words; None when they may."""
    denied = [w for w in windows if w.kind == "deny" and is_on(w, now)]
    if denied:
        return next((w.description for w in denied if w.description), "") or "a deny window is on"
    allowing = [w for w in windows if w.kind == "allow"]
    if not allowing or any(is_on(w, now) for w in allowing):
        return None
    named = [w.description for w in allowing if w.description]
    return f"no allow window is on ({', '.join(named)})" if named else "no allow window is on"


def opens_at(windows: Sequence[Window], now: datetime) -> datetime | None:
    """The first moment from now on at which promotions may act.

    None when there is none before the `HORIZON`, or the windows change too often to tell.
    """
    moment = now
    for _ in range(MOST_STEPS):
        if (closed := _closed_until(windows, moment, now + HORIZON)) is None:
            return moment
        if closed > now + HORIZON:
            return None
        moment = closed
    return None


def closes_at(windows: Sequence[Window], now: datetime, within: timedelta) -> datetime | None:
    """The first moment from now on at which promotions may not act; None: not `within` that."""
    limit, moment = now + within, now
    for _ in range(MOST_STEPS):
        if not is_open(windows, moment):
            return moment
        ends = [end for w in windows if w.kind == "allow" and (end := _ends(w, moment))]
        starts = [_next_start(w, moment, limit) for w in windows if w.kind == "deny"]
        coming = [*([max(ends)] if ends else ()), *(start for start in starts if start)]
        if not coming or min(coming) > limit:
            return None
        moment = min(coming)
    return moment


def _closed_until(windows: Sequence[Window], moment: datetime, limit: datetime) -> datetime | None:
    """The next moment at which it may be otherwise; None when it is open at this one."""
    denied = [end for w in windows if w.kind == "deny" and (end := _ends(w, moment))]
    if denied:
        return max(denied)
    allowing = [w for w in windows if w.kind == "allow"]
    if not allowing or any(is_on(w, moment) for w in allowing):
        return None
    starts = [_next_start(w, moment, limit) for w in allowing]
    return min((start for start in starts if start), default=limit + _A_DAY)


def _ends(window: Window, now: datetime) -> datetime | None:
    """When the window that is on now ends; None when it is not on."""
    ends = [start + window.duration for start in _starts(window, now - window.duration, now)]
    return max((end for end in ends if end > now), default=None)


def _next_start(window: Window, after: datetime, limit: datetime) -> datetime | None:
    """The window's first start later than `after`, until `limit`."""
    return next((start for start in _starts(window, after, limit) if start > after), None)


def _starts(window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
    """The window's starts from `after` to `until`, both included, in UTC."""
    zone = ZoneInfo(window.timezone)
    rule = parse(window.rrule, window.timezone)
    earliest = after.astimezone(zone).replace(tzinfo=None) - _A_DAY
    latest = until.astimezone(zone).replace(tzinfo=None) + _A_DAY
    for wall in rule.starts(earliest):
        if wall > latest:
            return
        start = wall.replace(tzinfo=zone).astimezone(UTC)
        if after <= start <= until:
            yield start
