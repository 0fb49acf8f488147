"""What each action does outside, and the events that follow from its outcome."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import uuid6

from towpath.domain import (
    actions,
    catalog,
    content,
    events,
    evolution,
    reasons,
    watching,
    writing,
)
from towpath.domain.facts import Facts, OpenWrite
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName, Promotion, Release
from towpath.domain.status import Status
from towpath.engine import arrivals, deciding, messages, targets
from towpath.engine.inforce import InForce
from towpath.engine.launching import Launching
from towpath.engine.outbox import Letter, Outbox
from towpath.engine.remotes import Remotes
from towpath.engine.targets import Target
from towpath.engine.watch import Watch
from towpath.ports import git
from towpath.ports.errors import OutsideError, Permanent, Temporary
from towpath.ports.store import Announcement, LandedPart, Store, Ticket, View

Place = tuple[str, str]  # repository and branch


@dataclass(frozen=True, slots=True)
class Writing:
    """What writing one promotion needs to know."""

    ticket: Ticket
    release: Release
    promotion: Promotion
    action: actions.Write
    open_writes: Sequence[OpenWrite]
    bodies: Mapping[str, bytes]


class Performer:
    """Does what a look decided, and records what came of it."""

    def __init__(
        self,
        store: Store,
        door: git.Git,
        outbox: Outbox,
        watch: Watch,
        remotes: Remotes,
        launching: Launching,
        in_force: InForce,
    ) -> None:
        self._store = store
        self._watch = watch
        self._launching = launching
        self._git = door
        self._outbox = outbox
        self._remotes = remotes
        self._in_force = in_force

    async def perform(
        self, ticket: Ticket, view: View, known: Facts, todo: Sequence[actions.Action]
    ) -> View | None:
        """Do all of it: first what only needs writing down, then claims, then the outside.

        Answers with the view as far as our own doing changed it, or None if it must be read anew.
        """
        view, sure = await self._record(ticket, view, (), todo)
        if any(isinstance(action, actions.StartCourse) for action in todo):
            await self._store.start_course(ticket)
            sure = False
        if await self._workflows(ticket, view, known, todo):
            sure = False
        outside = [a for a in todo if isinstance(a, actions.Write | actions.Settle)]
        if not outside:
            return view if sure else None
        if len(outside) == 1:
            after = await self._outside(ticket, view, known, outside[0], alone=True)
            return after if sure else None
        await asyncio.gather(*(self._outside(ticket, view, known, a) for a in outside))
        return None

    async def _record(
        self,
        ticket: Ticket,
        view: View,
        happened: Sequence[events.Event],
        found: Sequence[actions.Action],
    ) -> tuple[View, bool]:
        """Write down what happened and what was found to be recorded or claimed with it.

        Answers with the view after it, and whether every claim was to be had.
        """
        more = [e for action in found if isinstance(action, actions.Record) for e in action.events]
        claims = [action for action in found if isinstance(action, actions.Claim)]
        if not (happened or more or claims):
            return view, True
        release = await self._store.record(ticket, [*happened, *more], claims)
        return deciding.seen_after(view, release), all(_is_had(release, each) for each in claims)

    async def _workflows(
        self, ticket: Ticket, view: View, known: Facts, todo: Sequence[actions.Action]
    ) -> bool:
        """Start and stop runs; whether there was any to start or stop."""
        starts = [a for a in todo if isinstance(a, actions.StartRuns)]
        stops = [a for a in todo if isinstance(a, actions.StopRuns)]
        for stop in stops:
            await self._launching.stop(ticket, stop)
        await asyncio.gather(*(self._launching.start(ticket, view, known, a) for a in starts))
        return bool(starts or stops)

    async def _outside(
        self,
        ticket: Ticket,
        view: View,
        known: Facts,
        action: actions.Write | actions.Settle,
        *,
        alone: bool = False,
    ) -> View | None:
        """Do it, and record what came of it; and what follows from that, if it is `alone`."""
        if isinstance(action, actions.Settle):
            await self._settle(ticket, view, known, action.environment)
            return None
        happened = await self._write(ticket, view, known, action)
        then = _what_follows(view, known, happened) if alone else ()
        view, sure = await self._record(ticket, view, happened, then)
        if not happened or not is_written(view.release, action.environment):
            return None  # an attempt may be open that the view does not know
        return view if sure else None

    async def _write(
        self, ticket: Ticket, view: View, known: Facts, action: actions.Write
    ) -> Sequence[events.Event]:
        """Write, and tell what happened."""
        environment = action.environment
        promotion = view.release.promotion(environment)
        assert promotion is not None
        outcomes = await self._outcomes(ticket, view, promotion, known, action)
        happened = [
            *writing.happened(view.release, promotion, outcomes, view.now),
            *self._absent(view.release, promotion),
        ]
        return [*happened, *await self._at_once(view, environment, happened)]

    async def _at_once(
        self, view: View, environment: str, happened: Sequence[events.Event]
    ) -> Sequence[events.Event]:
        """What the deployer proves in the same moment is recorded together with the landing."""
        after = evolution.evolve(view.release, happened, view.now)
        promotion = after.promotion(environment)
        if promotion is None or promotion.current is None:
            return ()
        if promotion.current.name not in watching.PHASES:
            return ()
        seen = (await self._watch.look(after, environment)).watched.get(environment)
        return tuple(watching.all_done(promotion)) if watching.is_proven(seen) else ()

    async def _outcomes(
        self,
        ticket: Ticket,
        view: View,
        promotion: Promotion,
        known: Facts,
        action: actions.Write,
    ) -> Sequence[writing.Outcome]:
        release, environment = view.release, promotion.environment
        landed = await self._store.landed_in(release.product, environment)
        try:
            brought = targets.with_files({name: part.content for name, part in landed.items()})
            found = await self._targets(release, environment, brought)
            grouped = targets.by_branch(found)
            judged = {
                place: await edits(self._git, found, group, landed)
                for place, group in grouped.items()
            }
        except Permanent as error:
            if not known.open_writes.get(environment):
                return [writing.Refused("", "", error.reason)]
            await self._settle(ticket, view, known, environment)  # it may have arrived, and landed
            return [writing.Unanswered("", "", error.reason)]
        except Temporary as error:
            return [writing.Unanswered("", "", error.reason)]
        task = Writing(
            ticket,
            release,
            promotion,
            action,
            known.open_writes.get(environment, ()),
            await self._store.bodies(whole_files(release.content)),
        )
        letters = [self._letter(task, place, judged[place]) for place in grouped]
        if len(letters) > 1 and (refused := await self._refused_before_push(letters)):
            return refused
        return await asyncio.gather(*(self._outbox.send(letter) for letter in letters))

    async def _refused_before_push(self, letters: Sequence[Letter]) -> Sequence[writing.Outcome]:
        """All commits are made and checked before the first is pushed."""
        checks = await asyncio.gather(*(self._check(letter) for letter in letters))
        return [outcome for outcome in checks if outcome is not None]

    async def _check(self, letter: Letter) -> writing.Outcome | None:
        repository, branch = letter.announcement.repository, letter.announcement.branch
        try:
            heads = await self._git.fetch(repository)
            if branch not in heads.branches:
                return None  # the delivery says so, with what to do
            built = await self._git.build(repository, heads.branches[branch], [letter.change])
        except Temporary as error:
            return writing.Unanswered(repository, branch, error.reason)
        except Permanent as error:
            return writing.Refused(repository, branch, error.reason)
        reason = built[0].reason
        return writing.Refused(repository, branch, reason) if reason else None

    def _letter(self, task: Writing, place: Place, judged: tuple[git.Edit, ...]) -> Letter:
        before = [w for w in task.open_writes if (w.repository, w.branch) == place]
        again = next((w.id for w in before if w.attempt == task.promotion.attempt), None)
        write_id = again or uuid6.uuid7()
        components = tuple(sorted({each.component for each in judged}))
        announcement = Announcement(
            write_id,
            task.ticket,
            task.promotion.environment,
            task.promotion.attempt,
            task.promotion.claim,
            *place,
            task.action.before,
        )
        change = git.Change(
            write_id,
            judged,
            messages.commit(task.release, task.promotion.environment, components, write_id),
            task.bodies,
        )
        hold = task.promotion.settings.on_drift is catalog.OnDrift.HOLD
        return Letter(
            announcement,
            change,
            components,
            hold and not task.promotion.drift_accepted,
            tuple((w.id, w.base) for w in before),
            task.action.stays
            and place in {(x.repository, x.branch) for x in task.promotion.landings},
        )

    def _absent(self, release: Release, promotion: Promotion) -> Sequence[events.Event]:
        gone = targets.missing(
            self._in_force.catalog, release.product, promotion.environment, release.content
        )
        reason = absent(gone, promotion.environment) if gone else None
        if reason is None or any(w.sentence == reason.sentence for w in promotion.warnings):
            return ()
        return (events.WarningRaised(reason, environment=promotion.environment),)

    async def _settle(self, ticket: Ticket, view: View, known: Facts, environment: str) -> None:
        """Find out which pushes arrived; those that did have landed, whatever comes after."""
        promotion = view.release.promotion(environment)
        assert promotion is not None
        for place, writes in _by_place(known.open_writes.get(environment, ())).items():
            try:
                found = await arrivals.find(self._git, *place, writes)
                components = await self._brought(view.release, environment, place)
            except OutsideError:
                continue  # asked again at the next look, or given up by it
            if lost := [write.id for write in writes if write.id not in found]:
                await self._store.settle(lost)
            for write in writes:
                if commit := found.get(write.id):
                    landed = events.CommitLanded(
                        *place, commit, components, write_id=write.id, environment=environment
                    )
                    await self._store.record(ticket, [landed])

    async def _brought(self, release: Release, environment: str, place: Place) -> tuple[str, ...]:
        """The components that a push to this branch brings; by their content's repository if the
        configuration does not say any more."""
        try:
            emptied = targets.wholly_emptied(release.content)
            found = await self._targets(release, environment, emptied)
        except Permanent:
            found = ()
        here = {t.component for t in found if (t.repository, t.branch) == place}
        same = {name for name, part in release.content.items() if part.repository == place[0]}
        return tuple(sorted(here or same))

    async def _targets(
        self, release: Release, environment: str, emptied: Collection[targets.Place]
    ) -> Sequence[Target]:
        config, product = self._in_force.catalog, release.product
        return await targets.resolve(
            self._remotes, config, product, environment, release.content, emptied
        )


def _by_place(writes: Sequence[OpenWrite]) -> Mapping[Place, Sequence[OpenWrite]]:
    places: dict[Place, list[OpenWrite]] = {}
    for write in writes:
        places.setdefault((write.repository, write.branch), []).append(write)
    return places


def _is_had(release: Release, claim: actions.Claim) -> bool:
    promotion = release.promotion(claim.environment)
    return promotion is not None and promotion.begun


def _what_follows(
    view: View, known: Facts, happened: Sequence[events.Event]
) -> Sequence[actions.Action]:
    """What is to be done next, if this was all that happened."""
    after = deciding.seen_after(view, evolution.evolve(view.release, happened, view.now))
    return deciding.decided(
        after, replace(known, stages=after.stages, open_writes=after.open_writes)
    )


def is_written(release: Release, environment: str) -> bool:
    """Whether it is known of every push to the environment that it arrived."""
    promotion = release.promotion(environment)
    action = promotion.phase(PhaseName.ACTION) if promotion else None
    return action is None or action.status is Status.SUCCEEDED


async def edits(
    door: git.Git,
    found: Sequence[Target],
    group: Sequence[Target],
    landed: Mapping[str, LandedPart],
) -> tuple[git.Edit, ...]:
    """What to bring into a group of the folders found, judged against what landed there."""
    return tuple([await _edit(door, found, each, landed.get(each.component)) for each in group])


async def _edit(
    door: git.Git, found: Sequence[Target], target: Target, landed: LandedPart | None
) -> git.Edit:
    before = None
    if landed is not None:
        sources = [s for s in landed.content.sources if targets.takes(target, s)]
        before = tuple(file for source in sources for file in source.files)
        # Nothing is taken away that nobody of us put there.
        if not (landed.release and await _landed_here(door, found, target, landed.commit, before)):
            before = content.within(before, target.files)
    name = target.application.name
    return git.Edit(target.component, name, target.path, target.files, before, target.rules)


async def _landed_here(
    door: git.Git,
    found: Sequence[Target],
    target: Target,
    commit: str,
    files: tuple[content.FileContent, ...],
) -> bool:
    """Whether a folder is the one that the files landed in: an application may have moved.

    Asked only where something would be removed. Of a component that lies on several branches the
    commit is known of one only, so that it cannot be told.
    """
    if content.within(files, target.files) == files:
        return True
    if len(targets.by_branch(t for t in found if t.component == target.component)) > 1:
        return True
    if await targets.held(door, target, commit, files):
        return True
    await door.fetch(target.repository)  # the mirror may be new
    return await targets.held(door, target, commit, files)


def whole_files(carried: content.Content) -> set[str]:
    """The digests of files that are promoted whole."""
    return {
        file.whole.digest
        for part in carried.values()
        for source in part.sources
        for file in source.files
        if file.whole
    }


def absent(components: Sequence[str], environment: str) -> reasons.Reason:
    """The warning that some components take no part in an environment."""
    names = ", ".join(components)
    return Reason(
        Code.APPLICATION_MISSING,
        f"{names} has no application in {environment} and takes no part there",
        {"components": list(components)},
    )
