"""Issues and pull requests that no release names, found in the messages of commits.

They came before the first release, or are not released yet. Reads the mirrors that are there, for
a few seconds at most.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from towpath.domain import catalog
from towpath.domain.changes import Commit
from towpath.history import indexing as kinds
from towpath.history import messages, places, references
from towpath.history.references import Meaning, Subject
from towpath.ports.past import Past

LONGEST_S = 5.0
MOST_COMMITS = 20  # the newest that name one thing in one repository
_LOOKED_AT = 200


async def commits(
    code: Past, config: catalog.Catalog, meaning: Meaning
) -> tuple[Mapping[Subject, Sequence[Subject]], bool]:
    """What is meant, each with the commits that name it, newest first; whether all was searched."""
    whole = True
    found: dict[Subject, list[Subject]] = {}
    try:
        async with asyncio.timeout(LONGEST_S):
            for repository, finder in _finders(config).items():
                if kinds.REQUEST in meaning.kinds and not references.ends(
                    repository, meaning.scope
                ):
                    continue
                said = await code.mentioning(repository, _spelled(meaning), _LOOKED_AT)
                naming = [one for one in said if _names(one, meaning, finder, repository)]
                subject = _subject(meaning, repository)
                found.setdefault(subject, []).extend(
                    Subject(kinds.COMMIT, one.sha, repository) for one in naming[:MOST_COMMITS]
                )
    except TimeoutError:
        whole = False
    return {subject: named for subject, named in found.items() if named}, whole


def _finders(config: catalog.Catalog) -> Mapping[str, messages.Issues]:
    """The code repositories, each with how its product finds issues."""
    return {
        component.repository: messages.issues(product.issue_keys)
        for product in config.products.values()
        for component in product.components
        if component.repository
    }


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


def _names(commit: Commit, meaning: Meaning, finder: messages.Issues, repository: str) -> bool:
    if kinds.REQUEST in meaning.kinds:
        request = messages.pull_request(commit)
        return request is not None and str(request.number) == meaning.ref
    return meaning.ref in _keys(commit, finder, places.path(repository))


def _keys(commit: Commit, finder: messages.Issues, place: str) -> Iterator[str]:
    yield from finder.in_text(commit.message)
    yield from finder.on_host(commit.message, place)
    if request := messages.pull_request(commit):
        yield from finder.in_branch(request.branch)
