"""Products as they are shown: what each component has where, and what is on its way.

Everything for a page of products is read in a few queries, whatever their number.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towpath.api.schemas import products as shown
from towpath.api.schemas.configuration import LockShown, TroubleShown
from towpath.api.schemas.releases import ImageShown, ReleaseInShort
from towpath.domain import facts, subjects
from towpath.domain.catalog import Catalog, Environment, Product, promotable_sources
from towpath.domain.status import Status
from towpath.domain.subjects import Scope
from towpath.storage.board import Board
from towpath.storage.listing import Listed
from towpath.storage.overview import Landed, Trouble
from towpath.storage.queries import Queries

Subject = tuple[str, str]  # what is in trouble: a scope, and the name within it


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says of some products."""

    latest: Mapping[str, Listed]
    board: Board
    locked: Mapping[str, Collection[str]]
    troubles: Mapping[str, Sequence[Trouble]]


async def items(
    queries: Queries, catalog: Catalog, names: Sequence[str]
) -> list[shown.ProductItem]:
    """The products of these names, as rows."""
    known = await _ask(queries, catalog, names, await queries.locks())
    return [shown.ProductItem(**_item(catalog, catalog.products[name], known)) for name in names]


async def document(queries: Queries, catalog: Catalog, of: Product) -> shown.ProductDocument:
    """All of one product."""
    locks = await queries.locks()
    known = await _ask(queries, catalog, [of.name], locks)
    holders = [stage for stage in await queries.stages(of.name) if stage.holder]
    landed = await queries.landed([of.name])
    brought = await queries.listed(sorted({part.release for part in landed if part.release}))
    return shown.ProductDocument(
        **_item(catalog, of, known),
        links=tuple(shown.LinkShown(title=title, url=url) for title, url in of.links),
        issue_keys=of.issue_keys,
        labels=dict(of.labels),
        origin=str(of.origin),
        locks=tuple(
            LockShown.model_validate(lock) for lock in locks if lock.product in ("", of.name)
        ),
        holders=tuple(shown.HolderShown.model_validate(holder) for holder in holders),
        matrix=tuple(
            _cell(part, brought.get(part.release))
            for part in landed
            if part.component in catalog.components_in(of.name, part.environment)
        ),
    )


async def _ask(
    queries: Queries, catalog: Catalog, names: Sequence[str], locks: Sequence[facts.Lock]
) -> _Known:
    locked = defaultdict[str, set[str]](set)
    for lock in locks:
        locked[lock.environment].add(lock.product)
    troubles = _by_product(catalog, await queries.troubles())
    return _Known(await queries.latest(names), await queries.board(names), locked, troubles)


def _by_product(catalog: Catalog, troubles: Sequence[Trouble]) -> Mapping[str, Sequence[Trouble]]:
    """What is wrong with each product, with its components, and with what they are read from."""
    known = {(trouble.scope, trouble.subject): trouble for trouble in troubles}
    found = defaultdict[str, dict[Subject, Trouble]](dict)
    for product, subject in _subjects(catalog) if known else ():
        if subject in known:
            found[product][subject] = known[subject]
    return {product: tuple(of.values()) for product, of in found.items()}


def _subjects(catalog: Catalog) -> Iterator[tuple[str, Subject]]:
    for product in catalog.products:
        yield product, (Scope.PRODUCT, product)
    for one in catalog.applications:
        part = subjects.component(one.product, one.environment, one.component)
        yield one.product, (Scope.COMPONENT, part)
        yield one.product, (Scope.DRIFT, part)
        for _, source, _ in promotable_sources(one):
            yield one.product, (Scope.REPOSITORY, source.repository)
            branch = subjects.branch(source.repository, source.revision)
            yield one.product, (Scope.BRANCH, branch)


def _item(catalog: Catalog, of: Product, known: _Known) -> dict[str, Any]:
    latest = known.latest.get(of.name)
    return {
        "name": of.name,
        "description": of.description,
        "tags": of.tags,
        "concurrency": of.concurrency.value,
        "configured": of.configured,
        "components": catalog.components_of(of.name),
        "flows": tuple(dict.fromkeys(use.flow for use in of.flows)),
        "latest": ReleaseInShort.model_validate(latest) if latest else None,
        "unended": known.board.unended.get(of.name, 0),
        "trouble": tuple(
            TroubleShown.model_validate(trouble) for trouble in known.troubles.get(of.name, ())
        ),
        "environments": tuple(
            _environment(catalog, catalog.environments[name], of.name, known)
            for name in catalog.environments_of(of.name)
        ),
    }


def _environment(
    catalog: Catalog, of: Environment, product: str, known: _Known
) -> shown.ProductEnvironment:
    standing = known.board.standing.get((product, of.name))
    there = {each.component for each in catalog.applications_of(product, of.name)}
    versions = {v for name, v in standing.versions.items() if name in there} if standing else set()
    locked = known.locked.get(of.name, ())
    return shown.ProductEnvironment(
        name=of.name,
        kind=of.kind.value,
        versions=tuple(sorted(versions - {""})),
        release=standing.release if standing else "",
        at=standing.at if standing else None,
        status=standing.status if standing else None,
        locked=product in locked or "" in locked,
        on_its_way=tuple(
            shown.OnItsWay.model_validate(coming)
            for coming in known.board.coming.get((product, of.name), ())
        ),
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
