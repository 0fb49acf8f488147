"""Word from PostgreSQL that something was committed, for as long as somebody listens.

A notification carries no news: it says that the tables have some. So nothing is lost when the
connection is: after a new one, and now and then without any word, the listener is told to look.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg import sql

from towpath.storage import database

EVENTS = "towpath_events"
RUNS = "towpath_runs"  # the word is the release whose runs changed
NOTES = "towpath_notes"  # the word is the release whose notes were made anew
ANSWER_WITHIN_S = 10.0
LONGEST_SILENCE_S = 15.0  # then the connection is tried, and the listener looks anyway
FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 5.0

logger = logging.getLogger(__name__)


class Word(NamedTuple):
    """What was said on a channel; an empty payload after a connection: something may be missed."""

    channel: str
    payload: str


async def wakes(
    url: sa.URL | str, channel: str = EVENTS, silence_s: float = LONGEST_SILENCE_S
) -> AsyncIterator[None]:
    """Yield whenever there may be news: at the start, on a notification, after a reconnection.

    Holds one connection beside the pool. Never ends and never raises because of the database.
    """
    async for _ in words(url, (channel,), silence_s):
        yield


async def words(
    url: sa.URL | str,
    channels: Sequence[str],
    silence_s: float = LONGEST_SILENCE_S,
    answer_within_s: float = ANSWER_WITHIN_S,
) -> AsyncGenerator[Word | None]:
    """As `wakes`, with what was said on which of the channels; None for a silence."""
    delay = FIRST_DELAY_S
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                **database.terms(sa.make_url(url)), autocommit=True, prepare_threshold=None
            ) as connection:
                for channel in channels:
                    async with asyncio.timeout(answer_within_s):
                        await connection.execute(
                            sql.SQL("LISTEN {}").format(sql.Identifier(channel))
                        )
                delay = FIRST_DELAY_S
                for channel in channels:
                    yield Word(channel, "")
                async for word in _words(connection, silence_s, answer_within_s):
                    yield word
        except (psycopg.Error, OSError) as error:
            logger.warning("No word from the database (%s); connecting again", error)
        await asyncio.sleep(delay * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, no secret
        delay = min(delay * 2, LONGEST_DELAY_S)


async def _words(
    connection: psycopg.AsyncConnection, silence_s: float, answer_within_s: float
) -> AsyncIterator[Word | None]:
    """Each word of the notifications that have come together once; or nothing, for a silence."""
    while True:
        news = connection.notifies(timeout=silence_s, stop_after=1)
        heard = {Word(each.channel, each.payload) async for each in news}
        if not heard:
            # A dead peer says nothing either: only an answer shows that the connection lives.
            async with asyncio.timeout(answer_within_s):
                await connection.execute("SELECT 1")
        for word in heard or (None,):
            yield word
