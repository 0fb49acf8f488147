"""Looks on PostgreSQL: due times, leases, takeovers, wake-ups, and many workers at once."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

import stored_world as world
from stored_world import Stored
from towpath.ports.store import LeaseLost, Ticket
from towpath.storage import looks


async def test_a_new_release_is_due_at_once_and_leased_to_one_worker(stored: Stored) -> None:
    made = await stored.make()
    assert await stored.store.take_looks("worker-1", 8) == [Ticket(made.id, 1)]
    assert await stored.store.take_looks("worker-2", 8) == []


async def test_no_more_looks_are_taken_than_asked_for_and_the_longest_due_first(
    stored: Stored,
) -> None:
    made = [(await stored.make()).id for _ in range(3)]
    for seconds, release in enumerate(made):
        statement = "UPDATE look SET look_at = now() - make_interval(secs => :s) WHERE release = :r"
        await stored.rows(statement, s=seconds + 1, r=release)
    first = await stored.store.take_looks("worker-1", 2)
    assert {ticket.release for ticket in first} == set(made[1:])


async def test_many_takers_never_hold_one_release_twice(stored: Stored) -> None:
    made = {(await stored.make(f"product-{i}")).id for i in range(12)}
    held: Counter[str] = Counter()
    done: Counter[str] = Counter()

    async def taker(name: str) -> None:
        while min(done[release] for release in made) < 4:
            for ticket in await stored.store.take_looks(name, 3):
                held[ticket.release] += 1
                assert held[ticket.release] == 1
                assert (await stored.store.view(ticket)).release.id == ticket.release
                held[ticket.release] -= 1
                done[ticket.release] += 1
                await stored.store.end_look(ticket, await stored.store.now())

    async with asyncio.timeout(60):
        await asyncio.gather(*(taker(f"worker-{i}") for i in range(8)))
    numbers = await stored.rows("SELECT release, look_no FROM lease")
    assert {row.release: row.look_no for row in numbers} == dict(done)


async def test_a_dead_workers_look_is_taken_over_when_its_lease_has_run_out(
    stored: Stored,
) -> None:
    made = await stored.make()
    lost = await stored.look(made.id, "dead")
    await stored.later(looks.LEASE_S - 1)
    assert await stored.store.take_looks("worker-2", 8) == []
    await stored.later(2)
    assert await stored.store.take_looks("worker-2", 8) == [Ticket(made.id, lost.look_no + 1)]
    with pytest.raises(LeaseLost):
        await stored.store.view(lost)


async def test_a_renewed_lease_is_not_taken_over(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    await stored.later(looks.LEASE_S - 1)
    await stored.store.renew_leases([ticket])
    await stored.later(looks.LEASE_S - 1)
    assert await stored.store.take_looks("worker-2", 8) == []
    await stored.store.view(ticket)


async def test_a_renewal_by_a_worker_that_lost_the_lease_changes_nothing(stored: Stored) -> None:
    lost = await stored.look((await stored.make()).id, "paused")
    await stored.later(looks.LEASE_S + 1)
    (ticket,) = await stored.store.take_looks("worker-2", 8)
    await stored.later(looks.LEASE_S - 1)
    await stored.store.renew_leases([lost])
    await stored.later(2)
    (third,) = await stored.store.take_looks("worker-3", 8)
    assert third.look_no == ticket.look_no + 1


async def test_renewing_does_not_wait_for_a_release_that_is_being_written(stored: Stored) -> None:
    busy = await stored.look((await stored.make("checkout")).id)
    other = await stored.look((await stored.make("search")).id)
    await stored.later(looks.LEASE_S - 1)
    async with stored.database.begun() as writing:
        await world.locked(writing, busy)
        async with asyncio.timeout(10):
            await stored.store.renew_leases([busy, other])
        await stored.later_for("search-1", 2)
        assert await stored.store.take_looks("worker-2", 8) == []


async def test_a_wake_up_during_a_look_leads_to_one_more_look(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    for _ in range(3):
        await stored.wake(made.id)
    assert await stored.store.take_looks("worker-2", 8) == []
    await stored.store.end_look(ticket, None)
    (again,) = await stored.store.take_looks("worker-2", 8)
    await stored.store.end_look(again, None)
    assert await stored.store.take_looks("worker-2", 8) == []


async def test_a_wake_up_that_commits_while_the_look_ends_is_kept(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    async with stored.database.begun() as ending:
        await world.backend(ending)  # the look's end is older than the wake-up
        async with stored.database.begun() as waking:
            looks.wake(waking, [made.id])
            await world.said(waking)
            await looks.end(ending, ticket, None)
            late = asyncio.create_task(world.said(ending))
            await stored.until_somebody_waits()
        await late
    (again,) = await stored.store.take_looks("worker-2", 8)
    assert again.release == made.id


async def test_a_timer_is_not_due_before_its_time(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    await stored.store.end_look(ticket, await stored.store.now() + timedelta(minutes=5))
    assert await stored.store.take_looks("worker-1", 8) == []
    await stored.later(299)
    assert await stored.store.take_looks("worker-1", 8) == []
    await stored.later(2)
    assert len(await stored.store.take_looks("worker-1", 8)) == 1


async def test_a_wake_up_comes_before_a_timer(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.end_look(ticket, await stored.store.now() + timedelta(minutes=5))
    await stored.wake(made.id)
    assert len(await stored.store.take_looks("worker-1", 8)) == 1


async def test_a_timer_in_a_look_does_not_put_off_a_wake_up(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.wake(made.id)
    await stored.store.end_look(ticket, await stored.store.now() + timedelta(minutes=5))
    assert len(await stored.store.take_looks("worker-1", 8)) == 1


async def test_whoever_lost_the_lease_ends_nobody_elses_look(stored: Stored) -> None:
    lost = await stored.look((await stored.make()).id)
    await stored.later(looks.LEASE_S + 1)
    (ticket,) = await stored.store.take_looks("worker-2", 8)
    await stored.store.end_look(lost, await stored.store.now())
    assert await stored.store.take_looks("worker-3", 8) == []
    await stored.store.view(ticket)


async def test_a_look_that_took_longer_than_a_lease_is_made_once_more(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    for _ in range(3):
        await stored.later(looks.LEASE_S - 1)
        await stored.store.renew_leases([ticket])
    await stored.store.end_look(ticket, None)
    (again,) = await stored.store.take_looks("worker-1", 8)
    await stored.store.end_look(again, None)
    assert await stored.store.take_looks("worker-1", 8) == []


async def test_a_closed_release_is_forgotten(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.record(ticket, world.all_ended())
    await stored.store.end_look(ticket, None)
    assert await stored.rows("SELECT release FROM look") == []


async def test_an_open_release_is_not_forgotten_and_not_due(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.end_look(ticket, None)
    assert await stored.value("SELECT look_at = 'infinity' FROM look")


async def test_a_closed_release_woken_during_the_look_is_forgotten_after_the_next(
    stored: Stored,
) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.record(ticket, world.all_ended())
    await stored.wake(made.id)
    await stored.store.end_look(ticket, None)
    (again,) = await stored.store.take_looks("worker-1", 8)
    await stored.store.end_look(again, None)
    assert await stored.rows("SELECT release FROM look") == []


async def test_a_command_that_meets_the_forgetting_of_its_release_is_looked_at(
    stored: Stored,
) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.record(ticket, world.all_ended())
    async with stored.database.begun() as ending:
        await looks.end(ending, ticket, None)
        await world.said(ending)
        reopening = asyncio.create_task(
            stored.store.command(made.id, "ada", lambda _: [world.retried()])
        )
        await stored.until_somebody_waits()
    await reopening
    (again,) = await stored.store.take_looks("worker-1", 8)
    assert again.release == made.id


async def test_a_ticket_from_before_a_release_was_forgotten_is_never_valid_again(
    stored: Stored,
) -> None:
    made = await stored.make()
    paused = await stored.look(made.id, "paused")
    await stored.later(looks.LEASE_S + 1)
    ticket = await stored.look(made.id)
    await stored.store.record(ticket, world.all_ended())
    await stored.store.end_look(ticket, None)
    await stored.wish(made.id, world.retried())
    for _ in range(2):
        again = await stored.look(made.id)
        assert again.look_no > ticket.look_no
        with pytest.raises(LeaseLost):
            await stored.store.record(paused, [world.warned()])
        await stored.store.end_look(again, None)


async def test_wakers_in_any_order_do_not_block_each_other_in_a_circle(stored: Stored) -> None:
    made = [(await stored.make(f"product-{i % 3}")).id for i in range(12)]

    async def waker(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(30):
            some = chance.sample(made, 8)
            if chance.random() < 0.5:
                await stored.wake(*some)
            else:
                await stored.wake_others(some[0].rpartition("-")[0], some[0])

    async with asyncio.timeout(120):
        await asyncio.gather(*(waker(seed) for seed in range(16)))
    assert await stored.deadlocks() == 0


async def test_workers_and_people_at_releases_of_one_product_do_not_deadlock(
    stored: Stored,
) -> None:
    made = [(await stored.make()).id for _ in range(8)]
    written: Counter[str] = Counter()
    over = asyncio.Event()

    async def worker(name: str) -> None:
        running: set[Ticket] = set()
        while not over.is_set():
            running = set(await stored.store.take_looks(name, 3))
            for ticket in sorted(running, key=lambda each: -each.look_no):
                await stored.store.renew_leases(running)
                held = world.held(f"by {name} in look {ticket.look_no}")
                await stored.store.record(ticket, [held])
                written[ticket.release] += 1
                await stored.store.end_look(ticket, await stored.store.now())
            await asyncio.sleep(0)

    async def person(seed: int) -> None:
        chance = random.Random(seed)
        for i in range(15):
            release = chance.choice(made)
            await stored.wish(release, world.held(f"by {seed}, {i}", "prod"))
            written[release] += 1

    async with asyncio.timeout(180):
        workers = [asyncio.create_task(worker(f"worker-{i}")) for i in range(4)]
        await asyncio.gather(*(person(seed) for seed in range(6)))
        over.set()
        await asyncio.gather(*workers)
    assert await stored.deadlocks() == 0
    told = await stored.rows("SELECT release, count(*) - 1 AS times FROM event GROUP BY release")
    assert {row.release: row.times for row in told} == dict(written)


async def test_those_under_way_are_woken_by_product_and_those_that_ended_are_not(
    stored: Stored,
) -> None:
    waiting, ended = await stored.make(), await stored.make()
    other = await stored.make("search")
    later = await stored.store.now() + timedelta(minutes=1)
    for release, again in ((waiting.id, later), (other.id, later), (ended.id, None)):
        await stored.store.end_look(await stored.look(release), again)
    await stored.store.wake(["checkout"])
    assert [t.release for t in await stored.store.take_looks("worker-1", 8)] == [waiting.id]
