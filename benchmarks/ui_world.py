"""What the benchmark of the web interface looks at: a company in the tables, and a server."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from towpath.api import app as api
from towpath.api.parts import Configuration, Parts
from towpath.domain import catalog, content, creation, release, values
from towpath.domain.release import Release, Trigger
from towpath.domain.status import Status
from towpath.storage import codec, database, embedded, schema, tables
from towpath.storage.answers import Answers
from towpath.storage.queries import Queries

GITOPS = "https://git.example.com/gitops"
NEWEST = datetime.now(UTC)
LONG_FLOW, LONG_PRODUCT = 60, "long"
PARTS = tuple(f"component-{n}" for n in range(10))
INSERT_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class World:
    """A server at its address, and the long release that is looked at."""

    address: str
    engine: AsyncEngine
    long: Release


@asynccontextmanager
async def world(products: int, environments: int, releases: int) -> AsyncIterator[World]:
    """Every product in every environment, with releases; and one product along a long flow."""
    config = configured(products, environments)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded.running(Path(folder) / "data") as server:
            await schema.upgrade(server.url)
            engine = database.connect(server.url)
            try:
                long = await fill(engine, config, releases)
                async with served(engine, config) as address:
                    yield World(address, engine, long)
            finally:
                await engine.dispose()


def configured(products: int, environments: int) -> catalog.Catalog:
    """Every product in every environment, one component each; and the long one."""
    names = [f"env-{n:03d}" for n in range(environments)]
    short = catalog.Flow(
        "short",
        names[0],
        tuple(catalog.FlowStep(name, (before,)) for before, name in itertools.pairwise(names[:6])),
    )
    long = long_flow()
    ordinary = [f"product-{n:03d}" for n in range(products)]
    applications = [
        *((product, "api", name) for product in ordinary for name in names),
        *((LONG_PRODUCT, part, name) for part in PARTS for name in long.environments),
    ]
    used = {**dict.fromkeys(ordinary, short), LONG_PRODUCT: long}
    return catalog.Catalog(
        products={
            name: catalog.Product(name, flows=(catalog.FlowUse(flow.name),))
            for name, flow in used.items()
        },
        environments={
            name: catalog.Environment(name, position=place)
            for place, name in enumerate(dict.fromkeys((*names, *long.environments)))
        },
        flows={flow.name: flow for flow in (short, long)},
        applications=tuple(_application(*each) for each in applications),
    )


def long_flow() -> catalog.Flow:
    """Sixty environments: twelve groups behind each other, each one before four side by side."""
    names = [f"env-{n:03d}" for n in range(LONG_FLOW)]
    steps = tuple(
        catalog.FlowStep(name, (names[(at // 5) * 5] if at % 5 else names[at - 1],))
        for at, name in enumerate(names)
        if at
    )
    return catalog.Flow("long", names[0], steps)


def _application(product: str, component: str, environment: str) -> catalog.Application:
    return catalog.Application(
        f"{product}-{component}-{environment}",
        (catalog.Source(GITOPS, f"{product}/{component}/{environment}"),),
        catalog.Destination("local"),
        product=product,
        environment=environment,
        component=component,
    )


def a_release(config: catalog.Catalog, product: str, n: int, at: datetime) -> Release:
    """The n-th release of a product: come as far as its number says."""
    flow = config.flows["long" if product == LONG_PRODUCT else "short"]
    parts = PARTS if product == LONG_PRODUCT else ("api",)
    carried = {name: _content(f"1.{n}.0") for name in parts}
    sha = f"{n * 7919:08x}" * 5
    commit = release.TriggerCommit(GITOPS, "main", sha, f"Change number {n}", "Ada", "", at)
    origin = creation.Origin(product, n, Trigger.HEAD, f"person-{n % 40}", at, carried)
    made = creation.along(flow, origin, config, f"{product}/main", (commit,))
    reached = len(made.promotions) // 2 if n % 7 == 0 else len(made.promotions)
    promotions = tuple(
        each if place > reached else _stands(each, place == reached, at)
        for place, each in enumerate(made.promotions)
    )
    return replace(made, promotions=promotions, ended_at=at + timedelta(minutes=20))


def _stands(of: release.Promotion, running: bool, at: datetime) -> release.Promotion:
    status = Status.RUNNING if running else Status.SUCCEEDED
    phases = tuple(replace(phase, status=status, started_at=at) for phase in of.phases)
    return replace(of, phases=phases, started_at=at, ended_at=None if running else at)


def _content(version: str) -> content.ComponentContent:
    place = (values.Key("image"), values.Key("tag"))
    file = content.FileContent("values.yaml", (values.Value(place, version),))
    image = content.Image("registry.example.com/api", version)
    source = content.SourceContent(0, GITOPS, (file,))
    return content.ComponentContent((source,), version, (image,), GITOPS, "main", "c" * 40)


def _row(of: Release) -> dict[str, Any]:
    stored, state = codec.dump_release(of)
    same = ("id", "product", "n", "name", "line", "flow", "initiator", "version", "ended", "open")
    return {
        **{name: getattr(of, name) for name in (*same, "created_at", "ended_at")},
        "trigger": of.trigger.value,
        "status": of.status.value,
        "subject": of.commit.subject if of.commit else "",
        "revision": of.commit.sha if of.commit else "",
        "environments": codec.summary(of),
        "content": stored,
        "state": state,
    }


async def fill(engine: AsyncEngine, config: catalog.Catalog, releases: int) -> Release:
    """Releases, and what landed in every environment; the long release."""
    products = [name for name in config.products if name != LONG_PRODUCT]
    rows = [
        _row(a_release(config, products[n % len(products)], n, NEWEST - timedelta(minutes=n)))
        for n in range(1, releases + 1)
    ]
    long = a_release(config, LONG_PRODUCT, 7, NEWEST)
    await _insert(engine, tables.release, [*rows, _row(long)])
    carried = codec.dump_content(_content("1.2.3"))
    landings = [
        {
            "product": app.product,
            "environment": app.environment,
            "component": app.component,
            "version": "1.2.3",
            "content": carried,
        }
        for app in config.applications
    ]
    await _insert(engine, tables.landing, landings)
    async with engine.begin() as connection:
        places = ("product", "environment", "component")
        of_landing = [tables.landing.c[name] for name in (*places, "id")]
        of_landed = [tables.landed.c[name] for name in (*places, "landing")]
        copied = sa.insert(tables.landed).from_select(of_landed, sa.select(*of_landing))
        await connection.execute(copied)
        await connection.execute(sa.text("ANALYZE"))
    return long


async def _insert(engine: AsyncEngine, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    async with engine.begin() as connection:
        for at in range(0, len(rows), INSERT_AT_ONCE):
            await connection.execute(sa.insert(table), rows[at : at + INSERT_AT_ONCE])


@asynccontextmanager
async def served(engine: AsyncEngine, config: catalog.Catalog) -> AsyncIterator[str]:
    """The address of a server on the database."""
    nobody = cast(Any, None)  # nothing is written and no repository is read here
    parts = Parts(
        queries=Queries(engine),
        answers=Answers(engine),
        commands=nobody,
        runs=nobody,
        git=nobody,
        notes=nobody,
        tracing=nobody,
        configuration=lambda: Configuration(config, "configuration", "f" * 40),
    )
    server = uvicorn.Server(
        uvicorn.Config(api.create(parts), port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def change(engine: AsyncEngine, of: Release) -> float:
    """Write the release anew, with an event; the moment of the commit."""
    row = _row(of)
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(tables.release)
            .where(tables.release.c.id == of.id)
            .values(initiator=row["initiator"], content=row["content"], state=row["state"])
        )
        event = {"kind": "ReleaseStarted", "data": {}, "product": of.product, "release": of.id}
        await connection.execute(sa.insert(tables.event).values(**event))
    return time.time() * 1000
