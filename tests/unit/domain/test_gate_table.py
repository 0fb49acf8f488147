"""Each gate by itself: its status and typed reason, when it opens, and what one could do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

import playbook
from towpath.domain import explaining
from towpath.domain.catalog import Approval, PolicySettings, Window
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import GateKind
from towpath.domain.status import Status

HOUR = timedelta(hours=1)
PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
SUSPENDED, PENDING = Status.SUSPENDED, Status.PENDING
World = playbook.World


def _asking(approval: Approval) -> World:
    return World(settings=PolicySettings(approval=approval))


def _locked(product: str, minutes: float | None = None) -> World:
    world = World()
    world.lock("qa", minutes, product)
    return world


def _with_window(kind: str, rule: str, zone: str = "UTC", at: datetime | None = None) -> World:
    window = Window(kind, rule, 2 * HOUR, zone, "maintenance")
    return World(windows={"qa": (window,)}, now=at or playbook.START)


def _busy() -> World:
    world = World(deployments={"qa": PROGRESSING})
    world.push()
    return world


def _soaking(sick: bool = False) -> World:
    health = {"dev": (None, Reason(Code.HEALTH_DEGRADED, "crash loop"))} if sick else {}
    return World(settings=PolicySettings(soak=HOUR), health=health)  # type: ignore[arg-type]


def _utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


# Clocks go forward in Berlin on 29 March 2026 at 2:00, and back in New York on 1 November at 2:00.
BEFORE_SPRING, BEFORE_AUTUMN = _utc(2026, 3, 28, 20), _utc(2026, 11, 1, 4)


@dataclass(frozen=True)
class Row:
    """A world in which the next release is held in qa by one gate, and how."""

    world: Callable[[], World]
    kind: GateKind
    status: Status
    code: Code
    says: str
    opens: datetime | None = None
    could: str = ""


APPROVE = "towpath approve RELEASE qa"
BY_HAND = "towpath promote checkout --to qa --from dev --release RELEASE"
SKIP = "towpath skip RELEASE qa"
ROWS = {
    "anybody's approval": Row(
        lambda: _asking(Approval()),
        GateKind.APPROVAL,
        SUSPENDED,
        Code.APPROVAL_NEEDED,
        "needs an approval by anyone",
        None,
        APPROVE,
    ),
    "several approvals, of a team or a person, not of authors": Row(
        lambda: _asking(Approval(2, ("sre",), ("bob",), exclude_author=True)),
        GateKind.APPROVAL,
        SUSPENDED,
        Code.APPROVAL_NEEDED,
        "needs 2 approvals by team sre or bob but the authors",
        None,
        APPROVE,
    ),
    "a lock of the product": Row(
        lambda: _locked(playbook.PRODUCT),
        GateKind.LOCK,
        SUSPENDED,
        Code.ENVIRONMENT_LOCKED,
        "bob locked checkout in qa: freeze",
        None,
        "towpath unlock checkout qa",
    ),
    "a lock of the environment": Row(
        lambda: _locked(""),
        GateKind.LOCK,
        SUSPENDED,
        Code.ENVIRONMENT_LOCKED,
        "bob locked qa: freeze",
        None,
        "towpath unlock - qa",
    ),
    "a lock with an end": Row(
        lambda: _locked("", 30),
        GateKind.LOCK,
        PENDING,
        Code.ENVIRONMENT_LOCKED,
        "bob locked qa until 2026-03-02 09:30 UTC: freeze",
        playbook.START + HOUR / 2,
        "towpath unlock - qa",
    ),
    "a deny window that is on": Row(
        lambda: _with_window("deny", "FREQ=DAILY;BYHOUR=8"),
        GateKind.WINDOW,
        PENDING,
        Code.WINDOW_CLOSED,
        "qa takes no promotion until 2026-03-02 10:00 UTC: maintenance",
        _utc(2026, 3, 2, 10),
        SKIP,
    ),
    "an allow window that is not on": Row(
        lambda: _with_window("allow", "FREQ=DAILY;BYHOUR=12"),
        GateKind.WINDOW,
        PENDING,
        Code.WINDOW_CLOSED,
        "qa takes no promotion until 2026-03-02 12:00 UTC: no allow window is on (maintenance)",
        _utc(2026, 3, 2, 12),
        SKIP,
    ),
    "a window in summer time from the next day on": Row(
        lambda: _with_window("allow", "FREQ=DAILY;BYHOUR=8", "Europe/Berlin", BEFORE_SPRING),
        GateKind.WINDOW,
        PENDING,
        Code.WINDOW_CLOSED,
        "qa takes no promotion until 2026-03-29 06:00 UTC: no allow window is on (maintenance)",
        _utc(2026, 3, 29, 6),
        SKIP,
    ),
    "a window that lasts over the hour that comes twice": Row(
        lambda: _with_window("deny", "FREQ=DAILY;BYHOUR=0", "America/New_York", BEFORE_AUTUMN),
        GateKind.WINDOW,
        PENDING,
        Code.WINDOW_CLOSED,
        "qa takes no promotion until 2026-11-01 06:00 UTC: maintenance",
        _utc(2026, 11, 1, 6),
        SKIP,
    ),
    "a soak": Row(
        _soaking,
        GateKind.SOAK,
        PENDING,
        Code.SOAKING,
        "soaks in dev for 1h, until 2026-03-02 10:00:00 UTC; the health of dev is not watched: "
        "only time counts",
        playbook.START + HOUR,
        BY_HAND,
    ),
    "a soak where it is sick": Row(
        lambda: _soaking(sick=True),
        GateKind.SOAK,
        PENDING,
        Code.SOAKING,
        "the soak of 1h begins anew once dev is well again; it is not healthy: crash loop",
        None,
        BY_HAND,
    ),
    "another release": Row(
        _busy,
        GateKind.BUSY,
        PENDING,
        Code.ENVIRONMENT_BUSY,
        "checkout-1 is acting in qa",
        None,
        "towpath release show checkout-1",
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_gate_says_why_it_holds_until_when_and_what_one_could_do(row: Row) -> None:
    world = row.world()
    name = world.push()
    promotion = world.at(name, "qa")
    (gate,) = (each for each in promotion.gates if each.closed)
    assert (gate.kind, gate.status, gate.opens_at) == (row.kind, row.status, row.opens)
    assert gate.reason is not None
    assert (gate.reason.code, gate.reason.sentence) == (row.code, row.says)
    assert promotion.status is row.status
    (wait,) = explaining.waits(world[name], promotion)
    assert (wait.since is not None, wait.until) == (True, row.opens)
    assert wait.commands == (row.could.replace("RELEASE", name),)


@pytest.mark.parametrize("row", [r for r in ROWS.values() if r.opens], ids=lambda row: row.says)
def test_a_gate_opens_at_the_moment_it_named_and_not_before(row: Row) -> None:
    world = row.world()
    name = world.push()
    assert row.opens is not None
    world.wait(seconds=(row.opens - world.now).total_seconds() - 1)
    assert not world.at(name, "qa").begun
    world.wait(seconds=1)
    assert world.at(name, "qa").status is Status.SUCCEEDED
