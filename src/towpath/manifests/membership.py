"""To which product, environment and component an application belongs.

Annotations first, then the environment that covers the destination, then the name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from towpath.domain import catalog
from towpath.manifests import clusters

PRODUCT = "towpath.dev/product"
CODEFRESH_PRODUCT = "codefresh.io/product"
ENVIRONMENT = "towpath.dev/environment"
COMPONENT = "towpath.dev/component"
ANNOTATIONS = (PRODUCT, CODEFRESH_PRODUCT, ENVIRONMENT, COMPONENT)


@dataclass(frozen=True, slots=True)
class Placed:
    """An application where it belongs, and what was in doubt."""

    application: catalog.Application
    problems: tuple[catalog.Problem, ...] = ()


def placed(
    application: catalog.Application,
    environments: Mapping[str, catalog.Environment],
    known: Iterable[clusters.KnownCluster],
) -> Placed:
    """The application with product, environment and component.

    An application of no product is nobody's concern here: of it nothing is said.
    """
    notes = application.annotations
    product = notes.get(PRODUCT) or notes.get(CODEFRESH_PRODUCT, "")
    covering = _covering(application.destination, environments, known)
    environment = notes.get(ENVIRONMENT) or (covering[0] if len(covering) == 1 else "")
    component = notes.get(COMPONENT) or (
        component_name(application.name, product, environment) if product else ""
    )
    whole = replace(application, product=product, environment=environment, component=component)
    return Placed(whole, _doubts(whole, covering) if product else ())


def _covering(
    destination: catalog.Destination,
    environments: Mapping[str, catalog.Environment],
    known: Iterable[clusters.KnownCluster],
) -> list[str]:
    whole = clusters.completed(destination, known)
    return [
        environment.name
        for environment in environments.values()
        if any(cluster.covers(whole) for cluster in environment.clusters)
    ]


def _doubts(application: catalog.Application, covering: list[str]) -> tuple[catalog.Problem, ...]:
    found = []
    name, notes = application.name, application.annotations
    if notes.get(PRODUCT) and notes.get(CODEFRESH_PRODUCT, notes[PRODUCT]) != notes[PRODUCT]:
        said = f"`{name}` names two products: `{PRODUCT}` ({notes[PRODUCT]}) goes first"
        found.append(catalog.Problem(application.origin, "two_products", said, "warning"))
    if not application.environment and len(covering) > 1:
        said = (
            f"`{name}` is covered by the environments {' and '.join(covering)}: "
            f"narrow their namespaces, or name one with the annotation `{ENVIRONMENT}`"
        )
        found.append(catalog.Problem(application.origin, "environment_ambiguous", said))
    elif not application.environment:
        said = (
            f"no environment covers {_shown(application.destination)}, where `{name}` is deployed"
        )
        found.append(catalog.Problem(application.origin, "environment_unknown", said, "notice"))
    return tuple(found)


def _shown(destination: catalog.Destination) -> str:
    cluster = destination.cluster or destination.server
    return f"{cluster} / {destination.namespace}" if destination.namespace else cluster


def component_name(application: str, product: str, environment: str) -> str:
    """The application's name without those of its environment and product.

    `checkout-api-dev` is `api`. Whole words between hyphens only; where nothing is left, the
    product's name.
    """
    without = _without(application, environment, last=True)
    return _without(without, product, last=False) or product


def _without(name: str, part: str, last: bool) -> str:
    """`name` without the words of `part`: at the one end, else at the other, else between."""
    words, unwanted = name.split("-"), part.split("-")
    if not part or len(unwanted) > len(words):
        return name
    ends = [len(words) - len(unwanted), 0]
    between = range(len(words) - len(unwanted) - 1, 0, -1)
    for start in (*(ends if last else reversed(ends)), *between):
        if words[start : start + len(unwanted)] == unwanted:
            return "-".join(words[:start] + words[start + len(unwanted) :])
    return name
