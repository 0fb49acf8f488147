"""What becomes of a phase when the outside does not answer, or says no.

The retry budget counts refusals, not outages: while a system does not answer, the phase stays
`running` until a timeout ends it.
"""

import hashlib
from datetime import datetime, timedelta

from towpath.domain import events
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, Promotion
from towpath.domain.status import Status

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(seconds=60)
CANNOT_RUN = frozenset(
    {
        Code.VALUE_MISSING,
        Code.VALUE_AMBIGUOUS,
        Code.INVALID_CONFIGURATION,
        Code.APPLICATION_MISSING,
        Code.UNSUPPORTED,
        Code.STEP_ERROR,
        Code.RETRIES_EXHAUSTED,
    }
)


def delay(count: int, name: str) -> timedelta:
    """How long to wait after `count` tries: doubling, between 1 s and 60 s.

    A quarter more or less, derived from the name, keeps many releases from trying in step.
    """
    doubled = min(FIRST_DELAY * (1 << min(count, 16)), LONGEST_DELAY)
    digest = hashlib.sha256(f"{name}/{count}".encode()).digest()
    return doubled * (0.75 + digest[0] / 510)


def no_answer(
    release_id: str, promotion: Promotion, phase: Phase, reason: Reason, now: datetime
) -> tuple[events.Event, ...]:
    """The phase goes on, with a warning, and is tried again later."""
    again = now + delay(phase.tries, f"{release_id}/{promotion.environment}/{phase.name}")
    return (events.PhaseTroubled(phase.name, reason, again, environment=promotion.environment),)


def refusal(
    release_id: str, promotion: Promotion, phase: Phase, reason: Reason, now: datetime
) -> tuple[events.Event, ...]:
    """The phase is tried again while the budget lasts, and fails then."""
    environment = promotion.environment
    budget = promotion.settings.retries or 0
    if phase.refusals < budget and reason.code not in CANNOT_RUN:
        again = now + delay(phase.refusals, f"{release_id}/{environment}/{phase.name}")
        return (
            events.PhaseTroubled(phase.name, reason, again, refusal=True, environment=environment),
        )
    return failure(promotion, phase, _exhausted(reason, phase.refusals + 1) if budget else reason)


def failure(promotion: Promotion, phase: Phase, reason: Reason) -> tuple[events.Event, ...]:
    """The phase, and with it the promotion, has failed: `error` when it could not run at all."""
    status = Status.ERROR if reason.code in CANNOT_RUN else Status.FAILED
    environment = promotion.environment
    return (
        events.PhaseFailed(phase.name, status, reason, environment=environment),
        events.PromotionEnded(status, reason, environment=environment),
    )


def _exhausted(reason: Reason, times: int) -> Reason:
    if reason.code in CANNOT_RUN:
        return reason
    sentence = f"{reason.sentence} (tried {times} times)"
    data = {**reason.data, "last": reason.code.value}
    return Reason(Code.RETRIES_EXHAUSTED, sentence, data, advice=reason.advice)
