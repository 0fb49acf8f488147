"""What stands where, across products: landed content, locks, stages, trouble, newest releases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from towpath.domain import facts, reasons
from towpath.storage import codec, listing, tables

_LANDED = sa.text(
    """
    SELECT landing.product, landing.environment, landing.component, landing.version,
        landing.commit, landing.release, landing.at, landing.content -> 'images' AS images,
        landing.content ->> 'revision' AS revision,
        release.environments -> landing.environment ->> 'status' AS status
    FROM landed
    JOIN landing ON landing.id = landed.landing
    LEFT JOIN release ON release.id = landing.release
    WHERE landed.product = ANY(:products)
    ORDER BY landing.product, landing.component, landing.environment
    """
)
_COUNTS = sa.text(
    "SELECT status, count(*) AS releases FROM release WHERE NOT ended GROUP BY status"
)
_LOOKS = sa.text(
    """
    SELECT
        (SELECT count(*) FROM look WHERE look_at <= now()) AS due,
        (SELECT count(*) FROM look WHERE look_at > now() AND look_at < 'infinity') AS later,
        (SELECT count(*) FROM lease WHERE until > now()) AS leased,
        (SELECT coalesce(extract(epoch FROM now() - min(look_at)), 0) FROM look
            WHERE look_at <= now()) AS oldest_due_seconds
    """
)


@dataclass(frozen=True, slots=True)
class Landed:
    """What a component has in an environment. `status`: how the promotion stands that brought it,
    None when no release did."""

    product: str
    environment: str
    component: str
    version: str
    revision: str
    commit: str
    release: str
    at: datetime
    images: tuple[tuple[str, str, str], ...]
    status: str | None


@dataclass(frozen=True, slots=True)
class Stood:
    """A product's environment as releases meet there: who has the claim."""

    environment: str
    holder: str
    yields: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a repository or product."""

    scope: str
    subject: str
    reason: reasons.Reason
    since: datetime


@dataclass(frozen=True, slots=True)
class Looks:
    """How the looks keep up: due now, due later, in progress; and how late the oldest is."""

    due: int
    later: int
    leased: int
    oldest_due_seconds: float


async def landed(connection: AsyncConnection, products: Sequence[str]) -> Sequence[Landed]:
    """What each component of the products has in each environment."""
    rows = await connection.execute(_LANDED, {"products": list(products)})
    return [
        Landed(**{**row._mapping, "images": tuple(map(tuple, row.images or ()))}) for row in rows
    ]


async def stages(connection: AsyncConnection, product: str) -> Sequence[Stood]:
    """Who acts in each environment of the product."""
    table = tables.stage.c
    rows = await connection.execute(
        sa.select(table.environment, table.holder, table.yields)
        .where(table.product == product)
        .order_by(table.environment)
    )
    return [Stood(row.environment, row.holder, row.yields) for row in rows]


async def locks(connection: AsyncConnection) -> Sequence[facts.Lock]:
    """Every lock in force; one whose end has passed is none any more."""
    table = tables.lock
    in_force = sa.or_(table.c.until.is_(None), table.c.until > sa.func.now())
    rows = await connection.execute(
        sa.select(table).where(in_force).order_by(table.c.environment, table.c.product)
    )
    return [facts.Lock(**row._mapping) for row in rows]


async def troubles(connection: AsyncConnection) -> Sequence[Trouble]:
    """What is wrong with repositories and products now."""
    table = tables.trouble
    rows = await connection.execute(sa.select(table).order_by(table.c.scope, table.c.subject))
    return [
        Trouble(row.scope, row.subject, codec.load_reason(row.reason), row.since) for row in rows
    ]


async def latest(
    connection: AsyncConnection, products: Sequence[str]
) -> Mapping[str, listing.Listed]:
    """The newest release of each product that has one."""
    shown = listing.shown_columns()
    release = tables.release.c
    wanted = sa.func.unnest(_texts(products)).table_valued("name").render_derived(name="wanted")
    newest = (
        sa.select(*shown)
        .where(release.product == wanted.c.name)
        .order_by(release.created_at.desc(), release.sequence.desc())
        .limit(1)
        .lateral("newest")
    )
    rows = await connection.execute(
        sa.select(*newest.c).select_from(wanted.join(newest, sa.true()))
    )
    return {row.product: listing.as_listed(row) for row in rows}


def _texts(values: Sequence[str]) -> sa.BindParameter[Sequence[str]]:
    return sa.literal(list(values), sa.ARRAY(sa.Text))


async def listed(
    connection: AsyncConnection, releases: Sequence[str]
) -> Mapping[str, listing.Listed]:
    """The releases with these ids, as rows of a list; one that is not there is left out."""
    rows = await connection.execute(
        sa.select(*listing.shown_columns()).where(tables.release.c.id.in_(releases))
    )
    return {row.id: listing.as_listed(row) for row in rows}


async def counts(connection: AsyncConnection) -> Mapping[str, int]:
    """How many releases have not ended, by status."""
    return {row.status: row.releases for row in await connection.execute(_COUNTS)}


async def looks(connection: AsyncConnection) -> Looks:
    """How the looks keep up."""
    row: sa.Row[Any] = (await connection.execute(_LOOKS)).one()
    return Looks(row.due, row.later, row.leased, float(row.oldest_due_seconds))
