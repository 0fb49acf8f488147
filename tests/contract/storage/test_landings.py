"""What lies where: the present of an environment, and what it held once a release had landed."""

import asyncio
from datetime import timedelta

import stored_world as world
from stored_world import Stored
from towpath.domain import catalog, content, facts
from towpath.domain.release import Release, Trigger
from towpath.ports.store import LandedPart, StoredConfiguration
from towpath.storage import landings

FOUND = "f" * 40


async def _find(stored: Stored, environment: str = "qa", **versions: str) -> None:
    parts = {name: LandedPart(world.part(version), FOUND) for name, version in versions.items()}
    await stored.store.found("checkout", 0, {environment: parts}, {})


async def _land(stored: Stored, release: Release, environment: str = "qa", **versions: str) -> None:
    """The release brings components at versions, by a commit of its own."""
    parts: content.Content = {name: world.part(version) for name, version in versions.items()}
    async with stored.database.begun() as connection:
        landings.put(connection, release, environment, parts, f"{release.n}" * 40)


async def _held(stored: Stored, release: str, environment: str = "qa") -> dict[str, str]:
    parts = await stored.store.landed_with("checkout", environment, release)
    return {name: part.version for name, part in parts.items()}


async def _present(stored: Stored, environment: str = "qa") -> dict[str, tuple[str, str]]:
    parts = await stored.store.landed_in("checkout", environment)
    return {name: (part.content.version, part.release) for name, part in parts.items()}


async def test_an_environment_holds_what_landed_last_for_each_component(stored: Stored) -> None:
    first, second = await stored.make(), await stored.make()
    await _find(stored, api="1", web="1", db="1")
    await _land(stored, first, api="2", web="2")
    await _land(stored, second, web="3")
    await _land(stored, second, "prod", web="3")
    assert await _present(stored) == {
        "api": ("2", first.id),
        "web": ("3", second.id),
        "db": ("1", ""),
    }
    assert await _present(stored, "prod") == {"web": ("3", second.id)}
    assert await _present(stored, "nowhere") == {}


async def test_what_an_environment_held_with_a_release_is_known_long_after(stored: Stored) -> None:
    first, second, third = [await stored.make() for _ in range(3)]
    await _find(stored, api="1", web="1")
    await _land(stored, first, api="2")
    await _land(stored, second, web="3")
    await _land(stored, third, api="4", web="4", db="4")
    assert await _held(stored, first.id) == {"api": "2", "web": "1"}
    assert await _held(stored, second.id) == {"api": "2", "web": "3"}
    assert await _held(stored, third.id) == {"api": "4", "web": "4", "db": "4"}


async def test_components_of_a_release_that_land_at_different_times_count_together(
    stored: Stored,
) -> None:
    first, second = await stored.make(), await stored.make()
    await _find(stored, api="1", web="1")
    await _land(stored, first, api="2")
    await _land(stored, second, db="9")
    await _land(stored, first, web="2")
    assert await _held(stored, first.id) == {"api": "2", "web": "2", "db": "9"}
    assert await _held(stored, second.id) == {"api": "2", "web": "1", "db": "9"}


async def test_a_release_that_never_landed_there_held_nothing(stored: Stored) -> None:
    release = await stored.make()
    await _find(stored, api="1")
    await _land(stored, release, "prod", api="2")
    assert await _held(stored, release.id) == {}
    assert await _held(stored, "checkout-99") == {}


async def test_a_rollback_is_what_was_there_before_and_is_itself_a_landing(stored: Stored) -> None:
    first, second = await stored.make(), await stored.make()
    back = await stored.make(line="", trigger=Trigger.ROLLBACK)
    await _land(stored, first, api="1")
    await _land(stored, second, api="2")
    await _land(stored, back, api="1")
    assert await _held(stored, back.id) == {"api": "1"}
    assert await _held(stored, second.id) == {"api": "2"}
    assert await stored.store.landings("checkout", "qa", 9) == [back.id, second.id, first.id]


async def test_landings_are_listed_newest_first_each_once_and_no_more_than_asked(
    stored: Stored,
) -> None:
    first, second, third = [await stored.make() for _ in range(3)]
    await _find(stored, api="0")
    for release in (first, second, third, first):
        await _land(stored, release, api="1")
    assert await stored.store.landings("checkout", "qa", 9) == [first.id, third.id, second.id]
    assert await stored.store.landings("checkout", "qa", 2) == [first.id, third.id]
    assert await stored.store.landings("checkout", "prod", 2) == []


async def test_a_landing_marks_its_line_and_no_later_one_takes_the_mark_back(
    stored: Stored,
) -> None:
    first, second = await stored.make(), await stored.make()
    hotfix = await stored.make(line="hotfix/dev")
    for release in (second, first, hotfix):
        await _land(stored, release, api="1")
    view = await stored.store.view_of(first.id)
    assert view is not None
    assert view.stages["qa"].landed == {second.line: 2, "hotfix/dev": 3}


async def test_a_recorded_commit_lands_with_its_content_and_its_components_only(
    stored: Stored,
) -> None:
    ticket, release = await stored.claimed()
    await stored.store.record(ticket, [world.landed(release, commit="9" * 40)])
    part = (await stored.store.landed_in("checkout", "qa"))["api"]
    assert part == LandedPart(release.content["api"], "9" * 40, release.id)


async def test_landings_at_once_in_one_environment_agree_on_which_is_last(stored: Stored) -> None:
    made = [await stored.make(line="") for _ in range(8)]
    names = ["api", "web", "db", "mail"]
    await asyncio.gather(
        *(
            _land(stored, release, **dict.fromkeys(names[:: 1 if i % 3 else -1], f"{release.n}"))
            for i, release in enumerate(made)
        )
    )
    present = await _present(stored)
    last = (await stored.store.landings("checkout", "qa", 1))[0]
    assert {release for _, release in present.values()} == {last}
    assert await _held(stored, last) == {name: version for name, (version, _) in present.items()}
    assert await stored.deadlocks() == 0


async def test_a_lock_put_again_has_its_new_reason_and_time(stored: Stored) -> None:
    made = await stored.make()
    now = await stored.store.now()
    await stored.store.lock(world.lock("checkout", "qa"))
    await stored.store.lock(
        facts.Lock("checkout", "qa", "thawing", "grace", now, now + timedelta(hours=1))
    )
    view = await stored.store.view_of(made.id)
    assert view is not None
    (lock,) = view.stages["qa"].locks
    assert (lock.reason, lock.author, lock.until) == ("thawing", "grace", now + timedelta(hours=1))
    assert lock.since >= now


# --- what is watched -------------------------------------------------------------------------
async def test_heads_are_those_examined_last(stored: Stored) -> None:
    assert await stored.store.heads() == {}
    await stored.store.examined(world.REPO, "main", "1" * 40)
    await stored.store.examined(world.REPO, "next", "2" * 40)
    await stored.store.examined(world.REPO, "main", "3" * 40)
    assert await stored.store.heads() == {
        (world.REPO, "main"): "3" * 40,
        (world.REPO, "next"): "2" * 40,
    }


async def test_trouble_of_one_kind_keeps_its_beginning_until_it_is_mended(stored: Stored) -> None:
    await stored.store.trouble("repository", world.REPO, world.trouble("no route \0 to host"))
    await stored.rows("UPDATE trouble SET since = since - interval '1 hour'")
    before = await stored.value("SELECT since FROM trouble")
    await stored.store.trouble("repository", world.REPO, world.trouble("still none"))
    assert await stored.value("SELECT since FROM trouble") == before
    assert await stored.value("SELECT reason ->> 'sentence' FROM trouble") == "still none"
    await stored.store.trouble("repository", world.REPO, None)
    await stored.store.trouble("repository", world.REPO, None)
    assert await stored.rows("SELECT * FROM trouble") == []


async def test_a_configuration_comes_back_byte_for_byte_with_a_serial_that_grows(
    stored: Stored,
) -> None:
    assert await stored.store.configuration() is None
    problem = catalog.Problem(catalog.Origin("a.yaml", 3, 5), "broken", "tab \0", "warning")
    files = {"a.yaml": bytes(range(256)), "ä/b.yaml": "späť".encode()}
    first = StoredConfiguration("git", "1" * 40, files, (problem,), "2" * 40)
    await stored.store.save_configuration(first)
    found = await stored.store.configuration()
    assert found is not None
    assert found.files == files
    assert found.problems[0].origin == problem.origin
    assert found.problems[0].message == "tab \ufffd"
    assert (found.revision, found.problems_revision, found.serial) == ("1" * 40, "2" * 40, 1)
    await stored.store.save_configuration(StoredConfiguration("git", "3" * 40, {}))
    again = await stored.store.configuration()
    assert again == StoredConfiguration("git", "3" * 40, {}, serial=2)


async def test_what_landed_and_is_recorded_late_does_not_hide_the_newer(stored: Stored) -> None:
    first, second = await stored.make(), await stored.make()
    await _land(stored, second, api="3")
    await _land(stored, first, api="2")
    assert await _present(stored) == {"api": ("3", second.id)}
