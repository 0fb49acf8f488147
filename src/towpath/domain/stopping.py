"""How a promotion is left before its end: superseded, terminated, not reached.

A push that is under way may still arrive, and then it landed: so whoever leaves first finds out.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from towpath.domain import actions, events
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status

PATIENCE = timedelta(minutes=2)
ASK_AGAIN = timedelta(seconds=5)


def leave(
    promotion: Promotion, status: Status, reason: Reason, facts: Facts, now: datetime
) -> Iterator[Action]:
    """End the promotion with this status, once it is known what became of its pushes.

    Whoever cannot be asked for `PATIENCE` is not waited for: the promotion ends with a note.
    """
    since = _stopping_since(promotion)
    if not facts.open_writes.get(promotion.environment):
        yield Record((_end(promotion, status, reason),))
    elif since is None:
        yield Record((_stopping(promotion, reason),))
    elif now - since < PATIENCE:
        yield actions.Settle(promotion.environment)
        yield actions.LookAgain(min(now + ASK_AGAIN, since + PATIENCE))
    else:
        yield Record((_end(promotion, status, _with_note(reason)),))


def _stopping(promotion: Promotion, reason: Reason) -> events.Event:
    phase = promotion.current
    assert phase is not None
    return events.PhaseReported(
        phase.name, Status.TERMINATING, reason, environment=promotion.environment
    )


def _stopping_since(promotion: Promotion) -> datetime | None:
    phase = promotion.current
    if phase is None or phase.status is not Status.TERMINATING or phase.reason is None:
        return None
    return phase.reason.since


def _with_note(reason: Reason) -> Reason:
    note = f"{reason.sentence}; a push that was under way could not be checked"
    return replace(reason, sentence=note, data={**reason.data, "may_still_arrive": True})


def skip_behind(
    blocker: Promotion, promotion: Promotion, facts: Facts, now: datetime
) -> Iterator[Action]:
    """Skip what is behind an environment that nothing of this release passes any more."""
    sentence = f"{blocker.environment} is {blocker.status}"
    reason = Reason(Code.NOT_REACHED, sentence, {"environment": blocker.environment})
    yield from leave(promotion, Status.SKIPPED, reason, facts, now)


def stop_all(release: Release, facts: Facts, now: datetime) -> Iterator[Action]:
    """End every promotion of a release that is asked to stop, and then the release."""
    reason = release.course.reason or Reason(Code.TERMINATED_BY, "it was terminated")
    unended = [p for p in release.promotions if not p.status.ended]
    if not unended:
        yield Record((events.ReleaseStopped(reason),))
    for promotion in unended:
        if promotion.begun or promotion.status.acting:
            yield from leave(promotion, Status.TERMINATED, reason, facts, now)
        else:
            skipped = Reason(Code.NOT_REACHED, reason.sentence, reason.data)
            yield from leave(promotion, Status.SKIPPED, skipped, facts, now)


def _end(promotion: Promotion, status: Status, reason: Reason) -> events.Event:
    return events.PromotionEnded(status, reason, environment=promotion.environment)
