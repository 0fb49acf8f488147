"""Every gate: what closes it, what opens it, and that all of them are met side by side."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import playbook
from towpath.domain import events, wishes
from towpath.domain.catalog import Approval, PolicySettings, Window
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import GateKind
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
HOUR = timedelta(hours=1)
WAITS = "suspended: dev succeeded, qa succeeded, prod suspended approval_needed"
NIGHT = Window("deny", "FREQ=DAILY;BYHOUR=8", 4 * HOUR, description="nothing before noon")


def _asking(approval: Approval, **more: object) -> playbook.World:
    """A world in which prod asks for approval."""
    inline = PolicySettings(approval=approval)
    prod = replace(playbook.STRAIGHT[1], settings=inline)
    return playbook.World(steps=(playbook.STRAIGHT[0], prod), **more)  # type: ignore[arg-type]


def _gates(world: playbook.World, name: str, environment: str = "prod") -> dict[str, Status]:
    return {gate.kind.value: gate.status for gate in world.at(name, environment).gates}


def _opens(world: playbook.World, name: str, environment: str, kind: GateKind) -> datetime | None:
    gates = world.at(name, environment).gates
    return next(gate.opens_at for gate in gates if gate.kind is kind)


def _refusal(act: object, *arguments: object) -> str:
    with pytest.raises(wishes.Refused) as refused:
        act(*arguments)  # type: ignore[operator]
    assert refused.value.sentence
    return refused.value.code


# --- approval ------------------------------------------------------------------------------------
def test_an_approval_is_waited_for_and_lets_the_promotion_go_on() -> None:
    world = _asking(Approval())
    one = world.push()
    assert world.tell(one) == WAITS
    world.approve(one, "prod")
    assert world[one].status is Status.SUCCEEDED
    assert _gates(world, one) == {"approval": Status.SUCCEEDED}
    assert [given.by for given in world.at(one, "prod").approvals] == ["bob"]


def test_who_approves_twice_counts_once() -> None:
    world = _asking(Approval(required=2))
    one = world.push()
    world.approve(one, "prod")
    world.approve(one, "prod")
    assert world.happened(one, events.ApprovalGiven) == 1
    reason = world.at(one, "prod").reason
    assert reason is not None
    assert reason.sentence == "needs an approval by anyone; bob approved it"
    world.approve(one, "prod", "eve")
    assert world[one].status is Status.SUCCEEDED
    world.approve(one, "prod", "bob")
    assert world.happened(one, events.ApprovalGiven) == 2


def test_only_those_named_and_members_of_the_teams_named_may_decide() -> None:
    world = _asking(
        Approval(users=("bob",), teams=("sre",)), teams={"eve": ("sre",), "joe": ("ux",)}
    )
    one = world.push()
    assert _refusal(world.approve, one, "prod", "joe") == "not_an_approver"
    assert _refusal(world.reject, one, "prod", "joe") == "not_an_approver"
    world.approve(one, "prod", "eve")
    assert world[one].status is Status.SUCCEEDED


def test_authors_of_the_release_and_of_those_it_carries_on_may_not_approve() -> None:
    world = _asking(Approval(exclude_author=True))
    world.lock("qa")
    first = world.push()
    commit = replace(world[first].commit, author="Joe Doe", author_email="joe@example.org")  # type: ignore[type-var]
    world.releases[first] = replace(world[first], commit=commit, commits=(commit,))  # type: ignore[arg-type]
    two = world.push()
    world.unlock("qa")
    for author in ("ann", "Joe Doe", "JOE", "joe@example.org"):
        assert _refusal(world.approve, two, "prod", author) == "author_excluded"
    world.reject(two, "prod", "ann")
    assert world.at(two, "prod").status is Status.FAILED


def test_who_wrote_what_landed_there_already_may_approve() -> None:
    world = _asking(Approval(exclude_author=True))
    one = world.push()
    commit = replace(world[one].commit, author="joe")  # type: ignore[type-var]
    world.releases[one] = replace(world[one], commit=commit, commits=())
    world.approve(one, "prod")
    two = world.push()
    world.approve(two, "prod", "joe")
    assert world[two].status is Status.SUCCEEDED


def test_a_rejection_ends_the_attempt_and_a_retry_asks_again() -> None:
    world = _asking(Approval(required=2))
    one = world.push()
    world.approve(one, "prod", "eve")
    world.reject(one, "prod")
    assert world.tell(one) == "failed: dev succeeded, qa succeeded, prod failed approval_rejected"
    world.reject(one, "prod")
    assert world.happened(one, events.ApprovalRejected) == 1
    assert _refusal(world.approve, one, "prod") == "past_gates"
    world.retry(one)
    assert world.at(one, "prod").approvals == ()
    assert world.at(one, "prod").status is Status.SUSPENDED
    world.approve(one, "prod", "eve")
    world.approve(one, "prod", "bob")
    assert world[one].status is Status.SUCCEEDED


def test_an_approval_may_be_given_while_others_act_there() -> None:
    world = _asking(Approval(), deployments={"prod": PROGRESSING})
    by_hand = world.promote("dev", "prod")
    assert world.place("prod").holder == by_hand
    one = world.push()
    assert _gates(world, one) == {"approval": Status.SUSPENDED, "busy": Status.PENDING}
    world.approve(one, "prod")
    assert _gates(world, one) == {"approval": Status.SUCCEEDED, "busy": Status.PENDING}
    assert world.at(one, "prod").status is Status.PENDING
    world.heal()
    world.wait(seconds=10)
    assert world[one].status is Status.SUCCEEDED


def test_nothing_is_approved_before_it_is_due_or_after() -> None:
    world = _asking(Approval(), deployments={"qa": PROGRESSING})
    one = world.push()
    assert _refusal(world.approve, one, "prod") == "not_reached"
    assert _refusal(world.approve, one, "qa") == "no_approval_needed"
    assert _refusal(world.approve, one, "moon") == "unknown_environment"
    world.heal()
    world.wait(seconds=10)
    world.approve(one, "prod")
    assert _refusal(world.approve, one, "prod", "eve") == "past_gates"


def test_the_clock_runs_while_only_an_approval_is_missing() -> None:
    world = _asking(Approval(), timeout=2 * HOUR)
    one = world.push()
    world.wait(hours=3)
    assert world.tell(one).startswith("terminated: dev succeeded, qa succeeded, prod terminated")


def test_what_landed_is_proven_again_by_a_retry_without_a_new_approval() -> None:
    world = _asking(Approval(), deployments={"prod": (Status.SUCCEEDED, Status.FAILED)})
    one = world.push()
    world.approve(one, "prod")
    assert world.at(one, "prod").status is Status.FAILED
    world.heal()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world.written("prod") == [one]


def test_what_landed_and_was_replaced_is_not_written_again_without_a_new_approval() -> None:
    world = _asking(Approval(), deployments={"prod": (Status.SUCCEEDED, Status.FAILED)})
    one = world.push()
    world.approve(one, "prod")
    world.heal()
    world.change_by_hand("prod")
    world.retry(one)
    assert world.tell(one) == WAITS
    assert world.written("prod") == [one]
    world.approve(one, "prod")
    assert world[one].status is Status.SUCCEEDED
    assert world.written("prod") == [one, one]


# --- soak ----------------------------------------------------------------------------------------
def test_a_soak_counts_from_the_success_before_and_says_when_it_ends() -> None:
    world = playbook.World(settings=PolicySettings(soak=HOUR))
    one = world.push()
    assert world.tell(one) == "pending: dev succeeded, qa pending soaking, prod waiting"
    assert _opens(world, one, "qa", GateKind.SOAK) == playbook.START + HOUR
    world.wait(hours=1)
    assert world.at(one, "qa").status is Status.SUCCEEDED
    assert world.at(one, "prod").reason.code is Code.SOAKING  # type: ignore[union-attr]
    world.wait(hours=1)
    assert world[one].status is Status.SUCCEEDED


def test_a_soak_says_where_nobody_watches_health_and_only_time_counts() -> None:
    steps = (
        playbook.DIAMOND[0],
        playbook.DIAMOND[1],
        replace(playbook.DIAMOND[2], settings=PolicySettings(soak=HOUR, approval=Approval())),
    )
    world = playbook.World(steps=steps, health={"qa": (playbook.START, None)})
    one = world.push()
    gate = next(g for g in world.at(one, "prod").gates if g.kind is GateKind.SOAK)
    assert gate.reason.sentence == (  # type: ignore[union-attr]
        "soaks in qa for 1h, until 2026-03-02 10:00:00 UTC; "
        "the health of perf is not watched: only time counts"
    )
    assert gate.reason.data["health_not_watched"] == ["perf"]  # type: ignore[union-attr]
    world.wait(hours=1)
    gate = next(g for g in world.at(one, "prod").gates if g.kind is GateKind.SOAK)
    assert gate.status is Status.SUCCEEDED
    assert gate.reason.sentence == (  # type: ignore[union-attr]
        "1h passed; the health of perf is not watched: only time counts"
    )
    world.health["perf"] = (world.now, None)
    world.run()
    gate = next(g for g in world.at(one, "prod").gates if g.kind is GateKind.SOAK)
    assert gate.opens_at == world.now + HOUR  # counted from when it was first seen to be healthy
    assert "not watched" not in gate.reason.sentence  # type: ignore[union-attr]


def test_a_soak_goes_on_under_a_newer_release_of_the_line() -> None:
    world = playbook.World(settings=PolicySettings(soak=HOUR))
    one = world.push()
    world.wait(minutes=40)
    world.push()
    world.wait(minutes=20)
    assert world.written("qa") == [one]


def test_degradation_sets_a_soak_to_zero_until_it_is_healthy_again() -> None:
    world = playbook.World(settings=PolicySettings(soak=HOUR))
    one = world.push()
    world.wait(minutes=50)
    world.health["dev"] = (None, Reason(Code.HEALTH_DEGRADED, "crash loop"))
    world.wait(hours=5)
    gate = world.at(one, "qa").gates[0]
    assert (gate.status, gate.opens_at) == (Status.PENDING, None)
    assert "crash loop" in gate.reason.sentence  # type: ignore[union-attr]
    world.health["dev"] = (world.now, None)
    world.run()
    assert _opens(world, one, "qa", GateKind.SOAK) == world.now + HOUR
    world.wait(hours=1)
    assert world.at(one, "qa").status is Status.SUCCEEDED


def test_a_soak_does_not_count_while_something_else_is_there() -> None:
    soaking = replace(playbook.STRAIGHT[1], settings=PolicySettings(soak=HOUR))
    world = playbook.World(steps=(playbook.STRAIGHT[0], soaking))
    one, two = world.push(), world.push()
    back = world.roll_back("qa", one, lock=False)
    assert f"it holds {back}" in world.at(two, "prod").reason.sentence  # type: ignore[union-attr]
    world.wait(hours=9)
    assert world.at(two, "prod").status is Status.PENDING
    assert world.written("prod") == [one]  # what it carries is there again
    three = world.push()
    world.wait(minutes=59)
    assert world.written("prod") == [one]
    world.wait(minutes=1)
    assert world.written("prod") == [one, three]


def test_the_place_of_a_skipped_environment_is_taken_by_those_before_it() -> None:
    soaking = replace(playbook.STRAIGHT[1], settings=PolicySettings(soak=HOUR))
    world = playbook.World(steps=(playbook.STRAIGHT[0], soaking), git={"qa": ["refuse"]})
    one = world.push()
    world.wait(minutes=45)
    world.skip(one, "qa")
    assert _opens(world, one, "prod", GateKind.SOAK) == playbook.START + HOUR
    world.wait(minutes=15)
    assert world[one].status is Status.SUCCEEDED


def test_the_clock_stands_while_a_release_soaks_even_where_an_approval_is_missing_too() -> None:
    world = playbook.World(
        settings=PolicySettings(soak=5 * HOUR, approval=Approval()), timeout=2 * HOUR
    )
    one = world.push()
    world.wait(hours=6)
    assert world.at(one, "qa").status is Status.SUSPENDED
    assert world[one].clock.running_since is not None  # type: ignore[union-attr]
    world.approve(one, "qa")
    assert world.at(one, "qa").status is Status.SUCCEEDED


def test_neither_a_rollback_nor_a_manual_release_soaks() -> None:
    world = playbook.World()
    one = world.push()
    world.settings = PolicySettings(soak=HOUR)
    assert world[world.promote("dev", "prod")].status is Status.SUCCEEDED
    back = world.roll_back("prod", one, lock=False)
    assert world[back].status is Status.SUCCEEDED


# --- windows -------------------------------------------------------------------------------------
def test_a_closed_window_is_pending_until_the_moment_it_opens() -> None:
    world = playbook.World(windows={"qa": (NIGHT,)}, timeout=HOUR)
    one = world.push()
    assert world.tell(one) == "pending: dev succeeded, qa pending window_closed, prod waiting"
    noon = playbook.START.replace(hour=12)
    assert _opens(world, one, "qa", GateKind.WINDOW) == noon
    assert world.at(one, "qa").reason.sentence == (  # type: ignore[union-attr]
        "qa takes no promotion until 2026-03-02 12:00 UTC: nothing before noon"
    )
    world.wait(hours=3)
    assert world[one].status is Status.SUCCEEDED


def test_a_window_that_never_opens_says_so_and_holds_until_it_is_changed() -> None:
    always = Window("deny", "FREQ=DAILY", 24 * HOUR)
    world = playbook.World(windows={"qa": (always,)})
    one = world.push()
    assert "within the next 5 years" in world.at(one, "qa").reason.sentence  # type: ignore[union-attr]
    world.windows = {}
    world.run()
    assert world[one].status is Status.SUCCEEDED


def test_a_window_is_asked_again_before_each_push() -> None:
    later = Window("deny", "FREQ=DAILY;BYHOUR=10", 2 * HOUR)
    world = playbook.World(windows={"qa": (later,)}, git={"qa": ["down"]})
    one = world.push()
    assert world.at(one, "qa").begun
    world.wait(hours=1, minutes=5)
    assert world.tell(one) == "pending: dev succeeded, qa pending window_closed, prod waiting"
    assert _gates(world, one, "qa") == {"window": Status.PENDING}
    world.git["qa"] = ["ok"]
    world.wait(hours=1, minutes=50)
    assert world.written("qa") == []
    world.wait(minutes=10)
    assert world[one].status is Status.SUCCEEDED


def test_a_window_that_closes_during_the_write_keeps_the_push_back() -> None:
    later = Window("deny", "FREQ=DAILY;BYHOUR=10", 2 * HOUR)
    world = playbook.World(repositories=("deploy", "other"), windows={"qa": (later,)})

    def it_takes_an_hour() -> None:
        world.now += HOUR

    world.meanwhile = it_takes_an_hour
    one = world.push()
    assert [repository for _, env, repository in world.pushes if env == "qa"] == ["deploy"]
    assert world.at(one, "qa").status is Status.PENDING
    world.wait(hours=2)
    assert world[one].status is Status.SUCCEEDED


def test_when_a_window_opens_the_newest_goes_whoever_is_looked_at_first() -> None:
    world = playbook.World(windows={"qa": (NIGHT,)})
    one, two = world.push(), world.push()
    world.now = playbook.START.replace(hour=12)
    world.look(one)
    assert world.written("qa") == []
    world.run()
    assert world.written("qa") == [two]


def test_a_rollback_knows_no_window() -> None:
    world = playbook.World()
    one, _ = world.push(), world.push()
    world.windows = {"prod": (NIGHT,)}
    assert world[world.roll_back("prod", one)].status is Status.SUCCEEDED
    by_hand = world.promote("dev", "prod")
    assert GateKind.WINDOW in {gate.kind for gate in world.at(by_hand, "prod").gates}


# --- all at once ---------------------------------------------------------------------------------
def test_all_gates_are_shown_and_met_side_by_side() -> None:
    world = playbook.World(
        settings=PolicySettings(soak=HOUR, approval=Approval()), windows={"qa": (NIGHT,)}
    )
    world.lock("qa", minutes=30)
    one = world.push()
    assert _gates(world, one, "qa") == {
        "approval": Status.SUSPENDED,
        "lock": Status.PENDING,
        "window": Status.PENDING,
        "soak": Status.PENDING,
    }
    world.approve(one, "qa")
    assert world.at(one, "qa").status is Status.PENDING
    world.wait(hours=1)
    assert _gates(world, one, "qa") == {
        "approval": Status.SUCCEEDED,
        "window": Status.PENDING,
        "soak": Status.SUCCEEDED,
    }
    world.wait(hours=2)
    assert world.at(one, "qa").status is Status.SUCCEEDED
    assert set(_gates(world, one, "qa").values()) == {Status.SUCCEEDED}


def test_a_rollback_that_needs_approval_takes_the_environment_once_it_has_it() -> None:
    world = playbook.World()
    one = world.push()
    world.deployments["prod"] = PROGRESSING
    two = world.push()
    world.settings = PolicySettings(approval=Approval(rollback=True))
    back = world.roll_back("prod", one)
    assert world.place("prod").holder == two
    world.approve(back, "prod")
    assert world.at(two, "prod").status is Status.TERMINATED
    assert world.place("prod").holder == back
