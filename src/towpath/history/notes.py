"""What changed: notes of a release in an environment, made at once of what is known here, and
completed in the background.

Whoever asks waits for nobody outside. What the background finds out is kept, so that notes stay
when a repository, registry or tracker is gone; notes once made are read from their table.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pydantic_core

from towpath.domain import catalog, changes
from towpath.domain.release import Release
from towpath.history import bases, indexing, messages, ranges
from towpath.history.composing import GROUPS, lacking
from towpath.history.knowing import Knowing
from towpath.history.library import Library, Outlook, Unresolved
from towpath.history.revisions import Revisions
from towpath.history.sayings import Sayings
from towpath.manifests import repositories
from towpath.ports.archive import Archive, Change, Question, Stored
from towpath.ports.outside import Host, Registry, Tracker
from towpath.ports.past import Past

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 3600.0
MOST_TRIES = 60
FRESH = timedelta(hours=1)
FORM = 4  # of the document: what was kept in another is made anew


class NotThere(Exception):  # noqa: N818
    """There is no such release, or it does not go to that environment."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What notes are made from. `gitops` has contents, `code` need not."""

    archive: Archive
    gitops: Past
    code: Past
    registry: Registry | None = None
    trackers: Sequence[Tracker] = ()
    hosts: Sequence[Host] = ()


class Notes:
    """Answers what changed."""

    def __init__(self, outside: Outside, config: Callable[[], catalog.Catalog]) -> None:
        self._outside = outside
        self._archive = outside.archive
        self._config = config
        self._making: MutableMapping[Question, asyncio.Lock] = {}

    async def read(self, release: str, environment: str = "", start: str = "") -> str:
        """The notes as a JSON document. Raises `NotThere`, `bases.UnknownOrigin`."""
        found = await self._archive.release(release)
        if found is None:
            raise NotThere(f"There is no release {release!r}.")
        environment = environment or changes.birthplace(found)
        if found.promotion(environment) is None:
            raise NotThere(f"{release} does not go to {environment!r}.")
        origin = await bases.origin(self._archive, self._config(), start)
        question = Question(release, environment, origin)
        async with self._making.setdefault(question, asyncio.Lock()):
            stored = await self._made(question, found, outside=False)
        self._making.pop(question, None)
        return _with_outlook(stored)

    async def report(self, report: changes.Report) -> changes.Report:
        """Keep what a CI says, and have notes that wait for it looked at again."""
        await self._archive.report(report)
        await self._archive.wake([f"image:{report.name}"])
        return report

    async def resolve(self, question: Question) -> Stored | None:
        """Make the notes anew with the help of everybody outside. None: no such release."""
        found = await self._archive.release(question.release)
        return await self._made(question, found, outside=True) if found else None

    async def _made(self, question: Question, release: Release, *, outside: bool) -> Stored:
        base = await bases.base(self._archive, question, release)
        stored = await self._archive.stored(question)
        configured = self._fingerprint(release, question.environment)
        same = stored is not None and (stored.base, stored.configured) == (base.key, configured)
        if stored is not None and same and not outside:
            await self._refreshed(stored)
            return stored
        making = _Making(self._outside, self._config(), question, release, base, outside)
        tries = (stored.tries if stored and same else 0) + outside
        document, index, lacks = await making.make(stored if same else None, tries)
        pending = any(each.pending for each in lacks)
        made = Stored(
            question,
            base.key,
            configured,
            document,
            not pending,
            tries=tries,
            waits=tuple(dict.fromkeys(name for each in lacks for name in each.waits)),
        )
        again = _again(tries) if pending else None
        return replace(made, next_try_at=await self._archive.keep(made, again, index))

    async def _refreshed(self, stored: Stored) -> None:
        """Issues change their status: what is old is asked for again once somebody looks at it."""
        asked = self._outside.trackers or self._outside.hosts
        if asked and stored.age is not None and stored.age > FRESH:
            await self._archive.expect(stored.question)

    def _fingerprint(self, release: Release, environment: str) -> str:
        """Of what in the configuration the notes depend on, integrations among it."""
        config = self._config()
        product = config.products.get(release.product)
        folders = [
            (name, source.repository, source.revision, folder)
            for place in dict.fromkeys((changes.birthplace(release), environment))
            for name, applications in sorted(config.components_in(release.product, place).items())
            for application in applications
            for _, source, folder in catalog.promotable_sources(application)
        ]
        asked = [type(each).__name__ for each in (*self._outside.trackers, *self._outside.hosts)]
        asked.append(type(self._outside.registry).__name__)
        known = (FORM, product.components, product.issue_keys) if product else (FORM,)
        return hashlib.sha256(repr((known, folders, asked)).encode()).hexdigest()[:32]


def _again(tries: int) -> timedelta | None:
    """When to try again; not for ever, since some things are gone for good."""
    if tries >= MOST_TRIES:
        return None
    return timedelta(
        seconds=min(FIRST_PAUSE_S * 2 ** min(tries - 1, 20), LONGEST_PAUSE_S) if tries else 0
    )


@dataclass
class _Making:
    """One making of notes."""

    outside: Outside
    config: catalog.Catalog
    question: Question
    release: Release
    base: bases.Base
    ask: bool

    async def make(
        self, before: Stored | None, tries: int
    ) -> tuple[str, Sequence[Change], Sequence[Unresolved]]:
        """The document, lines for the index, and everything that is not known."""
        archive = self.outside.archive
        environment = self.question.environment
        span = ranges.Span(self.release, environment, self.base.held, self.base.landed)
        product = self.config.products.get(self.release.product)
        sayings = Sayings(messages.issues(product.issue_keys if product else ()))
        code = Library(self.outside.code, self.ask, sayings.take)
        gitops = Library(self.outside.gitops, outside=False, kept=True)  # by the engine
        revisions = Revisions(
            archive, self.outside.registry, code, gitops, [*_repositories(self.config)]
        )
        gathering = ranges.Gathering(archive, self.config, code, gitops, revisions)
        gathered = await gathering.gather(span)
        knowing = Knowing(archive, self.outside.trackers, self.outside.hosts, self.ask)
        composition, known = await knowing.composed(gathered, sayings)
        groups = await asyncio.to_thread(composition.groups)
        document = {
            "release": self.release.id,
            "environment": self.question.environment,
            "base": self.base.document(),
            **groups,
        }
        if before is not None:
            document = _with_what_was_known(document, json.loads(before.document))
        if tries >= MOST_TRIES:
            _give_up(document, tries)
        index = indexing.lines(self.release, document) if self._is_first else ()
        text = await asyncio.to_thread(_json, document)
        return text, index, lacking(gathered, known)

    @property
    def _is_first(self) -> bool:
        """Whether these are the notes of what the release itself brought into the product."""
        return self.question.origin == bases.PREVIOUS


def _repositories(config: catalog.Catalog) -> Iterator[str]:
    for product in config.products.values():
        yield from (repositories.identity(c.repository) for c in product.components)
    for application in config.applications:
        yield from (repositories.identity(s.repository) for s in application.sources)


def _json(document: Mapping[str, Any]) -> str:
    # Three times as fast as the standard library's, and documents may be of megabytes.
    return pydantic_core.to_json(document).decode()


def _with_outlook(stored: Stored) -> str:
    """The document as it is answered: with what the background does about what is missing.

    That changes from moment to moment, while the document stays as it was kept.
    """
    state = "asking" if stored.trying else "waiting" if stored.next_try_at else "over"
    due = stored.next_try_at if state == "waiting" else None
    told = {"state": state, "next_try_at": due, "tries": stored.tries}
    return f'{stored.document[:-1]},"resolving":{_json(told)}}}'


def _give_up(document: Mapping[str, Any], tries: int) -> None:
    """Say of what is still missing that nobody asks for it any more."""
    for name in GROUPS:
        for lack in document[name]["unresolved"]:
            if lack["outlook"] == Outlook.COMING:
                why = f"{lack['reason']}; given up after {tries} tries"
                lack |= {"reason": why, "outlook": Outlook.GIVEN_UP}


def _with_what_was_known(document: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Where a repository can no longer be read, what was listed before stays, and it is said."""
    troubled = any(document[name]["unresolved"] for name in ("images", "commits", "gitops"))
    every = [lack["outlook"] for name in GROUPS for lack in document[name]["unresolved"]]
    outlook = Outlook.COMING if Outlook.COMING in every else Outlook.GIVEN_UP
    for name in GROUPS:
        now, then = document[name], before[name]
        if now["resolved"] < then["resolved"] and (troubled or now["unresolved"]):
            said = {"what": name, "reason": "shown as it was known before", "outlook": outlook}
            document[name] = {**then, "unresolved": [*now["unresolved"], said]}
    return document
