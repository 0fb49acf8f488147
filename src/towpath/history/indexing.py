"""The lines by which a change is found again: what a release brought into its product."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from towpath.domain.release import Release
from towpath.ports.archive import Change

COMMIT, GITOPS, REQUEST = "commit", "gitops", "pull_request"
IMAGE, DIGEST, ISSUE = "image", "digest", "issue"
KINDS = (COMMIT, GITOPS, REQUEST, IMAGE, DIGEST, ISSUE)


def lines(release: Release, document: Mapping[str, Any]) -> Sequence[Change]:
    """The index of one release, from the notes of what it brought."""
    found = {(c.ref, c.kind, c.scope, c.component): c for c in _lines(release, document)}
    return tuple(found.values())


def _lines(release: Release, document: Mapping[str, Any]) -> Iterator[Change]:
    def line(ref: str, kind: str, scope: str, component: str, gone: bool = False) -> Change:
        return Change(
            ref, kind, scope, component, release.product, release.id, release.n, release.line, gone
        )

    for group, kind in (("commits", COMMIT), ("gitops", GITOPS)):
        for item in document[group]["items"]:
            for name in item["components"]:
                yield line(item["sha"], kind, item["repository"], name, item["taken_back"])
    for item in document["gitops"]["items"]:
        for name in item["components"] if item["pull_request"] else ():
            number, gone = str(item["pull_request"]), item["taken_back"]
            yield line(number, REQUEST, item["repository"], name, gone)
    for item in document["pull_requests"]["items"]:
        number, gone = str(item["number"]), item["taken_back"]
        for name in item["components"]:
            yield line(number, REQUEST, item["repository"], name, gone)
    for item in document["features"]["items"]:
        gone = item["taken_back"] or item["reverted"]
        for name in item["components"]:
            yield line(item["key"], ISSUE, "", name, gone)
    for item in document["images"]["items"]:
        at = item["to"]
        if at and at["tag"]:
            yield line(at["tag"], IMAGE, item["name"], item["component"])
        if at and at["digest"]:
            yield line(at["digest"], DIGEST, item["name"], item["component"])
