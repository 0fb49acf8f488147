"""Whether the server is there, whether it can work, and how it does."""

import asyncio
from http import HTTPStatus
from importlib import metadata

from fastapi import APIRouter, Request, Response

from towpath.api.metrics import Metrics
from towpath.api.parts import Parts
from towpath.api.reach import Reach
from towpath.api.schemas.base import Shown

router = APIRouter(tags=["health"])
PATIENCE_S = 5.0


class Alive(Shown):
    """The process answers."""

    status: str = "ok"


class Check(Shown):
    """One thing that must be there."""

    name: str
    ok: bool
    detail: str


class Readiness(Shown):
    """Whether the server can do its work, and if not, what is missing."""

    ready: bool
    checks: tuple[Check, ...]


class Version(Shown):
    """What this is."""

    name: str
    version: str


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers; nothing else was asked."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Something is missing"}})
async def readyz(parts: Reach, response: Response) -> Readiness:
    """Whether the database answers and a configuration is loaded."""
    checks = (await _database(parts), _configuration(parts))
    ready = all(check.ok for check in checks)
    if not ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Readiness(ready=ready, checks=checks)


async def _database(parts: Parts) -> Check:
    try:
        async with asyncio.timeout(PATIENCE_S):
            ok = await parts.queries.answers()
    except TimeoutError:
        ok = False
    return Check(name="database", ok=ok, detail="answers" if ok else "does not answer")


def _configuration(parts: Parts) -> Check:
    config = parts.configuration()
    if config is None:
        return Check(name="configuration", ok=False, detail="none has been loaded yet")
    return Check(name="configuration", ok=True, detail=f"{config.source} at {config.revision}")


@router.get("/version")
async def version() -> Version:
    """Name and version of the server."""
    return Version(name="towpath", version=metadata.version("towpath"))


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, parts: Reach) -> Response:
    """Metrics in Prometheus' text format."""
    kept: Metrics = request.app.state.metrics
    text = await kept.text(parts, request.app.state.spreading.followers)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
