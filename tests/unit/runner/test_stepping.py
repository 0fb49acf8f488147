"""`steps` and `dag`: in which order leaves come, and what their ends make of the whole."""

import pytest

from workflow_runs import Play, workflow

LEAF = """
  - name: leaf
    container: {image: busybox, command: [echo], args: [hello]}
"""


def test_lines_of_steps_run_one_after_the_other_and_the_steps_of_a_line_together() -> None:
    play = Play(workflow(STEPS))
    assert play.due == ["build"]
    assert (play.status("unit"), play.status("deploy")) == ("waiting", "waiting")
    play.end(build="")
    assert play.due == ["unit", "lint"]
    play.end(unit="")
    assert play.due == ["lint"]
    play.end(lint="")
    assert play.due == ["deploy"]
    play.end(deploy="")
    assert play.run.status == "succeeded"


STEPS = (
    """
entrypoint: main
templates:
  - name: main
    steps:
      - - {name: build, template: leaf}
      - - {name: unit, template: leaf}
        - {name: lint, template: leaf}
      - - {name: deploy, template: leaf}
"""
    + LEAF
)


def test_a_failed_step_fails_its_line_once_all_of_it_has_ended() -> None:
    play = Play(workflow(STEPS))
    play.end(build="")
    play.end(unit=3)
    assert play.run.status == "pending"
    play.end(lint="")
    assert play.run.status == "failed"
    assert play.run.reason is not None
    assert play.run.reason.sentence == "unit: exit code 3"
    assert play.status("deploy") == "skipped"


DIAMOND = (
    """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: leaf}
        - {name: b, template: leaf, dependencies: [a]}
        - {name: c, template: leaf, depends: a}
        - {name: d, template: leaf, depends: b && c}
"""
    + LEAF
)


def test_a_task_runs_when_what_it_depends_on_has_ended() -> None:
    play = Play(workflow(DIAMOND))
    assert play.due == ["a"]
    play.end(a="")
    assert play.due == ["b", "c"]
    play.end(c="")
    assert play.due == ["b"]
    play.end(b="")
    assert play.due == ["d"]
    assert play.through().run.status == "succeeded"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("suspend: {duration: 0}", "succeeded"),
        ("timeout: 0s\n    container: {image: x, command: [echo]}", "failed"),
        (
            "retryStrategy: {limit: 3, backoff: {duration: 10s, maxDuration: 10s}}\n"
            "    container: {image: x, command: [fail]}",
            "failed",
        ),
    ],
)
def test_what_has_no_time_ends_at_once(more: str, status: str) -> None:
    play = Play(workflow(f"entrypoint: main\ntemplates:\n  - name: main\n    {more}\n"))
    assert play.through(lambda step: 1).run.status == status
