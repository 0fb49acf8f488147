"""State and events in one transaction: fenced, whole or not at all, in the order of commits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

import stored_world as world
from stored_world import Stored
from towpath.domain import events
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName
from towpath.domain.status import Status
from towpath.ports.store import LeaseLost, StoreUnavailable, Ticket, View
from towpath.storage import looks, records
from towpath.storage.connection import Connection

Writes = Callable[[Stored, Ticket], Awaitable[object]]

EVERYTHING = (
    "SELECT (SELECT json_agg(r) FROM release r)::text, (SELECT json_agg(e) FROM event e)::text,"
    " (SELECT json_agg(s) FROM stage s)::text, (SELECT json_agg(l) FROM landing l)::text,"
    " (SELECT json_agg(l) FROM lease l)::text, (SELECT json_agg(l) FROM look l)::text,"
    " (SELECT json_agg(w) FROM write w)::text"
)


async def _records(stored: Stored, ticket: Ticket) -> object:
    return await stored.store.record(ticket, [world.warned()])


async def _claims(stored: Stored, ticket: Ticket) -> object:
    return await stored.claim(ticket, "qa", "")


async def _starts(stored: Stored, ticket: Ticket) -> object:
    return await stored.store.start_course(ticket)


async def _views(stored: Stored, ticket: Ticket) -> object:
    return await stored.store.view(ticket)


@pytest.mark.parametrize("writes", [_records, _claims, _starts, _views])
async def test_who_lost_the_lease_writes_nothing(stored: Stored, writes: Writes) -> None:
    made = await stored.make()
    lost = await stored.look(made.id, "paused")
    await stored.later(looks.LEASE_S + 1)
    await stored.look(made.id)
    before = await stored.rows(EVERYTHING)
    with pytest.raises(LeaseLost):
        await writes(stored, lost)
    assert await stored.rows(EVERYTHING) == before


async def test_a_lease_that_ran_out_is_good_until_somebody_takes_it(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    await stored.later(looks.LEASE_S + 1)
    await stored.store.record(ticket, [world.warned("still here")])
    assert "WarningRaised" in await stored.kinds(ticket.release)


async def test_a_takeover_waits_for_nobody_and_never_comes_between_check_and_write(
    stored: Stored,
) -> None:
    ticket = await stored.look((await stored.make()).id)
    await stored.later(looks.LEASE_S + 1)
    async with stored.database.begun() as writing:
        await world.locked(writing, ticket)
        async with asyncio.timeout(10):
            assert await stored.store.take_looks("worker-2", 8) == []
    assert len(await stored.store.take_looks("worker-2", 8)) == 1


async def test_a_command_in_the_middle_of_a_look_is_kept_by_the_looks_next_record(
    stored: Stored,
) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    seen = await stored.store.view(ticket)
    await stored.wish(made.id, world.stop("not today"))
    after = await stored.store.record(ticket, [world.warned("look out")])
    assert seen.release.course.status is Status.SKIPPED
    assert after.course.status is Status.TERMINATING
    assert await stored.release(made.id) == after
    assert await stored.kinds(made.id) == [
        "ReleaseCreated",
        "TerminationRequested",
        "WarningRaised",
    ]
    await stored.store.end_look(ticket, None)
    assert len(await stored.store.take_looks("worker-1", 8)) == 1


async def test_commands_at_once_are_all_kept(stored: Stored) -> None:
    made = await stored.make()
    await asyncio.gather(
        *(stored.wish(made.id, world.warned(f"{i}"), actor=f"person-{i}") for i in range(12))
    )
    promotion = (await stored.release(made.id)).promotion("qa")
    assert promotion is not None
    assert {w.sentence for w in promotion.warnings} == {str(i) for i in range(12)}
    actors = await stored.rows("SELECT actor FROM event WHERE kind = 'WarningRaised'")
    assert {row.actor for row in actors} == {f"person-{i}" for i in range(12)}


async def test_a_command_decides_by_what_is_true_under_its_lock(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    seen: list[Status] = []

    def decide(view: View) -> list[events.Event]:
        seen.append(view.release.course.status)
        return []

    async with stored.database.begun() as writing:
        before = await records.locked(writing, ticket)
        asking = asyncio.create_task(stored.store.command(made.id, "grace", decide))
        await stored.until_somebody_waits()
        records.change(writing, before, [world.stop()], "")
    await asking
    assert seen == [Status.TERMINATING]


async def test_a_command_that_is_refused_or_decides_nothing_writes_nothing(stored: Stored) -> None:
    made = await stored.make()
    before = await stored.rows(EVERYTHING)

    def refuse(_: View) -> list[events.Event]:
        raise PermissionError("not you")

    with pytest.raises(PermissionError, match="not you"):
        await stored.store.command(made.id, "mallory", refuse)
    assert (
        await stored.wish(
            made.id,
        )
        == made
    )
    with pytest.raises(KeyError):
        await stored.store.command("checkout-99", "ada", lambda _: [])
    assert await stored.rows(EVERYTHING) == before


async def _terminated_at_its_event(connection: Connection) -> None:
    await connection.execute(
        sa.text(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
    )
    await connection.execute(
        sa.text(
            "CREATE TRIGGER die AFTER INSERT ON event FOR EACH ROW"
            " WHEN (NEW.kind = 'CommitLanded') EXECUTE FUNCTION die()"
        )
    )


async def test_a_connection_that_dies_in_the_middle_leaves_nothing_behind(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    before = await stored.rows(EVERYTHING)
    await stored.database.transact(_terminated_at_its_event)
    with pytest.raises(StoreUnavailable):
        await stored.store.record(ticket, [world.landed(release), *world.ended()])
    assert await stored.rows(EVERYTHING) == before
    await stored.rows("DROP TRIGGER die ON event")
    await stored.store.record(ticket, [world.landed(release), *world.ended()])
    assert await stored.store.landings("checkout", "qa", 5) == [release.id]


async def test_an_event_that_cannot_be_written_takes_the_state_back_with_it(
    stored: Stored,
) -> None:
    ticket, release = await stored.claimed()
    await stored.rows("ALTER TABLE event ADD CHECK (kind <> 'PromotionEnded')")
    before = await stored.rows(EVERYTHING)
    with pytest.raises(psycopg.errors.IntegrityError):
        await stored.store.record(ticket, [world.landed(release), *world.ended()])
    assert await stored.rows(EVERYTHING) == before


async def test_event_ids_are_in_the_order_of_commits_for_a_reader_of_what_is_new(
    stored: Stored,
) -> None:
    made = [(await stored.make(f"product-{i % 5}")).id for i in range(20)]
    over = asyncio.Event()
    seen: list[int] = []

    async def read() -> bool:
        last = seen[-1] if seen else 0
        rows = await stored.rows("SELECT id FROM event WHERE id > :last ORDER BY id", last=last)
        seen.extend(row.id for row in rows)
        return bool(rows)

    async def reader() -> None:
        while not over.is_set():
            await read()

    async def writer(release: str) -> None:
        for i in range(12):
            several = [world.warned(f"{i} {j}") for j in range(1 + i % 3)]
            await stored.wish(release, *several)

    reading = asyncio.create_task(reader())
    async with asyncio.timeout(120):
        await asyncio.gather(*(writer(release) for release in made))
    over.set()
    await reading
    await read()
    assert seen == sorted(set(seen))
    assert len(seen) == 20 + 20 * (1 + 2 + 3) * 4
    assert set(seen) == {row.id for row in await stored.rows("SELECT id FROM event")}


async def test_events_of_one_change_keep_their_order(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    happened = [world.landed(release), *world.ended()]
    await stored.store.record(ticket, happened)
    told = await stored.kinds(release.id)
    assert told[-len(happened) :] == [type(event).__name__ for event in happened]


async def test_a_record_that_frees_an_environment_wakes_the_products_other_releases(
    stored: Stored,
) -> None:
    waiting, elsewhere = await stored.make(), await stored.make("search")
    for each in (waiting, elsewhere):
        await stored.store.end_look(await stored.look(each.id), None)
    ticket, release = await stored.claimed()
    await stored.store.end_look(await stored.look(waiting.id), None)
    await stored.store.record(ticket, [world.landed(release), *world.ended()])
    assert [t.release for t in await stored.store.take_looks("worker-2", 8)] == [waiting.id]


async def test_a_holder_that_is_suspended_wakes_whoever_may_take_over(stored: Stored) -> None:
    ticket, _ = await stored.claimed()
    waiting = await stored.make()
    await stored.store.end_look(await stored.look(waiting.id), None)
    await stored.store.record(ticket, [world.suspended()])
    assert [t.release for t in await stored.store.take_looks("worker-2", 8)] == [waiting.id]


async def test_a_record_that_matters_to_nobody_else_wakes_nobody(stored: Stored) -> None:
    other = await stored.make()
    await stored.store.end_look(await stored.look(other.id), None)
    ticket = await stored.look((await stored.make()).id)
    await stored.store.end_look(await stored.look(other.id), None)
    await stored.store.record(ticket, [world.warned()])
    await stored.store.end_look(ticket, None)
    assert await stored.store.take_looks("worker-1", 8) == []


async def test_a_command_has_its_release_looked_at_again_even_a_forgotten_one(
    stored: Stored,
) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.store.record(ticket, world.all_ended())
    await stored.store.end_look(ticket, None)
    await stored.wish(made.id, world.retried())
    assert [t.release for t in await stored.store.take_looks("worker-1", 8)] == [made.id]


async def test_what_postgresql_cannot_hold_does_not_keep_a_release_from_being_recorded(
    stored: Stored,
) -> None:
    made = await stored.make(subject="broken \0 and \ud800 half")
    ticket = await stored.look(made.id)
    after = await stored.store.record(ticket, [world.warned("said \0 and \udfff")])
    stayed = await stored.release(made.id)
    promotion = stayed.promotion("qa")
    assert promotion is not None
    assert [w.sentence for w in promotion.warnings] == ["said \ufffd and \ufffd"]
    assert await stored.value("SELECT subject FROM release") == "broken \ufffd and \ufffd half"
    assert after.status is stayed.status


async def test_the_columns_beside_the_state_say_what_the_state_says(stored: Stored) -> None:
    ticket, _ = await stored.claimed()
    failed = events.PhaseFailed(
        PhaseName.ACTION,
        Status.FAILED,
        Reason(Code.PUSH_REJECTED, "no"),
        environment="qa",
    )
    after = await stored.store.record(ticket, [failed, *world.ended(Status.FAILED)])
    (row,) = await stored.rows("SELECT * FROM release")
    assert (row.status, row.ended, row.open) == (after.status, after.ended, after.open)
    assert row.reason["code"] == "push_rejected"
    assert row.environments["qa"]["status"] == "failed"


async def test_a_view_holds_everything_around_a_release(stored: Stored) -> None:
    ticket, release = await stored.claimed()
    rival = await stored.make()
    await stored.make("search")
    await stored.store.lock(world.lock("checkout", "qa"))
    await stored.store.lock(world.lock("", "prod"))
    await stored.store.lock(world.lock("search", "qa"))
    mine = world.attempt(ticket, release)
    await stored.rows("DELETE FROM lock WHERE product = 'checkout'")
    await stored.store.announce([mine], "b" * 40)
    await stored.store.lock(world.lock("checkout", "qa"))
    view = await stored.store.view(ticket)
    assert [each.id for each in view.rivals] == [rival.id]
    assert (view.stages["qa"].holder, view.stages["qa"].counter) == (release.id, 1)
    assert [each.product for each in view.stages["qa"].locks] == ["checkout"]
    assert [each.product for each in view.stages["prod"].locks] == [""]
    assert [(w.id, w.base) for w in view.open_writes["qa"]] == [(mine.id, "b" * 40)]
    asked = await stored.store.view_of(release.id)
    assert asked is not None
    assert replace(asked, now=view.now) == view
    assert await stored.store.view_of("checkout-99") is None


async def test_the_clock_is_the_databases(stored: Stored) -> None:
    ticket = await stored.look((await stored.make()).id)
    before = await stored.store.now()
    view = await stored.store.view(ticket)
    assert before <= view.now <= before + timedelta(minutes=5)


async def test_a_release_is_never_seen_ended_without_its_end(stored: Stored) -> None:
    """Its end is recorded with what ended it, whoever recorded that."""
    looked_at, wished_for = await stored.make("checkout"), await stored.make("search")
    ticket = await stored.look(looked_at.id)
    await stored.store.record(ticket, world.all_ended())
    await stored.wish(wished_for.id, *world.all_ended())
    for made in (looked_at, wished_for):
        release = await stored.release(made.id)
        assert release.ended
        assert release.ended_at is not None
        assert (await stored.kinds(made.id))[-1] == "ReleaseEnded"
    assert await stored.value("SELECT count(*) FROM release WHERE ended AND ended_at IS NULL") == 0


async def test_an_end_that_a_person_put_off_in_the_meantime_is_not_told(stored: Stored) -> None:
    made = await stored.make()
    ticket = await stored.look(made.id)
    await stored.wish(made.id, world.stop())
    end = events.ReleaseEnded(Status.TERMINATED)
    await stored.store.record(ticket, [*world.all_ended(), end])
    assert "ReleaseEnded" not in await stored.kinds(made.id)
    assert (await stored.release(made.id)).ended_at is None
