"""Products as they are shown: what each component has where, and what is on its way.

Everything for a page of products is read in a few queries, whatever their number.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towpath.api.schemas import products as shown
from towpath.api.schemas.configuration import LockShown, TroubleShown
from towpath.api.schemas.releases import ImageShown, ReleaseItem
from towpath.domain import facts
from towpath.domain.catalog import Catalog, Environment, Product
from towpath.domain.status import Status
from towpath.storage.listing import Listed
from towpath.storage.overview import Landed, Trouble
from towpath.storage.queries import Queries


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says of some products."""

    latest: Mapping[str, Listed]
    unended: Mapping[str, Sequence[Listed]]
    landed: Mapping[str, Sequence[Landed]]
    locks: Sequence[facts.Lock]
    troubles: Sequence[Trouble]
    places: Mapping[str, Mapping[str, set[str]]]


async def items(
    queries: Queries, catalog: Catalog, names: Sequence[str]
) -> list[shown.ProductItem]:
    """The products of these names, as rows."""
    known = await _ask(queries, catalog, names)
    return [shown.ProductItem(**_item(catalog, catalog.products[name], known)) for name in names]


async def document(queries: Queries, catalog: Catalog, of: Product) -> shown.ProductDocument:
    """All of one product."""
    known = await _ask(queries, catalog, [of.name])
    holders = [stage for stage in await queries.stages(of.name) if stage.holder]
    landed = known.landed.get(of.name, ())
    brought = await queries.listed(sorted({part.release for part in landed if part.release}))
    return shown.ProductDocument(
        **_item(catalog, of, known),
        links=tuple(shown.LinkShown(title=title, url=url) for title, url in of.links),
        issue_keys=of.issue_keys,
        labels=dict(of.labels),
        origin=str(of.origin),
        locks=tuple(
            LockShown.model_validate(lock) for lock in known.locks if lock.product in ("", of.name)
        ),
        holders=tuple(shown.HolderShown.model_validate(holder) for holder in holders),
        matrix=tuple(_cell(part, brought.get(part.release)) for part in landed),
    )


async def _ask(queries: Queries, catalog: Catalog, names: Sequence[str]) -> _Known:
    return _Known(
        latest=await queries.latest(names),
        unended=_by_product(await queries.unended(names)),
        landed=_landed_by_product(await queries.landed(names)),
        locks=await queries.locks(),
        troubles=await queries.troubles(),
        places=_places(catalog, frozenset(names)),
    )


def _places(catalog: Catalog, names: Collection[str]) -> Mapping[str, Mapping[str, set[str]]]:
    """The components in each environment of the products, found in one pass for all of them."""
    found = defaultdict[str, dict[str, set[str]]](dict)
    for application in catalog.applications:
        if application.product in names and application.environment:
            here = found[application.product].setdefault(application.environment, set())
            here.add(application.component)
    return found


def _by_product(releases: Iterable[Listed]) -> Mapping[str, Sequence[Listed]]:
    found = defaultdict[str, list[Listed]](list)
    for release in releases:
        found[release.product].append(release)
    return found


def _landed_by_product(parts: Iterable[Landed]) -> Mapping[str, Sequence[Landed]]:
    found = defaultdict[str, list[Landed]](list)
    for part in parts:
        found[part.product].append(part)
    return found


def _item(catalog: Catalog, of: Product, known: _Known) -> dict[str, Any]:
    latest = known.latest.get(of.name)
    places = known.places.get(of.name, {})
    return {
        "name": of.name,
        "description": of.description,
        "tags": of.tags,
        "concurrency": of.concurrency.value,
        "configured": of.configured,
        "components": tuple(sorted(set().union(*places.values()))),
        "flows": tuple(dict.fromkeys(use.flow for use in of.flows)),
        "latest": ReleaseItem.model_validate(latest) if latest else None,
        "unended": len(known.unended.get(of.name, ())),
        "trouble": tuple(
            TroubleShown.model_validate(trouble)
            for trouble in known.troubles
            if trouble.subject == of.name
        ),
        "environments": tuple(
            _environment(environment, of.name, known)
            for environment in catalog.ordered_environments
            if environment.name in places
        ),
    }


def _environment(of: Environment, product: str, known: _Known) -> shown.ProductEnvironment:
    name = of.name
    here = [part for part in known.landed.get(product, ()) if part.environment == name]
    newest = max(here, key=lambda part: part.at, default=None)
    return shown.ProductEnvironment(
        name=name,
        kind=of.kind.value,
        versions=tuple(sorted({part.version for part in here if part.version})),
        release=newest.release if newest else "",
        at=newest.at if newest else None,
        status=Status(newest.status) if newest and newest.status else None,
        locked=any(
            lock.environment == name and lock.product in ("", product) for lock in known.locks
        ),
        on_its_way=tuple(_on_its_way(name, known.unended.get(product, ()))),
    )


def _on_its_way(environment: str, releases: Sequence[Listed]) -> Iterator[shown.OnItsWay]:
    for release in releases:
        for place in release.environments:
            if place.name == environment and Status(place.status).acting:
                yield shown.OnItsWay(
                    release=release.id,
                    version=place.version,
                    status=Status(place.status),
                    reason=place.reason,
                    sentence=place.sentence,
                )


def _cell(part: Landed, by: Listed | None) -> shown.Cell:
    return shown.Cell(
        component=part.component,
        environment=part.environment,
        version=part.version,
        revision=part.revision,
        commit=part.commit,
        release=part.release,
        subject=by.subject if by else "",
        initiator=by.initiator if by else "",
        at=part.at,
        status=Status(part.status) if part.status else None,
        images=tuple(
            ImageShown(name=name, tag=tag, digest=digest) for name, tag, digest in part.images
        ),
    )
