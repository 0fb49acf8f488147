"""Servers and workers are killed in the middle of steps and gates.

The short form kills the server once, with everybody in the middle of theirs, and then some at
random. The long form (`TOWPATH_CHAOS=long .venv/bin/pytest tests/chaos`) does more of both.
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

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]
LONG = os.environ.get("TOWPATH_CHAOS") == "long"
TREES = (False, True, False) if LONG else (False,)
"""Of each kill, whether what the server had started is killed with it, or is left to its keeper."""


async def test_no_success_is_lost_or_done_again_when_the_server_is_killed_in_each_step_and_gate(
    tmp_path: Path,
) -> None:
    async with ground(tmp_path, chaos_cases.cases()) as stands:
        held = chaos_held.Held(stands)
        await held.come_to_their_states()
        for whole_tree in TREES:
            await held.kill(whole_tree=whole_tree)
        await held.let_go()
        _nothing_of(await chaos_held.violations(held), stands)


async def test_no_success_is_lost_or_done_again_when_workers_are_killed_at_any_moment(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("TOWPATH_CHAOS_SEED") or random.randrange(1_000_000))
    products, rounds, kills = (12, 4, 24) if LONG else (6, 1, 3)
    async with ground(tmp_path, chaos_cases.rush(products), workers=2, steps_at_once=4) as stands:
        stands.journal.note(f"seed {seed}")
        rush = chaos_rush.Rush(stands, random.Random(seed), rounds, kills)
        await rush.go()
        _nothing_of(await chaos_rush.violations(rush), stands)


def _nothing_of(found: Sequence[str], stands: Ground) -> None:
    print("\n".join(stands.journal.lines))
    if found:
        pytest.fail("\n".join([*found, stands.report()]), pytrace=False)
