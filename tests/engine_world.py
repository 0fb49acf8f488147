"""The whole engine on a real database, with git and deployments in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import fake_git
import fake_runner
from towpath.domain import catalog
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.engine import assembly
from towpath.engine.inforce import Configured
from towpath.ports.deployer import Expectation, Observation
from towpath.ports.errors import Temporary
from towpath.ports.runner import Runner
from towpath.storage import database, schema, signals
from towpath.storage.run_store import PostgresRuns
from towpath.storage.store import PostgresStore

NO_HOOKS = catalog.Hooks()
NO_SETTINGS = catalog.PolicySettings()
REPO = "https://git.example.org/gitops.git"
ADDRESS = "https://towpath.example"
CHANNELS = (
    *("towpath_looks", "towpath_configuration", "towpath_events"),
    *("towpath_steps", "towpath_stops"),
)


@dataclass
class FakeDeployer:
    """What is on the branch is deployed; sick or blind where the test says so."""

    git: fake_git.FakeGit
    health: dict[str, Status] = field(default_factory=dict)
    blind: bool = False

    async def observe(self, expectations: Sequence[Expectation]) -> Sequence[Observation]:
        if self.blind:
            raise Temporary(Reason(Code.GIT_UNREACHABLE, "the deployer does not answer"))
        return [await self._one(each) for each in expectations]

    async def _one(self, expected: Expectation) -> Observation:
        head = self.git.repositories[expected.repository].branches[expected.branch]
        standing = await self.git.standing(expected.repository, head, expected.path, expected.files)
        overwritten = None
        if not standing.holds:
            overwritten = Reason(Code.OVERWRITTEN, "somebody wrote something else")
        health = self.health.get(expected.application.environment, Status.SUCCEEDED)
        return Observation(
            expected.application.name, Status.SUCCEEDED, health, overwritten=overwritten
        )


def configuration(
    products: Mapping[str, Mapping[str, object]] | None = None,
    *,
    steps: Sequence[tuple[str, tuple[str, ...]]] = (
        ("qa", ("dev",)),
        ("staging", ("qa",)),
        ("prod-eu", ("staging",)),
        ("prod-us", ("staging",)),
    ),
    settings: catalog.PolicySettings = NO_SETTINGS,
    components: Sequence[str] = ("api", "web"),
    hooks: catalog.Hooks = NO_HOOKS,
    post_trigger: str = "",
    workflows: Sequence[str] = (),
    repository: str = REPO,
) -> catalog.Catalog:
    """A product (or several) with a flow from dev to production, a folder for each application."""
    names = ["dev", *(name for name, _ in steps)]
    flow = catalog.Flow(
        "main",
        "dev",
        tuple(catalog.FlowStep(name, before, settings, hooks) for name, before in steps),
        hooks=hooks,
        post_trigger=post_trigger,
    )
    wanted = products or {"shop": {}}
    return catalog.Catalog(
        products={
            name: catalog.Product(name, flows=(catalog.FlowUse("main"),), **extra)
            for name, extra in wanted.items()
        },
        environments={name: catalog.Environment(name) for name in names},
        flows={"main": flow},
        workflows={name: {"metadata": {"name": name}} for name in workflows},
        applications=tuple(
            catalog.Application(
                f"{product}-{component}-{environment}",
                (catalog.Source(repository, f"{product}/{component}/{environment}", "main"),),
                catalog.Destination(),
                product=product,
                environment=environment,
                component=component,
            )
            for product in wanted
            for component in components
            for environment in names
        ),
    )


class World:
    """The parts, and what a test does with them."""

    def __init__(
        self,
        parts: assembly.Engine,
        git: fake_git.FakeGit,
        deployer: FakeDeployer,
        runner: Runner,
    ) -> None:
        self.engine = parts
        self.runner = runner
        self.git = git
        self.deployer = deployer
        self.store = parts.store

    async def configure(self, config: catalog.Catalog) -> None:
        known = self.engine.in_force.configured
        serial = known.serial + 1 if known else 1
        await self.engine.configuring.put(Configured("test", f"r{serial}", (), "", serial, config))

    def populate(self, config: catalog.Catalog, tag: str = "1.0.0") -> None:
        edits: dict[str, dict[str, Mapping[str, str]]] = {}
        for application in config.applications:
            for source in application.sources:
                files = edits.setdefault(source.repository, {})
                files[f"{source.path}/values.yaml"] = {
                    "tag": tag,
                    "replicas": application.environment,
                }
        for repository, files in edits.items():
            self.git.commit_by("dana", repository, files)

    def push(self, tag: str, *components: str, product: str = "shop", env: str = "dev") -> str:
        edits = {
            f"{product}/{component}/{env}/values.yaml": {"tag": tag}
            for component in (components or ("api", "web"))
        }
        return self.git.commit_by("dana", REPO, edits, message=f"bump to {tag}")

    def tags(self, env: str, product: str = "shop") -> set[str]:
        return {
            self.git.value(REPO, f"{product}/{component}/{env}/values.yaml")
            for component in ("api", "web")
        }

    async def release(self, release_id: str) -> Release:
        view = await self.store.view_of(release_id)
        assert view is not None
        return view.release

    async def open_writes(self, release_id: str) -> list[str]:
        """The environments to which a push of the release may still be on its way."""
        view = await self.store.view_of(release_id)
        assert view is not None
        return sorted(view.open_writes)

    async def until(self, release_id: str, *wanted: Status, seconds: float = 20) -> Release:
        """Wait until the release has one of the statuses."""
        return await self.until_so(release_id, lambda found: found.status in wanted, seconds)

    async def until_ended(self, release_id: str, seconds: float = 20) -> Release:
        return await self.until_so(
            release_id, lambda found: found.ended and found.ended_at is not None, seconds
        )

    async def until_so(
        self, release_id: str, wanted: Callable[[Release], bool], seconds: float = 20
    ) -> Release:
        """Wait until the release is as wanted; what it is instead is in the failure."""
        end = asyncio.get_running_loop().time() + seconds
        while not wanted(found := await self.release(release_id)):
            if asyncio.get_running_loop().time() > end:
                told = [f"{p.environment}: {p.status} ({p.reason})" for p in found.promotions]
                raise AssertionError(f"{found.id} is {found.status}: " + "; ".join(told))
            await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def world(
    url: str,
    config: catalog.Catalog | None = None,
    *,
    working: bool = True,
    runner: Runner | None = None,
) -> AsyncIterator[World]:
    """An engine at work on the database, its repository filled from the configuration."""
    await schema.upgrade(url)
    engine = database.connect(url)
    listening = signals.Signals(url, CHANNELS)
    git = fake_git.FakeGit()
    deployer = FakeDeployer(git)
    known, runner = database.Database(engine), runner or fake_runner.FakeRunner()
    parts = assembly.assemble(
        assembly.Outside(
            PostgresStore(known), listening, git, deployer, PostgresRuns(known), runner
        ),
        assembly.Manner("worker-1", looks_at_once=8, poll_interval_s=0.05, address=ADDRESS),
    )
    made = World(parts, git, deployer, runner)
    chosen = config or configuration()
    made.populate(chosen)
    await made.configure(chosen)
    await parts.observer.look()
    async with listening.listening():
        loops = (parts.worker.run, parts.running.run) if working else ()
        tasks = [asyncio.create_task(loop()) for loop in loops]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await engine.dispose()
            for early in [each for each in ended if isinstance(each, Exception)]:
                raise early


SOON = timedelta(seconds=1)
