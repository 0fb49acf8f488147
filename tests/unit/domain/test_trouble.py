"""Refusals, outages and how long to wait."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from towpath.domain import trouble


@given(st.integers(0, 10_000), st.text(max_size=20))
def test_a_delay_is_never_much_longer_than_a_minute(count: int, name: str) -> None:
    waited = trouble.delay(count, name)
    assert timedelta(seconds=0.75) <= waited <= trouble.LONGEST_DELAY * 1.25


@given(st.text(max_size=20))
def test_delays_grow_until_the_longest(name: str) -> None:
    assert trouble.delay(8, name) > trouble.delay(2, name) > trouble.delay(0, name) * 0.999


def test_the_same_try_of_the_same_release_waits_the_same_time() -> None:
    assert trouble.delay(3, "checkout-1/qa") == trouble.delay(3, "checkout-1/qa")


def test_many_releases_do_not_try_in_step() -> None:
    assert len({trouble.delay(3, f"checkout-{n}/qa") for n in range(50)}) > 20
