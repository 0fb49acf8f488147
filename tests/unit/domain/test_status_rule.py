"""The one rule that makes a whole of its parts."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from towpath.domain import status
from towpath.domain.status import Status

CASES = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "status-cases.yaml").read_text(encoding="utf-8")
)
statuses = st.sampled_from(Status)
parts_of_a_whole = st.lists(statuses, max_size=8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(case["parts"]) or "nothing")
def test_a_worked_case_gives_its_whole(case: dict[str, object]) -> None:
    parts = [Status(part) for part in case["parts"]]  # type: ignore[attr-defined]
    assert status.aggregate(parts) is Status(str(case["whole"]))


@given(st.permutations(list(Status)), st.integers(0, len(Status)))
def test_the_order_of_the_parts_changes_nothing(parts: list[Status], count: int) -> None:
    some = parts[:count]
    assert status.aggregate(some) is status.aggregate(sorted(some))


@given(st.lists(parts_of_a_whole, max_size=5))
def test_grouping_parts_first_changes_nothing(groups: list[list[Status]]) -> None:
    flat = [part for group in groups for part in group]
    assert status.aggregate(map(status.aggregate, groups)) is status.aggregate(flat)


@given(parts_of_a_whole)
def test_a_skipped_part_is_neutral(parts: list[Status]) -> None:
    assert status.aggregate([*parts, Status.SKIPPED]) is status.aggregate(parts)


@given(parts_of_a_whole)
def test_the_same_part_twice_counts_once(parts: list[Status]) -> None:
    assert status.aggregate(parts + parts) is status.aggregate(parts)


@given(statuses)
def test_a_whole_of_one_part_is_that_part(part: Status) -> None:
    assert status.aggregate([part]) is part


@given(parts_of_a_whole)
def test_a_whole_has_ended_only_if_every_worse_part_has(parts: list[Status]) -> None:
    whole = status.aggregate(parts)
    if whole in (Status.SUCCEEDED, Status.SUPERSEDED, Status.SKIPPED):
        assert all(part.ended for part in parts)


def test_a_status_either_has_ended_or_goes_on() -> None:
    goes_on = {Status.QUEUED, Status.WAITING} | {s for s in Status if s.acting}
    assert goes_on | status.ENDED == set(Status)
    assert not goes_on & status.ENDED
