"""What the tags of a template name, and nothing stands behind: found before anything runs.

Only what is certain without running: a misspelt input, a step that is not there, a parameter of
the workflow that nobody gave. What a variable holds is another matter.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from towpath.runner import substitution
from towpath.runner.book import Fields

_INPUT, _GIVEN = "inputs.parameters.", "workflow.parameters."
_LISTS = {"steps": "step", "tasks": "task"}
_OF_A_CLUSTER = (
    (re.compile(r"(steps|tasks)\.[^.]+\.(ip|hostNodeName)"), "there are no pods here"),
    (re.compile(r".*\.artifacts\..*"), "artifacts need an artifact repository"),
    (re.compile(r"cronworkflow\..*"), "a schedule is not followed here"),
)


def of_a_cluster(template: Fields) -> Iterator[tuple[str, str]]:
    """Variables that only a cluster has: where, and why they are not here."""
    for path, name in _names(template):
        for pattern, why in _OF_A_CLUSTER:
            if pattern.fullmatch(name):
                yield path, f"`{name}` is not run here: {why}"


def unknown(template: Fields) -> Iterator[tuple[str, str]]:
    """Inputs, and steps or tasks beside, that the template does not have: where, and what."""
    inputs = [str(p["name"]) for p in (template.get("inputs") or {}).get("parameters") or []]
    beside = {"steps": _steps(template), "tasks": _tasks(template)}
    for path, name in _names(template):
        if name.startswith(_INPUT):
            wanted = name.removeprefix(_INPUT)
            if wanted not in inputs:
                yield path, f"the template has no input `{wanted}`{_near(wanted, inputs)}"
        prefix, _, rest = name.partition(".")
        if beside.get(prefix) and "." in rest:
            wanted = rest.partition(".")[0]
            if wanted not in beside[prefix]:
                said = f"there is no {_LISTS[prefix]} `{wanted}` here"
                yield path, said + _near(wanted, beside[prefix])


def not_given(template: Fields, given: Collection[str]) -> Iterator[tuple[str, str]]:
    """Parameters of the workflow that nobody gives or declares."""
    for path, name in _names(template):
        wanted = name.removeprefix(_GIVEN)
        if name.startswith(_GIVEN) and wanted != "json" and wanted not in given:
            yield path, f"the workflow has no parameter `{wanted}`{_near(wanted, given)}"


def without_value(parameters: Collection[Fields], given: Collection[str]) -> Iterator[int]:
    """Which of the declared parameters nobody gives a value."""
    for index, one in enumerate(parameters):
        if one.get("value") is None and one.get("default") is None and one["name"] not in given:
            yield index


def _steps(template: Fields) -> list[str]:
    lines = template.get("steps") or []
    flat = [step for line in lines for step in (line if isinstance(line, list) else [line])]
    return [str(step["name"]) for step in flat]


def _tasks(template: Fields) -> list[str]:
    return [str(task["name"]) for task in (template.get("dag") or {}).get("tasks") or []]


def _names(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every name that a tag of the value is, with its path; templates inside of it left out."""
    if isinstance(value, str):
        yield from ((path, t.strip()) for t in substitution.tags(value) if _is_name(t))
    elif isinstance(value, Mapping):
        for key, below in value.items():
            if key != "inline":
                yield from _names(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _names(below, f"{path}[{index}]")


def _is_name(tag: str) -> bool:
    return not tag.startswith("=") and "{{" not in tag


def _near(wanted: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.7)
    return f"; did you mean `{near[0]}`?" if near else ""
