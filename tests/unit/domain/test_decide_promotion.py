"""One release on its way: gates, write, sync, health, and what can go wrong at each."""

from dataclasses import replace

import pytest

import playbook
from towpath.domain import catalog, events
from towpath.domain.catalog import OnDrift, PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName
from towpath.domain.status import Status

SYNCING = (Status.RUNNING, Status.RUNNING)
PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
DEGRADED = (Status.SUCCEEDED, Status.FAILED)
SYNC_FAILED = (Status.FAILED, Status.RUNNING)


def test_a_release_goes_along_a_diamond_and_writes_each_environment_once() -> None:
    world = playbook.World(steps=playbook.DIAMOND)
    one = world.push()
    assert world.tell(one) == (
        "succeeded: dev succeeded, qa succeeded, perf succeeded, prod succeeded"
    )
    assert [env for name, env, _ in world.pushes if name == one] == ["dev", "qa", "perf", "prod"]
    assert world[one].ended
    assert not world[one].open


def test_what_joins_two_environments_waits_for_both() -> None:
    world = playbook.World(steps=playbook.DIAMOND, deployments={"perf": PROGRESSING})
    one = world.push()
    assert world.tell(one) == (
        "running: dev succeeded, qa succeeded, perf running health_progressing, prod waiting"
    )
    assert world[one].why(world.at(one, "prod")).sentence == "waits for perf"  # type: ignore[union-attr]
    world.heal()
    assert world[one].status is Status.SUCCEEDED


def test_a_failed_environment_shows_at_once_while_its_sibling_goes_on() -> None:
    world = playbook.World(
        steps=playbook.DIAMOND, deployments={"qa": DEGRADED, "perf": PROGRESSING}
    )
    one = world.push()
    assert world[one].status is Status.FAILED
    assert not world[one].ended
    del world.deployments["perf"]
    world.wait(seconds=10)
    assert world.tell(one) == (
        "failed: dev succeeded, qa failed health_progressing, perf succeeded, prod waiting"
    )
    assert world[one].ended
    assert world[one].open


def test_the_trigger_environment_is_proven_before_anything_is_written() -> None:
    world = playbook.World(deployments={"dev": SYNCING})
    one = world.push()
    assert world.tell(one) == "running: dev running sync_pending, qa waiting, prod waiting"
    world.deployments["dev"] = PROGRESSING
    world.wait(seconds=5)
    assert world.at(one, "dev").current.name is PhaseName.HEALTH  # type: ignore[union-attr]
    assert world.written("qa") == []


def test_content_that_is_there_already_is_no_change_and_goes_on_to_sync() -> None:
    world = playbook.World()
    world.branch("qa").version = "v1"
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == []
    action = world.at(one, "qa").phase(PhaseName.ACTION)
    assert action is not None
    assert action.reason is not None
    assert action.reason.code is Code.NO_CHANGE


@pytest.mark.parametrize("phase", ["gates", "action", "sync", "health"])
def test_a_retry_goes_on_and_writes_nothing_twice(phase: str) -> None:
    world = playbook.World()
    gone = Reason(Code.APPLICATION_MISSING, "no application in qa")
    match phase:
        case "gates":
            world.missing["qa"] = gone
        case "action":
            world.git["qa"] = ["refuse"]
        case "sync":
            world.deployments["qa"] = SYNC_FAILED
        case "health":
            world.deployments["qa"] = DEGRADED
    one = world.push()
    assert world.at(one, "qa").status in (Status.FAILED, Status.ERROR)
    failed = next(p.name for p in world.at(one, "qa").phases if p.status is not Status.SUCCEEDED)
    assert failed == phase
    world.heal()
    world.retry(one)
    assert world.tell(one) == "succeeded: dev succeeded, qa succeeded, prod succeeded"
    assert world.at(one, "qa").attempt == 2
    assert world.written("qa") == [one]
    assert world.happened(one, events.CommitLanded, "qa") == 1


def test_a_retry_writes_again_what_is_no_longer_in_place() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.change_by_hand("qa")
    world.wait(seconds=10)
    assert world.tell(one) == "failed: dev succeeded, qa failed overwritten, prod waiting"
    world.heal()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == [one, one]


def test_a_refused_push_fails_without_a_budget_and_says_what_refused() -> None:
    world = playbook.World(git={"qa": ["refuse"]})
    one = world.push()
    assert world.tell(one) == "failed: dev succeeded, qa failed push_rejected, prod waiting"
    assert world.place("qa").holder == ""


def test_a_refused_push_is_tried_again_while_the_budget_lasts() -> None:
    world = playbook.World(
        settings=playbook.with_retries(2), git={"qa": ["refuse", "refuse", "ok"]}
    )
    one = world.push()
    assert world.tell(one) == "running: dev succeeded, qa running push_rejected, prod waiting"
    world.wait(minutes=1)
    assert world[one].status is Status.SUCCEEDED


def test_retries_used_up_are_an_error_that_names_the_last_refusal() -> None:
    world = playbook.World(settings=playbook.with_retries(2), git={"qa": ["refuse"]})
    one = world.push()
    world.wait(minutes=1)
    assert world.tell(one) == "error: dev succeeded, qa error retries_exhausted, prod waiting"
    reason = world.at(one, "qa").reason
    assert reason is not None
    assert reason.data["last"] == Code.PUSH_REJECTED.value
    assert "tried 3 times" in reason.sentence


def test_a_change_that_cannot_be_made_is_an_error_and_not_tried_again() -> None:
    world = playbook.World(settings=playbook.with_retries(2), git={"qa": ["refuse value"]})
    one = world.push()
    assert world.tell(one) == "error: dev succeeded, qa error value_missing, prod waiting"


def test_an_outage_never_uses_up_the_budget() -> None:
    world = playbook.World(git={"qa": ["down"]})
    one = world.push()
    world.wait(minutes=30)
    assert world.tell(one) == "running: dev succeeded, qa running git_unreachable, prod waiting"
    assert world.at(one, "qa").current.tries > 3  # type: ignore[union-attr]
    world.git = {}
    world.wait(minutes=2)
    assert world[one].status is Status.SUCCEEDED


def test_a_push_whose_answer_was_lost_is_found_and_not_repeated() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "ok"]})
    one = world.push()
    world.wait(seconds=5)
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == [one]


@pytest.mark.parametrize("died", ["died before", "died after"])
def test_a_worker_that_died_in_a_push_leaves_one_commit(died: str) -> None:
    world = playbook.World(git={"qa": [died, "ok"]})
    one = world.push()
    world.wait(seconds=15)
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == [one]


def test_what_landed_in_part_names_both_sides_and_a_retry_pushes_the_rest() -> None:
    world = playbook.World(repositories=("deploy", "other"), git={"qa": ["ok", "refuse", "ok"]})
    one = world.push()
    assert world.tell(one) == "failed: dev succeeded, qa failed partly_landed, prod waiting"
    reason = world.at(one, "qa").reason
    assert reason is not None
    assert reason.data["landed"] == ["deploy (main)"]
    assert reason.data["missing"] == ["other (main)"]
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert [repo for name, env, repo in world.pushes if env == "qa"] == ["deploy", "other"]


def test_nobody_fails_while_it_is_not_known_what_arrived() -> None:
    world = playbook.World(
        repositories=("deploy", "other"), git={"qa": ["arrived unheard", "refuse", "ok"]}
    )
    one = world.push()
    assert world.tell(one) == "running: dev succeeded, qa running git_unreachable, prod waiting"
    assert world.place("qa").holder == one
    world.wait(seconds=5)
    assert world[one].status is Status.SUCCEEDED
    assert [repo for name, env, repo in world.pushes if env == "qa"] == ["deploy", "other"]


def test_who_loses_its_applications_finds_out_first_whether_a_push_arrived() -> None:
    world = playbook.World(git={"qa": ["arrived unheard", "down"]})
    one = world.push()
    world.missing["qa"] = Reason(Code.APPLICATION_MISSING, "no application in qa")
    world.wait(seconds=30)
    assert world.at(one, "qa").status is Status.RUNNING
    world.git["qa"] = ["ok"]
    world.wait(seconds=30)
    assert world.tell(one) == "error: dev succeeded, qa error application_missing, prod waiting"
    assert world.at(one, "qa").landed


def test_values_changed_by_hand_are_overwritten_and_named() -> None:
    world = playbook.World()
    world.change_by_hand("qa")
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert world.happened(one, events.DriftFound, "qa") == 1


def test_values_changed_by_hand_hold_the_write_until_a_person_decides() -> None:
    world = playbook.World(settings=PolicySettings(on_drift=OnDrift.HOLD))
    world.change_by_hand("qa")
    one = world.push()
    assert world.tell(one) == (
        "suspended: dev succeeded, qa suspended changed_by_hand, prod waiting"
    )
    assert world.written("qa") == []
    world.wait(hours=1)
    assert world.at(one, "qa").status is Status.SUSPENDED
    world.retry(one, "qa")
    assert world[one].status is Status.SUCCEEDED
    assert world.written("qa") == [one]


def test_a_sync_that_takes_too_long_fails_and_says_what_was_last_seen() -> None:
    world = playbook.World(deployments={"qa": SYNCING})
    one = world.push()
    world.wait(minutes=9)
    assert world.at(one, "qa").status is Status.RUNNING
    world.wait(minutes=2)
    assert world.tell(one) == "failed: dev succeeded, qa failed timed_out, prod waiting"
    assert "last: sync running" in world.at(one, "qa").reason.sentence  # type: ignore[union-attr]


def test_health_has_its_own_timeout_that_begins_with_health() -> None:
    world = playbook.World(deployments={"qa": SYNCING})
    one = world.push()
    world.wait(minutes=9)
    world.deployments["qa"] = PROGRESSING
    world.wait(minutes=9)
    assert world.at(one, "qa").status is Status.RUNNING
    world.wait(minutes=2)
    assert world.at(one, "qa").status is Status.FAILED


@pytest.mark.parametrize("seen", [SYNCING, PROGRESSING])
def test_no_timeout_counts_time_in_which_nothing_could_be_seen(
    seen: tuple[Status, Status],
) -> None:
    world = playbook.World(deployments={"qa": seen})
    one = world.push()
    world.wait(minutes=4)
    world.blind = {"qa"}
    world.wait(minutes=30)
    assert world.tell(one) == "running: dev succeeded, qa running git_unreachable, prod waiting"
    world.blind = set()
    world.wait(minutes=4)
    assert world.at(one, "qa").status is Status.RUNNING
    world.wait(minutes=4)
    assert world.tell(one) == "failed: dev succeeded, qa failed timed_out, prod waiting"


def test_no_timeout_counts_time_in_which_somebody_else_had_to_move() -> None:
    world = playbook.World(deployments={"qa": (Status.SUSPENDED, Status.RUNNING)})
    one = world.push()
    world.wait(hours=2)
    assert world.at(one, "qa").status is Status.SUSPENDED
    world.deployments["qa"] = SYNCING
    world.wait(minutes=5)
    assert world.at(one, "qa").status is Status.RUNNING
    world.wait(minutes=6)
    assert world.at(one, "qa").status is Status.FAILED


def test_a_healthy_environment_that_fell_out_of_sync_is_not_done_and_keeps_its_claim() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    world.deployments["qa"] = (Status.RUNNING, Status.SUCCEEDED)
    world.wait(seconds=10)
    assert world.tell(one) == "running: dev succeeded, qa running sync_pending, prod waiting"
    assert world.place("qa").holder == one
    world.heal()
    world.wait(seconds=10)
    assert world[one].status is Status.SUCCEEDED
    assert world.place("qa").holder == ""


def test_what_this_version_cannot_do_is_an_error_that_names_it() -> None:
    world = playbook.World(settings=PolicySettings(action=catalog.PromotionAction.PULL_REQUEST))
    one = world.push()
    assert world.tell(one) == "error: dev succeeded, qa error unsupported, prod waiting"
    assert "action: pr" in world.at(one, "qa").reason.sentence  # type: ignore[union-attr]
    world.settings = PolicySettings(retries=1)
    world.retry(one)
    assert world.at(one, "qa").status is Status.SUCCEEDED


def test_a_policy_without_action_skips_the_environment_and_lets_the_next_through() -> None:
    none = PolicySettings(action=catalog.PromotionAction.NONE)
    first = replace(playbook.STRAIGHT[0], settings=none)
    world = playbook.World(steps=(first, playbook.STRAIGHT[1]))
    one = world.push()
    assert world.tell(one) == "succeeded: dev succeeded, qa skipped nothing_to_do, prod succeeded"


def test_a_deployer_that_knows_no_application_proves_nothing() -> None:
    world = playbook.World(deployments={"qa": (Status.SKIPPED, Status.SKIPPED)})
    one = world.push()
    assert world.tell(one) == "running: dev succeeded, qa running sync_pending, prod waiting"
    assert world.place("qa").holder == one
