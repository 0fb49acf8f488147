"""The first look: what every environment holds when Towpath first hears of it.

It makes no release. A product that is new begins above the highest n that is found in trailers,
so that no id is given twice after a new installation.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from towpath.domain import catalog
from towpath.engine import lines, messages
from towpath.engine.inforce import InForce
from towpath.engine.reading import Found, Reader
from towpath.ports import git
from towpath.ports.store import LandedPart, Store

COMMITS_SEARCHED = 20_000

Revisions = Mapping[tuple[str, str], str]


class Introduction:
    """Records what is found where nothing is recorded yet."""

    def __init__(self, store: Store, door: git.Git, reader: Reader, in_force: InForce) -> None:
        self._store = store
        self._git = door
        self._reader = reader
        self._in_force = in_force
        self._highest: dict[tuple[str, str], Mapping[str, int]] = {}

    async def introduce(self, revisions: Revisions) -> Sequence[str]:
        """Record what is new, and answer with known products that have new components to release.

        A component that is new in a trigger environment of a product known before is a change
        like any other: it is left for a release.
        """
        config = self._in_force.catalog
        recorded = await self._store.places()
        changed = []
        for name, product in config.products.items():
            places = _places(config, name)
            missing = places - set(recorded.get(name, ()))
            if name in recorded:
                triggers = lines.trigger_environments(config, product)
                released = {place for place in missing if place[0] in triggers}
                if released:
                    changed.append(name)
                missing -= released
            if missing or name not in recorded:
                await self._record(config, name, missing, revisions)
        return changed

    async def _record(
        self,
        config: catalog.Catalog,
        product: str,
        places: Collection[tuple[str, str]],
        revisions: Revisions,
    ) -> None:
        found: dict[str, Found] = {}
        for environment in sorted({place[0] for place in places}):
            components = [name for where, name in places if where == environment]
            found[environment] = await self._reader.read(
                config, product, environment, revisions, components
            )
        unread = [c for each in found.values() for c in each.wrong]
        readable = {name: each for name, each in found.items() if each.parts}
        if places and not readable and not unread:
            return  # its repositories have not answered yet
        for environment, each in found.items():
            for component, reason in each.wrong.items():
                subject = f"{product}/{environment}/{component}"
                await self._store.trouble("component", subject, reason)
        await self._store.found(
            product,
            await self._first_n(product, readable.values()),
            {name: _parts(each) for name, each in readable.items()},
            {digest: body for each in readable.values() for digest, body in each.bodies.items()},
        )

    async def _first_n(self, product: str, found: Iterable[Found]) -> int:
        heads = {(part.repository, part.revision) for each in found for part in each.parts.values()}
        return max([(await self._trailers(*head)).get(product, 0) for head in heads], default=0)

    async def _trailers(self, repository: str, head: str) -> Mapping[str, int]:
        """The highest n of each product in the trailers of a branch's history."""
        known = self._highest.get((repository, head))
        if known is None:
            commits = await self._git.commits(repository, None, head, COMMITS_SEARCHED)
            known = highest(
                value for commit in commits for value in commit.trailers.get(messages.RELEASE, ())
            )
            self._highest = {(repository, head): known}
        return known


def highest(releases: Iterable[str]) -> Mapping[str, int]:
    """The highest n of each product among release ids."""
    found: dict[str, int] = {}
    for release in releases:
        if match := re.fullmatch(r"(.+)-(\d{1,18})", release.strip()):
            product, n = match[1], int(match[2])
            found[product] = max(n, found.get(product, 0))
    return found


def _places(config: catalog.Catalog, product: str) -> set[tuple[str, str]]:
    return {
        (environment, component)
        for environment in config.environments_of(product)
        for component in config.components_in(product, environment)
    }


def _parts(found: Found) -> Mapping[str, LandedPart]:
    return {name: LandedPart(part, part.revision) for name, part in found.parts.items()}
