"""The tables. What a column means is said here; how it came to be is in `migrations/`."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_moment = sa.DateTime(timezone=True)
_now = sa.text("now()")

# A product that has had its first look. `last_n` only grows: n is never used twice.
product = sa.Table(
    "product",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("last_n", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seen_at", _moment, nullable=False, server_default=_now),
)

# `content` and `state` are the release itself; the columns beside them are read from it for lists.
# `sequence` breaks ties of `created_at`. `environments` maps each environment to its status,
# version and times. `open`: something can still change without a new command or by one.
release = sa.Table(
    "release",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("flow", sa.Text, nullable=False),
    sa.Column("initiator", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("revision", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("created_at", _moment, nullable=False),
    sa.Column("ended_at", _moment),
    sa.Column("environments", pg.JSONB, nullable=False),
    sa.Column("reason", pg.JSONB),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("state", pg.JSONB, nullable=False),
    # What lists are searched for, as one set of words: those people read, `product=checkout` and
    # the like, the environments and the status in each (`qa`, `qa=failed`). In one index they are
    # intersected before a row is read.
    sa.Column(
        "words",
        pg.TSVECTOR,
        sa.Computed(
            "to_tsvector('simple', regexp_replace(id || ' ' || name || ' ' || subject || ' '"
            " || initiator || ' ' || version, '[^[:alnum:]]+', ' ', 'g'))"
            " || array_to_tsvector(ARRAY['product=' || product, 'status=' || status,"
            " 'flow=' || flow, 'initiator=' || initiator]"
            " || string_to_array(translate(CAST("
            "jsonb_path_query_array(environments, '$.keyvalue().key')"
            " || jsonb_path_query_array(environments, '$.*.mark') AS text), '[]\" ', ''), ','))",
            persisted=True,
        ),
    ),
    sa.UniqueConstraint("product", "n"),
)
_newest = (release.c.created_at.desc(), release.c.sequence.desc())
sa.Index("ix_release_newest", *_newest)
sa.Index("ix_release_product_newest", release.c.product, *_newest)
sa.Index("ix_release_product_status_newest", release.c.product, release.c.status, *_newest)
sa.Index("ix_release_status_newest", release.c.status, *_newest)
sa.Index("ix_release_flow_newest", release.c.flow, *_newest)
sa.Index("ix_release_initiator_newest", release.c.initiator, *_newest)
sa.Index("ix_release_words", release.c.words, postgresql_using="gin")
sa.Index("ix_release_revision", release.c.revision, postgresql_ops={"revision": "text_pattern_ops"})
sa.Index(
    "ix_release_unended", release.c.product, release.c.n, postgresql_where=sa.text("NOT ended")
)
sa.Index("ix_release_open", release.c.product, postgresql_where=sa.text("open"))
sa.Index(
    "ix_release_rollbacks", release.c.product, postgresql_where=sa.text("trigger = 'rollback'")
)

# When an open release is to be looked at, and who looks at it now. Two tables, because a look that
# records a fact wakes other releases while it holds its own lease: locks are then taken in one
# order only. `look_no` fences every write of a look: it grows when a lease is taken.
look = sa.Table(
    "look",
    metadata,
    sa.Column(
        "release", sa.Text, sa.ForeignKey("release.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("look_at", _moment, nullable=False, server_default=_now),
)
sa.Index("ix_look_due", look.c.look_at, postgresql_where=sa.text("look_at < 'infinity'"))
lease = sa.Table(
    "lease",
    metadata,
    sa.Column(
        "release", sa.Text, sa.ForeignKey("release.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("until", _moment, nullable=False, server_default=sa.text("'-infinity'")),
    sa.Column("look_no", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("worker", sa.Text, nullable=False, server_default=""),
)

# A product's environment as releases meet there: the claim, and per line the highest n that began
# and that landed. `yields`: the holder is suspended.
stage = sa.Table(
    "stage",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False, server_default=""),
    sa.Column("counter", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("yields", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("begun", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("landed", pg.JSONB, nullable=False, server_default="{}"),
)

# A lock on a product in an environment; product '' is the whole environment.
lock = sa.Table(
    "lock",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("since", _moment, nullable=False, server_default=_now),
    sa.Column("until", _moment),
    sa.Column("by_rollback", sa.Boolean, nullable=False, server_default=sa.false()),
)

# An attempt to write, stored before its push with the head it was built on.
write = sa.Table(
    "write",
    metadata,
    sa.Column("id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("claim", sa.BigInteger, nullable=False),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("base", sa.Text, nullable=False),
    sa.Column("announced_at", _moment, nullable=False, server_default=_now),
    sa.Column("settled", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_write_open", write.c.release, postgresql_where=sa.text("NOT settled"))

# What last came to an environment, and every landing there was.
landed = sa.Table(
    "landed",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("component", sa.Text, primary_key=True),
    sa.Column("landing", sa.BigInteger, nullable=False),
)
landing = sa.Table(
    "landing",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False, server_default=""),
    sa.Column("commit", sa.Text, nullable=False, server_default=""),
    sa.Column("version", sa.Text, nullable=False, server_default=""),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("at", _moment, nullable=False, server_default=_now),
)
sa.Index("ix_landing_place", landing.c.product, landing.c.environment, landing.c.id.desc())
sa.Index("ix_landing_release", landing.c.release)

# Manifests of workflows as runs were started with them, by SHA-256 of their JSON.
manifest = sa.Table(
    "manifest",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("data", pg.JSONB, nullable=False),
)

# Runs of promotion workflows. `due_at`: when time, a start or a stop asks for the run to go on.
run = sa.Table(
    "run",
    metadata,
    sa.Column("id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("manifest", sa.Text, nullable=False),
    sa.Column("arguments", pg.JSONB, nullable=False),
    sa.Column("labels", pg.JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", pg.JSONB),
    sa.Column("stopping", pg.JSONB),
    sa.Column("outputs", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("created_at", _moment, nullable=False, server_default=_now),
    sa.Column("started_at", _moment),
    sa.Column("ended_at", _moment),
    sa.Column("due_at", _moment, server_default=_now),
)
sa.Index("ix_run_release", run.c.release)
sa.Index("ix_run_due", run.c.due_at, postgresql_where=sa.text("due_at IS NOT NULL"))

# The steps of runs, in the order in which they came. A leaf with `due_at` is to be executed: it is
# leased by whoever does, and taken over when the lease runs out. `stop`: it must end.
step = sa.Table(
    "step",
    metadata,
    sa.Column(
        "run",
        pg.UUID(as_uuid=True),
        sa.ForeignKey("run.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", pg.JSONB),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", _moment),
    sa.Column("ended_at", _moment),
    sa.Column("until", _moment),
    sa.Column("inputs", pg.JSONB, nullable=False),
    sa.Column("outputs", pg.JSONB, nullable=False),
    sa.Column("memo", pg.JSONB, nullable=False),
    sa.Column("due_at", _moment),
    sa.Column("leased_until", _moment),
    sa.Column("worker", sa.Text, nullable=False, server_default=""),
    sa.Column("stop", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_step_due", step.c.due_at, postgresql_where=sa.text("due_at IS NOT NULL"))

# Executions that were cut short, because who did them was gone; the step was executed again.
# `handed_back`: its worker ended in good order, and the step had no part in it.
interruption = sa.Table(
    "interruption",
    metadata,
    sa.Column(
        "run",
        pg.UUID(as_uuid=True),
        sa.ForeignKey("run.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("started_at", _moment),
    sa.Column("at", _moment, nullable=False, server_default=_now),
    sa.Column("handed_back", sa.Boolean, nullable=False, server_default=sa.false()),
)

# What steps wrote, in pieces: `at` is a piece's place in the whole, in bytes.
log = sa.Table(
    "log",
    metadata,
    sa.Column(
        "run",
        pg.UUID(as_uuid=True),
        sa.ForeignKey("run.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

# What a deployer said last of a product in an environment; no row: nobody has said anything.
# `reason` is null while it is healthy.
health = sa.Table(
    "health",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("since", _moment, nullable=False, server_default=_now),
    sa.Column("reason", pg.JSONB),
)

# Bodies of files promoted whole, by SHA-256.
body = sa.Table(
    "body",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

# Everything that happened. Ids are in the order of commits, so that a reader of `id > last`
# misses nothing: writers take one lock before they insert.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _moment, nullable=False, server_default=_now),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False, server_default=""),
    sa.Column("release", sa.Text, nullable=False, server_default=""),
    sa.Column("environment", sa.Text, nullable=False, server_default=""),
    sa.Column("actor", sa.Text, nullable=False, server_default=""),
    sa.Column("data", pg.JSONB, nullable=False),
)
sa.Index("ix_event_release", event.c.release, event.c.id)
sa.Index("ix_event_product", event.c.product, event.c.id)

# For each repository and branch, the head up to which everything was examined.
head = sa.Table(
    "head",
    metadata,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("branch", sa.Text, primary_key=True),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("examined_at", _moment, nullable=False, server_default=_now),
)

# What is wrong with a repository or product, until it is mended.
trouble = sa.Table(
    "trouble",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("reason", pg.JSONB, nullable=False),
    sa.Column("since", _moment, nullable=False, server_default=_now),
)

# The last good configuration, for every worker; one row.
configuration = sa.Table(
    "configuration",
    metadata,
    sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("files", sa.LargeBinary, nullable=False),
    sa.Column("problems", pg.JSONB, nullable=False),
    sa.Column("problems_revision", sa.Text, nullable=False, server_default=""),
    sa.Column("serial", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("loaded_at", _moment, nullable=False, server_default=_now),
    sa.CheckConstraint("id", name="one_row"),
)

# Work that one process does for all: who does it now, and until when.
duty = sa.Table(
    "duty",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("until", _moment, nullable=False),
)

# Answers to writes that carried an Idempotency-Key.
answer = sa.Table(
    "answer",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("body", pg.JSONB),
    sa.Column("at", _moment, nullable=False, server_default=_now),
)

# Notes as they were made last, one row for each question; `document` is empty while nobody has
# made them. `due_at`: when the background looks at them again (NULL: never by itself).
note = sa.Table(
    "note",
    metadata,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("origin", sa.Text, primary_key=True, server_default=""),
    sa.Column("base", sa.Text, nullable=False, server_default=""),
    sa.Column("configured", sa.Text, nullable=False, server_default=""),
    sa.Column("document", sa.LargeBinary, nullable=False, server_default=""),  # packed
    sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("waits", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("made_at", _moment, nullable=False, server_default=_now),
    sa.Column("due_at", _moment),
    sa.Column("leased_until", _moment, nullable=False, server_default=sa.text("'-infinity'")),
)
sa.Index("ix_note_due", note.c.due_at, postgresql_where=sa.text("due_at IS NOT NULL"))
sa.Index("ix_note_waits", note.c.waits, postgresql_using="gin")

# What was found out outside, and is kept when the outside is gone.
finding = sa.Table(
    "finding",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", pg.JSONB, nullable=False),
    sa.Column("found_at", _moment, nullable=False, server_default=_now),
)

# What a CI said is in an image. Tag or digest may be empty, never both.
image_report = sa.Table(
    "image_report",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True, server_default=""),
    sa.Column("digest", sa.Text, primary_key=True, server_default=""),
    sa.Column("repository", sa.Text, nullable=False, server_default=""),
    sa.Column("revision", sa.Text, nullable=False, server_default=""),
    sa.Column("branch", sa.Text, nullable=False, server_default=""),
    sa.Column("pull_requests", pg.JSONB, nullable=False, server_default="[]"),
    sa.Column("issues", pg.JSONB, nullable=False, server_default="[]"),
    sa.Column("build_url", sa.Text, nullable=False, server_default=""),
    sa.Column("reporter", sa.Text, nullable=False, server_default=""),
    sa.Column("at", _moment, nullable=False, server_default=_now),
)

# By what a change is found again: the release that brought it to its product. Refs compare byte by
# byte, so that the primary key also finds the beginning of a sha.
change = sa.Table(
    "change",
    metadata,
    sa.Column("ref", sa.Text(collation="C"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("component", sa.Text, primary_key=True),
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("line", sa.Text, nullable=False, server_default=""),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
)
