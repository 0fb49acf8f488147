"""What is kept of releases and of what was found out about them, as notes and traces read it.

Every method is one transaction. Nothing here is asked of anybody outside.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from towpath.domain import content
from towpath.domain.changes import Finding, Report
from towpath.domain.release import Release


@dataclass(frozen=True, slots=True)
class Landed:
    """Something that came to an environment, for one component."""

    id: int
    component: str
    release: str  # empty: it was found there at the first look
    commit: str
    content: content.ComponentContent
    at: datetime
    kind: str = ""  # found | succeeded | rollback | landed


Held = Mapping[str, Landed]  # by component


@dataclass(frozen=True, slots=True)
class Question:
    """Which notes: of a release in an environment, from its base or from another `origin`.

    `origin`: empty for the base, `previous` for what the release was made on, else `release:ID`,
    `environment:NAME` or `time:RFC3339`.
    """

    release: str
    environment: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """Notes as they were made last: a JSON document.

    `base` and `configured` name what they were made from: with others, they are made anew.
    `waits` names the outside things that were not answered yet. They are looked at again in the
    background at `next_try_at` (None: only once something wakes them), and now if `trying`.
    """

    question: Question
    base: str
    configured: str
    document: str
    complete: bool
    age: timedelta | None = None  # since they were made
    tries: int = 0
    waits: tuple[str, ...] = ()
    next_try_at: datetime | None = None
    trying: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the index: a release brought this to its product.

    `kind`: commit | gitops | pull_request | image | digest | issue. `scope` is the repository (or
    the image's name) in which `ref` has its meaning. `gone`: the release took it back.
    """

    ref: str
    kind: str
    scope: str
    component: str
    product: str
    release: str
    n: int
    line: str = ""
    gone: bool = False


ENDLESS = 2**62  # the end of a stretch that has none


@dataclass(frozen=True, slots=True)
class Stretch:
    """Releases of a line that carry a change: from the n `start` on, and no more from `end` on."""

    line: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Trail:
    """Of what a trace looks for places: a component's change, carried on `stretches` of lines, in
    order, and by `carriers` of no line. For an image: wherever `image` lies."""

    product: str
    component: str
    carriers: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    image: content.Image | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an environment stands to a trail.

    `present` is the landing that is there (None: none), of `release`, whose content is one of
    `line` (empty: of none). `carried` is None where the stretches do not say. `first` is the
    release by which it came, `since` when. `next` is the newest release that would bring it.
    """

    environment: str
    present: int | None
    release: str
    line: str
    repository: str
    revision: str
    carried: bool | None = None
    found_before: bool = False
    has_image: bool = False
    first: str = ""
    since: datetime | None = None
    next: str = ""
    next_status: str = ""
    next_sentence: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """A promotion that succeeded, by the event that says so."""

    event: int
    product: str
    release: str
    n: int
    environment: str
    version: str
    at: datetime


class Archive(Protocol):
    """The store as the read side needs it."""

    async def release(self, release: str) -> Release | None:
        """All of one release."""
        ...

    # --- bases -------------------------------------------------------------------------------
    async def base(self, product: str, environment: str, release: str) -> Held:
        """What the notes of a release in an environment start from, for each component.

        What landed with the last promotion there that succeeded, or with a later rollback;
        before the first, what was found. Landings from the release's own on, or from the first of
        a newer release of its line, do not count.
        """
        ...

    async def before(self, product: str, environment: str, release: str) -> Held:
        """What the environment held just before the release first landed there."""
        ...

    async def held(self, product: str, environment: str, at: datetime | None = None) -> Held:
        """What the environment holds now, or held at a time."""
        ...

    async def landed_with(self, product: str, environment: str, release: str) -> Held:
        """What the release itself brought there."""
        ...

    # --- notes -------------------------------------------------------------------------------
    async def stored(self, question: Question) -> Stored | None:
        """The notes as they were made last."""
        ...

    async def keep(
        self, made: Stored, again_in: timedelta | None, index: Sequence[Change] = ()
    ) -> datetime | None:
        """Keep notes (those before are replaced) and lines of the index; `again_in`: look again.

        Answers when they are looked at again; whoever follows the release is told.
        """
        ...

    async def expect(self, question: Question) -> None:
        """Have these notes looked at again soon, in the background."""
        ...

    async def due(self, worker: str, limit: int, lease: timedelta) -> Sequence[Question]:
        """Take notes whose time has come; nobody else gets them while the lease lasts."""
        ...

    async def put_off(self, question: Question, pause: timedelta) -> None:
        """Give back notes that could not be made now; they are due again after the pause."""
        ...

    async def wake(self, waits: Collection[str]) -> None:
        """Have all notes that wait for one of these looked at again now."""
        ...

    # --- findings ----------------------------------------------------------------------------
    async def findings(self, kind: str, keys: Collection[str]) -> Mapping[str, Finding]:
        """What was found out before, by key."""
        ...

    async def found(self, kind: str, values: Mapping[str, Mapping[str, object]]) -> None:
        """Keep what was found out now."""
        ...

    async def claim(self, kind: str, key: str, value: Mapping[str, object]) -> bool:
        """Keep a finding if there is none yet: whoever is told True does what it names."""
        ...

    async def unclaim(self, kind: str, key: str) -> None:
        """Take a claim back."""
        ...

    async def take_duty(self, name: str, worker: str, seconds: float) -> bool:
        """Take, or keep, a piece of work that one process does for all, for so long."""
        ...

    async def newest_event(self) -> int:
        """The highest id of an event; 0 before anything happened."""
        ...

    async def reached(self, after: int, limit: int) -> Sequence[Reached]:
        """Promotions that succeeded by events after this one, oldest first."""
        ...

    async def reports(self, names: Collection[str]) -> Sequence[Report]:
        """What CIs reported of images of these names, newest first."""
        ...

    async def report(self, report: Report) -> None:
        """Keep what a CI reports; the same again changes nothing."""
        ...

    # --- traces ------------------------------------------------------------------------------
    async def changes(self, ref: str, kinds: Collection[str], limit: int) -> Sequence[Change]:
        """Lines of the index for a ref; for commits and digests also its beginning."""
        ...

    async def standings(self, trail: Trail) -> Sequence[Standing]:
        """How each environment of the component stands to the trail."""
        ...
