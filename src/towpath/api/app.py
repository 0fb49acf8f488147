"""The HTTP API: endpoints, errors, access and the event stream, on the parts it is given."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib import metadata
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from towpath.api import access, documentation, errors, interface, query
from towpath.api.idempotency import Idempotency
from towpath.api.metrics import Measuring, Metrics
from towpath.api.packing import Packing
from towpath.api.parts import Parts
from towpath.api.routes import (
    configuration,
    environments,
    events,
    health,
    me,
    notes,
    products,
    releases,
    runs,
)
from towpath.api.routes import stream as streaming
from towpath.api.schemas.base import ProblemDocument
from towpath.api.spreading import Spreading

PREFIX = "/api/v1"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": ProblemDocument, "description": "A problem (RFC 9457)"},
    422: {"model": ProblemDocument, "description": "The request is not valid"},
}


def create(parts: Parts) -> FastAPI:
    """The app, not yet running; its event stream runs while the app does."""
    app = _routed()
    app.state.parts = parts
    app.state.spreading = Spreading(parts.queries, parts.settings.most_streams)
    app.state.metrics = Metrics()
    app.state.interface = interface.load(interface.BUILT)
    errors.install(app)
    # The last one added is the first to see a request.
    app.add_middleware(Idempotency, answers=parts.answers)
    app.add_middleware(access.Access, settings=parts.settings)
    # A low level packs JSON to a tenth in a millisecond or two. What is told as it happens, events
    # and logs that grow, must not wait in there.
    app.add_middleware(
        Packing, minimum_size=1024, compresslevel=3, exclude_content_types=("text/*",)
    )
    app.add_middleware(Measuring, metrics=app.state.metrics)
    return app


def description() -> dict[str, Any]:
    """The OpenAPI document, without anything that runs."""
    return _described(_routed())


def _routed() -> FastAPI:
    app = FastAPI(
        title="Towpath",
        version=metadata.version("towpath"),
        description="Releases and promotions: where a change is, and what holds it up.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_spreading,
        generate_unique_id_function=_operation_id,
    )
    app.include_router(_api())
    app.include_router(health.router)
    app.include_router(documentation.router)
    app.include_router(interface.router)  # the last: it takes every path that is left
    app.openapi = partial(_described, app)  # type: ignore[method-assign] # FastAPI's own way
    return app


def _api() -> APIRouter:
    strict = [Depends(query.refuse_unknown)]
    api = APIRouter(prefix=PREFIX, responses=_PROBLEMS, dependencies=strict)
    for topic in (
        *(products, releases, runs, notes, environments, configuration),
        *(events, streaming, me),
    ):
        api.include_router(topic.router)
    return api


@asynccontextmanager
async def _spreading(app: FastAPI) -> AsyncIterator[None]:
    spreading: Spreading = app.state.spreading
    running = asyncio.create_task(spreading.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _described(app: FastAPI) -> dict[str, Any]:
    """FastAPI's description, with the media type that problems really have."""
    if app.openapi_schema is None:
        described = FastAPI.openapi(app)
        for response in _responses(described):
            content = response.get("content", {})
            if "ProblemDocument" in str(content.get("application/json")):
                content["application/problem+json"] = content.pop("application/json")
        app.openapi_schema = described
    return app.openapi_schema


def _responses(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in described["paths"].values():
        for operation in methods.values():
            yield from operation["responses"].values()


def _operation_id(route: APIRoute) -> str:
    return route.name
