"""From a new head to a release: what differs in the trigger environment from what landed there."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from towpath.domain import catalog, content, creation, events, release, subjects
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Trigger
from towpath.domain.subjects import Scope
from towpath.engine import behind, lines
from towpath.engine.inforce import InForce
from towpath.engine.reading import Found, Reader
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import Permanent
from towpath.ports.store import LandedPart, Store

log = logging.getLogger(__name__)

Revisions = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a product's trigger environment."""

    environment: str
    parts: content.Content
    landed: Mapping[str, LandedPart]
    bodies: Mapping[str, bytes]


class Discovery:
    """Makes releases of what came to trigger environments."""

    def __init__(
        self, store: Store, door: git.Git, reader: Reader, remotes: Remotes, in_force: InForce
    ) -> None:
        self._store = store
        self._git = door
        self._reader = reader
        self._remotes = remotes
        self._in_force = in_force
        self._clean: set[str] = set()

    async def consider(self, product_name: str, revisions: Revisions) -> Sequence[Release]:
        """Make a release of what each of the product's trigger environments holds anew."""
        config = self._in_force.catalog
        product = config.products.get(product_name)
        if product is None or not product.configured:
            return ()
        made: list[Release] = []
        for environment in lines.trigger_environments(config, product):
            landed = await self._store.landed_in(product_name, environment)
            read = await self._reader.read(config, product_name, environment, revisions)
            found = without_unmatched(read, landed)
            await self._note(product_name, environment, found)
            news = await self._news(environment, found, landed)
            if news and (one := await self._release(product, news)):
                made.append(one)
        return made

    async def _note(self, product: str, environment: str, found: Found) -> None:
        """What cannot be read is shown until it can; the other components go on."""
        for component in (*found.parts, *found.wrong):
            subject = subjects.component(product, environment, component)
            reason = found.wrong.get(component)
            if reason or subject not in self._clean:
                await self._store.trouble(Scope.COMPONENT, subject, reason)
            (self._clean.discard if reason else self._clean.add)(subject)

    async def _news(
        self, environment: str, found: Found, landed: Mapping[str, LandedPart]
    ) -> News | None:
        changed = {}
        for name, part in found.parts.items():
            before = landed.get(name)
            if part.same_as(before.content if before else None):
                continue
            if before is None or not await self._is_older(part, before.content):
                changed[name] = part
        return News(environment, changed, landed, found.bodies) if changed else None

    async def _is_older(
        self, part: content.ComponentContent, before: content.ComponentContent
    ) -> bool:
        """Whether this is a revision before the one recorded: a stale mirror reverts nobody."""
        same_place = (part.repository, part.branch) == (before.repository, before.branch)
        if not same_place or not before.revision:
            return False
        return part.revision == before.revision or await self._git.is_ancestor(
            part.repository, part.revision, before.revision
        )

    async def _release(self, product: catalog.Product, news: News) -> Release | None:
        if await self._is_ours(product.name, news):
            return None
        config = self._in_force.catalog
        commits = await self._commits(config, product.name, news)
        head = await self._head(news, commits)
        flow = lines.flow_for(config, product, news.environment, head)
        if flow is None:
            log.info("%s: no flow takes %s of %s", product.name, head.sha[:7], head.branch)
            return None
        return await self._create(product.name, flow, news, commits)

    async def _create(
        self,
        product: str,
        flow: catalog.Flow,
        news: News,
        commits: tuple[release.TriggerCommit, ...],
    ) -> Release | None:
        config = self._in_force.catalog
        live = config.components_in(product, news.environment)
        before = {n: p.content for n, p in news.landed.items() if n in live}
        carried = creation.carried_on(before, news.parts)
        line = lines.line(product, news.environment, (p.branch for p in carried.values()))
        initiator = commits[0].author if commits else ""

        def build(n: int, at: datetime) -> tuple[Release, events.Event]:
            origin = creation.Origin(product, n, Trigger.HEAD, initiator, at, carried)
            made = creation.along(flow, origin, config, line, commits)
            subject = commits[0].subject if commits else ""
            created = events.ReleaseCreated(
                Trigger.HEAD, made.version, subject, tuple(sorted(news.parts))
            )
            return made, created

        expected = {
            name: news.landed[name].content.revision if name in news.landed else ""
            for name in news.parts
        }
        return await self._store.create(
            product, build, expected, news.environment, initiator, news.bodies
        )

    async def _is_ours(self, product: str, news: News) -> bool:
        """Whether this is what a promotion of ours is writing there just now."""
        holder = await self._store.holder(product, news.environment)
        return holder is not None and all(
            part.same_as(holder.content.get(name)) for name, part in news.parts.items()
        )

    async def _head(self, news: News, commits: Sequence[release.TriggerCommit]) -> lines.HeadSeen:
        newest = commits[0]
        message = (await self._git.commit(newest.repository, newest.sha)).message
        heads = await self._remotes.seen(newest.repository)
        tags = [name for name, sha in heads.tags.items() if sha == newest.sha]
        return lines.HeadSeen(newest.branch, newest.sha, message, tags)

    async def _commits(
        self, config: catalog.Catalog, product: str, news: News
    ) -> tuple[release.TriggerCommit, ...]:
        """The commits pushed together that changed the product here, newest first."""
        named: dict[str, release.TriggerCommit] = {}
        for name, part in news.parts.items():
            before = news.landed.get(name)
            base = before.content.revision if before else None
            folders = behind.folders(config, product, news.environment, part)
            for commit in await self._since(part, base, folders):
                named.setdefault(commit.sha, behind.as_trigger(commit, part))
                for change in await behind.carried(self._store, commit):
                    named.setdefault(change.sha, change)
        in_order = sorted(
            named.values(), key=lambda c: (c.committed_at is not None, c.committed_at), reverse=True
        )
        return tuple(in_order[: behind.COMMITS_NAMED])

    async def _since(
        self, part: content.ComponentContent, base: str | None, folders: Sequence[str]
    ) -> Sequence[git.Commit]:
        head = await self._git.commit(part.repository, part.revision)
        if not base:
            return [head]
        most = behind.COMMITS_NAMED
        try:
            since = await self._git.commits(part.repository, base, part.revision, most)
        except Permanent:  # a forced push left nothing of what was there before
            return [head]
        for ours in (False, True):  # a promotion of ours only where nobody else changed it
            some = [c for c in since if behind.is_ours(c) is ours]
            place = part.repository
            touching = [c for c in some if await behind.touches(self._git, place, c, folders)]
            if touching:
                return touching
        return [head]


def without_unmatched(found: Found, landed: Mapping[str, LandedPart]) -> Found:
    """What was found, less the components with a path that selects nothing and never did.

    A path that selected something in what landed there was emptied on purpose: that is a change.
    One that was not a path of the template then was not; nor was the whole component, where another
    template selects nothing of it.
    """
    wrong = dict(found.wrong)
    for component, unmatched in found.unmatched.items():
        before = landed[component].content if component in landed else None
        now = found.parts.get(component)
        for file, json_path in unmatched:
            if not (_was_named(before, now, file, json_path) and _was_emptied(before, now)):
                wrong[component] = _selects_nothing(component, file, json_path)
    for component, part in found.parts.items():
        before = landed[component].content if component in landed else None
        anew = before is not None and before.rules not in (None, part.rules)
        if before and anew and _carries(before) and not _carries(part):
            wrong.setdefault(component, _selects_nothing(component))
    parts = {name: part for name, part in found.parts.items() if name not in wrong}
    return replace(found, parts=parts, wrong=wrong)


def _was_named(
    before: content.ComponentContent | None,
    now: content.ComponentContent | None,
    file: str,
    json_path: str,
) -> bool:
    then = before.rules if before else None
    if then is None or (now is not None and now.rules == then):
        return True
    return json_path in dict(then.promotion or ()).get(file, ())


def _was_emptied(
    before: content.ComponentContent | None, now: content.ComponentContent | None
) -> bool:
    return before is not None and bool(_places(before) - (_places(now) if now else set()))


def _places(part: content.ComponentContent) -> set[tuple[str, object]]:
    return {
        (file.path, value.place)
        for source in part.sources
        for file in source.files
        for value in file.values
    }


def _carries(part: content.ComponentContent) -> bool:
    return any(source.files for source in part.sources)


def _selects_nothing(component: str, file: str = "", json_path: str = "") -> Reason:
    what = f"{json_path} in {file} of {component} selects nothing"
    return Reason(
        Code.VALUE_MISSING,
        f"{what if file else f'the promotion template selects nothing of {component}'} "
        "in the trigger environment",
        {"component": component, "file": file, "path": json_path},
        advice="Correct the promotion template, or add the value.",
    )
