"""The phases of a promotion that are workflows: what is to be run, and what the runs make of it.

A phase has one run for each application of the release in its environment; a hook has one. Its
status is that of its runs, by the one rule. What succeeded in an earlier attempt is not run again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from towpath.domain import actions, events, phases, status, trouble, workflow
from towpath.domain.actions import Action, Record
from towpath.domain.facts import Facts, Member
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release
from towpath.domain.status import Status
from towpath.domain.workflow import Known, Purpose

PURPOSES: Mapping[PhaseName, Purpose] = {
    PhaseName.ON_START: Purpose.ON_START,
    PhaseName.PRE_ACTION: Purpose.PRE_ACTION,
    PhaseName.POST_ACTION: Purpose.POST_ACTION,
}
ONCE = Member("", "")
"""Whom a hook runs for: no application in particular."""
TITLES: Mapping[Purpose, str] = {
    Purpose.ON_START: "start hook ",
    Purpose.ON_SUCCESS: "success hook ",
    Purpose.ON_FAIL: "failure hook ",
}
ASK_AGAIN = timedelta(seconds=5)


def template(promotion: Promotion, name: PhaseName) -> str:
    """The workflow that a phase of the promotion runs; empty if it runs none."""
    chosen = {
        PhaseName.ON_START: promotion.hooks.on_start,
        PhaseName.PRE_ACTION: promotion.settings.pre_action,
        PhaseName.POST_ACTION: promotion.settings.post_action,
    }
    return chosen.get(name) or ""


def cannot_run(promotion: Promotion, facts: Facts) -> Reason | None:
    """Why one of the promotion's workflows cannot be run, asked before anything is done."""
    left = (template(promotion, phase.name) for phase in promotion.phases if not phase.over)
    return next((facts.refused[name] for name in left if name in facts.refused), None)


def go_on(
    release: Release, promotion: Promotion, phase: Phase, facts: Facts, now: datetime
) -> Iterator[Action]:
    """Start what is not started, and bring the phase in step with its runs."""
    purpose, name = PURPOSES[phase.name], template(promotion, phase.name)
    known = counted(release, promotion, purpose, facts)
    missing = _missing(promotion, purpose, known, facts)
    if phase.name is PhaseName.POST_ACTION:
        yield from _replaced(promotion, facts)
    if not known and not missing:
        yield Record(trouble.failure(promotion, phase, _nobody(promotion)))
    elif missing and not phase.lingers:
        yield from _start(promotion, phase, purpose, missing, facts, now)
    elif all(run.over for run in known.values()):
        yield Record(tuple(_ended(promotion, phase, name, known.values())))
    else:
        yield from _progress(promotion, phase, name, known.values())
    if phase.name is PhaseName.POST_ACTION and promotion.landed:
        yield actions.LookAgain(now + ASK_AGAIN)


def counted(
    release: Release, promotion: Promotion, purpose: Purpose, facts: Facts
) -> Mapping[str, Known]:
    """The run that counts for each application: this attempt's, or one that succeeded before."""
    mine = [
        run
        for run in facts.runs
        if (run.place.environment, run.place.purpose) == (promotion.environment, purpose)
        and promotion.counts_from <= run.place.attempt <= promotion.attempt
    ]
    return {
        run.place.application: run
        for run in sorted(mine, key=lambda run: run.place.attempt)
        if run.place.attempt == promotion.attempt or _still_counts(promotion, run)
    }


def _still_counts(promotion: Promotion, run: Known) -> bool:
    """Whether what succeeded in an earlier attempt need not run again.

    It must be the workflow that is asked for now, and a post-action must have seen what is there.
    """
    asked_for = template(promotion, PhaseName(run.place.purpose.value))
    if run.status is not Status.SUCCEEDED or run.stopping or run.template != asked_for:
        return False
    if run.place.purpose is not Purpose.POST_ACTION:
        return True
    landed = [landing.landed_at for landing in promotion.landings if landing.landed_at]
    return run.started_at is not None and all(run.started_at >= at for at in landed)


def _missing(
    promotion: Promotion, purpose: Purpose, known: Mapping[str, Known], facts: Facts
) -> tuple[Member, ...]:
    wanted = facts.members.get(promotion.environment, ())
    if purpose is Purpose.ON_START:
        wanted = (ONCE,)
    return tuple(member for member in wanted if member.application not in known)


def _start(
    promotion: Promotion,
    phase: Phase,
    purpose: Purpose,
    missing: tuple[Member, ...],
    facts: Facts,
    now: datetime,
) -> Iterator[Action]:
    name = template(promotion, phase.name)
    if reason := facts.refused.get(name):
        yield Record(trouble.failure(promotion, phase, reason))
    elif phase.retry_at and phase.retry_at > now:
        yield actions.LookAgain(phase.retry_at)
    else:
        yield actions.StartRuns(promotion.environment, purpose, promotion.attempt, name, missing)


def _ended(
    promotion: Promotion, phase: Phase, name: str, runs: Collection[Known]
) -> Iterator[events.Event]:
    said = workflow.whole(runs)
    if said in (Status.SUCCEEDED, Status.SKIPPED):
        yield from phases.done(promotion, (phase.name,))
        return
    reason = why(PURPOSES[phase.name], name, runs)
    environment = promotion.environment
    yield events.PhaseFailed(phase.name, said, reason, environment=environment)
    yield events.PromotionEnded(said, reason, environment=environment)


def _progress(
    promotion: Promotion, phase: Phase, name: str, runs: Collection[Known]
) -> Iterator[Action]:
    said, reason = workflow.whole(runs), why(PURPOSES[phase.name], name, runs)
    if is_news(phase.status, phase.reason, said, reason):
        yield Record(
            (events.PhaseReported(phase.name, said, reason, environment=promotion.environment),)
        )


def is_news(old: Status, known: Reason | None, new: Status, reason: Reason | None) -> bool:
    """Whether status or sentence are others than before."""
    return old is not new or (known and known.sentence) != (reason and reason.sentence)


def _replaced(promotion: Promotion, facts: Facts) -> Iterator[Action]:
    """After it was healthy it was proven: what replaced it since is shown, and stops nothing."""
    watched = facts.watched.get(promotion.environment)
    if watched is None or watched.overwritten is None:
        return
    if any(warning.code is Code.OVERWRITTEN for warning in promotion.warnings):
        return
    cause = watched.overwritten
    reason = Reason(
        Code.OVERWRITTEN,
        f"replaced in {promotion.environment} after it was healthy there: {cause.sentence}",
        cause.data,
    )
    yield Record((events.WarningRaised(reason, environment=promotion.environment),))


def _nobody(promotion: Promotion) -> Reason:
    return Reason(
        Code.APPLICATION_MISSING,
        f"no application of the release is left in {promotion.environment} to run it for",
        advice="Bring the application back and retry, or terminate the release.",
    )


def content_is_gone(promotion: Promotion, facts: Facts) -> Reason | None:
    """What replaced the content that had landed, when a retry goes on behind workflows."""
    watched = facts.watched.get(promotion.environment)
    return watched.overwritten if watched and must_be_in_place(promotion) else None


def must_be_in_place(promotion: Promotion) -> bool:
    """Whether a promotion at its gates has workflows behind it that hold only for what landed."""
    action = promotion.phase(PhaseName.ACTION)
    if not promotion.landed or promotion.begun or action is None or action.over:
        return False
    return any(
        phase.name in (PhaseName.ON_START, PhaseName.PRE_ACTION) and phase.over
        for phase in promotion.phases
    )


# --- in words --------------------------------------------------------------------------------
def why(purpose: Purpose, name: str, runs: Collection[Known]) -> Reason:
    """Why the runs together have their status: workflow, application and step of the worst."""
    worst = status.worst(run.status for run in runs)
    shown = sorted((r for r in runs if r.status is worst), key=lambda r: r.place.application)
    first, cause = shown[0], shown[0].reason
    data: dict[str, object] = {"workflow": name, "run": str(first.id)}
    if first.place.application:
        data["application"] = first.place.application
    if cause and "step" in cause.data:
        data["step"] = cause.data["step"]
    return Reason(
        _code(purpose, worst, cause),
        _sentence(purpose, name, shown, runs),
        data,
        advice=cause.advice if cause else "",
    )


def _code(purpose: Purpose, worst: Status, cause: Reason | None) -> Code:
    hook = purpose not in (Purpose.PRE_ACTION, Purpose.POST_ACTION)
    match worst:
        case Status.SUSPENDED:
            return Code.WORKFLOW_SUSPENDED
        case Status.ERROR if cause and cause.code is Code.UNSUPPORTED:
            return Code.UNSUPPORTED
        case Status.FAILED | Status.ERROR if hook:
            return Code.HOOK_FAILED
        case Status.FAILED:
            return Code.STEP_FAILED
        case Status.ERROR:
            return Code.STEP_ERROR
        case Status.TERMINATED:
            return cause.code if cause else Code.TERMINATED_BY
        case _:
            return Code.WORKFLOW_RUNNING


_VERBS: Mapping[Status, str] = {
    Status.PENDING: "waits to run",
    Status.SUSPENDED: "is suspended",
    Status.FAILED: "failed",
    Status.ERROR: "could not run",
    Status.TERMINATED: "was terminated",
    Status.TERMINATING: "is being stopped",
    Status.SUCCEEDED: "succeeded",
}


def _sentence(purpose: Purpose, name: str, shown: Sequence[Known], runs: Iterable[Known]) -> str:
    first, cause = shown[0], shown[0].reason
    for_whom = f" for {first.place.application}" if first.place.application else ""
    more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
    verb = _VERBS.get(first.status, "is running")
    said = f": {cause.sentence}" if cause and cause.sentence and verb != "is running" else ""
    others = [run.over for run in runs]
    so_far = (
        f" ({sum(others)} of {len(others)} done)" if len(others) > 1 and not all(others) else ""
    )
    title = TITLES.get(purpose, "")  # a phase has its own name beside the sentence
    return f"{title}{name} {verb}{for_whom}{more}{so_far}{said}"
