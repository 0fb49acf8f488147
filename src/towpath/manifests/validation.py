"""Documents against the form of their kind: every refusal with its place and what to write.

Turns Pydantic's errors into problems. Which kinds there are, and what they mean together, is not
known here.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from towpath.domain import catalog
from towpath.manifests import documents, parts, values

Form = TypeVar("Form", bound=parts.Manifest)

# What Kubernetes keeps as text however it is written: `version: 1.0` is the text 1.0.
_ALWAYS_TEXT = (
    ("metadata", "annotations", "*"),
    ("metadata", "labels", "*"),
    ("spec", "promotionFlows", "*", "gitTriggerSelectors", "*", "values"),
    ("spec", "promotionFlows", "*", "gitTriggerSelectors", "*", "values", "*"),
)
_TYPES = {
    "string_type": "must be text: put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "sequence_str": "must be a list",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "is_instance_of": "must be a list",
}


def validated(
    document: documents.Document, form: type[Form], fuller: type[parts.Manifest] | None = None
) -> tuple[Form | None, list[catalog.Problem]]:
    """The document as its form, or None; and everything that is wrong with it.

    `fuller` is a form with more fields, to say of an unknown field where it would be known.
    """
    for path in _ALWAYS_TEXT:
        document.take_as_text(*path)
    data, problems = values.plain(document)
    if not data:
        return None, problems
    try:
        manifest = form.model_validate(_without_nulls(data))
    except ValidationError as error:
        found = [_problem(document, form, fuller, detail) for detail in error.errors()]
        return None, [*problems, *sorted(found, key=lambda p: (p.origin.line, p.origin.column))]
    return (None if problems else manifest), problems


def _without_nulls(value: object) -> object:
    """A null is an absent field, as in Kubernetes."""
    if isinstance(value, dict):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(element) for element in value]
    return value


def _problem(
    document: documents.Document,
    form: type[parts.Manifest],
    fuller: type[parts.Manifest] | None,
    detail: ErrorDetails,
) -> catalog.Problem:
    at_key = detail["loc"][-1:] == ("[key]",)
    path = detail["loc"][:-1] if at_key else detail["loc"]
    code, said = _said(form, fuller, path, detail)
    place = path[:-1] if detail["type"] == "missing" else path
    origin = document.origin(*place, key=at_key or detail["type"] == "extra_forbidden")
    return catalog.Problem(origin, code, f"{documents.path_text(path)}: {said}")


def _said(
    form: type[parts.Manifest],
    fuller: type[parts.Manifest] | None,
    path: tuple[str | int, ...],
    detail: ErrorDetails,
) -> tuple[str, str]:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "towpath":
            return str(context["code"]), str(context["said"])
        case "extra_forbidden":
            return "unknown_field", _unknown_field(form, fuller, path)
        case "missing":
            return "missing_field", "is required"
        case "literal_error":
            return "invalid_value", _not_one_of(detail["input"], str(context["expected"]))
        case "too_short" | "string_too_short":
            return "invalid_value", "must not be empty"
        case "greater_than_equal":
            return "invalid_value", f"must be at least {context['ge']}"
        case "less_than_equal":
            return "invalid_value", f"must be at most {context['le']}"
        case name if name in _TYPES:
            return "wrong_type", _TYPES[name]
    return "invalid_value", detail["msg"]


def _not_one_of(given: object, expected: str) -> str:
    known = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    return f"`{given}` is not one of {', '.join(known)}{nearest(str(given), known)}"


def _unknown_field(
    form: type[parts.Manifest],
    fuller: type[parts.Manifest] | None,
    path: tuple[str | int, ...],
) -> str:
    name = str(path[-1])
    if fuller and name in _fields_at(fuller, path[:-1]):
        return "is a field of towpath.dev/v1 only: change the apiVersion to use it"
    known = _fields_at(form, path[:-1])
    hint = nearest(name, known) or f"; known here: {', '.join(known)}"
    return f"unknown field{hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like `name`, or nothing if none is."""
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), by_lower, 1, 0.5)
    return f"; did you mean `{by_lower[close[0]]}`?" if close else ""


def _fields_at(form: type[parts.Manifest], path: Sequence[str | int]) -> list[str]:
    here: object = form
    for part in path:
        here = _below(_bare(here), part)
    here = _bare(here)
    return list(_by_alias(here)) if isinstance(here, type) else []


def _below(annotation: object, part: str | int) -> object:
    if isinstance(annotation, type) and issubclass(annotation, parts.Part):
        return _by_alias(annotation).get(str(part))
    arguments = get_args(annotation)
    if get_origin(annotation) is Mapping:
        return arguments[1]
    return arguments[0] if arguments else None


def _by_alias(form: type) -> dict[str, object]:
    if not issubclass(form, parts.Part):
        return {}
    return {field.alias or name: field.annotation for name, field in form.model_fields.items()}


def _bare(annotation: object) -> object:
    """Without `Annotated` and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _bare(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation
