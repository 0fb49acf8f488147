"""What is configured, and what is wrong with it."""

from fastapi import APIRouter

from towpath.api import errors, reach
from towpath.api.reach import Reach
from towpath.api.routes.releases import Word
from towpath.api.schemas import configuration as shown
from towpath.api.schemas import plans
from towpath.api.schemas.base import Listing
from towpath.domain import policy, teams
from towpath.domain.catalog import Catalog, Flow, FlowStep
from towpath.domain.subjects import Scope

router = APIRouter(tags=["configuration"])


@router.get("/environments")
async def list_environments(parts: Reach) -> Listing[shown.ConfiguredEnvironment]:
    """Environments in the order of columns, with locks and the products there."""
    catalog = reach.configuration(parts).catalog
    locks = [shown.LockShown.model_validate(lock) for lock in await parts.queries.locks()]
    return Listing(
        items=[
            shown.environment(
                environment,
                tuple(lock for lock in locks if lock.environment == environment.name),
                catalog.products_in(environment.name),
            )
            for environment in catalog.ordered_environments
        ]
    )


@router.get("/flows")
async def list_flows(parts: Reach) -> Listing[shown.FlowItem]:
    """Promotion flows by name."""
    catalog = reach.configuration(parts).catalog
    flows = sorted(catalog.flows.values(), key=lambda flow: flow.name)
    return Listing(
        items=[shown.flow_item(flow, _products_of(catalog, flow.name)) for flow in flows]
    )


@router.get("/flows/{flow}")
async def get_flow(parts: Reach, flow: str) -> shown.FlowDocument:
    """One promotion flow with its steps."""
    catalog = reach.configuration(parts).catalog
    if flow not in catalog.flows:
        raise errors.not_found("flow", flow)
    return shown.flow_document(catalog.flows[flow], _products_of(catalog, flow))


def _products_of(catalog: Catalog, flow: str) -> tuple[str, ...]:
    products = catalog.products.values()
    return tuple(sorted(p.name for p in products if any(use.flow == flow for use in p.flows)))


@router.get("/policies")
async def list_policies(parts: Reach) -> Listing[shown.PolicyItem]:
    """Promotion policies, those that go first first."""
    policies = reach.configuration(parts).catalog.policies
    ranked = sorted(policies, key=lambda each: (-each.priority, each.name))
    return Listing(items=[shown.policy_item(each) for each in ranked])


@router.get("/policies/evaluate")
async def evaluate_policy(
    parts: Reach, product: Word, environment: Word, flow: Word = ""
) -> shown.PolicyEvaluation:
    """The settings in force, the origin of each, and why the others lost; hooks and windows.

    Without `flow`, the product's only flow through the environment; with several, none.
    """
    catalog = reach.configuration(parts).catalog
    reach.product(parts, product)
    if environment not in catalog.environments:
        raise errors.not_found("environment", environment)
    if flow and flow not in catalog.flows:
        raise errors.not_found("flow", flow)
    steps = _steps(catalog, product, environment, flow)
    if flow and environment not in catalog.flows[flow].environments:
        raise errors.not_found(f"environment of flow {flow}", environment)
    chosen, step = steps[0] if len(steps) == 1 else (None, None)
    return shown.PolicyEvaluation(
        product=product,
        environment=environment,
        flow=chosen.name if chosen else flow,
        flows=tuple(each.name for each, _ in steps),
        settings=tuple(plans.settings(policy.resolve(catalog, product, environment, step))),
        hooks=shown.hooks(chosen, step) if chosen and step else (),
        windows=shown.windows(catalog.environments[environment], parts.clock()),
    )


def _steps(
    catalog: Catalog, product: str, environment: str, flow: str
) -> list[tuple[Flow, FlowStep]]:
    used = [flow] if flow else [use.flow for use in catalog.products[product].flows]
    known = [catalog.flows[name] for name in dict.fromkeys(used) if name in catalog.flows]
    return [(f, step) for f in known for step in f.steps if step.environment == environment]


@router.get("/configuration")
async def get_configuration(parts: Reach) -> shown.ConfigurationDocument:
    """Where the configuration in force is from, and what is wrong with it or a newer one."""
    config = reach.configuration(parts)
    catalog = config.catalog
    unmanned = teams.unknown(catalog, parts.settings.teams)
    counted = ("products", "environments", "flows", "policies", "templates", "applications")
    return shown.ConfigurationDocument(
        source=config.source,
        revision=config.revision,
        problems=tuple(shown.problem(each) for each in (*config.problems, *unmanned)),
        problems_revision=config.problems_revision,
        counts={name: len(getattr(catalog, name)) for name in counted},
        trouble=tuple(
            shown.TroubleShown.model_validate(each)
            for each in await parts.queries.troubles()
            if each.scope != Scope.DRIFT  # which is of a product
        ),
    )
