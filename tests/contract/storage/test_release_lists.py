"""Lists of releases against PostgreSQL: every filter, and pages that neither skip nor repeat."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

import shown_world as world
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Trigger
from towpath.domain.status import Status
from towpath.storage import listing, tables
from towpath.storage.listing import Wanted
from towpath.storage.queries import Queries

DONE = {"dev": Status.SUCCEEDED, "qa": Status.SUCCEEDED, "prod": Status.SUCCEEDED}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async with world.empty(database_url) as engine:
        yield engine


async def _ids(engine: AsyncEngine, **wanted: object) -> list[str]:
    page = await Queries(engine).releases(Wanted(**wanted), 50)  # type: ignore[arg-type]
    return [item.id for item in page.items]


async def _four(engine: AsyncEngine) -> None:
    """Two of checkout (one failed in qa), one of search, one by hand."""
    failed = {"dev": (Status.SUCCEEDED, None), "qa": (Status.FAILED, Reason(Code.SYNC_FAILED, "x"))}
    manual = replace(world.a_release(4, "search"), flow="", trigger=Trigger.MANUAL)
    await world.add(
        engine,
        world.brought(world.a_release(1), **DONE),
        world.with_reasons(world.a_release(2, subject="Add PAY-17 to till/receipt"), failed),
        world.a_release(3, "search", initiator="grace"),
        world.brought(manual, **DONE),
    )


async def test_releases_are_listed_newest_first(engine: AsyncEngine) -> None:
    await _four(engine)
    assert await _ids(engine) == ["search-4", "search-3", "checkout-2", "checkout-1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"product": "checkout"}, ["checkout-2", "checkout-1"]),
        ({"statuses": (Status.FAILED,)}, ["checkout-2"]),
        ({"statuses": (Status.FAILED, Status.SUCCEEDED)}, ["search-4", "checkout-2", "checkout-1"]),
        ({"flow": "standard"}, ["search-3", "checkout-2", "checkout-1"]),
        ({"initiator": "grace"}, ["search-3"]),
        ({"ended": False}, ["search-3"]),
        ({"ended": True, "product": "search"}, ["search-4"]),
        ({"open": True}, ["search-3", "checkout-2"]),
        ({"environment": "prod"}, ["search-4", "search-3", "checkout-2", "checkout-1"]),
        ({"environment": "nowhere"}, []),
        ({"environment": "qa", "environment_statuses": (Status.FAILED,)}, ["checkout-2"]),
        (
            {
                "environment": "qa",
                "environment_statuses": (Status.FAILED, Status.WAITING),
                "product": "search",
            },
            ["search-3"],
        ),
        ({"since": world.START + timedelta(hours=3)}, ["search-4", "search-3"]),
        ({"until": world.START + timedelta(hours=2)}, ["checkout-1"]),
        ({"text": "rounding", "product": "checkout"}, ["checkout-1"]),
        ({"text": "FIX Rounding", "statuses": (Status.SUCCEEDED,)}, ["search-4", "checkout-1"]),
        ({"text": "checkout-2"}, ["checkout-2"]),
        ({"text": "PAY-17"}, ["checkout-2"]),
        ({"text": "17-PAY"}, []),
        ({"text": "receipt"}, ["checkout-2"]),
        ({"text": "rec"}, []),
        ({"text": "rec*"}, ["checkout-2"]),
        ({"text": "re*"}, []),
        ({"text": "1.3.0"}, ["search-3"]),
        ({"text": "0202"}, ["checkout-2"]),
        ({"text": "02020202", "product": "search"}, []),
        ({"text": "02020202", "environment": "qa"}, ["checkout-2"]),
        ({"text": "02020202", "environment": "uat"}, []),
        ({"text": "grace", "environment": "dev"}, ["search-3"]),
        ({"text": "product=checkout"}, []),
        ({"text": "--- ''' \\ & | ! :* <->"}, []),
        ({"text": "it's", "initiator": "o'hara \\"}, []),
        (
            {"product": "checkout", "environment": "qa", "text": "fix", "flow": "standard"},
            ["checkout-1"],
        ),
    ],
)
async def test_a_filter_finds_what_it_says(
    engine: AsyncEngine, wanted: dict[str, object], found: list[str]
) -> None:
    await _four(engine)
    assert await _ids(engine, **wanted) == found


async def test_a_list_can_be_filtered_by_a_status_that_changes(engine: AsyncEngine) -> None:
    await world.add(engine, world.a_release())
    wanted = {"environment": "dev", "environment_statuses": (Status.SUCCEEDED,)}
    assert await _ids(engine, **wanted) == []
    done = world.brought(world.a_release(), **DONE)
    async with engine.begin() as connection:
        summary = world.codec.summary(done)
        await connection.execute(sa.update(tables.release).values(environments=summary))
    assert await _ids(engine, **wanted) == ["checkout-1"]


async def test_pages_neither_skip_nor_repeat_releases_of_the_same_moment(
    engine: AsyncEngine,
) -> None:
    made = [replace(world.a_release(n), created_at=world.START) for n in range(1, 24)]
    await world.add(engine, *made)
    for text in ("", "fix", "fix*"):
        seen, cursor = list[str](), None
        while True:
            page = await Queries(engine).releases(Wanted(text=text), 5, cursor)
            seen += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"checkout-{n}" for n in range(23, 0, -1)]


async def test_a_new_release_does_not_shift_the_next_page(engine: AsyncEngine) -> None:
    await world.add(engine, *(world.a_release(n) for n in (1, 2, 3)))
    first = await Queries(engine).releases(Wanted(), 1)
    await world.add(engine, world.a_release(4))
    second = await Queries(engine).releases(Wanted(), 1, first.next_cursor)
    assert [item.id for item in second.items] == ["checkout-2"]


async def test_a_page_is_never_longer_than_the_limit_of_pages(engine: AsyncEngine) -> None:
    await world.add(engine, *(world.a_release(n) for n in range(1, listing.LONGEST_PAGE + 5)))
    page = await Queries(engine).releases(Wanted(), 100_000)
    assert len(page.items) == listing.LONGEST_PAGE
    assert page.next_cursor


async def test_environments_come_in_the_order_of_the_flow(engine: AsyncEngine) -> None:
    await world.add(engine, world.a_release())
    (item,) = (await Queries(engine).releases(Wanted(), 1)).items
    assert [place.name for place in item.environments] == ["dev", "qa", "prod"]
    assert item.environments[1].sentence == "waits for dev"


def _cursor(place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "ümlaut",
        "////",
        _cursor([]),
        _cursor({"a": 1}),
        _cursor(["2026-01-01T00:00:00", 1]),
        _cursor(["2026-01-01T00:00:00+00:00", -1]),
        _cursor(["2026-01-01T00:00:00+00:00", 1 << 63]),
        _cursor(["2026-01-01T00:00:00+00:00", None]),
        _cursor([17, 1]),
    ],
)
def test_a_cursor_of_nobody_is_refused(cursor: str) -> None:
    with pytest.raises(listing.BadCursor):
        listing.read_cursor(cursor)


@given(st.text(max_size=80))
def test_whatever_is_given_as_a_cursor_is_refused_or_read(cursor: str) -> None:
    try:
        place = listing.read_cursor(cursor)
    except listing.BadCursor:
        return
    assert place[0].tzinfo is not None


async def test_the_newest_release_of_each_product_is_found(engine: AsyncEngine) -> None:
    await _four(engine)
    long = f"{'very-' * 20}long"  # the type `name`, for which there is no index, would cut it
    await world.add(engine, replace(world.a_release(5), id=f"{long}-5", product=long))
    latest = await Queries(engine).latest(["checkout", "search", "unknown", long])
    assert {product: item.id for product, item in latest.items()} == {
        "checkout": "checkout-2",
        "search": "search-4",
        long: f"{long}-5",
    }


async def test_what_is_unended_and_on_its_way_is_found_for_the_products_asked_for(
    engine: AsyncEngine,
) -> None:
    await _four(engine)
    going = world.brought(world.a_release(5), dev=Status.SUCCEEDED, qa=Status.RUNNING)
    await world.add(engine, going)
    queries = Queries(engine)
    board = await queries.board(["search", "checkout"])
    assert board.unended == {"search": 1, "checkout": 1}
    (coming,) = board.coming["checkout", "qa"]
    assert (coming.release, coming.version, coming.status) == ("checkout-5", "1.5.0", "running")
    assert ("checkout", "dev") not in board.coming
    assert (await queries.board(["search"])).unended == {"search": 1}
    assert await queries.counts() == {"waiting": 1, "running": 1}


async def test_a_place_stands_as_the_release_does_that_landed_there_last(
    engine: AsyncEngine,
) -> None:
    first = world.brought(world.a_release(), qa=Status.SUCCEEDED)
    second = world.brought(world.a_release(2), qa=Status.FAILED)
    await world.add(engine, first, second)
    await world.land(engine, first, "qa")
    async with engine.begin() as connection:
        await connection.execute(sa.delete(tables.landed))
    await world.land(engine, second, "qa")
    standing = (await Queries(engine).board(["checkout"])).standing
    assert set(standing) == {("checkout", "qa")}
    here = standing["checkout", "qa"]
    assert here.versions == {"api": "1.2.0"}
    assert (here.release, here.status) == ("checkout-2", "failed")


async def test_what_landed_says_which_release_brought_it_and_how_that_stands(
    engine: AsyncEngine,
) -> None:
    done = world.brought(world.a_release(), dev=Status.SUCCEEDED, qa=Status.FAILED)
    await world.add(engine, done)
    await world.land(engine, done, "qa")
    (part,) = await Queries(engine).landed(["checkout"])
    assert (part.environment, part.version, part.release, part.status) == (
        *("qa", "1.1.0", "checkout-1", "failed"),
    )
    assert part.images == (("registry.example.com/api", "1.1.0", ""),)


async def test_a_lock_whose_end_has_passed_is_none(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for environment, until in (("qa", "1 hour"), ("dev", "-1 hour")):
            moment = sa.text(f"now() + interval '{until}'")
            row = {"product": "checkout", "environment": environment, "reason": "x", "author": "a"}
            await connection.execute(sa.insert(tables.lock).values(**row, until=moment))
    assert [lock.environment for lock in await Queries(engine).locks()] == ["qa"]
