"""Runs that are stopped, and what is then said of their steps."""

from towpath.domain import reasons
from towpath.domain.status import Status
from towpath.ports.runner import Outcome
from workflow_runs import Play, workflow

ONE = """
entrypoint: main
templates:
  - name: main
    steps: [[{name: build, template: one}]]
  - name: one
    container: {image: alpine, command: [sleep, "60"]}
"""


def _stopping() -> Play:
    play = Play(workflow(ONE))
    play.begin("build")
    play.stop()
    return play


def test_a_step_that_was_stopped_says_why_and_no_more() -> None:
    play = _stopping()
    play.end(build=Outcome(Status.TERMINATED))
    assert play.run.status is Status.TERMINATED
    assert play.step("build").reason == play.run.stopping


def test_a_step_whose_worker_was_gone_when_it_was_stopped_says_that_it_may_still_run() -> None:
    play = _stopping()
    gone = reasons.Reason(reasons.Code.TERMINATED_BY, "gone", advice="It may have gone on.")
    play.end(build=Outcome(Status.TERMINATED, gone))
    reason = play.step("build").reason
    assert reason
    assert (reason.sentence, reason.advice) == ("stopped by ada", "It may have gone on.")


def test_a_step_that_does_not_end_in_two_minutes_is_said_to_have_perhaps_gone_on() -> None:
    play = _stopping()
    play.wait(seconds=119)
    assert play.run.status is Status.TERMINATING
    play.wait(seconds=1)
    assert play.run.status is Status.TERMINATED
    reason = play.step("build").reason
    assert reason
    assert "may still run" in reason.advice
