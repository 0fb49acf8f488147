"""Hooks of a release, and those that are told how a release or one of its promotions ended.

The release's start hook goes before every promotion. `on_success` and `on_fail` are no part of any
status: each is called once for each attempt, and one that fails raises a warning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from towpath.domain import actions, catalog, events, stopping, workflows
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, Promotion, Release, Told
from towpath.domain.status import Status
from towpath.domain.workflow import Known, Purpose

FAILED = "failed_environments"
"""In the reason of a hook that is still owed: what had failed when the attempt ended."""
FAILURES = frozenset({Status.FAILED, Status.ERROR, Status.TERMINATED})
_TOLD_OF: dict[Purpose, frozenset[Status]] = {
    Purpose.ON_SUCCESS: frozenset({Status.SUCCEEDED}),
    Purpose.ON_FAIL: FAILURES,
}


# --- before the release ----------------------------------------------------------------------
def start(release: Release, facts: Facts) -> Iterator[Action]:
    """Run the release's start hook; when it fails, so does the release, before it did anything."""
    phase, name = release.on_start, release.hooks.on_start
    if phase is None or phase.over:
        return
    if all(promotion.over for promotion in release.promotions):
        nothing = Reason(Code.NOTHING_TO_DO, "nothing of the release is left to begin")
        yield Record((_skipped_start(release, nothing),))
        return
    run = _run(facts, "", Purpose.ON_START, release.attempt)
    if run is None:
        yield from _start_first(release, phase, facts)
    elif not run.over:
        reason = workflows.why(Purpose.ON_START, name, (run,))
        if workflows.is_news(phase.status, phase.reason, run.status, reason):
            yield Record((events.PhaseReported(phase.name, run.status, reason),))
    elif run.status is Status.SUCCEEDED:
        yield Record((events.PhaseSucceeded(phase.name),))
    else:
        reason = workflows.why(Purpose.ON_START, name, (run,))
        yield Record((events.PhaseFailed(phase.name, run.status, reason),))


def _start_first(release: Release, phase: Phase, facts: Facts) -> Iterator[Action]:
    name = release.hooks.on_start
    if refused := facts.refused.get(name):
        yield Record((events.PhaseFailed(phase.name, Status.ERROR, refused),))
    elif phase.status is Status.WAITING:
        yield Record((events.PhaseStarted(phase.name),))
    else:
        yield actions.StartRuns("", Purpose.ON_START, release.attempt, name, (workflows.ONCE,))


def stop(release: Release, reason: Reason, facts: Facts, now: datetime) -> Iterator[Action]:
    """End the start hook of a release that is asked to stop."""
    phase = release.on_start
    if phase is None or phase.over:
        return
    if phase.status is Status.WAITING:
        yield Record((_skipped_start(release, reason),))
        return
    mine = [run for run in facts.runs if not run.place.environment and not run.over]
    active = [run for run in mine if run.place.purpose is Purpose.ON_START]
    since = stopping.stopping_since(phase)
    if not active:
        yield Record((events.PhaseFailed(phase.name, Status.TERMINATED, reason),))
    elif since is None:
        yield Record((events.PhaseReported(phase.name, Status.TERMINATING, reason),))
    elif now - since < stopping.PATIENCE:
        yield from stopping.stop_runs(active, reason)
        yield actions.LookAgain(since + stopping.PATIENCE)
    else:
        noted = stopping.with_note(reason, (), active)
        yield Record((events.PhaseFailed(phase.name, Status.TERMINATED, noted),))


def _skipped_start(release: Release, reason: Reason) -> events.Event:
    return events.HookReported(
        Purpose.ON_START, release.attempt, release.hooks.on_start, Status.SKIPPED, reason
    )


# --- at the end ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Ended:
    """What ended, and so has its hooks told. `environment` is empty for the release."""

    environment: str
    status: Status
    reason: Reason | None
    attempt: int
    hooks: catalog.Hooks
    told: tuple[Told, ...]

    def untold(self) -> Iterator[tuple[Purpose, str]]:
        """The hooks that do not know of this attempt's end yet."""
        known = {each.purpose for each in self.told if each.attempt == self.attempt}
        named = {Purpose.ON_SUCCESS: self.hooks.on_success, Purpose.ON_FAIL: self.hooks.on_fail}
        return ((purpose, name) for purpose, name in named.items() if name and purpose not in known)


def _of_promotion(promotion: Promotion) -> _Ended:
    return _Ended(
        promotion.environment,
        promotion.status,
        promotion.reason,
        promotion.attempt,
        promotion.hooks,
        promotion.told,
    )


def _of_release(release: Release) -> _Ended:
    return _Ended("", release.status, release.reason, release.attempt, release.hooks, release.told)


def tell(release: Release, facts: Facts) -> Iterator[Action]:
    """Call the hooks of what has ended, and follow those that were called."""
    for promotion in release.promotions:
        if promotion.over and promotion.ended_at:
            yield from _tell(_of_promotion(promotion), facts)
        yield from _follow(promotion.environment, promotion.told, facts)
    if release.ended_at:
        yield from _tell(_of_release(release), facts)
    yield from _follow("", release.told, facts)


def _tell(ended: _Ended, facts: Facts) -> Iterator[Action]:
    for purpose, name in ended.untold():
        if ended.status not in _TOLD_OF[purpose]:
            yield Record((_not_called(ended, purpose, name),))
        else:
            yield from _call(ended.environment, purpose, ended.attempt, name, facts)


def _call(
    environment: str, purpose: Purpose, attempt: int, name: str, facts: Facts
) -> Iterator[Action]:
    if run := _run(facts, environment, purpose, attempt):
        yield from _report(environment, purpose, name, None, run)
    elif reason := facts.refused.get(name):
        yield Record(_reported(environment, purpose, attempt, name, Status.ERROR, reason))
    else:
        yield actions.StartRuns(environment, purpose, attempt, name, (workflows.ONCE,))


def _follow(environment: str, told: tuple[Told, ...], facts: Facts) -> Iterator[Action]:
    """What was called, or is still owed, goes on even when the attempt it tells of is history."""
    for each in told:
        if each.status.ended:
            continue
        if run := _run(facts, environment, each.purpose, each.attempt):
            yield from _report(environment, each.purpose, each.template, each, run)
        else:
            yield from _call(environment, each.purpose, each.attempt, each.template, facts)


# --- before another attempt ------------------------------------------------------------------
def owed_by_release(release: Release) -> Iterator[events.Event]:
    """What is to be recorded before a release goes on that has ended: who must still be told."""
    if release.ended_at:
        failed = [p.environment for p in release.promotions if p.status in FAILURES]
        yield from _owed(_of_release(release), failed)


def owed_by_promotion(promotion: Promotion) -> Iterator[events.Event]:
    """The same of a promotion: the end of its attempt is told, though another one begins."""
    if promotion.over and promotion.ended_at:
        yield from _owed(_of_promotion(promotion), [promotion.environment])


def _owed(ended: _Ended, failed: Sequence[str]) -> Iterator[events.Event]:
    for purpose, name in ended.untold():
        if ended.status not in _TOLD_OF[purpose]:
            yield _not_called(ended, purpose, name)
            continue
        why = ended.reason and replace(ended.reason, data={FAILED: list(failed)}, advice="")
        yield events.HookReported(
            purpose, ended.attempt, name, Status.PENDING, why, environment=ended.environment
        )


def _report(
    environment: str, purpose: Purpose, name: str, before: Told | None, run: Known
) -> Iterator[Action]:
    reason = None
    if run.status is not Status.SUCCEEDED:
        reason = workflows.why(purpose, name, (run,))
    if before is None or workflows.is_news(before.status, before.reason, run.status, reason):
        attempt = run.place.attempt
        yield Record(_reported(environment, purpose, attempt, name, run.status, reason))


def _reported(
    environment: str,
    purpose: Purpose,
    attempt: int,
    name: str,
    status: Status,
    reason: Reason | None,
) -> tuple[events.Event, ...]:
    told = events.HookReported(purpose, attempt, name, status, reason, environment=environment)
    if reason is None or not status.ended:
        return (told,)
    return (told, events.WarningRaised(reason, environment=environment))


def _not_called(ended: _Ended, purpose: Purpose, name: str) -> events.Event:
    what = ended.environment or "the release"
    reason = Reason(Code.NOTHING_TO_DO, f"{what} is {ended.status}")
    return events.HookReported(
        purpose, ended.attempt, name, Status.SKIPPED, reason, environment=ended.environment
    )


def _run(facts: Facts, environment: str, purpose: Purpose, attempt: int) -> Known | None:
    place = (environment, purpose, attempt)
    return next(
        (r for r in facts.runs if (r.place.environment, r.place.purpose, r.place.attempt) == place),
        None,
    )
