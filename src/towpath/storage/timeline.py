"""What happened, in the order in which it was committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from towpath.storage import tables

LONGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as it is stored; `data` is as its kind has it, also for kinds unknown here."""

    id: int
    at: datetime
    kind: str
    product: str
    release: str
    environment: str
    actor: str
    data: Mapping[str, Any]


async def after(
    connection: AsyncConnection, last: int, limit: int, product: str = "", release: str = ""
) -> Sequence[Happened]:
    """At most `limit` events with a higher id than `last`, oldest first.

    `product` and `release` take only theirs; empty takes all.
    """
    event = tables.event
    query = sa.select(event).where(event.c.id > last).order_by(event.c.id)
    if product:
        query = query.where(event.c.product == product)
    if release:
        query = query.where(event.c.release == release)
    rows = await connection.execute(query.limit(max(1, min(limit, LONGEST_PAGE))))
    return [Happened(**row._mapping) for row in rows]


async def newest(connection: AsyncConnection) -> int:
    """The highest id there is; 0 before anything happened."""
    highest = await connection.execute(sa.select(sa.func.max(tables.event.c.id)))
    return int(highest.scalar_one() or 0)
