"""What people changed by hand where promotions write, shown for as long as it stands there.

It is told by what landed last, as far as the template of today still promotes it. A commit of ours
is never such a change: it may be a promotion that is not recorded yet.
"""

import logging
from collections.abc import Mapping, Sequence

from towpath.domain import catalog, content, subjects
from towpath.domain.reasons import Code, Reason
from towpath.domain.subjects import Scope
from towpath.engine import behind, targets
from towpath.engine.inforce import InForce
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import Permanent
from towpath.ports.store import LandedPart, Store

log = logging.getLogger(__name__)

_At = tuple[targets.Target, str]  # a folder, and the head of its branch


class Drifting:
    """Compares environments with what landed in them."""

    def __init__(self, store: Store, door: git.Git, remotes: Remotes, in_force: InForce) -> None:
        self._store = store
        self._git = door
        self._remotes = remotes
        self._in_force = in_force
        self._older: dict[str, tuple[str, ...]] = {}

    async def look(
        self, product: str, environment: str, heads: Mapping[tuple[str, str], str]
    ) -> bool:
        """Note what differs at these heads from what landed; False: other heads are needed first.

        A component that lies in several repositories stays as it was noted. Raises `Temporary`.
        """
        landed = await self._store.landed_in(product, environment)
        present = self._in_force.catalog.components_in(product, environment)
        told = True
        for component in sorted(present.keys() & landed.keys()):
            try:
                told &= await self._note(product, environment, component, landed[component], heads)
            except Permanent as error:  # a promotion there says so, too
                log.info("%s in %s cannot be compared: %s", component, environment, error)
        return told

    async def _note(
        self,
        product: str,
        environment: str,
        component: str,
        part: LandedPart,
        heads: Mapping[tuple[str, str], str],
    ) -> bool:
        config = self._in_force.catalog
        subject = subjects.component(product, environment, component)
        places = await targets.resolve(
            self._remotes, config, product, environment, {component: part.content}
        )
        at = [(p, heads.get((p.repository, p.branch), "")) for p in places]
        if not await self._is_here(places, part.commit):
            return True
        if not all(head for _, head in at) or await self._are_older(subject, at, part.commit):
            return False
        found = [d for place, head in at for d in await self._changed(place, head)]
        reason = _reason(component, environment, found) if found else None
        await self._store.trouble(Scope.DRIFT, subject, reason)
        return True

    async def _is_here(self, places: Sequence[targets.Target], landed: str) -> bool:
        """Whether each place is one where it landed, and not where an application moved to."""
        if len(targets.by_branch(places)) > 1:  # the commit of one of them is known
            known = [await self._git.is_ancestor(p.repository, landed, landed) for p in places]
        else:
            known = [await targets.held(self._git, p, landed, p.files) for p in places]
        return all(known)

    async def _are_older(self, subject: str, at: Sequence[_At], landed: str) -> bool:
        """Whether a head was asked for before the landing. One that is still the same when it is
        asked for again was set back."""
        older = [
            head
            for place, head in at
            if head != landed and await self._git.is_ancestor(place.repository, head, landed)
        ]
        before = self._older.pop(subject, None)
        if not older or before == (landed, *older):
            return False
        self._older[subject] = (landed, *older)
        return True

    async def _changed(self, place: targets.Target, head: str) -> Sequence[git.Drift]:
        files = await self._still_promoted(place, head)
        standing = await self._git.standing(place.repository, head, place.path, files)
        return [d for d in standing.differences if not await self._is_ours(place, d)]

    async def _still_promoted(
        self, place: targets.Target, head: str
    ) -> tuple[content.FileContent, ...]:
        rules = self._in_force.catalog.rules_for(place.application)
        if rules == place.rules:
            return place.files
        source = git.SourceAt(place.index, place.repository, place.path)
        request = git.ReadRequest(place.component, place.application.name, source, rules)
        (reading,) = await self._git.read(place.repository, head, [request])
        return content.within(place.files, reading.files)

    async def _is_ours(self, place: targets.Target, drift: git.Drift) -> bool:
        if not drift.commit:
            return False
        return behind.is_ours(await self._git.commit(place.repository, drift.commit))


def promoted(config: catalog.Catalog, product: catalog.Product) -> frozenset[str]:
    """The environments that flows bring the product to, and none begins in."""
    flows = [config.flows[use.flow] for use in product.flows if use.flow in config.flows]
    triggers = {flow.trigger_environment for flow in flows}
    return frozenset(step.environment for flow in flows for step in flow.steps) - triggers


def told(drift: Sequence[git.Drift]) -> str:
    """What was changed since it landed, in one sentence."""
    first = drift[0]
    by = f" by {first.author} in {first.commit[:7]}" if first.commit else ""
    more = f" and {len(drift) - 1} more" if len(drift) > 1 else ""
    return (
        f"changed by hand{by}: {first.file} {first.place} was {first.landed} when it landed, "
        f"is {first.found}{more}"
    )


def data(drift: Sequence[git.Drift]) -> Mapping[str, object]:
    """The same for programs."""
    return {
        "drift": [
            {
                "file": d.file,
                "place": d.place,
                "landed": d.landed,
                "found": d.found,
                "commit": d.commit,
            }
            for d in drift
        ]
    }


def _reason(component: str, environment: str, drift: Sequence[git.Drift]) -> Reason:
    return Reason(
        Code.CHANGED_BY_HAND,
        f"{component} in {environment} was {told(drift)}",
        data(drift),
        advice="The next promotion overwrites it, unless the policy says to hold on drift. To keep "
        "it, make the change where releases begin.",
    )
