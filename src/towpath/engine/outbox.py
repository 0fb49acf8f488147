"""Writes to branches: those that wait for the same branch go out in one push.

For each repository and branch one delivery is under way at a time; whatever comes meanwhile goes
with the next, each change as a commit of its own. A branch that several write to rests for a moment
after each push, so that more go out together: a push costs its server and us more than a commit
does. A push that is refused is tried again one by one, so that one bad change stops nobody else.
"""

import asyncio
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from towpath.domain.reasons import Code, Reason
from towpath.domain.writing import (
    Displaced,
    HeldBack,
    Landed,
    Outcome,
    Refused,
    Unanswered,
    Withdrawn,
)
from towpath.engine import arrivals, drifting
from towpath.ports import git
from towpath.ports.errors import Moved, Permanent, Temporary
from towpath.ports.store import Announcement, Store

LARGEST_BATCH = 50
REST_S = 0.25
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """One change on its way to a branch.

    `earlier` are attempts whose end is not known, with the head each was built on: they are
    looked for before anything is written again. `stays`: it landed before, and is only looked for.
    """

    announcement: Announcement
    change: git.Change
    components: tuple[str, ...]
    hold_on_drift: bool
    earlier: tuple[tuple[UUID, str], ...] = ()
    stays: bool = False

    @property
    def ids(self) -> Collection[UUID]:
        """Every id under which the change may be on the branch."""
        return {self.announcement.id, *(write_id for write_id, _ in self.earlier)}


class Outbox:
    """Delivers letters, branch by branch."""

    def __init__(self, door: git.Git, store: Store) -> None:
        self._git = door
        self._store = store
        self._waiting: MutableMapping[
            tuple[str, str], list[tuple[Letter, asyncio.Future[Outcome]]]
        ] = {}
        self._delivering: MutableMapping[tuple[str, str], asyncio.Task[None]] = {}

    async def send(self, letter: Letter) -> Outcome:
        """Bring the change onto its branch, together with others that go there."""
        place = (letter.announcement.repository, letter.announcement.branch)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(place, []).append((letter, answer))
        if place not in self._delivering:
            self._delivering[place] = asyncio.create_task(self._deliver_all(place))
        return await answer

    async def _deliver_all(self, place: tuple[str, str]) -> None:
        try:
            while waiting := self._waiting.get(place):
                batch, self._waiting[place] = waiting[:LARGEST_BATCH], waiting[LARGEST_BATCH:]
                await self._deliver([b for b in batch if not b[1].done()], place)
                if len(batch) > 1 or self._waiting[place]:
                    await asyncio.sleep(REST_S)
        finally:
            self._waiting.pop(place, None)
            del self._delivering[place]

    async def _deliver(
        self, batch: Sequence[tuple[Letter, asyncio.Future[Outcome]]], place: tuple[str, str]
    ) -> None:
        answers = {letter.announcement.id: answer for letter, answer in batch}
        try:
            delivery = Delivery(self._git, self._store, place, [letter for letter, _ in batch])
            outcomes = await delivery.run()
        except BaseException as error:
            for answer in answers.values():
                if not answer.done():
                    answer.set_exception(_seen_by_waiter(error))
            if not isinstance(error, Exception):
                raise
            return
        for write_id, outcome in outcomes.items():
            if not answers[write_id].done():
                answers[write_id].set_result(outcome)


def _seen_by_waiter(error: BaseException) -> BaseException:
    return error if isinstance(error, Exception) else RuntimeError("the delivery was cancelled")


class Delivery:
    """One batch on its way to one branch: build, announce, push, until every letter has its end."""

    def __init__(
        self, door: git.Git, store: Store, place: tuple[str, str], letters: Sequence[Letter]
    ) -> None:
        self._git = door
        self._store = store
        self._repository, self._branch = place
        self._left = {letter.announcement.id: letter for letter in letters}
        self._earlier = {letter.announcement.id: letter.earlier for letter in letters}
        self._outcomes: dict[UUID, Outcome] = {}
        self._announced: set[UUID] = set()
        self._fresh = False  # whether the head was fetched for this delivery

    async def run(self) -> dict[UUID, Outcome]:
        """Deliver, and answer with what became of each letter."""
        try:
            head = await self._first_head()
            for _ in range(ROUNDS):
                if not self._left:
                    break
                head = await self._round(head)
            else:
                self._end_all(Unanswered(self._repository, self._branch, self._crowded()))
        except Temporary as error:
            self._end_all(Unanswered(self._repository, self._branch, error.reason))
        except Permanent as error:
            self._end_all(Refused(self._repository, self._branch, error.reason))
        await self._settle()
        return self._outcomes

    async def _first_head(self) -> str:
        earlier = [pair for letter in self._left.values() for pair in letter.earlier]
        known = await self._git.known_head(self._repository, self._branch)
        if known and not earlier:
            return known
        head = await self._fetch()
        for base in {base for _, base in earlier}:
            await self._find(base, head)
        return head

    async def _fetch(self) -> str:
        heads = await self._git.fetch(self._repository)
        self._fresh = True
        if self._branch not in heads.branches:
            raise Permanent(branch_gone(self._repository, self._branch))
        return heads.branches[self._branch]

    async def _find(self, base: str, head: str) -> None:
        """Take what arrived by an attempt whose end was not known."""
        ids = {write_id for letter in self._left.values() for write_id in letter.ids}
        found = await self._git.find_writes(self._repository, base, head, ids)
        for letter in list(self._left.values()):
            arrived = next((i for i in letter.ids if i in found), None)
            if arrived:
                self._land(letter, found[arrived], write_id=arrived)

    async def _round(self, head: str) -> str:
        """Build on `head` and push; answers with the head to build on next."""
        changes = [letter.change for letter in self._left.values()]
        built = await self._git.build(self._repository, head, changes)
        if not self._fresh and any(self._says_no(each) for each in built):
            return await self._moved(head)  # what need not or cannot be done is true of one head
        if asleep := self._asleep(built, head):
            return await self._fence(head, asleep)
        if self._sort_out(built, head) or not self._left or not await self._allowed(head):
            return head
        return await self._push(head, {each.write_id: each for each in built})

    def _says_no(self, built: git.Built) -> bool:
        """Whether there is nothing to push, or something that must not be pushed as it stands."""
        letter = self._left[built.write_id]
        held_back = bool(built.drift) and letter.hold_on_drift
        return not built.commit or held_back or letter.stays

    def _asleep(self, built: Sequence[git.Built], head: str) -> Sequence[UUID]:
        """Earlier attempts that may still arrive, of letters that push nothing on top of them."""
        ended = [self._left[each.write_id] for each in built if self._says_no(each)]
        return [i for letter in ended for i, base in letter.earlier if base == head]

    async def _fence(self, head: str, asleep: Sequence[UUID]) -> str:
        try:
            place = (self._repository, self._branch)
            return await arrivals.fence(self._git, *place, head, asleep)
        except Moved:
            return await self._came(head, await self._known_head())

    def _sort_out(self, built: Sequence[git.Built], head: str) -> bool:
        """End what cannot, need not or must not be pushed. True if the rest is built on it."""
        held_back = False
        for each in built:
            letter = self._left[each.write_id]
            if each.reason:
                self._end(letter, Refused(self._repository, self._branch, each.reason))
            elif not each.commit:
                self._land(letter, head, changed=False)
            elif letter.stays:
                self._end(letter, Displaced(self._repository, self._branch))
                held_back = True
            elif each.drift and letter.hold_on_drift:
                reason = _drift(each.drift)
                self._end(letter, HeldBack(self._repository, self._branch, reason))
                held_back = True
        return held_back

    async def _allowed(self, head: str) -> bool:
        """Ask once more for the right to write, and store that we are about to."""
        letters = list(self._left.values())
        allowed = await self._store.announce([each.announcement for each in letters], head)
        self._announced |= set(allowed)
        withdrawn = [each for each in letters if each.announcement.id not in allowed]
        for letter in withdrawn:
            self._end(letter, Withdrawn(self._repository, self._branch))
        return not withdrawn

    async def _push(self, head: str, built: Mapping[UUID, git.Built]) -> str:
        tip = [each.commit for each in built.values() if each.commit][-1]
        try:
            await self._git.push(self._repository, self._branch, head, tip)
        except Moved:  # then the mirror knows already what came
            return await self._came(head, await self._known_head())
        except Temporary as error:
            return await self._unknown(head, error)
        except Permanent as error:
            await self._refused(error, head)
            return head
        for letter in list(self._left.values()):
            made = built[letter.announcement.id]
            drift = _drift(made.drift) if made.drift else None
            self._land(letter, made.commit, drift=drift)
        return tip

    async def _moved(self, old: str) -> str:
        """Somebody else pushed: perhaps a former attempt of ours, perhaps a stranger."""
        return await self._came(old, await self._fetch())

    async def _came(self, old: str, head: str) -> str:
        if head != old:
            await self._find(old, head)
        return head

    async def _known_head(self) -> str:
        known = await self._git.known_head(self._repository, self._branch)
        self._fresh = known is not None
        return known or await self._fetch()

    async def _unknown(self, old: str, error: Temporary) -> str:
        """The push may have arrived: only the remote can tell."""
        try:
            head = await self._fetch()
        except Temporary:
            raise error from None
        await self._find(old, head)
        if self._left:
            raise error
        return head

    async def _refused(self, error: Permanent, head: str) -> None:
        """One by one, so that each letter has its own answer."""
        letters = list(self._left.values())
        if len(letters) == 1:
            if any(base == head for _, base in letters[0].earlier):  # that one may still arrive
                self._announced.discard(letters[0].announcement.id)
            self._end(letters[0], Refused(self._repository, self._branch, error.reason))
            return
        for letter in letters:
            alone = Delivery(self._git, self._store, (self._repository, self._branch), [letter])
            for outcome in (await alone.run()).values():
                self._end(letter, outcome)

    def _land(
        self,
        letter: Letter,
        commit: str,
        *,
        changed: bool = True,
        write_id: UUID | None = None,
        drift: Reason | None = None,
    ) -> None:
        landed = Landed(
            self._repository,
            self._branch,
            commit,
            letter.components,
            changed,
            (write_id or letter.announcement.id) if changed else None,
            drift,
        )
        self._end(letter, landed)

    def _end(self, letter: Letter, outcome: Outcome) -> None:
        self._outcomes[letter.announcement.id] = outcome
        self._left.pop(letter.announcement.id, None)

    def _end_all(self, outcome: Outcome) -> None:
        for letter in list(self._left.values()):
            self._end(letter, outcome)

    async def _settle(self) -> None:
        """Attempts that are known to have ended without a commit need not be looked for again.

        With what landed, the branch has moved on from where each earlier one was built on.
        """
        over = {
            write_id
            for write_id, outcome in self._outcomes.items()
            if write_id in self._announced and not isinstance(outcome, Unanswered)
            if not (isinstance(outcome, Landed) and outcome.changed)
        }
        over |= {
            earlier
            for write_id, outcome in self._outcomes.items()
            if isinstance(outcome, Landed)
            for earlier, base in self._earlier[write_id]
            if earlier not in (write_id, outcome.write_id) and base != outcome.commit
        }
        if over:
            await self._store.settle(over)

    def _crowded(self) -> Reason:
        return Reason(
            Code.GIT_DIVERGED,
            f"others push to {self._branch} of {self._repository} faster than we can follow "
            f"({ROUNDS} tries)",
        )


def branch_gone(repository: str, branch: str) -> Reason:
    """What is said of a branch that is to be written to, and is not there."""
    return Reason(
        Code.BRANCH_MISSING,
        f"branch {branch} is gone from {repository}",
        {"repository": repository, "branch": branch},
        advice="Bring the branch back, or change targetRevision of the application; then retry.",
    )


def _drift(drift: Sequence[git.Drift]) -> Reason:
    return Reason(
        Code.CHANGED_BY_HAND,
        drifting.told(drift),
        drifting.data(drift),
        advice="Retry to overwrite it, or terminate the release and take the change over first.",
    )
