"""Whose turn it is to look at which release: leases, due times, wake-ups.

A due time and a lease are rows, so a timer, a wake-up and the takeover from a dead worker are all
one update. While a look is under way, its release is due when the lease runs out: whoever ends the
look takes that back, and who dies cannot. Rows of `look` are always locked in the order of their
release, so that wakers do not block each other in a circle; taking and renewing never wait.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from towpath.ports.store import Ticket
from towpath.storage.connection import Connection

LEASE_S = 10.0
CHANNEL = "towpath_looks"

_TAKE = sa.text(
    """
    WITH due AS (
        SELECT look.release FROM look JOIN lease USING (release)
        WHERE look.look_at <= now() AND look.look_at < 'infinity' AND lease.until < now()
        ORDER BY look.look_at LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), reset AS (
        UPDATE look SET look_at = now() + make_interval(secs => :lease)
        FROM due WHERE look.release = due.release
    )
    UPDATE lease SET until = now() + make_interval(secs => :lease), look_no = look_no + 1,
        worker = :worker
    FROM due WHERE lease.release = due.release
    RETURNING lease.release, lease.look_no
    """
)
_RENEW = sa.text(
    """
    WITH mine AS (
        SELECT lease.release FROM lease
        JOIN unnest(CAST(:releases AS text[]), CAST(:look_nos AS bigint[]))
            AS held (release, look_no) USING (release, look_no)
        FOR UPDATE OF lease SKIP LOCKED
    )
    UPDATE lease SET until = now() + make_interval(secs => :lease)
    FROM mine WHERE lease.release = mine.release
    """
)
_GIVE_BACK = sa.text(
    """
    UPDATE lease SET until = '-infinity' WHERE release = :release AND look_no = :look_no
    RETURNING release
    """
)
# A wake-up is not later than its own transaction's commit, and the row is read when it is locked:
# what is due by the clock was woken (or the look took longer than a lease, and one more is made).
_AGAIN = sa.text(
    """
    UPDATE look SET look_at = CASE WHEN look_at <= clock_timestamp() THEN look_at
        ELSE coalesce(CAST(:at AS timestamptz), 'infinity') END
    WHERE release = :release
    """
)
_FORGET_CLOSED = sa.text(
    """
    DELETE FROM look USING release
    WHERE look.release = :release AND release.id = :release AND NOT release.open
      AND look.look_at = 'infinity'
    """
)
_WAKE = sa.text(
    """
    WITH asleep AS (
        SELECT release FROM look WHERE release = ANY(:releases) ORDER BY release FOR UPDATE
    ), woken AS (
        UPDATE look SET look_at = least(look_at, now())
        WHERE release = ANY(ARRAY(SELECT release FROM asleep)) RETURNING release
    )
    SELECT pg_notify(:channel, '') FROM (SELECT 1 FROM woken LIMIT 1) AS told
    """
)
_WAKE_THOSE_UNDER_WAY = sa.text(
    """
    WITH asleep AS (
        SELECT look.release FROM look JOIN release ON release.id = look.release
        WHERE look.look_at < 'infinity' AND release.product = ANY(:products)
        ORDER BY look.release FOR UPDATE OF look
    ), woken AS (
        UPDATE look SET look_at = least(look_at, now())
        WHERE release = ANY(ARRAY(SELECT release FROM asleep)) RETURNING release
    )
    SELECT pg_notify(:channel, '') FROM (SELECT 1 FROM woken LIMIT 1) AS told
    """
)
_WAKE_OTHERS = sa.text(
    """
    WITH asleep AS (
        SELECT release FROM look
        WHERE release = ANY(ARRAY(
            SELECT id FROM release WHERE product = :product AND open AND id <> :release
            UNION ALL SELECT :release WHERE :itself))
        ORDER BY release FOR UPDATE
    ), woken AS (
        UPDATE look SET look_at = least(look_at, now())
        WHERE release = ANY(ARRAY(SELECT release FROM asleep)) RETURNING release
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


async def take(connection: Connection, worker: str, limit: int) -> Sequence[Ticket]:
    """Lease what is due. A lease that has run out is taken over."""
    rows = await connection.execute(_TAKE, {"worker": worker, "limit": limit, "lease": LEASE_S})
    return [Ticket(row.release, row.look_no) for row in rows]


async def renew(connection: Connection, tickets: Collection[Ticket]) -> None:
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


async def end(connection: Connection, ticket: Ticket, at: datetime | None) -> None:
    """Give the lease back; a release that can no longer change is not looked at again."""
    mine = {"release": ticket.release, "look_no": ticket.look_no}
    if (await connection.execute(_GIVE_BACK, mine)).one_or_none() is None:
        return
    connection.later(_AGAIN, {"release": ticket.release, "at": at})
    if at is None:
        connection.later(_FORGET_CLOSED, {"release": ticket.release})


def wake(connection: Connection, releases: Collection[str]) -> None:
    """Have these releases looked at now, and tell the workers."""
    if releases:
        connection.later(_WAKE, {"releases": sorted(releases), "channel": CHANNEL})


def wake_those_under_way(connection: Connection, products: Collection[str]) -> None:
    """Have the releases of these products looked at that are looked at now and then anyway."""
    under_way = {"products": sorted(products), "channel": CHANNEL}
    connection.later(_WAKE_THOSE_UNDER_WAY, under_way)


def wake_others(
    connection: Connection, product: str, release: str, *, itself: bool = False
) -> None:
    """Have the product's other open releases looked at, and the release itself if asked."""
    others = {"product": product, "release": release, "itself": itself, "channel": CHANNEL}
    connection.later(_WAKE_OTHERS, others)


def ensure(connection: Connection, release: str) -> None:
    """Have a look and a lease for the release, whether it was forgotten or is new."""
    connection.later(_ENSURE_LEASE, {"release": release})
    connection.later(_ENSURE_LOOK, {"release": release})
