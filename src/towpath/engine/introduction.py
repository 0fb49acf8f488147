"""The first look: what every environment holds when Towpath first hears of it.

It makes no release. A product that is new begins above the highest n that is found in trailers,
so that no id is given twice after a new installation. What was found is read anew, where it was
found, when another template says what is promoted of it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from towpath.domain import catalog, subjects
from towpath.domain.reasons import Reason
from towpath.domain.rules import Rules
from towpath.domain.subjects import Scope
from towpath.engine import defects, lines, messages
from towpath.engine.inforce import InForce
from towpath.engine.reading import Found, Reader
from towpath.ports import git
from towpath.ports.errors import OutsideError
from towpath.ports.store import LandedPart, Store, StoreUnavailable

COMMITS_SEARCHED = 20_000

Revisions = Mapping[tuple[str, str], str]
Place = tuple[str, str]  # environment and component
_Heads = tuple[tuple[tuple[str, str], str], ...]  # the revisions of branches of repositories


@dataclass(frozen=True, slots=True)
class Introduced:
    """The known products with new components to release, and why some could not be looked at."""

    changed: Sequence[str]
    failed: Mapping[str, Reason]


class Introduction:
    """Records what is found where nothing is recorded yet."""

    def __init__(self, store: Store, door: git.Git, reader: Reader, in_force: InForce) -> None:
        self._store = store
        self._git = door
        self._reader = reader
        self._in_force = in_force
        self._highest: dict[tuple[str, str], Mapping[str, int]] = {}
        self._unread: dict[str, set[Place]] = {}
        self._silent: dict[str, set[Place]] = {}

    def unread(self) -> Collection[str]:
        """The repositories of what could not be read, and may be once they change."""
        config = self._in_force.catalog
        return {
            repository
            for product, places in self._unread.items()
            for place in places
            for repository in _repositories(config, product, place)
        }

    async def introduce(self, revisions: Revisions) -> Introduced:
        """Record what is new in the repositories that these revisions are of.

        A component that is new in a trigger environment of a product known before is a change
        like any other: it is left for a release.
        """
        answered = {repository for repository, _ in revisions}
        recorded = await self._store.places()
        found_by = await self._store.found_by()
        changed: list[str] = []
        failed: dict[str, Reason] = {}
        for name in self._in_force.catalog.products:
            try:
                if await self._introduce(name, recorded.get(name), answered, revisions):
                    changed.append(name)
                await self._read_again(name, found_by.get(name, {}), answered, revisions)
            except OutsideError as error:
                failed[name] = error.reason
            except StoreUnavailable:
                raise
            except Exception as error:  # a defect of ours with one product must stop no other
                failed[name] = defects.of(name, error)
        return Introduced(changed, failed)

    async def _introduce(
        self,
        product: str,
        recorded: Collection[Place] | None,
        answered: Collection[str],
        revisions: Revisions,
    ) -> bool:
        """Whether the product has new components to release."""
        config = self._in_force.catalog
        places = _places(config, product)
        silent = {p for p in places if not _repositories(config, product, p) <= set(answered)}
        missing = places - set(recorded or ()) - silent
        again = self._unread.setdefault(product, set())
        released: set[Place] = set()
        if recorded is None:
            if silent == places and places:
                return False
            self._silent[product] = silent  # when they answer, that is their first look
        else:
            triggers = lines.trigger_environments(config, config.products[product])
            first = self._silent.get(product, set())
            released = {place for place in missing - first if place[0] in triggers}
            first -= missing
            await self._forget(product, again - places)
            again -= {place for place in again if place[0] in triggers}
            missing = (missing - released) | (again - silent)
        if missing or recorded is None:
            await self._record(config, product, missing, revisions, anew=recorded is not None)
        return bool(released)

    async def _read_again(
        self,
        product: str,
        found_by: Mapping[Place, Rules | None],
        answered: Collection[str],
        revisions: Revisions,
    ) -> None:
        """Read what was found by the rules of today, where it was by others."""
        config = self._in_force.catalog
        triggers = lines.trigger_environments(config, config.products[product])
        outdated: dict[str, list[str]] = {}
        for environment, component in sorted(_places(config, product) & found_by.keys()):
            place = environment, component
            if found_by[place] not in _rules(config, product, place) and (
                _repositories(config, product, place) <= set(answered)
            ):
                outdated.setdefault(environment, []).append(component)
        for environment, components in outdated.items():
            for at, names in (await self._found_at(product, environment, components)).items():
                found = await self._reader.read(
                    config, product, environment, {**revisions, **dict(at)}, names
                )
                if environment not in triggers:  # there it is the head that may be in trouble
                    await self._note(product, environment, found, anew=True)
                parts = {environment: _parts(found)}
                await self._store.found(product, 0, parts, found.bodies, again=True)

    async def _found_at(
        self, product: str, environment: str, components: Iterable[str]
    ) -> Mapping[_Heads, Sequence[str]]:
        """The components by where they were found; by nothing where those commits are gone.

        In a trigger environment those are left out: what came since would be taken for found.
        """
        config = self._in_force.catalog
        landed = await self._store.landed_in(product, environment)
        is_trigger = environment in lines.trigger_environments(config, config.products[product])
        grouped: dict[_Heads, list[str]] = {}
        for name in components:
            part = landed[name].content
            there = await self._git.is_ancestor(part.repository, part.revision, part.revision)
            several = len(_repositories(config, product, (environment, name))) > 1
            if is_trigger and (several or not there):
                continue
            at: _Heads = (((part.repository, part.branch), part.revision),) if there else ()
            grouped.setdefault(at, []).append(name)
        return grouped

    async def _record(
        self,
        config: catalog.Catalog,
        product: str,
        places: Collection[Place],
        revisions: Revisions,
        *,
        anew: bool,
    ) -> None:
        found: dict[str, Found] = {}
        for environment in sorted({place[0] for place in places}):
            components = [name for where, name in places if where == environment]
            found[environment] = await self._reader.read(
                config, product, environment, revisions, components
            )
        readable = {name: each for name, each in found.items() if each.parts}
        for environment, each in found.items():
            await self._note(product, environment, each, anew=anew)
        await self._store.found(
            product,
            await self._first_n(product, readable.values()),
            {name: _parts(each) for name, each in readable.items()},
            {digest: body for each in readable.values() for digest, body in each.bodies.items()},
        )

    async def _note(self, product: str, environment: str, found: Found, *, anew: bool) -> None:
        """What cannot be read is shown until it can, and is tried again when its branch moves."""
        for component, reason in found.wrong.items():
            self._unread[product].add((environment, component))
            subject = subjects.component(product, environment, component)
            await self._store.trouble(Scope.COMPONENT, subject, reason)
        if anew:
            await self._forget(product, {(environment, component) for component in found.parts})

    async def _forget(self, product: str, places: Iterable[Place]) -> None:
        for environment, component in places:
            self._unread[product].discard((environment, component))
            subject = subjects.component(product, environment, component)
            await self._store.trouble(Scope.COMPONENT, subject, None)

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


def _places(config: catalog.Catalog, product: str) -> set[Place]:
    return {
        (environment, component)
        for environment in config.environments_of(product)
        for component in config.components_in(product, environment)
    }


def _repositories(config: catalog.Catalog, product: str, place: Place) -> set[str]:
    environment, component = place
    return {
        source.repository
        for application in config.components_in(product, environment).get(component, ())
        for _, source, _ in catalog.promotable_sources(application)
    }


def _rules(config: catalog.Catalog, product: str, place: Place) -> Collection[Rules | None]:
    environment, component = place
    applications = config.components_in(product, environment)[component]
    return {config.rules_for(application) for application in applications}


def _parts(found: Found) -> Mapping[str, LandedPart]:
    return {name: LandedPart(part, part.revision) for name, part in found.parts.items()}
