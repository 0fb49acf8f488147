"""Answers packed for whoever takes them so."""

import re

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

_REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$", re.IGNORECASE)


class Packing(GZipMiddleware):
    """Starlette's, and nobody inside sees an encoding that is refused (RFC 9110, 12.5.3)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            asked = headers.get("accept-encoding", "").split(",")
            headers["accept-encoding"] = ",".join(e for e in asked if not _REFUSED.search(e))
        await super().__call__(scope, receive, send)
