"""A small world for tests of what is read and shown: a catalog, releases in the tables, fakes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from towpath.api.parts import Configuration, Parts, Settings
from towpath.domain import catalog, content, creation, events, policy, reasons, release, values
from towpath.domain.release import Release, Trigger
from towpath.domain.status import Status
from towpath.history.notes import Notes
from towpath.history.tracing import Tracing
from towpath.ports import commanding, git
from towpath.storage import codec, database, tables
from towpath.storage.answers import Answers
from towpath.storage.queries import Queries

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GITOPS = "https://git.example.com/gitops"
FLOW = catalog.Flow(
    "standard",
    "dev",
    (
        catalog.FlowStep("qa", ("dev",), catalog.PolicySettings(soak=timedelta(hours=1))),
        catalog.FlowStep("prod", ("qa",)),
    ),
)
NEVER = catalog.Window("deny", "FREQ=DAILY", timedelta(days=1), description="frozen")
CATALOG = catalog.Catalog(
    products={
        "checkout": catalog.Product(
            "checkout", "Pays", links=(("Wiki", "https://w"),), flows=(catalog.FlowUse("standard"),)
        ),
        "search": catalog.Product("search", flows=(catalog.FlowUse("standard"),)),
    },
    environments={
        name: catalog.Environment(name, kind, position, windows=windows)
        for name, kind, position, windows in (
            ("dev", catalog.EnvironmentKind.NONPROD, 1, ()),
            ("qa", catalog.EnvironmentKind.NONPROD, 2, ()),
            ("prod", catalog.EnvironmentKind.PROD, 3, (NEVER,)),
        )
    },
    flows={"standard": FLOW},
    policies=(
        catalog.Policy(
            "careful", 10, catalog.PolicySettings(retries=3), product_names=("checkout",)
        ),
    ),
    applications=tuple(
        catalog.Application(
            f"{product}-api-{environment}",
            (catalog.Source(GITOPS, f"{product}/{environment}"),),
            catalog.Destination("local"),
            product=product,
            environment=environment,
            component="api",
        )
        for product in ("checkout", "search")
        for environment in ("dev", "qa", "prod")
    ),
)
PROBLEM = catalog.Problem(catalog.Origin("flows.yaml", 3, 5), "unknown_environment", "no uat")


@asynccontextmanager
async def empty(url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database with the tables and nothing in them."""
    engine = database.connect(url)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    try:
        yield engine
    finally:
        await engine.dispose()


def carried(version: str) -> content.ComponentContent:
    """What a component carries at a version."""
    place = (values.Key("image"), values.Key("tag"))
    file = content.FileContent("values.yaml", (values.Value(place, version),))
    image = content.Image("registry.example.com/api", version)
    source = content.SourceContent(0, GITOPS, (file,))
    return content.ComponentContent((source,), version, (image,), GITOPS, "main", "c" * 40)


def a_release(
    n: int = 1, product: str = "checkout", *, initiator: str = "ada", subject: str = "Fix rounding"
) -> Release:
    """A release along the standard flow, an hour later for each n."""
    at = START + timedelta(hours=n)
    sha = f"{n:02x}" * 20
    commit = release.TriggerCommit(GITOPS, "main", sha, subject, "Ada", "ada@example.com", at)
    parts = {"api": carried(f"1.{n}.0")}
    origin = creation.Origin(product, n, Trigger.HEAD, initiator, at, parts)
    return creation.along(FLOW, origin, CATALOG, "main/dev", (commit,))


def brought(of: Release, **statuses: Status) -> Release:
    """The release with environments in these statuses, however they came there."""
    return with_reasons(of, {name: (status, None) for name, status in statuses.items()})


def with_reasons(of: Release, told: Mapping[str, tuple[Status, reasons.Reason | None]]) -> Release:
    """The same, with the reason of each."""
    promotions = []
    for promotion in of.promotions:
        status, reason = told.get(promotion.environment, (None, None))
        phases = tuple(
            replace(p, status=status, reason=reason, started_at=of.created_at) if status else p
            for p in promotion.phases
        )
        promotions.append(replace(promotion, phases=phases))
    return replace(of, promotions=tuple(promotions))


async def add(engine: AsyncEngine, *releases: Release) -> None:
    """Put releases into the tables as they are."""
    async with engine.begin() as connection:
        for each in releases:
            await connection.execute(sa.insert(tables.release).values(**_row(each)))


def _row(of: Release) -> dict[str, object]:
    stored, state = codec.dump_release(of)
    return {
        **{name: getattr(of, name) for name in _SAME},
        "trigger": of.trigger.value,
        "status": of.status.value,
        "subject": of.commit.subject if of.commit else "",
        "revision": of.commit.sha if of.commit else "",
        "environments": codec.summary(of),
        "reason": codec.dump_reason(of.reason) if of.reason else None,
        "content": stored,
        "state": state,
    }


_SAME = (
    *("id", "product", "n", "name", "line", "flow", "initiator", "version", "ended", "open"),
    *("created_at", "ended_at"),
)


async def happen(engine: AsyncEngine, of: Release, *happened: events.Event) -> None:
    """Write events down and tell everybody who listens, as the store does."""
    async with engine.begin() as connection:
        for event in happened:
            kind, data = codec.dump_event(event)
            row = {"kind": kind, "data": data, "product": of.product, "release": of.id}
            await connection.execute(
                sa.insert(tables.event).values(**row, environment=event.environment, actor="ada")
            )
        await connection.execute(sa.text("SELECT pg_notify('towpath_events', '')"))


async def land(engine: AsyncEngine, of: Release, environment: str, commit: str = "d" * 40) -> None:
    """Record that a release landed."""
    async with engine.begin() as connection:
        for component, part in of.content.items():
            place = {"product": of.product, "environment": environment, "component": component}
            inserted = await connection.execute(
                sa.insert(tables.landing)
                .values(
                    **place,
                    release=of.id,
                    commit=commit,
                    version=part.version,
                    content=codec.dump_content(part),
                )
                .returning(tables.landing.c.id)
            )
            landing = inserted.scalar_one()
            await connection.execute(sa.insert(tables.landed).values(**place, landing=landing))


def plan() -> commanding.Plan:
    """What a promotion of checkout to qa would do."""
    diff = git.FileDiff("checkout/qa/values.yaml", "checkout/qa/values.yaml", "-1.0.0\n+1.1.0\n")
    repository = commanding.RepositoryPlan(GITOPS, "main", "b" * 40, (diff,))
    resolved = policy.resolve(CATALOG, "checkout", "qa", FLOW.steps[0])
    return commanding.Plan("checkout", "qa", "1.1.0", ("api",), (repository,), resolved)


@dataclass
class FakeCommands:
    """Commands that remember what was wished, and answer with `answer` or raise `refusal`."""

    answer: Release
    refusal: Exception | None = None
    wished: list[tuple[object, ...]] = field(default_factory=list)

    def _wish(self, *wish: object) -> None:
        self.wished.append(wish)
        if self.refusal:
            raise self.refusal

    async def create(self, product: str, revision: str, flow: str, actor: str) -> Release:
        self._wish("create", product, revision, flow, actor)
        return self.answer

    async def terminate(self, release: str, actor: str, comment: str) -> Release:
        self._wish("terminate", release, actor, comment)
        return self.answer

    async def retry(self, release: str, environment: str, actor: str) -> Release:
        self._wish("retry", release, environment, actor)
        return self.answer

    async def approve(self, release: str, environment: str, actor: str, comment: str) -> Release:
        self._wish("approve", release, environment, actor, comment)
        return self.answer

    async def reject(self, release: str, environment: str, actor: str, comment: str) -> Release:
        self._wish("reject", release, environment, actor, comment)
        return self.answer

    async def skip(self, release: str, environment: str, actor: str, comment: str) -> Release:
        self._wish("skip", release, environment, actor, comment)
        return self.answer

    async def promote(
        self,
        product: str,
        environment: str,
        source: str,
        components: Sequence[str],
        release: str,
        actor: str,
    ) -> Release:
        self._wish("promote", product, environment, source, tuple(components), release, actor)
        return self.answer

    async def plan_promotion(
        self, product: str, environment: str, source: str, components: Sequence[str], release: str
    ) -> commanding.Plan:
        self._wish("plan_promotion", product, environment, source, tuple(components), release)
        return plan()

    async def rollback(
        self, product: str, environment: str, to: str, lock: bool, actor: str
    ) -> Release:
        self._wish("rollback", product, environment, to, lock, actor)
        return self.answer

    async def plan_rollback(self, product: str, environment: str, to: str) -> commanding.Plan:
        self._wish("plan_rollback", product, environment, to)
        return plan()

    async def lock(
        self, product: str, environment: str, reason: str, until: datetime | None, actor: str
    ) -> None:
        self._wish("lock", product, environment, reason, until, actor)

    async def unlock(self, product: str, environment: str, actor: str) -> None:
        self._wish("unlock", product, environment, actor)

    async def refresh(self, repository: str) -> commanding.Looked:
        self._wish("refresh", repository)
        gone = reasons.Reason(reasons.Code.GIT_UNREACHABLE, "no route to host")
        return commanding.Looked((GITOPS,), ("checkout-9",), {GITOPS: gone})


class FakeGit:
    """One commit with one parent, and one diff between them; nothing else is asked by the API."""

    async def commit(self, repository: str, revision: str) -> git.Commit:
        at = START
        return git.Commit(revision, "Ada", "ada@example.com", at, at, "Promote", ("e" * 40,))

    async def diff(self, repository: str, old: str, new: str) -> Sequence[git.FileDiff]:
        return (git.FileDiff("values.yaml", "values.yaml", f"{old[:1]}..{new[:1]}"),)


class FakeRunCommands:
    """Nothing is suspended and nothing runs."""

    async def resume(self, run: UUID, step: str, actor: str) -> bool:
        raise KeyError(str(run))

    async def stop(self, run: UUID, actor: str, comment: str) -> bool:
        raise KeyError(str(run))


def parts(
    engine: AsyncEngine,
    commands: FakeCommands,
    notes: Notes | None = None,
    tracing: Tracing | None = None,
    **settings: object,
) -> Parts:
    """What an app needs, with fakes for what acts."""
    configuration = Configuration(CATALOG, "configuration", "f" * 40, (PROBLEM,), "9" * 40)
    return Parts(
        queries=Queries(engine),
        answers=Answers(engine),
        commands=commands,
        notes=notes,  # type: ignore[arg-type] # most tests ask for none
        tracing=tracing,  # type: ignore[arg-type]
        runs=FakeRunCommands(),
        git=FakeGit(),  # type: ignore[arg-type] # the rest of git is not for the API
        configuration=lambda: configuration,
        settings=Settings(**settings),  # type: ignore[arg-type]
        clock=lambda: START,
    )
