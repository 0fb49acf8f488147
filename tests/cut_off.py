"""A way to a database that a test may cut: nothing comes through, and nobody is told.

Connections stay open on both sides, as with a network that drops all it is given. What was said
meanwhile arrives when the way is open again, however late that is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

_CHUNK = 64 * 1024


class Way:
    """A port of this machine, and the socket of a database behind it."""

    def __init__(self, url: str) -> None:
        self._there = sa.make_url(url)
        self._passable = asyncio.Event()
        self._passable.set()
        self._passing: set[asyncio.Task[None]] = set()
        self.port = 0
        self.came = 0  # connections, also those that wait for the way to be open

    @property
    def url(self) -> str:
        """The database's address by this way."""
        here = self._there.set(host="127.0.0.1", port=self.port, query={})
        return here.render_as_string(hide_password=False)

    def cut(self) -> None:
        self._passable.clear()

    def mend(self) -> None:
        self._passable.set()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one of both sides ends it."""
        self.came += 1
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        await self._passable.wait()
        folder, port = self._there.query["host"], self._there.query["port"]
        there = await asyncio.open_unix_connection(Path(str(folder), f".s.PGSQL.{port}"))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, there[1]))
                group.create_task(self._pump(there[0], writer))
        finally:
            for end in (writer, there[1]):
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._passable.wait()
                writer.write(data)
                await writer.drain()
            writer.close()

    async def close(self) -> None:
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)


@asynccontextmanager
async def way_to(url: str) -> AsyncIterator[Way]:
    """A way to the database at a socket's address, open at first."""
    way = Way(url)
    server = await asyncio.start_server(way.pass_on, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        await way.close()
