"""What each event makes of a release. Pure and total: no event is refused here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from towpath.domain import catalog, events, reasons, release
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role, Told
from towpath.domain.status import Status
from towpath.domain.workflow import Purpose


def evolve(current: Release, happened: Iterable[events.Event], at: datetime) -> Release:
    """The release after these events, which happened at `at`."""
    for event in happened:
        current = _after(current, event, at)
    return current


def whole(
    current: Release, happened: Iterable[events.Event], at: datetime
) -> tuple[Sequence[events.Event], Release]:
    """The events with the release's end among them exactly if it has ended, and what they make.

    Whoever decided saw the release before it was locked; that it ended is only known by then.
    """
    said = [event for event in happened if not isinstance(event, events.ReleaseEnded)]
    after = evolve(current, said, at)
    if after.ended and after.ended_at is None:
        end = events.ReleaseEnded(after.status, after.reason)
        return [*said, end], evolve(after, [end], at)
    return said, after


def _after(current: Release, event: events.Event, at: datetime) -> Release:
    if isinstance(event, events.ContextChanged):
        return _context_changed(current, event)
    if event.environment:
        return _with_promotion(current, event, at)
    match event:
        case events.ReleaseQueued(reason=reason) if current.course.status is Status.QUEUED:
            return _course(current, Status.QUEUED, reason, at)
        case events.ReleaseStarted():
            return _course(current, Status.SKIPPED, None, at)
        case events.TerminationRequested(reason=reason):
            return _course(current, Status.TERMINATING, reason, at)
        case events.ReleaseStopped(reason=reason):
            return _course(current, Status.TERMINATED, reason, at)
        case events.ReleaseEnded() if current.ended:
            return replace(current, ended_at=at)
        case events.ReleaseReopened():
            return _reopened(current, event, at)
        case events.ClockStarted(left_seconds=left):
            return replace(current, clock=release.Clock(timedelta(seconds=left), at))
        case events.ClockStopped(left_seconds=left):
            return replace(current, clock=release.Clock(timedelta(seconds=left)))
        case events.WarningRaised() | events.HookReported():
            return _told_of_release(current, event, at)
        case _ if current.on_start and type(event) in _OF_PHASES:
            return replace(current, on_start=_start_hook(current.on_start, event, at))
        case _:
            return current


def _context_changed(current: Release, event: events.ContextChanged) -> Release:
    return replace(
        current,
        context={**current.context, **event.values},
        context_from=(*current.context_from, event.run),
    )


def _told_of_release(
    current: Release, event: events.WarningRaised | events.HookReported, at: datetime
) -> Release:
    if isinstance(event, events.WarningRaised):
        return replace(current, warnings=_with_warning(current.warnings, event, at))
    if event.purpose is not Purpose.ON_START:
        return replace(current, told=_with_told(current.told, event, at))
    if current.on_start is None:
        return current
    return replace(current, on_start=_ended(current.on_start, event.status, event.reason, at))


def _start_hook(phase: Phase, event: events.Event, at: datetime) -> Phase:
    """The release's start hook is a phase, and changes as a promotion's phases do."""
    bearer = Promotion("", Role.SOURCE, (phase,))
    changed: Promotion = _CHANGES[type(event)](bearer, event, at)
    return changed.phases[0]


def _course(
    current: Release, status: Status, reason: reasons.Reason | None, at: datetime
) -> Release:
    return replace(current, course=release.Course(status, reason, at))


def _reopened(current: Release, event: events.ReleaseReopened, at: datetime) -> Release:
    position, hooks = event.queue_position, event.hooks or current.hooks
    queued = position is not None
    course = release.Course(Status.QUEUED if queued else Status.SKIPPED, since=at)
    clock = release.Clock(current.timeout) if current.timeout else None
    return replace(
        current,
        course=course,
        clock=clock,
        ended_at=None,
        queue_position=position if queued else current.queue_position,
        attempt=current.attempt + 1,
        hooks=replace(hooks, on_start=current.hooks.on_start) if current.may_begin else hooks,
        on_start=current.on_start if current.may_begin else _start_anew(hooks),
        told=_still_told(current.told),
        warnings=(),
    )


def _start_anew(hooks: catalog.Hooks) -> Phase | None:
    return Phase(PhaseName.ON_START) if hooks.on_start else None


def _with_promotion(current: Release, event: events.Event, at: datetime) -> Release:
    change = _CHANGES.get(type(event))
    if change is None:
        return current
    promotions = tuple(
        change(promotion, event, at) if promotion.environment == event.environment else promotion
        for promotion in current.promotions
    )
    return replace(current, promotions=promotions)


def _with_phase(
    promotion: Promotion, name: PhaseName, change: Callable[[Phase], Phase]
) -> Promotion:
    phases = tuple(change(p) if p.name is name else p for p in promotion.phases)
    return replace(promotion, phases=phases)


def _held(promotion: Promotion, event: events.PromotionHeld, at: datetime) -> Promotion:
    return _with_phase(
        replace(promotion, gates=_dated(event.gates, promotion.gates, at)),
        event.phase,
        lambda p: replace(
            p,
            status=event.status,
            reason=_since(event.reason, p.reason, at),
            started_at=p.started_at or at,
            retry_at=None,
        ),
    )


def _dated(
    gates: Iterable[release.Gate], before: Iterable[release.Gate], at: datetime
) -> tuple[release.Gate, ...]:
    known = {gate.kind: gate.reason for gate in before}
    return tuple(replace(g, reason=_since(g.reason, known.get(g.kind), at)) for g in gates)


def _all_open(gates: Iterable[release.Gate]) -> tuple[release.Gate, ...]:
    """What was closed has opened; that others were there, or a lock, is over and not shown."""
    return tuple(
        replace(gate, status=Status.SUCCEEDED, reason=None, opens_at=None) if gate.closed else gate
        for gate in gates
        if gate.kind not in (release.GateKind.LOCK, release.GateKind.BUSY)
    )


def _approved(promotion: Promotion, event: events.ApprovalGiven, at: datetime) -> Promotion:
    if event.attempt != promotion.attempt or any(a.by == event.by for a in promotion.approvals):
        return promotion
    given = release.Approval(event.by, event.comment, at)
    return replace(promotion, approvals=(*promotion.approvals, given))


def _skip_requested(promotion: Promotion, event: events.SkipRequested, _: datetime) -> Promotion:
    return replace(promotion, skip=event.reason)


def _displaced(promotion: Promotion, event: events.ContentDisplaced, at: datetime) -> Promotion:
    warned = _warned(promotion, events.WarningRaised(event.reason), at)
    fresh = tuple(Phase(phase.name) for phase in promotion.phases)
    return replace(warned, phases=fresh, gates=(), claim=0, begun=False, displaced=True)


def _started(promotion: Promotion, event: events.PromotionStarted, at: datetime) -> Promotion:
    passed = _with_phase(
        promotion, PhaseName.GATES, lambda p: _ended(p, Status.SUCCEEDED, None, at)
    )
    return replace(
        passed,
        gates=_all_open(promotion.gates),
        begun=True,
        attempt=event.attempt,
        claim=event.claim,
        started_at=promotion.started_at or at,
    )


def _claim_lost(promotion: Promotion, _: events.ClaimLost, __: datetime) -> Promotion:
    reset = _with_phase(promotion, PhaseName.GATES, lambda p: Phase(p.name))
    return replace(reset, claim=0, begun=False, gates=())


def _phase_started(promotion: Promotion, event: events.PhaseStarted, at: datetime) -> Promotion:
    def start(phase: Phase) -> Phase:
        return replace(
            phase,
            status=Status.RUNNING,
            reason=_since(event.reason, phase.reason, at),
            started_at=phase.started_at or at,
        )

    return _with_phase(replace(promotion, gates=_all_open(promotion.gates)), event.phase, start)


def _reported(promotion: Promotion, event: events.PhaseReported, at: datetime) -> Promotion:
    def report(phase: Phase) -> Phase:
        return replace(
            _seen(_unsuspended(phase, event.status, at), at),
            status=event.status,
            reason=_since(event.reason, phase.reason, at),
            started_at=phase.started_at or at,
            lingers=event.status.ended,
        )

    return _with_phase(promotion, event.phase, report)


def _troubled(promotion: Promotion, event: events.PhaseTroubled, at: datetime) -> Promotion:
    def trouble(phase: Phase) -> Phase:
        return replace(
            _unsuspended(phase, Status.RUNNING, at),
            status=Status.RUNNING,
            reason=_since(event.reason, phase.reason, at),
            started_at=phase.started_at or at,
            tries=phase.tries + (not event.refusal),
            refusals=phase.refusals + event.refusal,
            retry_at=event.retry_at,
            blind_since=phase.blind_since or at,
        )

    return _with_phase(promotion, event.phase, trouble)


def _phase_succeeded(promotion: Promotion, event: events.PhaseSucceeded, at: datetime) -> Promotion:
    return _with_phase(
        promotion, event.phase, lambda p: _ended(p, Status.SUCCEEDED, event.reason, at)
    )


def _phase_failed(promotion: Promotion, event: events.PhaseFailed, at: datetime) -> Promotion:
    return _with_phase(promotion, event.phase, lambda p: _ended(p, event.status, event.reason, at))


def _landed(promotion: Promotion, event: events.CommitLanded, at: datetime) -> Promotion:
    here = (event.repository, event.branch)
    landing = release.Landing(
        event.repository,
        event.branch,
        event.commit,
        event.components,
        event.changed,
        event.write_id,
        at,
    )
    others = tuple(x for x in promotion.landings if (x.repository, x.branch) != here)
    return replace(promotion, landings=(*others, landing))


def _warned(promotion: Promotion, event: events.WarningRaised, at: datetime) -> Promotion:
    return replace(promotion, warnings=_with_warning(promotion.warnings, event, at))


def _with_warning(
    known: tuple[reasons.Reason, ...], event: events.WarningRaised, at: datetime
) -> tuple[reasons.Reason, ...]:
    others = tuple(w for w in known if w.sentence != event.reason.sentence)
    return (*others, replace(event.reason, since=event.reason.since or at))


def _told(promotion: Promotion, event: events.HookReported, at: datetime) -> Promotion:
    return replace(promotion, told=_with_told(promotion.told, event, at))


def _with_told(
    known: tuple[Told, ...], event: events.HookReported, at: datetime
) -> tuple[Told, ...]:
    place = (event.purpose, event.attempt)
    before = next((each for each in known if (each.purpose, each.attempt) == place), None)
    now = Told(
        event.purpose,
        event.attempt,
        event.template,
        event.status,
        _since(event.reason, before.reason if before else None, at),
        started_at=(before.started_at if before else None) or at,
        ended_at=at if event.status.ended else None,
    )
    return (*(each for each in known if each is not before), now)


def _still_told(known: tuple[Told, ...]) -> tuple[Told, ...]:
    """What an earlier attempt still tells; the rest is history."""
    return tuple(each for each in known if not each.status.ended)


def _promotion_ended(promotion: Promotion, event: events.PromotionEnded, at: datetime) -> Promotion:
    ended = replace(promotion, claim=0, ended_at=at, skip=None)
    if event.status not in _TAKEN_BY_PHASES:
        return ended
    # Of what is skipped nothing counts, neither what was done before nor what failed.
    anew = event.status is Status.SKIPPED and not promotion.landed
    phases = tuple(
        phase if phase.over and not anew else _ended(phase, event.status, event.reason, at)
        for phase in promotion.phases
    )
    return replace(ended, phases=phases)


def _proven(promotion: Promotion, _: events.TriggerProven, __: datetime) -> Promotion:
    return replace(promotion, proven=True)


def _retried(promotion: Promotion, event: events.PromotionRetried, at: datetime) -> Promotion:
    hooks = promotion.hooks if event.hooks is None else event.hooks
    names = tuple(phase.name for phase in promotion.phases)
    if event.settings:
        names = release.phase_names(promotion.role, event.settings, hooks)
    done = _done_before(promotion, event.from_phase)
    return replace(
        promotion,
        phases=tuple(done.get(name, Phase(name)) for name in names),
        attempt=event.attempt,
        gates=(),
        approvals=(),
        displaced=False,
        skip=None,
        newer_tried=event.newer_tried,
        settings=event.settings or promotion.settings,
        origins=event.origins or promotion.origins,
        drift_accepted=event.drift_accepted,
        unsupported=event.unsupported if event.settings else promotion.unsupported,
        begun=False,
        claim=0,
        warnings=(),
        ended_at=None,
        hooks=hooks,
        told=_still_told(promotion.told),
    )


def _done_before(promotion: Promotion, resumed: PhaseName | None) -> Mapping[PhaseName, Phase]:
    """The phases that stay done when it goes on from this one: never the gates."""
    order = list(PhaseName)
    before = order[1 : order.index(resumed)] if resumed else ()
    return {
        phase.name: phase
        for phase in promotion.phases
        if phase.name in before and phase.status is Status.SUCCEEDED
    }


def _content_gone(promotion: Promotion, _: events.ContentGone, __: datetime) -> Promotion:
    fresh = release.phases(phase.name for phase in promotion.phases)
    return replace(promotion, phases=fresh, counts_from=promotion.attempt)


def _ended(phase: Phase, status: Status, reason: reasons.Reason | None, at: datetime) -> Phase:
    return replace(
        _seen(phase, at),
        status=status,
        reason=_since(reason, None, at),
        started_at=phase.started_at or at,
        ended_at=at,
        lingers=False,
    )


def _seen(phase: Phase, at: datetime) -> Phase:
    """The outside answered: the time without an answer is over, and does not count."""
    unseen = at - phase.blind_since if phase.blind_since else timedelta()
    return replace(phase, blind=phase.blind + unseen, blind_since=None, retry_at=None, tries=0)


def _unsuspended(phase: Phase, status: Status, at: datetime) -> Phase:
    """Time in which it was for somebody else to move does not count either."""
    since = phase.reason.since if phase.reason else None
    if phase.status is not Status.SUSPENDED or status is Status.SUSPENDED or since is None:
        return phase
    return replace(phase, blind=phase.blind + (at - since))


def _since(
    reason: reasons.Reason | None, before: reasons.Reason | None, at: datetime
) -> reasons.Reason | None:
    """The reason with its beginning: that of the same cause before, else now."""
    if reason is None or reason.since is not None:
        return reason
    same = before is not None and before.code is reason.code
    return replace(reason, since=before.since if same and before else at)


_OF_PHASES = frozenset(
    {
        events.PhaseStarted,
        events.PhaseReported,
        events.PhaseTroubled,
        events.PhaseSucceeded,
        events.PhaseFailed,
    }
)

# Ends that come from outside the phases; success and failure are the phases' own.
_TAKEN_BY_PHASES = frozenset({Status.SUPERSEDED, Status.TERMINATED, Status.SKIPPED})

_CHANGES: Mapping[type[events.Event], Callable[..., Promotion]] = {
    events.PromotionHeld: _held,
    events.ApprovalGiven: _approved,
    events.SkipRequested: _skip_requested,
    events.ContentDisplaced: _displaced,
    events.PromotionStarted: _started,
    events.ClaimLost: _claim_lost,
    events.PhaseStarted: _phase_started,
    events.PhaseReported: _reported,
    events.PhaseTroubled: _troubled,
    events.PhaseSucceeded: _phase_succeeded,
    events.PhaseFailed: _phase_failed,
    events.CommitLanded: _landed,
    events.WarningRaised: _warned,
    events.PromotionEnded: _promotion_ended,
    events.TriggerProven: _proven,
    events.PromotionRetried: _retried,
    events.ContentGone: _content_gone,
    events.HookReported: _told,
}
