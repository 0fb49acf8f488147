"""`depends`: a task runs when the expression about how others ended is true."""

import pytest

from towpath.runner import LocalRunner
from workflow_runs import Play, workflow

TASKS = """
entrypoint: main
templates:
  - {{name: leaf, container: {{image: busybox, command: [echo]}}}}
  - {{name: bad, container: {{image: busybox, command: [fail]}}}}
  - {{name: wrong, container: {{image: busybox, command: [echo, "{{{{nothing}}}}"]}}}}
  - name: main
    dag:
      tasks:
        - {{name: a, {a}}}
        - {{name: b, {b}}}
        - {{name: last, template: leaf, depends: "{depends}"}}
"""
LEAF, BAD, WRONG = "template: leaf", "template: bad", "template: wrong"
BOTH = "template: '{{item}}', withItems: "


@pytest.mark.parametrize(
    ("a", "b", "depends", "runs"),
    [
        (LEAF, LEAF, "a.Succeeded && !b.Failed", True),
        (LEAF, BAD, "a.Succeeded && !b.Failed", False),
        (BAD, LEAF, "a && b", False),
        (BAD, LEAF, "a.Failed || b.Succeeded", True),
        (LEAF, LEAF, "(a.Failed && b.Succeeded) || a.Succeeded", True),
        (WRONG, LEAF, "a.Failed", False),
        (WRONG, LEAF, "a.Errored", True),
        (BAD, LEAF, "a.Errored", False),
        ("template: leaf, when: x == y", LEAF, "a.Skipped", True),
        ("template: leaf, depends: b.Failed", LEAF, "a.Omitted", True),
        (BOTH + "[leaf, bad]", LEAF, "a.AnySucceeded", True),
        (BOTH + "[bad, bad]", LEAF, "a.AnySucceeded", False),
        (BOTH + "[bad, bad]", LEAF, "a.AllFailed", True),
        (BOTH + "[leaf, bad]", LEAF, "a.AllFailed", False),
    ],
)
def test_depends_decides_by_how_tasks_ended(a: str, b: str, depends: str, runs: bool) -> None:
    play = Play(workflow(TASKS.format(a=a, b=b, depends=depends)))
    play.through(lambda step: 1 if step.template == "bad" else "")
    assert ("last" in play.executed) is runs


def test_depends_cannot_ask_for_a_daemon() -> None:
    written = TASKS.format(a=LEAF, b=LEAF, depends="a.Daemoned")
    (problem,) = LocalRunner().refuse(workflow(written))
    assert problem.message == "a.Daemoned: there are no daemons here"
