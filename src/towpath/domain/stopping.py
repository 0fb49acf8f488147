"""How a promotion is left before its end: superseded, terminated, not reached.

A push that is under way may still arrive, and then it landed: so whoever leaves first finds out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from towpath.domain import actions, events
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status

PATIENCE = timedelta(minutes=2)
ASK_AGAIN = timedelta(seconds=5)


def leave(promotion: Promotion, status: Status, reason: Reason, facts: Facts) -> Iterator[Action]:
    """End the promotion with this status, once it is known what became of its pushes."""
    if facts.open_writes.get(promotion.environment):
        yield actions.Settle(promotion.environment)
    else:
        yield Record((_end(promotion, status, reason),))


def not_reached(promotion: Promotion, blocker: Promotion) -> Action:
    """Skip what is behind an environment that nothing of this release passes any more."""
    sentence = f"{blocker.environment} is {blocker.status}"
    reason = Reason(Code.NOT_REACHED, sentence, {"environment": blocker.environment})
    return Record((_end(promotion, Status.SKIPPED, reason),))


def stop_all(release: Release, facts: Facts, now: datetime) -> Iterator[Action]:
    """End every promotion of a release that is asked to stop, and then the release."""
    reason = release.course.reason or Reason(Code.TERMINATED_BY, "it was terminated")
    unended = [p for p in release.promotions if not p.status.ended]
    if not unended:
        yield Record((events.ReleaseStopped(reason),))
        return
    patient = release.course.since is None or now - release.course.since < PATIENCE
    for promotion in unended:
        unsettled = bool(facts.open_writes.get(promotion.environment))
        if unsettled and patient:
            yield actions.Settle(promotion.environment)
            yield actions.LookAgain(now + ASK_AGAIN)
        else:
            yield Record((_stop(promotion, reason, unsettled=unsettled),))


def _stop(promotion: Promotion, reason: Reason, *, unsettled: bool) -> events.Event:
    if not (promotion.begun or promotion.status.acting):
        skipped = Reason(Code.NOT_REACHED, reason.sentence, reason.data)
        return _end(promotion, Status.SKIPPED, skipped)
    if unsettled:
        note = f"{reason.sentence}; a push that was under way could not be checked"
        reason = Reason(reason.code, note, {**reason.data, "may_still_arrive": True})
    return _end(promotion, Status.TERMINATED, reason)


def _end(promotion: Promotion, status: Status, reason: Reason) -> events.Event:
    return events.PromotionEnded(status, reason, environment=promotion.environment)
