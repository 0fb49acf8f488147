"""What is configured: environments, flows, policies, and what is wrong with it."""

from datetime import datetime, timedelta

from pydantic import Field

from towpath.api.schemas.base import ReasonShown, Seconds, Shown
from towpath.api.schemas.plans import SettingShown
from towpath.api.schemas.settings import HooksShown, SettingsShown
from towpath.domain import catalog
from towpath.domain import windows as reckoning


class LockShown(Shown):
    """A lock on a product in an environment; an empty product is the whole environment."""

    product: str
    environment: str
    reason: str
    author: str
    since: datetime
    until: datetime | None
    by_rollback: bool


class WindowShown(Shown):
    """A recurring time in which promotions are allowed or denied."""

    kind: str
    rrule: str
    duration_seconds: Seconds = Field(validation_alias="duration")
    timezone: str
    description: str


class ClusterShown(Shown):
    """A cluster that an environment covers."""

    name: str
    server: str
    namespaces: tuple[str, ...]


class ConfiguredEnvironment(Shown):
    """An environment, in the order of columns; `products`: those with applications there."""

    name: str
    kind: str
    position: float | None
    tags: tuple[str, ...]
    labels: dict[str, str]
    windows: tuple[WindowShown, ...]
    clusters: tuple[ClusterShown, ...]
    locks: tuple[LockShown, ...]
    products: tuple[str, ...]
    origin: str


class FlowItem(Shown):
    """A flow as a row of a list. `depends_on`: what each environment comes after."""

    name: str
    description: str
    version: str
    trigger_environment: str
    environments: tuple[str, ...]
    depends_on: dict[str, tuple[str, ...]]
    timeout_seconds: Seconds
    products: tuple[str, ...]
    origin: str


class FlowStepShown(Shown):
    """An environment of a flow, and what is written in it of settings and hooks."""

    environment: str
    depends_on: tuple[str, ...]
    settings: SettingsShown
    hooks: HooksShown


class FlowDocument(FlowItem):
    """All of one flow."""

    steps: tuple[FlowStepShown, ...]
    hooks: HooksShown
    post_trigger: str


class SelectorShown(Shown):
    """What a policy selects; null selects all."""

    product_names: tuple[str, ...] | None
    product_tags: tuple[str, ...] | None
    environment_names: tuple[str, ...] | None
    environment_kinds: tuple[str, ...] | None
    environment_tags: tuple[str, ...] | None


class PolicyItem(Shown):
    """A policy: for whom, and what it sets."""

    name: str
    priority: int
    selector: SelectorShown
    settings: SettingsShown
    origin: str


class WindowInForce(Shown):
    """A window, whether it is on now, and where it is configured."""

    window: WindowShown
    on: bool
    origin: str


class Windows(Shown):
    """The environment's windows together. `changes_at`: when it opens, or closes within a week."""

    open: bool
    changes_at: datetime | None
    windows: tuple[WindowInForce, ...]


class HookShown(Shown):
    """A workflow that is told of a start or an end, and where that is configured."""

    name: str
    value: str
    origin: str


class PolicyEvaluation(Shown):
    """What is in force for a product's way into an environment, and where each of it is from.

    `flow`: whose step has a say; empty where none has, or several flows would (`flows`).
    """

    product: str
    environment: str
    flow: str
    flows: tuple[str, ...]
    settings: tuple[SettingShown, ...]
    hooks: tuple[HookShown, ...]
    windows: Windows


class ConfigurationProblem(Shown):
    """Something wrong with the configuration, and where."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: str


class TroubleShown(Shown):
    """What is wrong with a repository or product."""

    scope: str
    subject: str
    reason: ReasonShown
    since: datetime


class ConfigurationDocument(Shown):
    """The configuration in force. Problems may be those of a newer revision, not in force."""

    source: str
    revision: str
    problems: tuple[ConfigurationProblem, ...]
    problems_revision: str
    counts: dict[str, int]
    trouble: tuple[TroubleShown, ...]


def environment(
    of: catalog.Environment, locks: tuple[LockShown, ...], products: tuple[str, ...]
) -> ConfiguredEnvironment:
    """An environment as a row."""
    return ConfiguredEnvironment(
        name=of.name,
        kind=of.kind,
        position=of.position,
        tags=of.tags,
        labels=dict(of.labels),
        windows=tuple(WindowShown.model_validate(window) for window in of.windows),
        clusters=tuple(ClusterShown.model_validate(cluster) for cluster in of.clusters),
        locks=locks,
        products=products,
        origin=str(of.origin),
    )


def windows(of: catalog.Environment, now: datetime) -> Windows:
    """An environment's windows, as they are now."""
    open_now = reckoning.is_open(of.windows, now)
    changes = (
        reckoning.closes_at(of.windows, now, timedelta(weeks=1))
        if open_now
        else reckoning.opens_at(of.windows, now)
    )
    return Windows(
        open=open_now,
        changes_at=changes,
        windows=tuple(
            WindowInForce(
                window=WindowShown.model_validate(window),
                on=reckoning.is_on(window, now),
                origin=f"environment {of.name}",
            )
            for window in of.windows
        ),
    )


def hooks(flow: catalog.Flow, step: catalog.FlowStep) -> tuple[HookShown, ...]:
    """The hooks of a flow's step; nobody else sets any."""
    known = HooksShown.model_validate(step.hooks).model_dump()
    return tuple(
        HookShown(name=name, value=value, origin=f"step of {flow.name}")
        for name, value in known.items()
        if value
    )


def flow_item(of: catalog.Flow, products: tuple[str, ...]) -> FlowItem:
    """A flow as a row."""
    return FlowItem(
        name=of.name,
        description=of.description,
        version=of.version,
        trigger_environment=of.trigger_environment,
        environments=of.environments,
        depends_on={step.environment: step.depends_on for step in of.steps},
        timeout_seconds=of.timeout,
        products=products,
        origin=str(of.origin),
    )


def flow_document(of: catalog.Flow, products: tuple[str, ...]) -> FlowDocument:
    """All of a flow."""
    return FlowDocument(
        **flow_item(of, products).__dict__,
        steps=tuple(FlowStepShown.model_validate(step) for step in of.steps),
        hooks=HooksShown.model_validate(of.hooks),
        post_trigger=of.post_trigger,
    )


def policy_item(of: catalog.Policy) -> PolicyItem:
    """A policy as a row."""
    return PolicyItem(
        name=of.name,
        priority=of.priority,
        selector=SelectorShown.model_validate(of),
        settings=SettingsShown.model_validate(of.settings),
        origin=str(of.origin),
    )


def problem(of: catalog.Problem) -> ConfigurationProblem:
    """A problem and where it is."""
    return ConfigurationProblem(
        file=of.origin.file,
        line=of.origin.line,
        column=of.origin.column,
        code=of.code,
        message=of.message,
        severity=of.severity,
    )
