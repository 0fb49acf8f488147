"""Notes say of what is missing whether it is still on its way, and when it is tried next."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

import history_world
from history_world import World
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.history import notes as making
from towpath.history import reporting
from towpath.history.resolving import Resolver
from towpath.ports.archive import Question
from towpath.ports.errors import Temporary
from towpath.ports.outside import Issue
from towpath.storage import notifications
from towpath.storage.queries import Queries


class FakeTracker:
    """A tracker that does not answer while it is away, and knows that an issue is gone."""

    away = True

    def knows(self, key: str) -> bool:
        return True

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        if self.away:
            raise Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "jira does not answer"))
        return {key: Issue(key, missing="is gone") for key in keys}

    async def comment_issue(self, key: str, text: str) -> None:
        raise AssertionError("nobody asked for comments")


async def _released(world: World, message: str = "SHOP-1 change") -> Release:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "1"}, message)
    release = await world.release(world.bump(new), api=new)
    await world.archive.due("w", 99, history_world.LEASE)  # the notes that came with the release
    return release


def _outlooks(document: history_world.Document, group: str) -> list[str]:
    return [lack["outlook"] for lack in document[group]["unresolved"]]


async def test_what_nobody_was_asked_for_yet_is_coming_and_due_at_once(world: World) -> None:
    release = await _released(world)
    [now] = [row.now for row in await world.stored.rows("SELECT now() AS now")]
    notes = await world.read(release)
    assert set(_outlooks(notes, "images")) == {"coming"}
    told = notes["resolving"]
    assert (told["state"], told["tries"]) == ("waiting", 0)
    assert datetime.fromisoformat(told["next_try_at"]) >= now
    await world.archive.due("w", 99, history_world.LEASE)
    notes = await world.read(release)
    assert notes["resolving"] == {"state": "asking", "next_try_at": None, "tries": 0}


async def test_who_does_not_answer_is_tried_again_at_the_time_that_is_told(world: World) -> None:
    tracker = FakeTracker()
    world.trackers = [tracker]
    release = await _released(world)
    due = []
    for tries in (1, 2):
        assert _outlooks(await world.resolved(release), "features") == ["coming"]
        notes = await world.read(release)
        told = notes["resolving"]
        assert (_outlooks(notes, "features"), told["state"]) == (["coming"], "waiting")
        assert told["tries"] == tries
        due.append(datetime.fromisoformat(told["next_try_at"]))
        [row] = await world.stored.rows("SELECT due_at FROM note WHERE origin = ''")
        assert row.due_at == due[-1]
    assert due[0] < due[1]
    tracker.away = False
    await world.resolved(release)
    notes = await world.read(release)
    assert _outlooks(notes, "features") == ["given_up"]
    assert notes["resolving"] == {"state": "over", "next_try_at": None, "tries": 3}


async def test_what_was_tried_too_often_is_given_up_and_said_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MOST_TRIES", 2)
    world.trackers = [FakeTracker()]
    release = await _released(world)
    await world.resolved(release)
    await world.resolved(release)
    notes = await world.read(release)
    [lack] = notes["features"]["unresolved"]
    assert lack["reason"] == "jira does not answer; given up after 2 tries"
    assert lack["outlook"] == "given_up"
    assert notes["resolving"]["state"] == "over"


async def test_an_image_that_only_a_ci_can_tell_is_awaited_until_it_does(world: World) -> None:
    release = await world.release(world.bump("nightly"), api="nightly")
    await world.archive.due("w", 99, history_world.LEASE)
    await world.resolved(release)
    notes = await world.read(release)
    assert _outlooks(notes, "images") == ["awaited"]
    assert notes["resolving"]["state"] == "over"
    built = world.code.commit({"a": "1"}, "built")
    image = f"{history_world.IMAGE}:nightly"
    await world.notes.report(reporting.report(image, repository=world.code.url, revision=built))
    assert (await world.read(release))["resolving"]["state"] == "waiting"
    await world.resolved(release)
    assert _outlooks(await world.read(release), "images") == []


async def test_notes_that_could_not_be_made_are_given_back_and_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = await _released(world)
    await world.read(release)
    [question] = await world.archive.due("w", 99, history_world.LEASE)
    notes = world.notes

    async def unable(_: Question) -> None:
        raise Temporary(Reason(Code.GIT_UNREACHABLE, "git does not answer"))

    monkeypatch.setattr(notes, "resolve", unable)
    await Resolver("w", world.archive, notes).resolve(question)
    told = (await world.read(release))["resolving"]
    assert told["state"] == "waiting"
    assert datetime.fromisoformat(told["next_try_at"]) > datetime(2020, 1, 1, tzinfo=UTC)
    assert await world.archive.due("w", 99, history_world.LEASE) == []


async def test_whoever_follows_is_told_when_notes_are_made_anew(world: World) -> None:
    release = await _released(world)
    changes = Queries(world.stored.engine).changes()
    async with asyncio.timeout(30), aclosing(changes):  # type: ignore[type-var]
        assert {(await anext(changes)).payload for _ in range(2)} == {""}
        await world.resolved(release)
        assert await anext(changes) == (notifications.NOTES, release.id)
