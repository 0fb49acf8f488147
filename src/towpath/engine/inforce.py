"""The configuration in force in this process, and whoever waits for the first or the next one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from towpath.domain import catalog
from towpath.engine import lines


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
        self._redeployed: dict[str, int] = {}
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
            if self._configured:
                for name in lines.redeployed(self._configured.catalog, configured.catalog):
                    self._redeployed[name] = configured.serial
            self._configured = configured
            self._changed.notify_all()

    @property
    def redeployed(self) -> Mapping[str, int]:
        """The products that are read elsewhere than before, by no push, since which serial."""
        return dict(self._redeployed)

    def considered(self, products: Mapping[str, int]) -> None:
        """What they hold there has been looked at, with the configuration of that serial."""
        left = self._redeployed.items() - products.items()
        self._redeployed = dict(left)

    async def newer_than(self, serial: int) -> Configured:
        """Wait for a configuration with a higher serial than this."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._configured is not None and self._configured.serial > serial
            )
        assert self._configured is not None
        return self._configured
