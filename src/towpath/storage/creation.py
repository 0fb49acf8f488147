"""How a release is made once, whoever else saw the same commit."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from towpath.domain import content, events
from towpath.domain.release import Release
from towpath.storage import landings, records
from towpath.storage.connection import Connection

Build = Callable[[int, datetime], tuple[Release, events.Event]]

_ENSURE = sa.text(
    """
    INSERT INTO product (name, last_n)
    SELECT :product, greatest(:first_n, max(n)) FROM release WHERE product = :product
    ON CONFLICT (name) DO UPDATE SET last_n = excluded.last_n
        WHERE product.last_n < excluded.last_n
    """
)
_LOCK = sa.text("SELECT last_n, now() AS now FROM product WHERE name = :product FOR UPDATE")
_COUNT = sa.text("UPDATE product SET last_n = :n WHERE name = :product")
_KEEP = sa.text(
    """
    INSERT INTO body (digest, data)
    SELECT * FROM unnest(CAST(:digests AS text[]), CAST(:bodies AS bytea[]))
    ON CONFLICT (digest) DO NOTHING
    """
)
_BODIES = sa.text("SELECT digest, data FROM body WHERE digest = ANY(:digests)")


def ensure_product(connection: Connection, product: str, first_n: int) -> None:
    """Know the product. Its next release has an n after `first_n`, and after all there were."""
    connection.later(_ENSURE, {"product": product, "first_n": first_n})


async def create(
    connection: Connection,
    product: str,
    build: Build,
    expected: Mapping[str, str],
    trigger_environment: str,
    actor: str,
) -> Release | None:
    """Make a release with the next n, if what it was compared with is still what is recorded."""
    ensure_product(connection, product, 0)
    counted = (await connection.execute(_LOCK, {"product": product})).one()
    if trigger_environment:
        recorded = await landings.revisions(connection, product, trigger_environment)
        if any(recorded.get(name, "") != revision for name, revision in expected.items()):
            return None
    n = counted.last_n + 1
    connection.later(_COUNT, {"product": product, "n": n})
    release, created = build(n, counted.now)
    if trigger_environment:
        _land(connection, release, trigger_environment, expected)
    records.insert(connection, release, created, actor)
    return release


def _land(
    connection: Connection, release: Release, environment: str, changed: Collection[str]
) -> None:
    """The trigger environment has the content by the commit that made the release."""
    parts: content.Content = {name: release.content[name] for name in changed}
    commit = release.commit.sha if release.commit else ""
    landings.put(connection, release, environment, parts, commit)


def keep(connection: Connection, bodies: Mapping[str, bytes]) -> None:
    """Keep bodies of whole files by their digest."""
    if bodies:
        digests = sorted(bodies)  # in one order, so that two who keep the same do not deadlock
        kept = {"digests": digests, "bodies": [bodies[digest] for digest in digests]}
        connection.later(_KEEP, kept)


async def bodies(connection: Connection, digests: Collection[str]) -> Mapping[str, bytes]:
    """The bodies of whole files."""
    rows = await connection.execute(_BODIES, {"digests": list(digests)})
    return {row.digest: bytes(row.data) for row in rows}
