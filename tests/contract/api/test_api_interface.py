"""How the web interface is served, from a folder like the one that is built."""

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import shown_world as world
from towpath.api import access, interface
from towpath.api import app as api
from towpath.storage import database

PAGE = '<!doctype html><meta property="csp-nonce" nonce="TOWPATH_CSP_NONCE"><p>the interface'
SCRIPT = b"console.log('the same, packed or not');"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    for ending, body in {"": SCRIPT, ".br": b"br", ".gz": gzip.compress(SCRIPT)}.items():
        (tmp_path / f"assets/main-1a2b.js{ending}").write_bytes(body)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    return tmp_path


def _app(folder: Path, **settings: object) -> FastAPI:
    """An app that is asked for files only: its database is never reached."""
    engine = database.connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = api.create(world.parts(engine, world.FakeCommands(world.a_release()), **settings))
    app.state.interface = interface.load(folder)
    return app


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.mark.parametrize(
    "path", ["/", "/releases/checkout-128", "/products/a%2Fb", "/policies?x=1"]
)
async def test_every_address_that_is_none_of_the_apis_is_the_page(built: Path, path: str) -> None:
    async with _client(_app(built)) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert "the interface" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_lets_only_its_own_files_and_its_own_nonce_in(built: Path) -> None:
    async with _client(_app(built)) as client:
        first, second = await client.get("/"), await client.get("/")
    policy = first.headers["content-security-policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'; script-src 'self';" in policy


async def test_a_hashed_file_is_kept_for_ever_and_sent_packed_to_who_takes_that(
    built: Path,
) -> None:
    async with _client(_app(built)) as client:
        plain = await client.get("/assets/main-1a2b.js", headers={"accept-encoding": "identity"})
        less = await client.get("/assets/main-1a2b.js", headers={"accept-encoding": "gzip"})
        none = {"accept-encoding": "gzip;q=0, br;q=0.0"}
        refused = await client.get("/assets/main-1a2b.js", headers=none)
        better = {"accept-encoding": "gzip, br;q=1"}
        async with client.stream("GET", "/assets/main-1a2b.js", headers=better) as best:
            packed = b"".join([part async for part in best.aiter_raw()])
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert plain.content == less.content == refused.content == SCRIPT
    assert "content-encoding" not in refused.headers
    assert less.headers["content-encoding"] == "gzip"
    assert (best.headers["content-encoding"], packed) == ("br", b"br")


@pytest.mark.parametrize("path", ["/assets/gone-1a2b.js", "/api/v2/releases", "/api/nowhere"])
async def test_what_should_be_a_file_or_an_answer_is_never_the_page(built: Path, path: str) -> None:
    async with _client(_app(built)) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/../secret", "/assets/..%2f..%2fsecret", "/%2e%2e/secret"])
async def test_no_file_outside_of_the_folder_is_served(built: Path, path: str) -> None:
    (built.parent / "secret").write_text("not for you")
    async with _client(_app(built)) as client:
        answer = await client.get(path)
    assert "not for you" not in answer.text


async def test_without_a_built_interface_a_plain_page_says_how_to_build_it(tmp_path: Path) -> None:
    async with _client(_app(tmp_path)) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "scripts/setup" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_who_is_not_signed_in_gets_the_interface_and_nothing_else(built: Path) -> None:
    async with _client(_app(built, tokens={"ada": "secret"})) as client:
        assert (await client.get("/sign-in")).status_code == 200
        assert (await client.get("/assets/main-1a2b.js")).status_code == 200
        for path in ("/api/v1/me", "/openapi.json", "/metrics", "/api/docs"):
            assert (await client.get(path)).status_code == 401
        signed_in = {"authorization": "Bearer secret"}
        me = await client.get("/api/v1/me", headers=signed_in)
    assert me.json() == {"actor": "ada", "by_token": True}


def test_everything_but_the_interface_and_health_wants_a_token() -> None:
    described = set(api.description()["paths"])
    assert {path for path in described if not path.startswith(access.CLOSED_PATHS)} <= (
        access.OPEN_PATHS
    )
