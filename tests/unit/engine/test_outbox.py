"""How writes to one branch are gathered into pushes."""

import asyncio
from collections.abc import Collection, Sequence
from typing import cast
from uuid import UUID

import pytest
import uuid6

from towpath.domain.writing import Landed
from towpath.engine import outbox as outbox_module
from towpath.engine.outbox import Letter, Outbox
from towpath.ports import git
from towpath.ports.store import Announcement, Store, Ticket

PUSH_S = 0.05


class Ledger:
    """The part of the store that a delivery asks: everybody may write."""

    async def announce(self, writes: Sequence[Announcement], base: str) -> Collection[UUID]:
        return {write.id for write in writes}


class SlowGit:
    """The part of git that a delivery asks, with pushes that take their time."""

    def __init__(self) -> None:
        self.built: list[Sequence[git.Change]] = []
        self.pushed = 0

    async def known_head(self, repository: str, branch: str) -> str:
        return f"head-{self.pushed}"

    async def build(
        self, repository: str, head: str, changes: Sequence[git.Change]
    ) -> Sequence[git.Built]:
        self.built.append(changes)
        return [git.Built(change.write_id, f"commit-{change.write_id}") for change in changes]

    async def push(self, repository: str, branch: str, old: str, new: str) -> None:
        await asyncio.sleep(PUSH_S)
        self.pushed += 1


def outbox_on(door: SlowGit) -> Outbox:
    return Outbox(cast(git.Git, door), cast(Store, Ledger()))


def letter() -> Letter:
    write_id = uuid6.uuid7()
    announcement = Announcement(
        write_id, Ticket("shop-1", 1), "qa", 1, 1, "https://git.example/gitops", "main"
    )
    return Letter(announcement, git.Change(write_id, (), "promote", {}), ("api",), False)


async def ticks() -> None:
    """Let everybody run who can, without time for a push or a rest to go by."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_during_a_push_goes_out_with_the_next_one() -> None:
    door = SlowGit()
    outbox = outbox_on(door)
    first = asyncio.create_task(outbox.send(letter()))
    await ticks()
    outcomes = await asyncio.gather(first, *(outbox.send(letter()) for _ in range(3)))
    assert all(isinstance(outcome, Landed) for outcome in outcomes)
    assert [len(changes) for changes in door.built] == [1, 3]


async def test_a_branch_that_many_write_to_rests_after_a_push_for_others_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_module, "REST_S", 1.0)
    door = SlowGit()
    outbox = outbox_on(door)
    await asyncio.gather(outbox.send(letter()), outbox.send(letter()))
    third = asyncio.create_task(outbox.send(letter()))
    await ticks()
    await asyncio.gather(third, outbox.send(letter()))
    assert [len(changes) for changes in door.built] == [2, 2]


async def test_a_branch_that_one_writes_to_does_not_rest() -> None:
    door = SlowGit()
    outbox = outbox_on(door)
    await outbox.send(letter())
    second = asyncio.create_task(outbox.send(letter()))
    await ticks()
    assert len(door.built) == 2  # on its way already
    await second
