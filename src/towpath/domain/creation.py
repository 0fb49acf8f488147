"""How a release comes to be: from a new head, from a person's wish, or as a rollback."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from towpath.domain import catalog, content, policy, release, wishes
from towpath.domain.catalog import Catalog, Flow, FlowStep, PromotionAction
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role, Trigger
from towpath.domain.status import Status

_IN_QUEUE = release.Course(
    Status.QUEUED, Reason(Code.QUEUED_BEHIND_RELEASE, "its turn in the queue is not known yet")
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What every new release has, however it is made."""

    product: str
    n: int
    trigger: Trigger
    initiator: str
    at: datetime
    content: content.Content

    @property
    def id(self) -> str:
        """`<product>-<n>`."""
        return f"{self.product}-{self.n}"


def along(
    flow: Flow,
    origin: Origin,
    config: Catalog,
    line: str,
    commits: tuple[release.TriggerCommit, ...],
) -> Release:
    """A release along a flow, made by the newest of `commits` (newest first)."""
    newest = commits[0] if commits else None
    queued = config.products[origin.product].concurrency is catalog.Concurrency.QUEUE
    return replace(
        _bare(origin, _promotions(flow, origin, config)),
        name=newest.sha[:7] if newest else origin.id,
        line=line,
        flow=flow.name,
        commit=newest,
        commits=commits,
        timeout=flow.timeout,
        clock=release.Clock(flow.timeout),
        course=_IN_QUEUE if queued else release.Course(),
        queue_position=origin.n if queued else None,
        hooks=flow.hooks,
        on_start=Phase(PhaseName.ON_START) if flow.hooks.on_start else None,
    )


def by_hand(origin: Origin, config: Catalog, source: str, target: str) -> Release:
    """A manual release: what is in `source` (shown, not verified again) goes to `target`."""
    shown = Promotion(
        source,
        Role.SOURCE,
        (
            Phase(
                PhaseName.SYNC,
                Status.SKIPPED,
                Reason(Code.NOTHING_TO_DO, "taken from here as it is, not verified again"),
            ),
        ),
        version=content.version(origin.content),
    )
    promotions = (shown, _step(FlowStep(target, (source,)), origin, config, None))
    return _bare(origin, promotions)


def back(origin: Origin, config: Catalog, target: str, to: str, *, lock: bool) -> Release:
    """A rollback of `target` to what landed there with the release `to`."""
    step = _step(FlowStep(target, ()), origin, config, None)
    rollback = replace(step, settings=replace(step.settings, soak=None))
    return replace(_bare(origin, (rollback,)), goes_back_to=to, locks=lock)


def not_deployed(made: Release, sha: str) -> Release:
    """A release of a revision that its trigger environment does not hold: shown as its source."""
    reason = Reason(Code.NOTHING_TO_DO, f"read at {sha[:7]}, which is not what is deployed here")
    trigger = replace(
        made.promotions[0],
        role=Role.SOURCE,
        phases=(Phase(PhaseName.SYNC, Status.SKIPPED, reason),),
    )
    return replace(made, promotions=(trigger, *made.promotions[1:]))


def _bare(origin: Origin, promotions: tuple[Promotion, ...]) -> Release:
    return Release(
        id=origin.id,
        product=origin.product,
        n=origin.n,
        name=origin.id,
        trigger=origin.trigger,
        initiator=origin.initiator,
        created_at=origin.at,
        content=origin.content,
        promotions=promotions,
        version=content.version(origin.content),
    )


def _promotions(flow: Flow, origin: Origin, config: Catalog) -> tuple[Promotion, ...]:
    return (
        _trigger(origin, config, flow),
        *(_step(step, origin, config, flow) for step in flow.steps),
    )


def _trigger(origin: Origin, config: Catalog, flow: Flow) -> Promotion:
    environment = flow.trigger_environment
    own = catalog.PolicySettings(post_action=flow.post_trigger or None)
    resolved = policy.resolve(
        config, origin.product, environment, FlowStep(environment, (), settings=own)
    )
    return Promotion(
        environment,
        Role.TRIGGER,
        _phases(Role.TRIGGER, resolved.settings, catalog.Hooks()),
        settings=resolved.settings,
        origins={name: resolved.origin(name) for name in policy.SETTING_NAMES},
        version=content.version(origin.content),
    )


def _phases(
    role: Role, settings: catalog.PolicySettings, hooks: catalog.Hooks
) -> tuple[Phase, ...]:
    return release.phases(release.phase_names(role, settings, hooks))


def _step(step: FlowStep, origin: Origin, config: Catalog, flow: Flow | None) -> Promotion:
    resolved = policy.resolve(config, origin.product, step.environment, step if flow else None)
    return Promotion(
        step.environment,
        Role.STEP,
        _phases(Role.STEP, resolved.settings, step.hooks),
        depends_on=step.depends_on,
        settings=resolved.settings,
        origins={name: resolved.origin(name) for name in policy.SETTING_NAMES},
        unsupported=tuple(unsupported(resolved.settings)),
        version=content.version(origin.content),
        hooks=step.hooks,
    )


def unsupported(settings: catalog.PolicySettings) -> Iterator[str]:
    """What the settings ask for and this version cannot do. A gate it ignored would be a lie."""
    if settings.action is PromotionAction.PULL_REQUEST:
        yield "action: pr"


def renewed(of: Release, config: Catalog) -> dict[str, wishes.Renewed]:
    """The settings of a release's environments as the configuration in force has them.

    What its trigger environment has landed already; only what could not be done is judged anew.
    What the step of a flow said stays where there is no such step any more: no gate is lost so.
    """
    flow = config.flows.get(of.flow)
    steps = {step.environment: step for step in flow.steps} if flow else {}
    found = {}
    for promotion in of.promotions:
        where = promotion.environment
        if promotion.role is Role.STEP:
            step = steps.get(where) or _as_begun(promotion)
            resolved = policy.resolve(config, of.product, where, step)
            origins = {name: resolved.origin(name) for name in policy.SETTING_NAMES}
            missing = tuple(unsupported(resolved.settings))
            found[where] = wishes.Renewed(resolved.settings, origins, missing, step.hooks)
        elif promotion.role is Role.TRIGGER and flow:
            found[where] = wishes.Renewed(promotion.settings, dict(promotion.origins))
    return found


def _as_begun(promotion: Promotion) -> FlowStep:
    """The step that a promotion was made of."""
    settings, said = promotion.settings, promotion.origins.items()
    inline = {name: getattr(settings, name) for name, origin in said if origin == policy.STEP}
    return FlowStep(
        promotion.environment,
        promotion.depends_on,
        catalog.PolicySettings(**inline),
        promotion.hooks,
    )


def renewed_hooks(of: Release, config: Catalog) -> catalog.Hooks | None:
    """The release's own hooks as its flow has them now; None where there is no such flow."""
    flow = config.flows.get(of.flow)
    return flow.hooks if flow else None


def carried_on(
    before: content.Content, heads: Mapping[str, content.ComponentContent]
) -> content.Content:
    """The content of the release before, with what newer heads changed put in its place."""
    return {**before, **heads}
