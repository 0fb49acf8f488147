"""The index of changes: which release brought a commit, pull request, image or issue, and where
the components it is of have been since.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from towpath.ports.archive import ENDLESS, Change, Standing, Stretch, Trail
from towpath.storage.connection import Connection

_WRITE = sa.text(
    """
    INSERT INTO change (ref, kind, scope, component, product, release, n, line, gone)
    SELECT ref, kind, scope, component, :product, :release, :n, :line, gone
    FROM unnest(CAST(:refs AS text[]), CAST(:kinds AS text[]), CAST(:scopes AS text[]),
        CAST(:components AS text[]), CAST(:gone AS boolean[]))
        AS one (ref, kind, scope, component, gone)
    ORDER BY ref, kind, scope, component
    ON CONFLICT DO NOTHING
    """
)
_SHOWN = "ref, kind, scope, component, product, release, n, line, gone"
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
# The release whose content a release has: a rollback has that of the one it goes back to.
_CONTENT_OF = """
    CASE WHEN {0}.trigger = 'rollback' THEN {0}.state ->> 'goes_back_to' ELSE {0}.id END
"""
_ON_A_STRETCH = """
    EXISTS (SELECT FROM unnest(CAST(:lines AS text[]), CAST(:starts AS bigint[]),
            CAST(:ends AS bigint[])) AS stretch (line, start, past)
        WHERE {0}.line = stretch.line AND {0}.n >= stretch.start AND {0}.n < stretch.past)
"""
_HAS_IMAGE = """
    EXISTS (SELECT FROM jsonb_array_elements({0}.content -> 'images') AS image
        WHERE image ->> 0 = :image AND (:tag = '' OR image ->> 1 = :tag)
          AND (:digest = '' OR image ->> 2 = :digest))
"""
_SINCE = """
    LEFT JOIN LATERAL (
        SELECT landing.release, landing.at FROM landing
        JOIN release AS by ON by.id = landing.release
        LEFT JOIN release AS content_of ON content_of.id = {content_of}
        WHERE landing.product = :product AND landing.environment = place.environment
          AND landing.component = :component AND landing.id >= (SELECT id FROM oldest)
          AND {condition}
        ORDER BY landing.id LIMIT 1
    ) AS first ON true
"""
_STANDINGS = """
    WITH oldest AS MATERIALIZED (
        SELECT coalesce(min(id), 0) AS id FROM landing WHERE release = ANY(:carriers)),
    place AS (
        SELECT environment, landing FROM landed
        WHERE product = :product AND component = :component
        UNION
        SELECT goes.environment, CAST(NULL AS bigint)
        FROM release CROSS JOIN LATERAL jsonb_object_keys(release.environments)
            AS goes (environment)
        WHERE release.id = ANY(:carriers) AND NOT EXISTS (SELECT FROM landed
            WHERE landed.product = :product AND landed.component = :component
              AND landed.environment = goes.environment))
    SELECT place.environment, present.id AS present, coalesce(present.release, '') AS release,
        coalesce(of.line, '') AS line, coalesce(present.content ->> 'repository', '') AS repository,
        coalesce(present.content ->> 'revision', '') AS revision,
        CASE WHEN by.id = ANY(:carriers) OR of.id = ANY(:carriers) THEN true
            WHEN of.line = ANY(CAST(:lines AS text[])) THEN {carried} END AS carried,
        coalesce(present.id < (SELECT id FROM oldest), false) AS found_before,
        {has} AS has_image, coalesce(first.release, '') AS first, first.at AS since,
        coalesce(coming.id, '') AS next,
        coalesce(coming.environments -> place.environment ->> 'status', '') AS next_status,
        coalesce(coming.environments -> place.environment ->> 'sentence', '') AS next_sentence
    FROM place
    LEFT JOIN landing AS present ON present.id = place.landing
    LEFT JOIN release AS by ON by.id = present.release
    LEFT JOIN release AS of ON of.id = {content_of}
    {since}
    LEFT JOIN LATERAL (
        SELECT id, environments FROM release
        WHERE product = :product AND n >= :start AND n < :end AND {brings_it}
          AND environments ? place.environment AND {brings}
        ORDER BY n DESC LIMIT 1
    ) AS coming ON true
    ORDER BY place.environment
"""
# After the last time something without it was there: by a rollback, or by a release of one of the
# lines. From `settled` on all of them have it, or it is gone for good: there nobody looks.
_WITHOUT = f"""
    SELECT max(back.id) FROM release AS undone
    JOIN landing AS back ON back.release = undone.id
    JOIN release AS undone_to ON undone_to.id = {_CONTENT_OF.format("undone")}
    WHERE undone.product = :product AND {{which}}
      AND undone_to.line = ANY(CAST(:lines AS text[]))
      AND NOT {_ON_A_STRETCH.format("undone_to")}
      AND back.environment = place.environment AND back.component = :component
      AND back.id < coalesce(present.id, 0)
"""  # noqa: S608 - constants of this module
_CAME = f"""
    landing.id > coalesce(greatest(
        ({_WITHOUT.format(which="undone.trigger = 'rollback'")}),
        ({_WITHOUT.format(which="undone.n >= :start AND undone.n < :settled")})), 0)
    AND (by.id = ANY(:carriers) OR content_of.id = ANY(:carriers)
        OR {_ON_A_STRETCH.format("content_of")})
"""
_SAME = {
    "content_of": _CONTENT_OF.format("by"),
    "carried": _ON_A_STRETCH.format("of"),
    "brings_it": _ON_A_STRETCH.format("release"),
}
_OF_CHANGE = sa.text(
    _STANDINGS.format(
        has="false",
        since=_SINCE.format(condition=_CAME, **_SAME),
        brings="true",
        **_SAME,
    )
)
_OF_IMAGE = sa.text(
    _STANDINGS.format(
        has=_HAS_IMAGE.format("present"),
        since=_SINCE.format(condition=_HAS_IMAGE.format("landing"), **_SAME),
        brings="id = ANY(:carriers)",  # later releases of the line may have another
        **_SAME,
    )
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
            "gone": [line.gone for line in lines],
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


async def standings(connection: Connection, trail: Trail) -> Sequence[Standing]:
    """How each environment of the component stands to the trail."""
    asked: dict[str, object] = {
        "product": trail.product,
        "component": trail.component,
        "carriers": list(trail.carriers),
        "lines": [each.line for each in trail.stretches],
        "starts": [each.start for each in trail.stretches],
        "ends": [each.end for each in trail.stretches],
        "start": min((each.start for each in trail.stretches), default=ENDLESS),
        "end": max((each.end for each in trail.stretches), default=0),
        "settled": _settled(trail.stretches),
    }
    statement = _OF_CHANGE
    if trail.image is not None:
        image = trail.image
        statement = _OF_IMAGE
        asked |= {"image": image.name, "tag": image.tag, "digest": image.digest}
    return [Standing(**row._asdict()) for row in await connection.execute(statement, asked)]


def _settled(stretches: Sequence[Stretch]) -> int:
    last = {each.line: each for each in stretches}.values()
    return max((e.start if e.end == ENDLESS else e.end for e in last), default=0)
