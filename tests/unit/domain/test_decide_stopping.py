"""Stopping a release, the flow's clock, and what may still arrive."""

from datetime import timedelta

import pytest

import playbook
from towpath.domain import events, wishes
from towpath.domain.catalog import Concurrency, OnDrift, PolicySettings, PromotionAction
from towpath.domain.reasons import Code
from towpath.domain.release import Clock
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
SUSPENDED = (Status.SUSPENDED, Status.RUNNING)


def test_a_stopped_release_ends_what_acts_and_skips_what_waits() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.terminate(one)
    assert world.tell(one) == (
        "terminated: dev succeeded, qa terminated terminated_by, prod skipped not_reached"
    )
    assert world[one].ended
    assert world.place("qa").holder == ""


def test_a_stopped_queued_release_leaves_the_queue() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    world.push()
    two = world.push()
    world.terminate(two)
    assert world[two].status is Status.TERMINATED
    assert world[two].ended


def test_stopping_twice_changes_nothing_and_an_ended_release_cannot_be_stopped() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.terminate(one)
    assert wishes.terminate(world[one], "ann") == ()
    two = world.push()
    world.heal()
    world.wait(seconds=10)
    with pytest.raises(wishes.Refused) as refused:
        world.terminate(two)
    assert refused.value.code == "already_ended"


@pytest.mark.parametrize(("script", "landed"), [("arrived unheard", True), ("lost", False)])
def test_a_push_under_way_is_settled_before_the_release_is_stopped(
    script: str, landed: bool
) -> None:
    world = playbook.World(git={"qa": [script, "ok"]})
    one = world.push()
    assert world.attempts
    world.terminate(one)
    assert world.at(one, "qa").status is Status.TERMINATED
    assert world.at(one, "qa").landed is landed
    assert world.attempts == []
    assert world.place("qa").landed == ({playbook.MAIN: 1} if landed else {})


def test_a_push_that_cannot_be_checked_is_waited_for_two_minutes() -> None:
    world = playbook.World(git={"qa": ["lost", "down"]})
    one = world.push()
    world.terminate(one)
    assert world.tell(one) == (
        "terminating: dev succeeded, qa terminating terminated_by, prod skipped not_reached"
    )
    world.wait(seconds=110)
    assert world[one].status is Status.TERMINATING
    world.wait(seconds=20)
    assert world[one].status is Status.TERMINATED
    assert "could not be checked" in world.at(one, "qa").reason.sentence  # type: ignore[union-attr]


def test_workers_that_were_away_still_ask_once_before_they_give_up() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "down"]})
    one = world.push()
    world.terminate(one)
    world.now += timedelta(seconds=100)
    world.git = {}
    world.run()
    assert world.at(one, "qa").landed


def test_what_could_not_be_checked_is_found_by_a_retry() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "down"]})
    one = world.push()
    world.terminate(one)
    world.wait(minutes=3)
    assert world[one].status is Status.TERMINATED
    world.heal()
    world.retry(one)
    assert world.tell(one) == "succeeded: dev succeeded, qa succeeded, prod succeeded"
    assert world.written("qa") == [one]


def test_a_policy_that_writes_nothing_any_more_waits_until_it_is_found_what_arrived() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "down"]})
    one = world.push()
    world.terminate(one)
    world.wait(minutes=3)
    world.settings = PolicySettings(action=PromotionAction.NONE, pre_action="check")
    world.heal()
    world.retry(one)
    assert world.at(one, "qa").landed
    assert world.at(one, "prod").settings.action is PromotionAction.NONE
    assert world.attempts == []


def test_a_late_push_never_lands_over_a_newer_release() -> None:
    world = playbook.World(git={"qa": ["lost", "down"]})
    one = world.push()
    late = world.attempts[0]
    world.terminate(one)
    world.wait(minutes=3)
    world.heal()
    two = world.push()
    world.arrive_late(late)
    assert world.written("qa") == [two]
    world.retry(one)
    assert world.at(one, "qa").status is Status.SUPERSEDED


def test_a_release_stopped_between_two_environments_can_be_retried() -> None:
    world = playbook.World()
    one = world.push(look=False)
    while world.at(one, "dev").status is not Status.SUCCEEDED:
        world.look(one, 1)
    world.terminate(one)
    assert world.tell(one) == (
        "terminated: dev succeeded, qa skipped not_reached, prod skipped not_reached"
    )
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED


def test_a_retry_of_one_environment_also_frees_what_is_behind_it() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.terminate(one)
    world.heal()
    world.retry(one, "qa")
    assert world.tell(one) == "succeeded: dev succeeded, qa succeeded, prod succeeded"


# --- the clock -----------------------------------------------------------------------------------
def test_a_flow_that_takes_too_long_is_stopped() -> None:
    world = playbook.World(deployments={"qa": SUSPENDED}, timeout=timedelta(hours=2))
    one = world.push()
    world.wait(minutes=119)
    assert world[one].status is Status.SUSPENDED
    world.wait(minutes=2)
    assert (
        world.tell(one)
        == "terminated: dev succeeded, qa terminated timed_out, prod skipped not_reached"
    )


def test_an_outage_ends_with_the_flows_time() -> None:
    world = playbook.World(git={"qa": ["down"]}, timeout=timedelta(minutes=20))
    one = world.push()
    world.wait(minutes=21)
    assert world.at(one, "qa").reason.code is Code.TIMED_OUT  # type: ignore[union-attr]


def test_the_clock_stands_while_a_lock_holds_the_release() -> None:
    world = playbook.World(timeout=timedelta(hours=2))
    world.lock("qa")
    one = world.push()
    world.wait(hours=5)
    assert world[one].status is Status.SUSPENDED
    assert world[one].clock == Clock(timedelta(hours=2))
    world.unlock("qa")
    assert world[one].status is Status.SUCCEEDED


def test_a_busy_environment_stops_the_clock() -> None:
    world = playbook.World(timeout=timedelta(minutes=8), deployments={"qa": PROGRESSING})
    world.revise(deployed=False)
    two = world.push()
    assert world[two].clock.running_since is None  # type: ignore[union-attr]
    world.wait(minutes=7)
    assert world[two].clock.left == timedelta(minutes=8)  # type: ignore[union-attr]
    world.heal()
    world.wait(seconds=10)
    assert world[two].status is Status.SUCCEEDED


def test_a_queued_release_has_all_its_time_before_it() -> None:
    world = playbook.World(
        concurrency=Concurrency.QUEUE,
        timeout=timedelta(minutes=8),
        deployments={"qa": PROGRESSING},
    )
    world.push()
    two = world.push()
    world.wait(minutes=7)
    assert world[two].clock == Clock(timedelta(minutes=8))


def test_a_decision_of_a_person_counts_as_the_flows_time() -> None:
    world = playbook.World(
        settings=PolicySettings(on_drift=OnDrift.HOLD), timeout=timedelta(hours=2)
    )
    world.change_by_hand("qa")
    one = world.push()
    world.wait(hours=3)
    assert world[one].status is Status.TERMINATED


def test_each_attempt_starts_the_clock_anew_even_beside_a_running_sibling() -> None:
    world = playbook.World(
        steps=playbook.DIAMOND,
        timeout=timedelta(hours=2),
        deployments={"perf": SUSPENDED},
        git={"qa": ["refuse", "ok"]},
    )
    one = world.push()
    world.wait(minutes=90)
    world.retry(one, "qa")
    world.wait(minutes=90)
    assert world[one].status is Status.SUSPENDED
    world.wait(minutes=40)
    assert world[one].status is Status.TERMINATED


def test_a_stopped_release_says_so_once() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.terminate(one)
    world.wait(hours=1)
    assert world.happened(one, events.ReleaseStopped) == 1
    assert world.happened(one, events.ReleaseEnded) == 1
