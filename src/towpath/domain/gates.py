"""What holds a promotion before it begins, and again before it writes.

All gates are evaluated, stored and shown at once, so that each can be met while others still hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from towpath.domain import actions, approvals, events, meeting, soak, status, windows
from towpath.domain.catalog import Window
from towpath.domain.facts import Facts, Lock
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Gate, GateKind, Phase, Promotion, Release, Trigger
from towpath.domain.status import Status

PUSH_AHEAD = timedelta(days=1)
"""A window that closes later than this need not be told to a push: it does not take so long."""


def evaluate(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> tuple[Gate, ...]:
    """Every gate of a promotion that is due, open or closed. Locks only while there are any."""
    own: list[Gate | None] = []
    if not passed_before(promotion):
        own = [approvals.gate(release, promotion), soak.gate(release, promotion, facts, now)]
    found = [*own, *before_push(release, promotion, facts, now)]
    gates = [gate for gate in found if gate is not None]
    return tuple(sorted([*gates, *_busy(release, promotion, facts, now, gates)], key=_place))


def shown(release: Release, promotion: Promotion, known: Sequence[Window]) -> tuple[Gate, ...]:
    """The gates to show of a promotion: those it met, or before it is due those it will meet."""
    if promotion.gates or promotion.begun or promotion.status is not Status.WAITING:
        return promotion.gates
    kinds = (
        (GateKind.APPROVAL, approvals.needed(release, promotion) is not None),
        (GateKind.WINDOW, bool(known) and release.trigger is not Trigger.ROLLBACK),
        (GateKind.SOAK, bool(soak.counted_in(release, promotion))),
    )
    return tuple(Gate(kind, Status.WAITING) for kind, there in kinds if there)


def passed_before(promotion: Promotion) -> bool:
    """Whether an attempt has passed the gates, and what it brought is to be completed or proven.

    Done work stays done; once it turns out that the content is gone, the gates hold it anew.
    """
    return promotion.landed and not promotion.displaced


def stays_done(release: Release, promotion: Promotion) -> bool:
    """Whether what landed by an earlier attempt must not be written again without the gates."""
    asked = approvals.needed(release, promotion) or soak.counted_in(release, promotion)
    return promotion.attempt > 1 and passed_before(promotion) and bool(asked)


def before_push(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> tuple[Gate, ...]:
    """The gates that are asked again before every push: window and lock."""
    found = (_window(release, promotion, facts, now), locked(release, promotion, facts, now))
    return tuple(gate for gate in found if gate is not None)


def closed(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Those that hold."""
    return tuple(gate for gate in gates if gate.closed)


def worst(gates: Sequence[Gate]) -> Gate:
    """The closed gate whose status and reason the phase takes."""
    severest = status.worst(gate.status for gate in gates)
    return min((gate for gate in gates if gate.status is severest), key=_place)


def _place(gate: Gate) -> int:
    return list(GateKind).index(gate.kind)


def _busy(
    release: Release, promotion: Promotion, facts: Facts, now: datetime, others: Sequence[Gate]
) -> Iterator[Gate]:
    """Who else acts there; whose turn it is is asked only when nothing else holds it."""
    if closed(others):
        reason = meeting.occupied(release, promotion, facts)
    else:
        reason = meeting.goes_first(release, promotion, facts, now)
    if reason:
        yield Gate(GateKind.BUSY, Status.PENDING, reason)


# --- locks -----------------------------------------------------------------------------------
def locked(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Gate | None:
    """The lock that holds longest: `suspended`, or `pending` when it ends by itself."""
    locks = [x for x in facts.stage(promotion.environment).locks if _holds(x, release, now)]
    if not locks:
        return None
    longest = max(locks, key=lambda x: (x.until is None, x.until or x.since))
    state = Status.PENDING if longest.until else Status.SUSPENDED
    return Gate(GateKind.LOCK, state, _locked_reason(longest), longest.until)


def _holds(lock: Lock, release: Release, now: datetime) -> bool:
    own = lock.by_rollback and release.trigger is Trigger.ROLLBACK
    return not own and (lock.until is None or lock.until > now)


def _locked_reason(lock: Lock) -> Reason:
    what = f"{lock.product} in {lock.environment}" if lock.product else lock.environment
    end = f" until {lock.until:%Y-%m-%d %H:%M} UTC" if lock.until else ""
    why = f": {lock.reason}" if lock.reason else ""
    data = {"product": lock.product, "environment": lock.environment, "author": lock.author}
    return Reason(
        Code.ENVIRONMENT_LOCKED,
        f"{lock.author} locked {what}{end}{why}",
        data,
        since=lock.since,
        advice=f"towpath unlock {lock.product or '-'} {lock.environment}",
    )


# --- windows ---------------------------------------------------------------------------------
def _windows(release: Release, promotion: Promotion, facts: Facts) -> tuple[Window, ...]:
    """The windows that hold the promotion; a rollback knows none."""
    if release.trigger is Trigger.ROLLBACK:
        return ()
    return facts.windows.get(promotion.environment, ())


def _window(release: Release, promotion: Promotion, facts: Facts, now: datetime) -> Gate | None:
    known = _windows(release, promotion, facts)
    if not known:
        return None
    why = windows.closed_by(known, now)
    if why is None:
        return Gate(GateKind.WINDOW, Status.SUCCEEDED)
    opens = windows.opens_at(known, now)
    years = windows.HORIZON.days // 366
    until = f"until {opens:%Y-%m-%d %H:%M} UTC" if opens else f"within the next {years} years"
    sentence = f"{promotion.environment} takes no promotion {until}: {why}"
    return Gate(GateKind.WINDOW, Status.PENDING, Reason(Code.WINDOW_CLOSED, sentence), opens)


def closes_at(
    release: Release, promotion: Promotion, facts: Facts, now: datetime
) -> datetime | None:
    """Until when a push may be made, if a window closes in the time a push can take."""
    known = _windows(release, promotion, facts)
    return windows.closes_at(known, now, PUSH_AHEAD) if known else None


# --- holding ---------------------------------------------------------------------------------
def hold(promotion: Promotion, phase: Phase, gates: Sequence[Gate]) -> Iterator[actions.Action]:
    """Record what holds the promotion, unless that is known, and look again when one opens."""
    holding = closed(gates)
    if phase.status is not worst(holding).status or _told(promotion.gates) != _told(gates):
        first = worst(holding)
        assert first.reason is not None
        yield actions.Record(
            (
                events.PromotionHeld(
                    phase.name,
                    first.status,
                    first.reason,
                    tuple(gates),
                    environment=promotion.environment,
                ),
            )
        )
    if opening := [gate.opens_at for gate in holding if gate.opens_at]:
        yield actions.LookAgain(min(opening))


def again(promotion: Promotion, held: Iterable[Gate]) -> tuple[Gate, ...]:
    """The gates that were passed, with those that hold it again before a push."""
    passed = [g for g in promotion.gates if g.kind in (GateKind.APPROVAL, GateKind.SOAK)]
    return tuple(sorted([*passed, *held], key=_place))


def _told(gates: Iterable[Gate]) -> list[object]:
    """What is shown of gates: a reason is the same as long as its words are."""
    return [(g.kind, g.status, g.opens_at, g.reason.sentence if g.reason else "") for g in gates]


def unsupported(promotion: Promotion) -> Reason:
    """What the promotion's settings ask for and this version cannot do: better no than half."""
    what = ", ".join(promotion.unsupported)
    return Reason(
        Code.UNSUPPORTED,
        f"{promotion.environment} asks for what this version cannot do: {what}",
        {"settings": list(promotion.unsupported)},
        advice="Take it out of the flow or policy, or use a version that has it.",
    )
