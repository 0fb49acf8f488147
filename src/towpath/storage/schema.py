"""Brings the database's schema to this version's, whoever starts first.

A session lock makes several processes that start at once take turns; who comes later finds
nothing left to do.
"""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_LOCK = 7_094_470  # any constant: whoever migrates holds it
_FOLDER = Path(__file__).parent / "migrations"


class SchemaTooNew(Exception):  # noqa: N818
    """The database was used by a newer version of Towpath."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations that are missing, each in a transaction of its own.

    Raises `SchemaTooNew` when the database has a revision that this version does not know.
    """
    await asyncio.to_thread(_upgrade, url, revision)


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
