"""What must hold of products, policies and the workflows they name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from towpath.domain import catalog
from towpath.manifests import sources, validation

ORIGIN_ANNOTATIONS = ("towpath.dev/workflow-origin", "codefresh.io/workflow-origin")


def problems(
    config: catalog.Catalog, written: sources.Sources, complete: bool
) -> Iterator[catalog.Problem]:
    """Everything wrong with the products and policies of a configuration.

    Of missing applications nothing is said unless the applications are `complete`: those that
    could not be read may be the missing ones.
    """
    own: dict[str, list[catalog.Application]] = defaultdict(list)
    for application in config.applications:
        own[application.product].append(application)
    for product in config.products.values():
        if product.configured:
            yield from _flows(product, config, written)
            yield from _unreachable_flows(product, config, written)
            yield from _template(product, config, written)
            yield from _components(product, own[product.name], written)
            if complete:
                yield from _missing_applications(product, config, written)
    if not {kind for kind, _ in written.broken} & {"Product", "Environment"}:
        yield from _idle_policies(config)  # what is broken may be what they select
    yield from _workflows(config, written)


def _flows(
    product: catalog.Product, config: catalog.Catalog, written: sources.Sources
) -> Iterator[catalog.Problem]:
    if not product.flows:
        said = f"the product `{product.name}` has no promotionFlows: it is promoted by hand only"
        yield catalog.Problem(product.origin, "no_promotion_flow", said, "warning")
    for index, use in enumerate(product.flows):
        if use.flow not in config.flows and not written.mentions("PromotionFlow", use.flow):
            path = ("spec", "promotionFlows", index, "name")
            said = f"there is no PromotionFlow `{use.flow}`"
            said += validation.nearest(use.flow, config.flows)
            yield catalog.Problem(
                written.origin("Product", product.name, *path), "unknown_flow", said
            )


def _unreachable_flows(
    product: catalog.Product, config: catalog.Catalog, written: sources.Sources
) -> Iterator[catalog.Problem]:
    """Flows are tried in order: behind one without conditions, none of its trigger is reached."""
    taken: dict[str, str] = {}
    for index, use in enumerate(product.flows):
        flow = config.flows.get(use.flow)
        if flow is None:
            continue
        first = taken.get(flow.trigger_environment)
        if first:
            path = ("spec", "promotionFlows", index)
            said = f"the flow `{use.flow}` is never reached: `{first}` before it takes every commit"
            yield catalog.Problem(
                written.origin("Product", product.name, *path), "flow_unreachable", said, "warning"
            )
        elif not use.selectors:
            taken[flow.trigger_environment] = use.flow


def _template(
    product: catalog.Product, config: catalog.Catalog, written: sources.Sources
) -> Iterator[catalog.Problem]:
    ref = product.template_ref
    origin = written.origin("Product", product.name, "spec", "promotionTemplateRef")
    if ref and ref not in config.templates and not written.mentions("PromotionTemplate", ref):
        said = f"there is no PromotionTemplate `{ref}`{validation.nearest(ref, config.templates)}"
        yield catalog.Problem(origin, "unknown_template", said)
    if ref and product.template:
        said = "promotionTemplate and promotionTemplateRef are both given"
        ours = written.is_ours("Product", product.name)
        tail = ": take one of them" if ours else ": promotionTemplate goes first"
        severity = "error" if ours else "warning"
        yield catalog.Problem(origin, "two_templates", said + tail, severity)


def _components(
    product: catalog.Product,
    applications: Iterable[catalog.Application],
    written: sources.Sources,
) -> Iterator[catalog.Problem]:
    times = Counter(component.name for component in product.components)
    for index, component in enumerate(product.components):
        path = ("spec", "components", index, "name")
        origin = written.origin("Product", product.name, *path)
        if times[component.name] > 1:
            said = f"the component `{component.name}` is given {times[component.name]} times"
            yield catalog.Problem(origin, "duplicate_name", said)
            times[component.name] = 1
    if not product.components:
        return
    for application in applications:
        if application.component not in times:
            said = (
                f"`{application.name}` is the component `{application.component}`, "
                f"which the product `{product.name}` does not list"
                f"{validation.nearest(application.component, times)}"
            )
            yield catalog.Problem(application.origin, "unknown_component", said, "warning")


def _missing_applications(
    product: catalog.Product, config: catalog.Catalog, written: sources.Sources
) -> Iterator[catalog.Problem]:
    present = set(config.environments_of(product.name))
    for index, use in enumerate(product.flows):
        flow = config.flows.get(use.flow)
        missing = [name for name in flow.environments if name not in present] if flow else []
        if missing:
            path = ("spec", "promotionFlows", index, "name")
            said = (
                f"the product `{product.name}` has no application in "
                f"{', '.join(f'`{name}`' for name in missing)} of the flow `{use.flow}`"
            )
            yield catalog.Problem(
                written.origin("Product", product.name, *path),
                "application_missing",
                said,
                "warning",
            )


def _idle_policies(config: catalog.Catalog) -> Iterator[catalog.Problem]:
    for policy in config.policies:
        product = any(_speaks_for_product(policy, p) for p in config.products.values())
        environment = any(_speaks_for_environment(policy, e) for e in config.environments.values())
        if not product or not environment:
            what = "product" if not product else "environment"
            said = f"the policy `{policy.name}` selects no {what} of this configuration"
            yield catalog.Problem(policy.origin, "policy_selects_nothing", said, "warning")


def _speaks_for_product(policy: catalog.Policy, product: catalog.Product) -> bool:
    return (policy.product_names is None or product.name in policy.product_names) and (
        policy.product_tags is None or bool(set(product.tags) & set(policy.product_tags))
    )


def _speaks_for_environment(policy: catalog.Policy, environment: catalog.Environment) -> bool:
    return (
        (policy.environment_names is None or environment.name in policy.environment_names)
        and (policy.environment_kinds is None or environment.kind in policy.environment_kinds)
        and (
            policy.environment_tags is None
            or bool(set(environment.tags) & set(policy.environment_tags))
        )
    )


def _workflows(config: catalog.Catalog, written: sources.Sources) -> Iterator[catalog.Problem]:
    for kind, name, path, workflow in _workflow_uses(config):
        found = config.workflows.get(workflow)
        if found is not None and is_promotion_workflow(found):
            continue
        code, said = (
            ("unknown_workflow", f"there is no WorkflowTemplate `{workflow}` in this configuration")
            if found is None
            else (
                "not_a_promotion_workflow",
                f"the WorkflowTemplate `{workflow}` lacks the annotation "
                f"`{ORIGIN_ANNOTATIONS[0]}: promotion`",
            )
        )
        hint = validation.nearest(workflow, config.workflows) if found is None else ""
        yield catalog.Problem(written.origin(kind, name, *path), code, said + hint, "warning")


_Use = tuple[str, str, tuple[str | int, ...], str]


def _workflow_uses(config: catalog.Catalog) -> Iterator[_Use]:
    for policy in config.policies:
        yield from _of_settings("PromotionPolicy", policy.name, ("spec", "policy"), policy.settings)
    for flow in config.flows.values():
        kind, name = "PromotionFlow", flow.name
        if flow.post_trigger:
            yield kind, name, ("spec", "postTrigger"), flow.post_trigger
        yield from _of_hooks(name, ("spec", "hooks"), flow.hooks)
        for index, step in enumerate(flow.steps):
            here = ("spec", "steps", index)
            yield from _of_settings(kind, name, (*here, "policy"), step.settings)
            yield from _of_hooks(name, (*here, "hooks"), step.hooks)


def _of_settings(
    kind: str, name: str, path: tuple[str | int, ...], settings: catalog.PolicySettings
) -> Iterator[_Use]:
    if settings.pre_action:
        yield kind, name, (*path, "preAction"), settings.pre_action
    if settings.post_action:
        yield kind, name, (*path, "postAction"), settings.post_action


def _of_hooks(name: str, path: tuple[str | int, ...], hooks: catalog.Hooks) -> Iterator[_Use]:
    given = {
        "onStart": hooks.on_start,
        "onSuccess": hooks.on_success,
        "onFail": hooks.on_fail,
    }
    for field, workflow in given.items():
        if workflow:
            yield "PromotionFlow", name, (*path, field), workflow


def is_promotion_workflow(manifest: object) -> bool:
    """Whether a workflow manifest has the annotation that makes it a promotion workflow."""
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return False
    return any(annotations.get(name) == "promotion" for name in ORIGIN_ANNOTATIONS)
