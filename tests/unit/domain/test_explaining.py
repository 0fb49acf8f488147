"""What an environment waits for, and what one could do about it."""

import itertools
from datetime import timedelta

import playbook
import promotion_states
from towpath.domain import explaining
from towpath.domain.catalog import Approval, FlowStep, Hooks, PolicySettings, Window
from towpath.domain.explaining import Wait
from towpath.domain.reasons import Code, Reason

HOUR = timedelta(hours=1)


def _waits(made: promotion_states.Made) -> dict[Code, Wait]:
    world, name, where = made
    return {wait.code: wait for wait in explaining.waits(world[name], world.at(name, where))}


def test_all_closed_gates_are_named_with_their_moments_and_commands() -> None:
    window = Window("deny", "FREQ=DAILY;BYHOUR=8", 4 * HOUR)
    settings = PolicySettings(soak=HOUR, approval=Approval())
    world = playbook.World(settings=settings, windows={"qa": (window,)})
    world.lock("qa", minutes=30)
    one = world.push()
    found = _waits((world, one, "qa"))
    assert {code: (wait.until, wait.commands) for code, wait in found.items()} == {
        Code.APPROVAL_NEEDED: (None, (f"towpath approve {one} qa",)),
        Code.ENVIRONMENT_LOCKED: (
            world.now + HOUR / 2,
            ("towpath unlock checkout qa",),
        ),
        Code.WINDOW_CLOSED: (playbook.START.replace(hour=12), (f"towpath skip {one} qa",)),
        Code.SOAKING: (
            world.now + HOUR,
            (f"towpath promote checkout --to qa --from dev --release {one}",),
        ),
    }


def test_who_waits_for_another_release_is_shown_to_it() -> None:
    (wait,) = _waits(promotion_states.busy()).values()
    assert wait.commands == ("towpath release show checkout-1",)
    (wait,) = _waits(promotion_states.queued()).values()
    assert (wait.code, wait.commands) == (
        Code.QUEUED_BEHIND_RELEASE,
        ("towpath release show checkout-1",),
    )


def test_a_failure_names_retry_and_while_nothing_landed_skip() -> None:
    (wait,) = _waits(promotion_states.refused()).values()
    assert wait.commands == (
        "towpath release retry checkout-1 --environment qa",
        "towpath skip checkout-1 qa",
    )
    (wait,) = _waits(promotion_states.failed_after_landing()).values()
    assert wait.commands == ("towpath release retry checkout-1 --environment qa",)


def test_a_write_that_is_tried_again_says_when() -> None:
    world, one, where = promotion_states.writing()
    (wait,) = _waits((world, one, where)).values()
    assert wait.until is not None
    assert wait.since == world.now


def test_a_broken_soak_names_how_the_release_comes_back_unless_it_is_sick() -> None:
    world = playbook.World()
    one = world.push()
    world.settings = PolicySettings(soak=HOUR)
    two = world.push()
    world.wait(hours=1)
    world.roll_back("qa", one, lock=False)
    (wait,) = _waits((world, two, "prod")).values()
    by_hand = f"towpath promote checkout --to prod --from qa --release {two}"
    assert wait.commands == (
        f"towpath promote checkout --to qa --from dev --release {two}",
        by_hand,
    )
    world.roll_back("qa", two, lock=False)
    world.health["qa"] = (None, Reason(Code.HEALTH_DEGRADED, "crash loop"))
    world.run()
    (wait,) = _waits((world, two, "prod")).values()
    assert wait.commands == (by_hand,)


def test_what_is_behind_a_failure_names_it_and_what_brings_it_on() -> None:
    steps = (*playbook.STRAIGHT, FlowStep("prod-us", ("prod",)))
    world = playbook.World(steps=steps, git={"qa": ["refuse"]})
    one = world.push()
    (wait,) = _waits((world, one, "prod")).values()
    assert (wait.sentence, wait.since) == ("waits for qa (failed)", playbook.START)
    (further,) = _waits((world, one, "prod-us")).values()
    assert further.sentence == "waits for prod, behind qa (failed)"
    ways = (f"towpath release retry {one} --environment qa", f"towpath skip {one} qa")
    assert wait.commands == further.commands == ways


def test_many_ways_to_an_environment_are_not_gone_one_by_one() -> None:
    layers = [("qa",), *((f"left-{n}", f"right-{n}") for n in range(30)), ("prod",)]
    steps = [FlowStep("qa", ("dev",))]
    for before, layer in itertools.pairwise(layers):
        steps += [FlowStep(name, before) for name in layer]
    world = playbook.World(steps=tuple(steps), git={"qa": ["refuse"]})
    one = world.push()
    (wait,) = _waits((world, one, "prod")).values()
    assert wait.sentence == "waits for left-29 and right-29, behind qa (failed)"
    assert not world[one].reachable(world.at(one, "prod"))
    assert world[one].ended


def test_while_the_start_hook_is_not_done_nothing_waits_for_an_environment() -> None:
    for where in ("dev", "qa"):
        world, one, _ = promotion_states.start_hook_runs()
        (wait,) = _waits((world, one, where)).values()
        assert wait.sentence == (
            "nothing begins before the start hook of the release: start hook start is running"
        )
        assert (wait.since, wait.commands) == (world.now, ())
        (wait,) = _waits((*promotion_states.start_hook_failed()[:2], where)).values()
        assert wait.sentence.endswith("start hook start failed: step check failed")
        assert wait.commands == (f"towpath release retry {one}",)


def test_a_suspended_workflow_names_how_it_goes_on() -> None:
    (wait,) = _waits(promotion_states.check_is_suspended()).values()
    assert (wait.code, wait.commands) == (
        Code.WORKFLOW_SUSPENDED,
        ("towpath resume checkout-1 qa",),
    )
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["suspended"]})
    (wait,) = _waits((world, world.push(), "dev")).values()
    assert wait.commands == ("towpath resume checkout-1 -",)
