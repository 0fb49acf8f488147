"""Whose turn it is to look at which release: leases, due times, wake-ups.

A due time and a lease are rows, so a timer, a wake-up and the takeover from a dead worker are all
one update. Rows are always locked in the order of their release, so that wakers do not block each
other in a circle.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from towpath.ports.store import Ticket

LEASE_S = 10.0
CHANNEL = "towpath_looks"

_TAKE = sa.text(
    """
    WITH due AS (
        SELECT look.release FROM look JOIN lease USING (release)
        WHERE look.look_at <= now() AND lease.until < now()
        ORDER BY look.look_at LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), reset AS (
        UPDATE look SET look_at = 'infinity' FROM due WHERE look.release = due.release
    )
    UPDATE lease SET until = now() + make_interval(secs => :lease), look_no = look_no + 1,
        worker = :worker
    FROM due WHERE lease.release = due.release
    RETURNING lease.release, lease.look_no
    """
)
_RENEW = sa.text(
    """
    UPDATE lease SET until = now() + make_interval(secs => :lease)
    FROM unnest(CAST(:releases AS text[]), CAST(:look_nos AS bigint[])) AS mine (release, look_no)
    WHERE lease.release = mine.release AND lease.look_no = mine.look_no
    """
)
_GIVE_BACK = sa.text(
    """
    UPDATE lease SET until = '-infinity' WHERE release = :release AND look_no = :look_no
    """
)
_AGAIN = sa.text(
    """
    UPDATE look SET look_at = least(look_at, :at)
    FROM lease
    WHERE look.release = :release AND lease.release = :release AND lease.look_no = :look_no
    """
)
_FORGET_CLOSED = sa.text(
    """
    WITH gone AS (
        DELETE FROM look USING release, lease
        WHERE look.release = :release AND release.id = :release AND NOT release.open
          AND lease.release = :release AND lease.look_no = :look_no AND look.look_at = 'infinity'
        RETURNING look.release
    )
    DELETE FROM lease USING gone WHERE lease.release = gone.release
    """
)
_WAKE = sa.text(
    """
    WITH asleep AS (
        SELECT release FROM look WHERE release = ANY(:releases) ORDER BY release FOR UPDATE
    ), woken AS (
        UPDATE look SET look_at = least(look_at, now()) FROM asleep
        WHERE look.release = asleep.release RETURNING look.release
    )
    SELECT pg_notify(:channel, '') FROM (SELECT 1 FROM woken LIMIT 1) AS told
    """
)
_WAKE_OTHERS = sa.text(
    """
    WITH asleep AS (
        SELECT look.release FROM look JOIN release ON release.id = look.release
        WHERE release.product = :product AND release.open AND release.id <> :release
        ORDER BY look.release FOR UPDATE OF look
    ), woken AS (
        UPDATE look SET look_at = least(look_at, now()) FROM asleep
        WHERE look.release = asleep.release RETURNING look.release
    )
    SELECT pg_notify(:channel, '') FROM (SELECT 1 FROM woken LIMIT 1) AS told
    """
)
_ENSURE_LEASE = sa.text(
    "INSERT INTO lease (release) VALUES (:release) ON CONFLICT (release) DO NOTHING"
)
_ENSURE_LOOK = sa.text(
    "INSERT INTO look (release) VALUES (:release) ON CONFLICT (release) DO NOTHING"
)
_NEXT = sa.text(
    """
    SELECT min(greatest(look.look_at, lease.until)) FROM look JOIN lease USING (release)
    WHERE look.look_at < 'infinity'
    """
)


async def take(connection: AsyncConnection, worker: str, limit: int) -> Sequence[Ticket]:
    """Lease what is due. A lease that has run out is taken over."""
    rows = await connection.execute(_TAKE, {"worker": worker, "limit": limit, "lease": LEASE_S})
    return [Ticket(row.release, row.look_no) for row in rows]


async def renew(connection: AsyncConnection, tickets: Collection[Ticket]) -> None:
    """Keep the leases that are still ours."""
    ordered = sorted(tickets, key=lambda ticket: ticket.release)
    await connection.execute(
        _RENEW,
        {
            "releases": [t.release for t in ordered],
            "look_nos": [t.look_no for t in ordered],
            "lease": LEASE_S,
        },
    )


async def end(connection: AsyncConnection, ticket: Ticket, at: datetime | None) -> None:
    """Give the lease back; a release that can no longer change is not looked at again."""
    mine = {"release": ticket.release, "look_no": ticket.look_no}
    if at is not None:
        await connection.execute(_AGAIN, {**mine, "at": at})
    else:
        await connection.execute(_FORGET_CLOSED, mine)
    await connection.execute(_GIVE_BACK, mine)


async def wake(connection: AsyncConnection, releases: Collection[str]) -> None:
    """Have these releases looked at now, and tell the workers."""
    if releases:
        await connection.execute(_WAKE, {"releases": sorted(releases), "channel": CHANNEL})


async def wake_others(connection: AsyncConnection, product: str, release: str) -> None:
    """Have the product's other open releases looked at."""
    others = {"product": product, "release": release, "channel": CHANNEL}
    await connection.execute(_WAKE_OTHERS, others)


async def ensure(connection: AsyncConnection, release: str) -> None:
    """Have a release looked at, whether it ever was or not."""
    await connection.execute(_ENSURE_LEASE, {"release": release})
    await connection.execute(_ENSURE_LOOK, {"release": release})
    await wake(connection, [release])


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next look can begin."""
    found: datetime | None = (await connection.execute(_NEXT)).scalar()
    return found
