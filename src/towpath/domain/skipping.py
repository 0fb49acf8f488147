"""Skipping an environment: a person lets the release pass it without having been there."""

from towpath.domain import events, hooks, wishes
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release, Role
from towpath.domain.status import Status
from towpath.domain.wishes import Refused

_SKIPPED_WHEN_ENDED = frozenset({Status.FAILED, Status.ERROR})


def skip(
    of: Release,
    environment: str,
    facts: Facts,
    queue_position: int | None,
    actor: str,
    comment: str = "",
) -> tuple[events.Event, ...]:
    """Pass the environment by. What is under way there is stopped first; skipping twice is once."""
    promotion = wishes.there(of, environment)
    if _is_skipped(promotion) or (promotion.skip and not promotion.landed):
        return ()
    _check(of, promotion)
    words = f"{actor} skipped it" + (f": {comment}" if comment else "")
    reason = Reason(Code.SKIPPED_BY, words, {"actor": actor, "comment": comment})
    if not promotion.over and (promotion.begun or facts.open_writes.get(environment)):
        return (events.SkipRequested(reason, environment=environment),)
    ended = events.PromotionEnded(Status.SKIPPED, reason, environment=environment)
    if not promotion.over:
        return (ended,)
    return (*hooks.owed_by_promotion(promotion), ended, *wishes.anew(of, queue_position))


def _is_skipped(promotion: Promotion) -> bool:
    reason = promotion.reason
    skipped = promotion.status is Status.SKIPPED
    return skipped and reason is not None and reason.code is Code.SKIPPED_BY


def _check(of: Release, promotion: Promotion) -> None:
    where = promotion.environment
    if promotion.role is not Role.STEP or promotion.landed:
        raise Refused("landed", f"{of.id} is in {where} already, which cannot be skipped any more")
    if of.course.status in (Status.TERMINATING, Status.TERMINATED):
        raise Refused("terminated", f"{of.id} is {of.course.status}; retry it first")
    if promotion.status.ended and promotion.status not in _SKIPPED_WHEN_ENDED:
        raise Refused("already_ended", f"{of.id} is {promotion.status} in {where}")
    if promotion.status is Status.TERMINATING:
        raise Refused("terminating", f"{of.id} is still stopping in {where}")
