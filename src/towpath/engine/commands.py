"""What a person wishes: checked against what is true, made an event, and the release woken.

Implements `ports.commanding.Commands`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from towpath.domain import (
    approvals,
    catalog,
    content,
    creation,
    events,
    facts,
    release,
    skipping,
    wishes,
)
from towpath.domain.release import Release, Trigger
from towpath.domain.wishes import Refused
from towpath.engine import behind, lines
from towpath.engine.discovery import without_unmatched
from towpath.engine.inforce import InForce
from towpath.engine.observe import Observer
from towpath.engine.planning import Planner
from towpath.engine.reading import Found, Reader
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.commanding import Looked, Plan
from towpath.ports.errors import OutsideError
from towpath.ports.store import Store, View

LANDINGS_SEARCHED = 50


class EngineCommands:
    """Carries wishes out."""

    def __init__(
        self,
        store: Store,
        door: git.Git,
        reader: Reader,
        remotes: Remotes,
        observer: Observer,
        planner: Planner,
        in_force: InForce,
        teams: Mapping[str, Collection[str]],
    ) -> None:
        self._store = store
        self._git = door
        self._reader = reader
        self._remotes = remotes
        self._observer = observer
        self._planner = planner
        self._in_force = in_force
        self._teams = teams

    # --- a release that exists ---------------------------------------------------------------
    async def terminate(self, release: str, actor: str, comment: str) -> Release:
        """See the port."""
        return await self._wish(
            release, actor, lambda view: wishes.terminate(view.release, actor, comment)
        )

    async def retry(self, release: str, environment: str, actor: str) -> Release:
        """See the port."""

        def decide(view: View) -> Sequence[events.Event]:
            around = _around(view)
            renewed = creation.renewed(view.release, self._in_force.catalog)
            hooks = creation.renewed_hooks(view.release, self._in_force.catalog)
            position = wishes.requeue(view.release, around)
            return wishes.retry(view.release, around, renewed, position, environment, hooks)

        return await self._wish(release, actor, decide)

    async def approve(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """See the port."""
        who = approvals.person(actor, self._teams)
        wrote = await self._wrote(release, environment)
        return await self._wish(
            release,
            actor,
            lambda view: approvals.approve(view.release, environment, who, wrote, comment),
        )

    async def _wrote(self, release_id: str, environment: str) -> frozenset[str]:
        """The authors of what is brought there; later they can only become fewer."""
        view = await self._store.view_of(release_id)
        return await self._store.authors(view.release, environment) if view else frozenset()

    async def reject(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """See the port."""
        who = approvals.person(actor, self._teams)
        return await self._wish(
            release, actor, lambda view: approvals.reject(view.release, environment, who, comment)
        )

    async def skip(self, release: str, environment: str, actor: str, comment: str) -> Release:
        """See the port."""

        def decide(view: View) -> Sequence[events.Event]:
            around = _around(view)
            position = wishes.requeue(view.release, around)
            return skipping.skip(view.release, environment, around, position, actor, comment)

        return await self._wish(release, actor, decide)

    async def _wish(
        self, release_id: str, actor: str, decide: Callable[[View], Sequence[events.Event]]
    ) -> Release:
        try:
            return await self._store.command(release_id, actor, decide)
        except KeyError:
            raise Refused("unknown_release", f"there is no release {release_id}") from None

    # --- a release of a head or revision -----------------------------------------------------
    async def create(self, product: str, revision: str, flow: str, actor: str) -> Release:
        """See the port."""
        config = self._in_force.catalog
        wanted = self._flow(self._product(product), flow)
        environment = wanted.trigger_environment
        revisions = await self._heads(config, product, environment)
        present = await self._readable(config, product, environment, revisions)
        if not revision:
            return await self._of_heads(product, wanted, present, actor)
        chosen = await self._at(revisions, revision)
        found = await self._readable(config, product, environment, chosen)
        return await self._of_revision(product, wanted, found, present, actor)

    def _product(self, name: str) -> catalog.Product:
        product = self._in_force.catalog.products.get(name)
        if product is None or not product.configured:
            raise Refused("unknown_product", f"there is no configured product {name}")
        return product

    def _flow(self, product: catalog.Product, name: str) -> catalog.Flow:
        names = [use.flow for use in product.flows]
        chosen = name or (names[0] if names else "")
        flow = self._in_force.catalog.flows.get(chosen)
        if flow is None or chosen not in names:
            known = ", ".join(names) or "none"
            raise Refused("unknown_flow", f"{product.name} has no flow {chosen!r}; it has: {known}")
        return flow

    async def _heads(
        self, config: catalog.Catalog, product: str, environment: str
    ) -> Mapping[tuple[str, str], str]:
        tracked, wrong = await self._reader.tracked(config.applications_of(product, environment))
        if wrong:
            raise _refused(next(iter(wrong.values())).sentence)
        found: dict[tuple[str, str], str] = {}
        for repository in {each.source.repository for each in tracked}:
            heads = await self._answered(repository)
            found |= {(repository, branch): sha for branch, sha in heads.branches.items()}
        return found

    async def _answered(self, repository: str) -> git.Heads:
        try:
            return await self._git.fetch(repository)
        except OutsideError as error:
            raise _refused(error.reason.sentence) from None

    async def _at(
        self, heads: Mapping[tuple[str, str], str], revision: str
    ) -> Mapping[tuple[str, str], str]:
        """The heads, with the revision in place of those of the repository that has it."""
        for repository in {place[0] for place in heads}:
            try:
                commit = await self._git.commit(repository, revision)
            except OutsideError:
                continue
            return {
                place: commit.sha if place[0] == repository else sha for place, sha in heads.items()
            }
        raise Refused(
            "unknown_revision", f"no repository of the trigger environment has {revision!r}"
        )

    async def _readable(
        self,
        config: catalog.Catalog,
        product: str,
        environment: str,
        revisions: Mapping[tuple[str, str], str],
    ) -> Found:
        try:
            found = await self._reader.read(config, product, environment, revisions)
        except OutsideError as error:
            raise _refused(error.reason.sentence) from None
        found = without_unmatched(found, await self._store.landed_in(product, environment))
        if found.wrong:
            component, reason = next(iter(found.wrong.items()))
            raise _refused(f"{component}: {reason.sentence}")
        if not found.parts:
            raise _refused(f"{product} has no application to read in {environment}")
        return found

    async def _of_heads(
        self, product: str, flow: catalog.Flow, found: Found, actor: str
    ) -> Release:
        """A release of what the trigger environment holds now, though it may be no news."""
        landed = await self._store.landed_in(product, flow.trigger_environment)
        expected = {
            name: landed[name].content.revision if name in landed else "" for name in found.parts
        }
        line = lines.line(
            product, flow.trigger_environment, (p.branch for p in found.parts.values())
        )
        commits = await self._changes(product, flow.trigger_environment, found)

        def build(n: int, at: datetime) -> tuple[Release, events.Event]:
            origin = creation.Origin(product, n, Trigger.HEAD, actor, at, found.parts)
            made = creation.along(flow, origin, self._in_force.catalog, line, commits)
            return made, _created(made, commits[0].subject)

        made = await self._store.create(
            product, build, expected, flow.trigger_environment, actor, found.bodies
        )
        if made is None:
            raise Refused("just_released", "a new commit came in this moment; ask again")
        return made

    async def _of_revision(
        self, product: str, flow: catalog.Flow, found: Found, present: Found, actor: str
    ) -> Release:
        """A release of a revision: on no line, so it takes turns and supersedes nobody."""
        elsewhere = bool(content.changed(present.parts, found.parts))
        part = max(found.parts.values(), key=lambda p: (p.revision, p.repository))
        named = behind.as_trigger(await self._git.commit(part.repository, part.revision), part)

        def build(n: int, at: datetime) -> tuple[Release, events.Event]:
            origin = creation.Origin(product, n, Trigger.REVISION, actor, at, found.parts)
            made = creation.along(flow, origin, self._in_force.catalog, "", (named,))
            if elsewhere:
                made = creation.not_deployed(made, named.sha)
            return made, _created(made, named.subject)

        made = await self._store.create(product, build, {}, "", actor, found.bodies)
        assert made is not None
        return made

    async def _changes(
        self, product: str, environment: str, found: Found
    ) -> tuple[release.TriggerCommit, ...]:
        """What changed the product last there: the newest commit, and what that carried."""
        config = self._in_force.catalog
        newest = [
            (await behind.last_change(self._git, part, folders), part)
            for part in found.parts.values()
            for folders in [behind.folders(config, product, environment, part)]
        ]
        commit, part = max(newest, key=lambda one: one[0].committed_at)
        carried = await behind.carried(self._store, commit)
        return (behind.as_trigger(commit, part), *carried)

    # --- a release from one environment to another -------------------------------------------
    async def promote(
        self,
        product: str,
        environment: str,
        source: str,
        components: Sequence[str],
        release: str,
        actor: str,
    ) -> Release:
        """See the port."""
        origin, carried = await self._carried(product, environment, source, components, release)

        def build(n: int, at: datetime) -> tuple[Release, events.Event]:
            start = creation.Origin(product, n, Trigger.MANUAL, actor, at, carried)
            made = creation.by_hand(start, self._in_force.catalog, origin, environment)
            return made, _created(made, f"from {origin} to {environment}")

        made = await self._store.create(product, build, {}, "", actor, {})
        assert made is not None
        return made

    async def plan_promotion(
        self, product: str, environment: str, source: str, components: Sequence[str], release: str
    ) -> Plan:
        """See the port."""
        _, carried = await self._carried(product, environment, source, components, release)
        return await self._planner.plan(product, environment, carried)

    async def _carried(
        self, product: str, environment: str, source: str, components: Sequence[str], release: str
    ) -> tuple[str, content.Content]:
        """Where a manual release is taken from, and what it carries."""
        self._goes_to(product, environment)
        origin = source or self._before(product, environment)
        if origin == environment:
            raise Refused("same_environment", f"{environment} cannot be promoted to itself")
        if release:
            view = await self._store.view_of(release)
            if view is None or view.release.product != product:
                raise Refused("unknown_release", f"{product} has no release {release}")
            parts = dict(view.release.content)
        else:
            landed = await self._store.landed_in(product, origin)
            # What is not deployed there any more has stayed behind, and may be older than anything.
            there = self._in_force.catalog.components_in(product, origin)
            parts = {name: part.content for name, part in landed.items() if name in there}
        if not parts:
            raise Refused("nothing_landed", f"nothing of {product} is known to be in {origin}")
        return origin, _only(parts, components, product)

    def _goes_to(self, product: str, environment: str) -> None:
        self._product(product)
        config = self._in_force.catalog
        if environment not in config.environments_of(product):
            known = ", ".join(config.environments_of(product)) or "none"
            raise Refused(
                "unknown_environment", f"{product} is not in {environment!r}; it is in: {known}"
            )

    def _before(self, product: str, environment: str) -> str:
        """The one environment that stands before this one in the product's flows."""
        config = self._in_force.catalog
        before = {
            name
            for use in self._product(product).flows
            if (flow := config.flows.get(use.flow))
            for step in flow.steps
            if step.environment == environment
            for name in step.depends_on
        }
        if len(before) != 1:
            known = ", ".join(sorted(before)) or "none"
            said = (
                f"before {environment} is not just one environment ({known}): say where to take it "
                "from, with `from` or the option --from"
            )
            raise Refused("source_needed", said)
        return before.pop()

    # --- going back --------------------------------------------------------------------------
    async def rollback(
        self, product: str, environment: str, to: str, lock: bool, actor: str
    ) -> Release:
        """See the port."""
        target, carried = await self._earlier(product, environment, to)

        def build(n: int, at: datetime) -> tuple[Release, events.Event]:
            start = creation.Origin(product, n, Trigger.ROLLBACK, actor, at, carried)
            made = creation.back(start, self._in_force.catalog, environment, target, lock=lock)
            return made, _created(made, f"{environment} back to {target}")

        made = await self._store.create(product, build, {}, "", actor, {})
        assert made is not None
        return made

    async def plan_rollback(self, product: str, environment: str, to: str) -> Plan:
        """See the port."""
        target, carried = await self._earlier(product, environment, to)
        return await self._planner.plan(product, environment, carried, target)

    async def _earlier(
        self, product: str, environment: str, to: str
    ) -> tuple[str, content.Content]:
        self._goes_to(product, environment)
        landings = await self._store.landings(product, environment, LANDINGS_SEARCHED)
        known = ", ".join(landings[:5]) or "none"
        if to:
            carried = await self._store.landed_with(product, environment, to)
        elif len(landings) > 1:
            to = landings[1]
            carried = await self._store.landed_with(product, environment, to)
        elif landings:
            carried = await self._store.landed_before(product, environment, landings[0])
            to = f"before {landings[0]}"
        else:
            carried, to = {}, "a release"
        if not carried:
            raise Refused("never_landed", f"{to} never landed in {environment}; these did: {known}")
        return to, carried

    # --- locks and looking -------------------------------------------------------------------
    async def lock(
        self, product: str, environment: str, reason: str, until: datetime | None, actor: str
    ) -> None:
        """See the port."""
        self._known_place(product, environment)
        now = await self._store.now()
        if until is not None and until <= now:
            raise Refused("already_over", f"the lock would have ended before it began ({until})")
        await self._store.lock(facts.Lock(product, environment, reason, actor, now, until))

    async def unlock(self, product: str, environment: str, actor: str) -> None:
        """See the port."""
        if not await self._store.unlock(product, environment, actor):
            self._known_place(product, environment)  # a lock may outlive what it was put on

    def _known_place(self, product: str, environment: str) -> None:
        config = self._in_force.catalog
        if environment not in config.environments:
            raise Refused("unknown_environment", f"there is no environment {environment!r}")
        if product and product not in config.products:
            raise Refused("unknown_product", f"there is no product {product!r}")

    async def refresh(self, repository: str) -> Looked:
        """See the port."""
        known = self._observer.repositories()
        if repository and repository not in known:
            raise Refused("unknown_repository", f"no application is deployed from {repository!r}")
        made, trouble = await self._observer.look(repository)
        looked_at = (repository,) if repository else tuple(sorted(known))
        return Looked(looked_at, tuple(each.id for each in made), trouble)


def _around(view: View) -> facts.Facts:
    return facts.Facts(rivals=view.rivals, stages=view.stages, open_writes=view.open_writes)


def _only(
    parts: Mapping[str, content.ComponentContent], components: Sequence[str], product: str
) -> content.Content:
    if unknown := sorted(set(components) - parts.keys()):
        known = ", ".join(sorted(parts))
        raise Refused(
            "unknown_component",
            f"{product} has no {', '.join(unknown)} there; it has: {known}",
        )
    return {name: part for name, part in parts.items() if not components or name in components}


def _created(made: Release, subject: str) -> events.Event:
    return events.ReleaseCreated(made.trigger, made.version, subject, tuple(sorted(made.content)))


def _refused(sentence: str) -> Refused:
    return Refused("cannot_be_read", sentence)
