"""What a promotion would write, built on the present heads and shown instead of pushed."""

from collections.abc import Mapping, Sequence

import uuid6

from towpath.domain import content, policy
from towpath.domain.wishes import Refused
from towpath.engine import outbox, perform, targets
from towpath.engine.inforce import InForce
from towpath.engine.remotes import Remotes
from towpath.engine.targets import Target
from towpath.ports import git
from towpath.ports.commanding import Plan, RepositoryPlan
from towpath.ports.errors import OutsideError
from towpath.ports.store import LandedPart, Store


class Planner:
    """Shows what would be written, and changes nothing."""

    def __init__(self, store: Store, door: git.Git, remotes: Remotes, in_force: InForce) -> None:
        self._store = store
        self._git = door
        self._remotes = remotes
        self._in_force = in_force

    async def plan(
        self, product: str, environment: str, carried: content.Content, back_to: str = ""
    ) -> Plan:
        """The diff of every file, and the policy that would hold. `back_to`: of a rollback."""
        config = self._in_force.catalog
        landed = await self._store.landed_in(product, environment)
        emptied = targets.with_files({name: part.content for name, part in landed.items()})
        try:
            found = await targets.resolve(
                self._remotes, config, product, environment, carried, emptied
            )
        except OutsideError as error:
            raise Refused(error.reason.code.value, error.reason.sentence) from None
        bodies = await self._store.bodies(perform.whole_files(carried))
        places = [
            await self._place(place, found, group, landed, bodies)
            for place, group in targets.by_branch(found).items()
        ]
        gone = targets.missing(config, product, environment, carried)
        resolved = policy.resolve(config, product, environment, None)
        return Plan(
            product,
            environment,
            content.version(carried),
            tuple(sorted(carried)),
            tuple(places),
            policy.for_rollback(resolved) if back_to else policy.by_hand(resolved),
            (perform.absent(gone, environment),) if gone else (),
            back_to,
        )

    async def _place(
        self,
        place: tuple[str, str],
        found: Sequence[Target],
        group: Sequence[Target],
        landed: Mapping[str, LandedPart],
        bodies: Mapping[str, bytes],
    ) -> RepositoryPlan:
        repository, branch = place
        try:
            edits = await perform.edits(self._git, found, group, landed)
            change = git.Change(uuid6.uuid7(), edits, "planned\n", bodies)
            heads = await self._git.fetch(repository)
            base = heads.branches.get(branch)
            if base is None:  # it was there when it was last seen
                gone = outbox.branch_gone(repository, branch)
                return RepositoryPlan(repository, branch, "", reason=gone)
            built = (await self._git.build(repository, base, [change]))[0]
            files = await self._git.diff(repository, base, built.commit) if built.commit else ()
        except OutsideError as error:
            return RepositoryPlan(repository, branch, "", reason=error.reason)
        return RepositoryPlan(repository, branch, base, tuple(files), built.drift, built.reason)
