"""Runs of workflows put into the tables as they are: steps in every state, and a log that grows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.domain.workflow import Manifest, Purpose
from towpath.storage import run_rows, tables

MANIFEST = Manifest(
    "endurance",
    {
        "endurance": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": {"name": "endurance"},
            "spec": {"entrypoint": "main", "activeDeadlineSeconds": 14400},
        }
    },
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a workflow: how it stands, and how many minutes in it began and ended."""

    name: str
    status: Status
    began: float | None = None
    over: float | None = None


LOAD_TEST = (
    Part("warm-up", Status.SUCCEEDED, 0, 2),
    Part("k6-run", Status.RUNNING, 2),
    Part("report", Status.WAITING),
)
MIGRATION = (Part("db-migrate", Status.SUCCEEDED, 0, 1.2),)
SMOKE = (Part("smoke", Status.SUCCEEDED, 1.5, 2.2), Part("e2e", Status.SUCCEEDED, 2.2, 3.8))


async def add(
    engine: AsyncEngine,
    of: Release,
    environment: str,
    purpose: Purpose,
    components: Sequence[str],
    parts: Sequence[Part],
) -> None:
    """One run for each component, the same steps in each."""
    promotion = of.promotion(environment)
    assert promotion is not None
    assert promotion.started_at is not None
    async with engine.begin() as connection:
        manifest = {"digest": "endurance", "data": run_rows.dump_manifest(MANIFEST)}
        if not (await connection.execute(sa.select(tables.manifest.c.digest))).first():
            await connection.execute(sa.insert(tables.manifest).values(manifest))
        for place, component in enumerate(components):
            run = _run(of, environment, purpose, component, place, promotion.started_at, parts)
            await connection.execute(sa.insert(tables.run).values(run))
            for order, part in enumerate(parts):
                row = _step(run, part, order, promotion.started_at)
                await connection.execute(sa.insert(tables.step).values(row))
                if part.began is not None:
                    log = b"".join(lines(part.name, promotion.started_at))
                    key = {"run": run["id"], "step": row["id"], "attempt": 1, "at": 0}
                    await connection.execute(sa.insert(tables.log).values(**key, data=log))


def _run(
    of: Release,
    environment: str,
    purpose: Purpose,
    component: str,
    place: int,
    began: datetime,
    parts: Sequence[Part],
) -> Row:
    running = any(not part.status.ended for part in parts)
    number = sum(map(ord, f"{of.id}{environment}{purpose}{component}")) * 100 + place
    return {
        "id": UUID(int=number),
        "release": of.id,
        "environment": environment,
        "purpose": purpose.value,
        "attempt": 1,
        "application": component,
        "component": component,
        "template": "endurance" if environment == "load-test" else purpose.value.replace("_", "-"),
        "manifest": "endurance",
        "arguments": {"VERSION": of.version},
        "labels": {},
        "status": (Status.RUNNING if running else Status.SUCCEEDED).value,
        "started_at": began,
        "ended_at": None if running else began + timedelta(minutes=4),
        "due_at": None,
    }


def _step(run: Row, part: Part, order: int, began: datetime) -> Row:
    def at(minutes: float | None) -> datetime | None:
        return None if minutes is None else began + timedelta(minutes=minutes)

    return {
        "run": run["id"],
        "id": f"main/{part.name}",
        "place": order,
        "name": part.name,
        "kind": "container",
        "template": part.name,
        "parent": "main",
        "status": part.status.value,
        "attempt": 1,
        "started_at": at(part.began),
        "ended_at": at(part.over),
        "inputs": {"vus": "200", "duration": "4h"} if part.name == "k6-run" else {},
        "outputs": {"exitCode": "0"} if part.status is Status.SUCCEEDED else {},
        "memo": {},
    }


def lines(name: str, began: datetime, count: int = 220) -> Iterator[bytes]:
    """What such a step writes, in colour."""
    if name != "k6-run":
        yield f"{name}: begins\n{name}: \x1b[32mdone\x1b[0m\n".encode()
        return
    for n in range(count):
        at = began + timedelta(minutes=2 + n * 0.8)
        if n % 40 == 37:
            said = "\x1b[33mWARN 3 gateway timeouts in 60 s, all recovered\x1b[0m"
        elif n % 10 == 9:
            said = f"\x1b[32m✓ checkout_total_ms p(95)={330 + n % 13} < 500\x1b[0m"
        else:
            said = f"{n // 60}h{n % 60:02d}m57s  200/200 VUs  {n * 8026:,} done"
        yield f"{at:%H:%M:%S} {said}\n".encode()
