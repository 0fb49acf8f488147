"""Times as people say and write them."""

from datetime import UTC, datetime, timedelta

import pytest

from towpath.cli import times
from towpath.domain import spans

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (-3, "0s"), (38, "38s"), (126, "2m 06s"), (11520, "3h 12m"), (352800, "4d 2h")],
)
def test_a_length_has_at_most_two_units(seconds: int, said: str) -> None:
    assert times.length(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (30, "30s"), (600, "10m"), (5400, "1h30m"), (86400, "1d"), (90061, "1d1h1m1s")],
)
def test_an_exact_duration_is_written_as_in_manifests(seconds: int, said: str) -> None:
    assert spans.words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "now"), (5, "5m"), (179, "2h"), (47 * 60, "47h"), (2880, "2d")]
)
def test_an_age_has_one_unit(minutes: int, said: str) -> None:
    assert times.age(NOW - timedelta(minutes=minutes), NOW) == said


def test_a_duration_is_counted_from_now_in_the_direction_asked_for() -> None:
    assert times.moment("2h", NOW, -1) == "2026-11-22T10:00:00+00:00"
    assert times.moment("1d12h", NOW, 1) == "2026-11-24T00:00:00+00:00"


def test_a_time_with_offset_is_kept_as_the_same_instant() -> None:
    given = times.moment("2026-12-01T08:00:00+02:00", NOW, 1)
    assert datetime.fromisoformat(given) == datetime(2026, 12, 1, 6, tzinfo=UTC)


def test_a_time_without_offset_is_meant_here_and_sent_with_its_offset() -> None:
    given = datetime.fromisoformat(times.moment("2026-12-01", NOW, 1))
    assert given.tzinfo is not None
    assert given.astimezone().replace(tzinfo=None) == datetime(2026, 12, 1)


@pytest.mark.parametrize("text", ["tomorrow", "2 h", "h", "2026-13-01", "9999999d", "99999999999d"])
def test_what_is_no_time_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 2h"):
        times.moment(text, NOW, 1)
