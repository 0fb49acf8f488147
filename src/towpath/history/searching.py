"""Issues and pull requests that no release names, found in the messages of commits.

They came before the first release, or are not released yet. Reads the mirrors that are there, for
a few seconds at most.
"""

import asyncio
from collections.abc import Mapping, Sequence

from towpath.domain import catalog
from towpath.domain.changes import Commit
from towpath.history import indexing as kinds
from towpath.history import messages, places, references
from towpath.history.messages import Issues
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
            for repository, finders in _finders(config).items():
                if kinds.REQUEST in meaning.kinds and not references.ends(
                    repository, meaning.scope
                ):
                    continue
                said = await code.mentioning(repository, _spelled(meaning), _LOOKED_AT)
                naming = [one for one in said if _names(one, meaning, finders, repository)]
                subject = _subject(meaning, repository)
                found.setdefault(subject, []).extend(
                    Subject(kinds.COMMIT, one.sha, repository) for one in naming[:MOST_COMMITS]
                )
    except TimeoutError:
        whole = False
    return {subject: named for subject, named in found.items() if named}, whole


def _finders(config: catalog.Catalog) -> Mapping[str, Sequence[Issues]]:
    """The code repositories, each with how the products whose code is there find issues."""
    found: dict[str, list[Issues]] = {}
    for product in config.products.values():
        finder = messages.issues(product.issue_keys)
        for repository in dict.fromkeys(c.repository for c in product.components if c.repository):
            found.setdefault(repository, []).append(finder)
    return found


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


def _names(commit: Commit, meaning: Meaning, finders: Sequence[Issues], repository: str) -> bool:
    request = messages.pull_request(commit)
    if kinds.REQUEST in meaning.kinds:
        return request is not None and str(request.number) == meaning.ref
    branch = request.branch if request else ""
    place = places.path(repository)
    return any(
        meaning.ref in finder.everywhere(commit.message, place)
        or meaning.ref in finder.in_branch(branch)
        for finder in finders
    )
