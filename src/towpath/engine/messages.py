"""The messages of the commits that Towpath makes, with the trailers it knows them by."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from towpath.domain.release import Release, Trigger

PROMOTION = "Towpath-Promotion"
RELEASE = "Towpath-Release"
ENVIRONMENT = "Towpath-Environment"
SOURCE = "Towpath-Source"
FENCE = "Towpath-Fence"


def commit(release: Release, environment: str, components: Iterable[str], write_id: UUID) -> str:
    """The message of a promotion's commit: what goes where, and the trailers."""
    names = tuple(components)
    body = "\n".join(_body(release, names))
    trailers = "\n".join(_trailers(release, environment, names, write_id))
    return f"{_subject(release, environment)}\n\n{body}\n\n{trailers}\n"


def fence(write_ids: Iterable[UUID]) -> str:
    """The message of the empty commit behind which these attempts to write cannot arrive."""
    trailers = "\n".join(f"{FENCE}: {write_id}" for write_id in sorted(write_ids))
    return (
        "Close the way for a push that was given up\n\n"
        "This commit changes nothing. A push that was begun and given up was built on the commit\n"
        f"before it, and could otherwise still arrive.\n\n{trailers}\n"
    )


def _subject(release: Release, environment: str) -> str:
    version = f" {release.version}" if release.version else ""
    if release.trigger is Trigger.ROLLBACK:
        return f"{environment}: roll {release.product} back to {release.goes_back_to}"
    return f"{environment}: promote {release.product}{version} ({release.id})"


def _body(release: Release, components: Iterable[str]) -> Iterator[str]:
    for name in components:
        part = release.content.get(name)
        if part is not None:
            yield f"{name} {part.version}".rstrip()


def _trailers(
    release: Release, environment: str, components: Iterable[str], write_id: UUID
) -> Iterator[str]:
    yield f"{PROMOTION}: {write_id}"
    yield f"{RELEASE}: {release.id}"
    yield f"{ENVIRONMENT}: {environment}"
    sources = {
        f"{part.repository}@{part.revision}"
        for name in components
        if (part := release.content.get(name)) is not None and part.revision
    }
    yield from (f"{SOURCE}: {source}" for source in sorted(sources))
