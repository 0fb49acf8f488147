"""The web interface: files built into the package, served with the headers that keep it to itself.

Files whose name has their digest in it are kept by browsers for ever. Every other path is the page
itself, which then shows what its address names.
"""

import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request, Response

from towpath.api import errors

router = APIRouter(include_in_schema=False)

BUILT = Path(__file__).parent / "built_ui"
_PAGE = "index.html"
_NONCE = "TOWPATH_CSP_NONCE"
_HASHED = "assets/"
_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the better one first
_NO_PAGES = ("api/", "assets/", "openapi.json", "metrics")
# Styles that the component kit makes carry the page's nonce; scripts are files of ours only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Towpath</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
</head><body><h1>Towpath</h1>
<p>The server runs, but its web interface was not built. In a checkout, <code>scripts/setup</code>
builds it; then start the server again.</p>
<p>The <a href="/api/docs">API</a> and the command line work without it.</p></body></html>"""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent: its type, and its bytes by encoding (empty: as it is)."""

    media_type: str
    bodies: Mapping[str, bytes]


Files = Mapping[str, File]


def load(folder: Path) -> Files:
    """Every file of the built interface by its path; empty if it was not built.

    They are read once, so that a new build below a running server cannot mix with the old one.
    """
    if not (folder / _PAGE).is_file():
        return {}
    names = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    return {
        name: _file(name, names)
        for name, file in names.items()
        if file.is_file() and file.suffix not in _ENCODINGS.values()
    }


def _file(name: str, names: Mapping[str, Path]) -> File:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = {
        encoding: names[name + suffix].read_bytes()
        for encoding, suffix in _ENCODINGS.items()
        if name + suffix in names
    }
    return File(media_type, {**packed, "": names[name].read_bytes()})


@router.get("/{path:path}")
@router.head("/{path:path}")
async def interface(request: Request, path: str) -> Response:
    """A file of the interface, or its page."""
    files: Files = request.app.state.interface
    if path in files and path != _PAGE:
        return _answer_file(files[path], path, request.headers.get("accept-encoding", ""))
    if path.startswith(_NO_PAGES):
        raise errors.not_found("page", f"/{path}")
    return _answer_page(files.get(_PAGE))


def _answer_file(file: File, path: str, accepted: str) -> Response:
    known = {part.partition(";")[0].strip() for part in accepted.split(",")}
    encoding = next((name for name in file.bodies if name in known), "")
    kept = "public, max-age=31536000, immutable" if path.startswith(_HASHED) else "no-cache"
    headers = {**_SAFE, "Cache-Control": kept, "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(file.bodies[encoding], media_type=file.media_type, headers=headers)


def _answer_page(page: File | None) -> Response:
    nonce = secrets.token_urlsafe(16)
    headers = {
        **_SAFE,
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY.format(nonce=nonce),
    }
    if page is None:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return Response(_NOT_BUILT, status, headers, media_type="text/html; charset=utf-8")
    text = page.bodies[""].replace(_NONCE.encode(), nonce.encode())
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)
