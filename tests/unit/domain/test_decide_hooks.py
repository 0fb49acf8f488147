"""Hooks: what goes before a release or promotion, and who is told how it ended."""

import pytest

import playbook
from towpath.domain import events
from towpath.domain.catalog import Concurrency, FlowStep, Hooks, PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Told
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose

ALL = Hooks("start", "good", "bad")
OF_QA = (FlowStep("qa", ("dev",), hooks=ALL), FlowStep("prod", ("qa",)))
DEGRADED = (Status.SUCCEEDED, Status.FAILED)


def told(which: tuple[Told, ...]) -> dict[str, str]:
    return {each.purpose.value: each.status.value for each in which}


# --- before ----------------------------------------------------------------------------------
def test_nothing_of_a_release_begins_before_its_start_hook_is_done() -> None:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["running"]})
    one = world.push()
    assert world.ran("start") == ["#1"]
    assert world.tell(one) == "running: dev waiting, qa waiting, prod waiting"
    assert not world[one].ended
    world.come("start", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED


@pytest.mark.parametrize("end", [Status.FAILED, Status.ERROR])
def test_a_release_whose_start_hook_fails_has_failed_and_can_be_retried(end: Status) -> None:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": [end.value, "succeeded"]})
    one = world.push()
    assert world.tell(one) == f"{end}: dev waiting, qa waiting, prod waiting"
    assert world[one].ended
    assert world[one].reason.code is Code.HOOK_FAILED  # type: ignore[union-attr]
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("start") == ["#1", "#2"]


def test_a_start_hook_that_is_not_there_is_an_error() -> None:
    gone = Reason(Code.STEP_ERROR, "there is no workflow start")
    world = playbook.World(hooks=Hooks("start"), unrunnable={"start": gone})
    one = world.push()
    assert world.tell(one) == "error: dev waiting, qa waiting, prod waiting"
    assert world.runs == {}


def test_a_release_is_terminated_while_its_start_hook_runs() -> None:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["running"]}, deaf=True)
    one = world.push()
    world.terminate(one)
    assert world[one].status is Status.TERMINATING
    world.wait(minutes=3)
    assert world[one].status is Status.TERMINATED
    assert "may still run" in world[one].on_start.reason.sentence  # type: ignore[union-attr]
    world.deaf = False
    world.retry(one)
    world.come("start", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED


def test_a_queued_release_starts_its_hook_when_it_is_its_turn() -> None:
    world = playbook.World(
        hooks=Hooks("start"), concurrency=Concurrency.QUEUE, workflows={"start": ["running"]}
    )
    first, second = world.push(), world.push()
    assert [run.place.release for run in world.runs.values()] == [first]
    world.come("start", Status.SUCCEEDED)
    world.run()
    world.come("start", Status.SUCCEEDED)
    world.run()
    assert world[second].status is Status.SUCCEEDED


def test_what_lies_in_the_trigger_environment_is_proven_while_the_start_hook_runs() -> None:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["running", "succeeded"]})
    one = world.push()
    world.push()
    world.come("start", Status.SUCCEEDED)
    world.run()
    assert world.at(one, "dev").status is Status.SUCCEEDED


def test_a_release_that_was_pushed_out_of_the_queue_runs_no_hook_of_its_start() -> None:
    world = playbook.World(
        hooks=ALL, concurrency=Concurrency.QUEUE, workflows={"start": ["running"]}
    )
    for _ in range(53):
        world.push()
    out = next(each for each in world.releases.values() if each.status is Status.SUPERSEDED)
    assert out.ended
    assert out.on_start is not None
    assert out.on_start.status is Status.SKIPPED


def test_an_environments_start_hook_that_fails_stops_that_environment() -> None:
    world = playbook.World(steps=OF_QA, workflows={"start": ["failed", "succeeded"]})
    one = world.push()
    assert world.tell(one) == "failed: dev succeeded, qa failed hook_failed, prod waiting"
    assert world.written("qa") == []
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED


# --- at the end ------------------------------------------------------------------------------
def test_success_is_told_once_to_the_hook_of_success() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL)
    one = world.push()
    world.wait(minutes=5)
    assert world.ran("good") == ["qa#1", "#1"]
    assert world.ran("bad") == []
    both = {"on_success": "succeeded", "on_fail": "skipped"}
    assert told(world.at(one, "qa").told) == told(world[one].told) == both


def test_failure_is_told_once_for_each_attempt() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, deployments={"qa": DEGRADED})
    one = world.push()
    assert world.ran("bad") == ["qa#1", "#1"]
    assert told(world[one].told) == {"on_success": "skipped", "on_fail": "succeeded"}
    world.retry(one)
    assert world.ran("bad") == ["qa#1", "#1", "qa#2", "#2"]
    world.heal()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("good") == ["qa#3", "#3"]


def test_who_is_terminated_is_told_as_a_failure() -> None:
    world = playbook.World(
        steps=(FlowStep("qa", ("dev",), PolicySettings(pre_action="check"), ALL),),
        hooks=ALL,
        workflows={"check": ["running"]},
    )
    one = world.push()
    world.terminate(one)
    assert world.ran("bad") == ["qa#1", "#1"]
    assert told(world.at(one, "qa").told)["on_success"] == "skipped"


def test_neither_hook_is_told_of_what_is_superseded_or_skipped() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, deployments={"dev": (Status.RUNNING,) * 2})
    one = world.push()
    world.push()
    del world.deployments["dev"]
    world.wait(minutes=1)
    neither = {"on_success": "skipped", "on_fail": "skipped"}
    assert world[one].status is Status.SUPERSEDED
    assert told(world[one].told) == neither
    locked = playbook.World(steps=OF_QA)
    locked.lock("qa")
    two = locked.push()
    locked.terminate(two)
    assert told(locked.at(two, "qa").told) == {"on_success": "skipped", "on_fail": "succeeded"}


def test_a_hook_that_is_told_and_fails_is_a_warning_and_changes_no_status() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, workflows={"good": ["failed"]})
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert world[one].ended
    assert told(world.at(one, "qa").told)["on_success"] == "failed"
    assert world.at(one, "qa").warnings[0].code is Code.HOOK_FAILED
    assert world[one].warnings[0].sentence == "success hook good failed: step check failed"
    assert world.happened(one, events.WarningRaised) == 2


def test_a_hook_that_cannot_be_run_is_told_of_as_an_error_and_loses_no_result() -> None:
    gone = Reason(Code.STEP_ERROR, "there is no workflow good")
    world = playbook.World(hooks=ALL, unrunnable={"good": gone})
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert told(world[one].told)["on_success"] == "error"
    assert world[one].warnings[0].sentence == "there is no workflow good"


def test_what_comes_after_goes_on_while_a_hook_is_told() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, workflows={"good": ["running"]})
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert world[one].ended
    assert world[one].open
    world.come("good", Status.FAILED)
    world.run()
    assert not world[one].open
    assert len(world[one].warnings) == len(world.at(one, "qa").warnings) == 1


def test_a_hook_of_an_earlier_attempt_is_followed_to_its_end() -> None:
    world = playbook.World(
        steps=OF_QA, workflows={"bad": ["running"]}, deployments={"qa": DEGRADED}
    )
    one = world.push()
    world.deployments = {}
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    world.come("bad", Status.FAILED)
    world.run()
    told_of = {(each.purpose, each.attempt): each.status for each in world.at(one, "qa").told}
    assert told_of[Purpose.ON_FAIL, 1] is Status.FAILED
    assert told_of[Purpose.ON_FAIL, 2] is Status.SKIPPED
    assert world.at(one, "qa").warnings[0].code is Code.HOOK_FAILED


def test_who_retries_before_the_hooks_were_told_does_not_keep_the_failure_from_them() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, git={"qa": ["refuse", "ok"]})
    one = world.push(look=False)
    while not world.at(one, "qa").over:
        world.look(one, 1)
    assert world.ran("bad") == []
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert sorted(world.ran("bad")) == ["#1", "qa#1"]
    assert sorted(world.ran("good")) == ["#2", "qa#2"]


def test_what_failed_and_is_skipped_before_the_hooks_were_told_is_told_as_failed() -> None:
    world = playbook.World(steps=OF_QA, hooks=ALL, git={"qa": ["refuse"]})
    one = world.push(look=False)
    while not world.at(one, "qa").over:
        world.look(one, 1)
    world.skip(one, "qa")
    assert sorted(world.ran("bad")) == ["#1", "qa#1"]
    assert world.ran("good") == ["#2"]


# --- the context -----------------------------------------------------------------------------
CHECKED = (FlowStep("qa", ("dev",), PolicySettings(pre_action="check", post_action="smoke")),)


def test_what_runs_put_out_is_merged_into_the_context_and_later_keys_override() -> None:
    world = playbook.World(
        steps=CHECKED,
        outputs={
            "check": {"PROMOTION_CONTEXT": '{"ticket": "A-1", "by": "check"}'},
            "smoke": {"PROMOTION_CONTEXT": '{"by": "smoke"}'},
        },
    )
    one = world.push()
    assert world[one].context == {"ticket": "A-1", "by": "smoke"}
    assert world.happened(one, events.ContextChanged) == 2


@pytest.mark.parametrize("said", ["no json", "[1]", '"text"', '{"n": NaN}', ""])
def test_a_context_that_is_no_object_is_a_warning_that_says_so(said: str) -> None:
    world = playbook.World(steps=CHECKED, outputs={"check": {"PROMOTION_CONTEXT": said}})
    one = world.push()
    assert world[one].status is Status.SUCCEEDED
    assert world[one].context == {}
    (warning,) = world.at(one, "qa").warnings
    assert warning.code is Code.CONTEXT_INVALID
    assert "check for api-qa put out a PROMOTION_CONTEXT that is no JSON object" in warning.sentence
    world.wait(minutes=5)
    assert world.happened(one, events.WarningRaised) == 1
