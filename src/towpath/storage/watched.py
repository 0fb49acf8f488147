"""What is watched from outside: heads of branches, trouble with them, the configuration."""

import gzip
import json
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from towpath.domain import catalog, reasons
from towpath.ports.store import StoredConfiguration
from towpath.storage import codec
from towpath.storage.connection import Connection

CHANNEL = "towpath_configuration"

_HEADS = sa.text("SELECT repository, branch, sha FROM head")
_EXAMINED = sa.text(
    """
    INSERT INTO head (repository, branch, sha) VALUES (:repository, :branch, :sha)
    ON CONFLICT (repository, branch) DO UPDATE SET sha = excluded.sha, examined_at = now()
    """
)
_TROUBLE = sa.text(
    """
    INSERT INTO trouble (scope, subject, reason) VALUES (:scope, :subject, CAST(:reason AS jsonb))
    ON CONFLICT (scope, subject) DO UPDATE SET reason = excluded.reason,
        since = CASE WHEN trouble.reason ->> 'code' = excluded.reason ->> 'code'
            THEN trouble.since ELSE now() END
    """
)
_MENDED = sa.text(
    "DELETE FROM trouble WHERE scope = :scope AND subject = :subject RETURNING subject"
)
_FORGET = sa.text(
    "DELETE FROM trouble WHERE scope = :scope AND NOT subject = ANY(CAST(:named AS text[])) "
    "RETURNING subject"
)
_TROUBLED = sa.text("SELECT subject FROM trouble WHERE scope = :scope")
_CONFIGURATION = sa.text("SELECT * FROM configuration")
_CONFIGURE = sa.text(
    """
    INSERT INTO configuration (source, revision, files, problems, problems_revision)
    VALUES (:source, :revision, :files, CAST(:problems AS jsonb), :problems_revision)
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, revision = excluded.revision,
        files = excluded.files, problems = excluded.problems,
        problems_revision = excluded.problems_revision, serial = configuration.serial + 1,
        loaded_at = now()
    """
)
_TELL = sa.text(f"SELECT pg_notify('{CHANNEL}', '')")


async def heads(connection: Connection) -> Mapping[tuple[str, str], str]:
    """The head up to which each branch was examined."""
    rows = await connection.execute(_HEADS)
    return {(row.repository, row.branch): row.sha for row in rows}


async def examined(connection: Connection, repository: str, branch: str, sha: str) -> None:
    """Everything up to this head was examined."""
    head = {"repository": repository, "branch": branch, "sha": sha}
    await connection.execute(_EXAMINED, head)


async def trouble(
    connection: Connection, scope: str, subject: str, reason: reasons.Reason | None
) -> bool:
    """Note what is wrong, or that nothing is any more; whether something is, or was until now."""
    about = {"scope": scope, "subject": subject}
    if reason is None:
        return (await connection.execute(_MENDED, about)).one_or_none() is not None
    dumped = codec.json_text(codec.dump_reason(reason))
    await connection.execute(_TROUBLE, {**about, "reason": dumped})
    return True


async def forget_trouble(
    connection: Connection, scope: str, named: Collection[str]
) -> Collection[str]:
    """Of this scope only what is named can be in trouble; what else was until now."""
    rows = await connection.execute(_FORGET, {"scope": scope, "named": sorted(named)})
    return [row.subject for row in rows]


async def troubled(connection: Connection, scope: str) -> Collection[str]:
    """The subjects of this scope that something is wrong with."""
    return [row.subject for row in await connection.execute(_TROUBLED, {"scope": scope})]


async def configuration(connection: Connection) -> StoredConfiguration | None:
    """The configuration in force."""
    row = (await connection.execute(_CONFIGURATION)).one_or_none()
    if row is None:
        return None
    files = json.loads(gzip.decompress(row.files))
    return StoredConfiguration(
        row.source,
        row.revision,
        {path: text.encode("latin-1") for path, text in files.items()},
        tuple(_problem(each) for each in row.problems),
        row.problems_revision,
        row.serial,
    )


async def configure(connection: Connection, stored: StoredConfiguration) -> None:
    """Put a configuration in force, or note what is wrong with a newer one."""
    # latin-1 maps every byte to one character and back, so that any file survives as JSON.
    files = {path: data.decode("latin-1") for path, data in stored.files.items()}
    await connection.execute(
        _CONFIGURE,
        {
            "source": stored.source,
            "revision": stored.revision,
            "files": gzip.compress(json.dumps(files).encode(), 3),
            "problems": codec.json_text([_as_json(problem) for problem in stored.problems]),
            "problems_revision": stored.problems_revision,
        },
    )
    await connection.execute(_TELL)


def _as_json(problem: catalog.Problem) -> dict[str, object]:
    origin = problem.origin
    return {
        "file": origin.file,
        "line": origin.line,
        "column": origin.column,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }


def _problem(data: Mapping[str, object]) -> catalog.Problem:
    return catalog.Problem(
        catalog.Origin(str(data["file"]), int(str(data["line"])), int(str(data["column"]))),
        str(data["code"]),
        str(data["message"]),
        str(data["severity"]),
    )
