"""A process that freezes in the middle of a transaction: what it locked must not stay locked."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from towpath.ports.store import StoreUnavailable
from towpath.storage import database

THE_LOCK = sa.text("SELECT pg_advisory_xact_lock(1)")


async def test_locks_of_a_frozen_process_are_freed_and_it_learns_of_it(database_url: str) -> None:
    engine = database.connect(database_url)
    locked, thawed = asyncio.Event(), asyncio.Event()

    async def freeze(connection: AsyncConnection) -> None:
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
