"""`http` templates against a server of this machine."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from towpath.domain.status import Status
from towpath.ports.runner import Outcome
from towpath.runner import Limits, LocalRunner
from workflow_runs import Play, workflow


class Kept:
    data = b""

    async def write(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A server that tells what it was asked; at `/missing` it has nothing, at `/slow` no time."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.partition("\r\n")[0].split()
        if path == "/slow":
            await reader.read()
        body = json.dumps({"method": method, "team": "X-Team: blue" in head}).encode()
        if path == "/long":
            body = b"x" * 300_000
        kind = "text/plain; charset=hex" if path == "/claims" else "application/json"
        status = "404 Not Found" if path == "/missing" else "201 Created"
        writer.write(
            f"HTTP/1.1 {status}\r\nServer: test\r\nContent-Length: {len(body)}\r\n".encode()
        )
        writer.write(f"Content-Type: {kind}\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def asked(url: str, more: str = "", log: Kept | None = None) -> Outcome:
    spec = f"""
entrypoint: main
templates:
  - name: main
    http:
      url: {url}
      method: PUT
      headers: [{{name: X-Team, value: blue}}, {{name: X-Name, value: Zoë}}]
      {more}
"""
    play = Play(workflow(spec))
    runner = LocalRunner(Limits(seconds=30))
    outcome = await runner.execute(play.run, play.progress.due[0], log or Kept())
    runner.close()
    return outcome


async def test_an_answer_in_the_200s_succeeds_and_its_body_is_the_result(address: str) -> None:
    log = Kept()
    outcome = await asked(f"{address}/path?token=secret", log=log)
    assert outcome.status is Status.SUCCEEDED
    assert json.loads(outcome.outputs["result"]) == {"method": "PUT", "team": True}
    assert b"PUT http://127.0.0.1/path: 201" in log.data
    assert b"secret" not in log.data


async def test_an_answer_that_claims_an_encoding_of_no_text_is_read_all_the_same(
    address: str,
) -> None:
    outcome = await asked(f"{address}/claims")
    assert outcome.status is Status.SUCCEEDED
    assert json.loads(outcome.outputs["result"])["method"] == "PUT"


async def test_any_other_answer_fails(address: str) -> None:
    assert (await asked(f"{address}/missing")).status is Status.FAILED


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("response.statusCode == 404", Status.SUCCEEDED),
        ('response.headers["Server"][0] == "test"', Status.SUCCEEDED),
        ('response.body contains "nothing"', Status.FAILED),
        ("response.statusCode", Status.FAILED),
    ],
)
async def test_a_condition_judges_the_answer(address: str, condition: str, status: Status) -> None:
    outcome = await asked(f"{address}/missing", f"successCondition: '{condition}'")
    assert outcome.status is status


async def test_an_answer_larger_than_a_result_is_none_and_the_log_says_so(address: str) -> None:
    log = Kept()
    outcome = await asked(f"{address}/long", "successCondition: response.body startsWith 'xx'", log)
    assert (outcome.status, outcome.outputs) == (Status.SUCCEEDED, {})
    assert b"the answer is longer than 262144 bytes, and no result" in log.data


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "nowhere", "http://[", f"http://{'a' * 64}.test/", "/slow"]
)
async def test_no_answer_fails_so_that_it_is_tried_again_as_in_argo(address: str, url: str) -> None:
    url = f"{address}/slow" if url == "/slow" else url
    outcome = await asked(f"'{url}'", "timeoutSeconds: 0.2")
    assert outcome.status is Status.FAILED
    assert outcome.reason
