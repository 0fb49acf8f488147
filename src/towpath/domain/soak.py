"""How long a release must have done well in the environments before, until it may go on.

It counts from when the release succeeded in each of them, while that environment is healthy and
holds the release or a newer one of its line. What breaks that sets it to zero. It never fails.
Where nobody watches health, only the time and what lies there can count, and the gate says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from towpath.domain import spans
from towpath.domain.facts import Facts, Standing
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Gate, GateKind, Promotion, Release, Role, Trigger
from towpath.domain.status import Status


def counted_in(of: Release, promotion: Promotion) -> tuple[Promotion, ...]:
    """The environments in which the soak of a promotion counts; none where it has no soak.

    A rollback knows no soak, and where a manual release was taken from it was not verified.
    """
    if not promotion.settings.soak or of.trigger is Trigger.ROLLBACK:
        return ()
    return tuple(p for p in of.before(promotion) if p.role is not Role.SOURCE)


def is_unread(of: Release, promotion: Promotion, facts: Facts) -> bool:
    """Whether it is not known how the environments have done: they must be asked about first."""
    return any(p.environment not in facts.standings for p in counted_in(of, promotion))


def gate(of: Release, promotion: Promotion, facts: Facts, now: datetime) -> Gate | None:
    """The gate, `pending` until the time is over; None where there is nothing to wait for."""
    before, time = counted_in(of, promotion), promotion.settings.soak
    if not before or time is None:
        return None
    counts = {p.environment: _since(p, facts.standings.get(p.environment)) for p in before}
    broken = [p for p in before if counts[p.environment] is None]
    if broken:
        return Gate(GateKind.SOAK, Status.PENDING, _broken(broken[0], facts, time))
    latest, where = max((since, name) for name, since in counts.items() if since)
    opens = latest + time
    blind = [name for name in counts if not _is_watched(facts.standings.get(name))]
    data = {
        "environments": list(counts),
        "soak_seconds": time.total_seconds(),
        "health_not_watched": blind,
    }
    if opens <= now:
        sentence = f"{spans.words(time)} passed{_unwatched(blind)}"
        return Gate(GateKind.SOAK, Status.SUCCEEDED, Reason(Code.SOAKED, sentence, data))
    until = f"{opens:%Y-%m-%d %H:%M:%S} UTC"
    sentence = f"soaks in {where} for {spans.words(time)}, until {until}{_unwatched(blind)}"
    return Gate(GateKind.SOAK, Status.PENDING, Reason(Code.SOAKING, sentence, data), opens)


def _is_watched(standing: Standing | None) -> bool:
    return standing is not None and standing.watched


def _unwatched(environments: Sequence[str]) -> str:
    """What is to be said of environments that count as healthy because nobody would know."""
    if not environments:
        return ""
    return f"; the health of {' and '.join(environments)} is not watched: only time counts"


def _since(promotion: Promotion, standing: Standing | None) -> datetime | None:
    """Since when the time counts in an environment; None while it does not."""
    succeeded = promotion.ended_at
    if succeeded is None or standing is None:
        return succeeded
    if standing.here_since is None or standing.sick:
        return None
    return max(succeeded, standing.here_since, standing.healthy_since or succeeded)


def _broken(promotion: Promotion, facts: Facts, time: timedelta) -> Reason:
    standing, where = facts.standings.get(promotion.environment), promotion.environment
    why = "is not there any more"
    if standing and standing.here_since is None:
        why = f"holds {standing.instead or 'something else'}"
    elif standing and standing.sick:
        why = f"is not healthy: {standing.sick.sentence}"
    sentence = f"the soak of {spans.words(time)} begins anew once {where} is well again; it {why}"
    data: dict[str, object] = {"environments": [where]}
    if standing and standing.sick:
        data["health"] = standing.sick.code.value
    return Reason(Code.SOAKING, sentence, data)
