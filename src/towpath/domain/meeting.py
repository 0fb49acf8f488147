"""What releases of one product do to each other where they meet.

Only within a line does a newer release supersede an older one; all others take turns. No
environment goes back to an older release of a line, except by rollback.
"""

from collections.abc import Iterator
from datetime import datetime

from towpath.domain import catalog
from towpath.domain.facts import Facts, Rival, as_rival
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName, Promotion, Release, Role, Trigger

QUEUE_LIMIT = 50


def overtaken(release: Release, promotion: Promotion, facts: Facts) -> Reason | None:
    """The newer release of the line that has taken this environment, if there is one.

    One that landed always wins over what is not fully there, or would go on by a retry; one that
    began wins over what does not act there, unless a person asked for a retry after it had begun.
    """
    if not release.line or promotion.role is not Role.STEP or _is_in_place(promotion):
        return None
    stage = facts.stage(promotion.environment)
    newest = stage.landed.get(release.line, 0)
    if not (promotion.begun and promotion.landed):
        begun = stage.begun.get(release.line, 0)
        newest = max(newest, begun if begun > promotion.newer_tried else 0)
    return superseded_by(release.product, newest) if newest > release.n else None


def _is_in_place(promotion: Promotion) -> bool:
    action = promotion.phase(PhaseName.ACTION)
    written = action is not None and action.status.ended and promotion.landed
    return promotion.begun and written


def superseded_by(product: str, n: int) -> Reason:
    """The reason of whatever the release with this n has overtaken."""
    newer = f"{product}-{n}"
    return Reason(Code.SUPERSEDED_BY, f"{newer} carries this change on", {"release": newer})


def evicted(release: Release, promotion: Promotion, facts: Facts) -> Reason | None:
    """Who takes the environment from a promotion that acts there, and does not wait for its end."""
    if not promotion.claim:
        return None
    for rival in _ready(facts, promotion.environment):
        if _rolls_back_over(rival, release):
            sentence = f"{rival.id} rolls {promotion.environment} back"
            return Reason(Code.TERMINATED_BY, sentence, {"release": rival.id})
        overtakes = bool(release.line) and rival.line == release.line and rival.n > release.n
        if overtakes and facts.concurrency is catalog.Concurrency.TERMINATE:
            sentence = f"{rival.id} is newer and does not wait"
            return Reason(Code.TERMINATED_BY, sentence, {"release": rival.id})
    return None


def _rolls_back_over(rival: Rival, release: Release) -> bool:
    later = release.trigger is not Trigger.ROLLBACK or rival.n > release.n
    return rival.trigger is Trigger.ROLLBACK and later


def goes_first(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> Reason | None:
    """Who acts in the environment, or goes there before this release; None when it is its turn."""
    if held := occupied(release, promotion, facts):
        return held
    environment = promotion.environment
    gates = promotion.phase(PhaseName.GATES)
    waits = gates.reason if gates and gates.reason else None
    since = waits.since if waits and waits.code is Code.ENVIRONMENT_BUSY else None
    mine = _turn(release.trigger, since or now, release.n)
    if newer := _not_awake(release, facts, environment, now):
        return busy(newer.id, f"{newer.id} is newer and goes to {environment} first")
    for rival in _newest_of_each_line(release, facts, environment):
        same_line = bool(release.line) and rival.line == release.line
        if same_line or _turn(rival.trigger, rival.due[environment], rival.n) < mine:
            return busy(rival.id, f"{rival.id} goes to {environment} first")
    return None


def occupied(release: Release, promotion: Promotion, facts: Facts) -> Reason | None:
    """Who acts in the environment, so that this release cannot; None when it is free for it."""
    environment = promotion.environment
    holder = facts.stage(environment).holder
    if holder and holder != release.id and not takes_over(release, promotion, facts):
        return busy(holder, f"{holder} is acting in {environment}")
    return None


def _not_awake(release: Release, facts: Facts, environment: str, now: datetime) -> Rival | None:
    """A newer release of the line that is ready too, and has not noticed it yet.

    A lock or a window holds a whole line, and this release is past it; a soak may end at once for
    many.
    """
    newer = (r for r in facts.rivals if release.line and r.line == release.line)
    ready = (r for r in newer if r.n > release.n and environment in r.held)
    return next((r for r in ready if (r.held[environment] or now) <= now), None)


def takes_over(release: Release, promotion: Promotion, facts: Facts) -> bool:
    """Whether the release may take the claim of an older one of its line that is suspended."""
    stage = facts.stage(promotion.environment)
    holder = next((r for r in facts.rivals if r.id == stage.holder), None)
    older = holder is not None and holder.line == release.line and holder.n < release.n
    return stage.yields and bool(release.line) and older


def _turn(trigger: Trigger, since: datetime, n: int) -> tuple[bool, datetime, int]:
    return (trigger is not Trigger.ROLLBACK, since, n)


def _newest_of_each_line(release: Release, facts: Facts, environment: str) -> Iterator[Rival]:
    """The candidates beside this release: older ones of a line yield to its newest."""
    ready = list(_ready(facts, environment))
    newest: dict[str, int] = {release.line: release.n}
    for rival in ready:
        newest[rival.line] = max(rival.n, newest.get(rival.line, 0))
    yield from (r for r in ready if not r.line or r.n == newest[r.line])


def _ready(facts: Facts, environment: str) -> Iterator[Rival]:
    return (rival for rival in facts.rivals if environment in rival.due)


def busy(by: str, sentence: str) -> Reason:
    """The reason of a promotion that waits for another release."""
    advice = "It goes on by itself when the other release is done there."
    return Reason(Code.ENVIRONMENT_BUSY, sentence, {"release": by}, advice=advice)


def queued_behind(release: Release, facts: Facts) -> Reason | None:
    """The release that goes before this one in the product's queue; None when it is its turn."""
    ahead = [r for r in facts.rivals if _is_ahead(r, release)]
    if not ahead:
        return None
    first = min(ahead, key=lambda r: (r.queued, r.queue_position or 0))
    sentence = f"{first.id} goes first ({len(ahead)} ahead)"
    return Reason(Code.QUEUED_BEHIND_RELEASE, sentence, {"release": first.id, "ahead": len(ahead)})


def _is_ahead(rival: Rival, release: Release) -> bool:
    if rival.queue_position is None or release.queue_position is None:
        return False
    return not rival.queued or (rival.queue_position, rival.n) < (release.queue_position, release.n)


def pushed_out(release: Release, facts: Facts) -> Reason | None:
    """The next of the line, when the queue is full and this release is the oldest it carries on."""
    queued = [*(r for r in facts.rivals if r.queued), as_rival(release)]
    if len(queued) <= QUEUE_LIMIT:
        return None
    in_order = sorted(queued, key=lambda r: (r.queue_position or 0, r.n))
    for each in in_order:
        newer = [r.n for r in queued if each.line and r.line == each.line and r.n > each.n]
        if newer:
            return superseded_by(release.product, min(newer)) if each.id == release.id else None
    return None
