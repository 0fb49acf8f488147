"""What an environment of a release waits for: since when, until when, and what one could do.

What could be done is a command line, ready to be copied; only what is possible now is named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from towpath.domain import possible
from towpath.domain.approvals import Person
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Gate, GateKind, Promotion, Release, Role
from towpath.domain.status import Status

_SOMEBODY = Person("")
_ENDED_WELL = frozenset({Status.SUCCEEDED, Status.SUPERSEDED, Status.SKIPPED})


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is waited for. `until`: it is over by itself then, as far as is known."""

    code: Code
    sentence: str
    since: datetime | None = None
    until: datetime | None = None
    commands: tuple[str, ...] = ()


def waits(of: Release, promotion: Promotion) -> tuple[Wait, ...]:
    """All that the environment waits for at once; nothing once it is done."""
    if promotion.status in _ENDED_WELL or promotion.role is Role.SOURCE:
        return ()
    if of.course.status is Status.QUEUED and of.course.reason:
        return (_wait(of.course.reason, commands=_look_at(of.course.reason)),)
    closed = tuple(gate for gate in promotion.gates if gate.closed)
    if closed and not promotion.status.ended:
        return tuple(_at_gate(of, promotion, gate) for gate in closed)
    return tuple(_in_phase(of, promotion))


def _at_gate(of: Release, promotion: Promotion, gate: Gate) -> Wait:
    assert gate.reason is not None
    commands: tuple[str, ...] = ()
    match gate.kind:
        case GateKind.APPROVAL | GateKind.LOCK:
            commands = (gate.reason.advice,)
        case GateKind.BUSY:
            commands = _look_at(gate.reason)
        case GateKind.SOAK if not gate.opens_at:
            commands = tuple(_mending(of, promotion, gate.reason))
        case GateKind.SOAK:
            commands = (_by_hand(of, promotion.environment, of.before(promotion)),)
        case GateKind.WINDOW if not promotion.landed:
            commands = (f"towpath skip {of.id} {promotion.environment}",)
    return _wait(gate.reason, gate.opens_at, commands)


def _mending(of: Release, promotion: Promotion, reason: Reason) -> Iterator[str]:
    """What makes a soak count again, or passes it."""
    places = reason.data.get("environments")
    where = str(places[0]) if isinstance(places, list) and places else ""
    soaking = of.promotion(where)
    if soaking and soaking.role is Role.STEP and "health" not in reason.data:
        yield _by_hand(of, where, of.before(soaking))
    yield _by_hand(of, promotion.environment, of.before(promotion))


def _by_hand(of: Release, environment: str, before: Sequence[Promotion]) -> str:
    """Bring the release there by hand, which waits for no soak."""
    source = f" --from {before[0].environment}" if before else ""
    return f"towpath promote {of.product} --to {environment}{source} --release {of.id}"


def _look_at(reason: Reason) -> tuple[str, ...]:
    other = reason.data.get("release")
    return (f"towpath release show {other}",) if other else ()


def _in_phase(of: Release, promotion: Promotion) -> Iterator[Wait]:
    reason = of.why(promotion)
    phase = promotion.current
    commands = tuple(_ways_on(of, promotion))
    if reason is not None:
        yield _wait(reason, phase.retry_at if phase else None, commands)
    elif phase is not None:
        doing = "in progress" if phase.status is Status.RUNNING else "about to begin"
        words = f"{phase.name.value.replace('_', '-')} is {doing}"
        yield Wait(Code.WRITING, words, phase.started_at, phase.retry_at, commands)


def _ways_on(of: Release, promotion: Promotion) -> Iterator[str]:
    """What brings an environment on that has failed, or is held for somebody to decide.

    One that is not reached is brought on by what brings those on that are in its way.
    """
    if promotion.status is Status.WAITING:
        if of.on_start and of.on_start.status is Status.SUSPENDED:
            yield f"towpath resume {of.id} -"
        if of.on_start and of.on_start.over and not of.may_begin:
            yield f"towpath release retry {of.id}"
        for stuck in of.stuck_before(promotion):
            yield from _ways_on(of, stuck)
        return
    if promotion.status is Status.RUNNING:
        return
    if (why := promotion.reason) and why.code is Code.WORKFLOW_SUSPENDED:
        yield f"towpath resume {of.id} {promotion.environment}"
    may = possible.in_environment(of, promotion.environment, _SOMEBODY, ())
    if "retry" in may.actions:
        yield f"towpath release retry {of.id} --environment {promotion.environment}"
    if "skip" in may.actions and promotion.status.ended:
        yield f"towpath skip {of.id} {promotion.environment}"


def _wait(reason: Reason, until: datetime | None = None, commands: tuple[str, ...] = ()) -> Wait:
    return Wait(reason.code, reason.sentence, reason.since, until, commands)
