"""The event stream through real HTTP, and the reader behind it, against a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import httpx
import httpx_sse
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import serving
import shown_world as world
from towpath.api import app as api
from towpath.api import spreading as spreads
from towpath.api.spreading import Spreading
from towpath.domain import events
from towpath.storage import notifications
from towpath.storage.queries import Queries
from towpath.storage.timeline import Happened

MINE, OTHER = world.a_release(1), world.a_release(2, "search")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async with world.empty(database_url) as engine:
        yield engine


@asynccontextmanager
async def _site(engine: AsyncEngine, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    app = api.create(world.parts(engine, world.FakeCommands(MINE), **settings))
    async with serving.served(app) as address, httpx.AsyncClient(base_url=address) as client:
        yield client


@asynccontextmanager
async def _stream(
    client: httpx.AsyncClient, last: int | None = None, **query: str
) -> AsyncIterator[AsyncIterator[httpx_sse.ServerSentEvent]]:
    headers = {"Last-Event-ID": str(last)} if last is not None else {}
    path = "/api/v1/stream"
    async with (
        asyncio.timeout(30),
        httpx_sse.aconnect_sse(client, "GET", path, params=query, headers=headers) as source,
    ):
        assert source.response.status_code == 200
        frames = source.aiter_sse()
        assert (await anext(frames)).event == "ready"
        yield (frame async for frame in frames if frame.event == "event")


async def _started(engine: AsyncEngine, of: object = MINE, times: int = 1) -> None:
    for _ in range(times):
        await world.happen(engine, of, events.ReleaseStarted())


async def test_an_event_is_told_as_soon_as_it_is_committed(engine: AsyncEngine) -> None:
    async with _site(engine) as client, _stream(client) as frames:
        await _started(engine)
        frame = await anext(frames)
        assert (frame.event, frame.json()["kind"]) == ("event", "ReleaseStarted")
        assert frame.id == str(frame.json()["id"])


async def test_a_stream_tells_only_what_was_asked_for(engine: AsyncEngine) -> None:
    async with (
        _site(engine) as client,
        _stream(client, product="search") as of_product,
        _stream(client, release=MINE.id) as of_release,
    ):
        await _started(engine)
        await _started(engine, OTHER)
        await _started(engine)
        assert (await anext(of_product)).json()["release"] == "search-2"
        told = [(await anext(of_release)).json()["release"] for _ in range(2)]
        assert told == ["checkout-1", "checkout-1"]


async def test_a_stream_that_is_resumed_misses_nothing_and_repeats_nothing(
    engine: AsyncEngine,
) -> None:
    await _started(engine, times=5)
    await _started(engine, OTHER)
    async with _site(engine) as client, _stream(client, last=2, product="checkout") as frames:
        await _started(engine, times=2)
        told = [int((await anext(frames)).id) for _ in range(5)]
    assert told == [3, 4, 5, 7, 8]


async def test_an_id_higher_than_any_begins_at_the_present(engine: AsyncEngine) -> None:
    await _started(engine)
    async with _site(engine) as client, _stream(client, last=10_000) as frames:
        await _started(engine)
        assert (await anext(frames)).id == "2"


async def test_a_stream_ends_itself(engine: AsyncEngine) -> None:
    async with _site(engine, stream_seconds=0.2) as client, _stream(client) as frames:
        assert [frame async for frame in frames] == []


async def test_no_more_streams_are_opened_than_are_allowed(engine: AsyncEngine) -> None:
    async with _site(engine, most_streams=1) as client, _stream(client):
        answer = await client.get("/api/v1/stream")
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "99999999999999999999"])
async def test_an_id_that_is_none_is_refused(engine: AsyncEngine, last: str) -> None:
    async with _site(engine) as client:
        answer = await client.get("/api/v1/stream", headers={"Last-Event-ID": last})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


async def test_a_lost_connection_to_the_database_loses_no_event(engine: AsyncEngine) -> None:
    async with _site(engine) as client, _stream(client) as frames:
        await _started(engine)
        assert (await anext(frames)).id == "1"
        async with engine.connect() as connection:
            cut = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            )
            cut += " OR query = 'SELECT 1'"
            await connection.execute(sa.text(cut))
        await _started(engine, times=3)
        assert [(await anext(frames)).id for _ in range(3)] == ["2", "3", "4"]


async def test_who_listens_looks_now_and_then_without_any_word(engine: AsyncEngine) -> None:
    words = notifications.wakes(engine.url, silence_s=0.05)
    async with asyncio.timeout(20), aclosing(words):  # type: ignore[type-var]
        for _ in range(3):
            await anext(words)


# --- one reader, many followers --------------------------------------------------------------
async def _to_the_end(spreading: Spreading, follower: spreads.Follower, last: int) -> list[int]:
    until = asyncio.get_running_loop().time() + 20
    news = spreading.events(follower, last, until)
    return [each.id async for each in news if isinstance(each, Happened)]


@asynccontextmanager
async def _spreading(engine: AsyncEngine) -> AsyncIterator[Spreading]:
    spreading = Spreading(Queries(engine), 10)
    running = asyncio.create_task(spreading.run())
    try:
        await spreading.position()
        yield spreading
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_who_does_not_keep_up_is_let_go_and_gets_the_rest_when_it_returns(
    engine: AsyncEngine,
) -> None:
    many = spreads.QUEUE + 100
    async with _spreading(engine) as spreading:
        with spreading.following("", "") as slow:
            await world.happen(engine, MINE, *[events.ReleaseStarted()] * many)
            async with asyncio.timeout(20):
                while not slow.left_behind:  # noqa: ASYNC110 - nobody tells it
                    await asyncio.sleep(0.01)
            seen = await _to_the_end(spreading, slow, 0)
        assert seen == list(range(1, seen[-1] + 1))
        assert spreads.QUEUE - 1 <= len(seen) <= many  # word of runs has a place as well
        with spreading.following("", "") as again:
            again.queue.put_nowait(None)
            assert await _to_the_end(spreading, again, seen[-1]) == list(
                range(seen[-1] + 1, many + 1)
            )


async def test_there_are_no_more_followers_than_are_allowed(engine: AsyncEngine) -> None:
    spreading = Spreading(Queries(engine), 1)
    with spreading.following("", ""):
        with pytest.raises(spreads.TooMany), spreading.following("", ""):
            pass
        assert spreading.followers == 1
    assert spreading.followers == 0


def test_a_follower_takes_events_of_its_product_and_release_only() -> None:
    follower = spreads.Follower("checkout", "checkout-1")
    for product, release in (("checkout", "checkout-1"), ("checkout", "checkout-2"), ("", "")):
        follower.offer(Happened(1, world.START, "X", product, release, "", "", {}))
    assert follower.queue.qsize() == 1


# --- what changes without an event -----------------------------------------------------------
@pytest.mark.parametrize("what", ["runs", "notes"])
async def test_a_change_of_runs_or_notes_is_told_to_those_who_follow_the_release(
    engine: AsyncEngine, what: str
) -> None:
    path = "/api/v1/stream"
    async with asyncio.timeout(30), _site(engine) as client:
        follow = httpx_sse.aconnect_sse(client, "GET", path, params={"release": MINE.id})
        async with follow as source:
            told = source.aiter_sse()
            assert (await anext(told)).event == "ready"
            async with engine.begin() as connection:
                for release in ("search-2", MINE.id):
                    notify = sa.text("SELECT pg_notify(:channel, :release)")
                    said = {"channel": f"towpath_{what}", "release": release}
                    await connection.execute(notify, said)
            while (frame := await anext(told)).json()["release"] != MINE.id:
                assert frame.json()["release"] == ""
            assert frame.event == what
