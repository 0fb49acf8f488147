"""What every question to the outside does with answers that are late, wrong or too long."""

import pytest
from starlette.responses import RedirectResponse, Response

import awkward_server
from awkward_server import AwkwardServer
from towpath.domain.reasons import Code
from towpath.integrations import outward
from towpath.ports.errors import OutsideError, Permanent, Temporary


async def _ask(server: AwkwardServer, path: str = "/x") -> object:
    async with outward.client(server.address, headers={"Authorization": "Bearer t"}) as http:
        return outward.json_of(await outward.ask(http, "GET", path))


async def test_later_is_asked_again_soon_and_not_for_ever(server: AwkwardServer) -> None:
    soon = Response(status_code=429, headers={"retry-after": "0"})
    server.on("GET", "/x", [soon, Response(status_code=502), {"ok": 1}])
    assert await _ask(server) == {"ok": 1}
    assert server.count("/x") == 3
    server.on("GET", "/y", Response(status_code=503))
    with pytest.raises(Temporary, match="answers 503"):
        await _ask(server, "/y")
    assert server.count("/y") == outward.TRIES


async def test_too_many_questions_is_later_also_where_it_is_said_by_403(
    server: AwkwardServer,
) -> None:
    used_up = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}
    for headers in (used_up, {"retry-after": "600"}):
        server.on("GET", "/x", Response(status_code=403, headers=headers))
        with pytest.raises(Temporary, match="answers 403"):
            await _ask(server)
    assert server.count("/x") == 2  # both say that it takes long
    soon = Response(status_code=403, headers={**used_up, "x-ratelimit-reset": "0"})
    server.on("GET", "/y", [soon, Response(status_code=429), {"ok": 1}])
    assert await _ask(server, "/y") == {"ok": 1}


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
async def test_much_later_is_left_to_the_background(server: AwkwardServer, after: str) -> None:
    server.on("GET", "/x", Response(status_code=429, headers={"retry-after": after}))
    with pytest.raises(Temporary):
        await _ask(server)
    assert server.count("/x") == 1


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (400, Permanent, Code.OUTSIDE_REFUSED),
        (401, Permanent, Code.CREDENTIALS_REFUSED),
        (403, Permanent, Code.CREDENTIALS_REFUSED),
        (404, Permanent, Code.OUTSIDE_REFUSED),
        (410, Permanent, Code.OUTSIDE_REFUSED),
        (451, Permanent, Code.OUTSIDE_REFUSED),
        (500, Temporary, Code.OUTSIDE_UNREACHABLE),
    ],
)
async def test_every_status_is_of_a_family(
    server: AwkwardServer, status: int, family: type[OutsideError], code: Code
) -> None:
    server.on("GET", "/x", Response(status_code=status))
    with pytest.raises(family) as raised:
        await _ask(server)
    assert raised.value.reason.code is code
    assert "Bearer" not in raised.value.reason.sentence


async def test_no_answer_in_time_is_temporary(
    server: AwkwardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outward, "TIMEOUT", 0.3)
    server.on("GET", "/x", awkward_server.slow)
    with pytest.raises(Temporary, match="does not answer"):
        await _ask(server)


async def test_credentials_do_not_follow_a_redirect_to_another_host(
    server: AwkwardServer,
) -> None:
    elsewhere = server.address.replace("127.0.0.1", "localhost")
    server.on("GET", "/x", RedirectResponse(f"{elsewhere}/y"))
    server.on("GET", "/y", {"ok": 1})
    assert await _ask(server) == {"ok": 1}
    assert "authorization" not in server.asked[-1].headers
    server.on("GET", "/round", RedirectResponse("/round"))
    with pytest.raises(Permanent):
        await _ask(server, "/round")


async def test_what_must_not_be_done_twice_is_asked_once(server: AwkwardServer) -> None:
    server.on("POST", "/x", Response(status_code=503))
    async with outward.client(server.address) as http:
        with pytest.raises(Temporary):
            await outward.once(http, "POST", "/x", json={})
    assert server.count("/x") == 1


@pytest.mark.parametrize("status", [301, 307])
async def test_what_is_written_is_written_where_it_moved_to_and_to_no_other_host(
    server: AwkwardServer, status: int
) -> None:
    server.on("POST", "/old", RedirectResponse("/new", status))
    server.on("POST", "/new", {"ok": 1})
    elsewhere = server.address.replace("127.0.0.1", "localhost")
    server.on("POST", "/away", RedirectResponse(f"{elsewhere}/new", status))
    server.on("POST", "/round", RedirectResponse("/round", status))
    async with outward.client(server.address) as http:
        await outward.once(http, "POST", "/old", json={"a": 1})
        assert (server.asked[-1].method, server.asked[-1].body) == ("POST", {"a": 1})
        with pytest.raises(Permanent, match="to another host"):
            await outward.once(http, "POST", "/away", json={})
        with pytest.raises(Permanent, match="in a circle"):
            await outward.once(http, "POST", "/round", json={})
