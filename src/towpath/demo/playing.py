"""Carries out the story's changes: the pull request, the image tag, the change by hand.

Each is a commit on top of whatever the branch holds at that moment. Knows where things are
written; knows nothing of what Towpath will make of it, but for `promotable`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from towpath.demo import cast, commits, files, gitops, history, story, wording


@dataclass(frozen=True, slots=True)
class Merged:
    """A pull request of the story: its commit on `main`, every new commit, the image's tag."""

    service: str
    repository: Path
    sha: str
    commits: tuple[str, ...]
    pull_request: int
    issue: str
    tag: str


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a change: the GitOps commit with its subject, and the code behind it.

    `promotable`: Towpath should make a release of it. False for changes behind dev.
    """

    change: story.Change
    title: str
    sha: str
    environment: str
    author: commits.Person
    merged: tuple[Merged, ...]
    promotable: bool


# What a person does to a file: its text before, to its text after and the commit's subject.
_Rewrite = Callable[[str], tuple[str, str]]


def play(code: Mapping[str, Path], deployed: Path, change: story.Change, now: datetime) -> Played:
    """Carry out one change in the code repositories (by service) and the GitOps repository."""
    match change.kind:
        case story.Kind.CODE:
            return _release(code, deployed, change, now)
        case story.Kind.SETTING:
            place = files.tag_file(_service(change), change.environment)
            return _rewritten(deployed, change, now, place, _switching(change))
        case story.Kind.PIN:
            place = files.tag_file(_service(change), change.environment)
            return _rewritten(deployed, change, now, place, _pinning(deployed, change))
        case story.Kind.TUNING:
            place = files.size_file(_service(change), change.environment)
            return _rewritten(deployed, change, now, place, _tuning(change))


def _release(
    code: Mapping[str, Path], deployed: Path, change: story.Change, now: datetime
) -> Played:
    before = gitops.tags(deployed)
    todo = dict(zip(change.services, change.tasks, strict=True))
    merged = tuple(
        _merge(code[name], name, todo[name], before[name, change.environment], change, now)
        for name in change.services
    )
    subjects = [f"{todo[one.service].subject} (#{one.pull_request})" for one in merged]
    message = gitops.bump_message({one.service: one.tag for one in merged}, subjects)

    def edit(read: gitops.Reader) -> tuple[Mapping[str, str], commits.Words]:
        changed = {}
        for one in merged:
            service = cast.SERVICES[one.service]
            place = files.tag_file(service, change.environment)
            changed[place] = files.with_tag(service, read(place), one.tag)
        return changed, commits.Words(message, change.author, now, cast.CI)

    sha = gitops.change(deployed, edit)
    return _played(change, message.partition("\n")[0], sha, merged)


def _merge(
    path: Path, name: str, todo: wording.Task, tag: str, change: story.Change, now: datetime
) -> Merged:
    service = cast.SERVICES[name]
    number = history.next_number(commits.opened(path))
    parts = (todo.subject,)
    work = history.Work(todo, change.author, number, change.issue, parts, change.squash)
    sha, new = history.add(path, service, work, now - timedelta(minutes=2))
    major, minor, patch = service.version_of(tag)
    tag = service.tag_for((major, minor, patch + 1), sha)
    return Merged(name, path, sha, new, number, change.issue, tag)


def _rewritten(
    deployed: Path, change: story.Change, now: datetime, place: str, rewrite: _Rewrite
) -> Played:
    title = ""

    def edit(read: gitops.Reader) -> tuple[Mapping[str, str], commits.Words]:
        nonlocal title
        text, title = rewrite(read(place))
        return {place: text}, commits.Words(f"{title}\n", change.author, now)

    sha = gitops.change(deployed, edit)
    return _played(change, title, sha)


def _switching(change: story.Change) -> _Rewrite:
    def rewrite(text: str) -> tuple[str, str]:
        after, on = files.turned(text, change.switch)
        title = f"{_service(change).name}: turn {change.switch} {'on' if on else 'off'}"
        return after, f"{title} ({change.issue})"

    return rewrite


def _pinning(deployed: Path, change: story.Change) -> _Rewrite:
    service = _service(change)

    def rewrite(text: str) -> tuple[str, str]:
        tag = _another_tag(deployed, service, files.tag_in(service, text))
        title = f"{service.name}: {tag} in {change.environment} while we look into {change.issue}"
        return files.with_tag(service, text, tag), title

    return rewrite


def _tuning(change: story.Change) -> _Rewrite:
    service = _service(change)

    def rewrite(text: str) -> tuple[str, str]:
        after, replicas = files.resized(service, text)
        return after, f"{service.name}: {replicas} replicas in {change.environment}"

    return rewrite


def _another_tag(deployed: Path, service: cast.Service, tag: str) -> str:
    """A tag that some environment has and that is not `tag`; production is asked first."""
    found = gitops.tags(deployed)
    places = reversed(tuple(cast.product_of(service).environments))
    others = (found[service.name, place] for place in places)
    return next((other for other in others if other != tag), f"{tag}-debug")


def _service(change: story.Change) -> cast.Service:
    return cast.SERVICES[change.services[0]]


def _played(change: story.Change, title: str, sha: str, merged: tuple[Merged, ...] = ()) -> Played:
    promotable = change.kind in (story.Kind.CODE, story.Kind.SETTING)
    return Played(change, title, sha, change.environment, change.author, merged, promotable)
