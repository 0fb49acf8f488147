"""A look: read everything, decide, act, record; until there is nothing left to do now.

Nothing is kept from one look to the next. A look whose lease is lost ends without another word.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from towpath.domain import actions, catalog, soak
from towpath.domain.facts import Facts, Standing
from towpath.domain.reasons import Reason
from towpath.domain.release import Promotion, Release, Role
from towpath.domain.status import Status
from towpath.engine import deciding, targets
from towpath.engine.inforce import InForce
from towpath.engine.launching import Launching
from towpath.engine.perform import Performer
from towpath.engine.watch import Watch
from towpath.ports.store import Store, Ticket, View

ROUNDS = 200
BREATH = timedelta(seconds=1)
SLOW_LOOK = timedelta(seconds=60)


class Reconciler:
    """Looks at releases."""

    def __init__(
        self,
        store: Store,
        watch: Watch,
        performer: Performer,
        launching: Launching,
        in_force: InForce,
    ) -> None:
        self._store = store
        self._watch = watch
        self._launching = launching
        self._performer = performer
        self._in_force = in_force

    async def look(self, ticket: Ticket) -> datetime | None:
        """Do all that can be done for the release now; answers when to look again, if known."""
        before: Sequence[actions.Action] = ()
        view: View | None = None
        for _ in range(ROUNDS):
            view = view or await self._store.view(ticket)
            facts = await self._facts(view)
            found = deciding.decided(view, facts)
            again = min((a.at for a in found if isinstance(a, actions.LookAgain)), default=None)
            todo = [a for a in found if not isinstance(a, actions.LookAgain)]
            if not todo:
                return _at_the_latest(view, again)
            if todo == before:  # it changed nothing: somebody else must move first
                return view.now + BREATH
            known, before = view, todo
            view = await self._performer.perform(ticket, view, facts, todo)
        return known.now + BREATH

    async def _facts(self, view: View) -> Facts:
        release = view.release
        seen = await self._watch.look(release)
        return Facts(
            concurrency=self._concurrency(release),
            rivals=view.rivals,
            stages=view.stages,
            open_writes=view.open_writes,
            missing=self._missing(release),
            watched=seen.watched,
            unseen=seen.unseen,
            windows=self._windows(release),
            standings=await self._standings(release),
            runs=view.runs,
            members=self._launching.members(release),
            refused=self._launching.refused(release),
        )

    def _windows(self, release: Release) -> Mapping[str, tuple[catalog.Window, ...]]:
        """The windows of environments not passed yet: always as configured now."""
        known = self._in_force.catalog.environments
        unended = (p.environment for p in release.promotions if _is_to_be_written(p))
        found = {name: known[name].windows for name in unended if name in known}
        return {name: windows for name, windows in found.items() if windows}

    async def _standings(self, release: Release) -> Mapping[str, Standing]:
        """How the environments before do, where a soak is being waited for."""
        soaking = {
            before.environment
            for p in release.promotions
            if _is_to_be_written(p) and not p.begun
            for before in soak.counted_in(release, p)
            if before.status is Status.SUCCEEDED
        }
        return await self._store.standings(release, soaking) if soaking else {}

    def _concurrency(self, release: Release) -> catalog.Concurrency:
        product = self._in_force.catalog.products.get(release.product)
        return product.concurrency if product else catalog.Concurrency.SUPERSEDE

    def _missing(self, release: Release) -> Mapping[str, Reason]:
        config = self._in_force.catalog
        reasons = {
            p.environment: targets.nothing_there(
                config, release.product, p.environment, tuple(release.content)
            )
            for p in release.promotions
            if _is_to_be_written(p)
        }
        return {name: reason for name, reason in reasons.items() if reason}


def _at_the_latest(view: View, again: datetime | None) -> datetime | None:
    """A missed event costs time, never correctness: what has not ended is looked at again."""
    if view.release.ended and not view.release.tells:
        return None
    slow = view.now + SLOW_LOOK * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
    return min(again, slow) if again else slow


def _is_to_be_written(promotion: Promotion) -> bool:
    return promotion.role is Role.STEP and not promotion.status.ended
