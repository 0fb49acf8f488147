"""Looking for new commits: one `ls-remote` for each repository, however many applications use it.

One process at a time does this for all workers. A repository in trouble is shown as such, and
stops no other.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from towpath.domain import catalog, subjects
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.domain.subjects import Scope
from towpath.engine import defects, drifting, lines
from towpath.engine.discovery import Discovery
from towpath.engine.drifting import Drifting
from towpath.engine.inforce import Configured, InForce
from towpath.engine.introduction import Introduction
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import OutsideError, Temporary
from towpath.ports.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

DUTY = "observe"
DUTY_S = 20.0
LEAVE_S = 2.0
AT_ONCE = 8

Place = tuple[str, str]  # repository and branch
Stage = tuple[str, str]  # product and environment
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Interest:
    """Why a branch is watched, by folder: the products whose trigger environments are on it, and
    the environments that promotions write there."""

    products: dict[str, set[str]] = field(default_factory=dict)
    promoted: dict[str, set[Stage]] = field(default_factory=dict)

    def touched(self, changed: Collection[str] | None) -> Collection[str]:
        """The products with a trigger folder that holds one of the paths (None: all)."""
        return _touched(self.products, changed)

    def written(self, changed: Collection[str] | None) -> set[Stage]:
        """The promoted environments with a folder that holds one of the paths (None: all)."""
        return _touched(self.promoted, changed)


def _touched(those: Mapping[str, set[_T]], changed: Collection[str] | None) -> set[_T]:
    touched = {folder for path in changed or () for folder in _folders(path)}
    folders = those.keys() if changed is None else touched & those.keys()
    return {one for folder in folders for one in those[folder]}


def _folders(path: str) -> Sequence[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


class Observer:
    """Watches the branches that applications track."""

    def __init__(
        self,
        name: str,
        store: Store,
        door: git.Git,
        remotes: Remotes,
        discovery: Discovery,
        introduction: Introduction,
        drifting: Drifting,
        in_force: InForce,
        poll_interval_s: float,
    ) -> None:
        self._name = name
        self._store = store
        self._git = door
        self._remotes = remotes
        self._discovery = discovery
        self._introduction = introduction
        self._drifting = drifting
        self._in_force = in_force
        self._poll_interval_s = poll_interval_s
        self._introduced = 0
        self._unread_at: Mapping[str, Mapping[str, str]] = {}
        self._written: set[Stage] = set()  # to be compared with what landed
        self._wrong: dict[tuple[Scope, str], bool] = {}
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Look for new commits at every poll interval (seconds), while it is our duty."""
        await self._in_force.newer_than(0)
        try:
            await self._look_on()
        finally:  # whoever is started next need not wait until the duty is over
            with contextlib.suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._store.take_duty(DUTY, self._name, 0)

    async def _look_on(self) -> None:
        while True:
            try:
                if await self._store.take_duty(DUTY, self._name, self._duty_s):
                    await self.look()
            except StoreUnavailable as error:
                log.warning("the database does not answer: %s", error)
            except Exception:
                log.exception("looking for new commits failed")
            await asyncio.sleep(self._poll_interval_s)

    def repositories(self) -> Collection[str]:
        """The repositories that applications of products are deployed from."""
        return _repositories(self._in_force.catalog)

    @property
    def _duty_s(self) -> float:
        return max(DUTY_S, 2 * self._poll_interval_s)

    async def look(self, only: str = "") -> tuple[Sequence[Release], Mapping[str, Reason]]:
        """Look now, in one repository or in all: the releases made, and trouble by repository."""
        async with self._one_at_a_time:
            return await self._look(only)

    async def _look(self, only: str) -> tuple[Sequence[Release], Mapping[str, Reason]]:
        configured = self._in_force.configured
        config, redeployed = self._in_force.catalog, self._in_force.redeployed
        repositories = {only} if only else _repositories(config)
        trouble = await self._ask_all(repositories)
        interests = await self._interests(config, repositories - trouble.keys())
        heads = await self._fetch_changed(interests, trouble)
        made: list[Release] = []
        if configured and (chosen := await self._to_introduce(configured)):
            revisions = await self._revisions(chosen, trouble)
            introduced = await self._introduction.introduce(revisions)
            again = await self._reconfigured(config) if self._is_news(configured) else ()
            for product in dict.fromkeys((*introduced.changed, *again)):
                made += await self._consider(product, revisions) or ()
            await self._introduced_at(configured, {**trouble, **introduced.failed})
            for product, reason in introduced.failed.items():
                await self._note(Scope.PRODUCT, product, reason)
                redeployed = {n: at for n, at in redeployed.items() if n != product}
        made += await self._examine(interests, heads, repositories - trouble.keys(), redeployed)
        return made, trouble

    async def _consider(
        self, product: str, revisions: Mapping[Place, str]
    ) -> Sequence[Release] | None:
        """The releases made of the product. None: it could not be told, which is shown."""
        try:
            made = await self._discovery.consider(product, revisions)
        except OutsideError as error:
            await self._note(Scope.PRODUCT, product, error.reason)
            return None
        except StoreUnavailable:
            raise
        except Exception as error:  # a defect of ours with one product must stop no other
            await self._note(Scope.PRODUCT, product, defects.of(product, error))
            return None
        await self._note(Scope.PRODUCT, product, None)
        return made

    async def _to_introduce(self, configured: Configured) -> Collection[str]:
        """The repositories of which something is to be read that is not recorded yet."""
        if self._is_news(configured):
            return _repositories(configured.catalog)
        return {
            repository
            for repository, before in self._unread_at.items()
            if (await self._remotes.seen(repository)).branches != before
        }

    def _is_news(self, configured: Configured) -> bool:
        return configured.serial != self._introduced

    async def _reconfigured(self, config: catalog.Catalog) -> Sequence[str]:
        """The products with components that could not be read, and perhaps can be now.

        What the configuration names no more is in no trouble, whoever noted it.
        """
        for scope, named in _subjects(config).items():
            await self._store.forget_trouble(scope, named)
        changed = set(await self._store.troubled(Scope.DRIFT))
        for product, application, _, _ in _promoted_sources(config):
            if _component(application) in changed:  # it may not be promoted any more
                self._written.add((product, application.environment))
        troubled = await self._store.troubled(Scope.COMPONENT)
        return [name for name in config.products if any(s.startswith(f"{name}/") for s in troubled)]

    async def _introduced_at(self, configured: Configured, trouble: Mapping[str, Reason]) -> None:
        if not trouble:
            self._introduced = configured.serial
        unread = self._introduction.unread() - trouble.keys()
        self._unread_at = {each: (await self._remotes.seen(each)).branches for each in unread}

    async def _ask_all(self, repositories: Collection[str]) -> dict[str, Reason]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(repository: str) -> tuple[str, Reason | None]:
            async with gate:
                try:
                    heads = await self._remotes.ask(repository)
                except OutsideError as error:
                    return repository, error.reason
                return repository, None if heads.branches else _empty(repository)

        answers = await asyncio.gather(*(ask(each) for each in sorted(repositories)))
        for repository, reason in answers:
            await self._note(Scope.REPOSITORY, repository, reason)
        return {repository: reason for repository, reason in answers if reason}

    async def _note(self, scope: Scope, subject: str, reason: Reason | None) -> None:
        """Keep what is wrong in the store, written only when it changes."""
        if reason is not None or self._wrong.get((scope, subject), True):
            await self._store.trouble(scope, subject, reason)
        self._wrong[scope, subject] = reason is not None

    async def _interests(
        self, config: catalog.Catalog, repositories: Collection[str]
    ) -> Mapping[Place, Interest]:
        """The branches of trigger environments and of promoted ones, and what lies where there."""
        found: dict[Place, Interest] = {}
        for product, application, source, folder in _trigger_sources(config):
            if source.repository not in repositories:
                continue
            branch = await self._branch(source)
            reason = None if branch else _no_branch(application, source)
            await self._note(Scope.BRANCH, _branch(source), reason)
            if branch is not None:
                interest = found.setdefault((source.repository, branch), Interest())
                interest.products.setdefault(folder, set()).add(product)
        for product, application, source, folder in _promoted_sources(config):
            if source.repository not in repositories:
                continue
            branch = await self._branch(source)
            if branch is not None:  # where not, promotions there say so
                interest = found.setdefault((source.repository, branch), Interest())
                stage = (product, application.environment)
                interest.promoted.setdefault(folder, set()).add(stage)
        return found

    async def _branch(self, source: catalog.Source) -> str | None:
        heads = await self._remotes.seen(source.repository)
        return self._remotes.branch(heads, source.revision)

    async def _fetch_changed(
        self, interests: Mapping[Place, Interest], trouble: dict[str, Reason]
    ) -> Mapping[Place, str]:
        """Bring the commits of moved branches here; answers with the present heads."""
        present: dict[Place, str] = {}
        for repository in sorted({place[0] for place in interests}):
            heads = await self._remotes.seen(repository)
            mine = {place for place in interests if place[0] == repository}
            try:
                known = {b: await self._git.known_head(repository, b) for _, b in mine}
                if any(known[b] != heads.branches[b] for _, b in mine):
                    heads = await self._git.fetch(repository)
            except OutsideError as error:
                trouble[repository] = error.reason
                await self._note(Scope.REPOSITORY, repository, error.reason)
                continue
            present |= {p: heads.branches[p[1]] for p in mine if p[1] in heads.branches}
        return present

    async def _revisions(
        self, repositories: Collection[str], trouble: dict[str, Reason]
    ) -> Mapping[Place, str]:
        """The heads of every branch of the repositories, with their commits here."""
        found: dict[Place, str] = {}
        for repository in sorted(set(repositories) - trouble.keys()):
            try:
                heads = await self._git.fetch(repository)
            except OutsideError as error:
                trouble[repository] = error.reason
                await self._note(Scope.REPOSITORY, repository, error.reason)
                continue
            found |= {(repository, branch): sha for branch, sha in heads.branches.items()}
        return found

    async def _examine(
        self,
        interests: Mapping[Place, Interest],
        heads: Mapping[Place, str],
        answered: Collection[str],
        redeployed: Mapping[str, int],
    ) -> list[Release]:
        """Consider the products whose folders changed since each head was examined last, or are
        others now, and compare the promoted environments whose folders changed.

        A head stays to be examined while one of its products could not be seen whole.
        """
        before = await self._store.heads()
        moved = {place: sha for place, sha in heads.items() if before.get(place) != sha}
        touched: dict[Place, Collection[str]] = {}
        for place, sha in moved.items():
            changed = await self._changed(place, before.get(place), sha)
            touched[place] = interests[place].touched(changed)
            # What is there when a branch is first seen was recorded as found.
            self._written |= interests[place].written(changed if before.get(place) else ())
        unsure = self._half_seen(answered) if moved or redeployed else set()
        made: list[Release] = []
        products = {product for found in touched.values() for product in found}
        for product, releases in await self._consider_all(sorted(products | {*redeployed}), heads):
            made += releases or ()
            unsure |= {product} if releases is None else set()
        self._in_force.considered({n: at for n, at in redeployed.items() if n not in unsure})
        await self._compare_all(heads)
        for place, sha in moved.items():
            if unsure.isdisjoint(touched[place]):
                await self._store.examined(*place, sha)
        return made

    async def _compare_all(self, heads: Mapping[Place, str]) -> None:
        """Show what people changed where promotions write; again later where it cannot be told."""
        gate = asyncio.Semaphore(AT_ONCE)
        stages, self._written = sorted(self._written), set()

        async def compare(stage: Stage) -> None:
            async with gate:
                try:
                    told = await self._drifting.look(*stage, heads)
                except (Temporary, StoreUnavailable) as error:
                    log.info("%s in %s is compared later: %s", *stage, error)
                    self._written.add(stage)
                except Exception:  # a defect of ours with one must stop no other
                    log.exception("%s in %s was not compared", *stage)
                else:
                    self._written |= set() if told else {stage}

        await asyncio.gather(*(compare(stage) for stage in stages))

    async def _consider_all(
        self, products: Sequence[str], heads: Mapping[Place, str]
    ) -> Sequence[tuple[str, Sequence[Release] | None]]:
        """Several products at once: they have nothing to do with each other."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def consider(product: str) -> tuple[str, Sequence[Release] | None]:
            async with gate:
                return product, await self._consider(product, heads)

        return await asyncio.gather(*(consider(product) for product in products))

    def _half_seen(self, answered: Collection[str]) -> set[str]:
        """The products with a trigger environment in a repository that did not answer now."""
        sources = _trigger_sources(self._in_force.catalog)
        return {product for product, _, source, _ in sources if source.repository not in answered}

    async def _changed(self, place: Place, old: str | None, new: str) -> Collection[str] | None:
        return await self._git.changed_paths(place[0], old, new) if old else None


Sources = Iterator[tuple[str, catalog.Application, catalog.Source, str]]


def _trigger_sources(config: catalog.Catalog) -> Sources:
    return _sources(config, lambda product: lines.trigger_environments(config, product))


def _promoted_sources(config: catalog.Catalog) -> Sources:
    return _sources(config, lambda product: sorted(drifting.promoted(config, product)))


def _sources(
    config: catalog.Catalog, environments: Callable[[catalog.Product], Sequence[str]]
) -> Sources:
    for product in config.products.values():
        for environment in environments(product):
            for application in config.applications_of(product.name, environment):
                for _, source, folder in catalog.promotable_sources(application):
                    yield product.name, application, source, folder


def _no_branch(application: catalog.Application, source: catalog.Source) -> Reason:
    revision = source.revision or "HEAD"
    return Reason(
        Code.BRANCH_MISSING,
        f"{source.repository} has no branch {revision}, which {application.name} tracks",
        {"repository": source.repository, "revision": revision, "application": application.name},
        advice="Bring the branch back, or set targetRevision to one that exists. No release is "
        "made of it until then.",
    )


def _branch(source: catalog.Source) -> str:
    return subjects.branch(source.repository, source.revision)


def _component(application: catalog.Application) -> str:
    return subjects.component(application.product, application.environment, application.component)


def _subjects(config: catalog.Catalog) -> Mapping[Scope, Collection[str]]:
    """What can be in trouble, by scope."""
    return {
        Scope.REPOSITORY: _repositories(config),
        Scope.BRANCH: {_branch(source) for _, _, source, _ in _trigger_sources(config)},
        Scope.PRODUCT: set(config.products),
        Scope.COMPONENT: {_component(application) for application in config.applications},
        Scope.DRIFT: {
            _component(application) for _, application, _, _ in _promoted_sources(config)
        },
    }


def _repositories(config: catalog.Catalog) -> set[str]:
    return {
        source.repository
        for application in config.applications
        if application.product
        for _, source, _ in catalog.promotable_sources(application)
    }


def _empty(repository: str) -> Reason:
    return Reason(
        Code.BRANCH_MISSING,
        f"{repository} is empty: it has no branch",
        {"repository": repository},
        advice="Push a first commit.",
    )
