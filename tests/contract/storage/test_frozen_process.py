"""A process that freezes in the middle of a transaction: what it locked must not stay locked."""

import asyncio
import os

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from towpath.ports.store import StoreUnavailable
from towpath.storage import database
from towpath.storage.connection import Connection

THE_LOCK = sa.text("SELECT pg_advisory_xact_lock(1)")


async def test_locks_of_a_frozen_process_are_freed_and_it_learns_of_it(database_url: str) -> None:
    engine = database.connect(database_url)
    locked, thawed = asyncio.Event(), asyncio.Event()

    async def freeze(connection: Connection) -> None:
        await connection.execute(THE_LOCK)
        locked.set()
        await thawed.wait()
        await connection.execute(sa.text("SELECT 1"))

    store = database.Database(engine)
    frozen = asyncio.create_task(store.transact(freeze))
    try:
        await locked.wait()
        async with asyncio.timeout(25):  # less than what a statement may wait
            await store.transact(lambda connection: connection.execute(THE_LOCK))
        thawed.set()
        with pytest.raises(StoreUnavailable):
            await frozen
    finally:
        frozen.cancel()
        await asyncio.gather(frozen, return_exceptions=True)
        await engine.dispose()


async def test_locks_of_a_process_that_froze_while_it_spoke_are_freed(database_url: str) -> None:
    """Without the end of what it was saying, PostgreSQL counts neither idle nor statement time."""
    engine = database.connect(database_url)
    try:
        async with engine.connect() as frozen:
            bound = await frozen.execute(sa.text("SHOW transaction_timeout"))
            assert bound.scalar_one() == f"{database.TRANSACTION_TIMEOUT_MS // 1000}s"
            await frozen.commit()
            await _freeze_while_speaking(engine, frozen)
            await frozen.invalidate()
    finally:
        await engine.dispose()


async def _freeze_while_speaking(engine: AsyncEngine, frozen: AsyncConnection) -> None:
    """Lock without ever ending the message, until another has the lock."""
    psycopgs = (await frozen.get_raw_connection()).driver_connection
    assert isinstance(psycopgs, psycopg.AsyncConnection)
    await psycopgs.execute("SET SESSION transaction_timeout = '2s'")
    await psycopgs.commit()
    with pytest.raises(psycopg.OperationalError):
        await _speak_until_another_has_the_lock(psycopgs, database.Database(engine))


async def _speak_until_another_has_the_lock(
    frozen: psycopg.AsyncConnection[object], store: database.Database
) -> None:
    async with frozen.pipeline():
        await frozen.execute("SELECT pg_advisory_xact_lock(1)")
        frozen.pgconn.send_flush_request()  # but no Sync
        frozen.pgconn.flush()
        async with asyncio.timeout(25):
            await store.transact(lambda connection: connection.execute(THE_LOCK))


async def test_a_process_that_freezes_in_the_middle_of_a_statement_is_counted_as_idle(
    database_url: str,
) -> None:
    """What records sends whole statements in one message each: no server needs to bound more."""
    engine = database.connect(database_url)
    try:
        with pytest.raises(StoreUnavailable):
            await _freeze_in_a_statement(database.Database(engine))
    finally:
        await engine.dispose()


async def _freeze_in_a_statement(store: database.Database) -> None:
    async with store.begun() as frozen:
        await frozen.execute(sa.text("SET LOCAL transaction_timeout = 0"))  # as before 17
        await frozen.execute(THE_LOCK)
        os.write(frozen.driver.fileno(), b"Q\0\0\0\x40SELECT 1 /* and then nothing")
        async with asyncio.timeout(25):
            await store.transact(lambda connection: connection.execute(THE_LOCK))
        await frozen.execute(sa.text("SELECT 1"))
