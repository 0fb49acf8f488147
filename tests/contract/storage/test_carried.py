"""Which earlier releases a release also carries to an environment, told by what landed there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import history_world
from history_world import World
from towpath.domain import catalog
from towpath.domain.release import Release, Trigger
from towpath.storage.carried import MOST_NAMED, Carried
from towpath.storage.queries import Queries


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with history_world.world(database_url, tmp_path) as made:
        await made.find("0", "dev", "qa", "prod", revision=made.bump("0"))
        yield made


async def _releases(
    world: World, count: int, flow: catalog.Flow = history_world.FLOW
) -> list[Release]:
    tags = [f"1.{n}" for n in range(count)]
    return [await world.release(world.bump(tag), flow=flow, api=tag) for tag in tags]


async def _carried(world: World, *releases: Release) -> dict[str, list[Carried]]:
    found = await Queries(world.stored.engine).carried([each.id for each in releases])
    return {release: [*places] for release, places in found.items()}


async def test_what_never_came_to_an_environment_is_carried_there_by_the_next_that_did(
    world: World,
) -> None:
    first, second, third, fourth = await _releases(world, 4)
    await world.land(first, "qa")
    await world.put_status(second, "qa", "superseded")
    await world.put_status(second, "prod", "skipped")
    await world.land(third, "qa")
    await world.land(fourth, "qa")
    await world.land(fourth, "prod")
    assert await _carried(world, first, second, third, fourth) == {
        third.id: [Carried(("qa",), (second.id,), 1)],
        fourth.id: [Carried(("prod",), (first.id, second.id, third.id), 3)],
    }


async def test_what_is_carried_to_several_environments_is_told_once(world: World) -> None:
    first, second, third = await _releases(world, 3)
    for environment in ("qa", "prod"):
        await world.land(second, environment)
        await world.land(third, environment)
    assert await _carried(world, second, third) == {
        second.id: [Carried(("qa", "prod"), (first.id,), 1)]
    }


async def test_what_may_still_come_by_itself_is_carried_only_once_it_was_overtaken(
    world: World,
) -> None:
    first, second, third = await _releases(world, 3)
    assert await _carried(world, third) == {}
    await world.put_status(first, "qa", "failed")
    assert await _carried(world, third) == {third.id: [Carried(("qa",), (first.id,), 1)]}
    await world.land(third, "qa")
    assert await _carried(world, third) == {third.id: [Carried(("qa",), (first.id, second.id), 2)]}


async def test_what_does_not_go_on_itself_carries_nothing_on(world: World) -> None:
    first, second = await _releases(world, 2)
    for status in ("superseded", "skipped"):
        await world.put_status(first, "qa", "superseded")
        await world.put_status(second, "qa", status)
        assert await _carried(world, second) == {}


async def test_what_was_there_and_taken_back_came_by_itself_and_is_not_among_them(
    world: World,
) -> None:
    first, second, third, fourth = await _releases(world, 4)
    for release in (first, third):
        await world.land(release, "prod")
    back = await world.release(
        world.gitops.head(), trigger=Trigger.ROLLBACK, goes_back_to=first.id, api="1.0"
    )
    await world.land(back, "prod")
    await world.land(fourth, "prod")
    assert await _carried(world, third, back, fourth) == {
        third.id: [Carried(("prod",), (second.id,), 1)]
    }


async def test_releases_of_another_line_are_not_carried(world: World) -> None:
    other = catalog.Flow("other", "dev", (catalog.FlowStep("prod", ("dev",)),))
    [mine] = await _releases(world, 1)
    await _releases(world, 2, flow=other)
    [newer] = await _releases(world, 1)
    await world.land(newer, "prod")
    assert await _carried(world, newer) == {newer.id: [Carried(("prod",), (mine.id,), 1)]}


async def test_of_many_the_newest_are_named_and_all_are_counted(world: World) -> None:
    many = await _releases(world, MOST_NAMED + 3)
    *older, last = many
    await world.land(last, "prod")
    named = tuple(each.id for each in older[-MOST_NAMED:])
    assert await _carried(world, last) == {last.id: [Carried(("prod",), named, MOST_NAMED + 2)]}
