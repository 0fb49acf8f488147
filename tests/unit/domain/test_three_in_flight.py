"""Three releases of a line on their way at once, in each mode, whatever the first is held by.

Every release has a check before and a smoke test after in `qa`, and hooks that are told of ends.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

import playbook
from towpath.domain import wishes
from towpath.domain.catalog import Approval, Concurrency, FlowStep, Hooks, PolicySettings
from towpath.domain.release import Told
from towpath.domain.status import Status

SUPERSEDE, QUEUE, TERMINATE = Concurrency.SUPERSEDE, Concurrency.QUEUE, Concurrency.TERMINATE
BOTH = PolicySettings(pre_action="check", post_action="smoke")
HOOKS = Hooks(on_success="good", on_fail="bad")
PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)


def _world(settings: PolicySettings = BOTH, **more: object) -> playbook.World:
    steps = (FlowStep("qa", ("dev",), settings, HOOKS), FlowStep("prod", ("qa",)))
    return playbook.World(steps=steps, **more)  # type: ignore[arg-type]


def _running(workflow: str) -> dict[str, object]:
    return {"workflows": {workflow: ["running"]}}


def _suspended(workflow: str) -> dict[str, object]:
    return {"workflows": {workflow: ["suspended"]}}


UNHEALTHY: dict[str, object] = {"deployments": {"qa": PROGRESSING}}
UNWRITTEN: dict[str, object] = {"git": {"qa": ["down"]}}


@dataclass(frozen=True)
class Case:
    """What holds the first, how all three stand in `qa` then, and at the end when it is mended."""

    mode: Concurrency
    held: dict[str, object]
    then: str
    at_the_end: str
    written: list[int] = field(default_factory=list)
    """Whose content came to `qa`, in order, from beginning to end."""


CASES = {
    # Flow side by side, one acting at a time; the newest due goes next, and carries the others.
    "supersede, check runs": Case(
        SUPERSEDE,
        _running("check"),
        "running pending pending",
        "succeeded superseded succeeded",
        [1, 3],
    ),
    "supersede, check suspended": Case(
        SUPERSEDE,
        _suspended("check"),
        "superseded superseded suspended",
        "superseded superseded succeeded",
        [3],
    ),
    "supersede, git is down": Case(
        SUPERSEDE, UNWRITTEN, "running pending pending", "succeeded superseded succeeded", [1, 3]
    ),
    "supersede, not healthy yet": Case(
        SUPERSEDE, UNHEALTHY, "running pending pending", "succeeded superseded succeeded", [1, 3]
    ),
    "supersede, smoke test runs": Case(
        SUPERSEDE,
        _running("smoke"),
        "running pending pending",
        "succeeded superseded succeeded",
        [1, 3],
    ),
    "supersede, smoke test suspended": Case(
        SUPERSEDE,
        _suspended("smoke"),
        "superseded superseded suspended",
        "superseded superseded succeeded",
        [1, 2, 3],
    ),
    # One at a time, in order.
    "queue, check runs": Case(
        QUEUE,
        _running("check"),
        "running waiting waiting",
        "succeeded succeeded succeeded",
        [1, 2, 3],
    ),
    "queue, check suspended": Case(
        QUEUE,
        _suspended("check"),
        "suspended waiting waiting",
        "succeeded succeeded succeeded",
        [1, 2, 3],
    ),
    "queue, not healthy yet": Case(
        QUEUE, UNHEALTHY, "running waiting waiting", "succeeded succeeded succeeded", [1, 2, 3]
    ),
    "queue, smoke test runs": Case(
        QUEUE,
        _running("smoke"),
        "running waiting waiting",
        "succeeded succeeded succeeded",
        [1, 2, 3],
    ),
    # The newer does not wait: the older's promotion there is terminated.
    "terminate, check runs": Case(
        TERMINATE,
        _running("check"),
        "terminated terminated running",
        "terminated terminated succeeded",
        [3],
    ),
    "terminate, check suspended": Case(
        TERMINATE,
        _suspended("check"),
        "superseded superseded suspended",  # nobody need wait for one that is suspended
        "superseded superseded succeeded",
        [3],
    ),
    "terminate, git is down": Case(
        TERMINATE,
        UNWRITTEN,
        "terminated terminated running",
        "terminated terminated succeeded",
        [3],
    ),
    "terminate, not healthy yet": Case(
        TERMINATE,
        UNHEALTHY,
        "terminated terminated running",
        "terminated terminated succeeded",
        [1, 2, 3],
    ),
    "terminate, smoke test runs": Case(
        TERMINATE,
        _running("smoke"),
        "terminated terminated running",
        "terminated terminated succeeded",
        [1, 2, 3],
    ),
}
TOLD_AS = {"succeeded": "good", "terminated": "bad"}


def _stand(world: playbook.World, three: list[str]) -> str:
    return " ".join(world.at(name, "qa").status.value for name in three)


def _told(told: tuple[Told, ...]) -> list[str]:
    return [each.template for each in told if each.status is Status.SUCCEEDED]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_three_in_flight_stand_as_their_mode_says(case: Case) -> None:
    world = _world(concurrency=case.mode, **case.held)
    three = [world.push() for _ in range(3)]
    assert _stand(world, three) == case.then
    for run in world.runs.values():  # whoever has left there has none in flight
        if world.at(run.place.release, "qa").over:
            assert run.status.ended, run
    world.heal()
    world.wait(minutes=5)
    assert _stand(world, three) == case.at_the_end
    assert all(world[name].ended and not world[name].tells for name in three)
    assert [int(name.rpartition("-")[2]) for name in world.written("qa")] == case.written
    assert world.branch("prod").writer == three[2]
    for name in three:
        promotion = world.at(name, "qa")
        assert _told(promotion.told) == [x for x in [TOLD_AS.get(promotion.status)] if x]


@pytest.mark.parametrize("mode", [SUPERSEDE, TERMINATE])
def test_workflows_that_do_not_stop_are_waited_for_and_the_next_begins_none_meanwhile(
    mode: Concurrency,
) -> None:
    world = _world(concurrency=mode, deaf=True, **_suspended("check"))
    one, two, three = (world.push() for _ in range(3))
    assert _stand(world, [one]) == "terminating"
    assert [run.stopping for run in world.runs.values() if run.place.release == one] == [True]
    world.wait(minutes=3)
    reason = world.at(one, "qa").reason
    assert reason is not None
    assert "did not end in time and may still run" in reason.sentence
    world.deaf = False
    world.heal()
    world.wait(minutes=5)
    assert world.at(two, "qa").status in (Status.SUPERSEDED, Status.TERMINATED)
    assert world[three].status is Status.SUCCEEDED


def test_three_that_wait_for_an_approval_need_one_for_the_newest_only() -> None:
    world = _world(PolicySettings(approval=Approval(), pre_action="check"))
    one, two, three = (world.push() for _ in range(3))
    assert _stand(world, [one, two, three]) == "suspended suspended suspended"
    world.approve(three, "qa")
    assert _stand(world, [one, two, three]) == "superseded superseded succeeded"
    assert world.ran("check") == ["qa/api-qa#1"]


# --- one of the three is acted on ----------------------------------------------------------------
def _acted(world: playbook.World, name: str) -> dict[str, Callable[[], object]]:
    return {
        "nothing": lambda: None,
        "terminate": lambda: world.terminate(name),
        "retry": lambda: world.retry(name),
        "skip": lambda: world.skip(name, "qa"),
        "lock": lambda: world.lock("qa"),
        "roll back": lambda: world.roll_back("qa", "", lock=False),
        "promote by hand": lambda: world.promote("dev", "qa"),
    }


@pytest.mark.parametrize("action", _acted(playbook.World(), ""))
@pytest.mark.parametrize("of", [0, 1, 2])
@pytest.mark.parametrize("held", [UNHEALTHY, _running("check")])
@pytest.mark.parametrize("mode", list(Concurrency))
def test_one_of_three_is_acted_on_and_all_come_to_their_end(
    mode: Concurrency, held: dict[str, object], of: int, action: str
) -> None:
    world = _world(concurrency=mode)
    world.push()
    for name, value in held.items():
        setattr(world, name, dict(value))  # type: ignore[call-overload]
    three = [world.push(), world.push(), world.push()]
    with suppress(wishes.Refused):
        _acted(world, three[of])[action]()
    world.heal()
    world.wait(minutes=5)
    assert all(world[name].ended for name in three), [world.tell(name) for name in three]
    order = [int(name.rpartition("-")[2]) for name in world.written("prod")]
    assert order == sorted(order)
    ended_early = action == "roll back" or (action == "terminate" and of == 2)
    assert ended_early or world[three[2]].status is Status.SUCCEEDED
