"""Servers and workers are killed in the middle of steps and gates.

The short form kills the server once, with everybody in the middle of theirs, and then some at
random. The long form (`TOWPATH_CHAOS=long .venv/bin/pytest tests/chaos`) ends it in other ways too,
kills more of those who execute many runs at once, and freezes some.
`TOWPATH_CHAOS_SEED` repeats the random choices of a run (not its timing).
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import chaos_cases
import chaos_held
import chaos_rush
from chaos_ground import Ground, ground
from chaos_held import End

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
LONG = os.environ.get("TOWPATH_CHAOS") == "long"
ENDS = (End.ALONE, End.WITH_ALL_IT_STARTED, End.IN_GOOD_ORDER) if LONG else (End.ALONE,)


async def test_no_success_is_lost_or_done_again_when_the_server_is_killed_in_each_step_and_gate(
    tmp_path: Path,
) -> None:
    async with ground(tmp_path, chaos_cases.cases()) as stands:
        held = chaos_held.Held(stands)
        await held.come_to_their_states()
        for how in ENDS:
            await held.end(how)
        await held.let_go()
        _nothing_of(await chaos_held.violations(held), stands)


async def test_no_success_is_lost_or_done_again_when_workers_are_killed_at_any_moment(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("TOWPATH_CHAOS_SEED") or random.randrange(1_000_000))
    products, rounds, kills, pauses = (12, 4, 6, 1) if LONG else (6, 1, 3, 0)
    async with ground(tmp_path, chaos_cases.rush(products), workers=2, steps_at_once=4) as stands:
        stands.journal.note(f"seed {seed}")
        rush = chaos_rush.Rush(stands, random.Random(seed), rounds, kills, pauses)
        await rush.go()
        _nothing_of(await chaos_rush.violations(rush), stands)


def _nothing_of(found: Sequence[str], stands: Ground) -> None:
    print("\n".join(stands.journal.lines))
    if found:
        pytest.fail("\n".join([*found, stands.report()]), pytrace=False)
