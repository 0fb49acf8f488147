"""The first tables."""

# ruff: noqa: E501 - the statements are as PostgreSQL was given them

from alembic import op

revision = "0001"
down_revision = None

# Frozen as it was: later changes have migrations of their own.
_TABLES = """
CREATE TABLE answer (
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    body JSONB,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_answer PRIMARY KEY (key)
);

CREATE TABLE body (
    digest TEXT NOT NULL,
    data BYTEA NOT NULL,
    CONSTRAINT pk_body PRIMARY KEY (digest)
);

CREATE TABLE configuration (
    id BOOLEAN DEFAULT true NOT NULL,
    source TEXT NOT NULL,
    revision TEXT NOT NULL,
    files BYTEA NOT NULL,
    problems JSONB NOT NULL,
    problems_revision TEXT DEFAULT '' NOT NULL,
    serial BIGINT DEFAULT '1' NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_configuration PRIMARY KEY (id),
    CONSTRAINT one_row CHECK (id)
);

CREATE TABLE duty (
    name TEXT NOT NULL,
    worker TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_duty PRIMARY KEY (name)
);

CREATE TABLE event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    kind TEXT NOT NULL,
    product TEXT DEFAULT '' NOT NULL,
    release TEXT DEFAULT '' NOT NULL,
    environment TEXT DEFAULT '' NOT NULL,
    actor TEXT DEFAULT '' NOT NULL,
    data JSONB NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (id)
);

CREATE INDEX ix_event_product ON event (product, id);

CREATE INDEX ix_event_release ON event (release, id);

CREATE TABLE head (
    repository TEXT NOT NULL,
    branch TEXT NOT NULL,
    sha TEXT NOT NULL,
    examined_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_head PRIMARY KEY (repository, branch)
);

CREATE TABLE landed (
    product TEXT NOT NULL,
    environment TEXT NOT NULL,
    component TEXT NOT NULL,
    landing BIGINT NOT NULL,
    CONSTRAINT pk_landed PRIMARY KEY (product, environment, component)
);

CREATE TABLE landing (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    product TEXT NOT NULL,
    environment TEXT NOT NULL,
    component TEXT NOT NULL,
    release TEXT DEFAULT '' NOT NULL,
    commit TEXT DEFAULT '' NOT NULL,
    version TEXT DEFAULT '' NOT NULL,
    content JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_landing PRIMARY KEY (id)
);

CREATE INDEX ix_landing_place ON landing (product, environment, id DESC);

CREATE INDEX ix_landing_release ON landing (release);

CREATE TABLE lock (
    product TEXT NOT NULL,
    environment TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    by_rollback BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_lock PRIMARY KEY (product, environment)
);

CREATE TABLE product (
    name TEXT NOT NULL,
    last_n BIGINT DEFAULT '0' NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_product PRIMARY KEY (name)
);

CREATE TABLE release (
    id TEXT NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    product TEXT NOT NULL,
    n BIGINT NOT NULL,
    name TEXT NOT NULL,
    trigger TEXT NOT NULL,
    line TEXT NOT NULL,
    flow TEXT NOT NULL,
    initiator TEXT NOT NULL,
    version TEXT NOT NULL,
    subject TEXT DEFAULT '' NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    status TEXT NOT NULL,
    ended BOOLEAN NOT NULL,
    open BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    environments JSONB NOT NULL,
    reason JSONB,
    content JSONB NOT NULL,
    state JSONB NOT NULL,
    words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace(id || ' ' || name || ' ' || subject || ' ' || initiator || ' ' || version, '[^[:alnum:]]+', ' ', 'g')) || array_to_tsvector(ARRAY['product=' || product, 'status=' || status, 'flow=' || flow, 'initiator=' || initiator] || string_to_array(translate(CAST(jsonb_path_query_array(environments, '$.keyvalue().key') || jsonb_path_query_array(environments, '$.*.mark') AS text), '[]" ', ''), ','))) STORED,
    CONSTRAINT pk_release PRIMARY KEY (id),
    CONSTRAINT uq_release_product_n UNIQUE (product, n)
);

CREATE INDEX ix_release_flow_newest ON release (flow, created_at DESC, sequence DESC);

CREATE INDEX ix_release_initiator_newest ON release (initiator, created_at DESC, sequence DESC);

CREATE INDEX ix_release_newest ON release (created_at DESC, sequence DESC);

CREATE INDEX ix_release_open ON release (product) WHERE open;

CREATE INDEX ix_release_product_newest ON release (product, created_at DESC, sequence DESC);

CREATE INDEX ix_release_product_status_newest ON release (product, status, created_at DESC, sequence DESC);

CREATE INDEX ix_release_revision ON release (revision text_pattern_ops);

CREATE INDEX ix_release_status_newest ON release (status, created_at DESC, sequence DESC);

CREATE INDEX ix_release_unended ON release (product, n) WHERE NOT ended;

CREATE INDEX ix_release_words ON release USING gin (words);

CREATE TABLE stage (
    product TEXT NOT NULL,
    environment TEXT NOT NULL,
    holder TEXT DEFAULT '' NOT NULL,
    counter BIGINT DEFAULT '0' NOT NULL,
    yields BOOLEAN DEFAULT false NOT NULL,
    begun JSONB DEFAULT '{}' NOT NULL,
    landed JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_stage PRIMARY KEY (product, environment)
);

CREATE TABLE trouble (
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason JSONB NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_trouble PRIMARY KEY (scope, subject)
);

CREATE TABLE write (
    id UUID NOT NULL,
    release TEXT NOT NULL,
    environment TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    claim BIGINT NOT NULL,
    repository TEXT NOT NULL,
    branch TEXT NOT NULL,
    base TEXT NOT NULL,
    announced_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    settled BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_write PRIMARY KEY (id)
);

CREATE INDEX ix_write_open ON write (release) WHERE NOT settled;

CREATE TABLE lease (
    release TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE DEFAULT '-infinity' NOT NULL,
    look_no BIGINT DEFAULT '0' NOT NULL,
    worker TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_lease PRIMARY KEY (release),
    CONSTRAINT fk_lease_release FOREIGN KEY(release) REFERENCES release (id) ON DELETE CASCADE
);

CREATE TABLE look (
    release TEXT NOT NULL,
    look_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_look PRIMARY KEY (release),
    CONSTRAINT fk_look_release FOREIGN KEY(release) REFERENCES release (id) ON DELETE CASCADE
);

CREATE INDEX ix_look_due ON look (look_at) WHERE look_at < 'infinity'
"""

# Whoever streams events is told by the database itself, whatever wrote them.
_TELL = """
CREATE FUNCTION tell_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('towpath_events', (SELECT max(id)::text FROM told));
    RETURN NULL;
END $$;
CREATE TRIGGER tell_events AFTER INSERT ON event REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT EXECUTE FUNCTION tell_events();
"""


def upgrade() -> None:
    """Create everything."""
    for statement in _TABLES.split(";"):
        op.execute(statement)
    op.get_bind().exec_driver_sql(_TELL)
