"""What deployers say of environments, for the time that a release soaks there."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A table for it."""
    op.execute(
        """
        CREATE TABLE health (
            product TEXT NOT NULL,
            environment TEXT NOT NULL,
            since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            reason JSONB,
            CONSTRAINT pk_health PRIMARY KEY (product, environment)
        )
        """
    )
