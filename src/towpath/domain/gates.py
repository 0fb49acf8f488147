"""What holds a promotion before it begins, and again before it writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from towpath.domain import actions, events, meeting
from towpath.domain.facts import Facts, Lock
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, Promotion, Release, Trigger
from towpath.domain.status import Status


@dataclass(frozen=True, slots=True)
class Held:
    """A closed gate: the status it gives, why, and when it opens if that is known."""

    status: Status
    reason: Reason
    until: datetime | None = None


def held(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Held | None:
    """The worst gate that is closed for the promotion, or None when it may begin."""
    if lock := locked(release, promotion, facts, now):
        return lock
    if busy := meeting.goes_first(release, promotion, facts, now):
        return Held(Status.PENDING, busy)
    return None


def locked(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Held | None:
    """The lock that holds longest: `suspended`, or `pending` when it ends by itself."""
    locks = [x for x in facts.stage(promotion.environment).locks if _holds(x, release, now)]
    if not locks:
        return None
    longest = max(locks, key=lambda x: (x.until is None, x.until or x.since))
    status = Status.PENDING if longest.until else Status.SUSPENDED
    return Held(status, _locked_reason(longest), longest.until)


def _holds(lock: Lock, release: Release, now: datetime) -> bool:
    own = lock.by_rollback and release.trigger is Trigger.ROLLBACK
    return not own and (lock.until is None or lock.until > now)


def _locked_reason(lock: Lock) -> Reason:
    what = f"{lock.product} in {lock.environment}" if lock.product else lock.environment
    end = f" until {lock.until:%Y-%m-%d %H:%M} UTC" if lock.until else ""
    why = f": {lock.reason}" if lock.reason else ""
    data = {"product": lock.product, "environment": lock.environment, "author": lock.author}
    return Reason(
        Code.ENVIRONMENT_LOCKED,
        f"{lock.author} locked {what}{end}{why}",
        data,
        since=lock.since,
        advice=f"towpath unlock {lock.product or '-'} {lock.environment}",
    )


def hold(promotion: Promotion, phase: Phase, gate: Held) -> Iterator[actions.Action]:
    """Record what holds the promotion, unless that is known, and look again when it opens."""
    known = phase.reason is not None and phase.status is gate.status
    if not known or phase.reason is None or phase.reason.sentence != gate.reason.sentence:
        event = events.PromotionHeld(
            phase.name, gate.status, gate.reason, environment=promotion.environment
        )
        yield actions.Record((event,))
    if gate.until:
        yield actions.LookAgain(gate.until)


def unsupported(promotion: Promotion) -> Reason:
    """What the promotion's settings ask for and this version cannot do: better no than half."""
    what = ", ".join(promotion.unsupported)
    return Reason(
        Code.UNSUPPORTED,
        f"{promotion.environment} asks for what this version cannot do: {what}",
        {"settings": list(promotion.unsupported)},
        advice="Take it out of the flow or policy, or use a version that has it.",
    )
