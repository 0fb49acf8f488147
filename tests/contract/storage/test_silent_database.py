"""A database that was there and says nothing any more: no connection is refused or closed."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

import cut_off
from towpath.ports.store import StoreUnavailable
from towpath.storage import database
from towpath.storage.connection import Connection
from towpath.storage.signals import Signals

ONE = sa.text("SELECT 1")
PATIENCE_S = 60.0  # psycopg takes up to 10 s to find out that nobody hears it call off a statement


async def _ask(connection: Connection) -> int:
    return int((await connection.execute(ONE)).scalar_one())


async def _read(connection: AsyncConnection) -> int:
    return int((await connection.execute(ONE)).scalar_one())


async def test_what_a_silent_database_was_asked_is_given_up_and_asked_anew(
    database_url: str,
) -> None:
    async with cut_off.way_to(database_url) as way:
        engine = database.connect(f"{way.url}?connect_timeout=2")
        asked = database.Database(engine, patience_s=0.5)
        try:
            assert await asked.transact(_ask) == await asked.read(_read) == 1
            way.cut()
            async with asyncio.timeout(PATIENCE_S):
                both = asked.transact(_ask), asked.read(_read)
                answers = await asyncio.gather(*both, return_exceptions=True)
            assert [type(each) for each in answers] == [StoreUnavailable] * 2
            assert all("did not answer for 0.5 s" in str(each) for each in answers)
            way.mend()
            assert await asked.transact(_ask) == await asked.read(_read) == 1
        finally:
            way.mend()
            await engine.dispose()


async def test_who_listens_to_a_silent_database_listens_anew_when_it_is_back(
    database_url: str,
) -> None:
    async with cut_off.way_to(database_url) as way:
        signals = Signals(way.url, ("towpath_looks",), silence_s=0.1, answer_within_s=0.2)
        async with signals.listening():
            await signals.wait("towpath_looks", 0, PATIENCE_S)
            seen, came = signals.count("towpath_looks"), way.came
            assert seen == 1
            way.cut()
            async with asyncio.timeout(PATIENCE_S):
                while way.came == came:  # noqa: ASYNC110 - nobody is told that it tries again
                    await asyncio.sleep(0.05)
            assert signals.count("towpath_looks") == seen
            way.mend()
            await signals.wait("towpath_looks", seen, PATIENCE_S)
            assert signals.count("towpath_looks") > seen


@pytest.mark.parametrize(
    "said", ["connect_timeout=3", "options=-c%20work_mem%3D8MB", "application_name=ours"]
)
async def test_what_the_address_says_of_connections_holds_beside_what_we_ask_for(
    database_url: str, said: str
) -> None:
    engine = database.connect(f"{database_url}&{said}")
    shown = sa.text(
        "SELECT current_setting('statement_timeout') AS a, current_setting('work_mem') AS b,"
        " current_setting('application_name') AS c"
    )

    async def ask(connection: Connection) -> tuple[str, ...]:
        return tuple((await connection.execute(shown)).one())

    async def read(connection: AsyncConnection) -> tuple[str, ...]:
        return tuple((await connection.execute(shown)).one())

    try:
        asked = database.Database(engine)
        both = [await asked.transact(ask), await asked.read(read)]
    finally:
        await engine.dispose()
    memory = "8MB" if "work_mem" in said else "4MB"
    assert both == [("30s", memory, "ours" if "ours" in said else "")] * 2
