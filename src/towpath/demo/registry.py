"""The demo's image registry: on loopback, read only, with what its CI would have pushed there.

An image is there when its tag ends with the beginning of a commit of its service's repository. It
is empty, and its annotations say which code it was built from. Documents and paths are those of
the OCI image and distribution specifications, version 1.1.
"""

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pygit2

from towpath.demo import cast, commits

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = {
    "mediaType": "application/vnd.oci.empty.v1+json",
    "digest": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
    "size": 2,
    "data": "e30=",
}


@contextlib.contextmanager
def served(code: Mapping[str, Path]) -> Iterator[str]:
    """Serve the images of these services' repositories; the address, such as `127.0.0.1:40001`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answer, code))
    thread = threading.Thread(target=server.serve_forever, name="demo-registry", daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answer(BaseHTTPRequestHandler):
    timeout = 10  # seconds for one request

    def __init__(self, code: Mapping[str, Path], *about: object) -> None:
        self._code = code
        super().__init__(*about)  # type: ignore[arg-type]  # answers, so it comes last

    def do_GET(self) -> None:
        name, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
        found = manifest(self._code, name, tag)
        body = found or b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", _MANIFEST if found else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to the demo."""


def manifest(code: Mapping[str, Path], name: str, tag: str) -> bytes | None:
    """The manifest of an image such as `webshop/cart` and a tag, if it could have been built."""
    product, _, service = name.partition("/")
    known = cast.SERVICES.get(service)
    if known is None or known.product != product or service not in code:
        return None
    sha = tag.rpartition("-")[2]
    if not re.fullmatch(r"[0-9a-f]{7}", sha):
        return None
    try:
        commit = commits.opened(code[service]).revparse_single(sha).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        return None
    annotations = {
        "org.opencontainers.image.revision": str(commit.id),
        "org.opencontainers.image.source": str(code[service]),
        "org.opencontainers.image.version": tag,
    }
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _EMPTY,
        "layers": [_EMPTY],
        "annotations": annotations,
    }
    return json.dumps(document).encode()
