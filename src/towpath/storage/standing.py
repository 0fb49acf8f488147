"""How environments have done since a release succeeded there, and who wrote what goes on.

What a deployer says of an environment is kept here; where none says anything, that is known too.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from towpath.domain import approvals, reasons
from towpath.domain.facts import Standing
from towpath.domain.release import Release
from towpath.storage import codec, looks
from towpath.storage.connection import Connection, Row

# For each component: since when it is the release's (whoever brought the same) or a newer one's of
# its line, and what came over it. An older one of the line that is recorded late came over nothing.
_PRESENT = sa.text(
    """
    WITH came AS (
        SELECT landing.id, landing.environment, landing.component, landing.release, landing.at,
            landing.release = :release
                OR landing.content -> 'sources' = mine.content -> landing.component -> 'sources'
                OR (other.line = :line AND other.n > :n AND other.line <> '') IS TRUE AS carries
        FROM landing JOIN release AS mine ON mine.id = :release
            LEFT JOIN release AS other ON other.id = landing.release
        WHERE landing.product = :product AND landing.environment = ANY(:environments)
          AND landing.at >= :since
          AND (other.line = :line AND other.n < :n AND other.line <> '') IS NOT TRUE
    ), stranger AS (
        SELECT DISTINCT ON (environment, component) environment, component, id, release
        FROM came WHERE NOT carries ORDER BY environment, component, id DESC
    )
    SELECT came.environment, came.component,
        min(came.at) FILTER (WHERE carries AND came.id > coalesce(stranger.id, 0)) AS here_since,
        max(stranger.release) AS instead
    FROM came LEFT JOIN stranger USING (environment, component)
    GROUP BY came.environment, came.component
    """
)
_HEALTH = sa.text(
    """
    SELECT environment, since, reason FROM health
    WHERE product = :product AND environment = ANY(:environments)
    """
)
_REPORT = sa.text(
    """
    INSERT INTO health (product, environment, reason)
    VALUES (:product, :environment, CAST(:reason AS jsonb))
    ON CONFLICT (product, environment) DO UPDATE SET reason = excluded.reason,
        since = CASE WHEN (health.reason IS NULL) = (excluded.reason IS NULL) THEN health.since
            ELSE now() END
        WHERE (health.reason ->> 'sentence') IS DISTINCT FROM (excluded.reason ->> 'sentence')
    RETURNING product
    """
)
_OPEN_IN = sa.text("SELECT id FROM release WHERE open AND product = :product")
_AUTHORS = sa.text(
    """
    SELECT DISTINCT author FROM release, LATERAL (
        SELECT initiator AS author
        UNION SELECT wrote ->> who
        FROM jsonb_array_elements(
                coalesce(state -> 'commits', '[]') || coalesce(state -> 'commit', '{}')) AS wrote,
            unnest(ARRAY['author', 'author_email']) AS who
    ) AS named
    WHERE product = :product AND line = :line AND n < :n AND author <> '' AND n > coalesce((
        SELECT (stage.landed ->> CAST(:line AS text))::bigint FROM stage
        WHERE stage.product = :product AND stage.environment = :environment), 0)
    """
)


async def of(
    connection: Connection, release: Release, environments: Collection[str]
) -> Mapping[str, Standing]:
    """How each of the environments has done since the release landed there."""
    places = {"product": release.product, "environments": sorted(environments)}
    mine = {"release": release.id, "line": release.line, "n": release.n}
    landed = await connection.execute(_PRESENT, {**places, **mine, "since": release.created_at})
    parts: dict[str, list[Row]] = {}
    for row in landed:
        parts.setdefault(row.environment, []).append(row)
    health = {row.environment: row for row in await connection.execute(_HEALTH, places)}
    began = release.created_at
    return {name: _standing(parts.get(name, ()), began, health.get(name)) for name in environments}


def _standing(parts: Sequence[Row], began: datetime, health: Row | None) -> Standing:
    gone = [part for part in parts if part.here_since is None]
    here = None if gone else max([part.here_since for part in parts], default=began)
    instead = gone[0].instead or "" if gone else ""
    if health is None:
        return Standing(here, instead)
    if health.reason is None:
        return Standing(here, instead, healthy_since=health.since)
    return Standing(here, instead, sick=codec.load_reason(health.reason))


async def report(
    connection: Connection, product: str, environment: str, sick: reasons.Reason | None
) -> None:
    """Keep what a deployer says of an environment, and wake who waits for it."""
    stored = codec.json_text(codec.dump_reason(sick)) if sick else None
    said = {"product": product, "environment": environment, "reason": stored}
    if (await connection.execute(_REPORT, said)).one_or_none() is not None:
        rows = await connection.execute(_OPEN_IN, {"product": product})
        looks.wake(connection, [row.id for row in rows])


async def authors(connection: Connection, of: Release, environment: str) -> frozenset[str]:
    """Every name of whoever wrote something of the release, or of those it supersedes there."""
    own = approvals.authors(of)
    if not of.line:
        return own
    before = {"product": of.product, "line": of.line, "n": of.n, "environment": environment}
    return own | {row.author for row in await connection.execute(_AUTHORS, before)}
