"""Answers are packed for who can unpack them; what is told as it happens never waits for that."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import serving
import shown_world as world
from towpath.api import app as api
from towpath.storage.queries import Queries
from towpath.storage.run_queries import LogEnd

RELEASES = "/api/v1/releases"
PATIENCE_S = 30


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async with world.empty(database_url) as engine:
        yield engine


class _Growing(Queries):
    """The log of a step that has written one line, and runs on."""

    async def log_end(self, run: UUID, step: str, attempt: int | None) -> LogEnd | None:
        return LogEnd(size=6, attempt=1, grows=True)

    async def log(self, run: UUID, step: str, attempt: int, begin: int, end: int) -> bytes:
        return b"hello\n"[begin:end]


@asynccontextmanager
async def _site(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    parts = world.parts(engine, world.FakeCommands(world.a_release()))
    app = api.create(replace(parts, queries=_Growing(engine)))
    async with serving.served(app) as address, httpx.AsyncClient(base_url=address) as client:
        yield client


async def test_a_long_answer_is_the_same_packed_or_not(engine: AsyncEngine) -> None:
    await world.add(engine, *(world.a_release(n) for n in range(1, 30)))
    async with _site(engine) as client:
        plain = await client.get(RELEASES, headers={"Accept-Encoding": "identity"})
        async with client.stream("GET", RELEASES, headers={"Accept-Encoding": "gzip"}) as packed:
            sent = b"".join([chunk async for chunk in packed.aiter_raw()])
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(sent) < len(plain.content) / 4
    assert gzip.decompress(sent) == plain.content
    # A cache between must not hand the one to who asked for the other.
    assert [answer.headers["vary"] for answer in (plain, packed)] == ["Accept-Encoding"] * 2


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip;q=0", False),
        ("br, GZIP ; Q=0.000", False),
        ("gzip; q=0, identity", False),
        ("br;q=0, gzip;q=0.001", True),
        ("gzip;q=1.0", True),
        ("", False),
    ],
)
async def test_nothing_is_packed_for_who_refuses_that(
    engine: AsyncEngine, accepted: str, packed: bool
) -> None:
    await world.add(engine, *(world.a_release(n) for n in range(1, 10)))
    async with _site(engine) as client:
        answer = await client.get(RELEASES, headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in answer.headers) is packed


async def test_a_short_answer_is_sent_as_it_is(engine: AsyncEngine) -> None:
    async with _site(engine) as client:
        for path in ("/api/v1/me", RELEASES, "/api/v1/releases/nobody-1"):
            answer = await client.get(path, headers={"Accept-Encoding": "gzip"})
            assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "first"),
    [("stream", b"ready"), (f"runs/{UUID(int=1)}/steps/build/log?follow=true", b"hello\n")],
)
async def test_what_is_followed_comes_at_once_and_unpacked(
    engine: AsyncEngine, path: str, first: bytes
) -> None:
    headers = {"Accept-Encoding": "gzip"}
    async with (
        asyncio.timeout(PATIENCE_S),
        _site(engine) as client,
        client.stream("GET", f"/api/v1/{path}", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        assert first in await anext(answer.aiter_raw())


async def test_a_write_is_answered_again_as_it_was_however_it_is_packed(
    engine: AsyncEngine,
) -> None:
    path = "/api/v1/products/checkout/releases"
    async with _site(engine) as client:
        headers = {"Idempotency-Key": "once", "Accept-Encoding": "gzip"}
        first = await client.post(path, json={}, headers=headers)
        again = await client.post(path, json={}, headers={**headers, "Accept-Encoding": "identity"})
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in again.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
