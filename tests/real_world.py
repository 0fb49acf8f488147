"""The whole engine on real PostgreSQL and real git repositories, its configuration followed live.

Two products: `shop`, which a test brings into trouble, and `other`, whose releases must go on to
production meanwhile. No polling by time: a test tells the observer when to look.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import git_servers
from git_servers import Origin
from towpath.domain import catalog
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status
from towpath.engine import assembly, configuring
from towpath.git import adapter, deployer
from towpath.runner import LocalRunner
from towpath.storage import database, queries, schema, signals
from towpath.storage.run_store import PostgresRuns
from towpath.storage.store import PostgresStore

ENVIRONMENTS = ("dev", "qa", "prod")
CHANNELS = ("towpath_looks", "towpath_configuration", "towpath_steps", "towpath_stops")
PATIENCE_S = 30.0
BREATH_S = 0.02
Spec = dict[str, Any]


def values(tag: str, environment: str = "") -> str:
    """A service's values, as people write them."""
    return f'# {environment}\nreplicas: 2\nimage:\n  name: app\n  tag: "{tag}"  # promoted\n'


def document(kind: str, name: str, spec: Spec, version: str = "towpath.dev/v1") -> Spec:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def source(origin: Origin, path: str, revision: str = "main") -> Spec:
    return {"repoURL": str(origin.path), "path": path, "targetRevision": revision}


def application(name: str, product: str, environment: str, component: str, *sources: Spec) -> Spec:
    written = document(
        "Application",
        name,
        {
            "project": "default",
            **({"source": sources[0]} if len(sources) == 1 else {"sources": list(sources)}),
            "destination": {"name": "cluster", "namespace": name},
        },
        "argoproj.io/v1alpha1",
    )
    written["metadata"]["annotations"] = {
        "towpath.dev/product": product,
        "towpath.dev/environment": environment,
        "towpath.dev/component": component,
    }
    return written


def workflow(name: str, script: str, outputs: Mapping[str, str] | None = None) -> Spec:
    """A promotion workflow of one shell script. `outputs`: global ones, and where they are read."""
    put_out = [
        {"name": key.lower(), "valueFrom": {"path": path}, "globalName": key}
        for key, path in (outputs or {}).items()
    ]
    step = {
        "name": "run",
        "script": {"image": "busybox", "command": ["sh"], "source": script},
        "outputs": {"parameters": put_out},
    }
    written = document(
        "WorkflowTemplate", name, {"entrypoint": "run", "templates": [step]}, "argoproj.io/v1alpha1"
    )
    written["metadata"]["annotations"] = {"towpath.dev/workflow-origin": "promotion"}
    return written


def flow(name: str, *environments: str, policy: Spec | None = None) -> Spec:
    """A flow from its first environment to each next one."""
    steps = [
        {"environment": after, "dependsOn": [before], **({"policy": policy} if policy else {})}
        for before, after in itertools.pairwise(environments)
    ]
    return document("PromotionFlow", name, {"triggerEnvironment": environments[0], "steps": steps})


def product(name: str, *flows: str, template: str = "tag") -> Spec:
    uses = [{"name": each} for each in flows or ("main",)]
    return document("Product", name, {"promotionFlows": uses, "promotionTemplateRef": template})


def template(name: str, promotion: Mapping[str, Sequence[str]]) -> Spec:
    rules = {file: {"jsonPaths": list(paths)} for file, paths in promotion.items()}
    return document("PromotionTemplate", name, {"promotion": rules})


def git(at: Origin, *arguments: str) -> str:
    """Run git in a repository."""
    return git_servers.git(at.path, *arguments)


def origin(folder: Path, name: str) -> Origin:
    """A new, empty repository."""
    return git_servers.origin(folder / name)


class _Complaints(logging.Handler):
    """Keeps what is logged as an error, but by `excused`: nothing a person does may lead to it."""

    def __init__(self, excused: str) -> None:
        super().__init__(logging.ERROR)
        self.found: list[logging.LogRecord] = []
        self._excused = excused

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != self._excused:
            self.found.append(record)


@dataclass
class World:
    """Repositories and a configuration folder, and an engine while `working`."""

    folder: Path
    shop: Origin
    other: Origin
    engine: assembly.Engine | None = None
    asked: queries.Queries | None = None
    pool: Any = None
    git: adapter.GitRepositories | None = None
    described_in: Origin | None = None  # a repository instead of the folder
    _others: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    environments = ENVIRONMENTS

    # --- the configuration -------------------------------------------------------------------
    @property
    def configuration(self) -> Path:
        return self.folder / "configuration"

    def write(self, name: str, *documents: Spec) -> None:
        """Write a file of the configuration."""
        self.write_text(name, yaml.safe_dump_all(documents, sort_keys=False))

    def write_text(self, name: str, text: str) -> None:
        self.configuration.mkdir(exist_ok=True)
        half = self.folder / f"half-{name}"
        half.write_text(text, "utf-8")
        half.replace(self.configuration / name)

    def text(self, name: str) -> str:
        return (self.configuration / name).read_text("utf-8")

    def write_product(self, name: str, at: Origin, *, template: str = "tag") -> None:
        """A product with one component in every environment."""
        self.write(
            f"{name}.yaml",
            product(name, template=template),
            *(
                application(f"{name}-{each}", name, each, "api", source(at, f"{name}/{each}"))
                for each in ENVIRONMENTS
            ),
        )

    def on_branch(self, environment: str, branch: str) -> None:
        """Let `shop` follow another branch in an environment."""
        sources = {e: source(self.shop, f"shop/{e}") for e in ENVIRONMENTS}
        sources[environment]["targetRevision"] = branch
        applications = (
            application(f"shop-{e}", "shop", e, "api", each) for e, each in sources.items()
        )
        self.write("shop.yaml", product("shop"), *applications)

    @property
    def problems(self) -> Sequence[catalog.Problem]:
        """What the configuration's errors are."""
        configured = self.running.in_force.configured
        return [p for p in (configured.problems if configured else ()) if p.severity == "error"]

    async def until_read(self) -> None:
        """Wait until the configuration folder has been read as it is now."""
        (revision, *_) = await configuring.FolderSource(self.configuration).files()

        async def read() -> bool:
            configured = self.running.in_force.configured
            return configured is not None and revision in (
                configured.problems_revision or configured.revision,
            )

        await self.until("the configuration is read", read)

    async def until_in_force(self) -> None:
        """As `until_read`, and it is taken."""
        await self.until_read()
        assert not self.problems, [str(problem) for problem in self.problems]

    # --- commits -----------------------------------------------------------------------------
    def push(self, tag: str, environment: str = "dev") -> str:
        """A change of `shop`."""
        return self.shop.commit(
            {f"shop/{environment}/values.yaml": values(tag, environment)}, f"shop {tag}"
        )

    def tag(self, environment: str, name: str = "shop", branch: str = "main") -> str:
        """The promoted tag of a product in an environment, as its repository has it."""
        text = (self.shop if name == "shop" else self.other).show(
            f"{name}/{environment}/values.yaml", branch
        )
        return str(yaml.safe_load(text)["image"]["tag"])

    # --- the engine --------------------------------------------------------------------------
    @property
    def running(self) -> assembly.Engine:
        assert self.engine is not None
        return self.engine

    async def look(self) -> Sequence[str]:
        """Look for new commits; the releases made."""
        made, _ = await self.running.observer.look()
        return [release.id for release in made]

    async def released(self, tag: str) -> str:
        """Push a change of `shop`, and the release it makes."""
        self.push(tag)
        (made,) = await self.look()
        return made

    async def release(self, release_id: str) -> Release:
        view = await self.running.store.view_of(release_id)
        assert view is not None
        return view.release

    async def trouble(self, scope: str, subject: str = "") -> Reason | None:
        """What is wrong with a repository, branch or component, as people are shown it."""
        assert self.asked is not None
        for each in await self.asked.troubles():
            if each.scope == scope and subject in each.subject:
                return each.reason
        return None

    async def troubles(self) -> Sequence[str]:
        assert self.asked is not None
        return [f"{t.scope} {t.subject}: {t.reason.sentence}" for t in await self.asked.troubles()]

    async def until(self, what: str, so: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await so():  # noqa: ASYNC110 - what is waited for is in the database
                    await asyncio.sleep(BREATH_S)
        except TimeoutError:
            raise AssertionError(f"not so within {PATIENCE_S:.0f} s: {what}") from None

    async def until_so(self, release_id: str, wanted: Callable[[Release], bool]) -> Release:
        """Wait until the release is as wanted; what it is instead is in the failure."""
        found = await self.release(release_id)
        with suppress(AssertionError):

            async def so() -> bool:
                nonlocal found
                found = await self.release(release_id)
                return wanted(found)

            await self.until(release_id, so)
        told = [f"{p.environment}: {p.status} ({p.reason})" for p in found.promotions]
        assert wanted(found), f"{found.id} is {found.status}: {'; '.join(told)}"
        return found

    async def succeeded(self, release_id: str) -> Release:
        """Wait until the release has ended, which it must do in success."""
        ended = await self.until_so(release_id, lambda r: r.ended and r.ended_at is not None)
        told = [f"{p.environment}: {p.status} ({p.reason})" for p in ended.promotions]
        assert ended.status is Status.SUCCEEDED, told
        return ended

    async def stopped_at(self, release_id: str, environment: str, code: Code) -> Promotion:
        """Wait until the promotion has ended, or is held, for this cause."""

        def stopped(found: Release) -> bool:
            at = promotion(found, environment)
            over = at.status.ended or at.status is Status.SUSPENDED
            return over and at.reason is not None and at.reason.code is code

        return promotion(await self.until_so(release_id, stopped), environment)

    async def others_go_on(self) -> None:
        """A change of the other product becomes a release that reaches production."""
        self._others += 1
        tag = f"9.{self._others}.0"
        self.other.commit({"other/dev/values.yaml": values(tag)}, f"other {tag}")
        made, _ = await self.running.observer.look()
        (mine,) = [each.id for each in made if each.product == "other"]
        await self.succeeded(mine)
        assert self.tag("prod", "other") == tag

    @asynccontextmanager
    async def working(self, url: str, **options: Any) -> AsyncIterator["World"]:
        """An engine at work. What it logs as an error, or looks that spin, are failures."""
        await schema.upgrade(url)
        complaints = _Complaints(options.pop("excused", ""))
        logger = logging.getLogger("towpath")
        logger.addHandler(complaints)
        self.pool = database.connect(url)
        listening = signals.Signals(url, CHANNELS)
        self.git = adapter.GitRepositories(
            options.pop("mirrors", self.folder / "mirrors"), **options
        )
        self.asked = queries.Queries(self.pool)
        known, runner = database.Database(self.pool), LocalRunner()
        self.engine = assembly.assemble(
            assembly.Outside(
                PostgresStore(known),
                listening,
                self.git,
                deployer.GitDeployer(self.git),
                PostgresRuns(known),
                runner,
            ),
            assembly.Manner("worker-1", 8, 8, 0.05, self._source(self.git)),
        )
        try:
            async with listening.listening():
                tasks = [
                    asyncio.create_task(self.engine.configuring.run()),
                    asyncio.create_task(self.engine.worker.run()),
                    asyncio.create_task(self.engine.running.run()),
                ]
                try:
                    await asyncio.wait_for(self.engine.in_force.newer_than(0), PATIENCE_S)
                    await self.engine.observer.look()
                    yield self
                    await self._rests()
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            logger.removeHandler(complaints)
            runner.close()
            await self.pool.dispose()
            self.engine = None
        assert not complaints.found, [record.getMessage() for record in complaints.found]

    def _source(self, door: adapter.GitRepositories) -> configuring.Source:
        if self.described_in:
            return configuring.GitSource(str(self.described_in.path), door)
        return configuring.FolderSource(self.configuration)

    async def _rests(self) -> None:
        """No look spins: in a tenth of a second one does not look at anything many times."""
        before = await self._looks()
        await asyncio.sleep(0.1)
        assert await self._looks() - before < 10

    async def _looks(self) -> int:
        return int((await self.rows("SELECT coalesce(sum(look_no), 0) FROM lease"))[0][0])

    async def rows(self, query: str) -> Sequence[Any]:
        async with self.pool.connect() as connection:
            return (await connection.exec_driver_sql(query)).all()


def made(folder: Path) -> World:
    """The repositories and the configuration of the two products."""
    world = World(folder, origin(folder, "shop"), origin(folder, "other"))
    for name, at in (("shop", world.shop), ("other", world.other)):
        at.commit({f"{name}/{each}/values.yaml": values("1.0.0", each) for each in ENVIRONMENTS})
        world.write_product(name, at)
    world.write("environments.yaml", *(document("Environment", e, {}) for e in ENVIRONMENTS))
    world.write("flow.yaml", flow("main", *ENVIRONMENTS))
    world.write("template.yaml", template("tag", {"values.yaml": ["$.image.tag"]}))
    return world


def promotion(release: Release, environment: str) -> Promotion:
    found = release.promotion(environment)
    assert found is not None
    return found


def said(reason: Reason | None, code: Code, *words: str) -> Reason:
    """The reason, which has the code, and names what is wrong and what to do in plain words."""
    assert reason is not None
    assert reason.code is code, reason
    told = f"{reason.sentence} {reason.advice}"
    for word in words:
        assert word in told, f"{word!r} is not in: {told}"
    for alien in ("Traceback", "Error(", "pygit2", "None", "object at 0x"):
        assert alien not in told, told
    return reason
