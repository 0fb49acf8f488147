"""Which flow a head takes, and which line its release is on."""

import re
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass

from towpath.domain import catalog

SHORTEST_SHA = 7


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """A head as a flow's selectors see it."""

    branch: str
    sha: str
    message: str
    tags: Sequence[str] = ()


def flow_for(
    config: catalog.Catalog, product: catalog.Product, environment: str, head: HeadSeen
) -> catalog.Flow | None:
    """The first of the product's flows behind this trigger environment that takes the head."""
    for use in product.flows:
        flow = config.flows.get(use.flow)
        if flow is None or flow.trigger_environment != environment:
            continue
        if all(_meets(selector, head) for selector in use.selectors):
            return flow
    return None


def trigger_environments(config: catalog.Catalog, product: catalog.Product) -> Sequence[str]:
    """The environments whose heads make releases of the product, in the order of its flows."""
    flows = [config.flows[use.flow] for use in product.flows if use.flow in config.flows]
    return tuple(dict.fromkeys(flow.trigger_environment for flow in flows))


def redeployed(before: catalog.Catalog, after: catalog.Catalog) -> Collection[str]:
    """The products with something in a trigger environment that was not there, or elsewhere."""
    return [n for n, of in after.products.items() if _deployed(after, of) - _deployed(before, of)]


def _deployed(config: catalog.Catalog, product: catalog.Product) -> Set[object]:
    known = config.products.get(product.name, catalog.Product(product.name))
    return {
        (environment, each.component, catalog.promotable_sources(each))
        for environment in trigger_environments(config, known)
        for each in config.applications_of(known.name, environment)
    }


def line(product: str, environment: str, branches: Iterable[str]) -> str:
    """The name of a line: the releases made by heads of these branches through one environment."""
    return f"{product}/{environment}/{'+'.join(sorted(set(branches)))}"


def _meets(selector: catalog.TriggerSelector, head: HeadSeen) -> bool:
    matches = any(_matches(selector.key, value, head) for value in selector.values)
    return matches if selector.operator == "In" else not matches


def _is_like(text: str, value: str) -> bool:
    """Whether the text is the value, where `*` stands for anything and all else for itself."""
    return re.fullmatch(".*".join(map(re.escape, value.split("*"))), text, re.DOTALL) is not None


def _matches(key: str, value: str, head: HeadSeen) -> bool:
    if key == "commitMessage":
        return _is_like(head.message, value) or _is_like(head.message.strip(), value)
    if _is_like(head.branch, value) or any(_is_like(tag, value) for tag in head.tags):
        return True
    return len(value) >= SHORTEST_SHA and head.sha.startswith(value.lower())
