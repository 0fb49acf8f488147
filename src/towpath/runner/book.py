"""The templates of a manifest: which document holds which, and what a call means.

Knows what stands in the manifests, and nothing of runs. `refusals` has seen them before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from towpath.domain.workflow import Kind, Manifest
from towpath.runner.mistakes import Mistake

Fields = Mapping[str, Any]

KINDS: Mapping[str, Kind] = {
    "steps": Kind.STEPS,
    "dag": Kind.DAG,
    "container": Kind.CONTAINER,
    "script": Kind.SCRIPT,
    "http": Kind.HTTP,
    "suspend": Kind.SUSPEND,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template, and the document whose other templates it may name."""

    document: str
    fields: Fields

    @property
    def name(self) -> str:
        """The template's name; nothing for an inline one."""
        return str(self.fields.get("name") or "")

    @property
    def kind(self) -> Kind:
        """What the template is. Raises `Mistake` for one that is nothing."""
        for field, kind in KINDS.items():
            if self.fields.get(field) is not None:
                return kind
        raise Mistake(f"the template `{self.name}` says nothing of what to do")

    @property
    def parameters(self) -> list[Fields]:
        """The declared input parameters."""
        return (self.fields.get("inputs") or {}).get("parameters") or []

    @property
    def outputs(self) -> list[Fields]:
        """The declared output parameters."""
        return (self.fields.get("outputs") or {}).get("parameters") or []


@dataclass(frozen=True)
class Book:
    """A manifest, opened where its templates are."""

    manifest: Manifest

    @cached_property
    def own(self) -> Fields:
        """The document that is run."""
        return self.manifest.documents[self.manifest.name]

    @cached_property
    def spec(self) -> Fields:
        """The workflow's spec, over that of the template it refers to."""
        own: Any = self.own.get("spec") or {}
        if self._base is None:
            return dict(own)
        base: Any = self.manifest.documents[self._base].get("spec") or {}
        both = {**base, **own, "arguments": _merged_arguments(base, own)}
        if base.get("templateDefaults") and own.get("templateDefaults"):
            both["templateDefaults"] = merged(base["templateDefaults"], own["templateDefaults"])
        return both

    @cached_property
    def _base(self) -> str | None:
        spec: Any = self.own.get("spec") or {}
        name = (spec.get("workflowTemplateRef") or {}).get("name")
        return name if name in self.manifest.documents else None

    @cached_property
    def _templates(self) -> Mapping[tuple[str, str], Fields]:
        found: dict[tuple[str, str], Fields] = {}
        for document, content in self.manifest.documents.items():
            for _, template in templates_of(content):
                found[document, str(template.get("name"))] = template
        return found

    def named(self, document: str, name: str) -> Template:
        """The template of that name in the document. Raises `Mistake`."""
        places = [document]
        if document == self.manifest.name and self._base:
            places.append(self._base)
        for place in places:
            fields = self._templates.get((place, name))
            if fields is not None:
                return Template(document, self.complete(fields))
        raise Mistake(f"there is no template `{name}` in `{document}`")

    def called(self, call: Fields, document: str) -> Template:
        """The template that a step, task or hook of the document calls. Raises `Mistake`."""
        if call.get("inline") is not None:
            return Template(document, self.complete(call["inline"]))
        reference = call.get("templateRef")
        if reference is None:
            return self.named(document, str(call.get("template") or ""))
        name = str(reference.get("name") or "")
        if name not in self.manifest.documents:
            raise Mistake(f"there is no workflow template `{name}` to take a template from")
        return self.named(name, str(reference.get("template") or ""))

    def complete(self, fields: Fields) -> Fields:
        """A template over the workflow's `templateDefaults`."""
        defaults = self.spec.get("templateDefaults")
        if not defaults:
            return fields
        other_kinds = {field for field in KINDS if fields.get(field) is None}
        return merged({k: v for k, v in defaults.items() if k not in other_kinds}, fields)


def templates_of(document: Fields) -> list[tuple[int, Fields]]:
    """The templates of a document, with their places; nothing where there should be some."""
    spec = document.get("spec")
    listed = spec.get("templates") if isinstance(spec, Mapping) else None
    found = enumerate(listed) if isinstance(listed, list) else ()
    return [(index, one) for index, one in found if isinstance(one, Mapping)]


def merged(below: Fields, above: Fields) -> dict[str, Any]:
    """Two mappings as one, the upper one winning wherever it says something but a mapping."""
    both = dict(below)
    for key, value in above.items():
        under = both.get(key)
        is_deep = isinstance(value, Mapping) and isinstance(under, Mapping)
        both[key] = merged(both[key], value) if is_deep else value
    return both


def _merged_arguments(base: Fields, own: Fields) -> dict[str, list[Fields]]:
    by_name: dict[str, Fields] = {}
    for spec in (base, own):
        for parameter in (spec.get("arguments") or {}).get("parameters") or []:
            name = str(parameter["name"])
            by_name[name] = {**by_name.get(name, {}), **parameter}
    return {"parameters": list(by_name.values())}
