"""What became of pushes whose answer never came: they arrived, or they never will.

A push moves a branch only from the head it was built on. So one that did not arrive still may, as
long as the branch stands there: whoever sent it may only be asleep. "It did not arrive" is final
once the branch has moved on, and where nobody moves it we do, by an empty commit: the fence.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from towpath.domain.facts import OpenWrite
from towpath.domain.reasons import Code, Reason
from towpath.engine import messages
from towpath.ports import git
from towpath.ports.errors import Moved, Temporary

ROUNDS = 20


async def find(
    door: git.Git, repository: str, branch: str, writes: Sequence[OpenWrite]
) -> Mapping[UUID, str]:
    """The commits of those that arrived; the others never will.

    `writes` are attempts on this branch. Raises `Temporary` or `Permanent` when it cannot be known.
    """
    for _ in range(ROUNDS):
        head = (await door.fetch(repository)).branches.get(branch)
        if head is None:
            return {}  # a push moves a branch, it does not bring one back
        found = await _on_branch(door, repository, head, writes)
        may_come = [w.id for w in writes if w.id not in found and w.base == head]
        if not may_come:
            return found
        try:
            await fence(door, repository, branch, head, may_come)
        except Moved:
            continue
        return found
    sentence = f"others push to {branch} of {repository} faster than we can follow"
    raise Temporary(Reason(Code.GIT_DIVERGED, sentence))


async def fence(
    door: git.Git, repository: str, branch: str, head: str, write_ids: Sequence[UUID]
) -> str:
    """Move the branch on from `head`; answers with where it is then. Raises `Moved` as a push."""
    commit = await door.build_empty(repository, head, messages.fence(write_ids))
    await door.push(repository, branch, head, commit)
    return commit


async def _on_branch(
    door: git.Git, repository: str, head: str, writes: Sequence[OpenWrite]
) -> Mapping[UUID, str]:
    found: dict[UUID, str] = {}
    for base in sorted({write.base for write in writes}):
        ids = [write.id for write in writes if write.base == base]
        found |= await door.find_writes(repository, base, head, ids)
    return found
