"""Notes are packed before they are sent: PostgreSQL packs megabytes of text slowly."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Documents that are there stay as they are: they are told apart by how they begin."""
    op.execute("ALTER TABLE note ALTER COLUMN document DROP DEFAULT")
    op.execute(
        "ALTER TABLE note ALTER COLUMN document TYPE bytea USING convert_to(document, 'UTF8')"
    )
    op.execute("ALTER TABLE note ALTER COLUMN document SET DEFAULT ''::bytea")
