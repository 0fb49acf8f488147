"""Workflows before and after the action: their order, what their ends mean, and what stops them."""

from dataclasses import replace
from datetime import timedelta

import pytest

import playbook
from towpath.domain import decide, events, wishes
from towpath.domain.catalog import Concurrency, FlowStep, Hooks, PolicySettings, PromotionAction
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName
from towpath.domain.status import Status

BOTH = PolicySettings(pre_action="check", post_action="smoke")
PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)


def qa_only(settings: PolicySettings = BOTH, hooks: Hooks | None = None) -> tuple[FlowStep, ...]:
    return (FlowStep("qa", ("dev",), settings, hooks or Hooks()), FlowStep("prod", ("qa",)))


def phases(world: playbook.World, name: str, environment: str) -> list[str]:
    return [phase.name.value for phase in world.at(name, environment).phases]


def sentence(world: playbook.World, name: str, environment: str = "qa") -> str:
    reason = world.at(name, environment).reason
    assert reason is not None
    return reason.sentence


# --- order -----------------------------------------------------------------------------------
def test_the_phases_are_those_that_settings_and_hooks_ask_for() -> None:
    world = playbook.World(
        steps=qa_only(hooks=Hooks(on_start="tell")), settings=PolicySettings(post_action="smoke")
    )
    one = world.push(look=False)
    assert phases(world, one, "dev") == ["sync", "health", "post_action"]
    assert phases(world, one, "qa") == [
        *("gates", "on_start", "pre_action", "action", "sync", "health", "post_action"),
    ]
    assert phases(world, one, "prod") == ["gates", "action", "sync", "health", "post_action"]


def test_every_phase_waits_for_the_one_before() -> None:
    world = playbook.World(
        steps=qa_only(hooks=Hooks(on_start="tell")),
        workflows={name: ["running"] for name in ("tell", "check", "smoke")},
    )
    one = world.push()
    assert (world.ran("tell"), world.ran("check"), world.written("qa")) == (["qa#1"], [], [])
    assert world.place("qa").holder == one
    world.come("tell", Status.SUCCEEDED)
    world.run()
    assert (world.ran("check"), world.written("qa")) == (["qa/api-qa#1"], [])
    world.come("check", Status.SUCCEEDED)
    world.run()
    assert (world.written("qa"), world.ran("smoke")) == ([one], ["qa/api-qa#1"])
    assert world.tell(one) == "running: dev succeeded, qa running workflow_running, prod waiting"
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED


def test_nothing_runs_before_the_gates_are_open() -> None:
    world = playbook.World(steps=qa_only())
    world.lock("qa")
    world.push()
    assert world.ran("check") == []
    world.unlock("qa")
    assert world.ran("check") == ["qa/api-qa#1"]


def test_the_post_action_waits_until_the_environment_is_healthy() -> None:
    world = playbook.World(steps=qa_only(), deployments={"qa": PROGRESSING})
    world.push()
    assert world.ran("smoke") == []
    world.heal()
    world.wait(seconds=10)
    assert world.ran("smoke") == ["qa/api-qa#1"]


def test_the_trigger_environment_runs_its_post_action_when_it_is_healthy() -> None:
    world = playbook.World(
        post_trigger="smoke", deployments={"dev": PROGRESSING}, workflows={"smoke": ["running"]}
    )
    one = world.push()
    assert world.ran("smoke") == []
    del world.deployments["dev"]
    world.wait(seconds=10)
    assert world.tell(one) == "running: dev running workflow_running, qa waiting, prod waiting"
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("smoke") == ["dev/api-dev#1"]


def test_a_failed_post_action_of_the_trigger_environment_is_retried_alone() -> None:
    world = playbook.World(post_trigger="smoke", workflows={"smoke": ["failed", "succeeded"]})
    one = world.push()
    assert world.tell(one) == "failed: dev failed step_failed, qa waiting, prod waiting"
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("smoke") == ["dev/api-dev#1", "dev/api-dev#2"]


def test_a_release_that_was_proven_in_the_queue_runs_its_post_action_once() -> None:
    world = playbook.World(
        concurrency=Concurrency.QUEUE, post_trigger="smoke", workflows={"smoke": ["running"]}
    )
    first, second = world.push(), world.push()
    assert world.ran("smoke") == ["dev/api-dev#1"]
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    assert [world[name].status for name in (first, second)] == [Status.SUCCEEDED] * 2
    assert len(world.ran("smoke")) == 2


def test_without_an_action_only_the_workflows_run() -> None:
    only = PolicySettings(PromotionAction.NONE, pre_action="check", post_action="smoke")
    world = playbook.World(steps=qa_only(only))
    one = world.push()
    assert phases(world, one, "qa") == ["gates", "pre_action", "post_action"]
    assert world.tell(one) == "succeeded: dev succeeded, qa succeeded, prod succeeded"
    assert world.written("qa") == []


# --- one run for each application ------------------------------------------------------------
def test_there_is_one_run_for_each_application_and_the_phase_is_their_aggregate() -> None:
    world = playbook.World(
        steps=qa_only(), applications=("api", "web"), workflows={"check": ["running", "suspended"]}
    )
    one = world.push()
    assert world.ran("check") == ["qa/api-qa#1", "qa/web-qa#1"]
    assert world.tell(one) == (
        "suspended: dev succeeded, qa suspended workflow_suspended, prod waiting"
    )
    world.come("check", Status.PENDING, whom="web-qa")
    world.run()
    assert world.at(one, "qa").status is Status.PENDING
    world.come("check", Status.SUCCEEDED, whom="api-qa")
    world.come("check", Status.RUNNING, whom="web-qa")
    world.run()
    assert world.at(one, "qa").status is Status.RUNNING
    assert sentence(world, one) == "check is running for web-qa (1 of 2 done)"


def test_a_failed_run_shows_at_once_and_the_environment_is_left_when_the_others_ended() -> None:
    world = playbook.World(
        steps=qa_only(), applications=("api", "web"), workflows={"check": ["running"]}
    )
    one = world.push()
    world.come("check", Status.FAILED, whom="api-qa")
    world.run()
    assert world[one].status is Status.FAILED
    assert not world[one].ended
    assert world.place("qa").holder == one
    assert sentence(world, one) == ("check failed for api-qa (1 of 2 done): step check failed")
    with pytest.raises(wishes.Refused, match="have not ended"):
        world.retry(one)
    world.come("check", Status.SUCCEEDED)
    world.run()
    assert world[one].ended
    assert world.place("qa").holder == ""
    assert world.written("qa") == []
    assert world.happened(one, events.PromotionEnded, "qa") == 1


def test_the_reason_names_workflow_application_and_step() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["failed"]})
    one = world.push()
    reason = world.at(one, "qa").reason
    assert reason is not None
    assert reason.code is Code.STEP_FAILED
    named = {key: reason.data[key] for key in ("workflow", "application", "step")}
    assert named == {"workflow": "check", "application": "api-qa", "step": "x"}


def test_an_application_that_comes_while_the_phase_runs_gets_its_run() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]})
    one = world.push()
    world.applications = ("api", "web")
    world.run()
    assert world.ran("check") == ["qa/api-qa#1", "qa/web-qa#1"]
    world.come("check", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED


def test_progress_is_recorded_only_when_something_changes() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]})
    one = world.push()
    reported = world.happened(one, events.PhaseReported, "qa")
    for _ in range(5):
        world.wait(minutes=1)
    assert world.happened(one, events.PhaseReported, "qa") == reported == 1


# --- what cannot be run ----------------------------------------------------------------------
@pytest.mark.parametrize("name", ["tell", "check", "smoke"])
def test_a_workflow_that_cannot_be_run_is_an_error_before_anything_runs(name: str) -> None:
    gone = Reason(Code.STEP_ERROR, f"there is no workflow {name}")
    world = playbook.World(steps=qa_only(hooks=Hooks(on_start="tell")), unrunnable={name: gone})
    one = world.push()
    assert world.tell(one) == "error: dev succeeded, qa error step_error, prod waiting"
    assert world.runs == {}
    assert world.written("qa") == []
    world.heal()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED


def test_a_workflow_that_cannot_be_run_any_more_when_its_turn_comes_is_an_error() -> None:
    world = playbook.World(steps=qa_only(), deployments={"qa": PROGRESSING})
    one = world.push()
    world.unrunnable["smoke"] = Reason(Code.UNSUPPORTED, "smoke.yaml:7: `daemon` is not supported")
    del world.deployments["qa"]
    world.wait(seconds=10)
    assert world.tell(one) == "error: dev succeeded, qa error unsupported, prod waiting"
    assert "smoke.yaml:7" in sentence(world, one)


@pytest.mark.parametrize(
    ("end", "code"),
    [(Status.FAILED, Code.STEP_FAILED), (Status.ERROR, Code.STEP_ERROR)],
)
def test_a_failed_or_erroneous_step_is_told_apart(end: Status, code: Code) -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": [end.value]})
    one = world.push()
    assert world.tell(one) == f"{end}: dev succeeded, qa {end} {code}, prod waiting"


# --- retry -----------------------------------------------------------------------------------
def test_a_retry_runs_only_what_failed() -> None:
    world = playbook.World(
        steps=qa_only(hooks=Hooks(on_start="tell")),
        applications=("api", "web", "jobs"),
        workflows={"check": ["succeeded", "failed", "succeeded"]},
    )
    one = world.push()
    assert world.at(one, "qa").status is Status.FAILED
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("tell") == ["qa#1"]
    assert world.ran("check") == ["qa/api-qa#1", "qa/web-qa#1", "qa/jobs-qa#1", "qa/web-qa#2"]
    assert world.written("qa") == [one]


def test_a_retry_of_a_failed_post_action_neither_writes_nor_checks_again() -> None:
    world = playbook.World(
        steps=qa_only(),
        applications=("api", "web"),
        workflows={"smoke": ["succeeded", "failed", "succeeded"]},
    )
    one = world.push()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("check") == ["qa/api-qa#1", "qa/web-qa#1"]
    assert world.ran("smoke") == ["qa/api-qa#1", "qa/web-qa#1", "qa/web-qa#2"]
    assert world.written("qa") == [one]


def test_a_retry_begins_at_the_gates_when_what_landed_is_no_longer_in_place() -> None:
    world = playbook.World(
        steps=qa_only(),
        applications=("api", "web"),
        workflows={"smoke": ["succeeded", "failed", "succeeded"]},
    )
    one = world.push()
    world.change_by_hand("qa")
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.happened(one, events.ContentGone, "qa") == 1
    assert world.ran("check")[2:] == ["qa/api-qa#2", "qa/web-qa#2"]
    assert world.ran("smoke")[2:] == ["qa/api-qa#2", "qa/web-qa#2"]
    assert world.written("qa") == [one, one]


def test_whether_it_is_in_place_is_asked_until_it_is_answered() -> None:
    world = playbook.World(steps=qa_only(), workflows={"smoke": ["failed", "succeeded"]})
    one = world.push()
    world.change_by_hand("qa")
    world.blind.add("qa")
    world.retry(one)
    assert world.written("qa") == [one]
    world.blind.clear()
    world.wait(minutes=2)
    assert world[one].status is Status.SUCCEEDED
    assert len(world.ran("check")) == 2


def test_a_retry_takes_the_workflows_of_the_configuration_in_force() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["failed"]})
    one = world.push()
    world.steps = qa_only(PolicySettings(pre_action="other"), Hooks(on_start="tell"))
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert phases(world, one, "qa") == [
        *("gates", "on_start", "pre_action", "action", "sync", "health"),
    ]
    assert (world.ran("tell"), world.ran("other")) == (["qa#2"], ["qa/api-qa#2"])


def test_a_retry_keeps_the_workflows_of_an_environment_that_landed() -> None:
    world = playbook.World(steps=qa_only(), workflows={"smoke": ["failed", "succeeded"]})
    one = world.push()
    world.steps = qa_only(PolicySettings())
    world.retry(one)
    assert world.ran("smoke") == ["qa/api-qa#1", "qa/api-qa#2"]


def test_a_retry_without_the_workflow_that_failed_goes_on_behind_it() -> None:
    only = PolicySettings(PromotionAction.NONE, pre_action="check", post_action="smoke")
    world = playbook.World(steps=qa_only(only), workflows={"smoke": ["failed"]})
    one = world.push()
    world.steps = qa_only(PolicySettings(PromotionAction.NONE, pre_action="check"))
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.ran("check") == ["qa/api-qa#1"]


# --- stopping --------------------------------------------------------------------------------
def test_a_person_terminates_it_and_its_workflows_are_stopped() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]})
    one = world.push()
    world.terminate(one)
    assert world.tell(one) == (
        "terminated: dev succeeded, qa terminated terminated_by, prod skipped not_reached"
    )
    assert [run.status for run in world.runs.values()] == [Status.TERMINATED]
    world.retry(one)
    world.come("check", Status.SUCCEEDED)
    world.run()
    assert world[one].status is Status.SUCCEEDED


def test_it_is_terminating_until_its_workflows_ended_two_minutes_at_most() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]}, deaf=True)
    one = world.push()
    world.terminate(one)
    assert world.at(one, "qa").status is Status.TERMINATING
    assert world.place("qa").holder == one
    world.wait(seconds=119)
    assert world.at(one, "qa").status is Status.TERMINATING
    world.wait(seconds=2)
    assert world.tell(one).startswith("terminated: dev succeeded, qa terminated terminated_by")
    assert sentence(world, one).endswith("check for api-qa did not end in time and may still run")
    assert world.place("qa").holder == ""


def test_a_late_result_changes_nothing() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]}, deaf=True)
    one = world.push()
    world.terminate(one)
    world.wait(minutes=3)
    before = world[one]
    world.come("check", Status.SUCCEEDED, {"PROMOTION_CONTEXT": '{"late": true}'})
    world.run()
    assert world[one] == before
    world.retry(one)
    assert world.ran("check") == ["qa/api-qa#1", "qa/api-qa#2"]


def test_the_flows_timeout_stops_its_workflows() -> None:
    world = playbook.World(
        steps=qa_only(), workflows={"check": ["running"]}, timeout=timedelta(hours=1)
    )
    one = world.push()
    world.wait(hours=2)
    assert world.tell(one) == (
        "terminated: dev succeeded, qa terminated timed_out, prod skipped not_reached"
    )
    assert [run.status for run in world.runs.values()] == [Status.TERMINATED]


def test_a_suspended_workflow_counts_on_the_flows_clock() -> None:
    world = playbook.World(
        steps=qa_only(), workflows={"check": ["suspended"]}, timeout=timedelta(hours=1)
    )
    one = world.push()
    world.wait(hours=2)
    assert world[one].status is Status.TERMINATED


@pytest.mark.parametrize("phase", ["check", "smoke"])
def test_a_newer_release_takes_over_from_one_that_is_suspended(phase: str) -> None:
    world = playbook.World(steps=qa_only(), workflows={phase: ["suspended", "succeeded"]})
    one = world.push()
    assert world.place("qa").yields
    two = world.push()
    assert world[two].status is Status.SUCCEEDED
    assert world.at(one, "qa").status is Status.SUPERSEDED
    stopped = next(run for run in world.runs.values() if run.place.release == one and run.stopping)
    assert (stopped.template, stopped.status) == (phase, Status.TERMINATED)


def test_a_newer_release_waits_for_one_whose_workflow_runs() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running", "succeeded"]})
    one, two = world.push(), world.push()
    assert world.at(two, "qa").reason.code is Code.ENVIRONMENT_BUSY  # type: ignore[union-attr]
    world.come("check", Status.SUCCEEDED)
    world.run()
    assert world.written("qa") == [one, two]
    assert world[two].status is Status.SUCCEEDED


def test_with_terminate_the_newer_release_stops_the_workflow_of_the_older() -> None:
    world = playbook.World(
        steps=qa_only(),
        concurrency=Concurrency.TERMINATE,
        workflows={"check": ["running", "succeeded"]},
        deaf=True,
    )
    one, two = world.push(), world.push()
    assert world.at(one, "qa").status is Status.TERMINATING
    assert world.written("qa") == []
    world.come("check", Status.TERMINATED)
    world.run()
    assert world.at(one, "qa").status is Status.TERMINATED
    assert world[two].status is Status.SUCCEEDED
    assert world.written("qa") == [two]


@pytest.mark.parametrize("phase", ["check", "smoke"])
def test_a_rollback_takes_the_environment_from_a_release_whose_workflow_runs(phase: str) -> None:
    world = playbook.World(steps=qa_only())
    one = world.push()
    world.workflows = {phase: ["running"]}
    two = world.push()
    world.workflows = {}
    back = world.roll_back("qa", one)
    assert world.at(two, "qa").status is Status.TERMINATED
    assert world[back].status is Status.SUCCEEDED


def test_a_rollback_runs_the_workflows_of_the_policy() -> None:
    world = playbook.World(settings=BOTH)
    one = world.push()
    world.push()
    back = world.roll_back("prod", one)
    mine = [run.template for run in world.runs.values() if run.place.release == back]
    assert mine == ["check", "smoke"]


def test_the_queue_goes_on_when_the_workflows_before_have_ended() -> None:
    world = playbook.World(
        steps=qa_only(), concurrency=Concurrency.QUEUE, workflows={"check": ["failed", "succeeded"]}
    )
    one, two = world.push(), world.push()
    assert world[one].status is Status.FAILED
    assert world[two].status is Status.SUCCEEDED


def test_the_post_action_goes_on_when_the_environment_is_overwritten_and_shows_it() -> None:
    world = playbook.World(steps=qa_only(), workflows={"smoke": ["running"]})
    one = world.push()
    world.change_by_hand("qa")
    world.wait(seconds=10)
    assert world.at(one, "qa").status is Status.RUNNING
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    assert world.at(one, "qa").status is Status.SUCCEEDED
    shown = [warning.sentence for warning in world.at(one, "qa").warnings]
    assert shown == [
        "replaced in qa after it was healthy there: something else lies there now",
    ]


def test_a_post_action_goes_on_when_the_next_push_replaces_the_trigger_environment() -> None:
    world = playbook.World(post_trigger="smoke", workflows={"smoke": ["running", "succeeded"]})
    one = world.push()
    world.push()
    assert world.at(one, "dev").status is Status.RUNNING
    world.come("smoke", Status.SUCCEEDED)
    world.run()
    assert world.at(one, "dev").status is Status.SUCCEEDED
    assert world.at(one, "dev").warnings[0].code is Code.OVERWRITTEN


def test_no_workflow_starts_once_the_claim_is_gone() -> None:
    world = playbook.World(steps=qa_only(), workflows={"check": ["running"]})
    one = world.push()
    world.place("qa").counter += 1
    known = replace(world.known(one), runs=())
    assert decide.decide(world[one], known, world.now) != []
    world.look(one)
    assert [run.stopping for run in world.runs.values()] == [True]


def test_a_workflow_of_an_environment_without_application_is_an_error() -> None:
    only = PolicySettings(PromotionAction.NONE, pre_action="check")
    world = playbook.World(steps=qa_only(only), missing={})
    world.missing["qa"] = Reason(Code.APPLICATION_MISSING, "no application in qa")
    one = world.push()
    assert world.tell(one) == "error: dev succeeded, qa error application_missing, prod waiting"


@pytest.mark.parametrize("script", [["running"], ["failed", "running"]])
def test_an_environment_is_skipped_when_its_workflows_have_stopped(script: list[str]) -> None:
    world = playbook.World(
        steps=qa_only(), applications=("api", "web"), workflows={"check": script}, deaf=True
    )
    one = world.push()
    world.skip(one, "qa")
    assert world.at(one, "qa").status is Status.TERMINATING
    assert world.written("prod") == []
    world.come("check", Status.TERMINATED)
    world.run()
    assert world.tell(one) == "succeeded: dev succeeded, qa skipped skipped_by, prod succeeded"


def test_a_trigger_environment_takes_its_post_action_from_the_policy_too() -> None:
    world = playbook.World(settings=PolicySettings(post_action="smoke"))
    one = world.push()
    assert world.ran("smoke") == ["dev/api-dev#1", "qa/api-qa#1", "prod/api-prod#1"]
    assert world.at(one, "dev").origins["post_action"] == "policy everywhere"
    assert world.at(one, "dev").phase(PhaseName.POST_ACTION) is not None


def test_the_flow_goes_before_the_policy_in_the_trigger_environment() -> None:
    world = playbook.World(settings=PolicySettings(post_action="smoke"), post_trigger="other")
    world.push()
    assert world.ran("other") == ["dev/api-dev#1"]
