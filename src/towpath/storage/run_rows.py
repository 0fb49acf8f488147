"""Runs, steps and manifests as rows, and back. Knows no connection."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from towpath.domain.catalog import Origin
from towpath.domain.reasons import Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Known, Manifest, Place, Purpose, Run, Step
from towpath.storage import codec


def known(row: Mapping[str, Any]) -> Known:
    """A run as a look sees it, from its row as JSON."""
    return Known(
        UUID(row["id"]),
        Place(
            row["release"],
            row["environment"],
            Purpose(row["purpose"]),
            row["attempt"],
            row["application"],
            row["component"],
        ),
        row["template"],
        Status(row["status"]),
        _reason(row["reason"]),
        row["stopping"] is not None,
        moment(row["started_at"]),
        moment(row["ended_at"]),
        row["outputs"],
    )


def run(row: Mapping[str, Any], manifest: Manifest) -> Run:
    """A run from its row, without its steps."""
    return Run(
        row["id"],
        manifest,
        row["arguments"],
        row["labels"],
        Status(row["status"]),
        _reason(row["reason"]),
        _reason(row["stopping"]),
        row["created_at"],
        row["started_at"],
        row["ended_at"],
        row["outputs"],
    )


def run_of_json(row: Mapping[str, Any], manifest: Manifest) -> Run:
    """A run from its row as JSON, without its steps."""
    moments = {key: moment(row[key]) for key in ("created_at", "started_at", "ended_at")}
    return run({**row, **moments, "id": UUID(row["id"])}, manifest)


def step(row: Mapping[str, Any]) -> Step:
    """A step from its row."""
    return Step(
        row["id"],
        row["name"],
        Kind(row["kind"]),
        row["template"],
        row["parent"],
        Status(row["status"]),
        _reason(row["reason"]),
        row["attempt"],
        row["started_at"],
        row["ended_at"],
        row["until"],
        row["inputs"],
        row["outputs"],
        row["memo"],
    )


def as_json(step: Step, place: int) -> Mapping[str, object]:
    """A step as `jsonb_to_recordset` takes it; `place` is its place among the run's steps."""
    return {
        "id": step.id,
        "place": place,
        "name": step.name,
        "kind": step.kind.value,
        "template": step.template,
        "parent": step.parent,
        "status": step.status.value,
        "reason": codec.dump_reason(step.reason) if step.reason else None,
        "attempt": step.attempt,
        "started_at": step.started_at.isoformat() if step.started_at else None,
        "ended_at": step.ended_at.isoformat() if step.ended_at else None,
        "until": step.until.isoformat() if step.until else None,
        "inputs": dict(step.inputs),
        "outputs": dict(step.outputs),
        "memo": dict(step.memo),
    }


def _reason(stored: Mapping[str, Any] | None) -> Reason | None:
    return codec.load_reason(stored) if stored else None


def moment(text: str | None) -> datetime | None:
    """A moment as JSON has it."""
    return datetime.fromisoformat(text) if text else None


def dump_manifest(manifest: Manifest) -> Mapping[str, object]:
    """A manifest as JSON."""
    return {
        "name": manifest.name,
        "documents": {name: dict(document) for name, document in manifest.documents.items()},
        "origins": {
            name: {path: [o.file, o.line, o.column] for path, o in places.items()}
            for name, places in manifest.origins.items()
        },
    }


def load_manifest(stored: Mapping[str, Any]) -> Manifest:
    """The manifest that `dump_manifest` stored."""
    return Manifest(
        stored["name"],
        stored["documents"],
        {
            name: {path: Origin(*place) for path, place in places.items()}
            for name, places in stored["origins"].items()
        },
    )
