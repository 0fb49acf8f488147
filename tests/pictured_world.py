"""A company's releases in every state, put into the tables as they are: for pictures and snapshots.

Six environments, two of them in parallel before production, and ten products whose newest releases
stand as releases do on a working day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import pictured_runs
import shown_world
from towpath.api.parts import Configuration, Parts
from towpath.domain import catalog, content, creation, events, release, values
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import (
    Approval,
    Gate,
    GateKind,
    Landing,
    Phase,
    PhaseName,
    Promotion,
    Release,
    Role,
    Trigger,
)
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose
from towpath.storage import tables

GITOPS = "https://github.com/acme/checkout-gitops.git"
MINUTE = timedelta(minutes=1)
FLOW = catalog.Flow(
    "main-to-prod",
    "dev",
    (
        catalog.FlowStep("qa", ("dev",)),
        catalog.FlowStep("load-test", ("dev",)),
        catalog.FlowStep("staging", ("qa",), catalog.PolicySettings(soak=timedelta(minutes=30))),
        catalog.FlowStep(
            "prod-eu",
            ("staging",),
            catalog.PolicySettings(
                approval=catalog.Approval(2, ("sre",), exclude_author=True),
                soak=timedelta(minutes=30),
            ),
        ),
        catalog.FlowStep("prod-us", ("staging", "load-test")),
    ),
    description="Every change, over qa and load test to both regions",
    origin=catalog.Origin("flows.yaml", 4, 9),
)
ENVIRONMENTS = ("dev", "qa", "load-test", "staging", "prod-eu", "prod-us")
COMPONENTS = {
    "catalog": ("api", "indexer"),
    "checkout": ("api", "web", "worker"),
    "identity": ("auth", "admin"),
    "accounts": ("api", "web"),
    "billing": ("api", "worker", "export"),
    "gateway": ("edge",),
    "inventory": ("api", "sync"),
    "notify": ("relay", "templates"),
    "reports": ("export",),
    "search": ("api", "indexer", "suggest"),
}
_KINDS = {"prod-eu": catalog.EnvironmentKind.PROD, "prod-us": catalog.EnvironmentKind.PROD}
CATALOG = catalog.Catalog(
    products={
        name: catalog.Product(
            name,
            f"What customers know as {name}",
            flows=(catalog.FlowUse("main-to-prod"),),
            origin=catalog.Origin("products.yaml", 4 + 8 * place, 9),
        )
        for place, name in enumerate(COMPONENTS)
    },
    environments={
        name: catalog.Environment(
            name,
            _KINDS.get(name, catalog.EnvironmentKind.NONPROD),
            place,
            windows=(
                (
                    catalog.Window(
                        "allow", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;BYHOUR=9", 9 * 60 * MINUTE
                    ),
                )
                if name in _KINDS
                else ()
            ),
        )
        for place, name in enumerate(ENVIRONMENTS)
    },
    flows={"main-to-prod": FLOW},
    policies=(
        catalog.Policy(
            "careful-in-production",
            10,
            catalog.PolicySettings(
                action=catalog.PromotionAction.PULL_REQUEST, health_timeout=timedelta(minutes=15)
            ),
            environment_kinds=(catalog.EnvironmentKind.PROD,),
            origin=catalog.Origin("policies.yaml", 4, 9),
        ),
    ),
    applications=tuple(
        catalog.Application(
            f"{product}-{component}-{environment}",
            (catalog.Source(GITOPS, f"{product}/{component}/{environment}"),),
            catalog.Destination("local"),
            product=product,
            environment=environment,
            component=component,
        )
        for product, components in COMPONENTS.items()
        for component in components
        for environment in ENVIRONMENTS
    ),
)
PROBLEM = catalog.Problem(
    catalog.Origin("products.yaml", 31, 7),
    "unknown_environment",
    "the flow names the environment 'uat', which is not configured",
    "warning",
)


@dataclass(frozen=True, slots=True)
class Stands:
    """How a release stands in one environment: a status, the phase that has it, and why."""

    status: Status
    phase: PhaseName = PhaseName.HEALTH
    reason: Reason | None = None
    gates: tuple[Gate, ...] = ()
    approvals: tuple[Approval, ...] = ()
    minutes: int = 4


DONE = Stands(Status.SUCCEEDED, PhaseName.POST_ACTION)


@dataclass(frozen=True, slots=True)
class Told:
    """One release: of what, by whom, how long ago, and how it stands where it has come."""

    product: str
    n: int
    version: str
    subject: str
    who: str
    minutes_ago: int
    stands: Mapping[str, Stands] = field(default_factory=dict)
    course: release.Course = release.Course()


def told(now: datetime) -> tuple[Told, ...]:
    """What happened lately, the newest last."""
    return (
        *_background(),
        Told("accounts", 73, "7.2.5", "Validate postal codes by country", "aisha", 1340, _SKIPPED),
        Told("reports", 7, "0.9.0", "Split the nightly export", "jonas", 1300, _TERMINATED),
        Told(
            "checkout", 127, "2.13.9", "Show retry notice in the basket", "dana", 1200, _OVERTAKEN
        ),
        Told("gateway", 55, "6.1.0", "Raise idle timeout to 75 s", "mei", 290, _through()),
        Told("notify", 30, "1.8.2", "Send receipts from the EU relay", "ravi", 240, _through()),
        Told("billing", 88, "4.0.3", "Round tax per line item", "ravi", 214, _ERROR),
        Told("checkout", 128, "2.14.0", "Retry card authorisation once", "dana", 192, _held(now)),
        Told("inventory", 18, "1.30.0", "Batch warehouse updates", "aisha", 116, _RUNNING),
        Told("identity", 41, "8.4.2", "Rotate session keys daily", "jonas", 74, _FAILED),
        Told("inventory", 19, "1.31.0", "Reserve stock in one query", "aisha", 49, {}, _QUEUED),
        Told("checkout", 129, "2.14.1", "Lower worker batch size to 200", "tomas", 23, _BUSY),
        Told("catalog", 212, "3.9.1", "Cache price lists for 60 s", "lena", 6, _STARTING),
        Told("search", 64, "5.2.0", "Index synonyms per tenant", "mei", 2, _FIRST),
    )


def _background() -> Iterator[Told]:
    """For every product the release that is in production everywhere."""
    for place, product in enumerate(COMPONENTS):
        n, version = _IN_PRODUCTION.get(product, (5 + place, "0.8.6"))
        yield Told(
            product, n, version, "Log the issuer country", "ravi", 10_000 + place, _through()
        )


def _through(*but: str) -> Mapping[str, Stands]:
    return {name: DONE for name in ENVIRONMENTS if name not in but}


_IN_PRODUCTION = {
    "accounts": (72, "7.2.4"),
    "billing": (87, "4.0.2"),
    "catalog": (210, "3.8.4"),
    "checkout": (121, "2.13.2"),
    "gateway": (54, "6.0.9"),
    "identity": (40, "8.4.1"),
    "inventory": (17, "1.29.3"),
    "notify": (29, "1.8.0"),
    "search": (63, "5.1.7"),
}
_OVERTAKEN_BY = Reason(Code.SUPERSEDED_BY, "overtaken by checkout-128", {"release": "checkout-128"})
_NOT_REACHED = Reason(Code.NOT_REACHED, "not reached")
_SKIPPED = {
    **_through(),
    "load-test": Stands(
        Status.SKIPPED,
        PhaseName.GATES,
        Reason(Code.SKIPPED_BY, "skipped by aisha: no load to test"),
    ),
}
_TERMINATED = {
    "dev": DONE,
    "qa": DONE,
    "staging": Stands(
        Status.TERMINATED,
        PhaseName.SYNC,
        Reason(Code.TERMINATED_BY, "stopped by jonas: wrong data set"),
    ),
    **{
        name: Stands(Status.SKIPPED, PhaseName.GATES, _NOT_REACHED)
        for name in ("load-test", "prod-eu", "prod-us")
    },
}
_OVERTAKEN = {
    "dev": DONE,
    **{
        name: Stands(Status.SUPERSEDED, PhaseName.GATES, _OVERTAKEN_BY) for name in ENVIRONMENTS[1:]
    },
}
_ERROR = {
    "dev": DONE,
    "qa": DONE,
    "load-test": DONE,
    "staging": Stands(
        Status.ERROR,
        PhaseName.ACTION,
        Reason(
            Code.VALUE_MISSING,
            "image.tag is missing in billing/worker/staging/values.yaml",
            advice="Write the value once by hand, then retry.",
        ),
    ),
}
_FAILED = {
    "dev": DONE,
    "qa": Stands(
        Status.FAILED,
        PhaseName.HEALTH,
        Reason(
            Code.HEALTH_DEGRADED,
            "auth is degraded: 2 of 3 replicas crash on start",
            advice="Look at the logs of identity-auth-qa.",
        ),
        minutes=9,
    ),
    "load-test": DONE,
}
_RUNNING = {
    "dev": DONE,
    "qa": DONE,
    "load-test": DONE,
    "staging": Stands(
        Status.RUNNING,
        PhaseName.HEALTH,
        Reason(Code.HEALTH_PROGRESSING, "sync is progressing: 1 of 2 replicas ready"),
    ),
}
_BUSY = {
    "dev": DONE,
    "qa": DONE,
    "load-test": Stands(
        Status.PENDING,
        PhaseName.GATES,
        Reason(Code.ENVIRONMENT_BUSY, "checkout-128 acts here"),
        (Gate(GateKind.BUSY, Status.PENDING, Reason(Code.ENVIRONMENT_BUSY, "checkout-128")),),
    ),
}
_STARTING = {
    "dev": DONE,
    "qa": Stands(Status.RUNNING, PhaseName.SYNC, Reason(Code.SYNC_PENDING, "waits for the sync")),
    "load-test": Stands(
        Status.RUNNING, PhaseName.ACTION, Reason(Code.WRITING, "writes the commit")
    ),
}
_FIRST = {
    "dev": Stands(
        Status.RUNNING, PhaseName.HEALTH, Reason(Code.HEALTH_PROGRESSING, "waits for healthy")
    )
}
_QUEUED = release.Course(Status.QUEUED, Reason(Code.QUEUED_BEHIND_RELEASE, "behind inventory-18"))


def _held(now: datetime) -> Mapping[str, Stands]:
    needed = Reason(
        Code.APPROVAL_NEEDED,
        "one more approval of two is needed, from team sre, not from the author",
        advice="Approve it, or reject it.",
    )
    return {
        **_through("prod-us"),
        "load-test": Stands(
            Status.RUNNING,
            PhaseName.POST_ACTION,
            Reason(Code.WORKFLOW_RUNNING, "k6-run, step 2 of 3"),
        ),
        "prod-eu": Stands(
            Status.SUSPENDED,
            PhaseName.GATES,
            needed,
            (
                Gate(GateKind.APPROVAL, Status.SUSPENDED, needed),
                Gate(GateKind.WINDOW, Status.SUCCEEDED),
                Gate(GateKind.SOAK, Status.SUCCEEDED),
            ),
            (Approval("ravi", "Looks right in staging", now - 7 * MINUTE),),
        ),
    }


# --- into the tables -------------------------------------------------------------------------
async def fill(engine: AsyncEngine, now: datetime) -> Sequence[Release]:
    """Put all of it into the tables, with what landed where; the releases, the newest last."""
    made = []
    for each in told(now):
        one = made_of(each, now)
        await shown_world.add(engine, one)
        await _land(engine, one)
        await shown_world.happen(engine, one, *_events(one))
        made.append(one)
    held = next(one for one in made if one.id == "checkout-128")
    names = COMPONENTS["checkout"]
    for where in ("qa", "staging"):
        await pictured_runs.add(
            engine, held, where, Purpose.PRE_ACTION, names, pictured_runs.MIGRATION
        )
        await pictured_runs.add(
            engine, held, where, Purpose.POST_ACTION, names, pictured_runs.SMOKE
        )
    await pictured_runs.add(
        engine, held, "load-test", Purpose.POST_ACTION, names, pictured_runs.LOAD_TEST
    )
    return made


_WORKFLOWS = {
    "qa": (PhaseName.PRE_ACTION, PhaseName.POST_ACTION),
    "staging": (PhaseName.PRE_ACTION, PhaseName.POST_ACTION),
    "load-test": (PhaseName.POST_ACTION,),
}


def _with_workflows(of: Promotion) -> tuple[Phase, ...]:
    """The phases of a promotion, and those of the workflows that run there."""
    own = (Phase(name) for name in _WORKFLOWS.get(of.environment, ()))
    return tuple(sorted((*of.phases, *own), key=lambda phase: list(PhaseName).index(phase.name)))


def made_of(of: Told, now: datetime) -> Release:
    """The release that is told."""
    at = now - of.minutes_ago * MINUTE
    sha = f"{of.n * 7919 + len(of.product):08x}" * 5
    commit = release.TriggerCommit(
        GITOPS, "main", sha, of.subject, of.who, f"{of.who}@example.com", at - MINUTE
    )
    carried = {name: _carried(name, of) for name in COMPONENTS[of.product]}
    origin = creation.Origin(of.product, of.n, Trigger.HEAD, of.who, at, carried)
    bare = creation.along(FLOW, origin, CATALOG, f"{of.product}/dev/main", (commit,))
    promotions = tuple(_promotion(each, of, at) for each in bare.promotions)
    made = replace(bare, promotions=promotions, course=of.course)
    ends = [each.ended_at for each in promotions if each.ended_at]
    return replace(made, ended_at=max(ends) if made.ended and ends else None)


def _carried(component: str, of: Told) -> content.ComponentContent:
    place = (values.Key("image"), values.Key("tag"))
    file = content.FileContent("values.yaml", (values.Value(place, of.version),))
    image = content.Image(f"registry.example.com/{of.product}-{component}", of.version)
    source = content.SourceContent(0, GITOPS, (file,))
    return content.ComponentContent((source,), of.version, (image,), GITOPS, "main", "c" * 40)


def _promotion(of: Promotion, told: Told, at: datetime) -> Promotion:
    of = replace(of, phases=_with_workflows(of))
    stands = told.stands.get(of.environment)
    if stands is None:
        return of
    began = at + ENVIRONMENTS.index(of.environment) * 5 * MINUTE
    over = began + stands.minutes * MINUTE
    phases = tuple(_phase(each, stands, began, over) for each in of.phases)
    lands = of.role is Role.STEP and any(
        phase.name is PhaseName.ACTION and phase.status is Status.SUCCEEDED for phase in phases
    )
    sha = f"{told.n * 104729 + ENVIRONMENTS.index(of.environment):08x}" * 5
    made = replace(
        of,
        phases=phases,
        gates=stands.gates,
        approvals=stands.approvals,
        started_at=began,
        landings=(Landing(GITOPS, "main", sha, COMPONENTS[told.product], landed_at=over),)
        if lands
        else (),
    )
    return replace(made, ended_at=over if made.status.ended else None)


def _phase(of: Phase, stands: Stands, began: datetime, over: datetime) -> Phase:
    """Phases before the one that has the status are done, those behind it wait or share its end."""
    names = list(PhaseName)
    before = names.index(of.name) < names.index(stands.phase)
    if before or stands.status is Status.SUCCEEDED:
        return replace(of, status=Status.SUCCEEDED, started_at=began, ended_at=over)
    if of.name is stands.phase or stands.status.ended:
        ended = over if stands.status.ended else None
        reason = stands.reason if of.name is stands.phase else None
        return replace(of, status=stands.status, reason=reason, started_at=began, ended_at=ended)
    return of


async def _land(engine: AsyncEngine, of: Release) -> None:
    async with engine.begin() as connection:
        for promotion in of.promotions:
            if not (promotion.landed or promotion.status is Status.SUCCEEDED):
                continue
            await connection.execute(
                sa.delete(tables.landed).where(
                    tables.landed.c.product == of.product,
                    tables.landed.c.environment == promotion.environment,
                )
            )
    for promotion in of.promotions:
        if promotion.landed or promotion.status is Status.SUCCEEDED:
            landing = promotion.landings[0].commit if promotion.landings else "d" * 40
            await shown_world.land(engine, of, promotion.environment, landing)
            async with engine.begin() as connection:
                await connection.execute(
                    sa.update(tables.landing)
                    .where(
                        tables.landing.c.release == of.id,
                        tables.landing.c.environment == promotion.environment,
                    )
                    .values(at=promotion.ended_at or promotion.started_at)
                )


def _events(of: Release) -> Iterator[events.Event]:
    yield events.ReleaseCreated(of.trigger, of.version, of.commit.subject if of.commit else "")
    for promotion in of.promotions:
        where = promotion.environment
        if promotion.started_at:
            yield events.PromotionStarted(1, 1, environment=where)
        for landing in promotion.landings:
            yield events.CommitLanded(
                landing.repository,
                landing.branch,
                landing.commit,
                landing.components,
                environment=where,
            )
        if promotion.ended_at:
            yield events.PromotionEnded(promotion.status, promotion.reason, environment=where)


def parts(engine: AsyncEngine, of: Release, **settings: object) -> Parts:
    """What an app needs to show it."""
    bare = shown_world.parts(engine, shown_world.FakeCommands(of), **settings)
    configuration = Configuration(
        CATALOG, "https://github.com/acme/configuration.git", "f" * 40, (PROBLEM,), "f" * 40
    )
    return replace(bare, configuration=lambda: configuration)
