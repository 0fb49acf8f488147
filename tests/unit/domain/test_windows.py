"""When windows let promotions act: recurrences, time zones, and the days on which clocks change."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from towpath.domain import windows
from towpath.domain.catalog import Window

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
HOURS = timedelta(hours=1)
WEEKEND = Window("deny", "FREQ=WEEKLY;BYDAY=FR;BYHOUR=14", 60 * HOURS, BERLIN, "quiet weekend")
OFFICE = Window("allow", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8", 9 * HOURS, BERLIN)


def _at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_without_windows_everything_is_open() -> None:
    assert windows.is_open((), _at(2026, 3, 2, 9))
    assert windows.closes_at((), _at(2026, 3, 2, 9), 9 * HOURS) is None


def test_a_window_includes_its_first_moment_and_not_its_last() -> None:
    second = timedelta(seconds=1)
    start, end = _at(2026, 3, 2, 7), _at(2026, 3, 2, 16)
    open_at = [windows.is_open((OFFICE,), t) for t in (start - second, start, end - second, end)]
    assert open_at == [False, True, True, False]


def test_outside_of_all_allow_windows_it_opens_with_the_next() -> None:
    friday_night = _at(2026, 3, 6, 20)
    assert windows.closed_by((OFFICE,), friday_night) == "no allow window is on"
    named = (replace(OFFICE, description="office hours"),)
    assert windows.closed_by(named, friday_night) == "no allow window is on (office hours)"
    assert windows.opens_at((OFFICE,), friday_night) == _at(2026, 3, 9, 7)


def test_deny_wins_over_allow_and_both_must_let_it() -> None:
    both = (OFFICE, WEEKEND)
    friday = _at(2026, 3, 6, 13, 30)
    assert windows.is_open((OFFICE,), friday)
    assert windows.closed_by(both, friday) == "quiet weekend"
    # The weekend ends on Monday at 2:00, and the office opens at 8:00.
    assert windows.opens_at(both, friday) == _at(2026, 3, 9, 7)
    assert windows.closes_at(both, _at(2026, 3, 6, 8), 24 * HOURS) == _at(2026, 3, 6, 13)


def test_windows_that_touch_are_one() -> None:
    halves = tuple(Window("allow", f"FREQ=DAILY;BYHOUR={h}", 12 * HOURS) for h in (0, 12))
    assert windows.closes_at(halves, _at(2026, 3, 2, 9), 72 * HOURS) is None
    denied = tuple(Window("deny", f"FREQ=DAILY;BYHOUR={h}", 12 * HOURS) for h in (0, 12))
    assert windows.opens_at(denied, _at(2026, 3, 2, 9)) is None


def test_a_window_longer_than_its_period_is_always_on() -> None:
    always = Window("allow", "FREQ=DAILY", 25 * HOURS)
    assert windows.is_open((always,), _at(2026, 3, 2, 23, 59))
    assert windows.opens_at((Window("deny", "FREQ=DAILY", 25 * HOURS),), _at(2026, 3, 2)) is None


@pytest.mark.parametrize(
    ("before", "starts"),
    [
        (_at(2026, 1, 12, 20), _at(2026, 1, 13, 7)),  # winter: UTC+1
        (_at(2026, 7, 13, 20), _at(2026, 7, 14, 6)),  # summer: UTC+2
    ],
)
def test_a_start_is_wall_time_in_winter_and_summer(before: datetime, starts: datetime) -> None:
    assert windows.opens_at((OFFICE,), before) == starts


def test_a_duration_is_elapsed_time_over_a_change_of_clocks() -> None:
    night = Window("allow", "FREQ=DAILY;BYHOUR=22", 8 * HOURS, BERLIN)
    # 22:00 to 7:00 in spring, to 5:00 in autumn: eight hours each.
    spring, autumn = _at(2026, 3, 28, 21), _at(2026, 10, 24, 20)
    assert windows.closes_at((night,), spring, 24 * HOURS) == spring + 8 * HOURS
    assert windows.closes_at((night,), autumn, 24 * HOURS) == autumn + 8 * HOURS


def test_a_start_that_clocks_leave_out_comes_later_and_one_twice_counts_first() -> None:
    early = Window("allow", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", HOURS, BERLIN)
    assert windows.opens_at((early,), _at(2026, 3, 28, 12)) == _at(2026, 3, 29, 1, 30)  # 3:30
    assert windows.opens_at((early,), _at(2026, 10, 24, 12)) == _at(2026, 10, 25, 0, 30)
    assert windows.opens_at((early,), _at(2026, 10, 25, 1, 31)) == _at(2026, 10, 26, 1, 30)


def test_zones_of_two_windows_may_differ() -> None:
    both = (OFFICE, Window("deny", "FREQ=DAILY;BYHOUR=3", 2 * HOURS, NEW_YORK))
    # 3:00 to 5:00 in New York is 9:00 to 11:00 in Berlin, an hour earlier while only one has
    # summer time.
    assert not windows.is_open(both, _at(2026, 1, 12, 9))
    assert windows.is_open(both, _at(2026, 3, 16, 9, 30))


def test_a_rule_with_an_interval_keeps_in_step_over_years() -> None:
    biweekly = Window("allow", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", HOURS)
    found, moment = [], _at(2026, 3, 1)
    for _ in range(3):
        opens = windows.opens_at((biweekly,), moment)
        assert opens is not None
        found.append(opens)
        moment = opens + HOURS
    assert {(opens - _at(2001, 1, 1)).days % 14 for opens in found} == {0}
    assert [after - before for before, after in pairwise(found)] == [timedelta(weeks=2)] * 2


@pytest.mark.parametrize(
    ("rule", "opens"),
    [
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", _at(2026, 12, 24)),
        ("FREQ=MONTHLY;BYDAY=-1FR", _at(2026, 3, 27)),
        ("FREQ=MONTHLY", _at(2026, 4, 1)),
        ("FREQ=YEARLY", _at(2027, 1, 1)),
        ("FREQ=WEEKLY", _at(2026, 3, 9)),
        ("FREQ=HOURLY;INTERVAL=6", _at(2026, 3, 2, 12)),
        ("RRULE:FREQ=DAILY;BYHOUR=10", _at(2026, 3, 2, 10)),
        ("DTSTART:20260131T080000\nRRULE:FREQ=MONTHLY", _at(2026, 3, 31, 8)),
        ("DTSTART:20240229\nRRULE:FREQ=YEARLY", _at(2028, 2, 29)),
        ("DTSTART:20260301\nRRULE:FREQ=DAILY;COUNT=3", _at(2026, 3, 3)),
        ("FREQ=DAILY;UNTIL=20260301T000000Z", None),
        ("FREQ=DAILY;BYHOUR=23;UNTIL=20260302T230000Z", _at(2026, 3, 2, 23)),
    ],
)
def test_recurrences_open_when_the_standard_says(rule: str, opens: datetime | None) -> None:
    assert windows.opens_at((Window("allow", rule, HOURS / 2),), _at(2026, 3, 2, 9)) == opens


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=SECONDLY", "FREQ must be one of"),
        ("BYDAY=MO", "FREQ must be one of"),
        ("every monday", "FREQ must be one of"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("RRULE:FREQ=DAILY\nEXDATE:20260101T000000", "one rule"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "one rule"),
        ("DTSTART;TZID=Europe/Berlin:20260101T080000\nRRULE:FREQ=DAILY", "wall time"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_what_to_write(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        windows.parse(rule, "UTC")


def test_named_zones_need_nothing_of_the_system() -> None:
    asked = (
        "from datetime import UTC, datetime, timedelta;"
        "from towpath.domain import catalog, windows;"
        f"w = catalog.Window('allow', 'FREQ=DAILY;BYHOUR=8', timedelta(hours=1), {BERLIN!r});"
        "print(windows.opens_at((w,), datetime(2026, 7, 1, tzinfo=UTC)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.strip() == "2026-07-01 06:00:00+00:00"
