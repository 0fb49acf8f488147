"""What to do about a release, from what is true now. Pure: the same facts give the same actions.

One look asks again after every action it did, so each call need only find the next ones. Nothing
is remembered between looks but the release itself.
"""

from collections.abc import Iterator
from datetime import datetime

from towpath.domain import (
    actions,
    context,
    events,
    gates,
    hooks,
    meeting,
    phases,
    soak,
    stopping,
    timing,
    trouble,
    watching,
    workflows,
)
from towpath.domain.actions import Action, Record
from towpath.domain.catalog import Concurrency
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role
from towpath.domain.status import Status

_LOST = Reason(Code.ENVIRONMENT_BUSY, "another release acts in the environment now")
_WORK = (PhaseName.PRE_ACTION, PhaseName.ACTION, PhaseName.POST_ACTION)


def decide(release: Release, facts: Facts, now: datetime) -> list[Action]:
    """The next actions for the release. Empty when only time, a fact or a person can change it."""
    return [
        *context.take_in(release, facts),
        *_next(release, facts, now),
        *hooks.tell(release, facts),
    ]


def _next(release: Release, facts: Facts, now: datetime) -> list[Action]:
    if release.course.status is Status.TERMINATING:
        return list(_stop(release, facts, now))
    if release.course.status is Status.QUEUED:
        return list(_in_queue(release, facts))
    if (late := timing.time_is_up(release, now)) is not None:
        return [Record((events.TerminationRequested(late),))]
    found = [*hooks.start(release, facts)]
    if not release.may_begin:
        found += _prove_trigger(release, facts)
    found += [
        action
        for promotion in release.promotions
        if promotion.role is not Role.SOURCE and not promotion.over
        for action in _promotion(release, promotion, facts, now)
    ]
    if not any(isinstance(action, Record | actions.Claim | actions.Write) for action in found):
        found += _bookkeeping(release, now)
    return found


def asks_deployer(release: Release) -> tuple[Promotion, ...]:
    """The promotions whose environments the deployer must be asked about before deciding."""
    return tuple(p for p in release.promotions if _is_watched(release, p))


def _is_watched(release: Release, promotion: Promotion) -> bool:
    if promotion.over or promotion.role is Role.SOURCE or promotion.current is None:
        return False
    if promotion.current.name is PhaseName.POST_ACTION:
        return promotion.landed or promotion.role is Role.TRIGGER
    if promotion.role is Role.TRIGGER:
        return not promotion.proven
    return promotion.current.name in watching.PHASES or workflows.must_be_in_place(promotion)


def _stop(release: Release, facts: Facts, now: datetime) -> Iterator[Action]:
    reason = release.course.reason or Reason(Code.TERMINATED_BY, "it was terminated")
    yield from hooks.stop(release, reason, facts, now)
    yield from stopping.stop_all(release, facts, now)


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
    if facts.concurrency is not Concurrency.QUEUE:
        yield Record((events.ReleaseStarted(),))
        return
    behind = meeting.queued_behind(release, facts)
    if behind is None:
        yield actions.StartCourse()
    elif release.course.reason is None or release.course.reason.sentence != behind.sentence:
        yield Record((events.ReleaseQueued(behind),))


def _pushed_out(release: Release, by: Reason) -> Iterator[events.Event]:
    for promotion in release.promotions:
        if promotion.over:
            continue
        environment = promotion.environment
        if promotion.proven:
            for name in watching.PHASES:
                yield events.PhaseSucceeded(name, environment=environment)
        if promotion.proven and promotion.phase(PhaseName.POST_ACTION) is None:
            yield events.PromotionEnded(Status.SUCCEEDED, environment=environment)
        else:
            yield events.PromotionEnded(Status.SUPERSEDED, by, environment=environment)


def _prove_trigger(release: Release, facts: Facts) -> Iterator[Action]:
    """A queued release is proven where it lies, before the next one replaces it there."""
    for promotion in release.promotions:
        watched = facts.watched.get(promotion.environment)
        unproven = not promotion.proven and not promotion.over
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
    elif any(not p.over for p in before):
        return
    elif reason := meeting.overtaken(release, promotion, facts):
        yield from stopping.leave(promotion, Status.SUPERSEDED, reason, facts, now)
    elif reason := meeting.evicted(release, promotion, facts):
        yield from stopping.leave(promotion, Status.TERMINATED, reason, facts, now)
    elif not release.may_begin:
        return
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
    elif promotion.proven and phase.name in watching.PHASES:
        yield Record(tuple(watching.all_done(promotion)))
    elif not promotion.begun:
        yield Record(begin(promotion, 0))
    elif phase.name is PhaseName.POST_ACTION:
        yield from workflows.go_on(release, promotion, phase, facts, now)
    else:
        yield from watching.watch(release, promotion, phase, facts, now)


def begin(promotion: Promotion, claim: int) -> tuple[events.Event, ...]:
    """The events of a promotion that begins, or goes on by a retry, under a claim (0: none)."""
    environment = promotion.environment
    started = events.PromotionStarted(promotion.attempt, claim, environment=environment)
    return (started, *phases.go_on(promotion, _left(promotion)))


def _left(promotion: Promotion) -> list[Phase]:
    """The phases behind the gates that are not over."""
    return [p for p in promotion.phases if p.name is not PhaseName.GATES and not p.over]


def _enter(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase = promotion.phases[0]
    if promotion.unsupported:
        yield Record(trouble.failure(promotion, phase, gates.unsupported(promotion)))
    elif not any(promotion.phase(name) for name in _WORK):
        reason = Reason(Code.NOTHING_TO_DO, "its policy asks for no action and no workflow")
        ended = events.PromotionEnded(Status.SKIPPED, reason, environment=promotion.environment)
        yield Record((ended,))
    elif missing := facts.missing.get(promotion.environment):
        yield Record(trouble.failure(promotion, phase, missing))
    elif refused := workflows.cannot_run(promotion, facts):
        yield Record(trouble.failure(promotion, phase, refused))
    elif workflows.must_be_in_place(promotion) and promotion.environment not in facts.watched:
        yield from watching.unseen(release, promotion, phase, facts, now)
    elif gone := workflows.content_is_gone(promotion, facts):
        yield Record((events.ContentGone(gone, environment=promotion.environment),))
    elif soak.is_unread(release, promotion, facts):
        return  # it is due only now, and the next look knows
    elif gates.closed(known := gates.evaluate(release, promotion, facts, now)):
        yield from gates.hold(promotion, phase, known)
    elif not _left(promotion):  # a retry, and what had failed is not asked for any more
        yield Record(begin(promotion, 0))
    else:
        over = facts.stage(promotion.environment).holder
        yield actions.Claim(promotion.environment, "" if over == release.id else over)


def _go_on(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase, stage = promotion.current, facts.stage(promotion.environment)
    if phase is None:
        return
    if (stage.holder, stage.counter) != (release.id, promotion.claim):
        if left := list(stopping.stop_runs(stopping.runs(promotion, facts), _LOST)):
            yield from left
        else:
            yield Record((events.ClaimLost(environment=promotion.environment),))
    elif phase.name in watching.PHASES:
        yield from watching.watch(release, promotion, phase, facts, now)
    elif phase.name is PhaseName.ACTION:
        yield from _act(release, promotion, facts, now)
    elif phase.name in workflows.PURPOSES:
        yield from workflows.go_on(release, promotion, phase, facts, now)


def _act(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Iterator[Action]:
    phase = promotion.current
    assert phase is not None
    missing = facts.missing.get(promotion.environment)
    if missing and facts.open_writes.get(promotion.environment):
        # Nobody fails while it is not known what arrived.
        yield actions.Settle(promotion.environment)
        yield actions.LookAgain(now + stopping.ASK_AGAIN)
    elif missing:
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
