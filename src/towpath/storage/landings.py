"""What landed where: the present of each environment, its history, and the locks on it."""

import json
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import content, events, facts, subjects
from towpath.domain.release import Release
from towpath.domain.rules import Rules
from towpath.domain.subjects import Scope
from towpath.ports.store import LandedPart
from towpath.storage import codec
from towpath.storage.connection import Connection, Row

# The stage's row comes first: who holds it lands, so that ids of landings in an environment are in
# the order of what is present there.
_LAND = sa.text(
    """
    WITH marked AS (
        INSERT INTO stage (product, environment, landed)
        VALUES (:product, :environment, CASE WHEN CAST(:line AS text) = '' THEN '{}'
            ELSE jsonb_build_object(CAST(:line AS text), CAST(:n AS bigint)) END)
        ON CONFLICT (product, environment) DO UPDATE SET landed = CASE
            WHEN CAST(:line AS text) = '' THEN stage.landed
            ELSE stage.landed || jsonb_build_object(CAST(:line AS text),
                greatest(CAST(:n AS bigint), (stage.landed ->> CAST(:line AS text))::bigint)) END
        RETURNING (stage.landed ->> CAST(:line AS text))::bigint AS newest
    ), came AS (
        INSERT INTO landing (product, environment, component, release, commit, version, content)
        SELECT :product, :environment, component, :release, :commit, version, content
        FROM (SELECT count(*) FROM marked) AS turn,
            unnest(CAST(:components AS text[]), CAST(:versions AS text[]),
                   CAST(:contents AS jsonb[])) AS part (component, version, content)
        RETURNING id, component
    ), settled AS (
        UPDATE write SET settled = true WHERE id = CAST(:write_id AS uuid)
    ), written_over AS (  -- what people had changed by hand
        DELETE FROM trouble WHERE scope = :drift AND subject = ANY(CAST(:subjects AS text[]))
    )
    INSERT INTO landed (product, environment, component, landing)
    SELECT :product, :environment, component, id FROM came, marked
    WHERE newest IS NULL OR newest <= CAST(:n AS bigint)  -- it may be recorded late
    ON CONFLICT (product, environment, component) DO UPDATE SET landing = excluded.landing
    """
)
_TURNS = sa.text(
    """
    INSERT INTO stage (product, environment)
    SELECT :product, environment FROM unnest(CAST(:environments AS text[])) AS environment
    ON CONFLICT (product, environment) DO UPDATE SET landed = stage.landed
    """
)
_FOUND = sa.text(
    """
    WITH part AS (
        SELECT part.*, before.at
        FROM unnest(CAST(:environments AS text[]), CAST(:components AS text[]),
            CAST(:commits AS text[]), CAST(:versions AS text[]), CAST(:contents AS jsonb[]))
            AS part (environment, component, commit, version, content)
        LEFT JOIN landed ON landed.product = :product
            AND landed.environment = part.environment AND landed.component = part.component
        LEFT JOIN landing AS before ON before.id = landed.landing
        WHERE before.id IS NULL
            OR (CAST(:again AS boolean) AND before.release = '' AND before.content <> part.content)
    ), came AS (
        INSERT INTO landing (product, environment, component, commit, version, content, at)
        SELECT :product, environment, component, commit, version, content, coalesce(at, now())
        FROM part
        RETURNING id, environment, component
    )
    INSERT INTO landed (product, environment, component, landing)
    SELECT :product, environment, component, id FROM came
    ON CONFLICT (product, environment, component) DO UPDATE SET landing = excluded.landing
    """
)
_FOUND_BY = sa.text(
    """
    SELECT landed.product, landed.environment, landed.component, landing.content -> 'rules' AS rules
    FROM landed JOIN landing ON landing.id = landed.landing
    WHERE landing.release = ''
    """
)
_SETTLE = sa.text("UPDATE write SET settled = true WHERE id = ANY(:ids)")
_LANDED = sa.text(
    """
    SELECT landed.component, landing.release, landing.commit, landing.content
    FROM landed JOIN landing ON landing.id = landed.landing
    WHERE landed.product = :product AND landed.environment = :environment
    """
)
_REVISIONS = sa.text(
    """
    SELECT landed.component, landing.content ->> 'revision' AS revision
    FROM landed JOIN landing ON landing.id = landed.landing
    WHERE landed.product = :product AND landed.environment = :environment
    """
)
_LANDED_WITH = sa.text(
    """
    SELECT component, content FROM landing WHERE id = ANY(ARRAY(
        SELECT max(id) FROM landing
        WHERE product = :product AND environment = :environment AND id <= (
            SELECT max(id) FROM landing
            WHERE product = :product AND environment = :environment AND release = :release)
        GROUP BY component))
    """
)
_LANDED_BEFORE = sa.text(
    """
    SELECT component, content FROM landing WHERE id = ANY(ARRAY(
        SELECT max(id) FROM landing
        WHERE product = :product AND environment = :environment AND id < (
            SELECT min(id) FROM landing
            WHERE product = :product AND environment = :environment AND release = :release)
        GROUP BY component))
    """
)
_LANDINGS = sa.text(
    """
    SELECT release FROM landing
    WHERE product = :product AND environment = :environment AND release <> ''
    GROUP BY release ORDER BY max(id) DESC LIMIT :limit
    """
)
_PLACES = sa.text(
    """
    SELECT product.name, landed.environment, landed.component
    FROM product LEFT JOIN landed ON landed.product = product.name
    """
)
_LOCK = sa.text(
    """
    INSERT INTO lock (product, environment, reason, author, until, by_rollback)
    VALUES (:product, :environment, :reason, :author, :until, :by_rollback)
    ON CONFLICT (product, environment) DO UPDATE SET reason = excluded.reason,
        author = excluded.author, until = excluded.until, by_rollback = excluded.by_rollback,
        since = now()
    """
)


def landed(connection: Connection, release: Release, event: events.CommitLanded) -> None:
    """A promotion's content is on its branch."""
    parts = {name: release.content[name] for name in event.components if name in release.content}
    put(connection, release, event.environment, parts, event.commit, event.write_id)


def put(
    connection: Connection,
    release: Release,
    environment: str,
    parts: content.Content,
    commit: str,
    write_id: UUID | None = None,
) -> None:
    """What a release brought to an environment, or was seen to have brought."""
    connection.later(
        _LAND,
        {
            "product": release.product,
            "environment": environment,
            "release": release.id,
            "commit": commit,
            "components": list(parts),
            "drift": Scope.DRIFT,
            "subjects": [subjects.component(release.product, environment, name) for name in parts],
            "versions": [codec.plain_text(part.version) for part in parts.values()],
            "contents": [json.dumps(codec.dump_content(part)) for part in parts.values()],
            "line": release.line,
            "n": release.n,
            "write_id": write_id,
        },
    )


def found(
    connection: Connection,
    product: str,
    parts: Mapping[str, Mapping[str, LandedPart]],
    *,
    again: bool,
) -> None:
    """What was there before Towpath came. What is recorded already stays; what was found and still
    stands does not, if it was read `again`."""
    rows = [(e, c, part) for e, components in parts.items() for c, part in components.items()]
    if rows:
        connection.later(_TURNS, {"product": product, "environments": sorted(parts)})
        connection.later(
            _FOUND,
            {
                "product": product,
                "again": again,
                "environments": [environment for environment, _, _ in rows],
                "components": [component for _, component, _ in rows],
                "commits": [part.commit for _, _, part in rows],
                "versions": [codec.plain_text(part.content.version) for _, _, part in rows],
                "contents": [json.dumps(codec.dump_content(part.content)) for _, _, part in rows],
            },
        )


async def settle(connection: Connection, writes: Collection[object]) -> None:
    """It is known what became of these attempts to write."""
    await connection.execute(_SETTLE, {"ids": list(writes)})


async def present(
    connection: Connection, product: str, environment: str
) -> Mapping[str, LandedPart]:
    """What landed last in one environment, for each component."""
    place = {"product": product, "environment": environment}
    return {row.component: _part(row) for row in await connection.execute(_LANDED, place)}


def _part(row: Row) -> LandedPart:
    return LandedPart(codec.load_content(row.content), row.commit, row.release)


async def revisions(connection: Connection, product: str, environment: str) -> Mapping[str, str]:
    """The revision of each component that landed last in the environment."""
    place = {"product": product, "environment": environment}
    rows = await connection.execute(_REVISIONS, place)
    return {row.component: row.revision for row in rows}


async def with_release(
    connection: Connection, product: str, environment: str, release: str
) -> content.Content:
    """Everything the environment held once the release had landed there."""
    place = {"product": product, "environment": environment, "release": release}
    rows = await connection.execute(_LANDED_WITH, place)
    return {row.component: codec.load_content(row.content) for row in rows}


async def before_release(
    connection: Connection, product: str, environment: str, release: str
) -> content.Content:
    """Everything the environment held before the release first landed there."""
    place = {"product": product, "environment": environment, "release": release}
    rows = await connection.execute(_LANDED_BEFORE, place)
    return {row.component: codec.load_content(row.content) for row in rows}


async def history(
    connection: Connection, product: str, environment: str, limit: int
) -> Sequence[str]:
    """The releases that landed in the environment, newest first."""
    place = {"product": product, "environment": environment, "limit": limit}
    return [row.release for row in await connection.execute(_LANDINGS, place)]


async def places(
    connection: Connection,
) -> Mapping[str, Collection[tuple[str, str]]]:
    """The products that are known, with the environments and components recorded."""
    found: dict[str, set[tuple[str, str]]] = {}
    for row in await connection.execute(_PLACES):
        known = found.setdefault(row.name, set())
        if row.environment is not None:
            known.add((row.environment, row.component))
    return found


async def found_by(
    connection: Connection,
) -> Mapping[str, Mapping[tuple[str, str], Rules | None]]:
    """The rules by which it was read what no release brought."""
    found: dict[str, dict[tuple[str, str], Rules | None]] = {}
    for row in await connection.execute(_FOUND_BY):
        place = (row.environment, row.component)
        found.setdefault(row.product, {})[place] = codec.load_rules(row.rules)
    return found


def lock(connection: Connection, release: Release, event: events.EnvironmentLocked) -> None:
    """A rollback locks the environment for its product."""
    put_lock(
        connection,
        product=event.product,
        environment=event.environment,
        reason=event.reason,
        author=release.initiator,
        until=event.until,
        by_rollback=event.by_rollback,
    )


def put_lock(connection: Connection, **lock: object) -> None:
    """Put a lock, or renew the one that is there."""
    connection.later(_LOCK, lock)


def as_columns(lock: facts.Lock) -> dict[str, object]:
    """A lock as `put_lock` takes it."""
    return {
        "product": lock.product,
        "environment": lock.environment,
        "reason": lock.reason,
        "author": lock.author,
        "until": lock.until,
        "by_rollback": lock.by_rollback,
    }
