"""Answers to writes that named themselves: a repeated request is answered, not done again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from towpath.storage import codec
from towpath.storage.connection import Connection
from towpath.storage.database import Database

# How long an answer is kept; and after which time one that never came is given up: whoever was to
# give it has died.
_FORGET = sa.text("DELETE FROM answer WHERE at < now() - interval '24 hours'")
_BEGIN = sa.text(
    """
    INSERT INTO answer (key, request) VALUES (:key, :request)
    ON CONFLICT (key) DO UPDATE SET request = excluded.request, at = now()
        WHERE answer.status IS NULL AND answer.at < now() - interval '5 minutes'
    RETURNING key
    """
)
_FIND = sa.text("SELECT request, status, body FROM answer WHERE key = :key")
_FINISH = sa.text(
    "UPDATE answer SET status = :status, body = CAST(:body AS jsonb)"
    " WHERE key = :key AND request = :request AND status IS NULL"
)
_ABANDON = sa.text("DELETE FROM answer WHERE key = :key AND request = :request AND status IS NULL")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key: for which request it was used, and the answer if there is one."""

    request: str
    status: int | None
    body: Mapping[str, Any] | None


class Answers:
    """The answers of the last 24 hours, by the key of the request."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def begin(self, key: str, request: str) -> Known | None:
        """Take the key for this request. Not None: it was taken before, by what is returned."""

        async def work(connection: Connection) -> Known | None:
            named = {"key": key, "request": request}
            await connection.execute(_FORGET)
            if (await connection.execute(_BEGIN, named)).one_or_none():
                return None
            row = (await connection.execute(_FIND, {"key": key})).one()
            return Known(row.request, row.status, row.body)

        return await self._database.transact(work)

    async def finish(self, key: str, request: str, status: int, body: object) -> None:
        """Keep the answer."""
        kept = {"key": key, "request": request, "status": status, "body": codec.json_text(body)}
        await self._database.transact(lambda connection: connection.execute(_FINISH, kept))

    async def abandon(self, key: str, request: str) -> None:
        """Free the key: nothing was answered that should be said again."""
        named = {"key": key, "request": request}
        await self._database.transact(lambda connection: connection.execute(_ABANDON, named))
