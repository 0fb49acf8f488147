"""Which pull request brought each commit of a range, and which commits did not last.

Works on the commits of one range alone, each looked at once: from its tip along first parents,
oldest first, every merge brought what nobody had brought before it. A branch is read the same
way, so a pull request merged into another's branch keeps its own commits.
"""

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from towpath.domain.changes import Commit, PullRequest
from towpath.history import messages

_SHORTEST = 7


@dataclass(frozen=True, slots=True)
class Attribution:
    """By sha: the pull request, the commits a merge brought, and what took a commit back."""

    requests: Mapping[str, PullRequest] = field(default_factory=dict)
    brought: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reverted_by: Mapping[str, str] = field(default_factory=dict)


def attribute(
    commits: Sequence[Commit], said: Mapping[str, PullRequest] | None = None
) -> Attribution:
    """Read the commits of one side of a range; the first of them is its tip.

    `said`: the pull requests that messages name, by sha, where they were read before.
    """
    if not commits:
        return Attribution()
    by_sha = {commit.sha: commit for commit in commits}
    told = said
    if told is None:
        told = {c.sha: found for c in commits if (found := messages.pull_request(c))}
    requests: dict[str, PullRequest] = {}
    brought: dict[str, list[str]] = {}
    for sha, owner in _walk(commits[0].sha, by_sha, told):
        request = told.get(sha) or (told.get(owner) if owner else None)
        if request:
            requests[sha] = request
        if owner:
            brought.setdefault(owner, []).append(sha)
    return Attribution(requests, brought, _reverted(commits, requests, brought))


def _walk(
    tip: str, by_sha: Mapping[str, Commit], told: Mapping[str, PullRequest]
) -> Iterator[tuple[str, str]]:
    """Each commit with the merge that brought it: the innermost that names a pull request, else
    the outermost. Empty for the first line itself."""
    seen: set[str] = set()
    ahead = [(tip, "", True)]  # the last says whether a line begins here, to be followed yet
    while ahead:
        sha, owner, begins = ahead.pop()
        if begins:  # only now: lines of many parents may be one, and are walked once
            ahead += [(each, owner, False) for each in _line(sha, by_sha, seen)]
            continue
        seen.add(sha)
        yield sha, owner
        inner = sha if sha in told or not owner else owner
        ahead += [(parent, inner, True) for parent in reversed(by_sha[sha].parents[1:])]


def _line(tip: str, by_sha: Mapping[str, Commit], seen: set[str]) -> Iterator[str]:
    """First parents from the tip, newest first, down to what is known or outside the range."""
    sha = tip
    while sha in by_sha and sha not in seen:
        yield sha
        parents = by_sha[sha].parents
        sha = parents[0] if parents else ""


def _reverted(
    commits: Sequence[Commit],
    requests: Mapping[str, PullRequest],
    brought: Mapping[str, Sequence[str]],
) -> Mapping[str, str]:
    saying = [c for c in commits if "everts " in c.message]
    if not saying:
        return {}
    picked = _picked(commits)
    shas = sorted({*picked, *(commit.sha for commit in commits)})
    by_number: dict[int, list[str]] = {}
    for sha, request in requests.items():
        by_number.setdefault(request.number, []).append(sha)
    undone: dict[str, str] = {}
    takes_back: dict[str, list[str]] = {}
    place = {commit.sha: at for at, commit in enumerate(commits)} if picked else {}
    for commit in reversed(saying):
        targets = []
        for sha in (sha for named in messages.reverts(commit) for sha in _meant(named, shas)):
            older = [one for one in picked.get(sha, ()) if place[one] > place[commit.sha]]
            targets += older if sha in picked else [sha]
        for number in messages.reverted_requests(commit):
            targets += [s for s in by_number.get(number, ()) if s != commit.sha]
        targets += [inner for target in targets for inner in brought.get(target, ())]
        for target in targets:
            undone[target] = commit.sha
            for restored in takes_back.get(target, ()):  # the revert of a revert
                if undone.get(restored) == target:
                    del undone[restored]
        takes_back[commit.sha] = targets
    return undone


def _picked(commits: Sequence[Commit]) -> Mapping[str, Sequence[str]]:
    """By sha: the commits of the range that were picked from one that is not in it."""
    saying = [c for c in commits if "cherry picked from" in c.message]
    here = {commit.sha for commit in commits} if saying else set()
    picked: dict[str, list[str]] = {}
    for commit in saying:
        for sha in messages.picked_from(commit):
            if sha not in here:
                picked.setdefault(sha, []).append(commit.sha)
    return picked


def _meant(named: str, shas: Sequence[str]) -> Iterator[str]:
    """The only commit whose sha begins so, if there is one."""
    if len(named) < _SHORTEST:
        return
    place = bisect.bisect_left(shas, named)
    if place < len(shas) and shas[place].startswith(named):
        following = shas[place + 1] if place + 1 < len(shas) else ""
        if not following.startswith(named):
            yield shas[place]
