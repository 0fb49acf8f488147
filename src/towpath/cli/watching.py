"""A release's documents as they change: one after each change that the server tells of.

The stream only says that something happened; what is true is then read anew. So nothing is lost
when a connection breaks, and a burst of events costs one read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import httpx_sse

from towpath.cli import client

LOOK_ANYWAY = 15.0
"""Seconds after which the release is read again although no event came."""

GATHER = 0.05
"""Seconds to let a burst of events come together before the release is read."""

GIVE_UP = 300.0
"""Seconds without any answer after which watching ends."""


@dataclass(slots=True)
class Connection:
    """What may be said about the connection: `note` is empty while all is well.

    `tell` is called when it is lost and when it is there again, for who cannot look at `note`.
    """

    tell: Callable[[str], None] = lambda sentence: None
    note: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def lost(self, now: datetime) -> None:
        """The server does not answer."""
        if not self.note:
            self.note = f"reconnecting, shown as of {now.astimezone():%H:%M:%S}"
            self.tell(self.note)

    def there(self) -> None:
        """The server answers."""
        if self.note:
            self.note = ""
            self.tell("connected again")


async def documents(
    api: client.Api, release: str, connection: Connection
) -> AsyncIterator[client.Document]:
    """The release's document now and after every change, until it has ended.

    While the server does not answer, `connection.note` says so. Raises `client.Failed` when it
    has not answered for `GIVE_UP` seconds, or when it refuses.
    """
    document = await api.get("releases", release)
    yield document
    if document["ended"]:
        return
    async with _listening(api, release, connection):
        while not document["ended"]:
            await _change(connection)
            fresh = await _read(api, release, connection)
            if fresh != document:
                document = fresh
                yield document


async def _change(connection: Connection) -> None:
    try:
        async with asyncio.timeout(LOOK_ANYWAY):
            await connection.changed.wait()
            await asyncio.sleep(GATHER)
    except TimeoutError:
        return
    finally:
        connection.changed.clear()


async def _read(api: client.Api, release: str, connection: Connection) -> client.Document:
    deadline = asyncio.get_running_loop().time() + GIVE_UP
    while True:
        try:
            document = await api.get("releases", release)
        except client.Unanswered:
            if asyncio.get_running_loop().time() > deadline:
                raise
            connection.lost(api.now())
            await asyncio.sleep(1)
        else:
            connection.there()
            return document


@asynccontextmanager
async def _listening(api: client.Api, release: str, connection: Connection) -> AsyncIterator[None]:
    listener = asyncio.create_task(_listen(api, release, connection))
    try:
        yield
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def _listen(api: client.Api, release: str, connection: Connection) -> None:
    """Set `changed` at every event and every new connection. Ends only by being cancelled."""
    last = ""
    pause = 0.5
    while True:
        try:
            headers = {"Last-Event-ID": last} if last else {}
            async with httpx_sse.aconnect_sse(
                api.http,
                "GET",
                "/api/v1/stream",
                params={"release": release},
                headers=headers,
                timeout=client.STREAM,
            ) as stream:
                connection.changed.set()  # something may have happened before this connection
                async for event in stream.aiter_sse():
                    last = event.id or last
                    pause = 0.5
                    connection.changed.set()
        except (httpx.HTTPError, httpx_sse.SSEError):
            connection.changed.set()
        await asyncio.sleep(pause)
        pause = min(pause * 2, 10)
