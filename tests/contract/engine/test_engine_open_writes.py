"""A push whose answer was lost: whoever leaves the environment finds out first whether it came."""

from dataclasses import replace
from datetime import timedelta

import engine_world
import fake_git
from engine_world import REPO, world
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.ports.errors import Temporary


def _goes_down_after_the_first_push(git: fake_git.FakeGit) -> None:
    really_push = git.push

    async def push(repository: str, branch: str, old: str, new: str) -> None:
        await really_push(repository, branch, old, new)
        git.repositories[repository].down = True
        raise Temporary(Reason(Code.GIT_UNREACHABLE, "the connection was lost"))

    git.push = push  # type: ignore[method-assign]


async def test_a_release_whose_time_is_up_knows_what_has_landed(database_url: str) -> None:
    config = engine_world.configuration()
    flows = {"main": replace(config.flows["main"], timeout=timedelta(seconds=3))}
    async with world(database_url, replace(config, flows=flows)) as w:
        _goes_down_after_the_first_push(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until("shop-1", Status.TERMINATING, Status.TERMINATED)
        w.git.repositories[REPO].down = False
        stopped = await w.until_ended("shop-1", seconds=60)
        assert stopped.status is Status.TERMINATED
        assert w.tags("qa") == {"1.1.0"}
        assert stopped.promotion("qa").landed
