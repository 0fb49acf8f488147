"""A server on loopback that answers as a test says: right, wrong, late, too much, or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import serving
from published import Published

Handler = Callable[["Asked"], Any]


@dataclass(frozen=True)
class Asked:
    """A request: what a handler decides by."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    all_query: Mapping[str, Sequence[str]] = field(default_factory=dict)  # where one is given twice


@dataclass
class AwkwardServer:
    """Handlers by method and path (a path that ends with `*` is a beginning).

    What is asked and answered otherwise than the `published` API says is in `problems`.
    """

    address: str = ""
    handlers: dict[tuple[str, str], Handler] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    published: Published | None = None
    problems: list[str] = field(default_factory=list)

    def on(self, method: str, path: str, handler: Any) -> None:
        """Answer so: a document, a Response, or a function of the request. A list: in turn."""
        if isinstance(handler, list):
            answers = iter(handler)
            last = handler[-1]
            self.handlers[method, path] = lambda asked: _made(next(answers, last), asked)
        else:
            self.handlers[method, path] = lambda asked: _made(handler, asked)

    def count(self, path: str) -> int:
        """How often the path was asked."""
        return sum(1 for one in self.asked if one.path == path)

    async def answer(self, request: Request) -> Response:
        data = await request.body()
        body = (
            json.loads(data) if data and "json" in request.headers.get("content-type", "") else data
        )
        path = request.url.path
        query = request.query_params
        every = {name: query.getlist(name) for name in query}
        headers = dict(request.headers)
        asked = Asked(request.method, path, dict(query), headers, body, every)
        self.asked.append(asked)
        made = await self._made(asked)
        if self.published:
            self.problems += self.published.problems(request, data, made)
        return made

    async def _made(self, asked: Asked) -> Response:
        for (method, known), handler in self.handlers.items():
            path = asked.path
            fits = path.startswith(known[:-1]) if known.endswith("*") else path == known
            if method == asked.method and fits:
                made = handler(asked)
                made = await made if isinstance(made, Awaitable) else made
                return made if isinstance(made, Response) else JSONResponse(made)
        return JSONResponse({"message": "Not Found"}, 404)


def _made(handler: Any, asked: Asked) -> Any:
    return handler(asked) if callable(handler) and not isinstance(handler, Response) else handler


async def slow(_: Asked) -> Response:
    """No answer within any deadline."""
    await asyncio.sleep(30)
    return Response()


@asynccontextmanager
async def running() -> AsyncIterator[AwkwardServer]:
    """The server, until the block ends."""
    made = AwkwardServer()
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{rest:path}", made.answer, methods=methods)])
    async with serving.served(app) as address:  # type: ignore[arg-type] # any ASGI app will do
        made.address = address
        yield made
