"""What the page says in words beside its tables: bounds and policies."""

import pytest

from towpath.runner import LocalRunner, attempts
from workflow_runs import Play, by_name, workflow

LEAF = "\n  - {name: leaf, container: {image: busybox, command: [echo]}}\n"


def refused(spec: str) -> str:
    """The one thing for which a workflow is not begun."""
    (problem,) = LocalRunner().refuse(workflow(spec))
    assert problem.origin.line > 1
    return problem.message


@pytest.mark.parametrize(
    ("policy", "after_failure", "after_error"),
    [
        ("", True, False),
        ("OnFailure", True, False),
        ("OnTransientError", False, False),
        ("OnError", False, True),
        ("Always", True, True),
    ],
)
def test_a_retry_policy_says_what_is_tried_again(
    policy: str, after_failure: bool, after_error: bool
) -> None:
    strategy = f"retryStrategy: {{limit: 1, retryPolicy: {policy}}}"
    for command, expected in (("[fail]", after_failure), ('["{{nothing}}"]', after_error)):
        play = Play(
            workflow(
                f"entrypoint: main\ntemplates:\n  - name: main\n    {strategy}\n"
                f"    container: {{image: busybox, command: {command}}}\n"
            )
        ).through(lambda step: 1)
        attempts = [step for step in play.run.steps.values() if step.parent == "main"]
        assert len(attempts) == (2 if expected else 1)


@pytest.mark.parametrize("field", ["timeout", "activeDeadlineSeconds"])
@pytest.mark.parametrize("kind", ["suspend: {}", "steps: [[{name: a, template: leaf}]]"])
def test_a_deadline_of_what_is_not_executed_is_refused(field: str, kind: str) -> None:
    spec = f"entrypoint: main\ntemplates:\n  - name: main\n    {field}: 10\n    {kind}{LEAF}"
    assert refused(spec).startswith(f"{field} limits what is executed")


def test_a_patch_that_changes_what_a_pod_does_is_refused() -> None:
    said = refused(f"entrypoint: leaf\npodSpecPatch: 'volumes: [{{name: x}}]'\ntemplates:{LEAF}")
    assert said == "podSpecPatch: changes `volumes` of a pod, and there are no pods here"


@pytest.mark.parametrize("loop", ["withSequence: {count: 5001}", f"withItems: {[0] * 5001}"])
def test_a_loop_has_at_most_5000_items(loop: str) -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    steps:\n"
            f"      - - {{name: many, template: leaf, {loop}}}{LEAF}"
        )
    )
    many = play.step("many")
    assert (many.status, many.reason is not None and "5000" in many.reason.sentence) == (
        "error",
        True,
    )


@pytest.mark.parametrize(
    "loop",
    ['withSequence: {count: 1, format: "%01000d"}', f"withParam: '{'[' * 100_000}'"],
)
def test_a_loop_that_would_take_the_machine_is_an_error_of_its_step(loop: str) -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    steps:\n"
            f"      - - {{name: many, template: leaf, continueOn: {{error: true}}, {loop}}}{LEAF}"
        )
    )
    assert (play.status("many"), play.run.status) == ("error", "succeeded")


def test_a_list_that_was_written_as_null_holds_nothing() -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    steps:\n"
            "      - - {name: list, template: leaf}\n"
            "      - - {name: many, template: leaf, withParam: '{{steps.list.outputs.result}}'}"
            + LEAF
        )
    ).through(by_name(list="null"))
    assert (play.status("many"), play.run.status) == ("skipped", "succeeded")


@pytest.mark.parametrize("beside", ["", ", {name: b, template: leaf}"])
@pytest.mark.parametrize("kind", ["steps: [LIST]", "dag: {tasks: LIST}"])
def test_what_fails_fast_fails_over_a_step_that_may_fail_elsewhere(kind: str, beside: str) -> None:
    listed = f"[{{name: a, template: leaf, continueOn: {{failed: true}}}}{beside}]"
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    failFast: true\n    parallelism: 1\n"
            f"    {kind.replace('LIST', listed)}{LEAF}"
        )
    ).through(by_name(a=1))
    assert (play.run.status, play.executed) == ("failed", ["a"])
    assert play.run.reason is not None


def test_a_condition_of_a_loop_that_names_nothing_is_an_error_of_its_step() -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    steps:\n      - - {name: many, "
            f"template: leaf, continueOn: {{error: true}}, withItems: [1], when: '{{{{}}}}'}}{LEAF}"
        )
    )
    assert (play.status("many"), play.run.status) == ("error", "succeeded")


def test_tags_in_tags_without_end_are_refused() -> None:
    tags = "{{" * 3000 + "a" + "}}" * 3000
    spec = f"entrypoint: leaf\ntemplates: [{{name: leaf, http: {{url: '{tags}'}}}}]\n"
    (problem,) = LocalRunner().refuse(workflow(spec))
    assert problem.message.endswith("nested too deep")


def test_a_run_has_at_most_20000_steps() -> None:
    many = "{name: NAME, template: TEMPLATE, withSequence: {count: COUNT}}"
    outer = many.replace("NAME", "o").replace("TEMPLATE", "inner").replace("COUNT", "5")
    inner = many.replace("NAME", "i").replace("TEMPLATE", "leaf").replace("COUNT", "4500")
    play = Play(
        workflow(
            f"entrypoint: main\ntemplates:\n  - name: main\n    steps: [[{outer}]]\n"
            f"  - name: inner\n    steps: [[{inner}]]{LEAF}"
        )
    )
    wrong = [step for step in play.run.steps.values() if step.status == "error"]
    assert wrong
    assert wrong[0].reason is not None
    assert "more than 20000 steps" in wrong[0].reason.sentence


def test_a_step_without_a_limit_is_tried_a_thousand_times() -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n"
            "    retryStrategy: {retryPolicy: Always}\n"
            '    container: {image: busybox, command: ["{{nothing}}"]}\n'
        )
    )
    assert play.run.reason is not None
    assert play.run.reason.sentence.endswith("(no attempts are left after 1001)")


def test_a_task_that_does_not_depend_on_a_failed_one_still_runs() -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n    dag:\n      tasks:\n"
            "        - {name: a, template: leaf}\n        - {name: b, template: leaf}\n"
            "        - {name: c, template: leaf, depends: b}\n"
            "        - {name: d, template: leaf, depends: a}" + LEAF
        )
    ).through(by_name(a=1))
    assert (play.run.status, play.executed) == ("failed", ["a", "b", "c"])


@pytest.mark.parametrize("deadline", ["nan", "inf", "-.inf", "soon"])
def test_a_deadline_that_is_no_moment_is_an_error_of_the_step(deadline: str) -> None:
    play = Play(
        workflow(
            "entrypoint: main\ntemplates:\n  - name: main\n"
            f"    activeDeadlineSeconds: '{deadline}'\n"
            "    container: {image: busybox, command: [echo]}\n"
        )
    )
    step = play.run.steps["main"]
    assert step.status == "error"
    assert step.reason
    assert "activeDeadlineSeconds is" in step.reason.sentence


def test_a_wait_that_grows_beyond_all_numbers_is_a_year() -> None:
    assert attempts._power(10**9, 10**9) == attempts._A_YEAR
    assert attempts._power(2, 3) == 8
