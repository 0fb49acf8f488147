"""The steps of workflows in the picture of a release."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

import canned_server as canned
from towpath.cli import documents, tree

NOW = datetime(2026, 11, 22, 10, 54, 30, tzinfo=UTC)
WHY = "it ended with exit code 3: no room in the lab at 10:54, and nobody who could make some"


def drawn(document: canned.Document, width: int = 120, *, brief: bool = False) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        picture = tree.picture(documents.release(document), NOW, width, brief=brief)
        console.print(picture)
    return [line.rstrip() for line in captured.get().splitlines()]


def step(name: str, status: str, attempt: int = 1, why: str = "") -> canned.Document:
    own = {"application": "api-qa", "status": status, "attempt": attempt}
    reason = canned.reason("step_failed", why) if why else None
    begun = None if status == "waiting" else "2026-11-22T10:53:30Z"
    ended = "2026-11-22T10:54:00Z" if status in ("succeeded", "failed") else None
    return {
        "name": name,
        "status": status,
        "started_at": begun,
        "ended_at": ended,
        "applications": [{**own, "reason": reason}],
    }


def workflow(status: str, *steps: canned.Document, **more: object) -> canned.Document:
    ended = "2026-11-22T10:54:20Z" if status in ("succeeded", "failed") else None
    run = {"status": status, "started_at": "2026-11-22T10:53:30Z", "ended_at": ended}
    told = {"purpose": "pre_action", "template": "check", "status": status, "attempt": 1}
    return {**told, "runs": [{**run, "reason": None}], "steps": list(steps), **more}


def in_qa(status: str, *workflows: canned.Document, **more: object) -> canned.Document:
    qa = canned.environment("qa", status, workflows=list(workflows), **more)
    behind = canned.environment("prod", "waiting", depends_on=["qa"])
    return canned.release(status, qa, behind)


def test_steps_stand_below_their_environment_with_status_duration_and_attempts() -> None:
    steps = (step("build", "succeeded"), step("load", "running", 2), step("last", "waiting"))
    assert drawn(in_qa("running", workflow("running", *steps)))[-5:-1] == [
        "│ pre-action check  ◐ running  1m 00s",
        "│   build  ✓ succeeded  30s",
        "│   load   ◐ running  1m 00s, attempt 2",
        "│   last   ○ waiting",
    ]


def test_a_workflow_of_an_attempt_before_says_so() -> None:
    failed = workflow("failed", step("load", "failed"))
    lines = drawn(in_qa("suspended", failed, attempt=2))
    assert "│ pre-action check  ✕ failed  50s, attempt 1" in lines


def test_a_failed_step_says_why_beside_it_or_below() -> None:
    release = in_qa("failed", workflow("failed", step("load", "failed", why=WHY)))
    assert f"│   load  ✕ failed  30s  {WHY}" in drawn(release)
    lines = drawn(release, 60)
    at = lines.index("│   load  ✕ failed  30s")
    assert lines[at + 1] == "│     it ended with exit code 3: no room in the lab at"


def test_a_workflow_that_is_done_takes_one_line_and_none_in_a_picture_that_moves() -> None:
    done = workflow("succeeded", step("build", "succeeded"), step("load", "succeeded"))
    release = in_qa("succeeded", done)
    (line,) = [one for one in drawn(release) if "pre-action" in one]
    assert line == "│ pre-action check  ✓ succeeded  50s, 2 steps"
    assert not [one for one in drawn(release, brief=True) if "pre-action" in one]


def test_of_many_steps_those_are_shown_that_are_in_the_way() -> None:
    steps = [step(f"item-{n}", "succeeded") for n in range(20)]
    steps += [step("broken", "failed", why="exit code 1"), step("after", "waiting")]
    lines = drawn(in_qa("failed", workflow("failed", *steps)))
    assert sum("item-" in line for line in lines) == 7
    assert any("broken" in line for line in lines)
    assert "│   and 14 more steps" in lines


def test_the_release_s_own_hooks_stand_before_its_environments() -> None:
    hook = workflow("running", step("call", "running"), purpose="on_start")
    lines = drawn(canned.release("running", canned.environment("qa", "waiting"), workflows=[hook]))
    at = lines.index("on start check  ◐ running  1m 00s")
    assert lines[at + 1] == "  call  ◐ running  1m 00s"
    assert lines[at + 3].startswith("qa")


def test_a_workflow_without_a_step_says_itself_why_it_could_not_run() -> None:
    run = {"status": "error", "reason": canned.reason("unsupported", "daemon is not run here")}
    release = in_qa("error", workflow("error", runs=[run]))
    assert "│ pre-action check  ! error  daemon is not run here" in drawn(release)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_of_a_step_is_longer_than_the_terminal(width: int) -> None:
    named = step("a-step-with-a-name-that-goes-on-and-on-and-on", "failed", 3, WHY)
    assert max(map(len, drawn(in_qa("failed", workflow("failed", named)), width))) <= width
