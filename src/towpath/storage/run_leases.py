"""Leases on leaves that are executed: kept, and given back; and who is told of what is due.

Who keeps a lease waits for nobody who brings the run forward.
"""

from collections.abc import Collection

import sqlalchemy as sa

from towpath.ports.runs import Turn
from towpath.storage.connection import Connection

LEASE_S = 10.0
STEPS_CHANNEL = "towpath_steps"  # a leaf or a run is due
STOPS_CHANNEL = "towpath_stops"  # a leaf in execution must end
RUNS_CHANNEL = "towpath_runs"  # something is to be seen of a release's runs; the payload is its id

_RENEW = sa.text(
    """
    WITH mine AS (
        SELECT step.run, step.id FROM step
        JOIN unnest(CAST(:runs AS uuid[]), CAST(:steps AS text[]), CAST(:attempts AS int[]))
            AS held (run, id, attempt) USING (run, id, attempt)
        WHERE worker = :worker AND due_at IS NOT NULL
        FOR UPDATE OF step SKIP LOCKED
    )
    UPDATE step SET leased_until = now() + make_interval(secs => :lease)
    FROM mine WHERE step.run = mine.run AND step.id = mine.id
    RETURNING step.run, step.id, step.attempt
    """
)
_STILL_DUE = sa.text(
    """
    SELECT run, id, attempt FROM step
    JOIN unnest(CAST(:runs AS uuid[]), CAST(:steps AS text[]), CAST(:attempts AS int[]))
        AS held (run, id, attempt) USING (run, id, attempt)
    WHERE worker = :worker AND due_at IS NOT NULL AND NOT stop
    """
)
_HAND_BACK = sa.text(
    """
    UPDATE step SET leased_until = NULL
    WHERE run = :run AND id = :step AND attempt = :attempt AND worker = :worker
      AND due_at IS NOT NULL
    """
)
_TELL = sa.text("SELECT pg_notify(:channel, :payload)")


async def renew(connection: Connection, turns: Collection[Turn], worker: str) -> Collection[Turn]:
    """Keep leases. A row that is locked just now is not renewed, but may go on."""
    held = {
        "runs": [turn.run for turn in turns],
        "steps": [turn.step for turn in turns],
        "attempts": [turn.attempt for turn in turns],
        "worker": worker,
    }
    await connection.execute(_RENEW, {**held, "lease": LEASE_S})
    rows = await connection.execute(_STILL_DUE, held)
    return {Turn(row.run, row.id, row.attempt) for row in rows}


async def hand_back(connection: Connection, turn: Turn, worker: str) -> None:
    """Let a lease run out now."""
    mine = {"run": turn.run, "step": turn.step, "attempt": turn.attempt, "worker": worker}
    connection.later(_HAND_BACK, mine)
    tell(connection, STEPS_CHANNEL)


def tell(connection: Connection, channel: str, payload: str = "") -> None:
    """Tell whoever listens, with the commit."""
    connection.later(_TELL, {"channel": channel, "payload": payload})
