"""What holds of every workflow, however its leaves end and in whatever order."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.domain.workflow import Kind
from workflow_runs import Play, outcome, workflow

_LEAF = {"name": "leaf", "container": {"image": "x", "command": ["echo"], "args": ["hi"]}}
_RETRIED = {**_LEAF, "name": "retried", "retryStrategy": {"limit": 1}}
_HELD = {"name": "held", "suspend": {"duration": "1m"}}
_TEMPLATES = ("leaf", "retried", "held", "lines", "graph")


def _call(draw: Any, name: str, depth: int) -> dict[str, Any]:
    template = draw(st.sampled_from(_TEMPLATES if depth else _TEMPLATES[:3]))
    call: dict[str, Any] = {"name": name, "template": f"{template}{depth}" if depth else template}
    if template in ("leaf", "retried", "held"):
        call["template"] = template
    if draw(st.booleans()):
        call["continueOn"] = {"failed": draw(st.booleans()), "error": draw(st.booleans())}
    match draw(st.integers(0, 7)):
        case 0:
            call["withItems"] = draw(st.lists(st.integers(0, 3), max_size=3))
        case 1:
            call["when"] = draw(st.sampled_from(["a == a", "a == b", "a b"]))
        case 2:
            call["onExit"] = "leaf"
    return call


@st.composite
def _specs(draw: Any) -> dict[str, Any]:
    templates: list[dict[str, Any]] = [_LEAF, _RETRIED, _HELD]
    for depth in (1, 2):
        lines = [
            [_call(draw, f"s{line}{index}", depth - 1) for index in range(draw(st.integers(1, 2)))]
            for line in range(draw(st.integers(1, 2)))
        ]
        tasks = []
        for index in range(draw(st.integers(1, 4))):
            task = _call(draw, f"t{index}", depth - 1)
            before = [f"t{other}" for other in range(index) if draw(st.booleans())]
            if before:
                ends = ["", ".Succeeded", ".Failed", ".Skipped"]
                logic = [name + draw(st.sampled_from(ends)) for name in before]
                task["depends"] = draw(st.sampled_from([" && ", " || "])).join(logic)
            tasks.append(task)
        templates.append({"name": f"lines{depth}", "steps": lines})
        templates.append({"name": f"graph{depth}", "dag": {"tasks": tasks}})
        for template in templates[-2:]:
            if draw(st.booleans()):
                template["parallelism"] = draw(st.integers(1, 2))
            if draw(st.booleans()):
                template["failFast"] = True
    spec = {"entrypoint": draw(st.sampled_from(["lines2", "graph2"])), "templates": templates}
    if draw(st.booleans()):
        spec["parallelism"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        spec["onExit"] = "leaf"
    return spec


@settings(max_examples=150, deadline=None)
@given(_specs(), st.data())
def test_every_run_ends_with_all_its_steps_and_begins_none_too_early(
    spec: dict[str, Any], data: st.DataObject
) -> None:
    play = Play(workflow(yaml.safe_dump(spec)))  # asks twice at every look: the same answer
    stops_at, begun = data.draw(st.integers(0, 30)), None
    for turn in range(400):
        if play.run.status.ended:
            break
        _check_bounds(play, spec)
        if turn == stops_at:
            begun = _begun(play)
            play.stop()
        elif play.progress.due:
            step = data.draw(st.sampled_from(play.progress.due))
            play.look({step: outcome(data.draw(st.sampled_from(["", 1])))})
        else:
            assert play.progress.again_at is not None, "nothing is due, and no time changes it"
            play.now = play.progress.again_at
            play.look()
    assert play.run.status.ended
    assert all(step.status.ended for step in play.run.steps.values())
    if begun is not None:
        assert all(".onExit" in step for step in _begun(play) - begun)
        assert "onExit" not in spec or f"{spec['entrypoint']}.onExit" in _begun(play)


def _begun(play: Play) -> set[str]:
    return {s.id for s in play.run.steps.values() if s.started_at and s.kind.is_leaf}


def _check_bounds(play: Play, spec: dict[str, Any]) -> None:
    """No more leaves at once than allowed, and none before the line or the tasks before it."""
    steps = play.run.steps.values()
    if "parallelism" in spec:
        assert len(play.progress.due) <= spec["parallelism"]
    for step in steps:
        if step.started_at is None or step.kind is not Kind.GROUP or not step.name.startswith("["):
            continue
        before = f"{step.parent}[{int(step.name[1:-1]) - 1}]"
        assert before not in play.run.steps or play.run.steps[before].status.ended
    templates = {template["name"]: template for template in spec["templates"]}
    for dag in (step for step in steps if step.kind is Kind.DAG and step.started_at):
        for task in templates[dag.template]["dag"]["tasks"]:
            own = play.run.steps[f"{dag.id}.{task['name']}"]
            needs = [
                name.partition(".")[0] for name in task.get("depends", "").split() if name[0] == "t"
            ]
            if own.started_at is not None:
                assert all(play.run.steps[f"{dag.id}.{need}"].status.ended for need in needs)
