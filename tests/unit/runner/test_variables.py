"""Every variable that the page names, filled in by a run."""

import re
from typing import Any

import pytest
import yaml

from local_runner_page import variables
from towpath.domain.workflow import Step
from towpath.runner.fields import Fate
from workflow_runs import RUN_ID, Answer, Play, command, manifest, outcome

PATH = "/tmp/word"  # of a workflow
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

WHILE_IT_RUNS = {
    "workflow.name": "example",
    "workflow.namespace": "shop",
    "workflow.uid": str(RUN_ID),
    "workflow.serviceAccountName": "robot",
    "workflow.mainEntrypoint": "main",
    "workflow.priority": "7",
    "workflow.parameters.NAME": "given",
    "workflow.parameters": re.escape('[{"name":"NAME","value":"given"}]'),
    "workflow.parameters.json": re.escape('[{"name":"NAME","value":"given"}]'),
    "workflow.labels.NAME": "label",
    "workflow.labels": '{"NAME":"label"}',
    "workflow.labels.json": '{"NAME":"label"}',
    "workflow.annotations.NAME": "note",
    "workflow.annotations": '{"NAME":"note".*}',
    "workflow.annotations.json": '{"NAME":"note".*}',
    "workflow.creationTimestamp": "2026-03-01T12:00:00Z",
    "workflow.creationTimestamp.RFC3339": "2026-03-01T12:00:00Z",
    "workflow.creationTimestamp.s": "1772366400",
    "workflow.creationTimestamp.Y": "2026",
    "workflow.scheduledTime": "2026-03-01T02:00:00Z",
    "workflow.status": "Running",
    "workflow.duration": r"0\.0+",
    "inputs.parameters.NAME": "input",
    "inputs.parameters": re.escape('[{"name":"NAME","value":"input"}]'),
    "outputs.parameters.NAME.path": PATH,
    "node.name": r"example\[0\]\.here",
    "pod.name": "example-0-here-[0-9]+",
    "steps.name": "here",
}
OF_A_STEP = {
    "NAME.id": ".*before",
    "NAME.status": "Succeeded",
    "NAME.exitCode": "0",
    "NAME.startedAt": TIME,
    "NAME.finishedAt": TIME,
    "NAME.outputs.result": "said",
    "NAME.outputs.parameters.NAME": "word",
}
OF_A_LOOP = {
    "NAME.outputs.result": re.escape('["said","said"]'),
    "NAME.outputs.parameters.NAME": re.escape('["word","word"]'),
    "NAME.outputs.parameters": re.escape('[{"NAME":"word"},{"NAME":"word"}]'),
}
OF_AN_ITEM = {"item": '{"KEY":"value"}', "item.KEY": "value"}
OF_AN_ATTEMPT = {
    "retries": "1",
    "lastRetry.exitCode": "3",
    "lastRetry.status": "Failed",
    "lastRetry.duration": "0",
    "lastRetry.message": "exit code 3",
}
AFTERWARDS = {
    "workflow.status": "Succeeded",
    "workflow.failures": '"null"',  # JSON, quoted once more, as Argo gives it
    "workflow.outputs.parameters.NAME": "word",
}


def leaf(*shown: str, **more: Any) -> dict[str, Any]:
    """A template that says these variables, each on a line of its own."""
    args = [f"{{{{{name}}}}}|" for name in shown]
    return {"container": {"image": "busybox", "command": ["say"], "args": args}, **more}


def ended(step: Step) -> Answer:
    """Every leaf says the same, but for the first attempt of what is tried twice."""
    if step.name == "again(0)":
        return 3
    work: Any = step.memo["work"]
    said = {f"parameters.{one['name']}": "word" for one in work["outputs"]}
    whole = outcome("said")
    return type(whole)(whole.status, None, {**whole.outputs, **said})


def said(spec: dict[str, Any], name: str) -> list[str]:
    """What the step of that name says, once the run has come to it."""
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "example",
            "namespace": "shop",
            "labels": {"NAME": "label"},
            "annotations": {
                "NAME": "note",
                "workflows.argoproj.io/scheduled-time": "2026-03-01T02:00:00Z",
            },
        },
        "spec": {"entrypoint": "main", "serviceAccountName": "robot", "priority": 7, **spec},
    }
    found: dict[str, str] = {}

    def answer(step: Step) -> Answer:
        found[step.name] = command(step)
        return ended(step)

    Play(manifest(yaml.safe_dump(document)), NAME="given").through(answer)
    return [line.strip() for line in found[name].removeprefix("say").split("|")[:-1]]


def check(expected: dict[str, str], lines: list[str]) -> None:
    wrong = [
        (name, line)
        for (name, pattern), line in zip(expected.items(), lines, strict=True)
        if not re.fullmatch(pattern, line)
    ]
    assert wrong == []


OUTPUT = {"outputs": {"parameters": [{"name": "NAME", "valueFrom": {"path": PATH}}]}}


def test_what_may_be_named_in_a_template() -> None:
    call = {"arguments": {"parameters": [{"name": "NAME", "value": "input"}]}}
    spec = {
        "arguments": {"parameters": [{"name": "NAME"}]},
        "templates": [
            {"name": "main", "steps": [[{"name": "here", "template": "leaf", **call}]]},
            leaf(*WHILE_IT_RUNS, name="leaf", inputs={"parameters": [{"name": "NAME"}]}, **OUTPUT),
        ],
    }
    check(WHILE_IT_RUNS, said(spec, "here"))


@pytest.mark.parametrize("prefix", ["steps", "tasks"])
@pytest.mark.parametrize("loop", [{}, {"withItems": [1, 2]}])
def test_what_may_be_named_of_a_step_before(prefix: str, loop: dict[str, Any]) -> None:
    expected = OF_A_LOOP if loop else OF_A_STEP
    shown = [f"{prefix}.before{name.removeprefix('NAME')}" for name in expected]
    before = {"name": "before", "template": "leaf", **loop}
    after = {
        "name": "after",
        "template": "show",
        "arguments": {
            "parameters": [{"name": f"p{n}", "value": f"{{{{{s}}}}}"} for n, s in enumerate(shown)]
        },
    }
    both: dict[str, Any] = {"steps": [[before], [after]]}
    if prefix == "tasks":
        both = {"dag": {"tasks": [before, {**after, "depends": "before"}]}}
    inputs = [f"p{n}" for n in range(len(shown))]
    spec = {
        "templates": [
            {"name": "main", **both},
            leaf(name="leaf", **OUTPUT),
            leaf(
                *(f"inputs.parameters.{one}" for one in inputs),
                name="show",
                inputs={"parameters": [{"name": one} for one in inputs]},
            ),
        ]
    }
    check(expected, said(spec, "after"))


def test_what_a_task_is_called_may_be_named() -> None:
    tasks = {"name": "main", "dag": {"tasks": [{"name": "here", "template": "leaf"}]}}
    spec = {"templates": [tasks, leaf("tasks.name", name="leaf")]}
    assert said(spec, "here") == ["here"]


def test_what_may_be_named_of_an_item() -> None:
    values = [{"name": "a", "value": "{{item}}"}, {"name": "b", "value": "{{item.KEY}}"}]
    each = {
        "name": "each",
        "template": "leaf",
        "withItems": [{"KEY": "value"}],
        "arguments": {"parameters": values},
    }
    spec = {
        "templates": [
            {"name": "main", "steps": [[each]]},
            leaf(
                "inputs.parameters.a",
                "inputs.parameters.b",
                name="leaf",
                inputs={"parameters": [{"name": "a"}, {"name": "b"}]},
            ),
        ]
    }
    check(OF_AN_ITEM, said(spec, "each(0:KEY:value)"))


def test_what_may_be_named_of_the_attempt_before() -> None:
    again = leaf(*OF_AN_ATTEMPT, name="leaf", retryStrategy={"limit": 2})
    steps = {"name": "main", "steps": [[{"name": "again", "template": "leaf"}]]}
    check(OF_AN_ATTEMPT, said({"templates": [steps, again]}, "again(1)"))


def test_what_may_be_named_when_the_workflow_has_ended() -> None:
    (output,) = OUTPUT["outputs"]["parameters"]
    published = {"outputs": {"parameters": [{**output, "globalName": "NAME"}]}}
    spec = {
        "onExit": "bye",
        "templates": [leaf(name="main", **published), leaf(*AFTERWARDS, name="bye")],
    }
    check(AFTERWARDS, said(spec, "main.onExit"))


def test_every_variable_of_the_page_is_tried_here() -> None:
    lists = {f"{prefix}.{name}" for prefix in ("steps", "tasks") for name in OF_A_STEP | OF_A_LOOP}
    tried = WHILE_IT_RUNS | OF_AN_ITEM | OF_AN_ATTEMPT | AFTERWARDS
    named = {name for name, fate in variables() if fate is Fate.RUNS}
    assert named == {*tried, *lists, "tasks.name"}


@pytest.mark.parametrize("name", [name for name, fate in variables() if fate is Fate.REFUSED])
def test_a_variable_that_only_a_cluster_has_is_refused_with_its_line(name: str) -> None:
    spec = {"entrypoint": "main", "templates": [leaf(name, name="main")]}
    document = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": spec}
    text = yaml.safe_dump({**document, "metadata": {"name": "example"}}, sort_keys=False)
    ((problem),) = Play(manifest(text)).run.reason.data["problems"]  # type: ignore[union-attr] # it has ended
    line = text[: text.index(name)].count("\n") + 1
    assert problem.startswith(f"workflow.yaml:{line}:")
    assert f"`{name}` is not run here" in problem
