"""What must hold of a flow: its steps form a graph without cycles, over environments that exist."""

from collections.abc import Iterable, Iterator, Mapping

from towpath.domain import catalog
from towpath.manifests import sources, validation

_KIND = "PromotionFlow"


def problems(config: catalog.Catalog, written: sources.Sources) -> Iterator[catalog.Problem]:
    """Everything wrong with the flows of a configuration."""
    for flow in config.flows.values():
        yield from _twice(flow, written)
        yield from _unknown_dependencies(flow, written)
        yield from _cycle(flow, written)
        yield from _unknown_environments(flow, config, written)


def _twice(flow: catalog.Flow, written: sources.Sources) -> Iterator[catalog.Problem]:
    seen = {flow.trigger_environment}
    for index, step in enumerate(flow.steps):
        if step.environment in seen:
            origin = written.origin(_KIND, flow.name, "spec", "steps", index, "environment")
            said = f"the environment `{step.environment}` is in the flow `{flow.name}` twice"
            yield catalog.Problem(origin, "environment_twice", said)
        seen.add(step.environment)


def _unknown_dependencies(
    flow: catalog.Flow, written: sources.Sources
) -> Iterator[catalog.Problem]:
    known = set(flow.environments)
    for index, step in enumerate(flow.steps):
        for position, name in enumerate(step.depends_on):
            if name not in known:
                path = ("spec", "steps", index, "dependsOn", position)
                said = (
                    f"`{step.environment}` depends on `{name}`, which is neither the trigger "
                    f"environment nor a step of the flow `{flow.name}`"
                    f"{validation.nearest(name, known)}"
                )
                yield catalog.Problem(
                    written.origin(_KIND, flow.name, *path), "unknown_dependency", said
                )


def _cycle(flow: catalog.Flow, written: sources.Sources) -> Iterator[catalog.Problem]:
    """The first cycle, from the step that is written first in it."""
    after = {step.environment: step.depends_on for step in flow.steps}
    after[flow.trigger_environment] = ()
    cycle = cycle_of(after)
    if not cycle:
        return
    order = [step.environment for step in flow.steps]
    start = min(range(len(cycle)), key=lambda i: order.index(cycle[i]))
    named = [*cycle[start:], *cycle[:start], cycle[start]]
    origin = written.origin(_KIND, flow.name, "spec", "steps", order.index(named[0]), "dependsOn")
    said = f"the flow `{flow.name}` has a cycle: {' needs '.join(named)}"
    yield catalog.Problem(origin, "flow_cycle", said)


def cycle_of(after: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of one cycle of a graph, in its order; empty if it has none."""
    done: set[str] = set()
    for start in after:
        way: list[str] = []
        ahead = [iter((start,))]
        while ahead:
            name = next(ahead[-1], None)
            if name is None:
                ahead.pop()
                if way:
                    done.add(way.pop())
            elif name in way:
                return way[way.index(name) :]
            elif name not in done and name in after:
                way.append(name)
                ahead.append(iter(after[name]))
    return []


def _unknown_environments(
    flow: catalog.Flow, config: catalog.Catalog, written: sources.Sources
) -> Iterator[catalog.Problem]:
    for path, name in environment_uses(flow):
        if name not in config.environments and not written.mentions("Environment", name):
            said = (
                f"nothing defines the environment `{name}` of the flow `{flow.name}`"
                f"{validation.nearest(name, config.environments)}"
            )
            yield catalog.Problem(
                written.origin(_KIND, flow.name, *path), "unknown_environment", said
            )


def environment_uses(flow: catalog.Flow) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every place of a flow that names one of its environments, and the name."""
    yield ("spec", "triggerEnvironment"), flow.trigger_environment
    for index, step in enumerate(flow.steps):
        yield ("spec", "steps", index, "environment"), step.environment
