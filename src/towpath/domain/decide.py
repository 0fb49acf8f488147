"""What to do about a release, from what is true now. Pure: the same facts give the same actions.

One look asks again after every action it did, so each call need only find the next ones. Nothing
is remembered between looks but the release itself.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from towpath.domain import (
    actions,
    events,
    gates,
    meeting,
    soak,
    stopping,
    timing,
    trouble,
    watching,
)
from towpath.domain.actions import Action, Record
from towpath.domain.catalog import PromotionAction
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName, Promotion, Release, Role
from towpath.domain.status import Status

SETTLE_AGAIN = timedelta(seconds=5)


def decide(release: Release, facts: Facts, now: datetime) -> list[Action]:
    """The next actions for the release. Empty when only time, a fact or a person can change it."""
    if release.course.status is Status.TERMINATING:
        return list(stopping.stop_all(release, facts, now))
    if release.course.status is Status.QUEUED:
        return list(_in_queue(release, facts))
    if (late := timing.time_is_up(release, now)) is not None:
        return [Record((events.TerminationRequested(late),))]
    found = [
        action
        for promotion in release.promotions
        if promotion.role is not Role.SOURCE and not promotion.status.ended
        for action in _promotion(release, promotion, facts, now)
    ]
    if not any(isinstance(action, Record | actions.Claim | actions.Write) for action in found):
        found += _bookkeeping(release, now)
    return found


def asks_deployer(release: Release) -> tuple[Promotion, ...]:
    """The promotions whose environments the deployer must be asked about before deciding."""
    return tuple(p for p in release.promotions if _is_watched(release, p))


def _is_watched(release: Release, promotion: Promotion) -> bool:
    if promotion.status.ended or promotion.role is Role.SOURCE:
        return False
    if promotion.role is Role.TRIGGER:
        return not promotion.proven
    return promotion.current is not None and promotion.current.name in watching.PHASES


def _bookkeeping(release: Release, now: datetime) -> Iterator[Action]:
    if release.ended:
        if release.ended_at is None:
            yield Record((events.ReleaseEnded(release.status, release.reason),))
        return
    yield from timing.run_clock(release, now)


def _in_queue(release: Release, facts: Facts) -> Iterator[Action]:
    if by := meeting.pushed_out(release, facts):
        yield Record((events.ReleaseStarted(), *_pushed_out(release, by)))
        return
    yield from _prove_trigger(release, facts)
    behind = meeting.queued_behind(release, facts)
    if behind is None:
        yield actions.StartCourse()
    elif release.course.reason is None or release.course.reason.sentence != behind.sentence:
        yield Record((events.ReleaseQueued(behind),))


def _pushed_out(release: Release, by: Reason) -> Iterator[events.Event]:
    for promotion in release.promotions:
        if promotion.proven and not promotion.status.ended:
            yield from watching.all_done(promotion)
        elif not promotion.status.ended:
            yield events.PromotionEnded(Status.SUPERSEDED, by, environment=promotion.environment)


def _prove_trigger(release: Release, facts: Facts) -> Iterator[Action]:
    """A queued release is proven where it lies, before the next one replaces it there."""
    for promotion in release.promotions:
        watched = facts.watched.get(promotion.environment)
        unproven = not promotion.proven and not promotion.status.ended
        if promotion.role is Role.TRIGGER and unproven and watching.is_proven(watched):
            yield Record((events.TriggerProven(environment=promotion.environment),))


def _promotion(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> Iterator[Action]:
    before = () if promotion.begun else release.before(promotion)
    if blocker := next((p for p in before if p.blocks_for_good), None):
        yield from stopping.skip_behind(blocker, promotion, facts, now)
    elif promotion.skip and not promotion.landed:
        yield from stopping.leave(promotion, Status.SKIPPED, promotion.skip, facts, now)
    elif any(not p.status.ended for p in before):
        return
    elif reason := meeting.overtaken(release, promotion, facts):
        yield from stopping.leave(promotion, Status.SUPERSEDED, reason, facts, now)
    elif reason := meeting.evicted(release, promotion, facts):
        yield from stopping.leave(promotion, Status.TERMINATED, reason, facts, now)
    elif promotion.role is Role.TRIGGER:
        yield from _trigger(release, promotion, facts, now)
    elif promotion.begun:
        yield from _go_on(release, promotion, facts, now)
    elif all(p.lets_through for p in before):
        yield from _enter(release, promotion, facts, now)


def _trigger(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> Iterator[Action]:
    phase = promotion.current
    if phase is None:
        return
    if promotion.unsupported:
        yield Record(trouble.failure(promotion, phase, gates.unsupported(promotion)))
    elif promotion.proven:
        yield Record(tuple(watching.all_done(promotion)))
    elif not promotion.begun:
        yield Record(begin(promotion, 0))
    else:
        yield from watching.watch(release, promotion, phase, facts, now)


def begin(promotion: Promotion, claim: int) -> tuple[events.Event, ...]:
    """The events of a promotion that begins, or goes on by a retry, under a claim (0: none)."""
    environment = promotion.environment
    started = events.PromotionStarted(promotion.attempt, claim, environment=environment)
    first = next(
        p for p in promotion.phases if p.name is not PhaseName.GATES and not p.status.ended
    )
    return (started, events.PhaseStarted(first.name, environment=environment))


def _enter(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase = promotion.phases[0]
    if promotion.unsupported:
        yield Record(trouble.failure(promotion, phase, gates.unsupported(promotion)))
    elif promotion.settings.action is PromotionAction.NONE:
        reason = Reason(Code.NOTHING_TO_DO, "its policy asks for no action and no workflow")
        ended = events.PromotionEnded(Status.SKIPPED, reason, environment=promotion.environment)
        yield Record((ended,))
    elif missing := facts.missing.get(promotion.environment):
        yield Record(trouble.failure(promotion, phase, missing))
    elif soak.is_unread(release, promotion, facts):
        return  # it is due only now, and the next look knows
    elif gates.closed(known := gates.evaluate(release, promotion, facts, now)):
        yield from gates.hold(promotion, phase, known)
    else:
        over = facts.stage(promotion.environment).holder
        yield actions.Claim(promotion.environment, "" if over == release.id else over)


def _go_on(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase, stage = promotion.current, facts.stage(promotion.environment)
    if phase is None:
        return
    if (stage.holder, stage.counter) != (release.id, promotion.claim):
        yield Record((events.ClaimLost(environment=promotion.environment),))
    elif phase.name in watching.PHASES:
        yield from watching.watch(release, promotion, phase, facts, now)
    elif phase.name is PhaseName.ACTION:
        yield from _act(release, promotion, facts, now)


def _act(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase = promotion.current
    assert phase is not None
    if missing := facts.missing.get(promotion.environment):
        yield Record(trouble.failure(promotion, phase, missing))
    elif gates.closed(held := gates.before_push(release, promotion, facts, now)):
        yield from gates.hold(promotion, phase, gates.again(promotion, held))
    elif _waits_for_a_person(promotion):
        return
    elif phase.status is not Status.RUNNING:  # what held it is gone
        yield Record((events.PhaseStarted(phase.name, environment=promotion.environment),))
    elif phase.retry_at and phase.retry_at > now:
        yield actions.LookAgain(phase.retry_at)
    else:
        until = gates.closes_at(release, promotion, facts, now)
        yield actions.Write(promotion.environment, until, gates.stays_done(release, promotion))


def _waits_for_a_person(promotion: Promotion) -> bool:
    """Whether values changed by hand hold the write until somebody decides (`onDrift: hold`)."""
    reason = promotion.reason
    held = reason is not None and reason.code is Code.CHANGED_BY_HAND
    return held and promotion.status is Status.SUSPENDED
