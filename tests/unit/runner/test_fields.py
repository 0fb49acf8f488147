"""The page of the local runner against what it says: every row of its tables, tried.

A field that runs makes a difference: without it, a workflow of `tests/data/workflows` goes
another way. A field that is ignored makes none; one that is refused keeps the run from beginning.
"""

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local_runner_page import rows
from towpath.domain.workflow import Manifest
from towpath.runner import LocalRunner, fields
from towpath.runner.fields import Fate
from workflow_runs import manifest, simulate

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "tests" / "data" / "workflows").glob("*.yaml"))
INHERITED = {"DAGTask": "WorkflowStep", "ScriptTemplate": "Container"}


ROWS = list(rows())
# These say the same with and without: what is missing is not only of no effect, but wrong.
NEEDED = {
    ("Workflow", "apiVersion"): "documents are told apart by it, and by `kind`, when they are read",
}


def test_the_page_names_every_field_and_its_fate() -> None:
    written = {(name, field): fate for name, field, fate in ROWS}
    known = {
        (name, field): one.fate
        for name, below in fields.OBJECTS.items()
        for field, one in below.items()
        if fields.OBJECTS.get(INHERITED.get(name, ""), {}).get(field) != one
    }
    assert written == known


@cache
def _example(file: Path) -> Manifest:
    return manifest(file.read_text("utf-8"))


@cache
def _seen(file: Path) -> object:
    return simulate(_example(file)).seen


def _places(shape: str, value: Any, wanted: str) -> Iterator[dict[str, Any]]:
    """Every object of the wanted kind in a value of this shape."""
    if value is None:
        return
    if shape in fields.OBJECTS:
        if shape == wanted or INHERITED.get(shape) == wanted:
            yield value
        for name, field in fields.OBJECTS[shape].items():
            yield from _places(field.shape, value.get(name), wanted)
    for start in ("list of ", "map of ", "lines of "):
        if shape.startswith(start):
            below = value.values() if isinstance(value, dict) else value
            for one in below:
                inner = one if isinstance(one, list) else [one]
                for each in inner:
                    yield from _places(shape.removeprefix(start), each, wanted)


def _changed(file: Path, kind: str, field: str) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    """The example, and an object of that kind in it, for each such object."""
    original = _example(file)
    count = sum(
        len(list(_places("Workflow", document, kind))) for document in original.documents.values()
    )
    for index in range(count):
        documents: Any = copy.deepcopy(dict(original.documents))
        found = [
            one for document in documents.values() for one in _places("Workflow", document, kind)
        ]
        yield Manifest(original.name, documents, original.origins), found[index]


RUNS = [(name, field) for name, field, fate in ROWS if fate is Fate.RUNS]


@pytest.mark.parametrize(("kind", "field"), [row for row in RUNS if row not in NEEDED])
def test_a_field_that_runs_makes_a_difference(kind: str, field: str) -> None:
    for file in EXAMPLES:
        for changed, place in _changed(file, kind, field):
            if field not in place:
                continue
            if (kind, field) == ("RetryStrategy", "limit"):
                place[field] = 0  # without one, it would try a thousand times
            elif place[field] is True:
                place[field] = False
            else:
                del place[field]
            if LocalRunner().refuse(changed) or simulate(changed).seen != _seen(file):
                return
    pytest.fail(f"no example goes another way without {kind}.{field}")


def _sample(field: fields.Field) -> object:
    return "containers: [{resources: {}}]" if field.shape == "patch" else [{"name": "sample"}]


OTHERS = [(name, field, fate) for name, field, fate in ROWS if fate is not Fate.RUNS]


@pytest.mark.parametrize(("kind", "field", "fate"), OTHERS)
def test_a_field_that_is_ignored_changes_nothing_and_one_that_is_refused_is_named(
    kind: str, field: str, fate: Fate
) -> None:
    file, changed, place = next(
        (file, changed, place)
        for file in EXAMPLES
        for changed, place in _changed(file, kind, field)
        if _is_reached(changed, place)
    )
    place[field] = _sample(fields.OBJECTS[kind][field])
    problems = LocalRunner().refuse(changed)
    if fate is Fate.REFUSED:
        assert [f"`{field}` is not run here" in problem.message for problem in problems] == [True]
        assert problems[0].origin.line > 1
    else:
        assert problems == []
        assert simulate(changed).seen == _seen(file)


def _is_reached(changed: Manifest, place: dict[str, Any]) -> bool:
    """Whether the run comes by there: then it notices a field that nobody knows."""
    place["unknownField"] = 1
    noticed = bool(LocalRunner().refuse(changed))
    del place["unknownField"]
    return noticed


def test_a_field_that_nobody_knows_is_refused_with_its_line_and_the_nearest_name() -> None:
    text = EXAMPLES[0].read_text("utf-8").replace("  parallelism: 3", "  paralelism: 3")
    (problem,) = LocalRunner().refuse(manifest(text))
    assert problem.origin.line == 7
    assert "did you mean `parallelism`?" in problem.message


@pytest.mark.parametrize("nothing", [None, [], {}, False, ""])
def test_a_refused_field_that_says_nothing_is_as_if_it_were_not_there(nothing: object) -> None:
    for changed, place in _changed(EXAMPLES[0], "Template", "volumes"):
        place["volumes"] = nothing
        assert LocalRunner().refuse(changed) == []
