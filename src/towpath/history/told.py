"""Where it is told that changes reach environments, and what of a release's notes it is told of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from towpath.ports.outside import Deployments, Host, Tracker


@dataclass(frozen=True, slots=True)
class Place:
    """Where to tell: `name` stays the same for ever. `comment_in`: environments with comments;
    `labels`: environments with the label that what is there has."""

    name: str
    comment_in: Collection[str] = ()
    tracker: Tracker | None = None
    host: Host | None = None
    deployments: Deployments | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_asked_for(self) -> bool:
        """Whether anything at all is to be told here."""
        return bool(self.comment_in or self.labels) or self.deployments is not None


@dataclass(frozen=True, slots=True)
class Thing:
    """An issue or a pull request of notes. `lasts`: it came and is there; `gone`: it went."""

    name: str
    lasts: bool
    gone: bool
    issue: str = ""
    repository: str = ""
    number: int = 0


def things(place: Place, document: Mapping[str, Any]) -> Iterator[Thing]:
    """What a place knows of the issues and pull requests of notes."""
    if place.tracker is not None:
        for one in document["features"]["items"]:
            if _is_there(place.tracker, one):
                gone = one["taken_back"] or one["reverted"]
                yield Thing(one["key"], _lasts(one), gone, issue=one["key"])
    if place.host is not None:
        for one in document["pull_requests"]["items"]:
            if place.host.knows(one["repository"]):
                where, number = one["repository"], one["number"]
                name = f"{where}!{number}"
                told = (_lasts(one), one["taken_back"])
                yield Thing(name, *told, repository=where, number=number)


def _is_there(tracker: Tracker, feature: Mapping[str, Any]) -> bool:
    """Two hosts may have issues of one name (`acme/shop#12`): the page says which is meant."""
    key, page = feature["key"], feature["url"]
    return tracker.knows(key) and ("#" not in key or (bool(page) and tracker.knows(page)))


def _lasts(one: Mapping[str, Any]) -> bool:
    return not (one["taken_back"] or one["reverted"])
