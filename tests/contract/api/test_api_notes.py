"""Notes and image reports over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import history_world
import shown_world
from towpath.api import app as api
from towpath.api.schemas.notes import NotesDocument
from towpath.ports.archive import Question


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[history_world.World]:
    async with history_world.world(database_url, tmp_path) as made:
        old = made.code.commit({"a": "1"}, "first")
        made.bump(old)
        await made.find(old, "dev", "qa")
        new = made.code.commit({"a": "2"}, "second (#2)")
        release = await made.release(made.bump(new), api=new)
        await made.resolved(release)
        yield made


@pytest.fixture
async def client(world: history_world.World) -> AsyncIterator[httpx.AsyncClient]:
    engine: AsyncEngine = world.stored.engine
    parts = shown_world.parts(
        engine,
        shown_world.FakeCommands(shown_world.a_release()),
        notes=world.notes,
        tracing=world.tracing,
    )
    transport = httpx.ASGITransport(api.create(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
        yield made


async def test_notes_have_the_form_that_the_description_says(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/releases/shop-1/notes")
    assert answer.status_code == 200
    document = answer.json()
    names = ["release", "environment", "base"]
    groups = ["features", "pull_requests", "commits", "images", "gitops"]
    assert list(document) == [*names, *groups, "resolving"]
    assert [list(document[name]) for name in groups] == [
        ["items", "resolved", "total", "unresolved"]
    ] * 5
    shown = NotesDocument.model_validate(document).model_dump(by_alias=True)
    assert shown["commits"]["items"][0].keys() == document["commits"]["items"][0].keys()
    assert shown["images"]["items"][0].keys() == document["images"]["items"][0].keys()
    assert shown["gitops"]["items"][0].keys() == document["gitops"]["items"][0].keys()
    assert shown["pull_requests"]["items"][0].keys() == document["pull_requests"]["items"][0].keys()


async def test_notes_come_as_markdown_and_text_too(client: httpx.AsyncClient) -> None:
    markdown = await client.get("/api/v1/releases/shop-1/notes", params={"format": "markdown"})
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.text.startswith("## shop-1 in dev\n")
    text = await client.get(
        "/api/v1/releases/shop-1/notes", params={"format": "text", "environment": "qa"}
    )
    assert text.text.startswith("shop-1 in qa\n=")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("shop-9/notes", 404, "not_found"),
        ("shop-1/notes?environment=mars", 404, "not_found"),
        ("shop-1/notes?from=yesterday", 422, "unknown_origin"),
        ("shop-1/notes?format=pdf", 422, "invalid_request"),
    ],
)
async def test_what_is_not_there_is_a_problem(
    client: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    answer = await client.get(f"/api/v1/releases/{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_what_a_ci_reports_goes_first_and_completes_notes_that_lacked_it(
    world: history_world.World, client: httpx.AsyncClient
) -> None:
    new = world.code.commit({"a": "3"}, "third")
    release = await world.release(world.bump("nightly"), api="nightly")
    lease = history_world.LEASE
    await world.archive.due("w", 99, lease)
    before = await world.resolved(release, origin="previous")
    assert history_world.lacking(before, "images")
    assert await world.archive.due("w", 99, lease) == []
    body = {
        "image": f"{history_world.IMAGE}:nightly",
        "digest": "sha256:" + "a" * 64,
        "repository": world.code.url,
        "revision": new,
        "issues": ["SHOP-9"],
        "pull_requests": ["33"],
        "build_url": "https://ci.example.org/7",
    }
    for _ in range(2):
        answer = await client.post("/api/v1/images", json=body)
        assert (answer.status_code, answer.json()["reporter"]) == (200, "local")
    assert Question(release.id, "dev", "previous") in await world.archive.due("w", 99, lease)
    after = await world.resolved(release, origin="previous")
    [image] = after["images"]["items"]
    assert (image["to"]["answered_by"], image["to"]["revision"]) == ("ci", new)
    assert image["to"]["build_url"] == "https://ci.example.org/7"
    assert [item["key"] for item in after["features"]["items"]] == ["SHOP-9"]
    assert 33 in [item["number"] for item in after["pull_requests"]["items"]]
    wrong = await client.post("/api/v1/images", json={"image": "shop/api"})
    assert (wrong.status_code, "no tag" in wrong.json()["detail"]) == (422, True)


async def test_a_trace_has_the_form_that_the_description_says(
    world: history_world.World, client: httpx.AsyncClient
) -> None:
    [release] = world.made.values()
    await world.resolved(release, origin="previous")
    answer = await client.get("/api/v1/trace", params={"ref": "#2"})
    assert answer.status_code == 200
    [product] = answer.json()["products"]
    assert [place["environment"] for place in product["environments"]] == ["dev", "qa", "prod"]
    unknown = await client.get("/api/v1/trace", params={"ref": "nothing"})
    assert (unknown.status_code, unknown.json()["found"]) == (200, None)
    for wrong in ("", "x" * 501):
        assert (await client.get("/api/v1/trace", params={"ref": wrong})).status_code == 422
