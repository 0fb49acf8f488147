"""Migrations: from empty and from every revision to the tables of this version, by whoever starts.

A revision is never changed once a version with it was released. Each has rows of every table here
as that version wrote them, and they are read back through this version's code.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from towpath.domain.status import Status
from towpath.ports.archive import Question
from towpath.storage import database, schema, tables
from towpath.storage.archive import PostgresArchive
from towpath.storage.database import Database
from towpath.storage.queries import Queries
from towpath.storage.schema import SchemaTooNew
from towpath.storage.store import PostgresStore

PROCESSES = 4
WRITE = UUID("01890000-0000-7000-8000-000000000001")
DATA = Path(__file__).parents[2] / "data" / "stored"

# The rows that a database of a revision may hold: every table, every column.
Rows = Mapping[str, Mapping[str, object]]


def _rows(revision: str) -> Rows:
    rows: Rows = json.loads((DATA / f"{revision}.json").read_text())
    return rows


def _revisions() -> Sequence[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(schema.configuration())
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def _insert(url: str, rows: Rows) -> None:
    engine = database.connect(url)
    async with engine.begin() as connection:
        for table, row in rows.items():
            columns = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            statement = f'INSERT INTO "{table}" ({columns}) VALUES ({values})'
            await connection.execute(
                sa.text(statement), {name: _as_sent(value) for name, value in row.items()}
            )
    await engine.dispose()


def _as_sent(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def test_every_revision_has_rows_of_its_own() -> None:
    assert sorted(path.stem for path in DATA.glob("*.json")) == sorted(_revisions())


def test_the_newest_rows_fill_every_table_and_column() -> None:
    newest = _rows(_revisions()[-1])
    missing = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if not (column.computed or column.identity)
        and column.name not in newest.get(table.name, {})
    }
    assert missing <= {"configuration.id"}


async def test_from_empty_to_head_makes_the_tables_that_the_code_names(database_url: str) -> None:
    await schema.upgrade(database_url)
    assert await asyncio.to_thread(_differences, database_url) == []


def _differences(url: str) -> Sequence[object]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": _can_be_compared,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        found: Sequence[object] = compare_metadata(context, tables.metadata)
    return found


def _can_be_compared(item: object, *_: object) -> bool:
    """Computed columns cannot: PostgreSQL gives their expression back in other words."""
    return not isinstance(item, sa.Column) or item.computed is None


async def test_from_empty_to_head_makes_what_the_metadata_would_make(database_url: str) -> None:
    """Partial indexes, operator classes and computed columns, which the comparison overlooks."""
    await schema.upgrade(database_url)
    migrated = await _catalog(database_url)
    engine = database.connect(database_url)
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE SCHEMA twin"))
        await connection.execute(sa.text("SET search_path TO twin"))
        await connection.run_sync(lambda c: tables.metadata.create_all(c, checkfirst=False))
    await engine.dispose()
    assert await _catalog(database_url, "twin") == migrated


async def _catalog(url: str, of: str = "public") -> set[tuple[str, str]]:
    """Each index, constraint and column of a schema, in PostgreSQL's own words."""
    statement = """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE schemaname = :schema AND tablename <> 'alembic_version'
        UNION ALL
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = CAST(:schema AS regnamespace)
          AND conrelid <> coalesce(to_regclass('public.alembic_version'), 0)
        UNION ALL
        SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable,
            column_default, is_identity, identity_generation, generation_expression)
        FROM information_schema.columns
        WHERE table_schema = :schema AND table_name <> 'alembic_version'
    """
    engine = database.connect(url)
    async with engine.connect() as connection:
        rows = await connection.execute(sa.text(statement), {"schema": of})
        found = {(row[0], row[1].replace(f"{of}.", "")) for row in rows}
    await engine.dispose()
    return found


@pytest.mark.parametrize("revision", _revisions())
async def test_what_a_version_stored_is_read_by_this_one(database_url: str, revision: str) -> None:
    await schema.upgrade(database_url, revision)
    await _insert(database_url, _rows(revision))
    await schema.upgrade(database_url)
    engine = database.connect(database_url)
    await _all_is_read(PostgresStore(Database(engine)), Queries(engine))
    await _notes_are_read(PostgresArchive(Database(engine)), revision)
    await engine.dispose()


async def _all_is_read(store: PostgresStore, queries: Queries) -> None:
    view = await store.view_of("checkout-1")
    assert view is not None
    assert view.release.status is Status.RUNNING
    assert view.release.content["api"].version == "1.0.0"
    assert view.release.created_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert (view.stages["qa"].holder, view.stages["qa"].landed) == ("checkout-1", {"main/dev": 1})
    assert [lock.reason for lock in view.stages["qa"].locks] == ["frozen"]
    assert [write.id for write in view.open_writes["qa"]] == [WRITE]
    (ticket,) = await store.take_looks("worker-2", 8)
    assert ticket.look_no == 8
    assert (await store.view(ticket)).release == view.release
    assert (await store.landed_in("checkout", "qa"))["api"].release == "checkout-1"
    assert await store.landed_with("checkout", "qa", "checkout-1") == view.release.content
    assert await store.bodies(["digest"]) == {"digest": b"body"}
    assert await store.heads() == {("https://git.example.com/gitops", "main"): "c0ffee"}
    assert await store.places() == {"checkout": {("qa", "api")}}
    assert await store.take_duty("observe", "worker-2", 30)
    stored = await store.configuration()
    assert stored is not None
    assert (stored.files, stored.serial) == ({"a.yaml": b"a: 1"}, 4)
    shown = await queries.release("checkout-1")
    assert shown is not None


async def _notes_are_read(archive: PostgresArchive, revision: str) -> None:
    stored = await archive.stored(Question("checkout-1", "dev", "previous"))
    if "note" in _rows(revision):
        assert stored is not None
        assert stored.document == '{"release":"checkout-1"}'


async def test_upgrading_what_is_up_to_date_changes_nothing(database_url: str) -> None:
    await schema.upgrade(database_url)
    await _insert(database_url, _rows(_revisions()[-1]))
    before = await _catalog(database_url)
    await schema.upgrade(database_url)
    assert await _catalog(database_url) == before


async def test_processes_that_upgrade_at_once_all_find_the_tables(database_url: str) -> None:
    program = (
        "import asyncio, sys; from towpath.storage import schema;"
        " asyncio.run(schema.upgrade(sys.argv[1]))"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, database_url), stderr=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    said = await asyncio.gather(*(process.communicate() for process in processes))
    assert [errors for _, errors in said] == [b""] * PROCESSES
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert await asyncio.to_thread(_differences, database_url) == []


async def test_a_migration_that_fails_leaves_nothing_of_itself(database_url: str) -> None:
    engine = database.connect(database_url)
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE trouble (in_the_way int)"))
    with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
        await schema.upgrade(database_url)
    async with engine.begin() as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
        assert set(names) <= {"trouble", "alembic_version"}
        await connection.execute(sa.text("DROP TABLE trouble"))
    await engine.dispose()
    await schema.upgrade(database_url)
    assert await asyncio.to_thread(_differences, database_url) == []


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    await schema.upgrade(database_url)
    engine = database.connect(database_url)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = await _catalog(database_url)
    with pytest.raises(SchemaTooNew, match="9999"):
        await schema.upgrade(database_url)
    assert await _catalog(database_url) == before
    async with engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :head"), {"head": _revisions()[-1]}
        )
    await engine.dispose()
    await schema.upgrade(database_url)
