"""What the outcome of writing to an environment's branches makes of its action phase."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from towpath.domain import events, trouble
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release
from towpath.domain.status import Status


@dataclass(frozen=True, slots=True)
class Landed:
    """The content is on the branch. `changed` is False when it was there already."""

    repository: str
    branch: str
    commit: str
    components: tuple[str, ...]
    changed: bool = True
    write_id: UUID | None = None
    drift: Reason | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The branch's side said no, or the change cannot be made there."""

    repository: str
    branch: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It is not known whether the content is on the branch, or nothing could be tried."""

    repository: str
    branch: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Values changed by hand stand in the way, and the policy says to ask (`onDrift: hold`)."""

    repository: str
    branch: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The right to write was gone when it came to the push: nothing was pushed."""

    repository: str
    branch: str


@dataclass(frozen=True, slots=True)
class Displaced:
    """What landed by an earlier attempt is gone, and the gates have not let it be written again."""

    repository: str
    branch: str


Outcome = Landed | Refused | Unanswered | HeldBack | Withdrawn | Displaced


def happened(
    release: Release, promotion: Promotion, outcomes: Sequence[Outcome], now: datetime
) -> tuple[events.Event, ...]:
    """The events that follow from what became of each repository and branch."""
    phase = promotion.phase(PhaseName.ACTION)
    if phase is None:
        return ()
    return (
        *_landings(promotion, outcomes),
        *_phase(release, promotion, phase, outcomes, now),
    )


def _landings(promotion: Promotion, outcomes: Iterable[Outcome]) -> Iterator[events.Event]:
    for outcome in outcomes:
        if not isinstance(outcome, Landed):
            continue
        if outcome.drift:
            yield events.DriftFound(outcome.drift, environment=promotion.environment)
        if not _is_known(promotion, outcome):
            yield events.CommitLanded(
                outcome.repository,
                outcome.branch,
                outcome.commit,
                outcome.components,
                outcome.changed,
                outcome.write_id,
                environment=promotion.environment,
            )


def _is_known(promotion: Promotion, landed: Landed) -> bool:
    """Whether it landed before, and was found in place now: the first commit stays the promoted."""
    here = (landed.repository, landed.branch)
    before = any((x.repository, x.branch) == here for x in promotion.landings)
    return before and not landed.changed


def _phase(
    release: Release,
    promotion: Promotion,
    phase: Phase,
    outcomes: Sequence[Outcome],
    now: datetime,
) -> tuple[events.Event, ...]:
    environment = promotion.environment
    if any(isinstance(outcome, Withdrawn) for outcome in outcomes):
        return ()
    # Nobody leaves, or yields, while it is not known whether something of it arrived.
    if unanswered := [o.reason for o in outcomes if isinstance(o, Unanswered)]:
        return trouble.no_answer(release.id, promotion, phase, unanswered[0], now)
    if displaced := [o for o in outcomes if isinstance(o, Displaced)]:
        return (events.ContentDisplaced(_gone(displaced[0]), environment=environment),)
    if held := [o.reason for o in outcomes if isinstance(o, HeldBack)]:
        return (
            events.PromotionHeld(phase.name, Status.SUSPENDED, held[0], environment=environment),
        )
    if refused := [o for o in outcomes if isinstance(o, Refused)]:
        reason = _partly(promotion, outcomes, refused)
        return trouble.refusal(release.id, promotion, phase, reason, now)
    return tuple(_done(release, promotion, outcomes))


def _gone(displaced: Displaced) -> Reason:
    place = f"{displaced.repository} ({displaced.branch})"
    sentence = f"what had landed in {place} was replaced: it goes through the gates again"
    return Reason(Code.DISPLACED, sentence, {"repository": displaced.repository})


def _done(
    release: Release, promotion: Promotion, outcomes: Sequence[Outcome]
) -> Iterator[events.Event]:
    environment = promotion.environment
    if release.locks:
        why = f"rolled back to {release.goes_back_to} by {release.id}"
        yield events.EnvironmentLocked(
            release.product, why, by_rollback=True, environment=environment
        )
    changed = any(isinstance(o, Landed) and o.changed for o in outcomes) or any(
        landing.changed for landing in promotion.landings
    )
    reason = None if changed else Reason(Code.NO_CHANGE, "the content was there already")
    yield events.PhaseSucceeded(PhaseName.ACTION, reason, environment=environment)
    yield events.PhaseStarted(PhaseName.SYNC, environment=environment)


def _partly(
    promotion: Promotion, outcomes: Sequence[Outcome], refused: Sequence[Refused]
) -> Reason:
    """The refusal's own reason, or `partly_landed` naming both sides when some of it landed."""
    landed = [
        f"{o.repository} ({o.branch})" for o in outcomes if isinstance(o, Landed) and o.changed
    ]
    first = refused[0].reason
    if not landed:
        return first
    missing = [f"{o.repository} ({o.branch})" for o in refused]
    sentence = f"landed in {', '.join(landed)}, and not in {', '.join(missing)}: {first.sentence}"
    return Reason(
        Code.PARTLY_LANDED,
        sentence,
        {"landed": landed, "missing": missing, "cause": first.code.value},
        advice="Mend what refused and retry: the rest is pushed. A rollback takes all of it back.",
    )
