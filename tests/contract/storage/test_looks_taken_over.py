"""Looks that were cut short: by the death of a worker, or because the database went away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

import databases
import engine_world
from towpath.ports.store import Ticket


@asynccontextmanager
async def _one_release(url: str) -> AsyncIterator[engine_world.World]:
    async with engine_world.world(url, working=False) as w:
        w.push("1.1.0")
        await w.engine.observer.look()
        yield w


async def _let_leases_run_out(url: str) -> None:
    """As if more time than a lease had gone by without a word from anybody."""
    async with await psycopg.AsyncConnection.connect(databases.conninfo(url)) as connection:
        await connection.execute("UPDATE lease SET until = until - interval '11 seconds'")
        await connection.execute("UPDATE look SET look_at = look_at - interval '11 seconds'")


async def test_a_look_of_a_dead_worker_is_taken_over_though_nothing_wakes_the_release(
    database_url: str,
) -> None:
    async with _one_release(database_url) as w:
        (first,) = await w.store.take_looks("worker-1", 8)
        assert await w.store.take_looks("worker-2", 8) == []
        await _let_leases_run_out(database_url)
        assert await w.store.take_looks("worker-2", 8) == [Ticket("shop-1", first.look_no + 1)]
        assert await w.store.take_looks("worker-3", 8) == []


async def test_a_look_that_ended_is_not_taken_over(database_url: str) -> None:
    async with _one_release(database_url) as w:
        (first,) = await w.store.take_looks("worker-1", 8)
        await w.store.end_look(first, None)
        await _let_leases_run_out(database_url)
        assert await w.store.take_looks("worker-2", 8) == []


async def test_no_more_looks_are_taken_than_were_asked_for(database_url: str) -> None:
    async with _one_release(database_url) as w:
        for tag in ("1.2.0", "1.3.0", "1.4.0"):
            w.push(tag)
            await w.engine.observer.look()
        assert len(await w.store.take_looks("worker-1", 2)) == 2
        await _let_leases_run_out(database_url)
        assert len(await w.store.take_looks("worker-2", 3)) == 3
        assert len(await w.store.take_looks("worker-3", 3)) == 1
