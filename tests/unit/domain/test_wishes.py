"""What people may wish, and when it makes no sense."""

from dataclasses import replace
from datetime import timedelta

import pytest

import playbook
from towpath.domain import events, facts, policy, wishes
from towpath.domain.catalog import Approval, Concurrency, Hooks, PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import PhaseName
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)


def _refusal(world: playbook.World, name: str, environment: str = "") -> str:
    with pytest.raises(wishes.Refused) as refused:
        world.retry(name, environment)
    assert refused.value.sentence
    return refused.value.code


def test_nothing_is_retried_while_nothing_failed() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    assert _refusal(world, one) == "nothing_to_retry"
    assert _refusal(world, one, "prod") == "nothing_to_retry"
    assert _refusal(world, one, "moon") == "unknown_environment"


def test_a_release_that_is_still_stopping_cannot_be_retried() -> None:
    world = playbook.World(steps=playbook.DIAMOND, git={"qa": ["lost", "down"], "perf": ["refuse"]})
    one = world.push()
    world.terminate(one)
    assert _refusal(world, one) == "terminating"


def test_a_retry_asked_twice_is_one_retry() -> None:
    world = playbook.World(git={"qa": ["refuse", "down"]})
    one = world.push()
    world.retry(one)
    before = len(world.log)
    world.retry(one)
    assert len(world.log) == before
    assert world.at(one, "qa").attempt == 2


def test_a_retry_resolves_the_settings_anew_and_shows_what_changed() -> None:
    world = playbook.World(settings=PolicySettings(retries=1), git={"qa": ["refuse value"]})
    one = world.push()
    world.settings = PolicySettings(retries=4)
    world.retry(one, look=False)
    assert world.at(one, "qa").settings.retries == 4
    retried = next(e for _, e in world.log if isinstance(e, events.PromotionRetried))
    assert retried.changes == ("retries: 1 → 4",)


def test_what_changed_is_told_in_words() -> None:
    before = PolicySettings(soak=timedelta(minutes=90))
    agreed = Approval(2, teams=("sre",), users=("bob",), exclude_author=True)
    assert policy.changes(before, PolicySettings(approval=agreed)) == (
        "approval: nothing → 2 by team sre or bob, not by authors",
        "soak: 1h30m → nothing",
    )
    assert policy.changes(Hooks("ask"), Hooks("", "good")) == (
        "on_start: ask → nothing",
        "on_success: nothing → good",
    )


def test_a_retry_takes_the_releases_hooks_as_its_flow_has_them_now() -> None:
    world = playbook.World(
        hooks=Hooks("gone", on_fail="bad"),
        unrunnable={"gone": Reason(Code.STEP_ERROR, "there is no workflow gone")},
    )
    one = world.push()
    assert (world[one].status, world.ran("bad")) == (Status.ERROR, ["#1"])
    world.hooks = Hooks("start", "good", "bad")
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert (world.ran("start"), world.ran("good"), world.ran("bad")) == (["#2"], ["#2"], ["#1"])
    reopened = next(e for _, e in world.log if isinstance(e, events.ReleaseReopened))
    assert reopened.changes == ("on_start: gone → start", "on_success: nothing → good")


def test_a_retry_without_the_start_hook_that_failed_begins_without_one() -> None:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["failed"]})
    one = world.push()
    world.hooks = Hooks()
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert world[one].on_start is None


def test_a_start_hook_that_is_done_is_not_run_again_whatever_the_flow_says_now() -> None:
    world = playbook.World(hooks=Hooks("start"), git={"qa": ["refuse", "ok"]})
    one = world.push()
    world.hooks = Hooks("other", on_success="good")
    world.retry(one)
    assert world[one].status is Status.SUCCEEDED
    assert (world.ran("start"), world.ran("other"), world.ran("good")) == (["#1"], [], ["#2"])


def test_what_landed_keeps_the_settings_it_landed_with() -> None:
    world = playbook.World(
        settings=PolicySettings(retries=1), deployments={"qa": (Status.SUCCEEDED, Status.FAILED)}
    )
    one = world.push()
    world.settings = PolicySettings(retries=4)
    world.retry(one, look=False)
    assert world.at(one, "qa").settings.retries == 1


def test_an_accepted_drift_is_accepted_once() -> None:
    world = playbook.World(git={"qa": ["refuse"]})
    one = world.push()
    promotion = world.at(one, "qa")
    assert not promotion.drift_accepted
    (_, again) = wishes.retry(world[one], facts.Facts(), {}, None)
    assert isinstance(again, events.PromotionRetried)
    assert not again.drift_accepted
    assert again.from_phase is PhaseName.ACTION


def test_a_retry_of_an_ended_release_reopens_it_with_all_its_time() -> None:
    world = playbook.World(git={"qa": ["refuse"]}, timeout=timedelta(hours=2))
    one = world.push()
    (reopened, _) = wishes.retry(world[one], facts.Facts(), {}, None)
    assert reopened == events.ReleaseReopened(None)
    world.wait(hours=1)
    world.git["qa"] = ["down"]
    world.retry(one)
    assert world[one].clock.left == timedelta(hours=2)  # type: ignore[union-attr]


def test_a_retry_goes_before_everybody_in_the_queue() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE, git={"qa": ["refuse"]})
    one = world.push()
    others = tuple(
        replace(facts.as_rival(world[one]), id=f"checkout-{n}", n=n, queued=True, queue_position=n)
        for n in (5, 3, 9)
    )
    around = facts.Facts(rivals=others)
    assert wishes.requeue(replace(world[one], queue_position=7), around) == 2


def test_who_is_in_no_queue_goes_to_no_head() -> None:
    world = playbook.World(git={"qa": ["refuse"]})
    one = world.push()
    assert wishes.requeue(world[one], facts.Facts()) is None


def test_a_termination_carries_who_and_why() -> None:
    world = playbook.World(deployments={"qa": PROGRESSING})
    one = world.push()
    (asked,) = wishes.terminate(world[one], "ann", "wrong branch")
    assert isinstance(asked, events.TerminationRequested)
    assert asked.reason.sentence == "ann terminated it: wrong branch"
    assert asked.reason.data == {"actor": "ann", "comment": "wrong branch"}
