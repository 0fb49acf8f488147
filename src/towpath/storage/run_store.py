"""The runs of workflows on PostgreSQL: each method is one transaction of `runs`."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from towpath.ports.runner import Outcome
from towpath.ports.runs import Advance, Execution, Piece, Turn
from towpath.ports.store import StoreUnavailable
from towpath.storage import run_leases, runs
from towpath.storage.connection import Connection
from towpath.storage.database import Database

AGAIN_AFTER_S = 60.0


class PostgresRuns:
    """Implements `ports.runs.Runs`: each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def advance_next(self, advance: Advance) -> bool:
        """See the port. A run that cannot go on, by a defect of ours, holds no other up."""
        due: list[UUID] = []
        try:
            return await self._database.transact(
                lambda c: runs.advance_next(c, advance, due.append)
            )
        except StoreUnavailable:
            raise
        except Exception:
            if due:
                await self._database.run(lambda c: runs.put_off(c, due[-1], AGAIN_AFTER_S))
            raise

    async def take_steps(self, worker: str, limit: int) -> Sequence[Execution]:
        """See the port."""
        return await self._database.transact(lambda c: runs.take_steps(c, worker, limit))

    async def renew_steps(self, turns: Collection[Turn], worker: str) -> Collection[Turn]:
        """See the port."""
        return await self._database.transact(lambda c: run_leases.renew(c, turns, worker))

    async def hand_back(self, turn: Turn, worker: str) -> None:
        """See the port."""
        await self._database.transact(lambda c: run_leases.hand_back(c, turn, worker))

    async def finish_step(
        self, turn: Turn, worker: str, outcome: Outcome, rest: Piece, advance: Advance, room: int
    ) -> Sequence[Execution] | None:
        """See the port."""
        return await self._database.transact(
            lambda c: runs.finish_step(c, turn, worker, outcome, rest, advance, room)
        )

    async def append_log(self, turn: Turn, piece: Piece) -> None:
        """See the port."""

        async def work(connection: Connection) -> None:
            runs.append_log(connection, turn, piece)

        await self._database.run(work)

    async def resume(
        self, run: UUID, step: str, actor: str, outputs: Mapping[str, str], advance: Advance
    ) -> bool:
        """See the port."""
        return await self._database.transact(
            lambda c: runs.resume(c, run, step, actor, outputs, advance)
        )

    async def stop(self, run: UUID, actor: str, comment: str) -> bool:
        """See the port."""
        return await self._database.transact(lambda c: runs.stop_one(c, run, actor, comment))
