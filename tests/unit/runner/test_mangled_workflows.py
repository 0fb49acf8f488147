"""Manifests that are not as they should be, and templates that never stop calling each other."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.domain.workflow import Manifest
from towpath.runner import LocalRunner
from workflow_runs import Play, manifest, simulate, workflow

EXAMPLES = [
    manifest(file.read_text("utf-8"))
    for file in sorted((Path(__file__).parents[2] / "data" / "workflows").glob("*.yaml"))
]
ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", "{{x}}", "{{=1}}", "{{item}}", "a && b", "10s"]
ODD += [[], {}, [None], [1], {"a": 1}, {"name": None}, {"name": "x", "value": "y"}]

ENDLESS = ("limit", "retryStrategy")
"""Without them a step is tried a thousand times, which takes its time."""


def _paths(value: Any, start: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in inner:
        yield (*start, key)
        if isinstance(below, dict | list):
            yield from _paths(below, (*start, key))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mangled_workflow_is_refused_or_runs_to_its_end(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(EXAMPLES))
    documents: Any = copy.deepcopy(dict(original.documents))
    paths = [path for path in _paths(documents) if len(path) > 1 and path[-1] not in ENDLESS]
    *way, last = data.draw(st.sampled_from(paths))
    place = documents
    for key in way:
        place = place[key]
    if data.draw(st.booleans()):
        place[last] = data.draw(st.sampled_from(ODD))
    else:
        del place[last]
    changed = Manifest(original.name, documents, original.origins)
    if not LocalRunner().refuse(changed):
        assert simulate(changed).run.status.ended


RECURSIVE = """
entrypoint: main
templates:
  - name: main
    retryStrategy: {limit: 0}
    steps:
      - - {name: again, template: other, withItems: [1]}
  - name: other
    retryStrategy: {limit: 0}
    dag: {tasks: [{name: again, template: main, withItems: [1]}]}
"""


def test_templates_that_call_each_other_without_end_are_an_error() -> None:
    play = Play(workflow(RECURSIVE))
    assert play.run.status == "failed"
    assert play.run.reason is not None
    assert "templates that call each other more than 50 deep" in play.run.reason.sentence


def test_attempts_that_fail_as_they_begin_have_an_end() -> None:
    spec = """
entrypoint: main
templates:
  - name: main
    retryStrategy: {retryPolicy: Always}
    container: {image: x, command: [echo, "{{nothing}}"]}
"""
    assert Play(workflow(spec)).run.status == "error"


@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_parallelism_that_is_no_number_is_an_error(value: str) -> None:
    spec = f"""
entrypoint: main
parallelism: "{value}"
templates: [{{name: main, container: {{image: x, command: [echo]}}}}]
"""
    assert Play(workflow(spec)).run.status == "error"
