"""Runs of workflows and their steps: started, leased, brought forward, kept.

A leaf that is due is a row with a due time and a lease, as a look at a release is (`looks`). Who
changes a run holds its row and those of its due leaves, so that nobody takes one whose run is
just being thought about. Leases are taken without the run's row, and never wait for a lock. Locks
come in the order run, step, look, event.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import events
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.wishes import Refused
from towpath.domain.workflow import Kind, Place, Run
from towpath.ports.runner import Outcome
from towpath.ports.runs import Advance, Execution, Piece, Turn
from towpath.ports.store import LeaseLost, Ticket
from towpath.storage import codec, looks, records, run_leases, run_manifests, run_rows
from towpath.storage.connection import Connection, Row

_MAY_START = sa.text(
    """
    SELECT release.id FROM lease JOIN release ON release.id = lease.release
    WHERE lease.release = :release AND lease.look_no = :look_no
      AND (:claim = 0 OR release.state -> 'course' ->> 'status' <> 'terminating')
    FOR SHARE
    """
)
_HOLDS = sa.text(
    """
    SELECT stage.counter FROM stage JOIN release ON release.product = stage.product
    WHERE release.id = :release AND stage.environment = :environment
      AND stage.holder = :release AND stage.counter = :claim
    FOR SHARE OF stage
    """
)
_START = sa.text(
    """
    INSERT INTO run (id, release, environment, purpose, attempt, application, component, template,
        manifest, arguments, labels, status)
    SELECT id, :release, environment, purpose, attempt, application, component, template,
        manifest, CAST(arguments AS jsonb), CAST(labels AS jsonb), 'pending'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:environments AS text[]), CAST(:purposes AS text[]),
        CAST(:attempts AS int[]), CAST(:applications AS text[]), CAST(:components AS text[]),
        CAST(:templates AS text[]), CAST(:manifests AS text[]), CAST(:arguments AS text[]),
        CAST(:labels AS text[]))
        AS new (id, environment, purpose, attempt, application, component, template, manifest,
            arguments, labels)
    ON CONFLICT (id) DO NOTHING
    """
)
_MY_LOOK = sa.text(
    """
    SELECT release FROM lease WHERE release = :release AND look_no = :look_no FOR SHARE
    """
)
_STOP = sa.text(
    """
    UPDATE run SET stopping = CAST(:reason AS jsonb), due_at = least(due_at, now())
    WHERE id = ANY(:ids) AND stopping IS NULL AND ended_at IS NULL
    RETURNING id, release, environment, template
    """
)
_DUE_RUN = sa.text(
    """
    SELECT run.*, now() AS now FROM run WHERE due_at <= now()
    ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    """
)
_PUT_OFF = sa.text(
    """
    UPDATE run SET due_at = now() + make_interval(secs => :seconds)
    WHERE id = :run AND due_at <= now()
    """
)
# Not FOR UPDATE, for which rows that only refer to the run (logs, interruptions) would wait.
_RUN = sa.text("SELECT run.*, now() AS now FROM run WHERE id = :run FOR NO KEY UPDATE")
_HOLD_LEAVES = sa.text(
    "SELECT FROM step WHERE run = :run AND due_at IS NOT NULL ORDER BY id FOR UPDATE"
)
_STEPS = sa.text("SELECT * FROM step WHERE run = :run ORDER BY place")
_TAKE = sa.text(
    """
    WITH due AS (
        SELECT run, id, leased_until IS NOT NULL AS died FROM step
        WHERE due_at <= now() AND coalesce(leased_until < now(), true)
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), cut_short AS (
        INSERT INTO interruption (run, step, attempt, worker, started_at, handed_back)
        SELECT run, id, attempt, worker, started_at, NOT died FROM step JOIN due USING (run, id)
        WHERE status = 'running' AND NOT stop
        ON CONFLICT DO NOTHING
        RETURNING run, step, handed_back
    ), begun AS (  -- so that the run's own status follows
        UPDATE run SET due_at = least(due_at, now()) WHERE id IN (
            SELECT id FROM run WHERE id IN (SELECT run FROM due) AND status = 'pending'
            FOR NO KEY UPDATE SKIP LOCKED  -- who holds it sees the leaf running, and does it too
        )
    )
    UPDATE step SET status = 'running',
        attempt = step.attempt + CASE WHEN stop THEN 0 ELSE 1 END,
        started_at = CASE WHEN stop THEN step.started_at ELSE now() END, worker = :worker,
        leased_until = now() + make_interval(secs => :lease)
    FROM due JOIN run AS of_step ON of_step.id = due.run
    WHERE step.run = due.run AND step.id = due.id
    RETURNING step.*, to_jsonb(of_step) AS whole,
        (SELECT count(*) FROM interruption AS before
            WHERE before.run = step.run AND before.step = step.id AND NOT before.handed_back)
        + (SELECT count(*) FROM cut_short
            WHERE cut_short.run = step.run AND cut_short.step = step.id AND NOT handed_back)
        AS deaths
    """
)
_SAVE_STEPS = sa.text(
    """
    INSERT INTO step (run, id, place, name, kind, template, parent, status, reason, attempt,
        started_at, ended_at, until, inputs, outputs, memo, due_at, worker, leased_until, stop)
    SELECT :run, id, place, name, kind, template, parent, status, reason, attempt,
        started_at, ended_at, until, inputs, outputs, memo,
        CASE WHEN due THEN now() END, CASE WHEN leased THEN :worker ELSE '' END,
        CASE WHEN leased THEN now() + make_interval(secs => :lease) END, false
    FROM jsonb_to_recordset(CAST(:steps AS jsonb)) AS new (id text, place int, name text, kind text,
        template text, parent text, status text, reason jsonb, attempt int, started_at timestamptz,
        ended_at timestamptz, until timestamptz, inputs jsonb, outputs jsonb, memo jsonb,
        due boolean, leased boolean)
    ON CONFLICT (run, id) DO UPDATE SET place = excluded.place, status = excluded.status,
        reason = excluded.reason, attempt = greatest(step.attempt, excluded.attempt),
        started_at = excluded.started_at, ended_at = excluded.ended_at, until = excluded.until,
        inputs = excluded.inputs, outputs = excluded.outputs, memo = excluded.memo,
        due_at = CASE WHEN excluded.ended_at IS NULL
            THEN coalesce(excluded.due_at, step.due_at) END,
        worker = CASE WHEN excluded.due_at IS NULL THEN step.worker ELSE excluded.worker END,
        leased_until = CASE WHEN excluded.due_at IS NULL THEN step.leased_until
            ELSE excluded.leased_until END,
        stop = step.stop AND excluded.due_at IS NULL
    """
)
_END_LEAVES = sa.text(
    """
    UPDATE step SET stop = true WHERE run = :run AND id = ANY(:steps) AND due_at IS NOT NULL
    """
)
_SAVE_RUN = sa.text(
    """
    UPDATE run SET status = :status, reason = CAST(:reason AS jsonb),
        outputs = CAST(:outputs AS jsonb), started_at = :started_at, ended_at = :ended_at,
        due_at = CAST(:again_at AS timestamptz)
    WHERE id = :id
    """
)
_APPEND = sa.text(
    """
    INSERT INTO log (run, step, attempt, at, data) VALUES (:run, :step, :attempt, :at, :data)
    ON CONFLICT (run, step, attempt, at) DO UPDATE SET data = excluded.data
        WHERE length(excluded.data) > length(log.data)
    """
)


# --- for looks -------------------------------------------------------------------------------
async def start(
    connection: Connection,
    ticket: Ticket,
    environment: str,
    claim: int,
    runs: Mapping[Place, Run],
) -> bool:
    """Start runs, if the look is still ours and so is (`claim` not 0) the environment."""
    mine = {"release": ticket.release, "look_no": ticket.look_no, "claim": claim}
    if (await connection.execute(_MAY_START, mine)).one_or_none() is None:
        return False
    if claim:
        held = {"release": ticket.release, "environment": environment, "claim": claim}
        if (await connection.execute(_HOLDS, held)).one_or_none() is None:
            return False
    digests = [run_manifests.keep(connection, run.manifest) for run in runs.values()]
    connection.later(_START, _started(ticket.release, runs, digests))
    run_leases.tell(connection, run_leases.STEPS_CHANNEL)
    run_leases.tell(connection, run_leases.RUNS_CHANNEL, ticket.release)
    return True


def _started(
    release: str, runs: Mapping[Place, Run], digests: Sequence[str]
) -> Mapping[str, object]:
    return {
        "release": release,
        "ids": [place.run_id for place in runs],
        "environments": [place.environment for place in runs],
        "purposes": [place.purpose.value for place in runs],
        "attempts": [place.attempt for place in runs],
        "applications": [place.application for place in runs],
        "components": [place.component for place in runs],
        "templates": [run.manifest.name for run in runs.values()],
        "manifests": list(digests),
        "arguments": [codec.json_text(dict(run.arguments)) for run in runs.values()],
        "labels": [codec.json_text(dict(run.labels)) for run in runs.values()],
    }


async def stop(
    connection: Connection, ticket: Ticket, ids: Collection[UUID], reason: Reason
) -> None:
    """Ask runs to stop. Those that have ended, or were asked before, are left alone."""
    mine = {"release": ticket.release, "look_no": ticket.look_no}
    if (await connection.execute(_MY_LOOK, mine)).one_or_none() is None:
        raise LeaseLost(ticket.release)
    await _stop(connection, ids, reason)


async def _stop(connection: Connection, ids: Collection[UUID], reason: Reason) -> Sequence[Row]:
    asked = {"ids": sorted(ids), "reason": codec.json_text(codec.dump_reason(reason))}
    stopped = list(await connection.execute(_STOP, asked))
    if stopped:
        run_leases.tell(connection, run_leases.STEPS_CHANNEL)
    return stopped


# --- for those who bring runs forward ----------------------------------------------------------
async def advance_next(
    connection: Connection, advance: Advance, told: Callable[[UUID], None] = lambda _: None
) -> bool:
    """Let the run go on that is due first, if one is; which one is `told` before."""
    row = (await connection.execute(_DUE_RUN)).one_or_none()
    if row is None:
        return False
    told(row.id)
    before = await _loaded(connection, row)
    _go_on(connection, row, before, {}, advance)
    return True


async def put_off(connection: Connection, run: UUID, seconds: float) -> None:
    """Let a run that cannot go on wait, so that the others can."""
    await connection.execute(_PUT_OFF, {"run": run, "seconds": seconds})


async def take_steps(connection: Connection, worker: str, limit: int) -> Sequence[Execution]:
    """Lease leaves that are due; those that were in execution are noted as cut short."""
    wanted = {"worker": worker, "limit": limit, "lease": run_leases.LEASE_S}
    rows = list(await connection.execute(_TAKE, wanted))
    found = []
    for row in rows:
        taken = run_rows.step(row._asdict())
        whole = await _from_json(connection, row.whole)
        turn = Turn(row.run, taken.id, taken.attempt)
        leaf = replace(whole, steps={taken.id: taken})
        found.append(Execution(turn, leaf, row.stop, row.deaths))
    return found


async def finish_step(
    connection: Connection,
    turn: Turn,
    worker: str,
    outcome: Outcome,
    rest: Piece,
    advance: Advance,
    room: int,
) -> Sequence[Execution] | None:
    """Record an outcome, if the turn still stands, and take up to `room` of what follows."""
    row = (await connection.execute(_RUN, {"run": turn.run})).one_or_none()
    if row is None:
        return None
    before = await _loaded(connection, row, turn, worker)
    if turn.step not in before.steps:
        return None
    if rest.data:
        append_log(connection, turn, rest)
    return _go_on(connection, row, before, {turn.step: outcome}, advance, worker, room)


def append_log(connection: Connection, turn: Turn, piece: Piece) -> None:
    """Keep a piece of a log. A piece of the same place that is longer holds the shorter one."""
    connection.later(
        _APPEND,
        {
            "run": turn.run,
            "step": turn.step,
            "attempt": turn.attempt,
            "at": piece.at,
            "data": piece.data,
        },
    )


# --- for people ------------------------------------------------------------------------------
async def resume(
    connection: Connection,
    run: UUID,
    step: str,
    actor: str,
    outputs: Mapping[str, str],
    advance: Advance,
) -> bool:
    """Let a suspended step succeed. Raises `KeyError` when there is no such run or step."""
    row = (await connection.execute(_RUN, {"run": run})).one_or_none()
    if row is None:
        raise KeyError(str(run))
    before = await _loaded(connection, row)
    found = before.steps[step]
    if found.kind is not Kind.SUSPEND or found.status is not Status.SUSPENDED:
        return False
    reason = Reason(Code.WORKFLOW_RUNNING, f"{actor} let it go on", {"actor": actor})
    resumed = {step: Outcome(Status.SUCCEEDED, reason, outputs)}
    after = advance(before, resumed, row.now).run.steps[step]
    if after.status is not Status.SUCCEEDED:  # it would fail for want of outputs, and stays
        why = after.reason.sentence if after.reason else after.status
        raise Refused("output_needed", f"{found.name} cannot go on: {why}")
    _go_on(connection, row, before, resumed, advance)
    event = events.StepResumed(run, row.template, found.name, environment=row.environment)
    await _event(connection, row.release, event, actor)
    return True


async def stop_one(connection: Connection, run: UUID, actor: str, comment: str) -> bool:
    """Ask a run to stop. Raises `KeyError` when there is none."""
    if (await connection.execute(_RUN, {"run": run})).one_or_none() is None:
        raise KeyError(str(run))
    words = f"{actor} terminated it" + (f": {comment}" if comment else "")
    reason = Reason(Code.TERMINATED_BY, words, {"actor": actor, "comment": comment})
    stopped = await _stop(connection, [run], reason)
    for row in stopped:
        event = events.WorkflowStopped(run, row.template, reason, environment=row.environment)
        await _event(connection, row.release, event, actor)
    return bool(stopped)


async def _event(connection: Connection, release: str, event: events.Event, actor: str) -> None:
    product = sa.text("SELECT product FROM release WHERE id = :release")
    found = (await connection.execute(product, {"release": release})).one_or_none()
    records.tell(connection, found.product if found else "", release, [event], actor)


# --- rows ------------------------------------------------------------------------------------
def _go_on(
    connection: Connection,
    row: Row,
    before: Run,
    outcomes: Mapping[str, Outcome],
    advance: Advance,
    worker: str = "",
    room: int = 0,
) -> Sequence[Execution]:
    """Let a locked run go on: save what changed, take some of what is due, wake whoever waits."""
    progress = advance(before, outcomes, row.now)
    leased = progress.due[:room]
    after, again_at = progress.run, progress.again_at
    if leased:
        begun = advance(_in_hand(after, leased, row.now), {}, row.now)
        after, again_at = begun.run, begun.again_at
    changed = _changed(before, after, progress.due, leased)
    if changed:
        steps = {"run": before.id, "steps": codec.json_text(changed), "lease": run_leases.LEASE_S}
        connection.later(_SAVE_STEPS, {**steps, "worker": worker})
    if progress.stop:
        connection.later(_END_LEAVES, {"run": before.id, "steps": list(progress.stop)})
        run_leases.tell(connection, run_leases.STOPS_CHANNEL)
    _save(connection, after, again_at)
    if len(progress.due) > len(leased):
        run_leases.tell(connection, run_leases.STEPS_CHANNEL)
    if _is_news(before, after):
        looks.wake(connection, [row.release])
    if changed or _is_news(before, after):
        run_leases.tell(connection, run_leases.RUNS_CHANNEL, row.release)
    return [
        Execution(Turn(after.id, name, after.steps[name].attempt), _only(after, name))
        for name in leased
    ]


def _changed(
    before: Run, after: Run, due: Collection[str], leased: Collection[str]
) -> Sequence[Mapping[str, object]]:
    return [
        {**run_rows.as_json(each, place), "due": each.id in due, "leased": each.id in leased}
        for place, each in enumerate(after.steps.values())
        if each != before.steps.get(each.id)
    ]


def _in_hand(run: Run, leased: Collection[str], now: datetime) -> Run:
    """The run with these leaves in execution."""
    return run.with_steps(
        replace(step, status=Status.RUNNING, attempt=step.attempt + 1, started_at=now)
        for name in leased
        for step in (run.steps[name],)
    )


def _only(run: Run, step: str) -> Run:
    return replace(run, steps={step: run.steps[step]})


def _is_news(before: Run, after: Run) -> bool:
    """Whether a look at the release would see something else than before."""

    def seen(of: Run) -> tuple[object, ...]:
        return (of.status, of.reason, of.outputs, of.ended_at)

    return seen(before) != seen(after)


def _save(connection: Connection, run: Run, again_at: datetime | None) -> None:
    reason = codec.json_text(codec.dump_reason(run.reason)) if run.reason else None
    connection.later(
        _SAVE_RUN,
        {
            "id": run.id,
            "status": run.status.value,
            "reason": reason,
            "outputs": codec.json_text(dict(run.outputs)),
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "again_at": again_at,
        },
    )


async def _loaded(
    connection: Connection, row: Row, turn: Turn | None = None, worker: str = ""
) -> Run:
    """The run with its steps; without the step of a turn that no longer stands."""
    steps = {}
    connection.later(_HOLD_LEAVES, {"run": row.id})
    for each in await connection.execute(_STEPS, {"run": row.id}):
        lost = turn and each.id == turn.step and not _stands(each, turn, worker)
        if not lost:
            steps[each.id] = run_rows.step(each._asdict())
    manifest = await run_manifests.load(connection, row.manifest)
    return replace(run_rows.run(row._asdict(), manifest), steps=steps)


def _stands(row: Row, turn: Turn, worker: str) -> bool:
    mine = (row.attempt, row.worker) == (turn.attempt, worker)
    return mine and row.due_at is not None


async def _from_json(connection: Connection, row: Mapping[str, Any]) -> Run:
    return run_rows.run_of_json(row, await run_manifests.load(connection, row["manifest"]))
