"""The flow's clock: it runs while the release can move, and stands while others hold it."""

from collections.abc import Iterator
from datetime import datetime

from towpath.domain import actions, events, spans
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import GateKind, Promotion, Release
from towpath.domain.status import Status

_STANDS_FOR = frozenset(
    {Code.SOAKING, Code.WINDOW_CLOSED, Code.ENVIRONMENT_LOCKED, Code.ENVIRONMENT_BUSY}
)


def time_is_up(release: Release, now: datetime) -> Reason | None:
    """The reason to stop the release, when its flow's time is over and it has not ended."""
    deadline = release.clock.deadline if release.clock else None
    if deadline is None or deadline > now or release.ended:
        return None
    limit = spans.words(release.timeout) if release.timeout else "its limit"
    return Reason(
        Code.TIMED_OUT,
        f"it did not reach its end within {limit}",
        advice="Retry it, or raise the flow's promotionTimeoutLimit.",
    )


def run_clock(release: Release, now: datetime) -> Iterator[actions.Action]:
    """Start or stop the clock as the release is free or held, and look again at its end."""
    clock = release.clock
    if clock is None:
        return
    if _stands(release):
        if clock.running_since:
            left = clock.left - (now - clock.running_since)
            yield actions.Record((events.ClockStopped(left.total_seconds()),))
    elif clock.running_since is None:
        yield actions.Record((events.ClockStarted(clock.left.total_seconds()),))
    elif clock.deadline:
        yield actions.LookAgain(clock.deadline)


def _stands(release: Release) -> bool:
    acting = [p for p in release.promotions if p.status.acting]
    return bool(acting) and all(_is_held_by_others(promotion) for promotion in acting)


def _is_held_by_others(promotion: Promotion) -> bool:
    """While an approval alone is missing, the clock runs: it is for people to give it."""
    if promotion.at_gates and promotion.gates:
        return any(g.closed and g.kind is not GateKind.APPROVAL for g in promotion.gates)
    held = promotion.status in (Status.PENDING, Status.SUSPENDED)
    return held and promotion.reason is not None and promotion.reason.code in _STANDS_FOR
