"""Code repositories: ninety days of a team's work, and the next pull request on top of it.

Knows commits and pull requests; knows nothing of environments or the GitOps repository.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

import pygit2

from towpath.demo import cast, commits, objects, wording

DAYS = 90
PULL_REQUESTS_A_DAY = (1, 1, 2, 2, 3, 4, 5)  # one of these, on a working day
RELEASE_EVERY = 12  # commits on main between two version tags
FIRST_NUMBER = 41  # pull requests before it were made before the ninety days


@dataclass(frozen=True, slots=True)
class Built:
    """A commit on `main` that CI built an image of."""

    service: str
    sha: str
    when: datetime
    author: commits.Person
    subject: str
    tag: str
    pull_request: int = 0
    issue: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a pull request (or a direct push, `number` 0) brings: commits by subject."""

    todo: wording.Task
    author: commits.Person
    number: int
    issue: str
    parts: tuple[str, ...]
    squash: bool


@dataclass(slots=True)
class _Main:
    """The branch `main` while its history is written: its tip, files and version."""

    tip: str
    tree: str
    files: dict[str, str]
    version: tuple[int, int, int]


def build(path: Path, service: cast.Service, now: datetime, random: Random) -> list[Built]:
    """Write the repository; what CI built of it, oldest first."""
    store = objects.Pack()
    times = _times(now, random)
    main = _founded(store, service, now - timedelta(days=DAYS, hours=3))
    before = main
    done: list[Built] = []
    tags: dict[str, str] = {}
    number = FIRST_NUMBER
    for count, when in enumerate(times, start=1):
        direct = random.random() < 0.05
        work = _work(service, _issue(service, now - when, random), 0 if direct else number, random)
        number += 0 if direct else random.choice((1, 1, 1, 2))
        # A third of the branches began before the last merge, so that lines cross.
        base = before if random.random() < 0.3 else main
        before, main = main, _landed(store, service, main, base, work, when)
        tags |= _next_version(store, main, count, work, when)
        done.append(_built(service, main, work, when))
    commits.create(path, store, main.tip, tags)
    return done


def next_number(repository: pygit2.Repository) -> int:
    """The number of the next pull request, one above the highest in recent messages."""
    walk = repository.walk(repository.references[commits.BRANCH].target)
    recent = (commit.message for _, commit in zip(range(40), walk, strict=False))
    numbers = (int(found) for message in recent for found in re.findall(r"#(\d+)", message))
    return max(numbers, default=FIRST_NUMBER - 1) + 1


def add(
    path: Path, service: cast.Service, work: Work, now: datetime
) -> tuple[str, tuple[str, ...]]:
    """Merge one more pull request into `main`: its commit there, and every new commit."""
    made: list[str] = []

    def build_on(repository: pygit2.Repository, tip: pygit2.Commit) -> str:
        place = _place(service, work.todo)
        files = {place: commits.text_at(repository, str(tip.tree_id), place)}
        main = _Main(str(tip.id), str(tip.tree_id), files, (0, 0, 0))
        landed = _landed(objects.Loose(repository), service, main, main, work, now)
        new = repository.walk(landed.tip)
        new.hide(tip.id)
        made[:] = [str(commit.id) for commit in new]
        return landed.tip

    return commits.extend(path, build_on), tuple(made)


def _times(now: datetime, random: Random) -> list[datetime]:
    """When pull requests were merged: in working hours, few of them on weekends, oldest first."""
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    times = []
    for ago in range(DAYS, -1, -1):
        day = midnight - timedelta(days=ago)
        often = random.choice(PULL_REQUESTS_A_DAY)
        many = often if day.weekday() < 5 else often // 4
        minutes = [random.randint(8 * 60, 17 * 60) for _ in range(many)]
        times += [day + timedelta(minutes=m, seconds=random.randint(0, 59)) for m in minutes]
    return sorted(when for when in times if when < now - timedelta(minutes=20))


def _founded(store: objects.Objects, service: cast.Service, when: datetime) -> _Main:
    files = wording.first_files(service)
    author = cast.product_of(service).team[0]
    tree = commits.with_files(store, None, files)
    words = commits.Words(f"Move {service.name} into a repository of its own\n", author, when)
    tip = commits.write(store, tree, (), words)
    return _Main(tip, tree, files, (*service.first_version, 0))


def _issue(service: cast.Service, ago: timedelta, random: Random) -> str:
    """An issue key such as `SHOP-417`, higher the younger the work; none for a third of it."""
    product = cast.product_of(service)
    number = product.first_issue + (DAYS - ago.days) * 3 + random.randint(-9, 3)
    return f"{product.issue_key}-{number}" if random.random() < 0.66 else ""


def _work(service: cast.Service, issue: str, number: int, random: Random) -> Work:
    author = random.choice(cast.product_of(service).team)
    around = number == 0 or random.random() < 0.2
    todo = (wording.chore if around else wording.task)(service, random)
    issue = "" if around else issue
    more = 0 if around else random.choice((0, 0, 1, 2))
    parts = (todo.subject, *wording.follow_ups(random, more))
    return Work(todo, author, number, issue, parts, squash=random.random() < 0.6)


def _landed(
    store: objects.Objects,
    service: cast.Service,
    main: _Main,
    base: _Main,
    work: Work,
    when: datetime,
) -> _Main:
    place = _place(service, work.todo)
    lines = [wording.code(work.todo, work.number, part) for part in range(len(work.parts))]
    text = main.files[place] + "".join(lines)
    tree = commits.with_files(store, main.tree, {place: text})
    parents = [main.tip]
    if work.number and not work.squash:
        parents.append(_branch(store, base, place, lines, work, when))
    committer = None if work.number == 0 else cast.CI
    words = commits.Words(_message(work), work.author, when, committer)
    tip = commits.write(store, tree, parents, words)
    return _Main(tip, tree, main.files | {place: text}, main.version)


def _branch(
    store: objects.Objects,
    base: _Main,
    place: str,
    lines: Sequence[str],
    work: Work,
    when: datetime,
) -> str:
    """The commits of a branch that was not squashed; the last of them."""
    tip, tree, text = base.tip, base.tree, base.files[place]
    for index, (subject, added) in enumerate(zip(work.parts, lines, strict=True)):
        text += added
        tree = commits.with_files(store, tree, {place: text})
        reference = f"\nRefs: {work.issue}\n" if work.issue and index == 0 else ""
        at = when - timedelta(minutes=12 * (len(lines) - index))
        words = commits.Words(f"{subject}\n{reference}", work.author, at)
        tip = commits.write(store, tree, (tip,), words)
    return tip


def _message(work: Work) -> str:
    if work.number == 0:
        return f"{work.todo.subject}\n"
    if work.squash:
        return wording.squashed(work.number, work.todo.subject, work.issue, work.parts)
    login = work.author.name.split()[0].lower()
    source = wording.branch(login, work.issue, work.todo)
    return wording.merged(work.number, source, work.todo.subject)


def _next_version(
    store: objects.Objects, main: _Main, count: int, work: Work, when: datetime
) -> dict[str, str]:
    """Count the version up; the tag that was put on it now and then, by its name."""
    major, minor, patch = main.version
    if count % RELEASE_EVERY:
        main.version = (major, minor, patch + 1)
        return {}
    main.version = (major, minor + 1, 0)
    name = f"v{major}.{minor + 1}.0"
    return {name: commits.tag(store, name, main.tip, work.author, when)}


def _built(service: cast.Service, main: _Main, work: Work, when: datetime) -> Built:
    tag = service.tag_for(main.version, main.tip)
    subject = work.todo.subject
    return Built(service.name, main.tip, when, work.author, subject, tag, work.number, work.issue)


def _place(service: cast.Service, todo: wording.Task) -> str:
    return f"src/{service.name}/{todo.module}.py"
