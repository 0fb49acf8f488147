"""Runs of workflows as people ask for them: those of a release, one with its steps, logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from towpath.domain.workflow import Known, Manifest, Run, Step
from towpath.storage import run_rows
from towpath.storage.connection import Connection, Row

_OF_RELEASE = sa.text(
    """
    SELECT to_jsonb(run) AS run, coalesce((
        SELECT jsonb_agg(to_jsonb(step) - CAST('{inputs,outputs,memo}' AS text[]) ORDER BY place)
        FROM step WHERE step.run = run.id), '[]') AS steps
    FROM run WHERE run.release = :release ORDER BY run.created_at, run.application, run.id
    """
)
_ONE = sa.text(
    """
    SELECT to_jsonb(run) AS run, manifest.data AS manifest, coalesce((
        SELECT jsonb_agg(to_jsonb(step) ORDER BY place)
        FROM step WHERE step.run = run.id), '[]') AS steps, coalesce((
        SELECT jsonb_agg(to_jsonb(interruption) ORDER BY step, attempt)
        FROM interruption WHERE interruption.run = run.id), '[]') AS interruptions
    FROM run JOIN manifest ON manifest.digest = run.manifest WHERE run.id = :run
    """
)
_LOG_END = sa.text(
    """
    SELECT step.status, step.attempt AS newest, wanted.attempt, coalesce((
        SELECT max(at + length(data)) FROM log WHERE log.run = step.run AND log.step = step.id
          AND log.attempt = wanted.attempt), 0) AS size
    FROM step, coalesce(CAST(:attempt AS int), step.attempt) AS wanted (attempt)
    WHERE step.run = :run AND step.id = :step
    """
)
_LOG = sa.text(
    """
    SELECT at, data FROM log
    WHERE run = :run AND step = :step AND attempt = :attempt AND at + length(data) > :begin
      AND at < :end
    ORDER BY at
    """
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A run in short, with its steps; these are without inputs, outputs and memo."""

    run: Known
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An execution that was cut short: who executed it, since when, and when that was seen."""

    step: str
    attempt: int
    worker: str
    started_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """All of one run."""

    known: Known
    run: Run
    interruptions: tuple[Interrupted, ...]


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How long a step's log is now, in bytes, and whether it may still grow."""

    size: int
    attempt: int
    grows: bool


async def of_release(connection: Connection, release: str) -> Sequence[Shown]:
    """The runs of a release, oldest first."""
    rows = await connection.execute(_OF_RELEASE, {"release": release})
    return [
        Shown(run_rows.known(row.run), tuple(_step(each) for each in row.steps)) for row in rows
    ]


async def one(connection: Connection, run: UUID) -> Whole | None:
    """One run with everything."""
    row = (await connection.execute(_ONE, {"run": run})).one_or_none()
    if row is None:
        return None
    manifest: Manifest = run_rows.load_manifest(row.manifest)
    found = run_rows.run_of_json(row.run, manifest)
    steps = [_step(each) for each in row.steps]
    return Whole(
        run_rows.known(row.run),
        found.with_steps(steps),
        tuple(_interrupted(each) for each in row.interruptions),
    )


async def log_end(
    connection: Connection, run: UUID, step: str, attempt: int | None
) -> LogEnd | None:
    """How far the log of a step's attempt (None: the newest) goes. None: there is no such step."""
    asked = {"run": run, "step": step, "attempt": attempt}
    row: Row | None = (await connection.execute(_LOG_END, asked)).one_or_none()
    if row is None:
        return None
    grows = row.attempt == row.newest and row.status in ("pending", "running", "terminating")
    return LogEnd(row.size, row.attempt, grows)


async def log_bytes(
    connection: Connection, run: UUID, step: str, attempt: int, begin: int, end: int
) -> bytes:
    """The bytes of a log from `begin` up to `end`."""
    asked = {"run": run, "step": step, "attempt": attempt, "begin": begin, "end": end}
    rows = await connection.execute(_LOG, asked)
    return b"".join(bytes(row.data)[max(0, begin - row.at) : max(0, end - row.at)] for row in rows)


def _step(row: Mapping[str, Any]) -> Step:
    moments = {key: run_rows.moment(row[key]) for key in ("started_at", "ended_at", "until")}
    hidden: Mapping[str, Any] = {"inputs": {}, "outputs": {}, "memo": {}}
    return run_rows.step({**hidden, **row, **moments})


def _interrupted(row: Mapping[str, Any]) -> Interrupted:
    return Interrupted(
        row["step"],
        row["attempt"],
        row["worker"],
        run_rows.moment(row["started_at"]),
        datetime.fromisoformat(row["at"]),
    )
