"""What a leaf is to do, filled in once when its turn comes, and what it puts out.

`work` is plain data, because it is stored with the step until some worker executes it.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from towpath.domain.workflow import Kind
from towpath.runner import expressions, substitution, texts
from towpath.runner.book import Fields, Template
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables
from towpath.runner.variables import PARAMETER

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def pod_name(node: str) -> str:
    """A name as a pod would have it, of the step and of no other."""
    plain = _NOT_IN_A_NAME.sub("-", node.lower()).strip("-")[:50]
    return f"{plain}-{int(hashlib.sha256(node.encode()).hexdigest()[:8], 16)}"


def resolve(template: Template, inputs: Mapping[str, str], known: Variables) -> dict[str, Any]:
    """What the leaf is to do, with everything filled in. Raises `Mistake`."""
    paths = {
        f"outputs.parameters.{parameter['name']}.path": texts.of(parameter["valueFrom"]["path"])
        for parameter in template.outputs
        if (parameter.get("valueFrom") or {}).get("path") is not None
    }
    known = known.also(paths)
    kind = template.kind
    field = {Kind.CONTAINER: "container", Kind.SCRIPT: "script", Kind.HTTP: "http"}[kind]
    fields: Fields = substitution.fill(_used(template.fields[field]), known)  # type: ignore[assignment]
    work = _request(fields) if kind is Kind.HTTP else _process(fields)
    work["outputs"] = [_output(parameter, known) for parameter in template.outputs]
    deadline = template.fields.get("activeDeadlineSeconds")
    if deadline is not None:
        work["deadline"] = _number(substitution.fill(deadline, known), "activeDeadlineSeconds")
    return work


_UNUSED = frozenset({"resources", "imagePullPolicy", "securityContext", "ports"})


def _used(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _UNUSED}


def _process(fields: Fields) -> dict[str, Any]:
    work: dict[str, Any] = {
        "command": [texts.of(part) for part in fields.get("command") or []],
        "args": [texts.of(part) for part in fields.get("args") or []],
        "env": {
            str(one["name"]): texts.of("" if one.get("value") is None else one["value"])
            for one in fields.get("env") or []
        },
        "image": texts.of(fields.get("image") or ""),
    }
    if fields.get("source") is not None:
        work["source"] = texts.of(fields["source"])
    if fields.get("workingDir"):
        work["folder"] = texts.of(fields["workingDir"])
    return work


def _request(fields: Fields) -> dict[str, Any]:
    return {
        "url": texts.of(fields["url"]),
        "method": texts.of(fields.get("method") or "GET").upper(),
        "headers": [
            [texts.of(one["name"]), texts.of(one.get("value") or "")]
            for one in fields.get("headers") or []
        ],
        "body": texts.of(fields.get("body") or ""),
        "timeout": _number(fields.get("timeoutSeconds") or 30, "timeoutSeconds"),
        "condition": texts.of(fields.get("successCondition") or ""),
        "insecure": bool(fields.get("insecureSkipVerify")),
    }


def _number(value: object, field: str) -> float:
    try:
        number = float(texts.of(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Mistake(f"{field} is `{texts.of(value)}`, and not a number")
    return number


def _output(parameter: Fields, known: Variables) -> dict[str, Any]:
    """An output as `{name, path | value, default}`."""
    found: dict[str, Any] = {"name": str(parameter["name"])}
    source: Fields = parameter.get("valueFrom") or {}
    if source.get("path") is not None:
        found["path"] = substitution.fill_text(texts.of(source["path"]), known)
    elif parameter.get("value") is not None:
        found["value"] = substitution.fill_text(texts.of(parameter["value"]), known)
    if source.get("default") is not None:
        found["default"] = substitution.fill_text(texts.of(source["default"]), known)
    return found


def supplied(template: Template, inputs: Mapping[str, str]) -> dict[str, Any]:
    """The outputs that whoever resumes a suspended step gives, with their defaults."""
    by_input = {p["name"]: p.get("default") for p in template.parameters}
    outputs = []
    for parameter in template.outputs:
        default = (parameter.get("valueFrom") or {}).get("default", by_input.get(parameter["name"]))
        one: dict[str, Any] = {"name": str(parameter["name"])}
        if default is not None:
            one["default"] = texts.of(default)
        outputs.append(one)
    return {"outputs": outputs}


def resumed(work: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The outputs of a step that was resumed. Raises `Mistake` for one that nobody gave."""
    found: dict[str, str] = {}
    for one in work.get("outputs") or []:
        key = f"{PARAMETER}{one['name']}"
        value = given.get(key, one.get("default"))
        if value is None:
            raise Mistake(f"it was resumed without the output `{one['name']}`")
        found[key] = value
    return found


def gathered(template: Template, known: Variables) -> dict[str, str]:
    """The outputs of steps or a dag, from those of what it holds. Raises `Mistake`."""
    found: dict[str, str] = {}
    for parameter in template.outputs:
        source: Fields = parameter.get("valueFrom") or {}
        try:
            value = computed(source, known)
        except Mistake:
            if source.get("default") is None:
                raise
            value = None
        if value is None:
            value = source.get("default")
        if value is None:
            raise Mistake(f"the output `{parameter['name']}` is of a step that was skipped")
        found[f"{PARAMETER}{parameter['name']}"] = texts.of(value)
    return found


def computed(source: Fields, known: Variables) -> object:
    """The value that `parameter` or `expression` comes to; None if that is absent."""
    if source.get("expression") is not None:
        return expressions.evaluate(texts.of(source["expression"]), known.expanded)
    text = texts.of(source.get("parameter") or "")
    name = substitution.only_reference(text) or text.strip()
    if name in known.flat:
        return known.flat[name]
    return substitution.fill_text(text if "{{" in text else f"{{{{{text}}}}}", known)
