"""The configuration in force in this process, and whoever waits for the first or the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from towpath.domain import catalog


@dataclass(frozen=True, slots=True)
class Configured:
    """A usable configuration, and the problems that are known of it or of a newer one."""

    source: str
    revision: str
    problems: Sequence[catalog.Problem]
    problems_revision: str
    serial: int
    catalog: catalog.Catalog


class InForce:
    """Holds the configuration in force. Empty until one was loaded."""

    def __init__(self) -> None:
        self._configured: Configured | None = None
        self._changed = asyncio.Condition()

    @property
    def configured(self) -> Configured | None:
        """The configuration in force, or None before the first."""
        return self._configured

    @property
    def catalog(self) -> catalog.Catalog:
        """The catalog in force; empty before the first."""
        return self._configured.catalog if self._configured else catalog.Catalog()

    async def put(self, configured: Configured) -> None:
        """Put a configuration in force."""
        async with self._changed:
            self._configured = configured
            self._changed.notify_all()

    async def newer_than(self, serial: int) -> Configured:
        """Wait for a configuration with a higher serial than this."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._configured is not None and self._configured.serial > serial
            )
        assert self._configured is not None
        return self._configured
