"""Releases on their way while everything around them is killed, paused, restarted and pushed to.

The short form runs always. The long form: `TOWPATH_CHAOS=long .venv/bin/pytest tests/chaos`.
`TOWPATH_CHAOS_SEED` repeats the random choices of a run (not its timing).
"""

import os
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import chaos_findings
from chaos_world import Plan, World, world

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


def plan() -> Plan:
    """The short form in a minute or so; the long one is as the acceptance has it."""
    seed = int(os.environ.get("TOWPATH_CHAOS_SEED") or random.randrange(1_000_000))
    if os.environ.get("TOWPATH_CHAOS") == "long":
        return Plan(seed, 30, kills=25, pauses=2, restarts=2, workers=1, patience_s=300)
    return Plan(seed, 8, kills=6, pauses=1, restarts=1, workers=1, patience_s=120)


async def test_releases_arrive_in_order_and_once_whatever_is_killed(tmp_path: Path) -> None:
    async with world(tmp_path, plan()) as w:
        began = time.monotonic()
        found: list[str] = []
        try:
            await w.suffer()
        except Exception as stuck:
            found = list(_words(stuck))
        (tmp_path / "journal.txt").write_text("\n".join(w.journal.lines), encoding="utf-8")
        if not found:
            found = await chaos_findings.violations(w)
        if found:
            pytest.fail(await chaos_findings.report(w, found), pytrace=False)
        print(await _facts(w, time.monotonic() - began))


def _words(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _words(each)
    else:
        yield f"{type(error).__name__}: {error}"


async def _facts(w: World, seconds: float) -> str:
    releases = await w.database.releases()
    ends = {each.id: each.status.value for each in releases}
    takeovers = w.measured.takeovers or [0.0]
    ours = sum("Towpath-Promotion" in s.trailers for r in w.remotes.values() for s in r.history())
    return (
        f"\nseed {w.plan.seed}: {len(releases)} releases in {seconds:.0f} s, "
        f"{list(ends.values()).count('succeeded')} succeeded; {ours} promotion commits, "
        f"{sum(len(x.pushed) for x in w.strangers)} of strangers "
        f"({sum(x.refused for x in w.strangers)} refused); kills: "
        f"{ {name: slot.killed for name, slot in w.slots.items()} }, "
        f"{w.measured.kills_in_a_look} in a look, "
        f"{w.measured.kills_in_a_push} in a push; takeovers {len(takeovers)}, "
        f"median {statistics.median(takeovers):.1f} s, longest {max(takeovers):.1f} s; "
        f"woken after takeover {w.measured.woken_with_a_look}"
    )
