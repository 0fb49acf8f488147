"""What each event makes of a release."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

import playbook
from towpath.domain import events, evolution, status
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Clock, PhaseName, Promotion, Release, Trigger
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose

AT = playbook.START
BUSY = Reason(Code.ENVIRONMENT_BUSY, "checkout-9 is acting in qa")


def _fresh() -> Release:
    world = playbook.World()
    return world[world.push(look=False)]


def _after(*happened: events.Event, minutes: float = 0) -> Release:
    return evolution.evolve(_fresh(), happened, AT + timedelta(minutes=minutes))


def _qa(release: Release) -> Promotion:
    found = release.promotion("qa")
    assert found is not None
    return found


RUN = UUID(int=7)
SAMPLES: tuple[events.Event, ...] = (
    events.ReleaseCreated(Trigger.HEAD, "v1"),
    events.ReleaseQueued(BUSY),
    events.ReleaseStarted(),
    events.TerminationRequested(BUSY),
    events.ReleaseStopped(BUSY),
    events.ReleaseEnded(Status.FAILED),
    events.ReleaseReopened(3),
    events.ClockStarted(60.0),
    events.ClockStopped(60.0),
    events.TriggerProven(environment="dev"),
    events.PromotionHeld(PhaseName.GATES, Status.PENDING, BUSY, environment="qa"),
    events.ApprovalGiven(1, "bob", environment="qa"),
    events.ApprovalRejected(1, "bob", environment="qa"),
    events.SkipRequested(BUSY, environment="qa"),
    events.ContentDisplaced(BUSY, environment="qa"),
    events.PromotionStarted(1, 1, environment="qa"),
    events.ClaimLost(environment="qa"),
    events.PhaseStarted(PhaseName.ACTION, environment="qa"),
    events.PhaseReported(PhaseName.SYNC, Status.SUSPENDED, BUSY, environment="qa"),
    events.PhaseTroubled(PhaseName.SYNC, BUSY, AT, environment="qa"),
    events.PhaseSucceeded(PhaseName.SYNC, environment="qa"),
    events.PhaseFailed(PhaseName.HEALTH, Status.FAILED, BUSY, environment="qa"),
    events.DriftFound(BUSY, environment="qa"),
    events.CommitLanded("deploy", "main", "c0ffee", ("api",), environment="qa"),
    events.WarningRaised(BUSY, environment="qa"),
    events.PromotionEnded(Status.TERMINATED, BUSY, environment="qa"),
    events.PromotionRetried(2, PhaseName.ACTION, environment="qa"),
    events.StepResumed(RUN, "smoke", "wait", environment="qa"),
    events.WorkflowStopped(RUN, "smoke", BUSY, environment="qa"),
    events.ContentGone(BUSY, environment="qa"),
    events.HookReported(Purpose.ON_FAIL, 1, "tell", Status.RUNNING, environment="qa"),
    events.ContextChanged(RUN, "check", values={"a": 1}, environment="qa"),
    events.EnvironmentLocked("checkout", "freeze", environment="qa"),
    events.EnvironmentUnlocked("checkout", environment="qa"),
)


def test_there_is_a_sample_of_every_event() -> None:
    assert {type(sample).__name__ for sample in SAMPLES} == set(events.all_types())


@given(st.lists(st.sampled_from(SAMPLES), max_size=12))
def test_every_event_is_taken_at_any_time_and_the_status_is_that_of_the_parts(
    happened: list[events.Event],
) -> None:
    after = _after(*happened, minutes=1)
    parts = [phase.status for p in after.promotions for phase in p.phases]
    assert after.status is status.aggregate([after.course.status, *parts])
    assert after.open or after.ended


def test_a_cause_keeps_its_beginning_while_its_words_change() -> None:
    held = events.PromotionHeld(PhaseName.GATES, Status.PENDING, BUSY, environment="qa")
    other = Reason(Code.ENVIRONMENT_BUSY, "checkout-10 is acting in qa")
    again = events.PromotionHeld(PhaseName.GATES, Status.PENDING, other, environment="qa")
    later = evolution.evolve(_after(held), [again], AT + timedelta(hours=1))
    assert _qa(later).reason.since == AT  # type: ignore[union-attr]
    assert _qa(later).reason.sentence == other.sentence  # type: ignore[union-attr]


def test_another_cause_begins_when_it_comes() -> None:
    held = events.PromotionHeld(PhaseName.GATES, Status.PENDING, BUSY, environment="qa")
    lock = Reason(Code.ENVIRONMENT_LOCKED, "bob locked it")
    again = events.PromotionHeld(PhaseName.GATES, Status.SUSPENDED, lock, environment="qa")
    later = evolution.evolve(_after(held), [again], AT + timedelta(hours=1))
    assert _qa(later).reason.since == AT + timedelta(hours=1)  # type: ignore[union-attr]


def test_the_end_of_a_promotion_takes_the_phases_that_had_not_ended() -> None:
    reason = Reason(Code.SUPERSEDED_BY, "checkout-2 carries this change on")
    ended = _qa(_after(events.PromotionEnded(Status.SUPERSEDED, reason, environment="qa")))
    assert {phase.status for phase in ended.phases} == {Status.SUPERSEDED}
    assert ended.ended_at == AT
    assert ended.claim == 0


def test_a_failed_phase_leaves_those_behind_it_waiting() -> None:
    reason = Reason(Code.PUSH_REJECTED, "no")
    failed = _qa(
        _after(
            events.PhaseFailed(PhaseName.ACTION, Status.FAILED, reason, environment="qa"),
            events.PromotionEnded(Status.FAILED, reason, environment="qa"),
        )
    )
    assert failed.status is Status.FAILED
    assert failed.phase(PhaseName.SYNC).status is Status.WAITING  # type: ignore[union-attr]


def test_who_lost_the_claim_is_back_at_the_gates() -> None:
    begun = events.PromotionStarted(1, 4, environment="qa")
    assert _qa(_after(begun)).claim == 4
    lost = _qa(_after(begun, events.ClaimLost(environment="qa")))
    assert (lost.begun, lost.claim, lost.phases[0].status) == (False, 0, Status.WAITING)


def test_time_without_an_answer_is_counted_when_the_answer_comes() -> None:
    reason = Reason(Code.GIT_UNREACHABLE, "no answer")
    trouble = events.PhaseTroubled(PhaseName.SYNC, reason, AT, environment="qa")
    seen = events.PhaseReported(PhaseName.SYNC, Status.RUNNING, environment="qa")
    later = evolution.evolve(_after(trouble), [trouble, seen], AT + timedelta(minutes=7))
    phase = _qa(later).phase(PhaseName.SYNC)
    assert phase is not None
    assert (phase.blind, phase.blind_since, phase.tries) == (timedelta(minutes=7), None, 0)


def test_a_refusal_is_counted_apart_from_silence() -> None:
    reason = Reason(Code.PUSH_REJECTED, "no")
    refused = events.PhaseTroubled(PhaseName.ACTION, reason, AT, refusal=True, environment="qa")
    phase = _qa(_after(refused)).phase(PhaseName.ACTION)
    assert phase is not None
    assert (phase.refusals, phase.tries) == (1, 0)


def test_a_second_landing_on_a_branch_takes_the_place_of_the_first() -> None:
    one = events.CommitLanded("deploy", "main", "aaa", ("api",), environment="qa")
    other = events.CommitLanded("other", "main", "bbb", ("web",), environment="qa")
    two = events.CommitLanded("deploy", "main", "ccc", ("api",), environment="qa")
    landed = _qa(_after(one, other, two)).landings
    assert [(x.repository, x.commit) for x in landed] == [("other", "bbb"), ("deploy", "ccc")]


def test_a_retry_keeps_done_phases_before_the_one_it_goes_on_from() -> None:
    done = [events.PhaseSucceeded(name, environment="qa") for name in (PhaseName.ACTION,)]
    retried = events.PromotionRetried(2, PhaseName.SYNC, environment="qa")
    after = _qa(_after(*done, retried))
    assert [phase.status for phase in after.phases] == [
        Status.WAITING,
        Status.SUCCEEDED,
        Status.WAITING,
        Status.WAITING,
    ]
    assert after.attempt == 2


def test_a_reopened_release_has_a_fresh_clock_and_no_end() -> None:
    ended = events.ReleaseEnded(Status.FAILED)
    after = _after(events.ClockStarted(60.0), ended, events.ReleaseReopened(None))
    assert after.ended_at is None
    assert after.clock == Clock(timedelta(hours=24))
    assert after.course.status is Status.SKIPPED


def test_a_warning_is_kept_once() -> None:
    warning = events.WarningRaised(Reason(Code.TAG_MOVED, "it moved"), environment="qa")
    assert len(_qa(_after(warning, warning)).warnings) == 1
