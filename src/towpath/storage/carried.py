"""Which earlier releases of its line a release brings to an environment along with its own change.

A release carries on what the releases of its line before it changed. Those that never came to an
environment by themselves come there with it: all between the last of its line that landed there
before, and itself. One query for a page of releases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from towpath.domain.status import Status
from towpath.storage.connection import Connection

MOST_NAMED = 20  # of one environment; how many there are is said
_FURTHEST = 1000  # by n: no release carries more
_LANDINGS_BACK = 300  # rows: what landed before of a line is among them, or is not known

_BEFORE = """
    FROM landing WHERE landing.product = mine.product AND landing.environment = mine.environment
        AND landing.id < coalesce(mine.landing, 9223372036854775807)
    ORDER BY landing.id DESC
"""
# Where the one before it on its line succeeded, that one landed: nothing is between them. What is
# not there yet carries only those that come there no more by themselves. Of `id` alone the least
# would be looked for from the first landing of all on; `+ 0` has those of the release looked up.
_CARRIED = sa.text(
    f"""
    WITH mine AS MATERIALIZED (
        SELECT release.id, release.product, release.line, release.n, place.key AS environment,
            place.value ->> 'position' AS position, place.value ->> 'status' AS status,
            (SELECT min(landing.id + 0) FROM landing
                WHERE landing.product = release.product AND landing.environment = place.key
                  AND landing.release = release.id) AS landing
        FROM release CROSS JOIN LATERAL (
            SELECT last.environments FROM release AS last
            WHERE last.product = release.product AND last.n < release.n AND last.line = release.line
            ORDER BY last.n DESC LIMIT 1
        ) AS last CROSS JOIN LATERAL jsonb_each(release.environments) AS place
        WHERE release.id = ANY(:releases) AND release.line <> ''
          AND place.value ->> 'role' = 'step'
          AND last.environments -> place.key ->> 'status' IS DISTINCT FROM 'succeeded'
    ), gap AS MATERIALIZED (
        SELECT mine.*, CASE WHEN stage.landed -> mine.line IS NULL THEN 0 ELSE coalesce(
            (SELECT brought.n FROM (SELECT id, release {_BEFORE} LIMIT {_LANDINGS_BACK}) AS back
                JOIN release AS brought ON brought.id = back.release
                WHERE brought.line = mine.line ORDER BY back.id DESC LIMIT 1),
            (SELECT 0 WHERE NOT EXISTS (SELECT {_BEFORE} OFFSET {_LANDINGS_BACK})))
        END AS over
        FROM mine LEFT JOIN stage USING (product, environment)
        WHERE mine.landing IS NOT NULL OR mine.status NOT IN ('superseded', 'skipped')
    )
    SELECT gap.id AS release, gap.environment, count(*) AS total,
        (array_agg(other.id ORDER BY other.n DESC))[1:{MOST_NAMED}] AS newest
    FROM gap JOIN release AS other ON other.product = gap.product
        AND other.n > greatest(gap.over, gap.n - {_FURTHEST}) AND other.n < gap.n
        AND other.line = gap.line AND other.environments ? gap.environment
        AND (gap.landing IS NOT NULL
            OR other.environments -> gap.environment ->> 'status' = ANY(:ended))
    WHERE gap.over < gap.n - 1
    GROUP BY gap.id, gap.environment, gap.position
    ORDER BY gap.id, gap.position::int
    """  # noqa: S608 - constants of this module
)
_ENDED = [status.value for status in Status if status.ended]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a release also carries to some environments: `total` releases, the newest named, oldest
    first."""

    environments: tuple[str, ...]
    releases: tuple[str, ...]
    total: int


async def carried(
    connection: Connection, releases: Sequence[str]
) -> Mapping[str, tuple[Carried, ...]]:
    """For each of the releases that carries others, which, in the order of its flow; what is the
    same in several environments once."""
    asked = {"releases": list(releases), "ended": _ENDED}
    found: dict[str, dict[tuple[tuple[str, ...], int], list[str]]] = {}
    for row in await connection.execute(_CARRIED, asked):
        same = found.setdefault(row.release, {})
        same.setdefault((tuple(reversed(row.newest)), row.total), []).append(row.environment)
    return {
        release: tuple(Carried(tuple(places), *which) for which, places in same.items())
        for release, same in found.items()
    }
