"""How long lists and details take through the HTTP API, at a million releases of 300 products.

    python benchmarks/api.py [--quick] [--json] [--releases N] [--database URL] [--rounds N]

Every filter combination is asked at four depths: the first page, and pages that begin 30, 400 and
1,000 days back. Times are milliseconds for one answer of 50 releases over loopback, with one
client. The floor beside them is `GET /healthz`: what the HTTP server itself takes. Without
`--database` an embedded server is started in a temporary folder and filled (some minutes);
a database that was filled before is used as it is.
"""

import argparse
import asyncio
import base64
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import sqlalchemy as sa
import uvicorn
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

import bulk
from towpath import bootstrap
from towpath.api import app as api
from towpath.api.parts import Configuration, Parts
from towpath.domain import catalog
from towpath.storage import database, embedded
from towpath.storage.answers import Answers
from towpath.storage.queries import Queries

MILLION = 1_000_000
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
DEPTHS = (0, 30, 400, 1000)  # days
LIMIT_MS = 50.0

Query = Mapping[str, str | Sequence[str]]


def _ago(days: int) -> str:
    return (NEWEST - timedelta(days=days)).isoformat()


_QA_FAILED = {"environment": "qa", "environment_status": "failed"}
LISTS: Mapping[str, Query] = {
    "no filter": {},
    "product, large": {"product": "product-1"},
    "product, small": {"product": "product-300"},
    "status, common": {"status": "succeeded"},
    "status, rare": {"status": "error"},
    "three statuses": {"status": ["failed", "error", "terminated"]},
    "flow": {"flow": "flow-12"},
    "initiator, rare": {"initiator": "person-400"},
    "environment": {"environment": "prod-ap"},
    "environment and status": _QA_FAILED,
    "environment and rare status": {"environment": "prod-ap", "environment_status": "suspended"},
    "since": {"since": _ago(30)},
    "range": {"since": _ago(430), "until": _ago(400)},
    "not ended": {"ended": "false"},
    "word, common": {"q": "fix"},
    "word, rare": {"q": "word4999"},
    "two words": {"q": "fix word12"},
    "issue key": {"q": "PAY-4242"},
    "beginning of a word": {"q": "word49*"},
    "revision": {"q": "a1b2c"},
    "nothing found": {"q": "zebra"},
    "product, status": {"product": "product-1", "status": "failed"},
    "product, two statuses": {"product": "product-1", "status": ["failed", "error"]},
    "product, flow": {"product": "product-1", "flow": "flow-7"},
    "product, initiator": {"product": "product-1", "initiator": "person-400"},
    "product, not ended": {"product": "product-2", "ended": "false"},
    "product, environment": {"product": "product-1", **_QA_FAILED},
    "product, word": {"product": "product-1", "q": "word12"},
    "product, range": {"product": "product-1", "since": _ago(430), "until": _ago(400)},
    "initiator, status": {"initiator": "person-300", "status": "error"},
    "flow, status": {"flow": "flow-12", "status": "error"},
    "word, environment": {"q": "word12", **_QA_FAILED},
    "word, status": {"q": "fix", "status": "error"},
    "range, environment": {"since": _ago(800), "until": _ago(790), **_QA_FAILED},
    "everything": {
        "product": "product-1",
        "status": "failed",
        "flow": "flow-1",
        "initiator": "person-1",
        **_QA_FAILED,
        "q": "fix",
        "since": _ago(900),
        "until": _ago(10),
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one request at one depth, in milliseconds."""

    name: str
    depth_days: int
    p50: float
    p95: float
    items: int


def main() -> None:
    """Measure and print."""
    asked = _arguments()
    bootstrap.collect_less()  # as the server does
    rows = asyncio.run(_measured(asked))
    if asked.json:
        print(json.dumps([{name: getattr(r, name) for name in Row.__slots__} for r in rows]))
    else:
        _print(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="50,000 releases, few rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--releases", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--database", help="postgresql+psycopg://… instead of an embedded server")
    asked = parser.parse_args()
    asked.releases = asked.releases or (50_000 if asked.quick else MILLION)
    asked.rounds = asked.rounds or (5 if asked.quick else 40)
    return asked


async def _measured(asked: argparse.Namespace) -> list[Row]:
    async with _filled(asked) as engine, _client(engine) as client:
        rows = [await _timed(client, "floor: /healthz", 0, "/healthz", {}, asked.rounds)]
        for name, query in LISTS.items():
            for depth in DEPTHS:
                row = await _timed(
                    client, name, depth, "/api/v1/releases", _at(query, depth), asked.rounds
                )
                rows.append(row)
        return rows + await _details(client, asked.rounds)


async def _details(client: httpx.AsyncClient, rounds: int) -> list[Row]:
    newest = (await client.get("/api/v1/releases", params={"limit": 1})).json()["items"][0]["id"]
    paths = {
        "one release": f"/api/v1/releases/{newest}",
        "its events": f"/api/v1/releases/{newest}/events",
        "200 products": "/api/v1/products",
        "one product": "/api/v1/products/product-1",
        "metrics": "/metrics",
    }
    return [await _timed(client, name, 0, path, {}, rounds) for name, path in paths.items()]


def _at(query: Query, depth: int) -> Query:
    """The query with a cursor to that depth, as the list itself would give it."""
    if not depth:
        return query
    place = json.dumps([_ago(depth), MILLION])
    return {**query, "cursor": base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")}


async def _timed(
    client: httpx.AsyncClient, name: str, depth: int, path: str, query: Query, rounds: int
) -> Row:
    took, items = [], 0
    for _ in range(rounds + 1):
        began = time.perf_counter()
        answer = await client.get(path, params=cast(Any, query) or None)
        took.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        items = _items(answer)
    took = sorted(took[1:])  # the first one plans and fills caches
    return Row(name, depth, statistics.median(took), took[int(len(took) * 0.95)], items)


def _items(answer: httpx.Response) -> int:
    is_json = answer.headers["content-type"] == "application/json"
    return len(answer.json().get("items", ())) if is_json else 0


@asynccontextmanager
async def _filled(asked: argparse.Namespace) -> AsyncIterator[AsyncEngine]:
    if asked.database:
        async with _engine(asked.database, asked.releases) as engine:
            yield engine
        return
    with tempfile.TemporaryDirectory() as folder:
        async with (
            embedded.running(Path(folder) / "data") as server,
            _engine(server.url, asked.releases) as engine,
        ):
            yield engine


@asynccontextmanager
async def _engine(url: str, releases: int) -> AsyncIterator[AsyncEngine]:
    engine = database.connect(url)
    try:
        if not await _has_releases(engine):
            await bulk.fill(engine, releases)
        yield engine
    finally:
        await engine.dispose()


async def _has_releases(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        found = await connection.execute(sa.text("SELECT to_regclass('release')"))
        return found.scalar_one() is not None


@asynccontextmanager
async def _client(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which is served on loopback by uvicorn in this process."""
    parts = Parts(
        queries=Queries(engine),
        answers=Answers(engine),
        commands=cast(Any, None),  # nothing is written here
        git=cast(Any, None),
        runs=cast(Any, None),
        notes=cast(Any, None),
        tracing=cast(Any, None),
        configuration=_configuration,
    )
    config = uvicorn.Config(api.create(parts), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            yield client
    finally:
        server.should_exit = True
        await running


def _configuration() -> Configuration:
    return Configuration(_CATALOG, "benchmark", "0" * 40)


_CATALOG = catalog.Catalog(
    products={f"product-{n}": catalog.Product(f"product-{n}") for n in range(1, bulk.PRODUCTS + 1)},
    environments={name: catalog.Environment(name) for name in bulk.ENVIRONMENTS},
    applications=tuple(
        catalog.Application(
            f"product-{n}-{component}-{environment}",
            (),
            catalog.Destination(),
            product=f"product-{n}",
            environment=environment,
            component=component,
        )
        for n in range(1, bulk.PRODUCTS + 1)
        for environment in bulk.ENVIRONMENTS
        for component in ("api", "web", "worker")
    ),
)


def _print(rows: Sequence[Row]) -> None:
    console = Console(width=120)
    table = Table("request", *(f"{depth} d: p50 / p95 ms (items)" for depth in DEPTHS))
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    for name, found in by_name.items():
        table.add_row(name, *(f"{r.p50:.1f} / {r.p95:.1f} ({r.items})" for r in found))
    console.print(table)
    lists = [row for row in rows if row.name in LISTS]
    slow = [row for row in lists if row.p95 >= LIMIT_MS]
    console.print(
        f"{len(lists)} pages, p95 below {LIMIT_MS:.0f} ms for {len(lists) - len(slow)}; slowest p95"
        f" {max(row.p95 for row in lists):.1f} ms, median p50"
        f" {statistics.median(row.p50 for row in lists):.1f} ms"
    )


if __name__ == "__main__":
    main()
