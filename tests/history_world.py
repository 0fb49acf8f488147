"""Releases of one product whose code and GitOps repositories are real, for notes and traces.

Nothing is promoted by an engine: a test says what landed where and how it ended.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import git_servers
import stored_world
from git_servers import Origin
from stored_world import Stored
from towpath.domain import catalog, content, creation, events, values
from towpath.domain.release import Release, Trigger, TriggerCommit
from towpath.git.adapter import GitRepositories
from towpath.git.past import GitPast
from towpath.history import ranges
from towpath.history.library import Library
from towpath.history.notes import Notes, Outside
from towpath.history.revisions import Revisions
from towpath.history.tracing import Tracing
from towpath.ports.archive import Question
from towpath.ports.outside import Host, Registry, Tracker
from towpath.ports.store import LandedPart
from towpath.storage import landings
from towpath.storage.archive import PostgresArchive

PRODUCT = "shop"
ENVIRONMENTS = ("dev", "qa", "prod")
IMAGE = "registry.example/shop/api"
FLOW = catalog.Flow(
    "main", "dev", (catalog.FlowStep("qa", ("dev",)), catalog.FlowStep("prod", ("qa",)))
)
Document = dict[str, Any]


@dataclass
class World:
    """A product `shop` with components, each with a folder for each environment."""

    stored: Stored
    code: Origin
    gitops: Origin
    folder: Path
    components: tuple[catalog.Component, ...]
    issue_keys: tuple[str, ...] = ("SHOP",)
    trackers: Sequence[Tracker] = ()
    hosts: Sequence[Host] = ()
    registry: Registry | None = None
    made: dict[str, Release] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.archive = PostgresArchive(self.stored.database)
        self.gitops_door = GitRepositories(self.folder / "mirrors")
        self.code_door = GitRepositories(self.folder / "histories", contents_too=False)

    @property
    def notes(self) -> Notes:
        outside = Outside(
            self.archive,
            GitPast(self.gitops_door),
            GitPast(self.code_door),
            self.registry,
            self.trackers,
            self.hosts,
        )
        return Notes(outside, lambda: self.config)

    @property
    def config(self) -> catalog.Catalog:
        return catalog.Catalog(
            products={
                PRODUCT: catalog.Product(
                    PRODUCT,
                    flows=(catalog.FlowUse("main"),),
                    components=self.components,
                    issue_keys=self.issue_keys,
                )
            },
            environments={name: catalog.Environment(name) for name in ENVIRONMENTS},
            flows={"main": FLOW},
            applications=tuple(
                catalog.Application(
                    f"{component.name}-{environment}",
                    (catalog.Source(self.gitops.url, f"apps/{component.name}/{environment}"),),
                    catalog.Destination(),
                    product=PRODUCT,
                    environment=environment,
                    component=component.name,
                )
                for component in self.components
                for environment in ENVIRONMENTS
            ),
        )

    @property
    def tracing(self) -> Tracing:
        return Tracing(
            self.archive, GitPast(self.gitops_door), GitPast(self.code_door), lambda: self.config
        )

    # --- what happens ------------------------------------------------------------------------
    def bump(
        self, tag: str, environment: str = "dev", component: str = "api", message: str = ""
    ) -> str:
        """A GitOps commit that sets the component's tag in an environment."""
        path = f"apps/{component}/{environment}/values.yaml"
        return self.gitops.commit({path: f"tag: {tag}\n"}, message or f"{component}: {tag}")

    def part(self, tag: str, revision: str, *images: content.Image) -> content.ComponentContent:
        value = values.Value((values.Key("tag"),), tag)
        file = content.FileContent("values.yaml", (value,))
        source = content.SourceContent(0, self.gitops.url, (file,))
        shown = images or (content.Image(IMAGE, tag),)
        return content.ComponentContent((source,), tag, shown, self.gitops.url, "main", revision)

    async def find(
        self, tag: str, *environments: str, revision: str = "", component: str = "api"
    ) -> None:
        """The first look: this is there already."""
        at = revision or self.gitops.head()
        part = LandedPart(self.part(tag, at), at)
        parts = {environment: {component: part} for environment in environments}
        await self.stored.store.found(PRODUCT, 0, parts, {})

    async def release(
        self,
        revision: str = "",
        trigger: Trigger = Trigger.HEAD,
        goes_back_to: str = "",
        flow: catalog.Flow = FLOW,
        **tags: str,
    ) -> Release:
        """A release of what the flow's trigger has now; it landed there and succeeded."""
        revision = revision or self.gitops.head()
        parts = {name: self.part(tag, revision) for name, tag in tags.items()}
        return await self.release_of(parts, revision, trigger, goes_back_to, flow)

    async def release_of(
        self,
        parts: content.Content,
        revision: str,
        trigger: Trigger = Trigger.HEAD,
        goes_back_to: str = "",
        flow: catalog.Flow = FLOW,
    ) -> Release:
        commit = TriggerCommit(self.gitops.url, "main", revision, "a bump", "Ada")

        def build(n: int, now: datetime) -> tuple[Release, events.Event]:
            origin = creation.Origin(PRODUCT, n, trigger, "ada", now, parts)
            line = (
                ""
                if trigger is Trigger.ROLLBACK
                else f"shop/{flow.trigger_environment}/{flow.name}"
            )
            made = creation.along(flow, origin, self.config, line, (commit,))
            made = replace(made, goes_back_to=goes_back_to)
            return made, stored_world.created(made)

        made = await self.stored.store.create(PRODUCT, build, {}, "", "ada", {})
        assert made is not None
        self.made[made.id] = made
        if trigger is Trigger.HEAD:
            await self.land(made, flow.trigger_environment, revision)
        return made

    async def land(
        self, release: Release, environment: str, commit: str = "", status: str = "succeeded"
    ) -> str:
        """The release comes to an environment; behind dev by a promotion's commit."""
        if not commit:
            for name, part in release.content.items():
                trailers = f"Towpath-Promotion: 1\nTowpath-Release: {release.id}"
                message = f"{environment}: promote ({release.id})\n\n{name}\n\n{trailers}"
                commit = self.bump(part.version, environment, name, message)
        async with self.stored.database.begun() as connection:
            landings.put(connection, release, environment, release.content, commit)
        await self.put_status(release, environment, status)
        return commit

    async def put_status(self, release: Release, environment: str, status: str) -> None:
        """Say of a release how far it is in an environment, without anything that led there."""
        await self.stored.rows(
            "UPDATE release SET environments = jsonb_set(environments, ARRAY[:e, 'status'],"
            " to_jsonb(CAST(:s AS text))) WHERE id = :r",
            e=environment,
            s=status,
            r=release.id,
        )

    # --- what is asked -----------------------------------------------------------------------
    async def read(self, release: Release, environment: str = "", start: str = "") -> Document:
        """The notes as they are known now."""
        await self.gitops_door.fetch(self.gitops.url)
        found: Document = json.loads(await self.notes.read(release.id, environment, start))
        return found

    async def resolved(
        self, release: Release, environment: str = "dev", origin: str = ""
    ) -> Document:
        """The notes once everybody outside was asked."""
        await self.gitops_door.fetch(self.gitops.url)
        made = await self.notes.resolve(Question(release.id, environment, origin))
        assert made is not None
        document: Document = json.loads(made.document)
        return document


@asynccontextmanager
async def world(
    url: str, folder: Path, *components: catalog.Component, **more: Any
) -> AsyncIterator[World]:
    """Empty repositories and tables."""
    async with stored_world.stored(url) as stored:
        code = git_servers.origin(folder / "remote", name="api.git")
        git_servers.git(code.path, "config", "uploadpack.allowFilter", "true")
        gitops = git_servers.origin(folder / "remote", name="gitops.git")
        described = components or (catalog.Component("api", code.url, tag="{sha}"),)
        with_code = tuple(replace(one, repository=one.repository or code.url) for one in described)
        yield World(stored, code, gitops, folder, with_code, **more)


def subjects(document: Mapping[str, Any], group: str = "commits") -> list[str]:
    """The subjects of a group's commits."""
    return [item["subject"] for item in document[group]["items"]]


def lacking(document: Mapping[str, Any], group: str) -> list[str]:
    """What a group lacks, in words."""
    return [f"{one['what']}: {one['reason']}" for one in document[group]["unresolved"]]


LEASE = timedelta(minutes=5)


async def followed(world: World, release: Release, before: content.Content) -> ranges.Gathered:
    """What is gathered from a content to a release, with qa as the trigger environment."""
    await world.gitops_door.fetch(world.gitops.url)
    library = Library(GitPast(world.gitops_door), outside=False)
    code = Library(GitPast(world.code_door), outside=True)
    revisions = Revisions(world.archive, None, code, library)
    gathering = ranges.Gathering(world.archive, world.config, code, library, revisions)
    gathered = ranges.Gathered()
    folders = ("apps/api/qa",)
    span = ranges.Span(release, "qa", {})
    way = ranges.Way(span, "api", world.gitops.url, folders)
    await gathering.follow(gathered, way, before["api"], release.content["api"])
    return gathered
