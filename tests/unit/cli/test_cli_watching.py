"""Following a release over a stream: nothing is lost when a connection is."""

import json
from typing import Any

import pytest

import canned_server as canned
from towpath.cli import client, profile, watching

RUNNING = canned.release("running", canned.environment("dev", "running"))
FURTHER = canned.release("running", canned.environment("dev", "succeeded"))
OVER = canned.release("succeeded", canned.environment("dev", "succeeded"))
PATH = "/releases/checkout-128"


async def seen(server: canned.CannedServer) -> list[str]:
    """What is shown of checkout-128 until it ends."""
    async with client.connect(profile.Profile(server.address)) as api:
        coming = watching.documents(api, "checkout-128", watching.Connection())
        return [f"{d['status']} {d['environments'][0]['status']}" async for d in coming]


async def test_each_change_is_shown_once_until_the_release_has_ended(
    server: canned.CannedServer,
) -> None:
    server.gets(PATH, RUNNING, RUNNING, FURTHER, FURTHER, OVER)
    assert await seen(server) == ["running running", "running succeeded", "succeeded succeeded"]


async def test_a_release_that_has_ended_is_shown_without_a_stream(
    server: canned.CannedServer,
) -> None:
    server.gets(PATH, OVER)
    assert await seen(server) == ["succeeded succeeded"]
    assert server.streams == []


async def test_a_stream_that_ends_is_opened_again_after_the_last_event_seen(
    server: canned.CannedServer,
) -> None:
    server.drops_streams = True
    server.gets(PATH, *[RUNNING] * 6, OVER)
    assert await seen(server) == ["running running", "succeeded succeeded"]
    resumed = [asked.headers.get("last-event-id") for asked in server.streams]
    assert resumed[:2] == [None, "1"]
    assert all(asked.query["release"] == ["checkout-128"] for asked in server.streams)


async def test_while_the_server_does_not_answer_it_says_so_and_goes_on(
    server: canned.CannedServer,
) -> None:
    away = canned.problem(503, "database_unavailable", "the database does not answer")
    server.gets(PATH, RUNNING, *[away] * 3, OVER)
    told: list[str] = []
    connection = watching.Connection(told.append)
    async with client.connect(profile.Profile(server.address)) as api:
        shown = [d["status"] async for d in watching.documents(api, "checkout-128", connection)]
    assert shown == ["running", "succeeded"]
    assert [each.partition(",")[0] for each in told] == ["reconnecting", "connected again"]
    assert connection.note == ""


async def test_a_release_that_is_not_there_ends_the_watch_with_the_reason(
    server: canned.CannedServer,
) -> None:
    with pytest.raises(client.Failed, match="there is no /releases/checkout-128"):
        await seen(server)


def test_the_watch_command_ends_with_the_release_and_exits_by_its_result(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets(PATH, RUNNING, FURTHER, OVER)
    result = towpath("release", "show", "checkout-128", "--watch")
    assert result.exit_code == 0
    assert "checkout-128 succeeded after" in result.stdout.splitlines()[-1]
    server.gets(PATH, RUNNING, canned.release("failed", canned.environment("dev", "failed")))
    assert towpath("release", "show", "checkout-128", "--watch", "--plain").exit_code == 1


def test_a_watch_in_plain_lines_says_on_standard_error_that_the_server_is_away(
    towpath: Any, server: canned.CannedServer
) -> None:
    away = canned.problem(503, "database_unavailable", "the database does not answer")
    server.gets(PATH, RUNNING, *[away] * 3, OVER)
    result = towpath("release", "show", "checkout-128", "--watch")
    assert result.exit_code == 0
    assert "reconnecting, shown as of" in result.stderr
    assert "reconnecting" not in result.stdout


def test_a_watch_as_json_prints_the_last_document(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets(PATH, RUNNING, OVER)
    result = towpath("release", "show", "checkout-128", "--watch", "-o", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["status"] == "succeeded"
