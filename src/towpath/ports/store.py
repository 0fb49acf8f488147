"""Where the engine keeps what must not be lost: releases, claims, writes, landed content, events.

Every method is one transaction. `now` is always the store's own clock. A look is fenced: once its
lease has gone to somebody else, what it tries to write raises `LeaseLost`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from towpath.domain import actions, catalog, content, events, facts, reasons, workflow
from towpath.domain.release import Release
from towpath.domain.rules import Rules
from towpath.domain.subjects import Scope


class LeaseLost(Exception):  # noqa: N818
    """Somebody else looks at the release now: leave it without another word."""


class StoreUnavailable(Exception):  # noqa: N818
    """The database does not answer. Nothing was recorded, or it is not known whether it was."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to look at a release, and to write what the look decides."""

    release: str
    look_no: int


@dataclass(frozen=True, slots=True)
class View:
    """A release and what the store knows around it, read at one moment."""

    release: Release
    now: datetime
    rivals: tuple[facts.Rival, ...] = ()
    stages: Mapping[str, facts.Stage] = field(default_factory=dict)
    open_writes: Mapping[str, tuple[facts.OpenWrite, ...]] = field(default_factory=dict)
    runs: tuple[workflow.Known, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """An attempt to write, stored before its push: who writes, under which look and claim.

    `before`: a window closes then, and the attempt is not allowed any more.
    """

    id: UUID
    ticket: Ticket
    environment: str
    attempt: int
    claim: int
    repository: str
    branch: str
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class LandedPart:
    """What last came to an environment, for one component."""

    content: content.ComponentContent
    commit: str
    release: str = ""  # empty: found there, or put there by hand


@dataclass(frozen=True, slots=True)
class StoredConfiguration:
    """The last good configuration, where it is from, and what is wrong with a newer one."""

    source: str
    revision: str
    files: Mapping[str, bytes]
    problems: tuple[catalog.Problem, ...] = ()
    problems_revision: str = ""
    serial: int = 0


class Store(Protocol):
    """The engine's memory."""

    # --- looks -------------------------------------------------------------------------------
    async def take_looks(self, worker: str, limit: int) -> Sequence[Ticket]:
        """Lease releases that are due, at most `limit`; one look at a release at a time."""
        ...

    async def renew_leases(self, tickets: Collection[Ticket]) -> None:
        """Keep the leases of looks in progress."""
        ...

    async def end_look(self, ticket: Ticket, again_at: datetime | None) -> None:
        """Give the lease back; look again at `again_at`, or when something wakes the release."""
        ...

    # --- releases ----------------------------------------------------------------------------
    async def view(self, ticket: Ticket) -> View:
        """The release and what surrounds it."""
        ...

    async def view_of(self, release: str) -> View | None:
        """The same without a look, for commands."""
        ...

    async def record(
        self,
        ticket: Ticket,
        happened: Sequence[events.Event],
        to_claim: Sequence[actions.Claim] = (),
    ) -> Release:
        """Write state and events, and what follows from them (landed, locks, claims, wake-ups).

        Then claim each environment that nobody else has by now, and begin the promotion there.
        Answers with the release as it is then, with whatever a person wished meanwhile.
        """
        ...

    async def start_course(self, ticket: Ticket) -> bool:
        """Let the release out of its product's queue, unless another one is out."""
        ...

    async def announce(self, writes: Sequence[Announcement], base: str) -> Collection[UUID]:
        """Store the attempts with the head they are built on; answers with those still allowed.

        Not allowed is one whose look or claim is gone, or whose environment is locked, or takes no
        promotions any more, by now.
        """
        ...

    async def settle(self, writes: Collection[UUID]) -> None:
        """Mark attempts as ended: it is known whether they arrived."""
        ...

    async def start_runs(
        self,
        ticket: Ticket,
        environment: str,
        claim: int,
        runs: Mapping[workflow.Place, workflow.Run],
    ) -> bool:
        """Start runs of workflows, each under its place's id: a second time changes nothing.

        False: the look, or the claim (0: none is needed), is somebody else's by now.
        """
        ...

    async def stop_runs(
        self, ticket: Ticket, ids: Collection[UUID], reason: reasons.Reason
    ) -> None:
        """Ask runs to stop; those that have ended are left alone."""
        ...

    async def command(
        self,
        release: str,
        actor: str,
        decide: Callable[[View], Sequence[events.Event]],
    ) -> Release:
        """Let a person's wish happen: `decide` sees the release under its lock.

        Raises `KeyError` when there is no such release, and whatever `decide` raises.
        """
        ...

    async def create(
        self,
        product: str,
        build: Callable[[int, datetime], tuple[Release, events.Event]],
        expected: Mapping[str, str],
        trigger_environment: str,
        actor: str,
        bodies: Mapping[str, bytes],
    ) -> Release | None:
        """Make a release with the product's next n.

        `expected` maps each component of the trigger environment to the revision it was compared
        with; None when that is no longer what is recorded (somebody else made the release).
        `trigger_environment` is empty for a release whose content landed nowhere yet.
        """
        ...

    async def bodies(self, digests: Collection[str]) -> Mapping[str, bytes]:
        """The bodies of whole files, by SHA-256."""
        ...

    # --- what landed -------------------------------------------------------------------------
    async def landed_in(self, product: str, environment: str) -> Mapping[str, LandedPart]:
        """What landed in one environment of the product, for each component."""
        ...

    async def landed_with(self, product: str, environment: str, release: str) -> content.Content:
        """All that the environment held once the release had landed there, if it ever did."""
        ...

    async def landed_before(self, product: str, environment: str, release: str) -> content.Content:
        """All that the environment held before the release first landed there."""
        ...

    async def landings(self, product: str, environment: str, limit: int) -> Sequence[str]:
        """The releases that landed in the environment, newest first."""
        ...

    async def found(
        self,
        product: str,
        first_n: int,
        parts: Mapping[str, Mapping[str, LandedPart]],
        bodies: Mapping[str, bytes],
        *,
        again: bool = False,
    ) -> None:
        """Record what the first look found. What is recorded already stays.

        `again`: it was read anew, and takes the place of what was found and still stands.
        """
        ...

    async def found_by(self) -> Mapping[str, Mapping[tuple[str, str], Rules | None]]:
        """For each product, the rules by which the environments and components were read in which
        no release has landed yet."""
        ...

    async def places(self) -> Mapping[str, Collection[tuple[str, str]]]:
        """For each product that had its first look, the environments and components recorded."""
        ...

    async def holder(self, product: str, environment: str) -> Release | None:
        """The release that acts in the environment now."""
        ...

    async def take_duty(self, name: str, worker: str, seconds: float) -> bool:
        """Take, or keep, a piece of work that one process does for all, for so long."""
        ...

    async def standings(
        self, release: Release, environments: Collection[str]
    ) -> Mapping[str, facts.Standing]:
        """How environments where the release landed have done since."""
        ...

    async def health(self, product: str, environment: str, sick: reasons.Reason | None) -> None:
        """Whether a product is healthy in an environment (None), as its deployer says now.

        Only what differs from before is recorded, and wakes the product's releases.
        """
        ...

    async def authors(self, of: Release, environment: str) -> frozenset[str]:
        """Who wrote what the release brings to the environment, with those it supersedes there."""
        ...

    # --- what is watched ---------------------------------------------------------------------
    async def heads(self) -> Mapping[tuple[str, str], str]:
        """For each repository and branch, the head up to which everything was examined."""
        ...

    async def examined(self, repository: str, branch: str, head: str) -> None:
        """Everything up to this head was examined."""
        ...

    async def trouble(self, scope: Scope, subject: str, reason: reasons.Reason | None) -> None:
        """Note what is wrong with something, or (None) that nothing is any more."""
        ...

    async def forget_trouble(self, scope: Scope, named: Collection[str]) -> None:
        """Of this scope only the subjects named can be in trouble."""
        ...

    async def troubled(self, scope: Scope) -> Collection[str]:
        """The subjects of this scope that something is wrong with."""
        ...

    # --- locks, configuration ----------------------------------------------------------------
    async def lock(self, lock: facts.Lock) -> None:
        """Lock a product in an environment, or (empty product) the environment."""
        ...

    async def unlock(self, product: str, environment: str, actor: str) -> bool:
        """Take the lock off. False: there was none."""
        ...

    async def configuration(self) -> StoredConfiguration | None:
        """The configuration in force."""
        ...

    async def save_configuration(self, configuration: StoredConfiguration) -> None:
        """Put a configuration in force, or note what is wrong with a newer one."""
        ...

    async def wake(self, products: Collection[str]) -> None:
        """Have the releases of these products that can still go on by themselves looked at now."""
        ...

    async def now(self) -> datetime:
        """The store's clock."""
        ...


class Signals(Protocol):
    """News of commits, as hints: whoever is woken looks at the store."""

    def count(self, channel: str) -> int:
        """How often there was news on the channel."""
        ...

    async def wait(self, channel: str, seen: int, seconds: float) -> None:
        """Wait for more news than `seen`, `seconds` at most."""
        ...
