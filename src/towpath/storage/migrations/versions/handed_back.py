"""Executions cut short by a worker that ended in good order, told from those whose worker died."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A column."""
    op.execute("ALTER TABLE interruption ADD COLUMN handed_back BOOLEAN DEFAULT false NOT NULL")
