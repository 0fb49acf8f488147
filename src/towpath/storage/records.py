"""How a release changes: state, events, and what follows from them, in one transaction.

Locks are taken in one order everywhere: product, lease, release, stage, landed, look, event.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import changes, events, evolution, facts
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.ports.store import LeaseLost, Ticket, View
from towpath.storage import codec, landings, looks, run_rows
from towpath.storage.connection import Connection, Row

_EVENT_LOCK = 7_094_471  # any constant: whoever writes events holds it until its commit

_LOCK = sa.text(
    """
    SELECT release.content, release.state, now() AS now
    FROM lease JOIN release ON release.id = lease.release
    WHERE lease.release = :release AND lease.look_no = :look_no
    FOR UPDATE
    """
)
_LOCK_ANY = sa.text(
    "SELECT content, state, now() AS now FROM release WHERE id = :release FOR UPDATE"
)
_SAVE = sa.text(
    """
    UPDATE release SET state = CAST(:state AS jsonb), status = :status, ended = :ended,
        open = :open, ended_at = :ended_at, environments = CAST(:environments AS jsonb),
        reason = CAST(:reason AS jsonb), version = :version
    WHERE id = :id
    """
)
_INSERT = sa.text(
    """
    INSERT INTO release (id, product, n, name, trigger, line, flow, initiator, version,
        subject, revision, status, ended, open, created_at, environments, reason, content, state)
    VALUES (:id, :product, :n, :name, :trigger, :line, :flow, :initiator, :version,
        :subject, :revision, :status, :ended, :open, :created_at,
        CAST(:environments AS jsonb), CAST(:reason AS jsonb), CAST(:content AS jsonb),
        CAST(:state AS jsonb))
    """
)
# No row is there before the lock is, so ids are drawn in the order of commits.
_TELL = sa.text(
    """
    WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(:events_lock))
    INSERT INTO event (at, kind, product, release, environment, actor, data)
    SELECT now(), kind, :product, :release, environment, :actor, data
    FROM turn,
        unnest(CAST(:kinds AS text[]), CAST(:environments AS text[]), CAST(:data AS jsonb[]))
        WITH ORDINALITY AS happened (kind, environment, data, place)
    ORDER BY place
    """
)
_VIEW = """
    SELECT release.content, release.state, now() AS now,
        (SELECT jsonb_agg(other.state) FROM release AS other
            WHERE other.product = release.product AND NOT other.ended
              AND other.id <> release.id) AS rivals,
        (SELECT jsonb_agg(to_jsonb(stage)) FROM stage
            WHERE stage.product = release.product) AS stages,
        (SELECT jsonb_agg(to_jsonb(lock)) FROM lock
            WHERE lock.product IN ('', release.product)) AS locks,
        (SELECT jsonb_agg(to_jsonb(write) ORDER BY write.id) FROM write
            WHERE write.release = release.id AND NOT write.settled) AS writes,
        (SELECT jsonb_agg(to_jsonb(run) - CAST('{manifest,arguments,labels}' AS text[])
                ORDER BY run.created_at, run.id)
            FROM run WHERE run.release = release.id) AS runs
    FROM release
    """
_VIEW_FENCED = sa.text(
    _VIEW + "JOIN lease ON lease.release = release.id"
    " WHERE release.id = :release AND lease.look_no = :look_no"
)
_VIEW_ANY = sa.text(_VIEW + "WHERE release.id = :release")
_HOLD = sa.text(
    """
    UPDATE stage SET holder = CASE WHEN :over THEN '' ELSE holder END, yields = :yields
    WHERE product = :product AND environment = :environment AND holder = :release
      AND (holder <> '' AND (:over OR yields <> :yields))
    """
)
# What the release brings is worked out in the background, and indexed.
_NOTES = sa.text(
    """
    INSERT INTO note (release, environment, origin, due_at)
    VALUES (:release, :environment, 'previous', now()) ON CONFLICT DO NOTHING
    """
)
_WAKING = (
    events.PromotionEnded,
    events.PromotionHeld,
    events.PromotionStarted,
    events.CommitLanded,
    events.ClaimLost,
    events.ReleaseEnded,
    events.ReleaseStopped,
    events.ReleaseStarted,
    events.ReleaseReopened,
)


@dataclass(frozen=True, slots=True)
class Locked:
    """A release under its row lock, and the transaction's time."""

    release: Release
    now: datetime


async def view(connection: Connection, ticket: Ticket) -> View:
    """The release and what surrounds it, if the look is still ours."""
    mine = {"release": ticket.release, "look_no": ticket.look_no}
    row = (await connection.execute(_VIEW_FENCED, mine)).one_or_none()
    if row is None:
        raise LeaseLost(ticket.release)
    return _as_view(row)


async def view_of(connection: Connection, release: str) -> View | None:
    """The same for whoever does not look, but asks."""
    row = (await connection.execute(_VIEW_ANY, {"release": release})).one_or_none()
    return _as_view(row) if row else None


def _as_view(row: Row) -> View:
    writes: dict[str, list[facts.OpenWrite]] = {}
    for each in row.writes or ():
        writes.setdefault(each["environment"], []).append(_open_write(each))
    return View(
        codec.load_release(row.content, row.state),
        row.now,
        rivals=tuple(facts.as_rival(codec.load_release({}, state)) for state in row.rivals or ()),
        stages=_stages(row.stages or (), [_lock(each) for each in row.locks or ()]),
        open_writes={environment: tuple(found) for environment, found in writes.items()},
        runs=tuple(run_rows.known(each) for each in row.runs or ()),
    )


def _stages(
    rows: Iterable[Mapping[str, Any]], locks: Sequence[facts.Lock]
) -> Mapping[str, facts.Stage]:
    stages = {row["environment"]: _stage(row) for row in rows}
    for lock in locks:
        before = stages.get(lock.environment, facts.Stage())
        stages[lock.environment] = replace(before, locks=(*before.locks, lock))
    return stages


def _stage(row: Mapping[str, Any]) -> facts.Stage:
    return facts.Stage(row["holder"], row["yields"], row["counter"], row["begun"], row["landed"])


def _lock(row: Mapping[str, Any]) -> facts.Lock:
    return facts.Lock(
        row["product"],
        row["environment"],
        row["reason"],
        row["author"],
        datetime.fromisoformat(row["since"]),
        datetime.fromisoformat(row["until"]) if row["until"] else None,
        row["by_rollback"],
    )


def _open_write(row: Mapping[str, Any]) -> facts.OpenWrite:
    return facts.OpenWrite(
        UUID(row["id"]), row["repository"], row["branch"], row["base"], row["attempt"]
    )


async def locked(connection: Connection, ticket: Ticket) -> Locked:
    """The release, locked for a change by the look that holds the ticket."""
    mine = {"release": ticket.release, "look_no": ticket.look_no}
    row = (await connection.execute(_LOCK, mine)).one_or_none()
    if row is None:
        raise LeaseLost(ticket.release)
    return Locked(codec.load_release(row.content, row.state), row.now)


async def locked_for_command(connection: Connection, release: str) -> Locked | None:
    """The release, locked for a person's wish."""
    row = (await connection.execute(_LOCK_ANY, {"release": release})).one_or_none()
    return Locked(codec.load_release(row.content, row.state), row.now) if row else None


def change(
    connection: Connection,
    before: Locked,
    happened: Sequence[events.Event],
    actor: str,
    *,
    commanded: bool = False,
) -> Release:
    """Let events happen to a locked release: save it, and do what follows from them.

    What a person `commanded` wakes the release itself too.
    """
    happened, after = evolution.whole(before.release, happened, before.now)
    connection.later(_SAVE, _columns(after))
    moved = _hold_claims(connection, before.release, after)
    for event in happened:
        if isinstance(event, events.CommitLanded):
            landings.landed(connection, after, event)
        elif isinstance(event, events.EnvironmentLocked):
            landings.lock(connection, after, event)
    if moved or any(isinstance(event, _WAKING) for event in happened):
        looks.wake_others(connection, after.product, after.id, itself=commanded)
    elif commanded:
        looks.wake(connection, [after.id])
    tell(connection, after.product, after.id, happened, actor)
    return after


def _columns(release: Release) -> dict[str, object]:
    reason = release.reason
    return {
        "id": release.id,
        "state": codec.json_text(codec.dump_state(release)),
        "status": release.status.value,
        "ended": release.ended,
        "open": release.open,
        "ended_at": release.ended_at,
        "environments": codec.json_text(codec.summary(release)),
        "reason": codec.json_text(codec.dump_reason(reason)) if reason else None,
        "version": codec.plain_text(release.version),
    }


def _hold_claims(connection: Connection, before: Release, after: Release) -> bool:
    """A claim ends with its promotion; a suspended promotion's claim may be taken over.

    Answers whether that changed for some environment, so that others may be due there.
    """
    moved = False
    for old, new in zip(before.promotions, after.promotions, strict=True):
        over, yields = not new.claim, new.status is Status.SUSPENDED
        if old.claim and (over or yields is not (old.status is Status.SUSPENDED)):
            held = {"over": over, "yields": yields, "release": after.id}
            place = {"product": after.product, "environment": new.environment}
            connection.later(_HOLD, {**held, **place})
            moved = True
    return moved


def insert(connection: Connection, release: Release, created: events.Event, actor: str) -> None:
    """A new release, with its first look due now."""
    content, _ = codec.dump_release(release)
    commit = release.commit
    columns = _columns(release)
    connection.later(
        _INSERT,
        {
            **columns,
            "product": release.product,
            "n": release.n,
            "name": codec.plain_text(release.name),
            "trigger": release.trigger.value,
            "line": release.line,
            "flow": release.flow,
            "initiator": codec.plain_text(release.initiator),
            "subject": codec.plain_text(commit.subject) if commit else "",
            "revision": commit.sha if commit else "",
            "created_at": release.created_at,
            "content": json.dumps(content),
        },
    )
    looks.ensure(connection, release.id)
    looks.wake_others(connection, release.product, release.id, itself=True)
    connection.later(_NOTES, {"release": release.id, "environment": changes.birthplace(release)})
    tell(connection, release.product, release.id, [created], actor)


def tell(
    connection: Connection,
    product: str,
    release: str,
    happened: Sequence[events.Event],
    actor: str,
) -> None:
    """Write events down, as the last thing before the commit: their ids are in commit order."""
    if not happened:
        return
    dumped = [codec.dump_event(event) for event in happened]
    connection.later(
        _TELL,
        {
            "events_lock": _EVENT_LOCK,
            "product": product,
            "release": release,
            "actor": actor,
            "kinds": [kind for kind, _ in dumped],
            "environments": [event.environment for event in happened],
            "data": [codec.json_text(data) for _, data in dumped],
        },
    )
