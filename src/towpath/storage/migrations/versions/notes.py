"""Notes, what was found out for them, what CIs report, and the index of changes."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
CREATE TABLE change (
    ref TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    product TEXT NOT NULL,
    component TEXT NOT NULL,
    release TEXT NOT NULL,
    n BIGINT NOT NULL,
    line TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_change PRIMARY KEY (ref, kind, scope, product, component, release)
);

CREATE TABLE finding (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value JSONB NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_finding PRIMARY KEY (kind, key)
);

CREATE TABLE image_report (
    name TEXT NOT NULL,
    tag TEXT DEFAULT '' NOT NULL,
    digest TEXT DEFAULT '' NOT NULL,
    repository TEXT DEFAULT '' NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    branch TEXT DEFAULT '' NOT NULL,
    pull_requests JSONB DEFAULT '[]' NOT NULL,
    issues JSONB DEFAULT '[]' NOT NULL,
    build_url TEXT DEFAULT '' NOT NULL,
    reporter TEXT DEFAULT '' NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_image_report PRIMARY KEY (name, tag, digest)
);

CREATE TABLE note (
    release TEXT NOT NULL,
    environment TEXT NOT NULL,
    origin TEXT DEFAULT '' NOT NULL,
    base TEXT DEFAULT '' NOT NULL,
    configured TEXT DEFAULT '' NOT NULL,
    document TEXT DEFAULT '' NOT NULL,
    complete BOOLEAN DEFAULT false NOT NULL,
    tries INTEGER DEFAULT '0' NOT NULL,
    waits TEXT[] DEFAULT '{}' NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    leased_until TIMESTAMP WITH TIME ZONE DEFAULT '-infinity' NOT NULL,
    CONSTRAINT pk_note PRIMARY KEY (release, environment, origin)
);

CREATE INDEX ix_note_due ON note (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX ix_note_waits ON note USING gin (waits)
"""


def upgrade() -> None:
    """Create them; releases that are unended get notes, as new ones do from now on."""
    for statement in _TABLES.split(";"):
        op.execute(statement)
    op.execute(
        """
        INSERT INTO note (release, environment, origin, due_at)
        SELECT release.id, first.environment, 'previous', now()
        FROM release CROSS JOIN LATERAL (
            SELECT key AS environment FROM jsonb_each(release.environments)
            ORDER BY value ->> 'role' = 'trigger' DESC, (value ->> 'position')::int LIMIT 1
        ) AS first
        WHERE NOT release.ended
        """
    )
