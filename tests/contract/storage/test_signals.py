"""News from the database: waking, and listening again when the connection is lost."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

import databases
import stored_world as world
from stored_world import Stored
from towpath.domain import events
from towpath.ports.store import StoredConfiguration, View
from towpath.storage.embedded import Embedded
from towpath.storage.signals import Signals

CHANNELS = ("towpath_looks", "towpath_configuration", "towpath_events")
PATIENCE_S = 30.0


@asynccontextmanager
async def _listening(url: str) -> AsyncIterator[Signals]:
    """Signals that listen by now."""
    signals = Signals(url, CHANNELS)
    async with signals.listening():
        await _news(signals, "towpath_events", 0)
        yield signals


async def _news(signals: Signals, channel: str, seen: int) -> None:
    """Wait for news, and fail without."""
    await signals.wait(channel, seen, PATIENCE_S)
    assert signals.count(channel) > seen


def _outside_the_loop(sleep: Callable[[float], None]) -> Callable[[float], None]:
    """A sleep that fails where it would block the event loop."""

    def sleeping(seconds: float) -> None:
        assert threading.current_thread() is not threading.main_thread()
        sleep(seconds)

    return sleeping


async def _cut(stored: Stored) -> None:
    """Cut every connection that listens."""
    cut = await stored.value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    )
    assert cut == 1


async def test_a_wake_up_and_a_new_release_tell_the_workers(stored: Stored) -> None:
    async with _listening(stored.url) as signals:
        seen = signals.count("towpath_looks")
        made = await stored.make()
        await _news(signals, "towpath_looks", seen)
        seen = signals.count("towpath_looks")
        await stored.wake(made.id)
        await _news(signals, "towpath_looks", seen)


async def test_a_command_tells_the_workers_and_those_who_read_events(stored: Stored) -> None:
    made = await stored.make()
    async with _listening(stored.url) as signals:
        looks, told = signals.count("towpath_looks"), signals.count("towpath_events")
        await stored.wish(made.id, world.warned())
        await _news(signals, "towpath_looks", looks)
        await _news(signals, "towpath_events", told)


async def test_a_new_configuration_tells_every_worker(stored: Stored) -> None:
    async with _listening(stored.url) as signals:
        seen = signals.count("towpath_configuration")
        await stored.store.save_configuration(StoredConfiguration("git", "1" * 40, {}))
        await _news(signals, "towpath_configuration", seen)


async def test_nothing_is_told_of_what_was_not_committed(stored: Stored) -> None:
    made = await stored.make()
    async with _listening(stored.url) as signals:
        seen = signals.count("towpath_looks"), signals.count("towpath_events")

        def refuse(_: View) -> list[events.Event]:
            raise PermissionError

        with pytest.raises(PermissionError):
            await stored.store.command(made.id, "mallory", refuse)
        await stored.store.save_configuration(StoredConfiguration("git", "1" * 40, {}))
        await _news(signals, "towpath_configuration", 1)
        assert (signals.count("towpath_looks"), signals.count("towpath_events")) == seen


async def test_waiting_ends_without_news_after_its_time_and_at_once_with_old_news(
    stored: Stored,
) -> None:
    async with _listening(stored.url) as signals:
        seen = signals.count("towpath_looks")
        await signals.wait("towpath_looks", seen, 0.05)
        assert signals.count("towpath_looks") == seen
        async with asyncio.timeout(PATIENCE_S):
            await signals.wait("towpath_looks", seen - 1, 3600)


async def test_everybody_who_waits_is_woken_by_one_piece_of_news(stored: Stored) -> None:
    made = await stored.make()
    async with _listening(stored.url) as signals:
        seen = signals.count("towpath_looks")
        waiting = [asyncio.create_task(_news(signals, "towpath_looks", seen)) for _ in range(50)]
        await stored.wake(made.id)
        await asyncio.gather(*waiting)


async def test_a_lost_connection_is_made_anew_and_wakes_everybody_each_time(
    stored: Stored,
) -> None:
    made = await stored.make()
    async with _listening(stored.url) as signals:
        for _ in range(3):
            before = {channel: signals.count(channel) for channel in CHANNELS}
            await _cut(stored)
            for channel in CHANNELS:
                await _news(signals, channel, before[channel])
            seen = signals.count("towpath_looks")
            await stored.wake(made.id)
            await _news(signals, "towpath_looks", seen)


async def test_a_server_that_is_away_stops_nothing_else_and_is_heard_when_it_is_back(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", _outside_the_loop(time.sleep))
    embedded = Embedded(tmp_path_factory.mktemp("away"), settings=databases.QUICK)
    server = await embedded.start()
    try:
        async with _listening(server.url) as signals:
            seen = signals.count("towpath_looks")
            await embedded.stop()
            await asyncio.sleep(1)  # some attempts to listen again
            assert signals.count("towpath_looks") == seen
            await embedded.start()
            await _news(signals, "towpath_looks", seen)
    finally:
        await embedded.stop()


async def test_listening_that_ends_leaves_no_connection(stored: Stored) -> None:
    async with _listening(stored.url):
        pass
    listening = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        " AND datname = current_database()"
    )
    async with asyncio.timeout(PATIENCE_S):
        while await stored.value(listening):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.02)
