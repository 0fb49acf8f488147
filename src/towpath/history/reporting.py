"""What a CI says is in an image it built, checked before it is kept."""

import re
from collections.abc import Sequence

from towpath.domain.changes import Report
from towpath.history import references
from towpath.manifests import repositories

_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_REVISION = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[a-z0-9][\w.:/-]*", re.IGNORECASE)


_PULL_REQUEST = re.compile(
    r"(?:https?://(?P<page>\S+?)/(?:-/)?(?:pull|pulls|pull-requests|merge_requests)/"
    r"|(?P<path>[\w./-]*)[#!])?(?P<n>[1-9][0-9]{0,8})"
)


class Refused(ValueError):  # noqa: N818
    """What was reported cannot be kept: says which field, and what to give."""


def pull_request(named: str, repository: str) -> int:
    """The number of a pull request of the repository, named as `12`, `#12`, `acme/shop#12` or by
    its page; 0 for what is none of it."""
    found = _PULL_REQUEST.fullmatch(named.strip())
    if found is None:
        return 0
    return int(found["n"]) if references.ends(repository, found["page"] or found["path"]) else 0


def report(
    image: str,
    digest: str = "",
    repository: str = "",
    revision: str = "",
    branch: str = "",
    pull_requests: Sequence[str] = (),
    issues: Sequence[str] = (),
    build_url: str = "",
    reporter: str = "",
) -> Report:
    """A report from its parts. Raises `Refused`."""
    rest, _, in_name = image.strip().partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    digest = digest.strip() or in_name
    if not _NAME.fullmatch(f"{head}{slash}{name}"):
        raise Refused(f"image: {image!r} is no image name; give one such as registry/shop/api:1.2")
    if not (tag or digest):
        raise Refused("image: has no tag; give the image with its tag, or its digest")
    if digest and not _DIGEST.fullmatch(digest):
        raise Refused(f"digest: {digest!r} is no digest; give one such as sha256:4f5c…")
    if revision and not _REVISION.fullmatch(revision.lower()):
        raise Refused(f"revision: {revision!r} is no whole commit id (40 hexadecimal digits)")
    return Report(
        f"{head}{slash}{name}",
        tag,
        digest,
        repositories.address(repository),
        revision.lower(),
        branch,
        tuple(pull_requests),
        tuple(issues),
        build_url,
        reporter,
    )
