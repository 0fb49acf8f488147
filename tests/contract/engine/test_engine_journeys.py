"""The engine on a real database: from a commit to production, and everything that meets it."""

import engine_world
from engine_world import world
from towpath.domain import catalog
from towpath.domain.status import Status


async def test_a_commit_becomes_a_release_that_reaches_production(database_url: str) -> None:
    async with world(database_url) as w:
        w.push("1.1.0")
        made, trouble = await w.engine.observer.look()
        assert [each.id for each in made] == ["shop-1"]
        assert trouble == {}
        ended = await w.until_ended("shop-1")
        assert ended.status is Status.SUCCEEDED
        for environment in ("qa", "staging", "prod-eu", "prod-us"):
            assert w.tags(environment) == {"1.1.0"}


async def test_the_first_look_makes_no_release(database_url: str) -> None:
    async with world(database_url) as w:
        made, _ = await w.engine.observer.look()
        assert made == []
        places = (await w.store.places())["shop"]
        everywhere = {"dev", "qa", "staging", "prod-eu", "prod-us"}
        assert {environment for environment, _ in places} == everywhere
        assert (await w.store.landed_in("shop", "prod-eu"))["api"].release == ""


async def test_only_the_changed_component_is_replaced_in_the_bundle(database_url: str) -> None:
    async with world(database_url) as w:
        w.push("1.1.0", "api")
        await w.engine.observer.look()
        ended = await w.until_ended("shop-1")
        assert {n: part.version for n, part in ended.content.items()} == {
            "api": "1.1.0",
            "web": "1.0.0",
        }
        assert w.tags("prod-us") == {"1.1.0", "1.0.0"}


async def test_the_newest_of_a_burst_carries_the_older_ones(database_url: str) -> None:
    async with world(database_url, working=False) as w:
        for tag in ("1.1.0", "1.2.0", "1.3.0"):
            w.push(tag)
            await w.engine.observer.look()
        import asyncio

        task = asyncio.create_task(w.engine.worker.run())
        ended = await w.until_ended("shop-3")
        assert ended.status is Status.SUCCEEDED
        assert (await w.until_ended("shop-1")).status is Status.SUPERSEDED
        assert (await w.until_ended("shop-2")).status is Status.SUPERSEDED
        assert w.tags("prod-eu") == {"1.3.0"}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_policy_with_a_pull_request_is_refused_rather_than_ignored(
    database_url: str,
) -> None:
    settings = catalog.PolicySettings(action=catalog.PromotionAction.PULL_REQUEST)
    config = engine_world.configuration(settings=settings)
    async with world(database_url, config) as w:
        w.push("1.1.0")
        await w.engine.observer.look()
        ended = await w.until_ended("shop-1")
        assert ended.status is Status.ERROR
        assert ended.reason is not None
        assert "action: pr" in ended.reason.sentence
        assert w.tags("qa") == {"1.0.0"}
