"""Where products stand, for a page of many: added up by the database, row by row it costs more."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from towpath.domain.status import Status
from towpath.storage.connection import Connection, Row

Place = tuple[str, str]  # a product and an environment

_STANDING = sa.text(
    """
    SELECT part.product, part.environment, part.components, part.versions, part.release, part.at,
        release.environments -> part.environment ->> 'status' AS status
    FROM (
        SELECT landed.product, landed.environment,
            array_agg(landed.component) AS components, array_agg(landing.version) AS versions,
            max(landing.at) AS at,
            (array_agg(landing.release ORDER BY landing.at DESC, landing.id DESC))[1] AS release
        FROM landed JOIN landing ON landing.id = landed.landing
        WHERE landed.product = ANY(:products)
        GROUP BY landed.product, landed.environment
    ) AS part
    LEFT JOIN release ON release.id = part.release
    """
)
_COMING = sa.text(
    """
    SELECT release.product, place.key AS environment, release.id AS release,
        place.value ->> 'version' AS version, place.value ->> 'status' AS status,
        place.value ->> 'reason' AS reason, place.value ->> 'sentence' AS sentence
    FROM release, jsonb_each(release.environments) AS place
    WHERE NOT release.ended AND release.product = ANY(:products)
      AND place.value ->> 'status' = ANY(:acting)
    ORDER BY release.product, release.n
    LIMIT :most
    """
)
_UNENDED = sa.text(
    """
    SELECT product, count(*) AS releases FROM release
    WHERE NOT ended AND product = ANY(:products) GROUP BY product
    """
)
MOST_COMING = 20_000  # rows: more than any installation has at once, and still one read
_ACTING = [status.value for status in Status if status.acting]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an environment of a product has, or had when a component was there.

    `versions` are by component. `status`: how the promotion stands that came last.
    """

    versions: Mapping[str, str]
    release: str
    at: datetime
    status: Status | None


@dataclass(frozen=True, slots=True)
class Coming:
    """A release that is acting, or held up, in an environment now."""

    release: str
    version: str
    status: Status
    reason: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Board:
    """Some products: what each environment has and what comes there, and how much is unended."""

    standing: Mapping[Place, Standing] = field(default_factory=dict)
    coming: Mapping[Place, Sequence[Coming]] = field(default_factory=dict)
    unended: Mapping[str, int] = field(default_factory=dict)


async def board(connection: Connection, products: Sequence[str]) -> Board:
    """The products' board, read at one moment of each part."""
    asked = {"products": list(products)}
    standing = await connection.execute(_STANDING, asked)
    coming = await connection.execute(_COMING, {**asked, "acting": _ACTING, "most": MOST_COMING})
    unended = await connection.execute(_UNENDED, asked)
    on_its_way = defaultdict[Place, list[Coming]](list)
    for row in coming:
        on_its_way[row.product, row.environment].append(_coming(row))
    return Board(
        {(row.product, row.environment): _standing(row) for row in standing},
        on_its_way,
        {row.product: row.releases for row in unended},
    )


def _standing(row: Row) -> Standing:
    versions = dict(zip(row.components, row.versions, strict=True))
    return Standing(versions, row.release, row.at, Status(row.status) if row.status else None)


def _coming(row: Row) -> Coming:
    return Coming(row.release, row.version, Status(row.status), row.reason, row.sentence)
