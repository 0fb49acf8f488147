"""Issues and pull requests that no release names, found in the messages of commits.

They came before the first release, or are not released yet. Reads the mirrors that are there, for
a few seconds at most.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from towpath.domain import catalog
from towpath.domain.changes import Commit
from towpath.history import indexing as kinds
from towpath.history import messages, places, ranges, references
from towpath.history.messages import Issues
from towpath.history.references import Meaning, Subject
from towpath.ports.past import Past

LONGEST_S = 5.0
MOST_COMMITS = 20  # the newest that name one thing in one repository
_LOOKED_AT = 200


async def commits(
    code: Past, gitops: Past, config: catalog.Catalog, meaning: Meaning
) -> tuple[Mapping[Subject, Sequence[Subject]], bool]:
    """What is meant, each with the commits that name it, newest first; whether all was searched."""
    whole = True
    found: dict[Subject, list[Subject]] = {}
    try:
        async with asyncio.timeout(LONGEST_S):
            for place in _places(code, gitops, config):
                repository, kind = place.repository, place.kind
                if kinds.REQUEST in meaning.kinds and not references.ends(
                    repository, meaning.scope
                ):
                    continue
                said = await place.past.mentioning(repository, _spelled(meaning), _LOOKED_AT)
                naming = [one for one in said if _names(one, meaning, place)]
                subject = _subject(meaning, repository)
                found.setdefault(subject, []).extend(
                    Subject(kind, one.sha, repository) for one in naming[:MOST_COMMITS]
                )
    except TimeoutError:
        whole = False
    return {subject: named for subject, named in found.items() if named}, whole


@dataclass
class _Place:
    """A repository, and how each product of which something is there finds issues."""

    kind: str
    past: Past
    repository: str
    finders: dict[str, Issues] = field(default_factory=dict)


def _places(code: Past, gitops: Past, config: catalog.Catalog) -> Collection[_Place]:
    finders = {name: messages.issues(of.issue_keys) for name, of in config.products.items()}
    named = [
        (kinds.COMMIT, code, component.repository, product.name)
        for product in config.products.values()
        for component in product.components
    ] + [
        (kinds.GITOPS, gitops, source.repository, application.product)
        for application in config.applications
        for source in application.sources
    ]
    found: dict[tuple[str, str], _Place] = {}
    for kind, past, repository, product in named:
        if repository and product in finders:
            place = found.setdefault((kind, repository), _Place(kind, past, repository))
            place.finders[product] = finders[product]
    return found.values()


def _spelled(meaning: Meaning) -> Sequence[str]:
    """How messages may have it."""
    if kinds.REQUEST in meaning.kinds:
        return [f"#{meaning.ref}", f"!{meaning.ref}", f"PR {meaning.ref}:"]
    path, hash_, number = meaning.ref.rpartition("#")
    return [f"#{number}"] if hash_ and path else [meaning.ref]


def _subject(meaning: Meaning, repository: str) -> Subject:
    """A pull request is of its repository; an issue is one, wherever it is named."""
    if kinds.REQUEST in meaning.kinds:
        return Subject(kinds.REQUEST, meaning.ref, repository)
    return Subject(kinds.ISSUE, meaning.ref, "")


def _names(commit: Commit, meaning: Meaning, place: _Place) -> bool:
    if place.kind == kinds.GITOPS and messages.trailers(commit, ranges.PROMOTION):
        return False  # a promotion is never itself the change
    request = messages.pull_request(commit)
    if kinds.REQUEST in meaning.kinds:
        return request is not None and str(request.number) == meaning.ref
    branch = request.branch if request else ""
    path = places.path(place.repository)
    return any(
        meaning.ref in finder.everywhere(commit.message, path)
        or meaning.ref in finder.in_branch(branch)
        for finder in place.finders.values()
    )
