"""Completes notes in the background, so that nobody waits for a registry, tracker or host.

Any number of workers take what is due from one table; who dies is replaced when the lease is over.
Nothing here is waited for by a promotion.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from towpath.history.notes import Notes
from towpath.ports.archive import Archive, Question
from towpath.ports.errors import OutsideError
from towpath.ports.store import StoreUnavailable

log = logging.getLogger(__name__)

AT_ONCE = 4
ASK_EVERY_S = 0.5
LONGEST_S = 240.0
LEASE = timedelta(seconds=LONGEST_S + 60)
PAUSE = timedelta(minutes=1)  # after a making that went wrong


class Resolver:
    """Resolves what is due."""

    def __init__(self, name: str, archive: Archive, notes: Notes) -> None:
        self._name = name
        self._archive = archive
        self._notes = notes

    async def run(self) -> None:
        """Resolve until cancelled. Looks in the table twice a second while nothing is due."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                for question in await self._due(AT_ONCE - len(running)):
                    running.add(asyncio.create_task(self.resolve(question)))
                if running:
                    await asyncio.wait(
                        running, timeout=ASK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(ASK_EVERY_S)
                running = {task for task in running if not task.done()}
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _due(self, limit: int) -> list[Question]:
        if limit <= 0:
            return []
        try:
            return [*await self._archive.due(self._name, limit, LEASE)]
        except StoreUnavailable as error:
            log.warning("no notes are resolved, the database is away: %s", error)
            await asyncio.sleep(ASK_EVERY_S)
            return []

    async def resolve(self, question: Question) -> None:
        """Resolve one; what goes wrong is tried again after a pause."""
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._notes.resolve(question)
            return
        except (StoreUnavailable, OutsideError, TimeoutError) as error:
            log.warning("notes of %s are not complete yet: %s", question.release, error)
        except Exception:
            log.exception("notes of %s could not be made", question.release)
        with suppress(StoreUnavailable):  # then they are due when the lease is over
            await self._archive.put_off(question, PAUSE)
