"""Releases and events as JSON, and back exactly.

This module exists so that writer and readers of the tables agree on one form. It must not know
tables or connections. A field added to the domain with a default needs no migration: what is
stored without it gets the default. Data of a reason must be plain JSON; nothing checks that here.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import field, fields, make_dataclass
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from towpath.domain import content, events, reasons, values
from towpath.domain.content import ComponentContent, FileContent, SourceContent
from towpath.domain.release import Promotion, Release
from towpath.domain.rules import Rules
from towpath.domain.status import Status

Json = dict[str, Any]


# --- releases --------------------------------------------------------------------------------
def dump_release(of: Release) -> tuple[Json, Json]:
    """The columns `content` and `state` of a release."""
    stored = {name: dump_content(part) for name, part in of.content.items()}
    return stored, dump_state(of)


def dump_state(of: Release) -> Json:
    """The column `state` alone: what it carries never changes, and may be much."""
    return _dump(_without_content(of))


def load_release(stored_content: Mapping[str, Any], state: Mapping[str, Any]) -> Release:
    """The release that `dump_release` stored. Raises `ValueError` when it is none."""
    carried = {name: load_content(part) for name, part in stored_content.items()}
    kind = _state_type()
    read = _adapter(kind).validate_python(state)
    kept = {known.name: getattr(read, known.name) for known in fields(kind)}
    return Release(**kept, content=carried)


def summary(of: Release) -> dict[str, Json]:
    """The column `environments`: each environment in short, with its place in the flow.

    `position` is there because JSONB does not keep the order of keys; `release` is the other one
    that the reason names, so that "superseded by" can be followed from row to row. `mark` is
    what a list is searched for (`qa=failed`).
    """
    return {
        promotion.environment: _in_short(of, promotion, position)
        for position, promotion in enumerate(of.promotions)
    }


def _in_short(of: Release, promotion: Promotion, position: int) -> Json:
    reason = of.why(promotion)
    return {
        "position": position,
        "role": promotion.role.value,
        "status": promotion.status.value,
        "mark": mark(promotion.environment, promotion.status),
        "reason": reason.code.value if reason else None,
        "sentence": reason.sentence if reason else "",
        "release": reason.data.get("release") if reason else None,
        "version": promotion.version,
        "attempt": promotion.attempt,
        "started_at": promotion.started_at.isoformat() if promotion.started_at else None,
        "ended_at": promotion.ended_at.isoformat() if promotion.ended_at else None,
    }


def mark(environment: str, status: Status) -> str:
    """A status in an environment as one word, to search for."""
    return f"{environment}={status.value}"


# --- events and reasons ----------------------------------------------------------------------
def dump_event(event: events.Event) -> tuple[str, Json]:
    """The columns `kind` and `data` of an event; `environment` has a column of its own too."""
    return type(event).__name__, _dump(event)


def load_event(kind: str, data: Mapping[str, Any]) -> events.Event:
    """The event that `dump_event` stored. Raises `KeyError` for a kind that is unknown here."""
    event: events.Event = _adapter(_event_types()[kind]).validate_python(data)
    return event


def dump_reason(reason: reasons.Reason) -> Json:
    """A reason as JSON."""
    return _dump(reason)


def load_reason(stored: Mapping[str, Any]) -> reasons.Reason:
    """The reason that `dump_reason` stored. Raises `ValueError` when it is none."""
    reason: reasons.Reason = _adapter(reasons.Reason).validate_python(stored)
    return reason


@cache
def _event_types() -> Mapping[str, type[events.Event]]:
    return events.all_types()


# --- content ---------------------------------------------------------------------------------
def dump_content(part: ComponentContent) -> Json:
    """What a release carries of one component, as JSON."""
    return {
        "sources": [_dump_source(source) for source in part.sources],
        "version": part.version,
        "images": [[image.name, image.tag, image.digest] for image in part.images],
        "repository": part.repository,
        "branch": part.branch,
        "revision": part.revision,
        "rules": _dump(part.rules),
    }


def load_content(stored: Mapping[str, Any]) -> ComponentContent:
    """The content that `dump_content` stored."""
    return ComponentContent(
        sources=tuple(_load_source(source) for source in stored["sources"]),
        version=stored["version"],
        images=tuple(content.Image(*image) for image in stored["images"]),
        repository=stored["repository"],
        branch=stored["branch"],
        revision=stored["revision"],
        rules=load_rules(stored.get("rules")),
    )


def load_rules(stored: Mapping[str, Any] | None) -> Rules | None:
    """The rules that content was read by; None where they were not stored."""
    return _adapter(Rules).validate_python(stored) if stored else None


def _dump_source(source: SourceContent) -> Json:
    return {
        "index": source.index,
        "repository": source.repository,
        "files": [_dump_file(file) for file in source.files],
    }


def _load_source(stored: Mapping[str, Any]) -> SourceContent:
    files = tuple(_load_file(file) for file in stored["files"])
    return SourceContent(stored["index"], stored["repository"], files)


def _dump_file(file: FileContent) -> Json:
    whole = [file.whole.mode, file.whole.digest, file.whole.size] if file.whole else None
    return {"path": file.path, "values": values.dump(file.values), "whole": whole}


def _load_file(stored: Mapping[str, Any]) -> FileContent:
    whole = content.WholeFile(*stored["whole"]) if stored["whole"] else None
    return FileContent(stored["path"], values.load(stored["values"]), whole)


# --- text that PostgreSQL takes --------------------------------------------------------------
def json_text(value: object) -> str:
    """JSON for a JSONB column; the engine's `json_serializer`.

    PostgreSQL refuses U+0000 and halves of surrogate pairs, and a commit's subject or a message
    of git may hold them: they become U+FFFD rather than keep a release from being recorded. So
    does JSON refuse numbers that are none: they become texts.
    """
    try:
        text = _written(value)
    except ValueError:
        return _written(_cleaned(value))
    return _written(_cleaned(value)) if "\\u0000" in text or "\\ud" in text else text


def _written(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def plain_text(text: str) -> str:
    """Text for a TEXT column: what PostgreSQL refuses becomes U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return "".join("\ufffd" if _refused(character) else character for character in text)


def _refused(character: str) -> bool:
    return character == "\0" or "\ud800" <= character <= "\udfff"


def _cleaned(value: object) -> object:
    match value:
        case str():
            return plain_text(value)
        case dict():
            return {plain_text(str(key)): _cleaned(part) for key, part in value.items()}
        case list() | tuple():
            return [_cleaned(part) for part in value]
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value


# --- dataclasses -----------------------------------------------------------------------------
def _without_content(of: Release) -> Any:
    kind = _state_type()
    return kind(**{kept.name: getattr(of, kept.name) for kept in fields(kind)})


@cache
def _state_type() -> type[Any]:
    """The release's fields but its content, which has a column and a form of its own."""
    hints = get_type_hints(Release)
    kept = [
        (
            known.name,
            hints[known.name],
            field(default=known.default, default_factory=known.default_factory),
        )
        for known in fields(Release)
        if known.name != "content"
    ]
    return make_dataclass("ReleaseState", kept, frozen=True, slots=True)


def _dump(of: Any) -> Json:
    stored: Json = _adapter(type(of)).dump_python(of, mode="json")
    return stored


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _built_adapter(kind)


@cache
def _built_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
