"""What may be named in a workflow, and what it is: `workflow.…`, `inputs.…`, `steps.X.…`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from towpath.domain import reasons
from towpath.domain.status import Status
from towpath.domain.workflow import Run, Step
from towpath.runner import expressions, texts
from towpath.runner.book import Book, Fields, Template
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables, fill_text

PARAMETER = "parameters."
"""What the names of parameters begin with among a step's outputs."""
MAX_RESULT = 256 * 1024

_PHASES: Mapping[Status, str] = {
    Status.WAITING: "Pending",
    Status.PENDING: "Pending",
    Status.RUNNING: "Running",
    Status.SUSPENDED: "Running",
    Status.TERMINATING: "Running",
    Status.SUCCEEDED: "Succeeded",
    Status.FAILED: "Failed",
    Status.TERMINATED: "Failed",
    Status.ERROR: "Error",
    Status.SKIPPED: "Skipped",
}
_SCHEDULED = "workflows.argoproj.io/scheduled-time"
_STRFTIME = "aAbBcCdDeFgGhHIjklmMnprRStTuUVwWxXyYzZ"


def phase(step: Step) -> str:
    """A step's status in Argo's words."""
    return "Omitted" if is_omitted(step) else _PHASES[step.status]


def is_omitted(step: Step) -> bool:
    """Whether the step was left out because what it depends on did not end as asked."""
    return (
        step.status is Status.SKIPPED
        and step.reason is not None
        and step.reason.code is reasons.Code.NOT_REACHED
    )


def moment(at: datetime) -> str:
    """RFC 3339 in whole seconds, as Kubernetes writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(start: datetime | None, end: datetime | None) -> str:
    """The time between as text, as Go prints a float."""
    return f"{(end - start).total_seconds():f}" if start and end else "0"


def name_of(run: Run, book: Book) -> str:
    """The workflow's name: as given, else made from its prefix and the run's id."""
    metadata: Any = book.own.get("metadata") or {}
    if book.own.get("kind") == "Workflow" and metadata.get("name"):
        return str(metadata["name"])
    prefix = metadata.get("generateName") or f"{metadata.get('name') or run.manifest.name}-"
    return f"{prefix}{run.id.hex[:5]}"


def arguments(run: Run, book: Book) -> dict[str, str]:
    """The workflow's parameters: given, else declared. Raises `Mistake` for one without value."""
    found: dict[str, str] = {}
    declared = (book.spec.get("arguments") or {}).get("parameters") or []
    plain = Variables(_fixed(run, book))
    for parameter in declared:
        name = str(parameter["name"])
        if name in run.arguments:
            value = run.arguments[name]
        elif _written(parameter) is not None:
            value = fill_text(texts.of(_written(parameter)), plain)
        else:
            raise Mistake(f"the workflow's parameter `{name}` has no value: give one")
        _check_choice(parameter, value, f"the workflow's parameter `{name}`")
        found[name] = value
    return {**found, **{name: v for name, v in run.arguments.items() if name not in found}}


def _written(parameter: Fields) -> object:
    value = parameter.get("value")
    return parameter.get("default") if value is None else value


def _check_choice(parameter: Fields, value: str, what: str) -> None:
    choices = [texts.of(choice) for choice in parameter.get("enum") or []]
    if choices and value not in choices:
        raise Mistake(f"{what} is `{value}`, and must be one of {', '.join(choices)}")


def of_workflow(run: Run, book: Book, now: datetime) -> dict[str, object]:
    """All `workflow.…` variables that do not depend on how the run goes. Raises `Mistake`."""
    given = arguments(run, book)
    listed = texts.as_json([{"name": name, "value": value} for name, value in given.items()])
    found = _fixed(run, book)
    found |= {"workflow.parameters": listed, "workflow.parameters.json": listed}
    found |= {f"workflow.parameters.{name}": value for name, value in given.items()}
    found["workflow.duration"] = seconds(run.started_at or now, now)
    return found | _computed_labels(book, found)


def _computed_labels(book: Book, known: Mapping[str, object]) -> dict[str, object]:
    computed: Fields = (book.spec.get("workflowMetadata") or {}).get("labelsFrom") or {}
    expanded = expressions.expand(known) if computed else {}
    return {
        f"workflow.labels.{name}": texts.of(
            expressions.evaluate(texts.of(source["expression"]), expanded)
        )
        for name, source in computed.items()
    }


def _fixed(run: Run, book: Book) -> dict[str, object]:
    metadata: Any = book.own.get("metadata") or {}
    extra: Fields = book.spec.get("workflowMetadata") or {}
    labels = {**_texts(metadata.get("labels")), **_texts(extra.get("labels")), **run.labels}
    annotations = {**_texts(metadata.get("annotations")), **_texts(extra.get("annotations"))}
    found: dict[str, object] = {
        "workflow.name": name_of(run, book),
        "workflow.namespace": texts.of(metadata.get("namespace") or "default"),
        "workflow.mainEntrypoint": texts.of(book.spec.get("entrypoint") or ""),
        "workflow.serviceAccountName": texts.of(book.spec.get("serviceAccountName") or ""),
        "workflow.uid": str(run.id),
        "workflow.labels": texts.as_json(labels),
        "workflow.labels.json": texts.as_json(labels),
        "workflow.annotations": texts.as_json(annotations),
        "workflow.annotations.json": texts.as_json(annotations),
    }
    found |= {f"workflow.labels.{name}": value for name, value in labels.items()}
    found |= {f"workflow.annotations.{name}": value for name, value in annotations.items()}
    if _SCHEDULED in annotations:
        found["workflow.scheduledTime"] = annotations[_SCHEDULED]
    if book.spec.get("priority") is not None:
        found["workflow.priority"] = texts.of(book.spec["priority"])
    return found | _creation(run.created_at or run.started_at)


def _creation(at: datetime | None) -> dict[str, object]:
    if at is None:
        return {}
    name = "workflow.creationTimestamp"
    found: dict[str, object] = {f"{name}.{char}": at.strftime(f"%{char}") for char in _STRFTIME}
    return found | {
        name: moment(at),
        f"{name}.RFC3339": moment(at),
        f"{name}.s": str(int(at.timestamp())),
    }


def _texts(values: object) -> dict[str, str]:
    return {k: texts.of(v) for k, v in values.items()} if isinstance(values, dict) else {}


def inputs(template: Template, given: Mapping[str, str], known: Variables) -> dict[str, str]:
    """The values of a template's input parameters. Raises `Mistake` for one without value."""
    found: dict[str, str] = {}
    for parameter in template.parameters:
        name = str(parameter["name"])
        written = _written(parameter)
        if name in given:
            value = given[name]
        elif written is not None:
            so_far = known.also({f"inputs.{PARAMETER}{key}": found[key] for key in found})
            value = fill_text(texts.of(written), so_far)
        else:
            raise Mistake(f"the input `{name}` of `{template.name}` has no value")
        _check_choice(parameter, value, f"the input `{name}` of `{template.name}`")
        found[name] = value
    return found


def of_inputs(values: Mapping[str, str]) -> dict[str, object]:
    """`inputs.parameters` and `inputs.parameters.X`."""
    listed = texts.as_json([{"name": name, "value": value} for name, value in values.items()])
    return {
        "inputs.parameters": listed,
        **{f"inputs.parameters.{name}": value for name, value in values.items()},
    }


def of_step(prefix: str, name: str, step: Step) -> dict[str, object]:
    """`steps.X.…` or `tasks.X.…` of one that has begun."""
    start = f"{prefix}.{name}"
    found: dict[str, object] = {f"{start}.id": step.id, f"{start}.status": phase(step)}
    if step.started_at:
        found[f"{start}.startedAt"] = moment(step.started_at)
    if step.ended_at:
        found[f"{start}.finishedAt"] = moment(step.ended_at)
    return found | of_outputs(start, step.outputs)


def of_outputs(start: str, outputs: Mapping[str, str]) -> dict[str, object]:
    """`….outputs.result`, `….outputs.parameters.X` and `….exitCode`."""
    found: dict[str, object] = {}
    for key, value in outputs.items():
        if key == "exitCode":
            found[f"{start}.exitCode"] = value
        found[f"{start}.outputs.{key}"] = value
    return found


def of_skipped(prefix: str, name: str, template: Template) -> dict[str, object]:
    """What a skipped step's outputs are: their defaults, else known to be absent."""
    found: dict[str, object] = {f"{prefix}.{name}.outputs.result": None}
    for parameter in template.outputs:
        default = (parameter.get("valueFrom") or {}).get("default")
        value = None if default is None else texts.of(default)
        found[f"{prefix}.{name}.outputs.{PARAMETER}{parameter['name']}"] = value
    return found


def of_loop(prefix: str, name: str, children: Sequence[Step]) -> dict[str, object]:
    """The outputs of a loop's steps together, as JSON lists in the order of the items."""
    start = f"{prefix}.{name}.outputs"
    done = [child.outputs for child in children if child.status is Status.SUCCEEDED]
    each = [_parameters(outputs) for outputs in done]
    results = [_item(outputs["result"]) for outputs in done if "result" in outputs]
    found: dict[str, object] = {
        f"{start}.result": texts.as_json(results),
        f"{start}.parameters": texts.as_json([one for one in each if one]),
    }
    for key in dict.fromkeys(key for one in each for key in one):
        values = [one[key] for one in each if key in one]
        found[f"{start}.{PARAMETER}{key}"] = texts.as_json(_as_data(values))
    return found


def _parameters(outputs: Mapping[str, str]) -> dict[str, str]:
    start = len(PARAMETER)
    return {key[start:]: value for key, value in outputs.items() if key.startswith(PARAMETER)}


def _item(result: str) -> object:
    """A result as a list holds it: JSON where it is JSON."""
    try:
        return texts.read_json(result)
    except ValueError:
        return result


def _as_data(values: Iterable[str]) -> list[Any]:
    """Lists and maps as such, if all of them are; else texts."""
    listed = list(values)
    data = [_item(value) for value in listed]
    return data if all(isinstance(one, list | dict) for one in data) else listed
