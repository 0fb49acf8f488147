"""Health, figures, the description of the API and its page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

import shown_world as world
from towpath.api import app as api
from towpath.storage import database

REFERENCE = Path(__file__).parents[3] / "docs/reference/api.md"


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async with world.empty(database_url) as engine:
        yield engine


@pytest.fixture
def app(engine: AsyncEngine) -> FastAPI:
    return api.create(world.parts(engine, world.FakeCommands(world.a_release())))


def _described() -> dict:
    engine = database.connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    return api.create(world.parts(engine, world.FakeCommands(world.a_release()))).openapi()


async def test_a_server_that_has_all_it_needs_is_ready(app: FastAPI) -> None:
    async with _client(app) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/version")).json()["name"] == "towpath"


async def test_a_server_that_is_not_ready_says_what_is_missing() -> None:
    engine = database.connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    parts = world.parts(engine, world.FakeCommands(world.a_release()))
    app = api.create(replace(parts, configuration=lambda: None))
    async with _client(app) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert [(check["name"], check["ok"]) for check in answer.json()["checks"]] == [
            ("database", False),
            ("configuration", False),
        ]
        listed = await client.get("/api/v1/releases")
        assert (listed.status_code, listed.json()["code"]) == (503, "database_unavailable")
        assert listed.headers["retry-after"] == "5"
        flows = await client.get("/api/v1/flows")
        assert (flows.status_code, flows.json()["code"]) == (503, "configuration_missing")
        keyed = await client.post("/api/v1/refresh", headers={"Idempotency-Key": "k"})
        assert (keyed.status_code, keyed.json()["code"]) == (503, "database_unavailable")
        assert "towpath_database_up 0.0" in (await client.get("/metrics")).text
        assert (await client.get("/healthz")).status_code == 200


async def test_the_figures_count_requests_by_operation_and_unended_releases(
    app: FastAPI, engine: AsyncEngine
) -> None:
    await world.add(engine, world.a_release())
    async with _client(app) as client:
        await client.get("/api/v1/releases/checkout-1")
        await client.get("/api/v1/releases/unknown-1")
        text = (await client.get("/metrics")).text
    route = 'method="GET",operation="get_release"'
    assert f'towpath_http_requests_total{{{route},status="200"}} 1.0' in text
    assert f'towpath_http_requests_total{{{route},status="404"}} 1.0' in text
    assert 'towpath_releases_unended{status="waiting"} 1.0' in text
    assert "towpath_database_up 1.0" in text
    assert "towpath_looks_due 0.0" in text


async def test_the_page_of_the_api_loads_nothing_from_anywhere(app: FastAPI) -> None:
    async with _client(app) as client:
        answer = await client.get("/api/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for word in ("<script", "<link", "src=", "http://", "https://", "@import"):
        assert word not in answer.text
    for path in app.openapi()["paths"]:
        assert path in answer.text


def test_every_operation_describes_itself_and_its_problems() -> None:
    for path, methods in _described()["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            if path.startswith("/api/v1"):
                assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_operations_have_names_of_their_own() -> None:
    names = [o["operationId"] for m in _described()["paths"].values() for o in m.values()]
    assert len(names) == len(set(names))


def test_every_route_is_in_the_reference() -> None:
    reference = REFERENCE.read_text()
    for path, methods in _described()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in reference


def test_every_parameter_of_a_list_is_in_the_reference() -> None:
    reference = REFERENCE.read_text()
    for parameter in _described()["paths"]["/api/v1/releases"]["get"]["parameters"]:
        assert f"`{parameter['name']}`" in reference
