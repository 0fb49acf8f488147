"""What a person wishes, on the whole engine."""

import asyncio

import pytest

import engine_world
from engine_world import REPO, world
from towpath.domain import catalog
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.wishes import Refused


async def _released(w: engine_world.World, tag: str) -> str:
    w.push(tag)
    made, _ = await w.engine.observer.look()
    assert len(made) == 1
    return made[0].id


async def _acting(w: engine_world.World, release: str, environment: str) -> None:
    """Wait until the release's content has landed in the environment."""
    await w.until_so(release, lambda r: r.promotion(environment).landed)


async def test_a_refused_push_fails_and_a_retry_goes_on_from_there(database_url: str) -> None:
    async with world(database_url) as w:
        w.git.repositories[REPO].refuses = "protected branch"
        first = await _released(w, "1.1.0")
        failed = await w.until_ended(first)
        assert failed.status is Status.FAILED
        qa = failed.promotion("qa")
        assert qa is not None
        assert qa.reason is not None
        assert qa.reason.code is Code.PUSH_REJECTED
        w.git.repositories[REPO].refuses = ""
        await w.engine.commands.retry(first, "", "ada")
        done = await w.until(first, Status.SUCCEEDED)
        assert [p.attempt for p in done.promotions] == [1, 2, 1, 1, 1]
        assert w.tags("prod-us") == {"1.1.0"}


async def test_a_lost_answer_is_looked_up_and_nothing_is_written_twice(database_url: str) -> None:
    async with world(database_url) as w:
        w.git.repositories[REPO].loses_answer = 2
        first = await _released(w, "1.1.0")
        await w.until(first, Status.SUCCEEDED)
        ours = [m for m in w.git.history(REPO) if "Towpath-Promotion" in m.message]
        assert len(ours) == 4


async def test_while_git_is_down_the_promotion_runs_and_says_why(database_url: str) -> None:
    async with world(database_url, working=False) as w:
        first = await _released(w, "1.1.0")
        w.git.repositories[REPO].down = True
        task = asyncio.create_task(w.engine.worker.run())
        try:
            async with asyncio.timeout(10):
                while True:
                    found = await w.release(first)
                    dev = found.promotion("dev")
                    if dev and dev.reason:
                        break
                    await asyncio.sleep(0.05)
            assert found.status is Status.RUNNING
            assert found.reason is not None or dev.reason.code is Code.GIT_UNREACHABLE
            w.git.repositories[REPO].down = False
            await w.until(first, Status.SUCCEEDED)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_lock_suspends_and_unlocking_lets_it_go_on(database_url: str) -> None:
    async with world(database_url) as w:
        await w.engine.commands.lock("shop", "staging", "audit", None, "ada")
        first = await _released(w, "1.1.0")
        held = await w.until(first, Status.SUSPENDED)
        assert held.reason is not None
        assert held.reason.sentence == "ada locked shop in staging: audit"
        assert w.tags("qa") == {"1.1.0"}
        assert w.tags("staging") == {"1.0.0"}
        await w.engine.commands.unlock("shop", "staging", "ada")
        await w.until(first, Status.SUCCEEDED)


async def test_terminate_stops_what_is_held_and_skips_what_is_behind(database_url: str) -> None:
    async with world(database_url) as w:
        await w.engine.commands.lock("", "staging", "", None, "ada")
        first = await _released(w, "1.1.0")
        await w.until(first, Status.SUSPENDED)
        await w.engine.commands.terminate(first, "ada", "wrong change")
        stopped = await w.until_ended(first)
        assert {p.environment: p.status for p in stopped.promotions} == {
            "dev": Status.SUCCEEDED,
            "qa": Status.SUCCEEDED,
            "staging": Status.TERMINATED,
            "prod-eu": Status.SKIPPED,
            "prod-us": Status.SKIPPED,
        }
        assert stopped.status is Status.TERMINATED
        with pytest.raises(Refused, match="there is no release shop-99"):
            await w.engine.commands.retry("shop-99", "", "ada")


async def test_a_terminated_release_goes_on_when_it_is_retried(database_url: str) -> None:
    async with world(database_url) as w:
        await w.engine.commands.lock("", "staging", "", None, "ada")
        first = await _released(w, "1.1.0")
        await w.until(first, Status.SUSPENDED)
        await w.engine.commands.terminate(first, "ada", "")
        await w.until_ended(first)
        await w.engine.commands.unlock("", "staging", "ada")
        await w.engine.commands.retry(first, "", "ada")
        await w.until(first, Status.SUCCEEDED)
        assert w.tags("prod-eu") == {"1.1.0"}


async def test_a_rollback_takes_one_environment_back_and_locks_it(database_url: str) -> None:
    async with world(database_url) as w:
        await w.until(await _released(w, "1.1.0"), Status.SUCCEEDED)
        await w.until(await _released(w, "1.2.0"), Status.SUCCEEDED)
        back = await w.engine.commands.rollback("shop", "prod-eu", "", True, "ada")
        done = await w.until(back.id, Status.SUCCEEDED)
        assert done.goes_back_to == "shop-1"
        assert w.tags("prod-eu") == {"1.1.0"}
        assert w.tags("prod-us") == {"1.2.0"}
        third = await _released(w, "1.3.0")
        await w.until_so(third, lambda r: r.promotion("prod-us").status is Status.SUCCEEDED)
        assert (await w.release(third)).status is Status.SUSPENDED
        assert w.tags("prod-eu") == {"1.1.0"}
        further = await w.engine.commands.rollback("shop", "prod-eu", "shop-2", True, "ada")
        await w.until(further.id, Status.SUCCEEDED)
        assert w.tags("prod-eu") == {"1.2.0"}


async def test_the_first_release_can_be_rolled_back_to_what_was_found(database_url: str) -> None:
    async with world(database_url) as w:
        with pytest.raises(Refused, match="never landed in prod-eu"):
            await w.engine.commands.rollback("shop", "prod-eu", "", True, "ada")
        await w.until(await _released(w, "1.1.0"), Status.SUCCEEDED)
        back = await w.engine.commands.rollback("shop", "prod-eu", "", True, "ada")
        done = await w.until(back.id, Status.SUCCEEDED)
        assert done.goes_back_to == "before shop-1"
        assert w.tags("prod-eu") == {"1.0.0"}


async def test_a_manual_release_takes_one_component_over(database_url: str) -> None:
    async with world(database_url) as w:
        await w.engine.commands.lock("", "qa", "", None, "ada")
        await _released(w, "1.1.0")
        made = await w.engine.commands.promote("shop", "staging", "dev", ["api"], "", "ada")
        done = await w.until(made.id, Status.SUCCEEDED)
        assert done.flow == ""
        assert w.git.value(REPO, "shop/api/staging/values.yaml") == "1.1.0"
        assert w.git.value(REPO, "shop/web/staging/values.yaml") == "1.0.0"


async def test_a_plan_shows_the_files_and_changes_nothing(database_url: str) -> None:
    async with world(database_url) as w:
        await w.until(await _released(w, "1.1.0"), Status.SUCCEEDED)
        before = w.git.history(REPO)
        plan = await w.engine.commands.plan_rollback("shop", "prod-eu", "shop-1")
        assert plan.repositories[0].files == ()
        assert plan.goes_back_to == "shop-1"
        w.git.commit_by("eve", REPO, {"shop/api/prod-eu/values.yaml": {"tag": "6.6.6"}})
        plan = await w.engine.commands.plan_rollback("shop", "prod-eu", "shop-1")
        assert [f.path for f in plan.repositories[0].files] == ["shop/api/prod-eu/values.yaml"]
        assert plan.repositories[0].drift[0].found == "6.6.6"
        assert len(w.git.history(REPO)) == len(before) + 1


async def test_drift_is_held_until_a_person_decides(database_url: str) -> None:
    settings = catalog.PolicySettings(on_drift=catalog.OnDrift.HOLD)
    async with world(database_url, engine_world.configuration(settings=settings)) as w:
        await w.until(await _released(w, "1.1.0"), Status.SUCCEEDED)
        w.git.commit_by("eve", REPO, {"shop/api/qa/values.yaml": {"tag": "6.6.6"}})
        second = await _released(w, "1.2.0")
        held = await w.until(second, Status.SUSPENDED)
        assert held.reason is not None
        assert held.reason.code is Code.CHANGED_BY_HAND
        assert w.git.value(REPO, "shop/api/qa/values.yaml") == "6.6.6"
        await w.engine.commands.retry(second, "qa", "ada")
        await w.until(second, Status.SUCCEEDED)
        assert w.tags("qa") == {"1.2.0"}


async def test_releases_of_a_queue_go_one_after_the_other(database_url: str) -> None:
    products = {"shop": {"concurrency": catalog.Concurrency.QUEUE}}
    async with world(database_url, engine_world.configuration(products)) as w:
        await w.engine.commands.lock("", "prod-us", "", None, "ada")
        first = await _released(w, "1.1.0")
        await w.until(first, Status.SUSPENDED)
        second = await _released(w, "1.2.0")
        waiting = await w.until_so(second, lambda r: r.promotion("dev").proven)
        assert waiting.status is Status.QUEUED
        assert waiting.reason.code is Code.QUEUED_BEHIND_RELEASE
        assert w.tags("qa") == {"1.1.0"}
        await w.engine.commands.unlock("", "prod-us", "ada")
        await w.until(first, Status.SUCCEEDED)
        await w.until(second, Status.SUCCEEDED)
        assert w.tags("prod-us") == {"1.2.0"}


async def test_a_newer_release_does_not_wait_in_terminate_mode(database_url: str) -> None:
    products = {"shop": {"concurrency": catalog.Concurrency.TERMINATE}}
    async with world(database_url, engine_world.configuration(products)) as w:
        w.deployer.health["qa"] = Status.RUNNING
        first = await _released(w, "1.1.0")
        await _acting(w, first, "qa")
        second = await _released(w, "1.2.0")
        stopped = await w.until(first, Status.TERMINATED)
        assert stopped.promotion("qa").status is Status.TERMINATED
        w.deployer.health.clear()
        await w.until(second, Status.SUCCEEDED)


async def test_a_release_waits_while_another_acts_in_the_environment(database_url: str) -> None:
    async with world(database_url) as w:
        w.deployer.health["qa"] = Status.RUNNING
        await _acting(w, await _released(w, "1.1.0"), "qa")
        second = await _released(w, "1.2.0")
        busy = await w.until(second, Status.PENDING)
        assert busy.reason is not None
        assert busy.reason.sentence == "shop-1 is acting in qa"
        w.deployer.health.clear()
        await w.until(second, Status.SUCCEEDED)
        assert (await w.until_ended("shop-1")).promotion("qa").status is Status.SUCCEEDED
