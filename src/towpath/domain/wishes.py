"""What a person may wish of a release: the events it leads to, or why it makes no sense now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from towpath.domain import catalog, events, policy
from towpath.domain import hooks as telling
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role, Trigger
from towpath.domain.status import Status

RETRIED = frozenset({Status.FAILED, Status.ERROR, Status.TERMINATED})


class Refused(Exception):  # noqa: N818
    """The wish makes no sense now. `code` is for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Renewed:
    """An environment's settings, resolved anew from the configuration in force."""

    settings: catalog.PolicySettings
    origins: dict[str, str]
    unsupported: tuple[str, ...] = ()
    hooks: catalog.Hooks = catalog.Hooks()


def terminate(release: Release, actor: str, comment: str = "") -> tuple[events.Event, ...]:
    """Stop the release. Asking again changes nothing; an ended release cannot be stopped."""
    if release.course.status in (Status.TERMINATING, Status.TERMINATED):
        return ()
    if release.ended:
        raise Refused("already_ended", f"{release.id} has ended ({release.status})")
    words = f"{actor} terminated it" + (f": {comment}" if comment else "")
    reason = Reason(Code.TERMINATED_BY, words, {"actor": actor, "comment": comment})
    return (events.TerminationRequested(reason),)


def retry(
    release: Release,
    facts: Facts,
    renewed: dict[str, Renewed],
    queue_position: int | None,
    environment: str = "",
    hooks: catalog.Hooks | None = None,
) -> tuple[events.Event, ...]:
    """Go on from the failed phase in every environment that failed, or in the one named.

    `hooks` are the release's as its flow has them now (None: there is no such flow any more).
    Refused while nothing of the release failed, was stopped or is held for a decision.
    """
    if environment:
        there(release, environment)
    if release.course.status is Status.TERMINATING:
        raise Refused("terminating", f"{release.id} is still stopping")
    chosen = [p for p in release.promotions if environment in ("", p.environment)]
    again = [p for p in chosen if _can_retry(release, p)]
    if environment:
        again = [p for p in again if not (_was_cut_off(p) and _is_blocked(release, p))]
    if not again and not environment and _start_failed(release):
        return (*anew(release, queue_position, hooks),)
    if not again:
        if lingering := [p.environment for p in chosen if p.status in RETRIED and not p.over]:
            where = " and ".join(lingering)
            raise Refused("still_running", f"workflows of {release.id} in {where} have not ended")
        if any(p.attempt > 1 and not p.over for p in chosen):
            return ()  # a retry is under way already
        where = f" in {environment}" if environment else ""
        raise Refused("nothing_to_retry", f"nothing of {release.id}{where} failed or was stopped")
    freed = [p for p in _cut_off(release, again) if p not in again]
    return (
        *anew(release, queue_position, hooks),
        *(
            event
            for p in [*again, *freed]
            for event in (
                *telling.owed_by_promotion(p),
                _again(release, p, facts, renewed.get(p.environment)),
            )
        ),
    )


def there(release: Release, environment: str) -> Promotion:
    """The release's promotion in the environment. Raises `Refused` when it does not go there."""
    promotion = release.promotion(environment)
    if promotion is None:
        raise Refused("unknown_environment", f"{release.id} does not go to {environment}")
    return promotion


def anew(
    release: Release, queue_position: int | None, hooks: catalog.Hooks | None = None
) -> tuple[events.Event, ...]:
    """The release goes on, if it had ended, with these hooks, and its clock begins anew."""
    if release.ended:
        queued = release.queue_position is not None
        changes = policy.changes(release.hooks, hooks) if hooks else ()
        position = queue_position if queued else None
        reopened = events.ReleaseReopened(position, hooks if changes else None, changes)
        return (*telling.owed_by_release(release), reopened)
    if release.timeout and release.course.status is not Status.QUEUED:
        return (events.ClockStarted(release.timeout.total_seconds()),)
    return ()


def _start_failed(release: Release) -> bool:
    """Whether the release's start hook kept everything from beginning."""
    return release.on_start is not None and release.on_start.over and not release.may_begin


def _can_retry(release: Release, promotion: Promotion) -> bool:
    reason = promotion.reason
    held = reason is not None and reason.code is Code.CHANGED_BY_HAND
    stopped = release.course.status is Status.TERMINATED and _was_cut_off(promotion)
    failed = promotion.status in RETRIED and promotion.over
    return failed or stopped or (held and promotion.status is Status.SUSPENDED)


def _was_cut_off(promotion: Promotion) -> bool:
    reason = promotion.reason
    return (
        promotion.role is not Role.SOURCE
        and promotion.status is Status.SKIPPED
        and reason is not None
        and reason.code is Code.NOT_REACHED
    )


def _is_blocked(release: Release, promotion: Promotion) -> bool:
    """Whether an environment before it would cut it off again at once."""
    return any(before.blocks_for_good for before in release.before(promotion))


def _cut_off(release: Release, again: Sequence[Promotion]) -> Iterator[Promotion]:
    """What was skipped because it is behind one of these, in the flow's order."""
    reached = {p.environment for p in again}
    skipped = [p for p in release.promotions if _was_cut_off(p)]
    before = {p.environment: {b.environment for b in release.before(p)} for p in skipped}
    for _ in skipped:
        reached |= {where for where, behind in before.items() if reached & behind}
    return (p for p in skipped if p.environment in reached)


def _again(
    release: Release, promotion: Promotion, facts: Facts, renewed: Renewed | None
) -> events.Event:
    failed = next((p for p in promotion.phases if p.status is not Status.SUCCEEDED), None)
    # What landed, or may yet arrive, is gone on with as it was begun: a policy that writes nothing
    # any more would never find out.
    begun_to_write = promotion.landed or facts.open_writes.get(promotion.environment)
    fresh = None if begun_to_write else renewed
    begun = facts.stage(promotion.environment).begun.get(release.line, 0) if release.line else 0
    return events.PromotionRetried(
        promotion.attempt + (promotion.begun or promotion.over),
        _resume_at(promotion, failed),
        newer_tried=begun,
        settings=fresh.settings if fresh else None,
        origins=fresh.origins if fresh else {},
        changes=_changes(promotion, fresh) if fresh else (),
        unsupported=fresh.unsupported if fresh else (),
        drift_accepted=promotion.status is Status.SUSPENDED,
        hooks=fresh.hooks if fresh else None,
        environment=promotion.environment,
    )


def _resume_at(promotion: Promotion, failed: Phase | None) -> PhaseName | None:
    """The phase to go on from.

    Whether what landed is still in place is found out by writing it: that does nothing if it is.
    """
    if failed is None:
        return None
    again = promotion.landed and promotion.phase(PhaseName.ACTION)
    return PhaseName.ACTION if again else failed.name


def _changes(promotion: Promotion, fresh: Renewed) -> tuple[str, ...]:
    settings = policy.changes(promotion.settings, fresh.settings)
    return (*settings, *policy.changes(promotion.hooks, fresh.hooks))


def requeue(release: Release, facts: Facts) -> int | None:
    """The head of the product's queue, for a retried release that takes part in it."""
    if release.queue_position is None or release.trigger is Trigger.ROLLBACK:
        return None
    positions = [r.queue_position for r in facts.rivals if r.queue_position is not None]
    return min([*positions, release.queue_position]) - 1
