"""A worker: takes looks that are due, keeps their leases, and gives them back.

Any number of workers share one database. One that dies loses its leases, and others go on where
it stood; one that was only paused finds at its next write that its look is somebody else's.
"""

import asyncio
import logging
import random
from collections.abc import MutableMapping
from datetime import timedelta

from towpath.engine.inforce import InForce
from towpath.engine.reconcile import Reconciler
from towpath.ports.store import LeaseLost, Signals, Store, StoreUnavailable, Ticket

log = logging.getLogger(__name__)

LOOKS = "towpath_looks"
RENEW_EVERY_S = 3.0
ASK_EVERY_S = 1.0
AFTER_FAULT_S = 15.0
PATIENCE_AT_STOP_S = 20.0


class Worker:
    """Runs looks, `at_once` at a time."""

    def __init__(
        self,
        name: str,
        store: Store,
        signals: Signals,
        reconciler: Reconciler,
        in_force: InForce,
        at_once: int,
    ) -> None:
        self._name = name
        self._store = store
        self._signals = signals
        self._reconciler = reconciler
        self._in_force = in_force
        self._at_once = at_once
        self._running: MutableMapping[Ticket, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; then let what is under way end, within 20 s."""
        await self._in_force.newer_than(0)
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            while True:
                await self._turn()
        finally:
            await self._stop()
            renewing.cancel()

    async def _turn(self) -> None:
        seen = self._signals.count(LOOKS)
        self._ended.clear()
        free = self._at_once - len(self._running)
        try:
            tickets = await self._store.take_looks(self._name, free) if free else ()
        except StoreUnavailable as error:
            log.warning("the database does not answer: %s", error)
            await asyncio.sleep(ASK_EVERY_S)
            return
        except Exception:  # this worker must outlive a defect of ours
            log.exception("no looks were taken")
            await asyncio.sleep(ASK_EVERY_S)
            return
        for ticket in tickets:
            self._running[ticket] = asyncio.create_task(self._look(ticket))
        if not tickets:
            await self._news(seen)

    async def _news(self, seen: int) -> None:
        """Wait for a wake-up, for a look of ours to end, or for the next due time at the latest."""
        waits = {
            asyncio.create_task(self._signals.wait(LOOKS, seen, ASK_EVERY_S)),
            asyncio.create_task(self._ended.wait()),
        }
        try:
            await asyncio.wait(waits, timeout=ASK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _look(self, ticket: Ticket) -> None:
        try:
            again = await self._reconciler.look(ticket)
            await self._store.end_look(ticket, again)
        except LeaseLost:
            log.info("%s is looked at by somebody else now", ticket.release)
        except StoreUnavailable as error:
            log.warning("look at %s cut short, the database is away: %s", ticket.release, error)
        except Exception:
            log.exception("look at %s failed", ticket.release)
            await self._again_after_fault(ticket)
        finally:
            self._running.pop(ticket, None)
            self._ended.set()

    async def _again_after_fault(self, ticket: Ticket) -> None:
        """A defect of ours in one look must stop no other, and must not spin."""
        try:
            now = await self._store.now()
            await self._store.end_look(ticket, now + timedelta(seconds=AFTER_FAULT_S))
        except StoreUnavailable as error:
            log.warning("the database is away: %s", error)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S * random.uniform(0.8, 1.0))  # noqa: S311 - jitter
            try:
                if self._running:
                    await self._store.renew_leases(tuple(self._running))
            except StoreUnavailable as error:
                log.warning("leases not renewed, the database is away: %s", error)
            except Exception:  # nobody else would keep what is under way
                log.exception("leases were not renewed")

    async def _stop(self) -> None:
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE_AT_STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
