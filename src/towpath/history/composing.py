"""Notes as a document: five groups, each with what is listed, how much of it is known, and what
is not known and why.

Pure: everything was gathered before. One commit is listed once, whatever components it belongs
to, and one pull request and issue once, however many commits name it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.domain.changes import Commit, PullRequest, Report
from towpath.history import attribution, messages, places, reporting
from towpath.history.library import Unresolved
from towpath.history.ranges import CodeRange, Gathered, ImageAt, ImageChange
from towpath.history.sayings import Sayings
from towpath.ports.outside import Issue, Request

Document = dict[str, Any]
GROUPS = ("features", "pull_requests", "commits", "images", "gitops")
RequestKey = tuple[str, int]  # repository and number


@dataclass
class Known:
    """What hosts and trackers said, and what they could not say."""

    requests: Mapping[RequestKey, Request] = field(default_factory=dict)
    of_commits: Mapping[tuple[str, str], int] = field(default_factory=dict)
    issues: Mapping[str, Issue] = field(default_factory=dict)
    unresolved: Mapping[str, Sequence[Unresolved]] = field(default_factory=dict)


@dataclass
class _Feature:
    components: dict[str, None] = field(default_factory=dict)
    requests: dict[RequestKey, None] = field(default_factory=dict)
    commits: int = 0
    lasting: int = 0
    taken_back: int = 0


@dataclass(slots=True)
class _Seen:
    """A commit, in all the ranges that have it on one of their sides."""

    commit: Commit
    issues: Sequence[str]
    withdrawn: Sequence[str]
    components: dict[str, None] = field(default_factory=dict)
    request: PullRequest | None = None
    undone: str | None = None  # None as soon as one range lets it stand
    undoes: bool = False  # another commit of a range


@dataclass
class _Listed:
    """A pull request as it is put together."""

    told: PullRequest
    components: dict[str, None] = field(default_factory=dict)
    issues: dict[str, None] = field(default_factory=dict)
    commits: int = 0
    lasting: int = 0
    taken_back: int = 0


class Composition:
    """Puts one document together from what was gathered and what is known of it."""

    def __init__(self, gathered: Gathered, sayings: Sayings, known: Known) -> None:
        self._gathered = gathered
        self._sayings = sayings
        self._finder = sayings.finder
        self._known = known
        self._requests: dict[RequestKey, _Listed] = {}
        self._features: dict[str, _Feature] = {}
        self._seen: dict[tuple[str, str, bool], _Seen] = {}
        self._commits: dict[tuple[str, str, bool], Document] = {}
        self._request_issues: dict[RequestKey, tuple[Sequence[str], Sequence[str]]] = {}
        for each in gathered.code:
            self._range(each)
        for (repository, sha, back), seen in self._seen.items():
            self._commits[repository, sha, back] = self._commit(repository, seen, back)
        self._reports()
        self._gitops = [*self._gitops_items()]
        undone = self._undone_gitops()
        for item in self._gitops:
            place = places.path(item["repository"])
            withdrawn = self._sayings.withdrawn(item["subject"], place)
            gone = item["taken_back"]
            for key in item["issues"]:
                lasts = not (gone or item["sha"] in undone or key in withdrawn)
                back = gone and key not in withdrawn
                self._feature(key, dict.fromkeys(item["components"]), lasts, back)

    @property
    def requests(self) -> Collection[RequestKey]:
        """The pull requests that are named."""
        return self._requests.keys()

    @property
    def titles(self) -> Mapping[RequestKey, str]:
        """The titles that messages give to pull requests; empty where none does."""
        return {place: listed.told.title for place, listed in self._requests.items()}

    @property
    def issues(self) -> Collection[str]:
        """The issues that are named."""
        return self._features.keys()

    @property
    def lonely(self) -> Sequence[tuple[str, str]]:
        """Commits that no message ties to a pull request: (repository, sha)."""
        return [
            (repository, sha)
            for (repository, sha, _), item in self._commits.items()
            if item["pull_request"] is None and not item["merge"]
        ]

    def groups(self) -> Document:
        """The five groups."""
        return {
            "features": self._group("features", [*self._feature_items()]),
            "pull_requests": self._group("pull_requests", [*self._request_items()]),
            "commits": self._group("commits", [*self._commits.values()]),
            "images": self._group("images", [*map(_image, self._gathered.images)]),
            "gitops": self._group("gitops", self._gitops),
        }

    # --- code --------------------------------------------------------------------------------
    def _range(self, found: CodeRange) -> None:
        named, has_paths = dict.fromkeys(found.components), found.has_paths
        for side, back in ((found.between.came, False), (found.between.went, True)):
            said = self._sayings.take(found.repository, side)
            requests = {c.sha: told for c in side if (told := said[c.sha].request)}
            attributed = attribution.attribute(side, requests)
            undoing = {*attributed.reverted_by.values()}
            for commit in side:
                names = _touched(found.components, commit.sha) if has_paths else named
                if not names:
                    continue
                request = attributed.requests.get(commit.sha)
                if request is None and self._known.of_commits:
                    number = self._known.of_commits.get((found.repository, commit.sha))
                    request = PullRequest(number) if number else None
                undone = attributed.reverted_by.get(commit.sha)
                place = (found.repository, commit.sha, back)
                seen = self._seen.get(place)
                if seen is None:
                    of = said[commit.sha]
                    seen = _Seen(commit, of.issues, of.withdrawn, undone=undone)
                    self._seen[place] = seen
                seen.components |= names
                seen.request = seen.request or request
                seen.undone = seen.undone and undone
                seen.undoes = seen.undoes or commit.sha in undoing

    def _commit(self, repository: str, seen: _Seen, back: bool) -> Document:
        keys, withdrawn, request = seen.issues, seen.withdrawn, seen.request
        stands = seen.undone is None
        if request is not None:
            of_request, gone = self._of_request(repository, request)
            keys, withdrawn = messages.distinct(keys, of_request), (*withdrawn, *gone)
            listed = self._listed(repository, request)
            listed.components |= seen.components
            listed.issues |= dict.fromkeys(keys)
            listed.commits += 1
            listed.lasting += stands and not back
            listed.taken_back += back
        for key in keys:
            if key not in withdrawn:
                lasting, gone_back = stands and not back, stands and back
            else:  # to go back over what took an issue back brings it again
                lasting, gone_back = stands and back and not seen.undoes, False
            feature = self._feature(key, seen.components, lasting, gone_back)
            if request is not None:
                feature.requests[repository, request.number] = None
        names = [*seen.components]
        return {
            "repository": repository,
            "sha": seen.commit.sha,
            "author": seen.commit.author,
            "committed_at": seen.commit.committed_at,
            "subject": seen.commit.subject,
            "component": names[0],
            "components": names,
            "pull_request": request.number if request else None,
            "issues": keys,
            "merge": len(seen.commit.parents) > 1,
            "taken_back": back,
            "reverted_by": seen.undone,
        }

    def _feature(
        self, key: str, components: dict[str, None], lasting: bool, back: bool
    ) -> _Feature:
        """What a commit names, with the commit counted."""
        feature = self._features.get(key) or self._features.setdefault(key, _Feature())
        feature.components |= components
        feature.commits += 1
        feature.lasting += lasting
        feature.taken_back += back
        return feature

    def _keys(self, repository: str, text: str) -> Sequence[str]:
        return self._finder.everywhere(text, places.path(repository))

    def _of_request(
        self, repository: str, request: PullRequest
    ) -> tuple[Sequence[str], Sequence[str]]:
        """The issues that a pull request names, and those of them that it takes back."""
        place = (repository, request.number)
        found = self._request_issues.get(place)
        if found is None:
            titles = [request.title]
            known = messages.distinct(
                self._keys(repository, request.title), self._finder.in_branch(request.branch)
            )
            if told := self._known.requests.get(place):
                text = f"{told.title}\n{told.body}"
                known = messages.distinct(known, self._keys(repository, text))
                known = messages.distinct(known, self._finder.in_branch(told.branch))
                titles.append(told.title)
            path = places.path(repository)
            gone = [key for title in titles for key in self._sayings.withdrawn(title, path)]
            found = self._request_issues[place] = (known, gone)
        return found

    def _listed(self, repository: str, request: PullRequest) -> _Listed:
        place = (repository, request.number)
        listed = self._requests.get(place) or self._requests.setdefault(place, _Listed(request))
        if not listed.told.title and request.title:
            listed.told = request
        return listed

    def _reports(self) -> None:
        """What a CI said of the new images belongs to their components."""
        for change in self._gathered.images:
            for report in change.new.told.reports if change.new else ():
                if change.old is None or report not in change.old.told.reports:
                    self._report(change.component, report)

    def _report(self, component: str, report: Report) -> None:
        for key in report.issues:
            feature = self._features.setdefault(key, _Feature(lasting=1))
            feature.components[component] = None
        for named in report.pull_requests:
            if number := reporting.pull_request(named, report.repository):
                listed = self._listed(report.repository, PullRequest(number))
                listed.components[component] = None
                listed.lasting = max(listed.lasting, 1)

    # --- items -------------------------------------------------------------------------------
    def _feature_items(self) -> Iterator[Document]:
        for key, feature in self._features.items():
            told = self._known.issues.get(key, Issue(key))
            yield {
                "key": key,
                "title": told.title,
                "status": told.status,
                "type": told.type,
                "assignee": told.assignee,
                "url": told.url,
                "moved_to": told.moved_to or None,
                "components": [*feature.components],
                "pull_requests": [
                    {"repository": repository, "number": number}
                    for repository, number in feature.requests
                ],
                "commits": feature.commits,
                "taken_back": feature.taken_back > 0 and feature.lasting == 0,
                "reverted": feature.lasting == 0 and feature.taken_back < feature.commits,
            }

    def _request_items(self) -> Iterator[Document]:
        for (repository, number), listed in self._requests.items():
            told = self._known.requests.get((repository, number), Request(number))
            yield {
                "repository": repository,
                "number": number,
                "title": told.title or listed.told.title,
                "url": told.url,
                "author": told.author,
                "branch": told.branch or listed.told.branch,
                "merged_at": told.merged_at or None,
                "components": [*listed.components],
                "issues": [*listed.issues],
                "commits": listed.commits,
                "taken_back": listed.taken_back > 0 and listed.lasting == 0,
                "reverted": listed.lasting == 0 and not listed.taken_back and listed.commits > 0,
            }

    def _undone_gitops(self) -> Collection[str]:
        """The commits that others which came with them revert."""
        came = {one.commit.sha: one.commit for one in self._gathered.gitops if not one.taken_back}
        newest_first = sorted(came.values(), key=lambda one: one.committed_at, reverse=True)
        return attribution.attribute(newest_first).reverted_by.keys()

    def _gitops_items(self) -> Iterator[Document]:
        seen: dict[tuple[str, str, str, bool], Document] = {}
        for each in self._gathered.gitops:
            place = (each.repository, each.commit.sha, each.kind, each.taken_back)
            if item := seen.get(place):
                item["components"] = [*dict.fromkeys((*item["components"], each.component))]
                continue
            request = messages.pull_request(each.commit)
            seen[place] = {
                "repository": each.repository,
                "sha": each.commit.sha,
                "author": each.commit.author,
                "committed_at": each.commit.committed_at,
                "subject": each.commit.subject,
                "component": each.component,
                "components": [each.component],
                "pull_request": request.number if request else None,
                "issues": messages.distinct(
                    self._keys(each.repository, each.commit.message),
                    self._finder.in_branch(request.branch if request else ""),
                ),
                "kind": each.kind,
                "taken_back": each.taken_back,
                "via": each.via or None,
                "carried_by": each.carried_by or None,
            }
        yield from sorted(seen.values(), key=lambda item: item["committed_at"], reverse=True)

    # --- groups ------------------------------------------------------------------------------
    def _group(self, name: str, items: list[Document]) -> Document:
        lacking = [*self._gathered.unresolved.get(name, ()), *self._known.unresolved.get(name, ())]
        distinct = {(each.what, each.reason): each.outlook for each in lacking}
        resolved = _resolved(name, items, {what for what, _ in distinct})
        return {
            "items": items,
            "resolved": resolved,
            "total": len(items),
            "unresolved": [
                {"what": what, "reason": reason, "outlook": outlook}
                for (what, reason), outlook in distinct.items()
            ],
        }


def _touched(components: Mapping[str, Collection[str] | None], sha: str) -> dict[str, None]:
    """The components whose paths a commit touches; those without paths have all."""
    return {name: None for name, shas in components.items() if shas is None or sha in shas}


def lacking(gathered: Gathered, known: Known) -> tuple[Unresolved, ...]:
    """Everything that is not known, shown or not."""
    every: Iterable[Sequence[Unresolved]] = (
        *gathered.unresolved.values(),
        *known.unresolved.values(),
    )
    quiet = [
        at.told.unresolved
        for change in gathered.images
        for at in (change.old, change.new)
        if at and at.told.unresolved
    ]
    return tuple(each for group in (*every, quiet) for each in group)


def _resolved(name: str, items: Sequence[Document], lacking: Collection[str]) -> int:
    """How many items are known whole."""
    if not lacking and name != "images":
        return len(items)
    match name:
        case "features":
            return sum(1 for item in items if item["key"] not in lacking)
        case "images":
            return sum(1 for item in items if item["resolved"])
        case "pull_requests":
            return sum(1 for i in items if f"{i['repository']}#{i['number']}" not in lacking)
        case _:
            return len(items)


def _image(change: ImageChange) -> Document:
    ends = [at for at in (change.old, change.new) if at is not None]
    return {
        "component": change.component,
        "name": change.name,
        "from": _image_at(change.old),
        "to": _image_at(change.new),
        "changed": _differs(change.old, change.new),
        "direction": change.direction.value if change.direction else None,
        "sentence": change.sentence,
        "own": change.own,
        "resolved": not change.own or all(at.told.revision for at in ends),
    }


def _differs(old: ImageAt | None, new: ImageAt | None) -> bool:
    if old is None or new is None or old.image != new.image:
        return True
    return bool(old.told.digest and new.told.digest and old.told.digest != new.told.digest)


def _image_at(at: ImageAt | None) -> Document | None:
    if at is None:
        return None
    revision = at.told.revision
    return {
        "tag": at.image.tag,
        "digest": at.told.digest or None,
        "pinned": bool(at.image.digest),
        "tag_moved_to": at.told.moved or None,
        "repository": revision.repository if revision else None,
        "revision": revision.sha if revision else None,
        "answered_by": revision.answered if revision else None,
        "build_url": next((r.build_url for r in at.told.reports if r.build_url), None),
    }
