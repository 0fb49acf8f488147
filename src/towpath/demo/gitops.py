"""The GitOps repository: three weeks of image bumps and hand-made changes, and the next one.

Knows which version is where and who wrote it there; knows nothing of Towpath.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

import pygit2

from towpath.demo import cast, commits, files, objects
from towpath.demo.history import Built

DAYS = 21

# Environments are filled by people at fixed times (hour, days of the week) from the one before;
# `behind` keeps that many builds back, so that there is always something on its way.
_Train = tuple[str, str, int, frozenset[int], int]
_WORKDAYS = frozenset(range(5))
_TRAINS: Mapping[str, Sequence[_Train]] = {
    "webshop": (
        ("qa", "dev", 10, _WORKDAYS, 1),
        ("qa", "dev", 15, _WORKDAYS, 1),
        ("staging", "qa", 16, _WORKDAYS, 3),
        ("prod-eu", "staging", 9, frozenset({1, 3}), 5),
        ("prod-us", "staging", 14, frozenset({1, 3}), 7),
    ),
    "payments": (
        ("staging", "dev", 13, _WORKDAYS, 2),
        ("prod-eu", "staging", 11, frozenset({0, 2}), 4),
    ),
}
_BEHIND_AT_FIRST = {"dev": 0, "qa": 2, "staging": 4, "prod-eu": 6, "prod-us": 8}


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A change that someone made by hand in one environment: a piece of text for another."""

    days_ago: int
    author: commits.Person
    place: str
    old: str
    new: str
    message: str


HAND_EDITS = (
    HandEdit(
        17,
        cast.JONAS,
        "apps/cart/prod-eu/values.yaml",
        "replicaCount: 4\n",
        "replicaCount: 6  # four were too few on Friday evening\n",
        "cart: six replicas in prod-eu",
    ),
    HandEdit(
        14,
        cast.JONAS,
        "apps/checkout/prod-us/deployment.yaml",
        "requests: {cpu: 200m, memory: 512Mi}\n            limits: {memory: 512Mi}",
        "requests: {cpu: 300m, memory: 768Mi}\n            limits: {memory: 768Mi}",
        "checkout: more memory in prod-us, invoices with 200 lines ran out of it",
    ),
    HandEdit(
        11,
        cast.MEI,
        "apps/catalog/qa/kustomization.yaml",
        "LOG_LEVEL=debug\n",
        "LOG_LEVEL=info  # the index rebuild filled the disk\n",
        "catalog: less logging in qa",
    ),
    HandEdit(
        8,
        cast.PRIYA,
        "apps/ledger/prod-eu/values.yaml",
        'value: "20"\n',
        'value: "35"\n',
        "ledger: larger database pool in prod-eu for the end of the month",
    ),
    HandEdit(
        4,
        cast.JONAS,
        "apps/catalog/prod-eu/size.yaml",
        "value: 4\n",
        "value: 5\n",
        "catalog: five replicas in prod-eu",
    ),
)

Reader = Callable[[str], str]  # the text of a file, by its path

_Edits = dict[str, str]


@dataclass(slots=True)
class _Writing:
    """The repository while its history is written."""

    store: objects.Pack
    files: _Edits
    tree: str
    tip: str
    here: dict[tuple[str, str], int] = field(default_factory=dict)

    def commit(self, changed: Mapping[str, str], words: commits.Words) -> None:
        self.files.update(changed)
        self.tree = commits.with_files(self.store, self.tree, changed)
        self.tip = commits.write(self.store, self.tree, (self.tip,), words)


@dataclass(frozen=True, slots=True)
class _Event:
    """Something due in the history: told apart by what it does to the writing."""

    when: datetime
    order: int
    happen: Callable[[_Writing], None]


def build(path: Path, built: Mapping[str, Sequence[Built]], now: datetime, random: Random) -> None:
    """Write the repository as CI and people would have, from what CI built."""
    start = now - timedelta(days=DAYS)
    writing = _founded(objects.Pack(), built, start)
    events = [*_bumps(built, start), *_trains(built, start, now, random), *_by_hand(now)]
    for event in sorted(events, key=lambda e: (e.when, e.order)):
        event.happen(writing)
    commits.create(path, writing.store, writing.tip, {})


def bump_message(bumps: Mapping[str, str], subjects: Sequence[str]) -> str:
    """What CI says: `webshop/cart: 1.42.1-3f9c2ab`, and below it what went in."""
    [product] = {cast.SERVICES[name].product for name in bumps}
    body = "".join(f"{subject}\n" for subject in subjects)
    if len(bumps) == 1:
        [(name, tag)] = bumps.items()
        return f"{product}/{name}: {tag}\n\n{body}"
    return f"{product}: {', '.join(f'{name} {tag}' for name, tag in bumps.items())}\n\n{body}"


def change(path: Path, edit: Callable[[Reader], tuple[Mapping[str, str], commits.Words]]) -> str:
    """Commit to `main` what `edit` makes of the files there (it is given a reader); the sha.

    `edit` is asked again whenever someone else's push came first.
    """

    def build_on(repository: pygit2.Repository, tip: pygit2.Commit) -> str:
        before = str(tip.tree_id)
        changed, words = edit(lambda place: commits.text_at(repository, before, place))
        store = objects.Loose(repository)
        tree = commits.with_files(store, before, changed)
        return commits.write(store, tree, (str(tip.id),), words)

    return commits.extend(path, build_on)


def tags(path: Path) -> Mapping[tuple[str, str], str]:
    """The image tag of every service in each of its environments now."""
    repository = commits.opened(path)
    tree = str(repository.references[commits.BRANCH].peel(pygit2.Commit).tree_id)
    return {
        (service.name, environment): files.tag_in(
            service, commits.text_at(repository, tree, files.tag_file(service, environment))
        )
        for service in cast.SERVICES.values()
        for environment in cast.product_of(service).environments
    }


def _founded(
    store: objects.Pack, built: Mapping[str, Sequence[Built]], start: datetime
) -> _Writing:
    written: _Edits = {"README.md": _README, **files.LIBRARY_CHART}
    here: dict[tuple[str, str], int] = {}
    for product in cast.PRODUCTS.values():
        written |= files.shared(product)
        for service in product.services:
            newest = sum(1 for one in built[service.name] if one.when < start) - 1
            for environment in cast.ENVIRONMENTS:
                if environment.name in product.environments:
                    index = max(newest - _BEHIND_AT_FIRST[environment.name], 0)
                    here[service.name, environment.name] = index
                    tag = built[service.name][index].tag
                    written |= files.first(service, environment, tag)
    tree = commits.with_files(store, None, written)
    words = commits.Words("Move webshop and payments to GitOps\n", cast.JONAS, start)
    tip = commits.write(store, tree, (), words)
    return _Writing(store, written, tree, tip, here)


def _bumps(built: Mapping[str, Sequence[Built]], start: datetime) -> Iterator[_Event]:
    for name, found in built.items():
        for index, one in enumerate(found):
            if one.when >= start:
                yield _Event(one.when + timedelta(minutes=7), 0, _bump(name, index, one))


def _bump(name: str, index: int, one: Built) -> Callable[[_Writing], None]:
    def happen(writing: _Writing) -> None:
        said = f"{one.subject} (#{one.pull_request})" if one.pull_request else one.subject
        message = bump_message({name: one.tag}, [said])
        words = commits.Words(message, one.author, one.when + timedelta(minutes=7), cast.CI)
        _set_tag(writing, name, "dev", index, one.tag, words)

    return happen


def _trains(
    built: Mapping[str, Sequence[Built]], start: datetime, now: datetime, random: Random
) -> Iterator[_Event]:
    midnight = datetime.combine(start.date(), time(), start.tzinfo)
    days = [midnight + timedelta(days=n) for n in range(DAYS + 1)]
    for name in sorted(built):
        product = cast.product_of(cast.SERVICES[name])
        for place, train in enumerate(_TRAINS[product.name], start=1):
            for day in days:
                when = day + timedelta(hours=train[2], minutes=random.randint(0, 40))
                if day.weekday() in train[3] and start < when < now - timedelta(minutes=30):
                    author = random.choice(product.team)
                    yield _Event(when, place, _promotion(name, built[name], train, author, when))


def _promotion(
    name: str, found: Sequence[Built], train: _Train, author: commits.Person, when: datetime
) -> Callable[[_Writing], None]:
    target, source, _, _, behind = train

    def happen(writing: _Writing) -> None:
        index = writing.here[name, source]
        if writing.here[name, target] < index < len(found) - behind:
            tag = found[index].tag
            words = commits.Words(f"Promote {name} {tag} to {target}\n", author, when)
            _set_tag(writing, name, target, index, tag, words)

    return happen


def _set_tag(
    writing: _Writing, name: str, environment: str, index: int, tag: str, words: commits.Words
) -> None:
    service = cast.SERVICES[name]
    place = files.tag_file(service, environment)
    writing.here[name, environment] = index
    writing.commit({place: files.with_tag(service, writing.files[place], tag)}, words)


def _by_hand(now: datetime) -> Iterator[_Event]:
    for edit in HAND_EDITS:
        when = now - timedelta(days=edit.days_ago, minutes=50)
        yield _Event(when, 9, _hand_edit(edit, when))


def _hand_edit(edit: HandEdit, when: datetime) -> Callable[[_Writing], None]:
    def happen(writing: _Writing) -> None:
        before = writing.files[edit.place]
        after = before.replace(edit.old, edit.new, 1)
        assert after != before, f"nothing to edit in {edit.place}"
        words = commits.Words(f"{edit.message}\n", edit.author, when)
        writing.commit({edit.place: after}, words)

    return happen


_README = """\
# What runs where

`apps/<service>/<environment>` is what runs there. CI writes image tags below `dev`; everything
after that is a promotion. Replicas, memory and log levels differ between environments on purpose.
"""
