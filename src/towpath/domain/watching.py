"""From landed to healthy: what the deployer's word makes of the sync and health phases.

The word proves something only while the environment holds what landed with this promotion.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from towpath.domain import actions, events, meeting, phases, spans, trouble
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts, Watched
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role
from towpath.domain.status import Status

PHASES = (PhaseName.SYNC, PhaseName.HEALTH)
ASK_AGAIN = timedelta(seconds=5)
UNEXAMINED = timedelta(minutes=1)
"""How long a new head in a trigger environment may take to become a release."""


def is_proven(watched: Watched | None) -> bool:
    """Whether the environment runs what landed, and is healthy."""
    if watched is None or watched.overwritten:
        return False
    return watched.sync is Status.SUCCEEDED and watched.health is Status.SUCCEEDED


def all_done(promotion: Promotion) -> Iterator[events.Event]:
    """Sync and health have succeeded: on to the post-action, or to the end."""
    yield from phases.done(promotion, PHASES)


def watch(
    release: Release, promotion: Promotion, phase: Phase, facts: Facts, now: datetime
) -> Iterator[Action]:
    """Bring the phase in step with what the deployer says now."""
    watched = facts.watched.get(promotion.environment)
    if watched is None:
        yield from unseen(release, promotion, phase, facts, now)
    elif watched.overwritten:
        yield from _overwritten(release, promotion, phase, watched.overwritten, facts, now)
    elif is_proven(watched):
        yield Record(tuple(all_done(promotion)))
    else:
        yield from _progress(promotion, phase, watched, now)


def unseen(
    release: Release, promotion: Promotion, phase: Phase, facts: Facts, now: datetime
) -> Iterator[Action]:
    """Nothing was seen: ask again, and say so when it is because nobody answers."""
    reason = facts.unseen.get(promotion.environment)
    if reason is None:
        yield actions.LookAgain(now + ASK_AGAIN)
    elif phase.retry_at and phase.retry_at > now:
        yield actions.LookAgain(phase.retry_at)
    else:
        yield Record(trouble.no_answer(release.id, promotion, phase, reason, now))


def _overwritten(
    release: Release,
    promotion: Promotion,
    phase: Phase,
    reason: Reason,
    facts: Facts,
    now: datetime,
) -> Iterator[Action]:
    newer = facts.stage(promotion.environment).landed.get(release.line, 0) if release.line else 0
    if newer > release.n:
        by = meeting.superseded_by(release.product, newer)
        superseded = events.PromotionEnded(Status.SUPERSEDED, by, environment=promotion.environment)
        yield Record((superseded,))
    elif promotion.role is Role.TRIGGER and not _known_for(phase, reason, UNEXAMINED, now):
        yield from _report(promotion, phase, Status.RUNNING, reason)
        yield actions.LookAgain(now + ASK_AGAIN)
    else:
        yield Record(trouble.failure(promotion, phase, reason))


def _known_for(phase: Phase, reason: Reason, time: timedelta, now: datetime) -> bool:
    """Whether the phase has had this cause for so long."""
    known = phase.reason
    if known is None or known.code is not reason.code or known.since is None:
        return False
    return now - known.since >= time


def _progress(
    promotion: Promotion, phase: Phase, watched: Watched, now: datetime
) -> Iterator[Action]:
    synced = watched.sync is Status.SUCCEEDED
    if phase.name is PhaseName.SYNC and synced:
        yield Record(
            (
                events.PhaseSucceeded(phase.name, environment=promotion.environment),
                events.PhaseStarted(
                    PhaseName.HEALTH, watched.health_reason, environment=promotion.environment
                ),
            )
        )
        return
    said, reason = _said(phase, watched)
    if said in (Status.FAILED, Status.ERROR):
        yield Record(trouble.failure(promotion, phase, reason or _failed(phase)))
    elif said is not Status.SUSPENDED and _is_late(promotion, phase, now):
        yield Record(trouble.failure(promotion, phase, _late(promotion, phase, reason)))
    else:
        yield from _report(promotion, phase, said, reason)
        yield actions.LookAgain(now + ASK_AGAIN)


def _said(phase: Phase, watched: Watched) -> tuple[Status, Reason | None]:
    """What the deployer says of the phase; what is healthy and out of sync again is not done."""
    said, reason = watched.health, watched.health_reason
    if phase.name is PhaseName.SYNC or said in (Status.SUCCEEDED, Status.SKIPPED):
        said, reason = watched.sync, watched.sync_reason
    return (Status.RUNNING if said in (Status.SUCCEEDED, Status.SKIPPED) else said), reason


def _report(
    promotion: Promotion, phase: Phase, said: Status, reason: Reason | None
) -> Iterator[Action]:
    old, new = phase.reason, reason
    same_words = (old.sentence if old else "") == (new.sentence if new else "")
    if phase.status is not said or not same_words or phase.blind_since:
        yield Record(
            (events.PhaseReported(phase.name, said, reason, environment=promotion.environment),)
        )


def _is_late(promotion: Promotion, phase: Phase, now: datetime) -> bool:
    limit = _limit(promotion, phase)
    if limit is None or phase.started_at is None:
        return False
    return now - phase.started_at - _uncounted(phase, now) > limit


def _uncounted(phase: Phase, now: datetime) -> timedelta:
    """The time in which nothing could be seen, or somebody else had to move, up to now."""
    since = phase.blind_since
    if phase.status is Status.SUSPENDED and phase.reason:
        since = phase.reason.since
    return phase.blind + (now - since if since else timedelta())


def _limit(promotion: Promotion, phase: Phase) -> timedelta | None:
    settings = promotion.settings
    return settings.sync_timeout if phase.name is PhaseName.SYNC else settings.health_timeout


def _failed(phase: Phase) -> Reason:
    if phase.name is PhaseName.SYNC:
        return Reason(Code.SYNC_FAILED, "the deployment failed")
    return Reason(Code.HEALTH_DEGRADED, "the deployment is not healthy")


def _late(promotion: Promotion, phase: Phase, last: Reason | None) -> Reason:
    limit = _limit(promotion, phase)
    assert limit is not None  # or it could not be late
    word = "synced" if phase.name is PhaseName.SYNC else "healthy"
    said = f"; last: {last.sentence}" if last else ""
    return Reason(
        Code.TIMED_OUT,
        f"{promotion.environment} was not {word} within {spans.words(limit)}{said}",
        {"phase": phase.name.value},
        advice="Mend the deployment and retry, or raise the timeout in the policy.",
    )
