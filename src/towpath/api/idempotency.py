"""Writes that name themselves: repeated with the same `Idempotency-Key`, answered the same.

The name belongs to whoever sent it. What failed on our side, or was not let in, is not kept:
it may be tried again under the same name.
"""

import hashlib
import json
import re
from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from towpath.api import errors
from towpath.ports.store import StoreUnavailable
from towpath.storage.answers import Answers, Known

HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NOT_KEPT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Idempotency:
    """Middleware: answers a repeated write from what is kept."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            await self._once(key, scope, receive, send)
        except (errors.Problem, StoreUnavailable) as error:
            await errors.answer(error)(scope, receive, send)

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        name, request = _name(key, scope), _fingerprint(scope, body)
        known = await self._answers.begin(name, request)
        if known is not None:
            await _again(known, request)(scope, receive, send)
            return
        spoken = _Spoken(send)
        try:
            await self._app(scope, _replay(body, receive), spoken.send)
        finally:
            if spoken.kept:
                await self._answers.finish(name, request, spoken.status, spoken.json())
            else:
                await self._answers.abandon(name, request)
        await spoken.deliver()


class _Spoken:
    """An answer, held back until it is kept: whoever has seen it can rely on it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self.status = 0

    @property
    def kept(self) -> bool:
        return 0 < self.status < 500 and self.status not in _NOT_KEPT

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self._messages.append(message)

    def json(self) -> object:
        body = b"".join(message.get("body", b"") for message in self._messages)
        return json.loads(body) if body else None

    async def deliver(self) -> None:
        for message in self._messages:
            await self._send(message)


def _name(key: str, scope: Scope) -> str:
    if not _KEY.fullmatch(key):
        raise errors.Problem(
            HTTPStatus.BAD_REQUEST,
            "bad_idempotency_key",
            "An Idempotency-Key has 1 to 200 visible ASCII characters.",
        )
    return f"{scope['state']['actor']}:{key}"


def _fingerprint(scope: Scope, body: bytes) -> str:
    said = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}\n"
    return hashlib.sha256(said.encode() + body).hexdigest()


def _again(known: Known, request: str) -> JSONResponse:
    if known.request != request:
        raise errors.Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.",
        )
    if known.status is None:
        raise errors.Problem(
            HTTPStatus.CONFLICT,
            "idempotency_key_in_progress",
            "The same request is being worked on; ask again for its answer.",
            headers={"Retry-After": "1"},
        )
    problem = known.status >= 400
    return JSONResponse(
        known.body,
        known.status,
        {"Idempotency-Replayed": "true"},
        media_type="application/problem+json" if problem else "application/json",
    )


async def _read(receive: Receive) -> bytes:
    """All of the body; `access` has seen to it that it is not long."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
