"""Wishes through HTTP: what reaches the commands, in whose name, and how often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import shown_world as world
from towpath.api import app as api
from towpath.domain.reasons import Code, Reason
from towpath.domain.wishes import Refused
from towpath.ports import errors as outside
from towpath.ports.store import StoreUnavailable
from towpath.storage import tables


@dataclass
class Desk:
    """A client, and the commands its wishes reach."""

    engine: AsyncEngine
    commands: world.FakeCommands
    client: httpx.AsyncClient

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/api/v1{path}", json=body, headers=named)


@asynccontextmanager
async def _desk(database_url: str, **settings: object) -> AsyncIterator[Desk]:
    async with world.empty(database_url) as engine:
        await world.add(engine, world.a_release())
        commands = world.FakeCommands(world.a_release())
        app = api.create(world.parts(engine, commands, **settings))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Desk(engine, commands, client)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with _desk(database_url) as desk:
        yield desk


QA = "/products/checkout/environments/qa"


@pytest.mark.parametrize(
    ("path", "body", "status", "wish"),
    [
        ("/products/checkout/releases", None, 201, ("create", "checkout", "", "", "eve")),
        (
            "/products/checkout/releases",
            {"revision": "abc", "flow": "standard"},
            201,
            ("create", "checkout", "abc", "standard", "eve"),
        ),
        (
            "/releases/checkout-1/terminate",
            {"comment": "no"},
            200,
            ("terminate", "checkout-1", "eve", "no"),
        ),
        ("/releases/checkout-1/retry", None, 200, ("retry", "checkout-1", "", "eve")),
        (
            "/releases/checkout-1/environments/qa/retry",
            None,
            200,
            ("retry", "checkout-1", "qa", "eve"),
        ),
        (
            "/releases/checkout-1/environments/qa/approve",
            {"comment": "seen"},
            200,
            ("approve", "checkout-1", "qa", "eve", "seen"),
        ),
        (
            "/releases/checkout-1/environments/qa/reject",
            None,
            200,
            ("reject", "checkout-1", "qa", "eve", ""),
        ),
        (
            "/releases/checkout-1/environments/qa/skip",
            {"comment": "broken"},
            200,
            ("skip", "checkout-1", "qa", "eve", "broken"),
        ),
        (
            f"{QA}/promote",
            {"from": "dev", "components": ["api"]},
            201,
            ("promote", "checkout", "qa", "dev", ("api",), "", "eve"),
        ),
        (
            f"{QA}/promote",
            {"dry_run": True},
            200,
            ("plan_promotion", "checkout", "qa", "", (), ""),
        ),
        (
            f"{QA}/rollback",
            {"to": "checkout-1", "lock": False},
            201,
            ("rollback", "checkout", "qa", "checkout-1", False, "eve"),
        ),
        (f"{QA}/rollback", {"dry_run": True}, 200, ("plan_rollback", "checkout", "qa", "")),
        (f"{QA}/lock", {"reason": "demo"}, 200, ("lock", "checkout", "qa", "demo", None, "eve")),
        (f"{QA}/unlock", None, 200, ("unlock", "checkout", "qa", "eve")),
        ("/products/-/environments/qa/unlock", None, 200, ("unlock", "", "qa", "eve")),
        ("/refresh", None, 200, ("refresh", "")),
        ("/refresh", {"repository": "r"}, 200, ("refresh", "r")),
    ],
)
async def test_a_wish_reaches_the_commands_in_the_name_of_its_actor(
    desk: Desk, path: str, body: object, status: int, wish: tuple[object, ...]
) -> None:
    answer = await desk.post(path, body, x_towpath_actor="eve")
    assert (answer.status_code, desk.commands.wished) == (status, [wish])


async def test_a_made_release_is_answered_as_its_document(desk: Desk) -> None:
    answer = await desk.post("/products/checkout/releases")
    assert answer.json() == (await desk.client.get("/api/v1/releases/checkout-1")).json()


async def test_a_dry_run_answers_with_the_diff_and_the_policy(desk: Desk) -> None:
    plan = (await desk.post(f"{QA}/promote", {"dry_run": True})).json()
    assert plan["repositories"][0]["files"][0]["patch"] == "-1.0.0\n+1.1.0\n"
    soak = next(setting for setting in plan["policy"] if setting["name"] == "soak")
    assert (soak["value"], soak["origin"]) == (3600.0, "step")


async def test_a_refresh_says_what_it_found_and_what_did_not_answer(desk: Desk) -> None:
    looked = (await desk.post("/refresh")).json()
    assert looked["releases"] == ["checkout-9"]
    assert looked["trouble"][0]["reason"]["code"] == "git_unreachable"


async def test_a_lock_is_answered_as_it_is_stored(desk: Desk) -> None:
    row = {"product": "checkout", "environment": "qa", "reason": "demo", "author": "eve"}
    async with desk.engine.begin() as connection:
        await connection.execute(sa.insert(tables.lock).values(**row))
    answer = (await desk.post(f"{QA}/lock", {"reason": "demo"})).json()
    assert (answer["locked"], answer["lock"]["author"]) == (True, "eve")
    assert (await desk.post("/products/search/environments/qa/unlock")).json()["locked"] is False


async def test_what_a_lock_of_the_whole_environment_still_holds_is_not_answered_as_open(
    desk: Desk,
) -> None:
    async with desk.engine.begin() as connection:
        row = {"product": "", "environment": "qa", "reason": "freeze", "author": "eve"}
        await connection.execute(sa.insert(tables.lock).values(**row))
    answer = (await desk.post(f"{QA}/unlock")).json()
    assert (answer["locked"], answer["lock"]["reason"]) == (True, "freeze")


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (Refused("already_ended", "checkout-1 has ended"), 409, "already_ended"),
        (Refused("unknown_environment", "no uat"), 404, "unknown_environment"),
        (StoreUnavailable("no"), 503, "database_unavailable"),
        (
            outside.Temporary(Reason(Code.GIT_UNREACHABLE, "no route")),
            503,
            "outside_unavailable",
        ),
        (outside.Permanent(Reason(Code.BRANCH_MISSING, "no main")), 502, "outside_refused"),
        (outside.Moved(), 409, "branch_moved"),
        (RuntimeError("a secret of the inside"), 500, "internal_error"),
    ],
)
async def test_what_goes_wrong_is_a_problem_with_a_code(
    desk: Desk, refusal: Exception, status: int, code: str
) -> None:
    desk.commands.refusal = refusal
    answer = await desk.post("/releases/checkout-1/retry")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/releases/checkout-9/terminate", None, 404),
        ("/releases/checkout-9/retry", None, 404),
        ("/products/unknown/releases", None, 404),
        (f"{QA}/lock", {}, 422),
        (f"{QA}/lock", {"reason": ""}, 422),
        (f"{QA}/lock", {"reason": "a\0b"}, 422),
        (f"{QA}/lock", {"reason": "x", "until": "2026-01-01T00:00:00"}, 422),
        (f"{QA}/promote", {"form": "dev"}, 422),
        (f"{QA}/promote", None, 422),
    ],
)
async def test_a_wish_that_makes_no_sense_reaches_nobody(
    desk: Desk, path: str, body: object, status: int
) -> None:
    assert (await desk.post(path, body)).status_code == status
    assert desk.commands.wished == []


async def test_without_a_name_the_actor_is_local(desk: Desk) -> None:
    await desk.post(f"{QA}/unlock")
    assert desk.commands.wished == [("unlock", "checkout", "qa", "local")]


# --- Idempotency-Key -------------------------------------------------------------------------
async def test_a_repeated_write_is_answered_the_same_and_done_once(desk: Desk) -> None:
    first = await desk.post("/products/checkout/releases", {"flow": ""}, idempotency_key="k")
    again = await desk.post("/products/checkout/releases", {"flow": ""}, idempotency_key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(desk.commands.wished) == 1


async def test_a_refusal_is_answered_the_same_again(desk: Desk) -> None:
    desk.commands.refusal = Refused("already_ended", "it has ended")
    await desk.post("/releases/checkout-1/retry", idempotency_key="k")
    desk.commands.refusal = None
    again = await desk.post("/releases/checkout-1/retry", idempotency_key="k")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_key_used_for_another_request_is_refused(desk: Desk) -> None:
    await desk.post("/releases/checkout-1/retry", idempotency_key="k")
    other = await desk.post(f"{QA}/unlock", idempotency_key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(desk.commands.wished) == 1


async def test_the_keys_of_two_actors_do_not_meet(desk: Desk) -> None:
    for actor in ("eve", "bob"):
        await desk.post(f"{QA}/unlock", idempotency_key="k", x_towpath_actor=actor)
    assert [wish[-1] for wish in desk.commands.wished] == ["eve", "bob"]


async def test_a_request_that_is_still_worked_on_is_not_done_twice(desk: Desk) -> None:
    await desk.post(f"{QA}/unlock", idempotency_key="k")
    async with desk.engine.begin() as connection:
        await connection.execute(sa.update(tables.answer).values(status=None, body=None))
    again = await desk.post(f"{QA}/unlock", idempotency_key="k")
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_in_progress")
    async with desk.engine.begin() as connection:
        longer = sa.text("now() - interval '6 minutes'")
        await connection.execute(sa.update(tables.answer).values(at=longer))
    assert (await desk.post(f"{QA}/unlock", idempotency_key="k")).status_code == 200


@pytest.mark.parametrize("trouble", [StoreUnavailable("no"), RuntimeError("no")])
async def test_what_failed_on_our_side_may_be_tried_again_under_its_key(
    desk: Desk, trouble: Exception
) -> None:
    desk.commands.refusal = trouble
    first = await desk.post("/releases/checkout-1/retry", idempotency_key="k")
    desk.commands.refusal = None
    again = await desk.post("/releases/checkout-1/retry", idempotency_key="k")
    assert (first.status_code >= 500, again.status_code) == (True, 200)


@pytest.mark.parametrize("key", ["", "with space", "x" * 201])
async def test_a_key_that_is_none_is_refused(desk: Desk, key: str) -> None:
    answer = await desk.post(f"{QA}/unlock", idempotency_key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "k"}])
async def test_a_request_that_is_too_large_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    answer = await desk.post(f"{QA}/lock", {"reason": "x" * (2 << 20)}, **headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.commands.wished == []


async def test_a_request_without_a_length_is_refused(desk: Desk) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}"

    answer = await desk.client.post("/api/v1/refresh", content=chunks())
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


# --- access ----------------------------------------------------------------------------------
async def test_with_tokens_the_actor_is_the_name_of_the_token(database_url: str) -> None:
    async with _desk(database_url, tokens={"ci": "s3cret", "ops": "other"}) as desk:
        answer = await desk.post(
            f"{QA}/unlock", authorization="Bearer s3cret", x_towpath_actor="eve"
        )
        assert answer.status_code == 200
        assert desk.commands.wished == [("unlock", "checkout", "qa", "ci")]


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", "Basic s3cret", "s3cret", "Bearer é"]
)
async def test_with_tokens_nothing_is_said_without_one(database_url: str, given: str) -> None:
    async with _desk(database_url, tokens={"ci": "s3cret"}) as desk:
        headers = {"authorization": given.encode()}
        for path in ("/api/v1/releases", "/metrics", "/openapi.json", "/api/docs"):
            answer = await desk.client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/healthz", "/readyz", "/version"):
            assert (await desk.client.get(path)).status_code == 200


async def test_a_page_of_another_site_changes_nothing(desk: Desk) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"host": "evil.example"},
    ):
        assert (await desk.post(f"{QA}/unlock", None, **headers)).status_code == 403
    assert desk.commands.wished == []
    own = await desk.post(f"{QA}/unlock", None, origin="http://localhost:8080")
    assert own.status_code == 200


async def test_a_name_of_another_machine_is_answered_only_when_it_is_ours(
    database_url: str,
) -> None:
    async with _desk(database_url, public_url="https://towpath.example.com") as desk:
        for host, status in (("towpath.example.com", 200), ("evil.example", 403)):
            answer = await desk.client.get("/api/v1/releases", headers={"host": host})
            assert answer.status_code == status
