"""What the read side keeps and reads: bases, notes, findings, reports, the index of changes."""

import asyncio
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from towpath.domain.changes import Finding, Report
from towpath.domain.release import Release
from towpath.ports.archive import Change, Held, Landed, Question, Reached, Standing, Stored, Trail
from towpath.storage import claims, codec, indexed, notifications
from towpath.storage.connection import Connection, Row
from towpath.storage.database import Database

_KEPT_FOR_DAYS = 30  # notes from an origin that somebody chose

_FIRST = """
    (SELECT min(id) FROM landing WHERE product = :product AND environment = :environment
        AND release = :release)
"""
# What landed by then is passed over: the release goes there no more.
_OVERTAKEN = """
    (SELECT overtook.landing FROM release AS own
        JOIN release AS newer
            ON newer.product = own.product AND newer.line = own.line AND newer.n > own.n
        CROSS JOIN LATERAL (SELECT min(id) AS landing FROM landing
            WHERE release = newer.id AND environment = :environment) AS overtook
        WHERE own.id = :release AND own.line <> '' AND overtook.landing IS NOT NULL
        ORDER BY newer.n LIMIT 1)
"""
_SHOWN = """
    landing.id, landing.component, landing.release, landing.commit, landing.content, landing.at
"""
# For each component a look back from the newest: few rows are read, however long its history.
_BASE = sa.text(
    f"""
    WITH bound AS MATERIALIZED (SELECT coalesce({_FIRST}, {_OVERTAKEN}, 9223372036854775807)
        AS first),
    component AS (
        SELECT component FROM landed WHERE product = :product AND environment = :environment)
    SELECT {_SHOWN}, CASE WHEN landing.release = '' THEN 'found'
        WHEN release.trigger = 'rollback' THEN 'rollback' ELSE 'succeeded' END AS kind
    FROM component CROSS JOIN LATERAL (
        SELECT landing.* FROM landing LEFT JOIN release ON release.id = landing.release
        WHERE landing.product = :product AND landing.environment = :environment
          AND landing.component = component.component
          AND landing.id < (SELECT first FROM bound)
          AND (landing.release = '' OR release.trigger = 'rollback'
               OR release.environments -> :environment ->> 'status' = 'succeeded')
        ORDER BY landing.id DESC LIMIT 1
    ) AS landing LEFT JOIN release ON release.id = landing.release
    """  # noqa: S608 - constants of this module
)
_HELD = """
    SELECT DISTINCT ON (landing.component) {shown},
        CASE WHEN release = '' THEN 'found' ELSE 'landed' END AS kind
    FROM landing WHERE product = :product AND environment = :environment AND {condition}
    ORDER BY component, id DESC
"""
_BEFORE = sa.text(_HELD.format(shown=_SHOWN, condition=f"id < {_FIRST}"))
_AT = sa.text(_HELD.format(shown=_SHOWN, condition="at <= :at"))
_WITH = sa.text(_HELD.format(shown=_SHOWN, condition="release = :release"))
_NOW = sa.text(
    f"""
    SELECT {_SHOWN}, CASE WHEN landing.release = '' THEN 'found' ELSE 'landed' END AS kind
    FROM landed JOIN landing ON landing.id = landed.landing
    WHERE landed.product = :product AND landed.environment = :environment
    """  # noqa: S608 - constants of this module
)
_RELEASE = sa.text("SELECT content, state FROM release WHERE id = :release")
_STORED = sa.text(
    """
    SELECT base, configured, document, complete, now() - made_at AS age, tries, waits,
        due_at AS next_try_at, leased_until > now() AS trying
    FROM note WHERE release = :release AND environment = :environment AND origin = :origin
    """
)
# Who takes a row moves its time on, so one that is due here was woken meanwhile.
_KEEP = sa.text(
    """
    INSERT INTO note (release, environment, origin, base, configured, document, complete, tries,
        waits, made_at, due_at, leased_until)
    VALUES (:release, :environment, :origin, :base, :configured, :document, :complete, :tries,
        :waits, now(), now() + CAST(:again AS interval), '-infinity')
    ON CONFLICT (release, environment, origin) DO UPDATE SET base = excluded.base,
        configured = excluded.configured, document = excluded.document,
        complete = excluded.complete, tries = excluded.tries, waits = excluded.waits,
        made_at = excluded.made_at, leased_until = excluded.leased_until,
        due_at = CASE WHEN note.due_at <= now() THEN note.due_at ELSE excluded.due_at END
    RETURNING due_at
    """
)
_TELL = sa.text("SELECT pg_notify(:channel, :release)")
_FORGET = sa.text(
    """
    DELETE FROM note WHERE origin NOT IN ('', 'previous')
        AND made_at < now() - make_interval(days => :days)
    """
)
EXPECT = sa.text(
    """
    INSERT INTO note (release, environment, origin, due_at)
    VALUES (:release, :environment, :origin, now())
    ON CONFLICT (release, environment, origin) DO UPDATE SET due_at = now()
    """
)
_DUE = sa.text(
    """
    UPDATE note SET leased_until = now() + :lease, due_at = now() + :lease
    FROM (SELECT release, environment, origin FROM note
        WHERE due_at <= now() AND leased_until < now()
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED) AS taken
    WHERE note.release = taken.release AND note.environment = taken.environment
        AND note.origin = taken.origin
    RETURNING note.release, note.environment, note.origin
    """
)
_PUT_OFF = sa.text(
    """
    UPDATE note SET leased_until = '-infinity',
        due_at = CASE WHEN due_at <= now() THEN due_at ELSE now() + :pause END
    WHERE release = :release AND environment = :environment AND origin = :origin
    """
)
_WAKE = sa.text("UPDATE note SET due_at = now(), tries = 0 WHERE waits && CAST(:waits AS text[])")
_FINDINGS = sa.text(
    "SELECT key, value, now() - found_at AS age FROM finding"
    " WHERE kind = :kind AND key = ANY(:keys)"
)
_FOUND = sa.text(
    """
    INSERT INTO finding (kind, key, value)
    SELECT :kind, key, value
    FROM unnest(CAST(:keys AS text[]), CAST(:values AS jsonb[])) AS one (key, value)
    ORDER BY key
    ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, found_at = now()
    """
)
_CLAIM = sa.text(
    """
    INSERT INTO finding (kind, key, value) VALUES (:kind, :key, CAST(:value AS jsonb))
    ON CONFLICT (kind, key) DO NOTHING RETURNING key
    """
)
_UNCLAIM = sa.text("DELETE FROM finding WHERE kind = :kind AND key = :key")
_NEWEST_EVENT = sa.text("SELECT coalesce(max(id), 0) AS id FROM event")
_REACHED = sa.text(
    """
    SELECT event.id AS event, release.product, release.id AS release, release.n,
        event.environment, release.version, event.at
    FROM event JOIN release ON release.id = event.release
    WHERE event.id > :after AND event.kind = 'PromotionEnded'
      AND event.data ->> 'status' = 'succeeded'
    ORDER BY event.id LIMIT :limit
    """
)
_REPORTS = sa.text(
    """
    SELECT name, tag, digest, repository, revision, branch, pull_requests, issues, build_url,
        reporter, at
    FROM image_report WHERE name = ANY(:names) ORDER BY at DESC LIMIT 1000
    """
)
_REPORT = sa.text(
    """
    INSERT INTO image_report (name, tag, digest, repository, revision, branch, pull_requests,
        issues, build_url, reporter)
    VALUES (:name, :tag, :digest, :repository, :revision, :branch, CAST(:pull_requests AS jsonb),
        CAST(:issues AS jsonb), :build_url, :reporter)
    ON CONFLICT (name, tag, digest) DO UPDATE SET repository = excluded.repository,
        revision = excluded.revision, branch = excluded.branch,
        pull_requests = excluded.pull_requests, issues = excluded.issues,
        build_url = excluded.build_url, reporter = excluded.reporter, at = now()
    """
)


class PostgresArchive:
    """Implements `ports.archive.Archive`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def release(self, release: str) -> Release | None:
        """See the port."""

        async def work(connection: Connection) -> Release | None:
            row = (await connection.execute(_RELEASE, {"release": release})).one_or_none()
            return codec.load_release(row.content, row.state) if row else None

        return await self._database.run(work)

    # --- bases -------------------------------------------------------------------------------
    async def base(self, product: str, environment: str, release: str) -> Held:
        """See the port."""
        place = {"product": product, "environment": environment, "release": release}
        return await self._held(_BASE, place)

    async def before(self, product: str, environment: str, release: str) -> Held:
        """See the port."""
        place = {"product": product, "environment": environment, "release": release}
        return await self._held(_BEFORE, place)

    async def held(self, product: str, environment: str, at: datetime | None = None) -> Held:
        """See the port."""
        place: dict[str, object] = {"product": product, "environment": environment}
        return await self._held(_AT, {**place, "at": at}) if at else await self._held(_NOW, place)

    async def landed_with(self, product: str, environment: str, release: str) -> Held:
        """See the port."""
        place = {"product": product, "environment": environment, "release": release}
        return await self._held(_WITH, place)

    async def _held(self, statement: sa.TextClause, place: Mapping[str, object]) -> Held:
        async def work(connection: Connection) -> Held:
            return {
                row.component: _landed(row) for row in await connection.execute(statement, place)
            }

        return await self._database.run(work)

    # --- notes -------------------------------------------------------------------------------
    async def stored(self, question: Question) -> Stored | None:
        """See the port."""

        async def work(connection: Connection) -> Row | None:
            return (await connection.execute(_STORED, _asked(question))).one_or_none()

        row = await self._database.run(work)
        if row is None or not row.document:
            return None
        document = await asyncio.to_thread(_unpacked, row.document)
        found = dict(row._asdict())
        return Stored(question, **{**found, "document": document, "waits": tuple(row.waits)})

    async def keep(
        self, made: Stored, again_in: timedelta | None, index: Sequence[Change] = ()
    ) -> datetime | None:
        """See the port."""
        document = await asyncio.to_thread(_packed, made.document)
        kept = {
            **_asked(made.question),
            "base": made.base,
            "configured": made.configured,
            "document": document,
            "complete": made.complete,
            "tries": made.tries,
            "waits": list(made.waits),
            "again": again_in,
        }

        async def work(connection: Connection) -> datetime | None:
            indexed.write(connection, index)
            if made.question.origin not in ("", "previous"):
                connection.later(_FORGET, {"days": _KEPT_FOR_DAYS})
            due: datetime | None = (await connection.execute(_KEEP, kept)).scalar_one()
            _tell(connection, made.question)
            return due

        return await self._database.transact(work)

    async def expect(self, question: Question) -> None:
        """See the port."""
        await self._one(EXPECT, _asked(question))

    async def due(self, worker: str, limit: int, lease: timedelta) -> Sequence[Question]:
        """See the port."""

        async def work(connection: Connection) -> Sequence[Question]:
            rows = await connection.execute(_DUE, {"limit": limit, "lease": lease})
            return [Question(row.release, row.environment, row.origin) for row in rows]

        return await self._database.run(work)

    async def put_off(self, question: Question, pause: timedelta) -> None:
        """See the port."""

        async def work(connection: Connection) -> None:
            connection.later(_PUT_OFF, {**_asked(question), "pause": pause})
            _tell(connection, question)

        await self._database.transact(work)

    async def wake(self, waits: Collection[str]) -> None:
        """See the port."""
        await self._one(_WAKE, {"waits": list(waits)})

    # --- findings ----------------------------------------------------------------------------
    async def findings(self, kind: str, keys: Collection[str]) -> Mapping[str, Finding]:
        """See the port."""
        if not keys:
            return {}

        async def work(connection: Connection) -> Mapping[str, Finding]:
            rows = await connection.execute(_FINDINGS, {"kind": kind, "keys": list(keys)})
            return {row.key: Finding(row.value, row.age) for row in rows}

        return await self._database.run(work)

    async def found(self, kind: str, values: Mapping[str, Mapping[str, object]]) -> None:
        """See the port."""
        if values:
            texts = [codec.json_text(value) for value in values.values()]
            await self._one(_FOUND, {"kind": kind, "keys": list(values), "values": texts})

    async def claim(self, kind: str, key: str, value: Mapping[str, object]) -> bool:
        """See the port."""
        asked = {"kind": kind, "key": key, "value": codec.json_text(value)}

        async def work(connection: Connection) -> bool:
            return (await connection.execute(_CLAIM, asked)).one_or_none() is not None

        return await self._database.run(work)

    async def unclaim(self, kind: str, key: str) -> None:
        """See the port."""
        await self._one(_UNCLAIM, {"kind": kind, "key": key})

    async def take_duty(self, name: str, worker: str, seconds: float) -> bool:
        """See the port."""
        return await self._database.run(lambda c: claims.take_duty(c, name, worker, seconds))

    async def newest_event(self) -> int:
        """See the port."""

        async def work(connection: Connection) -> int:
            return int((await connection.execute(_NEWEST_EVENT)).scalar_one())

        return await self._database.run(work)

    async def reached(self, after: int, limit: int) -> Sequence[Reached]:
        """See the port."""

        async def work(connection: Connection) -> Sequence[Reached]:
            rows = await connection.execute(_REACHED, {"after": after, "limit": limit})
            return [Reached(**row._asdict()) for row in rows]

        return await self._database.run(work)

    async def reports(self, names: Collection[str]) -> Sequence[Report]:
        """See the port."""

        async def work(connection: Connection) -> Sequence[Report]:
            rows = await connection.execute(_REPORTS, {"names": list(names)})
            return [_report(row) for row in rows]

        return await self._database.run(work)

    async def report(self, report: Report) -> None:
        """See the port."""
        columns = {name: getattr(report, name) for name in Report.__slots__ if name != "at"}
        columns["pull_requests"] = json.dumps(list(report.pull_requests))
        columns["issues"] = json.dumps(list(report.issues))
        await self._one(_REPORT, columns)

    # --- traces ------------------------------------------------------------------------------
    async def changes(self, ref: str, kinds: Collection[str], limit: int) -> Sequence[Change]:
        """See the port."""
        return await self._database.run(lambda c: indexed.changes(c, ref, kinds, limit))

    async def standings(self, trail: Trail) -> Sequence[Standing]:
        """See the port."""
        return await self._database.run(lambda c: indexed.standings(c, trail))

    async def _one(self, statement: sa.TextClause, values: Mapping[str, object]) -> None:
        async def work(connection: Connection) -> None:
            connection.later(statement, values)

        await self._database.run(work)


def _asked(question: Question) -> dict[str, object]:
    return {
        "release": question.release,
        "environment": question.environment,
        "origin": question.origin,
    }


def _tell(connection: Connection, question: Question) -> None:
    connection.later(_TELL, {"channel": notifications.NOTES, "release": question.release})


def _packed(document: str) -> bytes:
    return zlib.compress(document.encode("utf-8", "replace"), 1)


def _unpacked(stored: bytes) -> str:
    """Versions before stored documents as they are; those begin with a brace."""
    return (stored if stored.startswith(b"{") else zlib.decompress(stored)).decode()


def _landed(row: Row) -> Landed:
    content = codec.load_content(row.content)
    return Landed(row.id, row.component, row.release, row.commit, content, row.at, row.kind)


def _report(row: Row) -> Report:
    found = dict(row._asdict())
    lists = {name: tuple(map(str, found[name])) for name in ("pull_requests", "issues")}
    return Report(**{**found, **lists, "at": row.at.isoformat()})
