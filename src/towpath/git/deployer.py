"""The deployer without a cluster: the commit on the tracked branch is the deployment."""

import asyncio
from collections.abc import Sequence

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.ports import deployer as port
from towpath.ports import errors, git

_SEARCHED = 200
_SHORT = 12


class GitDeployer:
    """Implements `ports.deployer.Deployer`: landed is synced, and synced is healthy.

    Believes the mirror. Only before it says that content is gone, it asks the remote.
    """

    def __init__(self, repositories: git.Git) -> None:
        self._git = repositories

    async def observe(self, expectations: Sequence[port.Expectation]) -> Sequence[port.Observation]:
        """How far each expected deployment is. Raises `Temporary` when git does not answer."""
        return await asyncio.gather(*(self._observe(expected) for expected in expectations))

    async def _observe(self, expected: port.Expectation) -> port.Observation:
        seen = await self._look(expected)
        if seen.sync is Status.SUCCEEDED and seen.overwritten is None:
            return seen
        # A push of another process may not be noted in the mirror yet.
        await self._git.fetch(expected.repository)
        return await self._look(expected)

    async def _look(self, expected: port.Expectation) -> port.Observation:
        head = await self._git.known_head(expected.repository, expected.branch)
        if head is None:
            return _without_branch(expected)
        standing = await self._git.standing(
            expected.repository, head, expected.path, expected.files
        )
        if standing.holds:
            return _observation(expected, head, Status.SUCCEEDED)
        overwritten = await self._overwritten(expected, head, standing)
        if overwritten is None:
            return _observation(expected, head, Status.RUNNING, _not_there_yet(expected, head))
        return _observation(expected, head, Status.FAILED, overwritten, overwritten)

    async def _overwritten(
        self, expected: port.Expectation, head: str, standing: git.Standing
    ) -> reasons.Reason | None:
        """Who replaced the promoted values; None if the commit has not come to the branch yet."""
        if await self._git.is_ancestor(expected.repository, expected.commit, head):
            return _replaced(expected, standing, await self._first_other(expected, head))
        try:
            await self._git.commit(expected.repository, expected.commit)
        except errors.Permanent:
            return None
        culprit = standing.differences[0].commit if standing.differences else ""
        named = await self._git.commit(expected.repository, culprit or head)
        return _replaced(expected, standing, named)

    async def _first_other(self, expected: port.Expectation, head: str) -> git.Commit:
        """The first commit after the promoted one that does not hold its values."""
        after = await self._git.commits(expected.repository, expected.commit, head, _SEARCHED)
        for commit in reversed(after):
            standing = await self._git.standing(
                expected.repository, commit.sha, expected.path, expected.files
            )
            if not standing.holds:
                return commit
        return await self._git.commit(expected.repository, head)


def _observation(
    expected: port.Expectation,
    head: str,
    sync: Status,
    reason: reasons.Reason | None = None,
    overwritten: reasons.Reason | None = None,
) -> port.Observation:
    return port.Observation(
        application=expected.application.name,
        sync=sync,
        health=Status.SUCCEEDED if sync is Status.SUCCEEDED else Status.PENDING,
        sync_reason=reason,
        overwritten=overwritten,
        revision=head,
    )


def _without_branch(expected: port.Expectation) -> port.Observation:
    missing = reasons.Reason(
        Code.BRANCH_MISSING,
        f"{expected.repository} has no branch {expected.branch}",
        {"repository": expected.repository, "branch": expected.branch},
        advice="Restore the branch, or change the application's targetRevision.",
    )
    return _observation(expected, "", Status.FAILED, missing)


def _not_there_yet(expected: port.Expectation, head: str) -> reasons.Reason:
    return reasons.Reason(
        Code.SYNC_PENDING,
        f"{expected.branch} of {expected.repository} is at {head[:_SHORT]}, without the promoted "
        f"commit {expected.commit[:_SHORT]}",
        {"commit": expected.commit, "head": head},
    )


def _replaced(expected: port.Expectation, standing: git.Standing, by: git.Commit) -> reasons.Reason:
    first = (
        standing.differences[0] if standing.differences else git.Drift(expected.path, "", "", "")
    )
    return reasons.Reason(
        Code.OVERWRITTEN,
        f"{by.sha[:_SHORT]} of {by.author} changed {first.place} in {first.file} from "
        f"{first.landed!r} to {first.found!r} on {expected.branch} of {expected.repository}",
        {
            "commit": by.sha,
            "author": by.author,
            "file": first.file,
            "place": first.place,
            "application": expected.application.name,
        },
        advice="Promote again to bring the release's content back, or leave the change.",
    )
