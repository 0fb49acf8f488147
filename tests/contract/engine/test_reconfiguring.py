"""What waits learns at once that the configuration changed, also while no server ran."""

import asyncio
from pathlib import Path

import real_world
from real_world import ENVIRONMENTS, document
from towpath.domain.reasons import Code
from towpath.domain.release import Release

FROZEN = {"kind": "deny", "rrule": "FREQ=DAILY", "duration": "24h", "timezone": "Europe/Berlin"}


def _windows(w: real_world.World, *windows: real_world.Spec) -> None:
    known = {e: {"windows": list(windows)} if e == "prod" else {} for e in ENVIRONMENTS}
    w.write("environments.yaml", *(document("Environment", e, s) for e, s in known.items()))


def _is_held(found: Release) -> bool:
    reason = real_world.promotion(found, "prod").reason
    return reason is not None and reason.code is Code.WINDOW_CLOSED


async def test_a_window_that_is_taken_away_lets_go_whom_it_held(
    tmp_path: Path, database_url: str
) -> None:
    world = real_world.made(tmp_path)
    _windows(world, FROZEN)
    async with world.working(database_url) as w:
        first = await w.released("1.1.0")
        await w.until_so(first, _is_held)
        _windows(w)
        await w.succeeded(first)
        _windows(w, FROZEN)
        await w.until_in_force()
        second = await w.released("1.2.0")
        await w.until_so(second, _is_held)
    _windows(world)
    async with world.working(database_url) as w:
        await w.succeeded(second)


async def test_who_stops_leaves_the_looking_to_the_next_one_at_once(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        looking = asyncio.create_task(w.running.observer.run())

        async def is_taken() -> bool:
            return not await w.running.store.take_duty("observe", "worker-2", 0)

        await w.until("somebody looks", is_taken)
        looking.cancel()
        await asyncio.wait([looking])
        assert await w.running.store.take_duty("observe", "worker-2", 20)
