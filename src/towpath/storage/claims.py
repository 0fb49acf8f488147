"""Who may act: the claim on an environment, the turn in a queue, the right to push."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import decide, events
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status
from towpath.ports.store import Announcement, Ticket
from towpath.storage import codec, records
from towpath.storage.connection import Connection, Row

_ENSURE = sa.text(
    """
    INSERT INTO stage (product, environment) VALUES (:product, :environment)
    ON CONFLICT (product, environment) DO NOTHING
    """
)
_STAGE = sa.text(
    """
    SELECT holder, yields, counter, begun, landed FROM stage
    WHERE product = :product AND environment = :environment FOR UPDATE
    """
)
_TAKE = sa.text(
    """
    UPDATE stage SET holder = :release, counter = counter + 1, yields = false,
        begun = CASE WHEN CAST(:line AS text) = '' THEN begun ELSE begun || jsonb_build_object(
            CAST(:line AS text),
            greatest(CAST(:n AS bigint), (begun ->> CAST(:line AS text))::bigint)) END
    WHERE product = :product AND environment = :environment
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
        CAST(:environments AS text[]), CAST(:attempts AS int[]), CAST(:claims AS bigint[]))
        AS mine (id, release, look_no, environment, attempt, claim)
    JOIN release ON release.id = mine.release
    JOIN lease ON lease.release = mine.release AND lease.look_no = mine.look_no
    JOIN stage ON stage.product = release.product AND stage.environment = mine.environment
        AND stage.holder = mine.release AND stage.counter = mine.claim
    WHERE release.state -> 'course' ->> 'status' <> 'terminating'
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


async def claim(
    connection: Connection, ticket: Ticket, environment: str, over: str
) -> Release | None:
    """Claim the environment and begin the promotion, unless it is somebody else's by now."""
    before = await records.locked(connection, ticket)
    release = before.release
    promotion = release.promotion(environment)
    place = {"product": release.product, "environment": environment}
    stage = (await connection.execute(_STAGE, place)).one_or_none()
    if stage is None:
        connection.later(_ENSURE, place)
        stage = (await connection.execute(_STAGE, place)).one()
    if promotion is None or not _may_take(release, promotion, stage, over):
        return None
    taken = {**place, "release": release.id, "line": release.line, "n": release.n}
    counter = (await connection.execute(_TAKE, taken)).scalar_one()
    return records.change(connection, before, decide.begin(promotion, counter), "")


def _may_take(release: Release, promotion: Promotion, stage: Row, over: str) -> bool:
    if promotion.status.ended or release.course.status is not Status.SKIPPED:
        return False  # a person was faster
    free = stage.holder in ("", release.id) or (stage.yields and stage.holder == over)
    if not release.line:
        return free
    landed = int(stage.landed.get(release.line, 0))
    begun = int(stage.begun.get(release.line, 0))
    return free and landed <= release.n and begun <= max(release.n, promotion.newer_tried)


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
