"""Applications read, expanded from sets, and put where they belong."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from towpath.domain import catalog
from towpath.manifests import (
    application_sets,
    clusters,
    flow_checks,
    gathering,
    membership,
    repositories,
    validation,
    values,
)


@dataclass(slots=True)
class Places:
    """The applications of a configuration, and the environments and products they imply.

    `complete` is False where applications are known to exist that could not be read.
    """

    applications: list[catalog.Application] = field(default_factory=list)
    environments: dict[str, catalog.Environment] = field(default_factory=dict)
    products: dict[str, catalog.Product] = field(default_factory=dict)
    problems: list[catalog.Problem] = field(default_factory=list)
    complete: bool = True


def placed(gathered: gathering.Gathered, files: repositories.RepositoryFiles | None) -> Places:
    """All applications of the configuration, each in its product, environment and component."""
    places = Places(
        environments=dict(gathered.environments),
        products=dict(gathered.products),
        complete=gathered.complete,
    )
    known = clusters.known(gathered.known_clusters, gathered.environments.values())
    found = _unique([*gathered.applications, *_of_sets(gathered, files, known, places)], places)
    for application in found:
        at = membership.placed(application, gathered.environments, known)
        places.applications.append(at.application)
        places.problems.extend(at.problems)
    _imply_environments(gathered, places)
    _imply_products(gathered, places)
    return places


def _of_sets(
    gathered: gathering.Gathered,
    files: repositories.RepositoryFiles | None,
    known: tuple[clusters.KnownCluster, ...],
    places: Places,
) -> Iterable[catalog.Application]:
    for document in gathered.application_sets:
        manifest, wrong = values.plain(document)
        if manifest and not wrong:
            found, wrong = application_sets.read(document, manifest, files, known)
            yield from found
        places.problems.extend(wrong)
        places.complete = places.complete and not wrong


def _unique(found: Iterable[catalog.Application], places: Places) -> Iterable[catalog.Application]:
    first: dict[tuple[str, str], catalog.Application] = {}
    for application in found:
        other = first.setdefault((application.namespace, application.name), application)
        if other is application:
            yield application
            continue
        said = (
            f"there are two applications `{application.name}` in the namespace "
            f"`{application.namespace}`; the first is {other.origin}"
        )
        places.problems.append(catalog.Problem(application.origin, "duplicate_name", said))


def _imply_environments(gathered: gathering.Gathered, places: Places) -> None:
    """codefresh.io keeps environments outside git: while none is written here, they are implied."""
    written = gathered.written()
    any_written = written.any_of("Environment")
    if not any_written:
        for flow in gathered.flows.values():
            if not written.is_ours("PromotionFlow", flow.name):
                for path, name in flow_checks.environment_uses(flow):
                    _imply(name, written.origin("PromotionFlow", flow.name, *path), places)
    for application in places.applications:
        name = application.environment
        if not application.product or not name or name in places.environments:
            continue
        if not any_written:
            _imply(name, application.origin, places)
        elif not written.mentions("Environment", name):
            said = (
                f"`{application.name}` names the environment `{name}`, which nothing defines"
                f"{validation.nearest(name, places.environments)}"
            )
            places.problems.append(catalog.Problem(application.origin, "unknown_environment", said))


def _imply(name: str, origin: catalog.Origin, places: Places) -> None:
    if name in places.environments:
        return
    places.environments[name] = catalog.Environment(name, origin=origin)
    said = (
        f"nothing defines the environment `{name}`: taken as one that is not production; "
        "write an Environment to say what it is and covers"
    )
    places.problems.append(catalog.Problem(origin, "environment_implied", said, "warning"))


def _imply_products(gathered: gathering.Gathered, places: Places) -> None:
    written = gathered.written()
    for application in places.applications:
        name = application.product
        if not name or name in places.products or written.mentions("Product", name):
            continue
        places.products[name] = catalog.Product(name, configured=False, origin=application.origin)
        said = (
            f"`{application.name}` names the product `{name}`, which is not configured: "
            f"it is tracked, not promoted{validation.nearest(name, gathered.products)}"
        )
        places.problems.append(
            catalog.Problem(application.origin, "product_implied", said, "notice")
        )
