"""A database with as many releases as a large company makes in years, for benchmarks of lists.

The rows are made by the server from a few true releases, one for each outcome and flow, so that
size and shape of every column are those of real rows. Everything is derived from the row's number:
two runs make the same database.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from towpath.domain import catalog, content, creation, release, values
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release, Trigger
from towpath.domain.status import Status
from towpath.storage import codec, tables

ENVIRONMENTS = ("dev", "qa", "staging", "prod-eu", "prod-us", "prod-ap")
PRODUCTS, FLOWS, INITIATORS, OPEN = 300, 12, 400, 1500
START = datetime(2026, 1, 1, tzinfo=UTC)
# Share of a thousand ended releases; the newest rows are the open ones.
ENDED_SHARES = {
    "succeeded": 830,
    "superseded": 90,
    "failed": 45,
    "failed_late": 15,
    "terminated": 14,
    "error": 5,
    "suspended_for_long": 1,
}
OPEN_OUTCOMES = ("running", "busy", "locked", "waiting_late", "queued")


@dataclass(frozen=True, slots=True)
class Shape:
    """A release as rows are made of it."""

    outcome: str
    flow: str
    of: Release


def flows() -> tuple[catalog.Flow, ...]:
    """Twelve flows of three to six environments, the longest with three in parallel at the end."""
    return tuple(_flow(f"flow-{n}", 3 + n % 4) for n in range(1, FLOWS + 1))


def _flow(name: str, length: int) -> catalog.Flow:
    chain = ENVIRONMENTS[:length]
    steps = tuple(
        catalog.FlowStep(environment, (chain[min(at, 2)],))
        for at, environment in enumerate(chain[1:])
    )
    return catalog.Flow(name, chain[0], steps)


def shapes() -> Iterator[Shape]:
    """One true release for each outcome and flow."""
    known = catalog.Catalog(products={"p": catalog.Product("p")})
    for flow in flows():
        for outcome in (*ENDED_SHARES, *OPEN_OUTCOMES):
            made = creation.along(flow, _origin(), known, "main/dev", (_commit(),))
            yield Shape(outcome, flow.name, _brought_to(made, outcome))


def _origin() -> creation.Origin:
    parts = {name: _component(name) for name in ("api", "web", "worker")}
    return creation.Origin("p", 1, Trigger.HEAD, "ada", START, parts)


def _commit() -> release.TriggerCommit:
    return release.TriggerCommit(
        "https://git.example.com/gitops", "main", "a" * 40, "Fix it", "Ada", "ada@x.org", START
    )


def _component(name: str) -> content.ComponentContent:
    place = (values.Key("image"), values.Key("tag"))
    file = content.FileContent("values.yaml", (values.Value(place, "1.14.2"),))
    image = content.Image(f"registry.example.com/{name}", "1.14.2", "sha256:" + "b" * 64)
    source = content.SourceContent(0, "https://git.example.com/gitops", (file,))
    return content.ComponentContent(
        (source,), "1.14.2", (image,), "https://git.example.com/gitops", "main", "c" * 40
    )


def _brought_to(made: Release, outcome: str) -> Release:
    """The release with every environment before the telling one succeeded."""
    late = outcome in ("failed_late", "waiting_late", "suspended_for_long")
    telling = len(made.promotions) - 1 if late or outcome == "succeeded" else 1
    promotions = [
        _ended(p, Status.SUCCEEDED, None) if at < telling else p
        for at, p in enumerate(made.promotions)
    ]
    promotions[telling] = _told(promotions[telling], outcome)
    if outcome in ("superseded", "terminated"):
        promotions[telling + 1 :] = [_not_reached(p) for p in promotions[telling + 1 :]]
    course = release.Course(Status.QUEUED if outcome == "queued" else Status.SKIPPED)
    return replace(made, promotions=tuple(promotions), course=course)


def _told(promotion: Promotion, outcome: str) -> Promotion:
    match outcome:
        case "succeeded":
            return _ended(promotion, Status.SUCCEEDED, None)
        case "superseded":
            newer = Reason(Code.SUPERSEDED_BY, "p-2 carries this change on", {"release": "p-2"})
            return _ended(promotion, Status.SUPERSEDED, newer)
        case "failed" | "failed_late":
            reason = Reason(Code.HEALTH_DEGRADED, "api is Degraded: back-off restarting container")
            return _ended(promotion, Status.FAILED, reason)
        case "terminated":
            return _ended(promotion, Status.TERMINATED, Reason(Code.TERMINATED_BY, "ada did"))
        case "error":
            return _ended(promotion, Status.ERROR, Reason(Code.VALUE_MISSING, "no $.image.tag"))
        case "running" | "waiting_late":
            return _held(promotion, Status.RUNNING, Reason(Code.WRITING, "the commit is pushed"))
        case "busy":
            busy = Reason(Code.ENVIRONMENT_BUSY, "p-2 is acting in qa", {"release": "p-2"})
            return _held(promotion, Status.PENDING, busy)
        case "locked" | "suspended_for_long":
            locked = Reason(Code.ENVIRONMENT_LOCKED, "qa is locked by ada: migration")
            return _held(promotion, Status.SUSPENDED, locked)
        case _:
            return promotion


def _not_reached(promotion: Promotion) -> Promotion:
    return _ended(promotion, Status.SKIPPED, Reason(Code.NOT_REACHED, "qa was not passed"))


def _ended(promotion: Promotion, status: Status, reason: Reason | None) -> Promotion:
    end = START + timedelta(minutes=3)
    phases = tuple(
        replace(p, status=status, reason=reason, started_at=START, ended_at=end)
        for p in promotion.phases
    )
    return replace(promotion, phases=phases, begun=True, started_at=START, ended_at=end)


def _held(promotion: Promotion, status: Status, reason: Reason) -> Promotion:
    first, *others = promotion.phases
    held = replace(first, status=status, reason=reason, started_at=START)
    return replace(promotion, phases=(held, *others), begun=True, started_at=START)


_SHAPE_TABLE = """
    CREATE UNLOGGED TABLE IF NOT EXISTS shape (
        no int PRIMARY KEY, flow text, outcome text, status text, ended bool, open bool,
        environments jsonb, reason jsonb, content jsonb, state jsonb)
"""
_ADD_SHAPE = """
    INSERT INTO shape VALUES (:no, :flow, :outcome, :status, :ended, :open,
        CAST(:environments AS jsonb), CAST(:reason AS jsonb), CAST(:content AS jsonb),
        CAST(:state AS jsonb))
"""
# u(g, seed): a number in [0, 1) that is always the same for the same row.
_RANDOM = """
    CREATE OR REPLACE FUNCTION u(g bigint, seed int) RETURNS float8 IMMUTABLE PARALLEL SAFE
    LANGUAGE sql AS $$ SELECT (hashint8extended(g, seed) & 1048575) / 1048576.0 $$
"""
_FILL = """
    INSERT INTO release (id, product, n, name, trigger, line, flow, initiator, version, subject,
        revision, status, ended, open, created_at, ended_at, environments, reason, content, state)
    SELECT product || '-' || g, product, g, left(revision, 7), trigger, 'main/dev',
        CASE WHEN trigger IN ('head', 'revision') THEN shape.flow ELSE '' END, initiator,
        '1.' || (g / 1000) || '.' || (g % 1000), subject, revision, shape.status, shape.ended,
        shape.open, made, CASE WHEN shape.ended THEN made + interval '20 minutes' END,
        shape.environments, shape.reason, shape.content,
        shape.state || jsonb_build_object('id', product || '-' || g, 'product', product, 'n', g,
            'name', left(revision, 7), 'initiator', initiator)
    FROM (
        SELECT g,
            'product-' || (1 + floor(:products * u(g, 1) ^ 2))::int AS product,
            'person-' || (1 + floor(:initiators * u(g, 2) ^ 2))::int AS initiator,
            (ARRAY['head','head','head','head','head','head','head','head','manual','rollback'])
                [1 + floor(10 * u(g, 3))::int] AS trigger,
            md5(g::text) || left(md5((-g)::text), 8) AS revision,
            timestamptz '2026-11-01' - interval '3 years' * ((:total - g)::float8 / :total) AS made,
            (ARRAY['Fix','Add','Remove','Bump','Rework'])[1 + floor(5 * u(g, 4))::int]
                || ' word' || floor(5000 * u(g, 5) ^ 3)::int
                || ' in word' || floor(5000 * u(g, 6) ^ 3)::int
                || ' PAY-' || g % 100000 AS subject,
            (CASE WHEN g > :total - :open
                THEN :first_open + floor(:open_kinds * u(g, 7))::int
                ELSE (CAST(:ended_kinds AS int[]))[1 + floor(1000 * u(g, 7))::int] END)
                + :kinds * floor(:flows * u(g, 8) ^ 2)::int AS shape_no
        FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS g
    ) AS drawn JOIN shape ON shape.no = drawn.shape_no
    ORDER BY g
"""
_LAND = """
    WITH made AS (
        INSERT INTO landing (product, environment, component, release, commit, version, content)
        SELECT p.name, e.name, c.name, '', md5(p.name || e.name), '1.14.2',
            (SELECT content -> 'api' FROM shape WHERE no = 0)
        FROM product AS p, unnest(CAST(:environments AS text[])) AS e (name),
            unnest(ARRAY['api', 'web', 'worker']) AS c (name)
        RETURNING product, environment, component, id)
    INSERT INTO landed SELECT * FROM made
"""
_NEWEST = "SELECT * FROM release ORDER BY created_at DESC LIMIT 5000"
_BRING = f"""
    WITH came AS (
        INSERT INTO landing (product, environment, component, release, commit, version, content)
        SELECT made.product, place.key, c.name, made.id, made.revision, made.version,
            (SELECT content -> 'api' FROM shape WHERE no = 0)
        FROM ({_NEWEST}) AS made, jsonb_each(made.environments) AS place,
            unnest(ARRAY['api', 'web', 'worker']) AS c (name)
        WHERE place.value ->> 'status' = 'succeeded'
        ORDER BY made.n
        RETURNING product, environment, release)
    INSERT INTO stage (product, environment, landed)
    SELECT came.product, came.environment, jsonb_build_object('main/dev', max(release.n))
    FROM came JOIN release ON release.id = came.release GROUP BY 1, 2
"""
_TELL = f"""
    INSERT INTO event (at, kind, product, release, environment, actor, data)
    SELECT release.created_at + k * interval '1 second', 'PhaseSucceeded', product, release.id,
        'qa', '', jsonb_build_object('environment', 'qa', 'phase', 'sync', 'reason', null)
    FROM ({_NEWEST}) AS release, generate_series(1, 30) AS k
    ORDER BY 1
"""


# The whole filling is one transaction, of some minutes.
_NO_LIMIT = sa.text("SET statement_timeout = 0; SET transaction_timeout = 0")


async def fill(engine: AsyncEngine, total: int, batch: int = 50_000) -> None:
    """Make the tables, `total` releases, and of the newest 5,000 what landed and 30 events each."""
    async with engine.begin() as connection:
        await connection.execute(_NO_LIMIT)
        await connection.run_sync(tables.metadata.create_all)
        await _add_shapes(connection)
        await connection.execute(sa.text(_RANDOM))
        dropped = await _drop_indexes(connection)
        for first in range(1, total + 1, batch):
            last = min(first + batch - 1, total)
            await connection.execute(sa.text(_FILL), _draw(total, first, last))
        for index in dropped:
            await connection.execute(sa.text(index))
        await _add_rest(connection)
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(_NO_LIMIT)
        await alone.execute(sa.text("VACUUM (ANALYZE)"))


async def _add_shapes(connection: AsyncConnection) -> None:
    await connection.execute(sa.text(_SHAPE_TABLE))
    rows = [_as_row(no, shape) for no, shape in enumerate(shapes())]
    await connection.execute(sa.text(_ADD_SHAPE), rows)


def _as_row(no: int, shape: Shape) -> dict[str, object]:
    stored, state = codec.dump_release(shape.of)
    reason = shape.of.reason
    return {
        "no": no,
        "flow": shape.flow,
        "outcome": shape.outcome,
        "status": shape.of.status.value,
        "ended": shape.of.ended,
        "open": shape.of.open,
        "environments": json.dumps(codec.summary(shape.of)),
        "reason": json.dumps(codec.dump_reason(reason) if reason else None),
        "content": json.dumps(stored),
        "state": json.dumps(state),
    }


def _draw(total: int, first: int, last: int) -> dict[str, object]:
    ended_kinds = [kind for kind, share in enumerate(ENDED_SHARES.values()) for _ in range(share)]
    return {
        "total": total,
        "first": first,
        "last": last,
        "products": PRODUCTS,
        "initiators": INITIATORS,
        "flows": FLOWS,
        "open": OPEN,
        "ended_kinds": ended_kinds,
        "first_open": len(ENDED_SHARES),
        "open_kinds": len(OPEN_OUTCOMES),
        "kinds": len(ENDED_SHARES) + len(OPEN_OUTCOMES),
    }


async def _drop_indexes(connection: AsyncConnection) -> Sequence[str]:
    """Indexes are built faster after the rows; answers with how to make them again."""
    found = await connection.execute(
        sa.text(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = 'release' AND indexname LIKE 'ix%'"
        )
    )
    rows = found.all()
    for row in rows:
        await connection.execute(sa.text(f'DROP INDEX "{row.indexname}"'))
    return [row.indexdef for row in rows]


async def _add_rest(connection: AsyncConnection) -> None:
    await connection.execute(
        sa.text("INSERT INTO product (name, last_n) SELECT product, max(n) FROM release GROUP BY 1")
    )
    await connection.execute(sa.text(_LAND), {"environments": list(ENVIRONMENTS)})
    await connection.execute(sa.text(_BRING))
    await connection.execute(sa.text(_TELL))
