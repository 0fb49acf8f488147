"""Traces: what a release took back is indexed too, and rollbacks are found quickly."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A column of the index of changes, and an index of releases."""
    op.execute("ALTER TABLE change ADD COLUMN gone BOOLEAN DEFAULT false NOT NULL")
    op.execute("CREATE INDEX ix_release_rollbacks ON release (product) WHERE trigger = 'rollback'")
