"""How releases are made once, and numbered for good."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest

import shown_world
import stored_world as world
from stored_world import Stored
from towpath.domain import content, events
from towpath.domain.release import Release
from towpath.ports.store import LandedPart
from towpath.storage import records

FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40


async def _introduce(stored: Stored, first_n: int = 0, **revisions: str) -> None:
    """The first look at checkout's dev."""
    found = {
        name: LandedPart(world.part("1.0.0", revision), revision)
        for name, revision in (revisions or {"api": FIRST}).items()
    }
    await stored.store.found("checkout", first_n, {"dev": found}, {})


async def _from_heads(
    stored: Stored,
    compared: Mapping[str, str],
    new: Mapping[str, str],
    bodies: Mapping[str, bytes] | None = None,
) -> Release | None:
    """Make a release of new heads, compared with what was recorded."""
    parts: content.Content = {name: world.part(f"of {sha}", sha) for name, sha in new.items()}

    def build(n: int, now: datetime) -> tuple[Release, events.Event]:
        made = replace(shown_world.a_release(n), created_at=now, content=parts)
        return made, world.created(made)

    return await stored.store.create("checkout", build, compared, "dev", "ada", bodies or {})


async def test_workers_that_see_the_same_heads_make_one_release(stored: Stored) -> None:
    await _introduce(stored)
    made = await asyncio.gather(
        *(_from_heads(stored, {"api": FIRST}, {"api": SECOND}) for _ in range(6))
    )
    assert [each.id for each in made if each] == ["checkout-1"]
    assert await stored.kinds("checkout-1") == ["ReleaseCreated"]
    landed = await stored.store.landed_in("checkout", "dev")
    assert landed["api"].release == "checkout-1"
    assert await stored.store.landings("checkout", "dev", 9) == ["checkout-1"]


async def test_a_release_compared_with_what_is_no_longer_recorded_is_not_made(
    stored: Stored,
) -> None:
    await _introduce(stored)
    assert await _from_heads(stored, {"api": FIRST}, {"api": SECOND}) is not None
    assert await _from_heads(stored, {"api": FIRST}, {"api": THIRD}) is None
    made = await _from_heads(stored, {"api": SECOND}, {"api": THIRD})
    assert made is not None
    assert made.n == 2


async def test_a_component_that_nobody_compared_does_not_matter(stored: Stored) -> None:
    await _introduce(stored, api=FIRST, web=FIRST)
    assert await _from_heads(stored, {"web": FIRST}, {"web": SECOND}) is not None
    made = await _from_heads(stored, {"api": FIRST}, {"api": THIRD, "web": SECOND})
    assert made is not None
    landed = await stored.store.landed_in("checkout", "dev")
    assert (landed["api"].release, landed["web"].release) == ("checkout-2", "checkout-1")


async def test_a_component_that_was_never_recorded_is_compared_with_nothing(
    stored: Stored,
) -> None:
    await _introduce(stored)
    assert await _from_heads(stored, {"web": ""}, {"web": SECOND}) is not None
    assert await _from_heads(stored, {"web": ""}, {"web": SECOND}) is None


async def test_a_release_that_is_not_made_uses_up_no_number_and_wakes_nobody(
    stored: Stored,
) -> None:
    await _introduce(stored)
    await _from_heads(stored, {"api": FIRST}, {"api": SECOND})
    await _from_heads(stored, {"api": FIRST}, {"api": SECOND})
    assert await stored.value("SELECT last_n FROM product") == 1
    assert len(await stored.store.take_looks("worker-1", 8)) == 1


async def test_numbers_are_given_once_and_without_gaps_to_makers_at_once(stored: Stored) -> None:
    made = await asyncio.gather(*(stored.make() for _ in range(15)))
    assert sorted(each.n for each in made) == list(range(1, 16))


async def test_a_build_that_fails_uses_up_no_number(stored: Stored) -> None:
    def fail(n: int, now: datetime) -> tuple[Release, events.Event]:
        raise OSError("out of luck")

    with pytest.raises(OSError, match="out of luck"):
        await stored.store.create("checkout", fail, {}, "", "ada", {"d": b"x"})
    assert (await stored.make()).n == 1
    assert await stored.store.bodies(["d"]) == {}


async def test_the_first_number_is_above_what_trailers_name(stored: Stored) -> None:
    await _introduce(stored, first_n=127)
    assert (await stored.make()).id == "checkout-128"


async def test_trailers_found_later_raise_the_number_and_never_lower_it(stored: Stored) -> None:
    assert (await stored.make()).n == 1
    await _introduce(stored, first_n=127)
    assert (await stored.make()).n == 128
    await _introduce(stored, first_n=3)
    assert (await stored.make()).n == 129


async def test_a_product_that_was_deleted_goes_on_above_its_releases(stored: Stored) -> None:
    for _ in range(3):
        await stored.make()
    await stored.rows("DELETE FROM product")
    assert (await stored.make()).n == 4
    await stored.rows("DELETE FROM product")
    await _introduce(stored, first_n=2)
    assert (await stored.make()).n == 5


async def test_products_are_numbered_apart_even_with_names_that_look_like_ids(
    stored: Stored,
) -> None:
    assert (await stored.make("shop")).id == "shop-1"
    assert (await stored.make("shop-1")).id == "shop-1-1"
    assert (await stored.make("shop")).id == "shop-2"


async def test_what_is_recorded_already_stays_when_it_is_found_again(stored: Stored) -> None:
    await _introduce(stored)
    await _from_heads(stored, {"api": FIRST}, {"api": SECOND})
    await _introduce(stored, api=THIRD, web=THIRD)
    landed = await stored.store.landed_in("checkout", "dev")
    assert landed["api"].content.revision == SECOND
    assert landed["api"].release == "checkout-1"
    assert landed["web"].content.revision == THIRD
    assert landed["web"].release == ""


async def test_what_several_find_at_once_is_recorded_once(stored: Stored) -> None:
    await stored.make()
    revisions = {f"component-{i}": FIRST for i in range(5)}
    await asyncio.gather(
        *(
            _introduce(stored, 0, **dict(sorted(revisions.items(), reverse=bool(i % 2))))
            for i in range(6)
        )
    )
    assert await stored.value("SELECT count(*) FROM landing") == 5
    assert await stored.value("SELECT count(*) FROM landed") == 5
    assert await stored.deadlocks() == 0


async def test_what_is_found_while_something_lands_does_not_come_after_it(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    found = {"qa": {"api": LandedPart(world.part("0.9.0", FIRST), FIRST)}}
    async with stored.database.begun() as landing:
        before = await records.locked(landing, ticket)
        records.change(landing, before, [world.landed(release)], "")
        await world.said(landing)
        finding = asyncio.create_task(stored.store.found("checkout", 0, found, {}))
        await stored.until_somebody_waits()
    await finding
    assert await stored.value("SELECT count(*) FROM landing") == 1
    assert (await stored.store.landed_in("checkout", "qa"))["api"].release == release.id


async def test_places_are_what_was_recorded_of_every_product(stored: Stored) -> None:
    await _introduce(stored, api=FIRST, web=FIRST)
    await stored.make("search")
    assert await stored.store.places() == {
        "checkout": {("dev", "api"), ("dev", "web")},
        "search": set(),
    }


async def test_bodies_come_back_and_are_kept_once(stored: Stored) -> None:
    bodies = {f"digest-{i}": bytes([i]) * 100 for i in range(40)}
    backwards = dict(reversed(bodies.items()))
    await asyncio.gather(
        *(stored.store.found("checkout", 0, {}, backwards if i % 2 else bodies) for i in range(8))
    )
    assert await stored.store.bodies([*bodies, "unknown"]) == bodies
    assert await stored.store.bodies([]) == {}
    assert await stored.deadlocks() == 0


async def test_makers_of_different_products_with_the_same_bodies_do_not_deadlock(
    stored: Stored,
) -> None:
    bodies = {f"digest-{i}": b"x" for i in range(5000)}  # few are inserted too fast to meet

    async def maker(i: int) -> None:
        def build(n: int, now: datetime) -> tuple[Release, events.Event]:
            made = replace(shown_world.a_release(n), id=f"p{i}-{n}", product=f"p{i}")
            return made, world.created(made)

        mine = dict(reversed(bodies.items())) if i % 2 else bodies
        assert await stored.store.create(f"p{i}", build, {}, "", "ada", mine) is not None

    await asyncio.gather(*map(maker, range(8)))
    assert await stored.deadlocks() == 0
