"""The engine's memory on PostgreSQL: each method is one transaction of the modules beside it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from towpath.domain import actions, content, events, facts, reasons, workflow
from towpath.domain.release import Release
from towpath.domain.rules import Rules
from towpath.domain.subjects import Scope
from towpath.ports.store import Announcement, LandedPart, StoredConfiguration, Ticket, View
from towpath.storage import claims, creation, landings, looks, records, standing, told, watched
from towpath.storage import runs as workflow_runs
from towpath.storage.connection import Connection
from towpath.storage.database import Database

_UNLOCK = sa.text(
    "DELETE FROM lock WHERE product = :product AND environment = :environment RETURNING product"
)
_NOW = sa.text("SELECT now()")
_OPEN_IN = sa.text("SELECT id FROM release WHERE open AND (product = :product OR :product = '')")


class PostgresStore:
    """Implements `ports.store.Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._troubles = told.Troubles()

    async def take_looks(self, worker: str, limit: int) -> Sequence[Ticket]:
        """See the port."""
        return await self._database.run(lambda c: looks.take(c, worker, limit))

    async def renew_leases(self, tickets: Collection[Ticket]) -> None:
        """See the port."""
        await self._database.run(lambda c: looks.renew(c, tickets))

    async def end_look(self, ticket: Ticket, again_at: datetime | None) -> None:
        """See the port."""
        await self._database.transact(lambda c: looks.end(c, ticket, again_at))

    async def view(self, ticket: Ticket) -> View:
        """See the port."""
        return await self._database.run(lambda c: records.view(c, ticket))

    async def view_of(self, release: str) -> View | None:
        """See the port."""
        return await self._database.run(lambda c: records.view_of(c, release))

    async def record(
        self,
        ticket: Ticket,
        happened: Sequence[events.Event],
        to_claim: Sequence[actions.Claim] = (),
    ) -> Release:
        """See the port."""
        return await self._database.transact(lambda c: claims.record(c, ticket, happened, to_claim))

    async def start_course(self, ticket: Ticket) -> bool:
        """See the port."""
        return await self._database.transact(lambda c: claims.start_course(c, ticket))

    async def announce(self, writes: Sequence[Announcement], base: str) -> Collection[UUID]:
        """See the port."""
        return await self._database.run(lambda c: claims.announce(c, writes, base))

    async def settle(self, writes: Collection[UUID]) -> None:
        """See the port."""
        await self._database.run(lambda c: landings.settle(c, writes))

    async def start_runs(
        self,
        ticket: Ticket,
        environment: str,
        claim: int,
        runs: Mapping[workflow.Place, workflow.Run],
    ) -> bool:
        """See the port."""
        return await self._database.transact(
            lambda c: workflow_runs.start(c, ticket, environment, claim, runs)
        )

    async def stop_runs(
        self, ticket: Ticket, ids: Collection[UUID], reason: reasons.Reason
    ) -> None:
        """See the port."""
        await self._database.transact(lambda c: workflow_runs.stop(c, ticket, ids, reason))

    async def command(
        self, release: str, actor: str, decide: Callable[[View], Sequence[events.Event]]
    ) -> Release:
        """See the port."""

        async def work(connection: Connection) -> Release:
            before = await records.locked_for_command(connection, release)
            around = await records.view_of(connection, release)
            if before is None or around is None:
                raise KeyError(release)
            happened = decide(around)
            if not happened:
                return before.release
            looks.ensure(connection, release)
            return records.change(connection, before, happened, actor, commanded=True)

        return await self._database.transact(work)

    async def create(
        self,
        product: str,
        build: creation.Build,
        expected: Mapping[str, str],
        trigger_environment: str,
        actor: str,
        bodies: Mapping[str, bytes],
    ) -> Release | None:
        """See the port."""

        async def work(connection: Connection) -> Release | None:
            creation.keep(connection, bodies)
            return await creation.create(
                connection, product, build, expected, trigger_environment, actor
            )

        return await self._database.transact(work)

    async def bodies(self, digests: Collection[str]) -> Mapping[str, bytes]:
        """See the port."""
        if not digests:
            return {}
        return await self._database.run(lambda c: creation.bodies(c, digests))

    async def landed_in(self, product: str, environment: str) -> Mapping[str, LandedPart]:
        """See the port."""
        return await self._database.run(lambda c: landings.present(c, product, environment))

    async def landed_with(self, product: str, environment: str, release: str) -> content.Content:
        """See the port."""
        return await self._database.run(
            lambda c: landings.with_release(c, product, environment, release)
        )

    async def landed_before(self, product: str, environment: str, release: str) -> content.Content:
        """See the port."""
        return await self._database.run(
            lambda c: landings.before_release(c, product, environment, release)
        )

    async def landings(self, product: str, environment: str, limit: int) -> Sequence[str]:
        """See the port."""
        return await self._database.run(lambda c: landings.history(c, product, environment, limit))

    async def found(
        self,
        product: str,
        first_n: int,
        parts: Mapping[str, Mapping[str, LandedPart]],
        bodies: Mapping[str, bytes],
        *,
        again: bool = False,
    ) -> None:
        """See the port."""

        async def work(connection: Connection) -> None:
            creation.keep(connection, bodies)
            creation.ensure_product(connection, product, first_n)
            landings.found(connection, product, parts, again=again)

        await self._database.transact(work)

    async def found_by(self) -> Mapping[str, Mapping[tuple[str, str], Rules | None]]:
        """See the port."""
        return await self._database.run(landings.found_by)

    async def standings(
        self, release: Release, environments: Collection[str]
    ) -> Mapping[str, facts.Standing]:
        """See the port."""
        return await self._database.run(lambda c: standing.of(c, release, environments))

    async def health(self, product: str, environment: str, sick: reasons.Reason | None) -> None:
        """See the port."""
        await self._database.transact(lambda c: standing.report(c, product, environment, sick))

    async def authors(self, of: Release, environment: str) -> frozenset[str]:
        """See the port."""
        return await self._database.run(lambda c: standing.authors(c, of, environment))

    async def places(self) -> Mapping[str, Collection[tuple[str, str]]]:
        """See the port."""
        return await self._database.run(landings.places)

    async def holder(self, product: str, environment: str) -> Release | None:
        """See the port."""
        return await self._database.run(lambda c: claims.holder(c, product, environment))

    async def take_duty(self, name: str, worker: str, seconds: float) -> bool:
        """See the port."""
        return await self._database.run(lambda c: claims.take_duty(c, name, worker, seconds))

    async def heads(self) -> Mapping[tuple[str, str], str]:
        """See the port."""
        return await self._database.run(watched.heads)

    async def examined(self, repository: str, branch: str, head: str) -> None:
        """See the port."""
        await self._database.run(lambda c: watched.examined(c, repository, branch, head))

    async def trouble(self, scope: Scope, subject: str, reason: reasons.Reason | None) -> None:
        """See the port."""
        if await self._database.run(lambda c: watched.trouble(c, scope, subject, reason)):
            self._troubles.tell(scope, subject, reason)

    async def forget_trouble(self, scope: Scope, named: Collection[str]) -> None:
        """See the port."""
        for subject in await self._database.run(lambda c: watched.forget_trouble(c, scope, named)):
            self._troubles.tell(scope, subject, None)

    async def troubled(self, scope: Scope) -> Collection[str]:
        """See the port."""
        return await self._database.run(lambda c: watched.troubled(c, scope))

    async def lock(self, lock: facts.Lock) -> None:
        """See the port."""

        async def work(connection: Connection) -> None:
            landings.put_lock(connection, **landings.as_columns(lock))
            event = events.EnvironmentLocked(
                lock.product, lock.reason, lock.until, environment=lock.environment
            )
            await self._changed_lock(connection, lock.product, event, lock.author)

        await self._database.transact(work)

    async def unlock(self, product: str, environment: str, actor: str) -> bool:
        """See the port."""

        async def work(connection: Connection) -> bool:
            place = {"product": product, "environment": environment}
            gone = (await connection.execute(_UNLOCK, place)).one_or_none()
            if gone is not None:
                event = events.EnvironmentUnlocked(product, environment=environment)
                await self._changed_lock(connection, product, event, actor)
            return gone is not None

        return await self._database.transact(work)

    async def _changed_lock(
        self, connection: Connection, product: str, event: events.Event, actor: str
    ) -> None:
        rows = await connection.execute(_OPEN_IN, {"product": product})
        looks.wake(connection, [row.id for row in rows])
        records.tell(connection, product, "", [event], actor)

    async def configuration(self) -> StoredConfiguration | None:
        """See the port."""
        return await self._database.run(watched.configuration)

    async def save_configuration(self, configuration: StoredConfiguration) -> None:
        """See the port."""
        await self._database.transact(lambda c: watched.configure(c, configuration))

    async def wake(self, products: Collection[str]) -> None:
        """See the port."""

        async def work(connection: Connection) -> None:
            looks.wake_those_under_way(connection, products)

        await self._database.transact(work)

    async def now(self) -> datetime:
        """See the port."""

        async def work(connection: Connection) -> datetime:
            found: datetime = (await connection.execute(_NOW)).scalar_one()
            return found

        return await self._database.transact(work)
