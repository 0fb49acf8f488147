"""Who may act: the claim on an environment, the turn in a queue, the right to push."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import actions, decide, events, evolution
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.ports.store import Announcement, Ticket
from towpath.storage import codec, records
from towpath.storage.connection import Connection

# Rows of `stage` are locked in one order, whatever of them is claimed, left or landed in.
_STAGES = sa.text(
    """
    SELECT 1 FROM stage WHERE product = :product AND environment = ANY(:environments)
    ORDER BY environment FOR UPDATE
    """
)
_TAKE = sa.text(
    """
    INSERT INTO stage AS there (product, environment, holder, counter, begun)
    VALUES (:product, :environment, :release, 1, CASE WHEN CAST(:line AS text) = '' THEN '{}'
        ELSE jsonb_build_object(CAST(:line AS text), CAST(:n AS bigint)) END)
    ON CONFLICT (product, environment) DO UPDATE SET holder = excluded.holder,
        counter = there.counter + 1, yields = false,
        begun = CASE WHEN CAST(:line AS text) = '' THEN there.begun
            ELSE there.begun || jsonb_build_object(CAST(:line AS text), greatest(
                CAST(:n AS bigint), (there.begun ->> CAST(:line AS text))::bigint)) END
    WHERE (there.holder IN ('', :release) OR (there.yields AND there.holder = :over))
      AND (CAST(:line AS text) = ''
        OR (coalesce((there.landed ->> CAST(:line AS text))::bigint, 0) <= :n
          AND coalesce((there.begun ->> CAST(:line AS text))::bigint, 0) <= :begun_at_most))
    RETURNING counter
    """
)
# The rows are held until the attempt is there to be seen: who takes the look or the claim, or stops
# the release, comes before (and it is refused), or after (and finds it).
_ANNOUNCE = sa.text(
    """
    INSERT INTO write (id, release, environment, attempt, claim, repository, branch, base)
    SELECT mine.id, mine.release, mine.environment, mine.attempt, mine.claim, :repository,
        :branch, :base
    FROM unnest(CAST(:ids AS uuid[]), CAST(:releases AS text[]), CAST(:look_nos AS bigint[]),
        CAST(:environments AS text[]), CAST(:attempts AS int[]), CAST(:claims AS bigint[]),
        CAST(:befores AS timestamptz[]))
        AS mine (id, release, look_no, environment, attempt, claim, before)
    JOIN release ON release.id = mine.release
    JOIN lease ON lease.release = mine.release AND lease.look_no = mine.look_no
    JOIN stage ON stage.product = release.product AND stage.environment = mine.environment
        AND stage.holder = mine.release AND stage.counter = mine.claim
    WHERE release.state -> 'course' ->> 'status' <> 'terminating'
      AND (mine.before IS NULL OR now() < mine.before)
      AND NOT EXISTS (
        SELECT 1 FROM lock
        WHERE lock.environment = mine.environment AND lock.product IN ('', release.product)
          AND (lock.until IS NULL OR lock.until > now())
          AND NOT (lock.by_rollback AND release.trigger = 'rollback'))
    FOR SHARE OF release, lease, stage
    ON CONFLICT (id) DO UPDATE SET base = excluded.base, settled = false
    RETURNING id
    """
)
_PRODUCT = sa.text("SELECT product FROM release WHERE id = :release")
_LOCK_PRODUCT = sa.text("SELECT name FROM product WHERE name = :product FOR UPDATE")
_OUT_OF_QUEUE = sa.text(
    """
    SELECT count(*) FROM release
    WHERE product = :product AND NOT ended AND id <> :release
      AND state ->> 'queue_position' IS NOT NULL
      AND state -> 'course' ->> 'status' <> 'queued'
    """
)

_HOLDER = sa.text(
    """
    SELECT release.content, release.state FROM stage JOIN release ON release.id = stage.holder
    WHERE stage.product = :product AND stage.environment = :environment
    """
)
_TAKE_DUTY = sa.text(
    """
    INSERT INTO duty (name, worker, until)
    VALUES (:name, :worker, now() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, until = excluded.until
        WHERE duty.worker = excluded.worker OR duty.until < now()
    RETURNING name
    """
)


async def record(
    connection: Connection,
    ticket: Ticket,
    happened: Sequence[events.Event],
    to_claim: Sequence[actions.Claim],
) -> Release:
    """Let events happen, and then begin promotions where the claim is still to be had."""
    before = await records.locked(connection, ticket)
    began: list[events.Event] = []
    if to_claim:
        release = evolution.evolve(before.release, happened, before.now)
        _lock_stages(connection, release, happened, to_claim)
        for each in sorted(to_claim, key=lambda claim: claim.environment):
            began += await _begun(connection, release, each)
    return records.change(connection, before, [*happened, *began], "")


def _lock_stages(
    connection: Connection,
    release: Release,
    happened: Sequence[events.Event],
    to_claim: Sequence[actions.Claim],
) -> None:
    environments = {event.environment for event in happened if event.environment}
    environments |= {claim.environment for claim in to_claim}
    if len(environments) > 1:
        where = {"product": release.product, "environments": sorted(environments)}
        connection.later(_STAGES, where)


async def _begun(
    connection: Connection, release: Release, claim: actions.Claim
) -> Sequence[events.Event]:
    promotion = release.promotion(claim.environment)
    stopped = release.course.status is not Status.SKIPPED
    if promotion is None or promotion.status.ended or stopped:  # a person was faster
        return ()
    wanted = {
        "product": release.product,
        "environment": claim.environment,
        "release": release.id,
        "over": claim.over,
        "line": release.line,
        "n": release.n,
        "begun_at_most": max(release.n, promotion.newer_tried),
    }
    taken = (await connection.execute(_TAKE, wanted)).one_or_none()
    return decide.begin(promotion, taken.counter) if taken else ()


async def announce(
    connection: Connection, writes: Sequence[Announcement], base: str
) -> Collection[UUID]:
    """Store attempts to write to one branch; answers with those whose right still stands."""
    first = writes[0]
    rows = await connection.execute(
        _ANNOUNCE,
        {
            "repository": first.repository,
            "branch": first.branch,
            "base": base,
            "ids": [write.id for write in writes],
            "releases": [write.ticket.release for write in writes],
            "look_nos": [write.ticket.look_no for write in writes],
            "environments": [write.environment for write in writes],
            "attempts": [write.attempt for write in writes],
            "claims": [write.claim for write in writes],
            "befores": [write.before for write in writes],
        },
    )
    return {row.id for row in rows}


async def start_course(connection: Connection, ticket: Ticket) -> bool:
    """Let the release out of its product's queue, unless another one is out."""
    mine = {"release": ticket.release}
    name = (await connection.execute(_PRODUCT, mine)).scalar_one()
    connection.later(_LOCK_PRODUCT, {"product": name})
    before = await records.locked(connection, ticket)
    if before.release.course.status is not Status.QUEUED:
        return False
    others = await connection.execute(_OUT_OF_QUEUE, {**mine, "product": name})
    if others.scalar_one():
        return False
    records.change(connection, before, (events.ReleaseStarted(),), "")
    return True


async def holder(connection: Connection, product: str, environment: str) -> Release | None:
    """The release that has the claim on the environment."""
    place = {"product": product, "environment": environment}
    row = (await connection.execute(_HOLDER, place)).one_or_none()
    return codec.load_release(row.content, row.state) if row else None


async def take_duty(connection: Connection, name: str, worker: str, seconds: float) -> bool:
    """Take or keep a duty; False while another worker has it."""
    wanted = {"name": name, "worker": worker, "seconds": seconds}
    return (await connection.execute(_TAKE_DUTY, wanted)).one_or_none() is not None
