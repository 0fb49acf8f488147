"""The index of changes: which release brought a commit, pull request, image or issue, and where
the components it is of have been since.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from towpath.domain.content import Image
from towpath.ports.archive import Change, Visit
from towpath.storage.connection import Connection, Row

_WRITE = sa.text(
    """
    INSERT INTO change (ref, kind, scope, component, product, release, n, line)
    SELECT ref, kind, scope, component, :product, :release, :n, :line
    FROM unnest(CAST(:refs AS text[]), CAST(:kinds AS text[]), CAST(:scopes AS text[]),
        CAST(:components AS text[])) AS one (ref, kind, scope, component)
    ORDER BY ref, kind, scope, component
    ON CONFLICT DO NOTHING
    """
)
_SHOWN = "ref, kind, scope, component, product, release, n, line"
_EXACT = sa.text(
    f"""
    SELECT {_SHOWN} FROM change WHERE ref = :ref AND kind = ANY(:kinds)
    ORDER BY n, product, component LIMIT :limit
    """  # noqa: S608 - constants of this module
)
_BEGINNING = sa.text(
    f"""
    SELECT {_SHOWN} FROM change
    WHERE ref >= :ref AND ref < :end AND kind = ANY(:kinds) ORDER BY ref LIMIT :limit
    """  # noqa: S608 - constants of this module
)
_VISITS = sa.text(
    """
    SELECT landing.id, landing.environment, landing.component, landing.release, landing.at,
        landing.content ->> 'revision' AS revision, landing.content ->> 'repository' AS repository,
        landing.content -> 'images' AS images, coalesce(release.line, '') AS line,
        coalesce(release.n, 0) AS n
    FROM landing LEFT JOIN release ON release.id = landing.release
    WHERE landing.product = :product AND landing.component = ANY(:components)
    ORDER BY landing.id
    """
)


def write(connection: Connection, lines: Sequence[Change]) -> None:
    """Write the lines of one release; those that are there stay."""
    if not lines:
        return
    first = lines[0]
    connection.later(
        _WRITE,
        {
            "product": first.product,
            "release": first.release,
            "n": first.n,
            "line": first.line,
            "refs": [line.ref for line in lines],
            "kinds": [line.kind for line in lines],
            "scopes": [line.scope for line in lines],
            "components": [line.component for line in lines],
        },
    )


async def changes(
    connection: Connection, ref: str, kinds: Collection[str], limit: int
) -> Sequence[Change]:
    """Lines whose ref is this, else those whose ref begins so (`ref` ends with `*` then)."""
    asked: dict[str, object] = {"ref": ref, "kinds": list(kinds), "limit": limit}
    statement = _EXACT
    if ref.endswith("*"):
        statement = _BEGINNING
        asked |= {"ref": ref[:-1], "end": ref[:-1] + "\U0010ffff"}
    rows = await connection.execute(statement, asked)
    return [Change(**row._asdict()) for row in rows]


async def visits(
    connection: Connection, product: str, components: Collection[str]
) -> Sequence[Visit]:
    """Every landing of the components, oldest first."""
    rows = await connection.execute(_VISITS, {"product": product, "components": list(components)})
    return [_visit(row) for row in rows]


def _visit(row: Row) -> Visit:
    images = tuple(Image(*image) for image in row.images or ())
    return Visit(**{**row._asdict(), "images": images})
