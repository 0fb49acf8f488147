"""Who may act in an environment: claims, announcements before a push, turns in a queue, duties."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

import shown_world
import stored_world as world
from stored_world import Stored
from towpath.domain import actions, events
from towpath.domain.release import Course, Release, Trigger
from towpath.domain.status import Status
from towpath.ports.store import Ticket
from towpath.storage import looks, records

BASE = "b" * 40


async def _of(stored: Stored, release: str) -> str:
    """The status of a release's promotion to qa."""
    promotion = (await stored.release(release)).promotion("qa")
    assert promotion is not None
    return promotion.status.value


async def test_a_claim_begins_the_promotion_in_the_same_transaction(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    promotion = release.promotion("qa")
    assert promotion is not None
    assert (promotion.begun, promotion.claim, promotion.status) == (True, 1, Status.RUNNING)
    assert await stored.holding() == (release.id, 1)
    assert (await stored.store.view(ticket)).stages["qa"].begun == {release.line: release.n}
    assert await stored.kinds(release.id) == ["ReleaseCreated", "PromotionStarted", "PhaseStarted"]
    held = await stored.store.holder("checkout", "qa")
    assert held is not None
    assert held.id == release.id
    assert await stored.store.holder("checkout", "prod") is None


async def test_the_counter_of_an_environment_grows_with_every_claim(stored: Stored) -> None:
    for number in (1, 2, 3):
        ticket, release = await stored.claimed()
        assert await stored.holding() == (release.id, number)
        await stored.store.record(ticket, world.ended(Status.FAILED))
        assert await stored.holding() == ("", number)


async def test_of_workers_that_race_for_an_environment_one_wins(stored: Stored) -> None:
    tickets = [await stored.look((await stored.make()).id) for _ in range(6)]
    won = await asyncio.gather(*(stored.claim(ticket, "qa", "") for ticket in tickets))
    winners = [release for release in won if release]
    assert len(winners) == 1
    assert await stored.holding() == (winners[0].id, 1)
    begun = await stored.rows("SELECT release FROM event WHERE kind = 'PromotionStarted'")
    assert [row.release for row in begun] == [winners[0].id]


async def test_environments_and_products_do_not_wait_for_each_other(stored: Stored) -> None:
    await stored.claimed("qa")
    await stored.claimed("prod")
    await stored.claimed("qa", product="search")
    assert (await stored.holding("search", "qa"))[0] == "search-1"


async def test_a_claim_is_not_taken_from_a_holder_at_work_even_if_it_is_named(
    stored: Stored,
) -> None:
    _, holder = await stored.claimed()
    newer = await stored.look((await stored.make()).id)
    assert await stored.claim(newer, "qa", holder.id) is None
    assert await stored.holding() == (holder.id, 1)


async def test_a_claim_is_taken_from_a_suspended_holder_that_is_named(stored: Stored) -> None:
    ticket, holder = await stored.claimed()
    await stored.store.record(ticket, [world.suspended()])
    newer = await stored.look((await stored.make()).id)
    assert await stored.claim(newer, "qa", "") is None
    assert await stored.claim(newer, "qa", "checkout-77") is None
    taken = await stored.claim(newer, "qa", holder.id)
    assert taken is not None
    assert await stored.holding() == (taken.id, 2)


async def test_a_holder_that_goes_on_after_being_suspended_keeps_its_claim(stored: Stored) -> None:
    ticket, holder = await stored.claimed()
    await stored.store.record(ticket, [world.suspended()])
    await stored.store.record(ticket, [world.resumed()])
    newer = await stored.look((await stored.make()).id)
    assert await stored.claim(newer, "qa", holder.id) is None


async def test_who_took_over_is_not_itself_taken_over_while_it_acts(stored: Stored) -> None:
    ticket, holder = await stored.claimed()
    await stored.store.record(ticket, [world.suspended()])
    second = await stored.look((await stored.make()).id)
    taken = await stored.claim(second, "qa", holder.id)
    assert taken is not None
    third = await stored.look((await stored.make()).id)
    assert await stored.claim(third, "qa", taken.id) is None


async def test_what_happens_to_one_that_lost_its_claim_does_not_touch_the_new_holders(
    stored: Stored,
) -> None:
    ticket, holder = await stored.claimed()
    await stored.store.record(ticket, [world.suspended()])
    newer = await stored.look((await stored.make()).id)
    taken = await stored.claim(newer, "qa", holder.id)
    assert taken is not None
    await stored.store.record(ticket, [events.ClaimLost(environment="qa")])
    assert await stored.holding() == (taken.id, 2)
    assert not await stored.value("SELECT yields FROM stage")


async def test_the_next_environment_is_claimed_with_the_record_of_what_landed_before_it(
    stored: Stored,
) -> None:
    ticket, release = await stored.claimed()
    landed = [world.landed(release), *world.ended()]
    after = await stored.store.record(ticket, landed, [actions.Claim("prod")])
    prod = after.promotion("prod")
    assert prod is not None
    assert prod.begun
    assert await stored.holding(environment="qa") == ("", 1)
    assert await stored.holding(environment="prod") == (release.id, prod.claim)


async def test_a_claim_that_is_not_to_be_had_takes_nothing_of_the_record_with_it(
    stored: Stored,
) -> None:
    ticket, release = await stored.claimed()
    await stored.claimed("prod")
    landed = [world.landed(release), *world.ended()]
    after = await stored.store.record(ticket, landed, [actions.Claim("prod")])
    prod = after.promotion("prod")
    assert prod is not None
    assert not prod.begun
    assert (await stored.store.landed_in("checkout", "qa"))["api"].release == release.id


async def test_going_on_in_opposite_directions_is_no_deadlock(stored: Stored) -> None:
    """Flows of one product may cross: one lands where the other wants to go on, and vice versa."""
    there, back = await stored.claimed("qa"), await stored.claimed("prod")

    async def go_on(held: tuple[Ticket, Release], here: str, to: str) -> None:
        ticket, release = held
        for _ in range(20):
            what = [world.landed(release, here)]
            await stored.store.record(ticket, what, [actions.Claim(to)])

    async with asyncio.timeout(120):
        await asyncio.gather(go_on(there, "qa", "prod"), go_on(back, "prod", "qa"))
    assert await stored.deadlocks() == 0


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.TERMINATED])
async def test_a_claim_is_given_back_when_the_promotion_ends(
    stored: Stored, status: Status
) -> None:
    ticket, _ = await stored.claimed()
    await stored.store.record(ticket, world.ended(status))
    assert await stored.holding() == ("", 1)
    assert await stored.store.holder("checkout", "qa") is None


async def test_nothing_older_of_a_line_begins_where_a_newer_release_landed(stored: Stored) -> None:
    older = await stored.make()
    ticket, newer = await stored.claimed()
    await stored.store.record(ticket, [world.landed(newer), *world.ended()])
    late = await stored.look(older.id)
    assert await stored.claim(late, "qa", "") is None
    assert await _of(stored, older.id) == "waiting"
    assert (await stored.store.view(late)).stages["qa"].landed == {newer.line: newer.n}


async def test_nothing_older_of_a_line_begins_where_a_newer_release_began(stored: Stored) -> None:
    older = await stored.make()
    ticket, _ = await stored.claimed()
    await stored.store.record(ticket, world.ended(Status.FAILED))
    assert await stored.claim(await stored.look(older.id), "qa", "") is None


async def test_a_retry_may_begin_where_a_newer_release_only_tried(stored: Stored) -> None:
    older = await stored.make()
    ticket, newer = await stored.claimed()
    await stored.store.record(ticket, world.ended(Status.FAILED))
    await stored.wish(older.id, world.retried(newer_tried=newer.n))
    begun = await stored.claim(await stored.look(older.id), "qa", "")
    assert begun is not None
    view = await stored.store.view_of(older.id)
    assert view is not None
    assert view.stages["qa"].begun == {newer.line: newer.n}


async def test_lines_do_not_hold_each_other_back(stored: Stored) -> None:
    older = await stored.make(line="hotfix/dev")
    ticket, newer = await stored.claimed()
    await stored.store.record(ticket, [world.landed(newer), *world.ended()])
    assert await stored.claim(await stored.look(older.id), "qa", "") is not None


async def test_a_release_without_a_line_leaves_no_mark_on_any(stored: Stored) -> None:
    ticket, manual = await stored.claimed(line="", trigger=Trigger.MANUAL)
    await stored.store.record(ticket, [world.landed(manual), *world.ended()])
    (stage,) = await stored.rows("SELECT begun, landed FROM stage")
    assert (stage.begun, stage.landed) == ({}, {})


async def test_a_promotion_that_a_person_stopped_meanwhile_does_not_begin(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    await stored.wish(ticket.release, world.stop())
    assert await stored.claim(ticket, "qa", "") is None
    await stored.store.record(ticket, world.all_ended())
    assert await stored.claim(ticket, "qa", "") is None
    assert await stored.claim(ticket, "nowhere", "") is None
    assert await stored.holding() == ("", 0)


# --- announcements ---------------------------------------------------------------------------
async def test_an_announced_write_is_open_until_it_is_settled(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    mine = world.attempt(ticket, release)
    assert await stored.store.announce([mine], BASE) == {mine.id}
    assert [w.id for w in (await stored.store.view(ticket)).open_writes["qa"]] == [mine.id]
    await stored.store.settle([mine.id])
    assert (await stored.store.view(ticket)).open_writes == {}


async def test_a_write_announced_again_has_its_new_base_and_is_open_again(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    mine = world.attempt(ticket, release)
    await stored.store.announce([mine], BASE)
    await stored.store.settle([mine.id])
    assert await stored.store.announce([mine], "e" * 40) == {mine.id}
    assert [w.base for w in (await stored.store.view(ticket)).open_writes["qa"]] == ["e" * 40]


async def test_a_landing_settles_its_write(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    mine = world.attempt(ticket, release)
    await stored.store.announce([mine], BASE)
    await stored.store.record(ticket, [world.landed(release, write=mine.id)])
    assert (await stored.store.view(ticket)).open_writes == {}


async def _lost_look(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.later(looks.LEASE_S + 1)
    await stored.look(release.id, "worker-2")


async def _lost_claim(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.store.record(ticket, [world.suspended()])
    newer = await stored.look((await stored.make()).id)
    assert await stored.claim(newer, "qa", release.id) is not None


async def _ended(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.store.record(ticket, world.ended(Status.FAILED))


async def _stopped(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.wish(release.id, world.stop())


async def _locked(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.store.lock(world.lock("checkout", "qa"))


async def _all_locked(stored: Stored, ticket: Ticket, release: Release) -> None:
    soon = await stored.store.now() + timedelta(hours=1)
    await stored.store.lock(world.lock("", "qa", soon))


async def _locked_by_rollback(stored: Stored, ticket: Ticket, release: Release) -> None:
    await stored.store.lock(world.lock("checkout", "qa", by_rollback=True))


@pytest.mark.parametrize(
    "meanwhile",
    [_lost_look, _lost_claim, _ended, _stopped, _locked, _all_locked, _locked_by_rollback],
)
async def test_a_write_is_refused_whose_right_is_gone(
    stored: Stored, meanwhile: Callable[[Stored, Ticket, Release], Awaitable[None]]
) -> None:
    ticket, release = await stored.claimed()
    await meanwhile(stored, ticket, release)
    assert await stored.store.announce([world.attempt(ticket, release)], BASE) == set()
    assert await stored.rows("SELECT id FROM write") == []


async def _locked_elsewhere(stored: Stored) -> None:
    await stored.store.lock(world.lock("checkout", "prod"))
    await stored.store.lock(world.lock("search", "qa"))


async def _lock_ran_out(stored: Stored) -> None:
    await stored.store.lock(
        world.lock("checkout", "qa", await stored.store.now() - timedelta(seconds=1))
    )


async def _unlocked(stored: Stored) -> None:
    await stored.store.lock(world.lock("checkout", "qa"))
    assert await stored.store.unlock("checkout", "qa", "ada")


@pytest.mark.parametrize("meanwhile", [_locked_elsewhere, _lock_ran_out, _unlocked])
async def test_a_write_is_allowed_where_no_lock_holds_it(
    stored: Stored, meanwhile: Callable[[Stored], Awaitable[None]]
) -> None:
    ticket, release = await stored.claimed()
    await meanwhile(stored)
    mine = world.attempt(ticket, release)
    assert await stored.store.announce([mine], BASE) == {mine.id}


async def test_the_lock_of_a_rollback_does_not_hold_a_further_rollback(stored: Stored) -> None:
    ticket, release = await stored.claimed(line="", trigger=Trigger.ROLLBACK)
    await stored.store.lock(world.lock("checkout", "qa", by_rollback=True))
    mine = world.attempt(ticket, release)
    assert await stored.store.announce([mine], BASE) == {mine.id}
    await stored.store.lock(world.lock("", "qa"))
    assert await stored.store.announce([world.attempt(ticket, release)], BASE) == set()


async def test_of_writes_announced_together_each_is_judged_alone(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    other_ticket, other = await stored.claimed(product="search")
    await stored.store.lock(world.lock("search", "qa"))
    mine, locked = world.attempt(ticket, release), world.attempt(other_ticket, other)
    lost = replace(mine, id=locked.id, claim=mine.claim + 1)
    assert await stored.store.announce([mine, locked], BASE) == {mine.id}
    assert await stored.store.announce([lost], BASE) == set()


async def test_a_stop_comes_before_an_announcement_or_sees_it(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    mine = world.attempt(ticket, release)
    async with stored.database.begun() as stopping:
        before = await records.locked_for_command(stopping, release.id)
        assert before is not None
        announcing = asyncio.create_task(stored.store.announce([mine], BASE))
        await stored.until_somebody_waits()
        records.change(stopping, before, [world.stop()], "ada")
    assert await announcing == set()


async def test_announcements_of_many_releases_and_people_do_not_deadlock(stored: Stored) -> None:
    held = [await stored.claimed(product=f"product-{i}") for i in range(6)]

    async def pusher(order: int) -> None:
        for _ in range(10):
            writes = [world.attempt(*each) for each in held[:: 1 if order % 2 else -1]]
            await stored.store.announce(writes, BASE)
            await stored.store.settle([write.id for write in writes])

    async def person(order: int) -> None:
        for _, release in held[:: 1 if order % 2 else -1] * 4:
            await stored.wish(release.id, world.warned())

    async with asyncio.timeout(120):
        await asyncio.gather(*map(pusher, range(4)), *map(person, range(4)))
    assert await stored.deadlocks() == 0


# --- queue and duties ------------------------------------------------------------------------
async def _queued(stored: Stored) -> str:
    def build(n: int, now: object) -> tuple[Release, events.Event]:
        made = shown_world.a_release(n)
        queued = replace(made, course=Course(Status.QUEUED), queue_position=n)
        return queued, world.created(queued)

    made = await stored.store.create("checkout", build, {}, "", "ada", {})
    assert made is not None
    return made.id


async def test_of_releases_that_leave_a_queue_at_once_one_goes(stored: Stored) -> None:
    tickets = [await stored.look(await _queued(stored)) for _ in range(5)]
    gone = await asyncio.gather(*(stored.store.start_course(ticket) for ticket in tickets))
    assert sorted(gone) == [False] * 4 + [True]
    started = await stored.rows("SELECT release FROM event WHERE kind = 'ReleaseStarted'")
    assert len(started) == 1


async def test_the_next_leaves_the_queue_when_the_one_before_has_ended(stored: Stored) -> None:
    first, second = await _queued(stored), await _queued(stored)
    ticket, waiting = await stored.look(first), await stored.look(second)
    assert await stored.store.start_course(ticket)
    assert not await stored.store.start_course(waiting)
    await stored.store.record(ticket, world.all_ended())
    assert await stored.store.start_course(waiting)


async def test_a_release_stopped_in_the_queue_does_not_start(stored: Stored) -> None:
    ticket = await stored.look(await _queued(stored))
    await stored.wish(ticket.release, world.stop())
    assert not await stored.store.start_course(ticket)
    assert (await stored.release(ticket.release)).course.status is Status.TERMINATING


async def test_releases_that_are_not_queued_do_not_hold_the_queue(stored: Stored) -> None:
    await stored.claimed(trigger=Trigger.MANUAL, line="")
    assert await stored.store.start_course(await stored.look(await _queued(stored)))


async def test_a_duty_is_one_workers_until_it_lapses(stored: Stored) -> None:
    assert await stored.store.take_duty("observe", "one", 30)
    assert not await stored.store.take_duty("observe", "two", 30)
    assert await stored.store.take_duty("observe", "one", 30)
    assert await stored.store.take_duty("notes", "two", 30)
    await stored.rows("UPDATE duty SET until = now() - interval '1 second'")
    assert await stored.store.take_duty("observe", "two", 30)
    assert not await stored.store.take_duty("observe", "one", 30)


async def test_of_workers_that_race_for_a_duty_one_has_it(stored: Stored) -> None:
    taken = await asyncio.gather(
        *(stored.store.take_duty("observe", f"worker-{i}", 30) for i in range(8))
    )
    assert sum(taken) == 1


async def test_a_lock_and_its_end_wake_whom_they_concern_and_are_told(stored: Stored) -> None:
    mine, other = await stored.make(), await stored.make("search")
    for each in (mine, other):
        await stored.store.end_look(await stored.look(each.id), None)
    await stored.store.lock(world.lock("checkout", "qa"))
    (woken,) = await stored.store.take_looks("worker-1", 8)
    assert woken.release == mine.id
    await stored.store.end_look(woken, None)
    assert await stored.store.unlock("checkout", "qa", "grace")
    assert not await stored.store.unlock("checkout", "qa", "grace")
    (woken,) = await stored.store.take_looks("worker-1", 8)
    await stored.store.end_look(woken, None)
    await stored.store.lock(world.lock("", "qa"))
    assert len(await stored.store.take_looks("worker-1", 8)) == 2
    told = await stored.rows("SELECT kind, actor FROM event WHERE release = '' ORDER BY id")
    assert [tuple(row) for row in told] == [
        ("EnvironmentLocked", "ada"),
        ("EnvironmentUnlocked", "grace"),
        ("EnvironmentLocked", "ada"),
    ]
