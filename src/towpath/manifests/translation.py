"""Manifests of ours as what the domain knows.

Each function takes a manifest that fits its form, and gives the domain's value. Nothing is
checked here.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from towpath.domain import catalog, rules
from towpath.manifests import (
    environment_kind,
    fields,
    flow_kind,
    policy_kind,
    product_kind,
    repositories,
    template_kind,
)

_KINDS = {"PROD": catalog.EnvironmentKind.PROD, "NON_PROD": catalog.EnvironmentKind.NONPROD}
# In the codefresh.io kinds a template that names no files means every file of the application.
_EVERY_FILE = {"**": (fields.WHOLE_FILE,)}


def environment(
    manifest: environment_kind.Environment, origin: catalog.Origin
) -> catalog.Environment:
    """The environment that a manifest describes."""
    spec = manifest.spec
    return catalog.Environment(
        name=manifest.metadata.name,
        kind=catalog.EnvironmentKind(spec.kind),
        position=spec.position,
        clusters=tuple(
            catalog.Cluster(c.name or "", (c.server or "").rstrip("/"), tuple(c.namespaces))
            for c in spec.clusters
        ),
        windows=tuple(
            catalog.Window(w.kind, w.rrule, w.duration, w.timezone, w.description or "")
            for w in spec.windows
        ),
        tags=tuple(spec.tags),
        labels=manifest.metadata.labels,
        origin=origin,
    )


def product(
    manifest: product_kind.Product | product_kind.CodefreshProduct, origin: catalog.Origin
) -> catalog.Product:
    """The product that a manifest describes."""
    spec = manifest.spec
    common = catalog.Product(
        name=manifest.metadata.name,
        tags=tuple(spec.tags),
        flows=tuple(_flow_use(use) for use in spec.promotion_flows),
        template_ref=spec.promotion_template_ref or "",
        template=_inline(spec.promotion_template, manifest.metadata.name, origin),
        labels=manifest.metadata.labels,
        origin=origin,
    )
    return _with_our_fields(common, spec) if isinstance(spec, product_kind.ProductSpec) else common


def _with_our_fields(common: catalog.Product, spec: product_kind.ProductSpec) -> catalog.Product:
    return replace(
        common,
        description=spec.description or "",
        links=tuple((link.title, link.url) for link in spec.links),
        concurrency=catalog.Concurrency(spec.concurrency),
        components=tuple(_component(component) for component in spec.components),
        issue_keys=tuple(spec.issue_keys),
    )


def _component(component: product_kind.Component) -> catalog.Component:
    return catalog.Component(
        name=component.name,
        repository=repositories.address(component.repository or ""),
        paths=tuple(component.paths),
        images=tuple(component.images),
        tag=component.tag or "",
    )


def _flow_use(use: product_kind.FlowUse) -> catalog.FlowUse:
    return catalog.FlowUse(
        use.name,
        tuple(
            catalog.TriggerSelector(s.key, s.operator, tuple(s.values))
            for s in use.git_trigger_selectors
        ),
    )


def _inline(
    spec: template_kind.CodefreshInlineTemplate | None, name: str, origin: catalog.Origin
) -> catalog.Template | None:
    return None if spec is None else _template(spec, name, origin)


def template(
    manifest: template_kind.PromotionTemplate | template_kind.CodefreshPromotionTemplate,
    origin: catalog.Origin,
) -> catalog.Template:
    """The template that a manifest describes."""
    spec = manifest.spec
    selector = spec.application_source_selector or template_kind.LabelSelector()
    expressions = tuple(
        catalog.LabelExpression(e.key, e.operator, tuple(e.values))
        for e in selector.match_expressions
    )
    return replace(
        _template(spec, manifest.metadata.name, origin),
        priority=spec.priority,
        match_labels=selector.match_labels,
        match_expressions=expressions,
    )


def _template(
    spec: template_kind.CodefreshInlineTemplate, name: str, origin: catalog.Origin
) -> catalog.Template:
    version = spec.version_source
    absent = None if isinstance(spec, template_kind.InlineTemplate) else _EVERY_FILE
    promotion = spec.promotion
    return catalog.Template(
        name=name,
        version_source=rules.VersionSource(version.file, version.json_path) if version else None,
        promotion=absent
        if promotion is None
        else {file: _paths(promoted.json_paths) for file, promoted in promotion.items()},
        images=tuple(
            rules.ImageSource(image.file, image.repository, image.tag or "", image.digest or "")
            for image in (spec.images if isinstance(spec, template_kind.InlineTemplate) else ())
        ),
        origin=origin,
    )


def _paths(paths: Sequence[str]) -> tuple[str, ...]:
    """A file taken whole is taken whole, whatever else is named of it."""
    return (fields.WHOLE_FILE,) if fields.WHOLE_FILE in paths else tuple(paths)


def policy(
    manifest: policy_kind.PromotionPolicy | policy_kind.CodefreshPromotionPolicy,
    origin: catalog.Origin,
) -> catalog.Policy:
    """The policy that a manifest describes. An empty criterion selects all, as an absent one."""
    spec = manifest.spec
    product, target = spec.selector.product, spec.selector.target_environment
    return catalog.Policy(
        name=manifest.metadata.name,
        priority=spec.priority,
        settings=_settings(spec.policy),
        product_names=tuple(product.names) or None,
        product_tags=tuple(product.tags) or None,
        environment_names=tuple(target.names) or None,
        environment_kinds=tuple(_KINDS[name] for name in target.types) or None,
        environment_tags=tuple(target.tags) or None,
        origin=origin,
    )


def _settings(spec: policy_kind.CodefreshPolicySettings) -> catalog.PolicySettings:
    action = catalog.PromotionAction(spec.action) if spec.action else None
    if not isinstance(spec, policy_kind.PolicySettings):
        return catalog.PolicySettings(
            action=action, pre_action=spec.pre_action, post_action=spec.post_action
        )
    return catalog.PolicySettings(
        action=action,
        pre_action=spec.pre_action,
        post_action=spec.post_action,
        approval=_approval(spec.approval),
        soak=spec.soak,
        auto_merge=spec.auto_merge,
        sync_timeout=spec.sync_timeout,
        health_timeout=spec.health_timeout,
        degraded_grace=spec.degraded_grace,
        settle=spec.settle,
        sync=spec.sync,
        on_drift=catalog.OnDrift(spec.on_drift) if spec.on_drift else None,
        retries=spec.retries,
    )


def _approval(spec: policy_kind.Approval | None) -> catalog.Approval | None:
    if spec is None:
        return None
    return catalog.Approval(
        required=spec.required,
        teams=tuple(spec.teams),
        users=tuple(spec.users),
        exclude_author=spec.exclude_author,
        rollback=spec.rollback,
    )


def flow(
    manifest: flow_kind.PromotionFlow | flow_kind.CodefreshPromotionFlow, origin: catalog.Origin
) -> catalog.Flow:
    """The flow that a manifest describes."""
    spec, annotations = manifest.spec, manifest.metadata.annotations
    return catalog.Flow(
        name=manifest.metadata.name,
        trigger_environment=spec.trigger_environment,
        steps=tuple(
            catalog.FlowStep(
                step.environment,
                tuple(step.depends_on),
                _settings(step.policy),
                _hooks(step.hooks),
            )
            for step in spec.steps
        ),
        timeout=timedelta(minutes=spec.promotion_timeout_limit),
        hooks=_hooks(spec.hooks),
        post_trigger=spec.post_trigger or "",
        description=annotations.get("description", ""),
        version=annotations.get("version", ""),
        origin=origin,
    )


def _hooks(spec: flow_kind.Hooks) -> catalog.Hooks:
    return catalog.Hooks(spec.on_start or "", spec.on_success or "", spec.on_fail or "")
