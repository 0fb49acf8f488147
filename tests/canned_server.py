"""A server on loopback that answers with canned documents, for tests of whoever asks it.

Real HTTP, so that deadlines, streams and broken connections are what they are in life.
"""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Document = dict[str, Any]
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Document | None


@dataclass
class CannedServer:
    """Answers by method and path below /api/v1. A list of answers is given in turn, the last for
    good."""

    address: str = ""
    answers: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    streams: list[Asked] = field(default_factory=list)
    drops_streams: bool = False

    def gets(self, path: str, *documents: Any) -> None:
        """What a GET is answered with, in turn."""
        self.answers[("GET", path)] = list(documents)

    def takes(self, path: str, *documents: Any) -> None:
        """What a POST is answered with, in turn."""
        self.answers[("POST", path)] = list(documents)

    def last(self, path: str) -> Asked:
        """The last request to the path."""
        return [one for one in self.asked if one.path == path][-1]

    async def answer(self, request: Request) -> Response:
        """The next canned answer for the request."""
        body = await request.body()
        asked = _asked(request, json.loads(body) if body else None)
        self.asked.append(asked)
        waiting = self.answers.get((asked.method, asked.path))
        if waiting is None:
            return problem(404, "not_found", f"there is no {asked.path}")
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return found if isinstance(found, Response) else JSONResponse(found)

    async def stream(self, request: Request) -> Response:
        """An event every few milliseconds; with `drops_streams` only one, then the end."""
        asked = _asked(request, None)
        self.streams.append(asked)
        first = int(asked.headers.get("last-event-id", "0")) + 1

        async def events() -> AsyncIterator[str]:
            for number in range(first, first + (1 if self.drops_streams else 10_000)):
                yield f"event: event\nid: {number}\ndata: {{}}\n\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(events(), media_type="text/event-stream")


def _asked(request: Request, body: Document | None) -> Asked:
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    path = request.url.path.removeprefix("/api/v1")
    return Asked(request.method, path, query, dict(request.headers), body)


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem document (RFC 9457)."""
    told = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse({**told, **more}, status_code=status, media_type=PROBLEM)


def broken() -> Response:
    """An answer that ends before it is whole, as when a server dies."""
    return Response(headers={"content-length": "100"})


@contextmanager
def running(port: int = 0) -> Iterator[CannedServer]:
    """A canned server on loopback, on the port or a free one, until the end of the block."""
    canned = CannedServer()
    routes = [
        Route("/api/v1/stream", canned.stream),
        Route("/{rest:path}", canned.answer, methods=["GET", "POST"]),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), log_level="error", lifespan="off", timeout_graceful_shutdown=1
    )
    listening = socket.create_server(("127.0.0.1", port))
    canned.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield canned
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def reason(code: str, sentence: str, **more: Any) -> Document:
    """Why something has its status."""
    told = {"code": code, "sentence": sentence, "data": {}, "since": None, "advice": ""}
    return {**told, **more}


def environment(name: str, status: str, **more: Any) -> Document:
    """A release's environment, as in the release document."""
    told: Document = {
        "name": name,
        "position": 0,
        "role": "step",
        "status": status,
        "reason": None,
        "depends_on": [],
        "version": "2.14.0" if status in ("succeeded", "running") else "",
        "attempt": 1,
        "landed": status == "succeeded",
        "started_at": None,
        "ended_at": None,
        "phases": [],
        "landings": [],
        "warnings": [],
        "unsupported": [],
        "carried_by": None,
        "actions": [],
        "settings": {},
        "origins": {},
    }
    return {**told, **more}


def release(status: str, *environments: Document, **more: Any) -> Document:
    """A release document."""
    ended = status in ("succeeded", "failed", "error", "terminated", "superseded")
    told: Document = {
        "id": "checkout-128",
        "product": "checkout",
        "n": 128,
        "name": "9f3c2ab",
        "trigger": "head",
        "flow": "main-to-prod",
        "line": "main",
        "initiator": "dana",
        "version": "2.14.0",
        "status": status,
        "reason": None,
        "ended": ended,
        "open": not ended,
        "created_at": "2026-11-22T10:42:00.000000Z",
        "ended_at": "2026-11-22T10:54:30.000000Z" if ended else None,
        "goes_back_to": "",
        "commit": {
            "repository": "https://git.example.org/acme/checkout-gitops.git",
            "branch": "main",
            "sha": "9f3c2ab1d0e4f5a6b7c8d9e0f1a2b3c4d5e6f708",
            "subject": "Retry card authorisation once when the gateway times out",
            "author": "dana",
            "author_email": "dana@example.org",
            "committed_at": "2026-11-22T10:41:50.000000Z",
        },
        "commits": [],
        "carried_by": None,
        "actions": [],
        "environments": list(environments),
        "components": [],
    }
    return {**told, **more}


def listed(status: str, *environments: Document, **more: Any) -> Document:
    """A release as lists show it."""
    whole = release(status, *environments, **more)
    short = [
        {**one, "reason": (one["reason"] or {}).get("code"), "release": None, "sentence": ""}
        for one in environments
    ]
    kept = ("id", "product", "n", "name", "trigger", "flow", "initiator", "version", "status")
    more_kept = ("reason", "ended", "open", "created_at", "ended_at")
    subject = {"subject": whole["commit"]["subject"], "revision": whole["commit"]["sha"]}
    return {**{k: whole[k] for k in (*kept, *more_kept)}, **subject, "environments": short}


def page(*items: Document, next_cursor: str | None = None) -> Document:
    """One page of a list."""
    return {"items": list(items), "next_cursor": next_cursor}


def product(name: str, *environments: Document, **more: Any) -> Document:
    """A product as lists show it."""
    told: Document = {
        "name": name,
        "description": "",
        "tags": [],
        "concurrency": "supersede",
        "configured": True,
        "components": ["api", "web"],
        "flows": ["main-to-prod"],
        "latest": None,
        "unended": 0,
        "trouble": [],
        "environments": list(environments),
    }
    return {**told, **more}


def place(name: str, version: str, status: str | None, **more: Any) -> Document:
    """A product's environment: what landed there last, by a promotion with this status."""
    told: Document = {
        "name": name,
        "kind": "prod" if name.startswith("prod") else "nonprod",
        "versions": [version] if version else [],
        "at": "2026-11-22T10:42:00.000000Z",
        "release": "checkout-127",
        "status": status,
        "locked": False,
        "on_its_way": [],
    }
    return {**told, **more}


def coming(version: str, status: str) -> Document:
    """A release that is acting, or held up, in an environment."""
    return {
        "release": "checkout-128",
        "version": version,
        "status": status,
        "reason": None,
        "sentence": "",
    }


def html(text: str) -> Response:
    """What a server that is not ours may answer."""
    return Response(text, media_type="text/html")
