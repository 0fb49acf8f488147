"""The manifests of runs: written once, named by their content, read once by each process."""

import hashlib

import sqlalchemy as sa

from towpath.domain.workflow import Manifest
from towpath.storage import codec, run_rows
from towpath.storage.connection import Connection

_REMEMBERED = 256
_KEEP = sa.text(
    """
    INSERT INTO manifest (digest, data) VALUES (:digest, CAST(:data AS jsonb))
    ON CONFLICT (digest) DO NOTHING
    """
)
_LOAD = sa.text("SELECT data FROM manifest WHERE digest = :digest")
_known: dict[str, Manifest] = {}


def keep(connection: Connection, manifest: Manifest) -> str:
    """Write it, unless it is there; its digest."""
    data = codec.json_text(run_rows.dump_manifest(manifest))
    digest = hashlib.sha256(data.encode()).hexdigest()
    connection.later(_KEEP, {"digest": digest, "data": data})
    return digest


async def load(connection: Connection, digest: str) -> Manifest:
    """The manifest of that digest: the same object for the same digest, as long as it is known."""
    if (found := _known.get(digest)) is None:
        stored = (await connection.execute(_LOAD, {"digest": digest})).scalar_one()
        found = run_rows.load_manifest(stored)
        if len(_known) >= _REMEMBERED:
            _known.pop(next(iter(_known)))
        _known[digest] = found
    return found
