"""How a promotion is left before its end: superseded, terminated, not reached.

A push that is under way may still arrive, and then it landed: so whoever leaves first finds out.
Its workflows are asked to stop, and waited for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from towpath.domain import actions, events
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts, OpenWrite
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, Promotion, Release
from towpath.domain.status import Status
from towpath.domain.workflow import Known, Purpose

PATIENCE = timedelta(minutes=2)
ASK_AGAIN = timedelta(seconds=5)


def leave(
    promotion: Promotion, status: Status, reason: Reason, facts: Facts, now: datetime
) -> Iterator[Action]:
    """End the promotion with this status, once its pushes are known and its workflows ended.

    Whoever gives no answer for `PATIENCE` is not waited for: the promotion ends with a note.
    """
    writes, active = facts.open_writes.get(promotion.environment, ()), runs(promotion, facts)
    since = stopping_since(promotion.current)
    if not writes and not active:
        yield Record((_end(promotion, status, reason),))
    elif since is None:
        yield Record((_stopping(promotion, reason),))
    elif now - since < PATIENCE:
        yield from stop_runs(active, reason)
        if writes:
            yield actions.Settle(promotion.environment)
        again = now + ASK_AGAIN if writes else since + PATIENCE
        yield actions.LookAgain(min(again, since + PATIENCE))
    else:
        yield Record((_end(promotion, status, with_note(reason, writes, active)),))


def runs(promotion: Promotion, facts: Facts) -> Sequence[Known]:
    """The workflows of the promotion that have not ended; not the hooks that are told of ends."""
    return [
        run
        for run in facts.runs
        if run.place.environment == promotion.environment
        and run.place.purpose not in (Purpose.ON_SUCCESS, Purpose.ON_FAIL)
        and run.place.attempt == promotion.attempt
        and not run.over
    ]


def stop_runs(active: Iterable[Known], reason: Reason) -> Iterator[Action]:
    """Ask those to stop that were not asked yet."""
    if ids := tuple(run.id for run in active if not run.stopping):
        yield actions.StopRuns(ids, reason)


def _stopping(promotion: Promotion, reason: Reason) -> events.Event:
    phase = promotion.current
    assert phase is not None
    return events.PhaseReported(
        phase.name, Status.TERMINATING, reason, environment=promotion.environment
    )


def stopping_since(phase: Phase | None) -> datetime | None:
    """Since when a phase is stopping; None if it is not."""
    if phase is None or phase.status is not Status.TERMINATING or phase.reason is None:
        return None
    return phase.reason.since


def with_note(reason: Reason, writes: Sequence[OpenWrite], active: Sequence[Known]) -> Reason:
    """The reason, with what could not be stopped in time and may still come."""
    notes, data = [], dict(reason.data)
    if writes:
        notes.append("a push that was under way could not be checked")
        data["may_still_arrive"] = True
    if active:
        named = ", ".join(sorted({_named(run) for run in active}))
        notes.append(f"{named} did not end in time and may still run")
        data["may_still_run"] = [str(run.id) for run in active]
    return replace(reason, sentence="; ".join([reason.sentence, *notes]), data=data)


def _named(run: Known) -> str:
    return f"{run.template} for {run.place.application}" if run.place.application else run.template


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
    unended = [p for p in release.promotions if not p.over]
    if not unended and (release.on_start is None or release.on_start.over):
        yield Record((events.ReleaseStopped(reason),))
    for promotion in unended:
        if promotion.begun or promotion.status.acting:
            yield from leave(promotion, Status.TERMINATED, reason, facts, now)
        else:
            skipped = Reason(Code.NOT_REACHED, reason.sentence, reason.data)
            yield from leave(promotion, Status.SKIPPED, skipped, facts, now)


def _end(promotion: Promotion, status: Status, reason: Reason) -> events.Event:
    return events.PromotionEnded(status, reason, environment=promotion.environment)
