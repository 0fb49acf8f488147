"""Brings the database's schema to this version's, whoever starts first.

A session lock makes several processes that start at once take turns; who comes later finds
nothing left to do.
"""

import asyncio
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc

from towpath.ports.store import StoreUnavailable

_LOCK = 7_094_470  # any constant: whoever migrates holds it
_FOLDER = Path(__file__).parent / "migrations"


class SchemaTooNew(Exception):  # noqa: N818
    """The database was used by a newer version of Towpath."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations that are missing, each in a transaction of its own.

    Raises `SchemaTooNew` when the database has a revision that this version does not know, and
    `StoreUnavailable` when the database goes away or does not let us make tables.
    """
    try:
        await asyncio.to_thread(_upgrade, url, revision)
    except exc.DBAPIError as error:
        forbidden = isinstance(error.orig, psycopg.errors.InsufficientPrivilege)
        if not forbidden and not isinstance(error, exc.OperationalError):
            raise
        said = str(error.orig).strip().partition("\n")[0]
        raise StoreUnavailable(f"the database's tables cannot be made: {said}") from error


def _upgrade(url: str, revision: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            config = configuration()
            _refuse_newer(connection, config)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()


def configuration() -> Config:
    """Alembic's configuration for our migrations."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _refuse_newer(connection: sa.Connection, config: Config) -> None:
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    connection.commit()
    if present is not None and present not in known:
        raise SchemaTooNew(
            f"the database has schema {present}, which this version does not know: it was used "
            "by a newer version of Towpath; start that one, or restore a backup from before"
        )
