"""What hosts and trackers say of pull requests and issues: kept once it was said, asked for in the
background, and of each thing only once while it is fresh.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar

from towpath.history import places
from towpath.history.composing import Composition, Known, RequestKey
from towpath.history.library import Unresolved
from towpath.history.ranges import Gathered
from towpath.history.sayings import Sayings
from towpath.manifests import repositories
from towpath.ports.archive import Archive
from towpath.ports.errors import OutsideError, Permanent
from towpath.ports.outside import Host, Issue, Request, Tracker

FRESH = timedelta(minutes=30)
MOST_LONELY = 500  # commits that no message ties to a pull request, asked for one by one


class Knowing:
    """Asks, for one making of notes."""

    def __init__(
        self, archive: Archive, trackers: Sequence[Tracker], hosts: Sequence[Host], ask: bool
    ) -> None:
        self._archive = archive
        self._trackers = trackers
        self._hosts = hosts
        self._ask = ask
        self._lacking: dict[str, list[Unresolved]] = {}

    async def composed(self, gathered: Gathered, sayings: Sayings) -> tuple[Composition, Known]:
        """The composition with everything that is known of it."""
        known = Known(unresolved=self._lacking)
        composition = await asyncio.to_thread(Composition, gathered, sayings, known)
        if self._hosts:
            known.of_commits = await self._of_commits(composition.lonely)
            if known.of_commits:
                composition = await asyncio.to_thread(Composition, gathered, sayings, known)
            known.requests = await self._requests(composition.requests)
            if known.requests:
                composition = await asyncio.to_thread(Composition, gathered, sayings, known)
        self._untitled(composition, known)
        known.issues = await self._issues(composition.issues)
        return composition, known

    # --- pull requests -----------------------------------------------------------------------
    async def _of_commits(self, lonely: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        asked = [place for place in lonely if self._host(place[0])]
        if len(asked) > MOST_LONELY:
            what = f"{len(asked) - MOST_LONELY:,} commits without a pull request in their message"
            why = f"only the newest {MOST_LONELY} are looked up at the host"
            self._lacks("pull_requests", Unresolved(what, why))
            asked = asked[:MOST_LONELY]
        keys = {f"{repositories.identity(r)}@{sha}": (r, sha) for r, sha in asked}
        kept = await self._archive.findings("commit_request", keys)
        found = {keys[key]: int(str(one.value["number"])) for key, one in kept.items()}
        missing = [place for key, place in keys.items() if key not in kept]
        for repository, shas in _by_repository(missing).items():
            found |= await self._asked_of_commits(repository, shas)
        return {place: number for place, number in found.items() if number}

    async def _asked_of_commits(
        self, repository: str, shas: Sequence[str]
    ) -> Mapping[tuple[str, str], int]:
        host = self._host(repository)
        what = f"{len(shas)} commits of {repository}"
        if host is None or not self._ask:
            self._lacks("pull_requests", _being_asked(what))
            return {}
        try:
            said = await host.requests_of(repository, shas)
        except OutsideError as error:
            self._lacks("pull_requests", _trouble(what, error))
            return {}
        name = repositories.identity(repository)
        numbers = {sha: request.number if request else 0 for sha, request in said.items()}
        await self._archive.found(
            "commit_request", {f"{name}@{sha}": {"number": n} for sha, n in numbers.items()}
        )
        return {(repository, sha): number for sha, number in numbers.items()}

    async def _requests(self, named: Collection[RequestKey]) -> Mapping[RequestKey, Request]:
        keys = {_request_key(*place): place for place in named if self._host(place[0])}
        kept = await self._archive.findings("request", keys)
        found = {keys[key]: _request(one.value) for key, one in kept.items()}
        if self._ask:
            old = [keys[key] for key, one in kept.items() if one.age > FRESH]
            await self._ask_requests_again(found, old)
        missing = [place for key, place in keys.items() if key not in kept]
        for repository, numbers in _by_repository(missing).items():
            found |= await self._asked_requests(repository, numbers)
        for (repository, number), request in found.items():
            if request.missing:
                what = f"{repository}#{number}"
                self._lacks("pull_requests", Unresolved(what, request.missing))
        return found

    async def _asked_requests(
        self, repository: str, numbers: Sequence[int]
    ) -> Mapping[RequestKey, Request]:
        host = self._host(repository)
        if host is None or not self._ask:
            self._lacks("pull_requests", *(_being_asked(f"{repository}#{n}") for n in numbers))
            return {}
        try:
            said = await host.requests(repository, numbers)
        except OutsideError as error:
            self._lacks("pull_requests", *(_trouble(f"{repository}#{n}", error) for n in numbers))
            return {}
        await self._archive.found(
            "request", {_request_key(repository, n): asdict(one) for n, one in said.items()}
        )
        return {(repository, number): one for number, one in said.items()}

    async def _ask_requests_again(
        self, found: dict[RequestKey, Request], old: Sequence[RequestKey]
    ) -> None:
        """Titles change, and a token may see more than before."""
        for repository, numbers in _by_repository(old).items():
            host = self._host(repository)
            try:
                said = await host.requests(repository, numbers) if host else {}
            except OutsideError:
                continue
            known = {number: one for number, one in said.items() if not one.missing}
            await self._archive.found(
                "request", {_request_key(repository, n): asdict(one) for n, one in known.items()}
            )
            found |= {(repository, number): one for number, one in known.items()}

    def _untitled(self, composition: Composition, known: Known) -> None:
        """A pull request of which neither a message nor a host tells the title."""
        for (repository, number), title in composition.titles.items():
            if not title and self._host(repository) is None:
                where = places.host(repository) or repository
                why = f"no code host is configured for {where}, and no message has its title"
                self._lacks("pull_requests", Unresolved(f"{repository}#{number}", why))

    # --- issues ------------------------------------------------------------------------------
    async def _issues(self, named: Collection[str]) -> Mapping[str, Issue]:
        kept = await self._archive.findings("issue", named)
        found = {key: _issue(one.value) for key, one in kept.items()}
        missing = [key for key in named if key not in kept]
        if self._ask:
            await self._ask_again(found, [k for k, one in kept.items() if one.age > FRESH])
        for tracker in self._trackers:
            mine = [key for key in missing if tracker.knows(key)]
            missing = [key for key in missing if key not in set(mine)]
            if mine:
                told = await self._asked_issues(tracker, mine)
                found |= told
                # Two hosts may both have such issues; only one has this.
                missing += [key for key, issue in told.items() if issue.missing and "#" in key]
        missing = [key for key in missing if key not in found]
        self._lacks(
            "features",
            *(Unresolved(key, "no issue tracker is configured for it") for key in missing),
        )
        for key in named:
            if key in found and found[key].missing:
                self._lacks("features", Unresolved(key, found[key].missing))
        return found

    async def _ask_again(self, found: dict[str, Issue], keys: Sequence[str]) -> None:
        """What was known is asked for again; where nobody answers, it is what it was."""
        for tracker in self._trackers:
            mine = [key for key in keys if tracker.knows(key)]
            try:
                told = await tracker.issues(mine) if mine else {}
            except OutsideError:
                continue
            known = {key: one for key, one in told.items() if not one.missing}
            await self._archive.found("issue", {key: asdict(one) for key, one in known.items()})
            found |= known

    async def _asked_issues(self, tracker: Tracker, keys: Sequence[str]) -> Mapping[str, Issue]:
        if not self._ask:
            self._lacks("features", *map(_being_asked, keys))
            return {}
        try:
            said = await tracker.issues(keys)
        except OutsideError as error:
            self._lacks("features", *(_trouble(key, error) for key in keys))
            return {}
        await self._archive.found("issue", {key: asdict(one) for key, one in said.items()})
        unsaid = [key for key in keys if key not in said]
        self._lacks("features", *(Unresolved(k, "its tracker did not say", True) for k in unsaid))
        return said

    # --- who is asked ------------------------------------------------------------------------
    def _host(self, repository: str) -> Host | None:
        return next((host for host in self._hosts if host.knows(repository)), None)

    def _lacks(self, group: str, *what: Unresolved) -> None:
        self._lacking.setdefault(group, []).extend(what)


def _being_asked(what: str) -> Unresolved:
    return Unresolved(what, "is being asked for", pending=True)


def _trouble(what: str, error: OutsideError) -> Unresolved:
    return Unresolved(what, error.reason.sentence, pending=not isinstance(error, Permanent))


def _request_key(repository: str, number: int) -> str:
    return f"{repositories.identity(repository)}#{number}"


K = TypeVar("K")


def _by_repository(places_: Sequence[tuple[str, K]]) -> Mapping[str, list[K]]:
    grouped: dict[str, list[K]] = {}
    for repository, what in places_:
        grouped.setdefault(repository, []).append(what)
    return grouped


def _request(value: Mapping[str, Any]) -> Request:
    return Request(**{name: value[name] for name in Request.__slots__ if name in value})


def _issue(value: Mapping[str, Any]) -> Issue:
    return Issue(**{name: value[name] for name in Issue.__slots__ if name in value})
