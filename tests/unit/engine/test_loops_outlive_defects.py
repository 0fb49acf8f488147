"""What a worker does for ever goes on after a defect of ours, or nothing would be looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import cast
from uuid import uuid4

import pytest

from fake_runner import FakeRunner
from towpath.domain import catalog
from towpath.engine import running, worker
from towpath.engine.inforce import Configured, InForce
from towpath.engine.reconcile import Reconciler
from towpath.ports.runs import Advance, Execution, Runs, Turn
from towpath.ports.store import Store, Ticket

ENOUGH = 3


class Defective:
    """Counts what is asked; every answer but the last that a test waits for is a defect."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.enough = asyncio.Event()

    def ask(self, what: str) -> None:
        self.asked.append(what)
        if self.asked.count(what) < ENOUGH:
            raise LookupError("nobody foresaw this")
        self.enough.set()


class DefectiveStore(Defective):
    async def take_looks(self, name: str, limit: int) -> Sequence[Ticket]:
        self.ask("take")
        return ()

    async def renew_leases(self, tickets: Collection[Ticket]) -> None:
        self.ask("renew")


class DefectiveRuns(Defective):
    async def advance_next(self, advance: Advance) -> bool:
        self.ask("advance")
        return False

    async def take_steps(self, name: str, limit: int) -> Sequence[Execution]:
        return ()

    async def renew_steps(self, turns: Collection[Turn], name: str) -> Collection[Turn]:
        self.ask("renew")
        return turns


class NoNews:
    def count(self, channel: str) -> int:
        return 0

    async def wait(self, channel: str, seen: int, seconds: float) -> None:
        await asyncio.sleep(0)


async def _outlived(of: Defective, loop: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(loop())
    try:
        async with asyncio.timeout(20):
            await of.enough.wait()
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (running, worker):
        monkeypatch.setattr(module, "ASK_EVERY_S", 0.001)
        monkeypatch.setattr(module, "RENEW_EVERY_S", 0.001)


async def _worker(store: DefectiveStore) -> worker.Worker:
    in_force = InForce()
    await in_force.put(Configured("test", "1", (), "", 1, catalog.Catalog()))
    there, nobody = cast(Store, store), cast(Reconciler, None)
    return worker.Worker("worker-1", there, NoNews(), nobody, in_force, at_once=1)


def _running(runs: DefectiveRuns) -> running.Running:
    return running.Running("worker-1", cast(Runs, runs), NoNews(), FakeRunner(), at_once=1)


async def test_looks_are_taken_after_a_defect() -> None:
    store = DefectiveStore()
    await _outlived(store, (await _worker(store)).run)


async def test_leases_of_looks_are_renewed_after_a_defect() -> None:
    store = DefectiveStore()
    made = await _worker(store)
    made._running[Ticket("shop-1", 1)] = asyncio.ensure_future(asyncio.sleep(0))
    await _outlived(store, made._renew_for_ever)


async def test_runs_are_advanced_after_a_defect() -> None:
    runs = DefectiveRuns()
    await _outlived(runs, _running(runs).run)


async def test_leases_of_steps_are_renewed_after_a_defect() -> None:
    runs = DefectiveRuns()
    made = _running(runs)
    turn = Turn(uuid4(), "build", 1)
    made._tasks[turn] = asyncio.ensure_future(asyncio.sleep(0))
    await _outlived(runs, made._renew_for_ever)
