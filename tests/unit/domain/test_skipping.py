"""Passing an environment by, in whatever state it is."""

from dataclasses import replace

import pytest

import playbook
from towpath.domain import events, wishes
from towpath.domain.catalog import Concurrency
from towpath.domain.reasons import Code
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)


def test_what_is_behind_a_skipped_environment_waits_for_those_before_it() -> None:
    world = playbook.World(deployments={"dev": PROGRESSING})
    one = world.push()
    world.skip(one, "qa")
    assert world.tell(one) == (
        "running: dev running health_progressing, qa skipped skipped_by, prod waiting"
    )
    world.heal()
    world.wait(seconds=10)
    assert world.tell(one) == "succeeded: dev succeeded, qa skipped skipped_by, prod succeeded"
    assert world.written("qa") == []


def test_what_is_behind_a_skipped_environment_is_not_reached_if_what_is_before_it_is_lost() -> None:
    world = playbook.World(deployments={"dev": PROGRESSING})
    one = world.push()
    world.skip(one, "qa")
    world.push()
    world.heal()
    world.wait(seconds=10)
    assert world.at(one, "prod").reason.code is Code.NOT_REACHED  # type: ignore[union-attr]


def test_a_retry_frees_what_was_cut_off_behind_a_skipped_environment() -> None:
    world = playbook.World(steps=playbook.STRAIGHT, deployments={"dev": PROGRESSING})
    one = world.push()
    world.skip(one, "qa")
    world.terminate(one)
    assert world.at(one, "prod").status is Status.SKIPPED
    world.heal()
    world.retry(one)
    assert world.tell(one) == "succeeded: dev succeeded, qa skipped skipped_by, prod succeeded"


def test_a_push_that_arrived_is_not_skipped_any_more() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "down"]})
    one = world.push()
    world.skip(one, "qa")
    assert world.at(one, "qa").status is Status.TERMINATING
    world.heal()
    world.wait(seconds=10)
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == [one]
    with pytest.raises(wishes.Refused) as refused:
        world.skip(one, "qa")
    assert refused.value.code == "landed"


def test_a_push_that_did_not_arrive_is_skipped_once_that_is_known() -> None:
    world = playbook.World(git={"qa": ["lost", "down"]})
    one = world.push()
    world.skip(one, "qa")
    world.skip(one, "qa")
    assert world.happened(one, events.SkipRequested) == 1
    world.heal()
    world.wait(seconds=10)
    assert world.tell(one) == "succeeded: dev succeeded, qa skipped skipped_by, prod succeeded"


def test_who_skips_a_failure_in_a_queue_goes_to_its_head() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, git={"qa": ["refuse", "ok"]})
    one = world.push()
    world.deployments["qa"] = PROGRESSING
    world.push()
    world.skip(one, "qa")
    assert world[one].course.status is Status.QUEUED
    world.heal()
    world.wait(seconds=20)
    assert all(release.ended for release in world.releases.values())


def test_skipping_the_last_failure_makes_the_release_succeed() -> None:
    world = playbook.World(git={"prod": ["refuse"]})
    one = world.push()
    assert world[one].status is Status.FAILED
    world.skip(one, "prod")
    assert world[one].status is Status.SUCCEEDED
    assert world[one].ended_at is not None
    ended = [e for of, e in world.log if of == one and isinstance(e, events.ReleaseEnded)]
    assert [e.status for e in ended] == [Status.FAILED, Status.SUCCEEDED]


def test_of_two_ways_to_an_environment_one_may_be_skipped() -> None:
    world = playbook.World(
        steps=tuple(replace(step) for step in playbook.DIAMOND), git={"perf": ["refuse"]}
    )
    one = world.push()
    world.skip(one, "perf")
    assert world[one].status is Status.SUCCEEDED
    assert world.written("prod") == [one]
