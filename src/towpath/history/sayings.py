"""What commits say of themselves: the pull request that they brought, the issues that they name.

Each commit is read once, while git is still telling of others, however often notes are composed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from towpath.domain.changes import Commit, PullRequest
from towpath.history import messages, places
from towpath.history.messages import Issues


class Said(NamedTuple):
    """What one commit says."""

    request: PullRequest | None
    issues: Sequence[str]
    withdrawn: Sequence[str] = ()  # those of the issues that it takes back


class Sayings:
    """For one making of notes. `finder` finds the issues of its product."""

    def __init__(self, finder: Issues) -> None:
        self.finder = finder
        self._said: dict[str, dict[str, Said]] = {}  # by repository and sha

    def take(self, repository: str, commits: Iterable[Commit]) -> Mapping[str, Said]:
        """Read those of the commits that were not read yet; what all say, by sha."""
        said = self._said.setdefault(repository, {})
        place = places.path(repository)
        for commit in commits:
            if commit.sha not in said:
                issues = self.finder.everywhere(commit.message, place)
                for branch in messages.merged_branches(commit):
                    issues = messages.distinct(issues, self.finder.in_branch(branch))
                gone = self.withdrawn(commit.subject, place) if issues else ()
                said[commit.sha] = Said(messages.pull_request(commit), issues, gone)
        return said

    def withdrawn(self, title: str, place: str) -> Sequence[str]:
        """The issues that a title says it takes back; `place`: as for the finder."""
        return self.finder.everywhere(messages.withdrawn(title), place)
