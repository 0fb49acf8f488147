"""Who may ask, and in whose name: bearer tokens, or this machine alone when none are configured.

Without tokens anything on this machine may ask, also a browser that shows a page of somebody
else. So then the request must be meant for a name of this machine (against DNS rebinding) and must
not come from a page of another origin (against cross-site requests).
"""

import hmac
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote_plus, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from towpath.api import errors
from towpath.api.parts import Settings

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/version"})
# What is not below these is the interface's own files: who is not signed in yet needs them.
CLOSED_PATHS = ("/api/", "/openapi.json", "/metrics")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NOBODY_NAMED = "local"
LONGEST_ACTOR = 200
LARGEST_BODY = 1 << 20  # bytes


class Access:
    """Middleware: lets a request in, with the name of its actor, or answers with a problem."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["actor"] = self._actor(scope)
        except errors.Problem as problem:
            await errors.answer(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _actor(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        if scope["path"] in OPEN_PATHS:
            return ""
        _refuse_nul(scope)
        _refuse_large(headers)
        if self._settings.tokens:
            if not scope["path"].startswith(CLOSED_PATHS):
                return ""
            return _token_name(self._settings, headers.get("authorization", ""))
        _refuse_strangers(self._settings, headers, scope["method"])
        named = headers.get("x-towpath-actor", "").strip()
        return named[:LONGEST_ACTOR] or NOBODY_NAMED


def _refuse_nul(scope: Scope) -> None:
    """No name holds U+0000, and PostgreSQL would not take it."""
    if "\0" in scope["path"] or "\0" in unquote_plus(scope["query_string"].decode("latin-1")):
        raise errors.Problem(HTTPStatus.BAD_REQUEST, "bad_request", "U+0000 is in no name.")


def _refuse_large(headers: Headers) -> None:
    """A body has a length, told before it comes: what is too long is not even read."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        sentence = "A request tells its Content-Length."
        raise errors.Problem(HTTPStatus.LENGTH_REQUIRED, "length_required", sentence)
    if not length.isdigit() or int(length) > LARGEST_BODY:
        sentence = f"A request has at most {LARGEST_BODY} bytes."
        raise errors.Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", sentence)


def _token_name(settings: Settings, authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    found = ""
    for name, token in settings.tokens.items():
        # Every token is compared, so that the time says nothing of which one was near.
        if hmac.compare_digest(token.encode(), given.strip().encode("utf-8", "replace")):
            found = name
    if scheme.lower() != "bearer" or not found:
        raise errors.Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            "This needs a token, and the one given is none that is known."
            if given
            else "This needs a token.",
            advice="Send the header `Authorization: Bearer TOKEN`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def _refuse_strangers(settings: Settings, headers: Headers, method: str) -> None:
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    known = LOOPBACK | {urlsplit(settings.public_url).hostname or "localhost"}
    if host not in known:
        raise errors.Problem(
            HTTPStatus.FORBIDDEN,
            "unknown_host",
            f"{host!r} is no name of this server.",
            advice="Use a loopback address, set `public_url`, or configure `api_tokens`.",
        )
    origin = headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).hostname not in known
    cross_site = headers.get("sec-fetch-site") == "cross-site"
    if method not in ("GET", "HEAD", "OPTIONS") and (elsewhere or cross_site):
        raise errors.Problem(
            HTTPStatus.FORBIDDEN, "other_origin", "Pages of other sites may not change anything."
        )


def _actor_of(request: Request) -> str:
    actor: str = request.state.actor
    return actor


Actor = Annotated[str, Depends(_actor_of)]
