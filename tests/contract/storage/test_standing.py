"""How environments did since a release succeeded there, and who wrote what goes on from there."""

from dataclasses import replace
from datetime import timedelta

import shown_world
import stored_world as world
from stored_world import Stored
from towpath.domain.facts import Standing
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Trigger

SICK = Reason(Code.HEALTH_DEGRADED, "crash loop")


async def _brought(stored: Stored, **wanted: object) -> Release:
    """A release that landed in qa and is done there."""
    ticket, release = await stored.claimed(**wanted)
    return await stored.store.record(ticket, [world.landed(release), *world.ended()])


async def _standing(stored: Stored, release: Release) -> Standing:
    return (await stored.store.standings(release, ["qa"]))["qa"]


async def test_a_release_is_where_it_landed_since_it_did(stored: Stored) -> None:
    one = await _brought(stored)
    landed = await stored.value("SELECT max(at) FROM landing WHERE release = :r", r=one.id)
    assert await _standing(stored, one) == Standing(landed)


async def test_a_newer_one_of_the_line_carries_it_and_an_older_is_no_news(stored: Stored) -> None:
    one = await _brought(stored)
    two = await _brought(stored)
    assert (await _standing(stored, one)).here_since == one.promotion("qa").ended_at  # type: ignore[union-attr]
    late = (await stored.store.view_of(one.id)).release  # type: ignore[union-attr]
    await stored.rows(
        "INSERT INTO landing (product, environment, component, release, content)"
        " VALUES ('checkout', 'qa', 'api', :r, '{}')",
        r=late.id,
    )
    assert (await _standing(stored, two)).instead == ""


async def test_what_comes_over_it_from_elsewhere_takes_its_place(stored: Stored) -> None:
    one = await _brought(stored)
    back = await _brought(stored, line="", trigger=Trigger.ROLLBACK)
    assert await _standing(stored, one) == Standing(None, back.id)
    three = await _brought(stored)
    at = await stored.value("SELECT max(at) FROM landing WHERE release = :r", r=three.id)
    assert await _standing(stored, one) == Standing(at)


async def test_who_brings_the_same_leaves_it_there(stored: Stored) -> None:
    one = await _brought(stored)
    same = "UPDATE release SET content = (SELECT content FROM release WHERE id = :r) WHERE id = :o"
    ticket, other = await stored.claimed(line="", trigger=Trigger.MANUAL)
    other = replace(other, content=one.content)
    await stored.rows(same, r=one.id, o=other.id)
    await stored.store.record(ticket, [world.landed(other), *world.ended()])
    landed = await stored.value("SELECT min(at) FROM landing WHERE release = :r", r=one.id)
    assert await _standing(stored, one) == Standing(landed)


async def test_where_nothing_came_it_is_as_it_was_from_the_beginning(stored: Stored) -> None:
    one = await stored.make()
    began = Standing(one.created_at)
    assert await stored.store.standings(one, ["qa", "prod"]) == {"qa": began, "prod": began}


async def test_health_is_what_was_said_last_and_since_when_it_is_so(stored: Stored) -> None:
    one = await _brought(stored)
    assert not (await _standing(stored, one)).watched
    await stored.store.health("checkout", "qa", None)
    assert (await _standing(stored, one)).healthy_since == await stored.value(
        "SELECT since FROM health"
    )
    await stored.store.health("checkout", "qa", SICK)
    assert (await _standing(stored, one)).sick == SICK
    began = await stored.value("SELECT since FROM health")
    await stored.store.health("checkout", "qa", replace(SICK, sentence="still"))
    assert await stored.value("SELECT since FROM health") == began
    await stored.store.health("checkout", "qa", None)
    well = await _standing(stored, one)
    assert well.sick is None
    assert well.healthy_since is not None
    assert well.healthy_since > began


async def test_only_news_of_health_wakes_the_releases_of_the_product(stored: Stored) -> None:
    one = await stored.make()
    ticket = await stored.look(one.id)
    await stored.store.health("checkout", "qa", None)
    await stored.store.end_look(ticket, None)
    ticket = await stored.look(one.id)
    await stored.store.end_look(ticket, None)
    due = "SELECT look_at < 'infinity' FROM look"
    await stored.store.health("checkout", "qa", None)
    assert not await stored.value(due)
    await stored.store.health("checkout", "qa", SICK)
    assert await stored.value(due)


async def test_authors_are_those_of_the_release_and_of_those_it_supersedes_there(
    stored: Stored,
) -> None:
    await _brought(stored)
    await stored.rows("UPDATE release SET initiator = 'first'")
    two = await stored.make()
    await stored.rows("UPDATE release SET initiator = 'second' WHERE id = :r", r=two.id)
    three = await stored.make()
    own = {shown_world.a_release(3).initiator, "Ada", "ada@example.com"}
    assert await stored.store.authors(three, "qa") >= {"second"}
    assert "first" not in await stored.store.authors(three, "qa")
    assert "first" in await stored.store.authors(three, "prod")
    alone = replace(three, line="")
    assert "second" not in await stored.store.authors(alone, "qa")
    assert await stored.store.authors(alone, "qa") & own


async def test_a_push_is_not_allowed_once_its_window_has_closed(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    now = await stored.store.now()
    open_still = replace(world.attempt(ticket, release), before=now + timedelta(hours=1))
    closed = replace(world.attempt(ticket, release), before=now - timedelta(seconds=1))
    allowed = await stored.store.announce([open_still, closed], "b" * 40)
    assert set(allowed) == {open_still.id}
