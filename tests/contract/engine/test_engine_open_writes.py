"""A push whose answer was lost: whoever leaves the environment finds out first whether it came."""

from dataclasses import replace
from datetime import timedelta

import pytest

import engine_world
import fake_git
from engine_world import REPO, world
from towpath.domain import stopping
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName
from towpath.domain.status import Status
from towpath.ports.errors import Moved, Temporary

ELSEWHERE = "https://git.example.org/environments.git"


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


class _Asleep:
    """Holds the first push to an environment back, as a worker that is stopped before it does."""

    def __init__(self, git: fake_git.FakeGit) -> None:
        self._really_push = git.push
        self._held: tuple[str, str, str, str] | None = None
        git.push = self._push  # type: ignore[method-assign]

    async def _push(self, repository: str, branch: str, old: str, new: str) -> None:
        if self._held is None:
            self._held = (repository, branch, old, new)
        if self._held == (repository, branch, old, new):
            raise Temporary(Reason(Code.GIT_UNREACHABLE, "no answer"))
        await self._really_push(repository, branch, old, new)

    async def wakes(self) -> None:
        assert self._held is not None
        await self._really_push(*self._held)


async def _refuses_what_wakes(w: engine_world.World, asleep: _Asleep) -> None:
    before = w.git.repositories[REPO].branches["main"]
    with pytest.raises(Moved):
        await asleep.wakes()
    assert w.git.repositories[REPO].branches["main"] == before


async def test_a_push_that_was_given_up_cannot_arrive_any_more(database_url: str) -> None:
    async with world(database_url) as w:
        asleep = _Asleep(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_so("shop-1", lambda r: bool(r.promotion("qa").phase(PhaseName.ACTION).tries))
        await w.engine.commands.terminate("shop-1", "dana", "")
        await w.until_ended("shop-1", seconds=60)
        assert w.tags("qa") == {"1.0.0"}
        assert "Towpath-Fence" in w.git.history(REPO)[0].message
        await _refuses_what_wakes(w, asleep)


async def test_a_newer_release_that_finds_its_values_in_place_is_not_overtaken_by_an_older_push(
    database_url: str,
) -> None:
    config = engine_world.configuration(steps=(("qa", ("dev",)),))
    elsewhere = tuple(
        replace(a, sources=(replace(a.sources[0], repository=ELSEWHERE),))
        if a.environment == "qa"
        else a
        for a in config.applications
    )
    async with world(database_url, replace(config, applications=elsewhere)) as w:
        asleep = _Asleep(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_so("shop-1", lambda r: bool(r.promotion("qa").phase(PhaseName.ACTION).tries))
        w.push("1.0.0")  # back to what qa has
        await w.engine.observer.look()
        await w.until_so("shop-2", lambda r: r.promotion("qa").status is Status.PENDING)
        await w.engine.commands.terminate("shop-1", "dana", "")
        await w.until_ended("shop-1", seconds=60)
        newer = await w.until_ended("shop-2", seconds=60)
        assert newer.promotion("qa").status is Status.SUCCEEDED
        with pytest.raises(Moved):
            await asleep.wakes()
        assert w.git.value(ELSEWHERE, "shop/api/qa/values.yaml") == "1.0.0"


async def test_what_strangers_pushed_on_top_needs_no_fence(database_url: str) -> None:
    async with world(database_url) as w:
        asleep = _Asleep(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_so("shop-1", lambda r: bool(r.promotion("qa").phase(PhaseName.ACTION).tries))
        w.git.commit_by("stranger", REPO, {"README.md": {"text": "hello"}})
        await w.engine.commands.terminate("shop-1", "dana", "")
        await w.until_ended("shop-1", seconds=60)
        assert not [made for made in w.git.history(REPO) if "Towpath-Fence" in made.message]
        await _refuses_what_wakes(w, asleep)


async def test_what_a_later_attempt_landed_on_top_of_is_not_looked_for_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "PATIENCE", timedelta(seconds=1))
    async with world(database_url) as w:
        asleep = _Asleep(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_so("shop-1", lambda r: bool(r.promotion("qa").phase(PhaseName.ACTION).tries))
        w.git.repositories[REPO].down = True
        await w.engine.commands.terminate("shop-1", "dana", "")
        stopped = await w.until_ended("shop-1", seconds=60)
        assert stopped.promotion("qa").reason.data["may_still_arrive"]
        assert await w.open_writes("shop-1") == ["qa"]
        w.git.repositories[REPO].down = False
        await w.engine.commands.retry("shop-1", "", "dana")
        ended = await w.until_ended("shop-1", seconds=60)
        assert ended.status is Status.SUCCEEDED
        assert ended.promotion("qa").attempt == 2
        assert await w.open_writes("shop-1") == []
        await _refuses_what_wakes(w, asleep)


async def test_who_loses_its_applications_after_a_push_knows_what_has_landed(
    database_url: str,
) -> None:
    config = engine_world.configuration(steps=(("qa", ("dev",)),))
    async with world(database_url, config) as w:
        _goes_down_after_the_first_push(w.git)
        w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_so("shop-1", lambda r: bool(r.promotion("qa").phase(PhaseName.ACTION).tries))
        left = tuple(each for each in config.applications if each.environment != "qa")
        await w.configure(replace(config, applications=left))
        w.git.repositories[REPO].down = False
        ended = await w.until_ended("shop-1", seconds=60)
        assert ended.reason.code is Code.APPLICATION_MISSING
        assert w.tags("qa") == {"1.1.0"}
        (landing,) = ended.promotion("qa").landings
        assert landing.components == ("api", "web")
