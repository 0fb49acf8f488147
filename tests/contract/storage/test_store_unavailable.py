"""A database that is away, full or crowded, and work that was rolled back for another's sake."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

import databases
import small_disks
import stored_world as world
from stored_world import Stored
from towpath.ports.store import StoreUnavailable
from towpath.storage import database, schema
from towpath.storage.connection import Connection
from towpath.storage.database import Database
from towpath.storage.embedded import Embedded, EmbeddedServer
from towpath.storage.queries import Queries
from towpath.storage.store import PostgresStore

PATIENCE_S = 60.0
SAFE = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture
async def embedded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Embedded]:
    """A server of the test's own, which it may take away."""
    own = Embedded(tmp_path_factory.mktemp("own"), settings=SAFE)
    await own.start()
    yield own
    await own.stop()


def _server(embedded: Embedded) -> EmbeddedServer:
    assert embedded.server is not None
    return embedded.server


async def _works_again(stored: Stored) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StoreUnavailable):
                await stored.store.now()
                return
            await asyncio.sleep(0.05)


async def test_a_server_that_stops_is_unavailable_and_works_when_it_is_back(
    embedded: Embedded,
) -> None:
    async with world.stored(_server(embedded).url) as stored:
        ticket = await stored.look((await stored.make()).id)
        await embedded.stop()
        for call in (
            stored.store.take_looks("worker-1", 8),
            stored.store.record(ticket, [world.warned()]),
            stored.store.renew_leases([ticket]),
            stored.store.view(ticket),
            stored.store.now(),
        ):
            with pytest.raises(StoreUnavailable):
                await call
        assert not await database.answers(stored.engine)
        await embedded.start()
        await _works_again(stored)
        assert await database.answers(stored.engine)
        await stored.store.record(ticket, [world.warned()])
        assert "WarningRaised" in await stored.kinds(ticket.release)


async def test_a_server_that_is_killed_under_a_transaction_leaves_all_of_it_or_nothing(
    embedded: Embedded,
) -> None:
    async with world.stored(_server(embedded).url) as stored:
        made = await stored.make()
        written, enough = 0, asyncio.Event()

        async def write() -> None:
            nonlocal written
            while True:
                await stored.wish(made.id, world.warned(f"{written}"))
                written += 1
                if written == 20:
                    enough.set()

        writing = asyncio.create_task(write())
        await enough.wait()
        os.kill(_server(embedded).pid, signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await writing
        await embedded.ensure()
        await _works_again(stored)
        promotion = (await stored.release(made.id)).promotion("qa")
        assert promotion is not None
        told = (await stored.kinds(made.id)).count("WarningRaised")
        assert len(promotion.warnings) == told
        assert told in (written, written + 1)  # the last may have been committed unheard


async def test_no_room_for_another_client_is_unavailable(embedded: Embedded) -> None:
    url = _server(embedded).url
    await schema.upgrade(url)
    crowd: list[psycopg.AsyncConnection[object]] = []
    engine = database.connect(url)
    store = PostgresStore(Database(engine))
    try:
        with suppress(psycopg.OperationalError):
            while True:
                crowd.append(await psycopg.AsyncConnection.connect(databases.conninfo(url)))
        with pytest.raises(StoreUnavailable, match=r"(?i)connection|clients"):
            await store.now()
        for client in crowd:
            await client.close()
        async with asyncio.timeout(PATIENCE_S):
            while not await database.answers(engine):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        await store.now()
    finally:
        for client in crowd:
            await client.close()
        await engine.dispose()


async def test_no_free_connection_of_ours_is_unavailable(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CONNECT_TIMEOUT_S", 1)
    engine = database.connect(stored.url, pool_size=1)
    ours = Database(engine)
    try:
        async with ours.begun(), ours.begun():
            with pytest.raises(StoreUnavailable, match="limit"):
                await PostgresStore(ours).now()
        await PostgresStore(ours).now()
        async with engine.connect(), engine.connect():
            with pytest.raises(StoreUnavailable, match="limit"):
                await Queries(engine).newest_event()
        await Queries(engine).newest_event()
    finally:
        await engine.dispose()


async def test_connections_are_kept_and_one_that_the_server_ended_is_not_used(
    stored: Stored,
) -> None:
    ours = stored.database
    first = await ours.transact(world.backend)
    assert await ours.transact(world.backend) == first
    with pytest.raises(psycopg.errors.UndefinedColumn):
        await ours.transact(lambda c: c.execute(sa.text("SELECT no_such_column FROM release")))
    assert await ours.run(world.backend) == first
    await stored.rows("SELECT pg_terminate_backend(:first, 10000)", first=first)
    assert await ours.transact(world.backend) != first


async def test_a_server_that_is_not_there_and_one_that_refuses_us_are_unavailable(
    stored: Stored,
) -> None:
    for url in (
        "postgresql+psycopg://towpath@127.0.0.1:1/towpath",
        "postgresql+psycopg://towpath@host.invalid/towpath",
        stored.url.replace("/test_", "/no_test_"),
    ):
        engine = database.connect(url)
        with pytest.raises(StoreUnavailable) as raised:
            await PostgresStore(Database(engine)).now()
        assert "\n" not in str(raised.value)
        assert str(raised.value)
        await engine.dispose()


async def test_a_statement_that_takes_too_long_is_unavailable(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_TIMEOUT_MS", 200)
    made = await stored.make()
    engine = database.connect(stored.url)
    async with stored.engine.begin() as holding:
        await holding.execute(sa.text("SELECT 1 FROM release FOR UPDATE"))
        with pytest.raises(StoreUnavailable, match="statement timeout"):
            await PostgresStore(Database(engine)).command(made.id, "ada", lambda _: [])
    await PostgresStore(Database(engine)).command(made.id, "ada", lambda _: [])
    await engine.dispose()


async def test_a_database_that_only_reads_is_unavailable(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    name = stored.engine.url.database
    await stored.rows(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await stored.engine.dispose()
    with pytest.raises(StoreUnavailable, match="read-only"):
        await stored.store.renew_leases([ticket])
    await stored.store.view(ticket)


async def test_a_defect_of_ours_is_not_called_an_outage(stored: Stored) -> None:
    async def broken(connection: Connection) -> None:
        await connection.execute(sa.text("SELECT no_such_column FROM release"))

    with pytest.raises(psycopg.errors.UndefinedColumn):
        await stored.database.transact(broken)
    with pytest.raises(psycopg.errors.UndefinedColumn):
        await stored.database.run(broken)


async def test_what_was_rolled_back_for_a_deadlock_is_done_again(stored: Stored) -> None:
    first, second = (await stored.make()).id, (await stored.make()).id
    both = asyncio.Barrier(2)
    attempts = 0

    async def lock(connection: Connection, release: str) -> None:
        statement = sa.text("UPDATE release SET subject = subject || '.' WHERE id = :id")
        await connection.execute(statement, {"id": release})

    async def crossing(connection: Connection, one: str, other: str) -> None:
        nonlocal attempts
        attempts += 1
        await lock(connection, one)
        if attempts <= 2:
            await both.wait()
        await lock(connection, other)

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(
            stored.database.transact(lambda c: crossing(c, first, second)),
            stored.database.transact(lambda c: crossing(c, second, first)),
        )
    subjects = await stored.rows("SELECT subject FROM release")
    assert [row.subject for row in subjects] == ["Fix rounding.."] * 2
    assert attempts > 2  # a busy machine may let them cross once more


async def _fill(store: PostgresStore) -> None:
    body = os.urandom(1 << 20)
    for number in range(64):
        await store.found("checkout", 0, {}, {f"digest-{number}": body})


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk with room for a new database and little more."""
    place = Path(tempfile.mkdtemp(prefix="tp-", dir="/tmp"))
    with small_disks.mounted(place, "96m", "0711", lazy=True):
        yield place
    shutil.rmtree(place, ignore_errors=True)


async def test_a_full_disk_is_unavailable_and_what_was_recorded_stays(small_disk: Path) -> None:
    settings = {**SAFE, "max_wal_size": "32MB", "min_wal_size": "32MB"}
    own = Embedded(small_disk / "data", settings=settings)
    await own.start()
    filler = small_disk / "filler"
    try:
        async with world.stored(_server(own).url) as stored:
            made = await stored.make()
            room = shutil.disk_usage(small_disk).free - (4 << 20)
            filler.write_bytes(b"\0" * max(room, 0))
            with pytest.raises(StoreUnavailable):
                await _fill(stored.store)
            filler.unlink()
            await own.ensure()
            await _works_again(stored)
            assert await stored.release(made.id) == made
            await stored.store.found("checkout", 0, {}, {"after": b"it"})
            assert await stored.store.bodies(["after"]) == {"after": b"it"}
    finally:
        await own.stop()
