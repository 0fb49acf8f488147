"""The database of the chaos test: a server that can be taken away, and what is read from it."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

import databases
from towpath.domain.release import Release
from towpath.storage import codec
from towpath.storage.embedded import Embedded, EmbeddedServer

# Safe when processes die, unlike the settings of other tests; only a power cut would lose writes.
KILLABLE = {"fsync": "off", "full_page_writes": "off"}
ANSWERS_WITHIN_S = 120.0


@dataclass
class Database:
    """A server of the test's own, and whether it is away at the moment."""

    embedded: Embedded
    server: EmbeddedServer
    away: bool = False
    back_at: float = 0.0
    connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def start(cls, folder: Path) -> "Database":
        embedded = Embedded(folder, settings=KILLABLE)
        return cls(embedded, await embedded.start())

    async def restart(self, *, crash: bool, seconds: float) -> None:
        """Take it away, by SIGKILL or in good order, and bring it back after `seconds`."""
        self.away = True
        if crash:
            os.kill(self.server.pid, signal.SIGKILL)
            await asyncio.sleep(seconds)
            self.server = await self.embedded.ensure()
        else:
            await self.embedded.stop()
            await asyncio.sleep(seconds)
            self.server = await self.embedded.start()
        self.away, self.back_at = False, asyncio.get_running_loop().time()

    @property
    def troubled(self) -> bool:
        """Whether it is away, or was a moment ago: then a process that starts may give up."""
        now = asyncio.get_running_loop().time()
        return self.away or (self.back_at > 0 and now - self.back_at < 15.0)

    async def ask(
        self, query: LiteralString, arguments: Mapping[str, Any] | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """The rows of a query; waits while the server is away."""
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while True:
                try:
                    async with self.turn:
                        return await self._rows(query, arguments)
                except psycopg.OperationalError:
                    self.connection = None
                    await asyncio.sleep(0.1)

    async def _rows(
        self, query: LiteralString, arguments: Mapping[str, Any] | None
    ) -> Sequence[tuple[Any, ...]]:
        if self.connection is None:
            url = databases.conninfo(self.server.url)
            self.connection = await psycopg.AsyncConnection.connect(
                url, connect_timeout=5, autocommit=True
            )
        return await (await self.connection.execute(query, arguments)).fetchall()

    async def stop(self) -> None:
        if self.connection is not None:
            await self.connection.close()
        await self.embedded.stop()

    async def releases(self) -> list[Release]:
        """All of every release, in the order of their numbers."""
        rows = await self.ask("SELECT content, state FROM release ORDER BY product, n")
        return [codec.load_release(content, state) for content, state in rows]

    async def count(self, product: str) -> int:
        """How many releases the product has."""
        return int(
            (
                await self.ask(
                    "SELECT count(*) FROM release WHERE product = %(name)s", {"name": product}
                )
            )[0][0]
        )

    async def unended(self, product: str) -> list[str]:
        """The product's releases that have not ended, or any product's."""
        rows = await self.ask(
            "SELECT id FROM release WHERE NOT ended AND %(name)s IN ('', product)",
            {"name": product},
        )
        return [row[0] for row in rows]

    async def looks_of(self, worker: str) -> dict[str, int]:
        """The looks that a worker has a lease for, by release."""
        rows = await self.ask(
            "SELECT release, look_no FROM lease WHERE worker = %(worker)s AND until > now()",
            {"worker": worker},
        )
        return dict(rows)

    async def has_been_left(self, release: str, look_no: int) -> bool:
        """Whether that look is over: taken over by another, or it ended before the kill came."""
        rows = await self.ask(
            "SELECT look_no, until = '-infinity' FROM lease WHERE release = %(release)s",
            {"release": release},
        )
        return not rows or rows[0][0] > look_no or bool(rows[0][1])
