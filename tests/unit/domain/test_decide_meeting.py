"""Releases of one product that meet: bursts, overtaking, queues, rollbacks, locks, turns."""

from datetime import timedelta

import pytest

import playbook
from towpath.domain import events, evolution, facts, meeting, wishes
from towpath.domain.catalog import Concurrency
from towpath.domain.reasons import Code
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
STUCK = (Status.SUSPENDED, Status.RUNNING)


def test_of_a_burst_the_newest_goes_next_and_carries_the_others() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one, two, three = world.push(), world.push(), world.push()
    assert world.tell(one) == "running: dev succeeded, qa running health_progressing, prod waiting"
    assert world.tell(two) == "pending: dev succeeded, qa pending environment_busy, prod waiting"
    assert world.tell(three) == "pending: dev succeeded, qa pending environment_busy, prod waiting"
    world.heal()
    world.wait(seconds=10)
    assert world[one].status is Status.SUCCEEDED
    assert world.tell(two) == (
        "superseded: dev succeeded, qa superseded superseded_by, prod skipped not_reached"
    )
    assert world[three].status is Status.SUCCEEDED
    assert world.written("qa") == [one, three]


def test_releases_of_a_line_flow_side_by_side_in_different_environments() -> None:
    world = playbook.World(deployments={"prod": PROGRESSING})
    one = world.push()
    world.deployments["qa"] = PROGRESSING
    two = world.push()
    assert world.tell(one) == (
        "running: dev succeeded, qa succeeded, prod running health_progressing"
    )
    assert world.tell(two) == "running: dev succeeded, qa running health_progressing, prod waiting"


def test_a_failed_release_waits_for_a_retry_until_a_newer_one_lands_behind_it() -> None:
    world = playbook.World(deployments={"qa": (Status.SUCCEEDED, Status.FAILED)})
    one = world.push()
    assert world.tell(one) == "failed: dev succeeded, qa failed health_progressing, prod waiting"
    world.heal()
    two = world.push()
    assert world[two].status is Status.SUCCEEDED
    assert world.tell(one) == (
        "failed: dev succeeded, qa failed health_progressing, prod superseded superseded_by"
    )
    assert not world[one].open


def test_a_release_overtaken_before_it_landed_is_superseded_by_the_newer() -> None:
    world = playbook.World()
    world.lock("qa")
    one, two = world.push(), world.push()
    world.unlock("qa")
    assert world.written("qa") == [two]
    assert world.at(one, "qa").status is Status.SUPERSEDED
    assert world.at(one, "qa").reason.data == {"release": two}  # type: ignore[union-attr]


def test_after_an_unlock_the_newest_goes_whoever_is_looked_at_first() -> None:
    world = playbook.World()
    world.lock("qa")
    one, two = world.push(), world.push()
    world.unlock("qa", look=False)
    world.look(one)
    assert world.tell(one) == "pending: dev succeeded, qa pending environment_busy, prod waiting"
    world.run()
    assert world.written("qa") == [two]
    assert world.at(one, "qa").status is Status.SUPERSEDED


def test_who_failed_after_landing_is_superseded_when_retried_over_a_newer_one() -> None:
    world = playbook.World(deployments={"qa": (Status.SUCCEEDED, Status.FAILED)})
    one = world.push()
    world.heal()
    two = world.push()
    world.retry(one)
    assert world.tell(one) == (
        "superseded: dev succeeded, qa superseded superseded_by, prod superseded superseded_by"
    )
    assert world.written("qa") == [one, two]


def test_a_person_may_retry_the_older_while_the_newer_has_not_landed() -> None:
    world = playbook.World(git={"qa": ["refuse"]})
    one, two = world.push(), world.push()
    world.heal()
    world.retry(one)
    assert world.written("qa") == [one]
    world.retry(two)
    assert world.written("qa") == [one, two]
    assert world[two].status is Status.SUCCEEDED


def test_who_is_suspended_after_landing_is_taken_over_and_superseded() -> None:
    world = playbook.World(deployments={"qa": STUCK})
    one = world.push()
    assert world.at(one, "qa").status is Status.SUSPENDED
    two = world.push()
    assert world.place("qa").holder == two
    assert world.at(one, "qa").status is Status.SUPERSEDED
    assert world.written("qa") == [one, two]


def test_who_took_over_and_failed_leaves_nobody_waiting() -> None:
    world = playbook.World(deployments={"qa": STUCK}, git={"qa": ["ok", "refuse"]})
    one, two = world.push(), world.push()
    assert world.at(two, "qa").status is Status.FAILED
    assert world.at(one, "qa").status is Status.SUPERSEDED
    assert world[one].ended
    assert world.place("qa").holder == ""


def test_a_trigger_replaced_before_it_was_healthy_is_superseded() -> None:
    world = playbook.World(deployments={"dev": PROGRESSING})
    one, two = world.push(), world.push()
    world.wait(seconds=5)
    assert world.tell(one) == (
        "superseded: dev superseded superseded_by, qa skipped not_reached, prod skipped not_reached"
    )
    assert world.at(two, "dev").status is Status.RUNNING


def test_a_trigger_overwritten_waits_a_moment_for_the_release_of_that_head() -> None:
    world = playbook.World(deployments={"dev": PROGRESSING})
    one = world.push()
    world.change_by_hand("dev")
    world.wait(seconds=30)
    assert world.at(one, "dev").status is Status.RUNNING
    world.wait(minutes=1)
    assert world.tell(one) == "failed: dev failed overwritten, qa waiting, prod waiting"


def test_in_terminate_mode_the_newer_does_not_wait() -> None:
    world = playbook.World(
        steps=playbook.DIAMOND,
        concurrency=Concurrency.TERMINATE,
        deployments={"qa": PROGRESSING},
    )
    one, two = world.push(), world.push()
    assert world.tell(one) == (
        "terminated: dev succeeded, qa terminated terminated_by, perf succeeded, "
        "prod skipped not_reached"
    )
    assert world.place("qa").holder == two
    three = world.push()
    assert world.at(two, "qa").status is Status.TERMINATED
    world.heal()
    world.wait(seconds=10)
    assert world[three].status is Status.SUCCEEDED
    assert world.written("qa") == [one, two, three]


# --- queue ---------------------------------------------------------------------------------------
def test_in_queue_mode_one_release_is_out_at_a_time_in_order() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    one, two, three = world.push(), world.push(), world.push()
    assert world[one].status is Status.RUNNING
    assert world[two].course.status is Status.QUEUED
    assert world[three].reason.data == {"release": one, "ahead": 2}  # type: ignore[union-attr]
    world.heal()
    world.wait(seconds=10)
    assert world.written("qa") == [one, two, three]
    assert world.written("prod") == [one, two, three]
    assert all(world[name].status is Status.SUCCEEDED for name in (one, two, three))


@pytest.mark.parametrize("mode", [Concurrency.SUPERSEDE, Concurrency.TERMINATE])
def test_a_product_without_a_queue_any_more_lets_go_who_was_in_it(mode: Concurrency) -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    one, two = world.push(), world.push()
    assert world[two].course.status is Status.QUEUED
    world.concurrency = mode
    world.run()
    assert world[two].course.status is Status.SKIPPED
    world.concurrency = Concurrency.QUEUE
    three = world.push()
    assert world[three].reason.data["release"] in (one, two)  # type: ignore[union-attr]


def test_a_queued_release_is_proven_where_it_lies_before_the_next_replaces_it() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    world.push()
    two = world.push()
    assert world.at(two, "dev").proven
    world.push()
    world.heal()
    world.wait(seconds=10)
    assert world.at(two, "dev").status is Status.SUCCEEDED


def test_a_failed_release_lets_the_queue_go_on_and_goes_to_its_head_when_retried() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, git={"qa": ["refuse", "ok"]})
    one = world.push()
    assert world[one].status is Status.FAILED
    world.deployments["qa"] = PROGRESSING
    two, three, four = world.push(), world.push(), world.push()
    assert world[two].status is Status.RUNNING
    world.retry(one)
    assert world[one].course.status is Status.QUEUED
    assert (world[one].queue_position or 0) < min(
        world[name].queue_position or 0 for name in (three, four)
    )
    world.heal()
    world.wait(seconds=30)
    assert world.tell(one).startswith("superseded")
    assert world.written("qa") == [two, three, four]


def test_a_release_retried_twice_still_takes_part_in_the_queue() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, git={"qa": ["refuse"]})
    one = world.push()
    for _ in range(3):
        world.retry(one, look=False)
        assert world[one].course.status is Status.QUEUED
        world.run()
        assert world.at(one, "qa").status is Status.FAILED


def test_a_full_queue_gives_its_oldest_to_the_next_of_its_line() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    world.push()
    queued = [world.push(look=n == 0) for n in range(meeting.QUEUE_LIMIT)]
    world.run()
    assert {world[name].course.status for name in queued} == {Status.QUEUED}
    world.push()
    assert world.tell(queued[0]).startswith("superseded: dev succeeded, qa superseded")
    assert world.at(queued[0], "qa").reason.data == {"release": queued[1]}  # type: ignore[union-attr]
    assert world[queued[1]].course.status is Status.QUEUED


def test_a_full_queue_never_gives_a_release_to_one_of_another_line() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    world.push()
    odd = world.revise(deployed=False, look=False)
    queued = [world.push(look=False) for _ in range(meeting.QUEUE_LIMIT)]
    world.run()
    assert world[odd].course.status is Status.QUEUED
    assert world[queued[0]].status is Status.SUPERSEDED


def test_a_rollback_and_a_manual_release_do_not_queue() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE)
    one, _ = world.push(), world.push()
    world.deployments["qa"] = PROGRESSING
    world.push()
    by_hand = world.promote("dev", "prod")
    back = world.roll_back("prod", one, lock=False)
    assert world[by_hand].status is Status.SUCCEEDED
    assert world[back].status is Status.SUCCEEDED


# --- rollback and locks --------------------------------------------------------------------------
def test_a_rollback_ends_what_is_in_progress_there_and_locks() -> None:
    world = playbook.World()
    one = world.push()
    world.deployments["prod"] = PROGRESSING
    two = world.push()
    back = world.roll_back("prod", one)
    assert (
        world.tell(two) == "terminated: dev succeeded, qa succeeded, prod terminated terminated_by"
    )
    assert world.branch("prod").version == "v1"
    world.deployments.clear()
    world.wait(seconds=10)
    assert world[back].status is Status.SUCCEEDED
    three = world.push()
    assert world.tell(three) == (
        "suspended: dev succeeded, qa succeeded, prod suspended environment_locked"
    )
    world.unlock("prod")
    assert world[three].status is Status.SUCCEEDED
    assert world.written("prod") == [one, two, back, three]


def test_the_lock_of_a_rollback_does_not_hold_a_further_rollback() -> None:
    world = playbook.World()
    one, two, _ = world.push(), world.push(), world.push()
    world.roll_back("prod", two)
    back = world.roll_back("prod", one)
    assert world[back].status is Status.SUCCEEDED
    assert world.branch("prod").version == "v1"


def test_a_further_rollback_ends_the_one_in_progress() -> None:
    world = playbook.World()
    one, two, _ = world.push(), world.push(), world.push()
    world.deployments["prod"] = PROGRESSING
    first, second = world.roll_back("prod", two), world.roll_back("prod", one)
    assert world[first].status is Status.TERMINATED
    assert world.place("prod").holder == second


def test_a_rollback_without_lock_leaves_the_environment_open() -> None:
    world = playbook.World()
    one, two = world.push(), world.push()
    back = world.roll_back("prod", one, lock=False)
    three = world.push()
    assert world.written("prod") == [one, two, back, three]


def test_a_persons_lock_holds_a_rollback_too() -> None:
    world = playbook.World()
    one, _ = world.push(), world.push()
    world.lock("prod")
    back = world.roll_back("prod", one)
    assert world.tell(back) == "suspended: prod suspended environment_locked"
    world.unlock("prod")
    assert world[back].status is Status.SUCCEEDED


def test_what_a_rollback_ended_is_written_again_by_a_retry_once_unlocked() -> None:
    world = playbook.World()
    one = world.push()
    world.deployments["prod"] = PROGRESSING
    two = world.push()
    back = world.roll_back("prod", one)
    world.deployments.clear()
    world.wait(seconds=10)
    world.retry(two)
    assert world.at(two, "prod").status is Status.SUSPENDED
    world.unlock("prod")
    assert world[two].status is Status.SUCCEEDED
    assert world.written("prod") == [one, two, back, two]


def test_a_rollback_waits_two_minutes_at_most_for_a_push_that_cannot_be_checked() -> None:
    world = playbook.World()
    one = world.push()
    world.git["prod"] = ["lost", "down"]
    two = world.push()
    back = world.roll_back("prod", one)
    world.wait(minutes=1)
    assert (
        world.tell(two)
        == "terminating: dev succeeded, qa succeeded, prod terminating terminated_by"
    )
    world.wait(minutes=2)
    assert world.at(two, "prod").status is Status.TERMINATED
    assert world.at(two, "prod").reason.data["may_still_arrive"]  # type: ignore[union-attr]
    assert world.place("prod").holder == back


def test_a_lock_without_end_suspends_and_one_with_an_end_is_pending_until_then() -> None:
    world = playbook.World()
    world.lock("qa", minutes=30)
    one = world.push()
    assert world.tell(one) == "pending: dev succeeded, qa pending environment_locked, prod waiting"
    world.lock("qa", product="")
    assert world.at(one, "qa").status is Status.SUSPENDED
    world.unlock("qa", product="")
    assert world.at(one, "qa").status is Status.PENDING
    world.wait(minutes=31)
    assert world[one].status is Status.SUCCEEDED


def test_a_lock_is_asked_again_before_each_push() -> None:
    world = playbook.World(git={"qa": ["down", "ok"]})
    one = world.push()
    world.lock("qa")
    world.wait(minutes=5)
    assert (
        world.tell(one) == "suspended: dev succeeded, qa suspended environment_locked, prod waiting"
    )
    assert world.written("qa") == []
    world.unlock("qa")
    assert world[one].status is Status.SUCCEEDED


def test_a_lock_put_on_during_the_write_keeps_the_push_back() -> None:
    world = playbook.World(repositories=("deploy", "other"), git={"qa": ["ok"]})
    world.meanwhile = lambda: world.lock("qa")
    one = world.push()
    assert (
        world.tell(one) == "suspended: dev succeeded, qa suspended environment_locked, prod waiting"
    )
    assert [repo for _, env, repo in world.pushes if env == "qa"] == ["deploy"]
    world.unlock("qa")
    assert world[one].status is Status.SUCCEEDED
    assert [repo for _, env, repo in world.pushes if env == "qa"] == ["deploy", "other"]


# --- turns ---------------------------------------------------------------------------------------
def test_releases_of_no_line_take_turns_in_the_order_they_came() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    revised = world.revise(deployed=False)
    world.wait(seconds=5)
    two = world.push()
    assert world.at(two, "qa").status is Status.PENDING
    world.heal()
    world.wait(seconds=20)
    assert world.written("qa") == [one, revised, two]
    assert world[revised].status is Status.SUCCEEDED


def test_a_revision_that_is_not_deployed_shows_its_trigger_and_writes_the_rest() -> None:
    world = playbook.World()
    world.push()
    revised = world.revise(deployed=False)
    assert world.tell(revised) == "succeeded: qa succeeded, prod succeeded"
    assert world.written("dev") == ["checkout-1"]


def test_a_revision_that_is_deployed_is_proven_in_its_trigger_environment_again() -> None:
    world = playbook.World()
    world.push()
    revised = world.revise(deployed=True)
    assert world.tell(revised) == "succeeded: dev succeeded, qa succeeded, prod succeeded"
    assert world.written("qa") == ["checkout-1"]


def test_a_manual_release_carries_what_is_in_its_source_and_supersedes_nobody() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    by_hand = world.promote("dev", "prod")
    assert world.tell(by_hand) == "succeeded: prod succeeded"
    world.heal()
    world.wait(seconds=10)
    assert world.tell(one) == "succeeded: dev succeeded, qa succeeded, prod succeeded"
    assert world.written("prod") == [by_hand]


def test_who_waits_says_for_whom() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one, two = world.push(), world.push()
    reason = world.at(two, "qa").reason
    assert reason is not None
    assert reason.code is Code.ENVIRONMENT_BUSY
    assert reason.data == {"release": one}
    assert reason.since == playbook.START


def test_waiting_does_not_repeat_itself_in_the_timeline() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    world.push()
    two = world.push()
    world.wait(minutes=5)
    assert world.happened(two, events.PromotionHeld) == 1
    assert world.now - playbook.START == timedelta(minutes=5)


def test_a_rollback_goes_before_who_waited_longer() -> None:
    world = playbook.World()
    one, two, _ = world.push(), world.push(), world.push()
    world.deployments["prod"] = PROGRESSING
    first = world.roll_back("prod", two, lock=False)
    by_hand = world.promote("dev", "prod")
    world.wait(seconds=5)
    second = world.roll_back("prod", one, lock=False)
    assert world.place("prod").holder == second
    assert world.at(first, "prod").status is Status.TERMINATED
    world.heal()
    world.wait(seconds=10)
    assert world.written("prod")[-3:] == [first, second, by_hand]


def test_who_is_being_stopped_is_due_nowhere() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    world.push()
    two = world.push()
    assert list(facts.due(world[two])) == ["qa"]
    asked = wishes.terminate(world[two], "ann")
    assert facts.due(evolution.evolve(world[two], asked, world.now)) == {}


def test_who_writes_after_a_lock_cannot_be_taken_over_any_more() -> None:
    world = playbook.World(git={"qa": ["down", "ok"]})
    one = world.push()
    world.lock("qa")
    assert world.place("qa").yields
    seen = []
    world.meanwhile = lambda: seen.append(world.place("qa").yields)
    world.unlock("qa")
    assert seen == [False]
    assert world.written("qa") == [one]
