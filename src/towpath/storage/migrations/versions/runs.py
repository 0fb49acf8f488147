"""Runs of promotion workflows, their steps and logs."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Frozen as it was: later changes have migrations of their own.
_TABLES = """
CREATE TABLE manifest (
    digest TEXT NOT NULL,
    data JSONB NOT NULL,
    CONSTRAINT pk_manifest PRIMARY KEY (digest)
);

CREATE TABLE run (
    id UUID NOT NULL,
    release TEXT NOT NULL,
    environment TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    application TEXT NOT NULL,
    component TEXT NOT NULL,
    template TEXT NOT NULL,
    manifest TEXT NOT NULL,
    arguments JSONB NOT NULL,
    labels JSONB NOT NULL,
    status TEXT NOT NULL,
    reason JSONB,
    stopping JSONB,
    outputs JSONB DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE DEFAULT now(),
    CONSTRAINT pk_run PRIMARY KEY (id)
);

CREATE INDEX ix_run_release ON run (release);
CREATE INDEX ix_run_due ON run (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE step (
    run UUID NOT NULL,
    id TEXT NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    template TEXT NOT NULL,
    parent TEXT NOT NULL,
    status TEXT NOT NULL,
    reason JSONB,
    attempt INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    until TIMESTAMP WITH TIME ZONE,
    inputs JSONB NOT NULL,
    outputs JSONB NOT NULL,
    memo JSONB NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    leased_until TIMESTAMP WITH TIME ZONE,
    worker TEXT DEFAULT '' NOT NULL,
    stop BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_step PRIMARY KEY (run, id),
    CONSTRAINT fk_step_run FOREIGN KEY (run) REFERENCES run (id) ON DELETE CASCADE
);

CREATE INDEX ix_step_due ON step (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE interruption (
    run UUID NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_interruption PRIMARY KEY (run, step, attempt),
    CONSTRAINT fk_interruption_run FOREIGN KEY (run) REFERENCES run (id) ON DELETE CASCADE
);

CREATE TABLE log (
    run UUID NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at BIGINT NOT NULL,
    data BYTEA NOT NULL,
    CONSTRAINT pk_log PRIMARY KEY (run, step, attempt, at),
    CONSTRAINT fk_log_run FOREIGN KEY (run) REFERENCES run (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_TABLES)
