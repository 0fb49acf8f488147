"""Every action of a person in every state of a promotion: one table, walked in full."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import playbook
from promotion_states import PROGRESSING, STATES, Made
from towpath.domain import approvals, explaining, possible, wishes
from towpath.domain.catalog import Concurrency
from towpath.domain.status import Status

ACTIONS = ("terminate", "retry release", "approve", "reject", "skip", "retry")


# --- what comes of each action -------------------------------------------------------------------
def _do(made: Made, action: str) -> str:
    """How it stands in the environment once the action has had its effect, or why it is refused."""
    world, name, where = made
    wish: dict[str, Callable[[], None]] = {
        "terminate": lambda: world.terminate(name),
        "retry release": lambda: world.retry(name),
        "approve": lambda: world.approve(name, where, "bob"),
        "reject": lambda: world.reject(name, where, "bob"),
        "skip": lambda: world.skip(name, where),
        "retry": lambda: world.retry(name, where),
    }
    before = len(world.log)
    try:
        wish[action]()
    except wishes.Refused as refused:
        return f"-{refused.code}"
    return world.at(name, where).status.value if len(world.log) > before else "-done"


def _possible(made: Made, action: str) -> str:
    """What the release says of the action: possible, or why it is not."""
    world, name, where = made
    who, of = approvals.Person("bob"), world[name]
    if action in ("terminate", "retry release"):
        found = possible.with_release(of, who)
    else:
        found = possible.in_environment(of, where, who, world.authors(name, where))
    word = action.removesuffix(" release")
    return "" if word in found.actions else f"-{found.refusals[word].code}"


TABLE = Path(__file__).parents[2] / "data" / "actions-by-status.txt"
"""For each state and action: how it stands in the environment then, or `-` and why not."""


def _rows() -> dict[str, dict[str, str]]:
    _, *rows = (line.split() for line in TABLE.read_text().splitlines())
    return {name: dict(zip(ACTIONS, cells, strict=True)) for name, *cells in rows}


def test_the_table_has_every_state_and_every_action() -> None:
    assert list(_rows()) == [state.__name__ for state in STATES]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_each_action_does_in_each_state_what_the_table_says(
    state: Callable[[], Made], action: str
) -> None:
    expected = _rows()[state.__name__][action]
    said = _possible(state(), action)
    assert said == (expected if expected.startswith("-") else "")
    assert _do(state(), action) == expected


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_from_every_state_people_and_time_lead_to_the_end(state: Callable[[], Made]) -> None:
    world, name, _ = state()
    world.heal()
    for _ in range(6):
        world.wait(hours=1)
        for promotion in world[name].promotions:
            for who in ("bob", "eve"):
                with suppress(wishes.Refused):
                    world.approve(name, promotion.environment, who)
            if promotion.status is Status.SUSPENDED and promotion.begun:
                world.retry(name, promotion.environment)
    assert world[name].ended


DONE = (Status.SUCCEEDED, Status.SUPERSEDED, Status.SKIPPED)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_what_is_not_done_says_what_it_waits_for(state: Callable[[], Made]) -> None:
    world, name, where = state()
    promotion = world.at(name, where)
    waits = explaining.waits(world[name], promotion)
    assert bool(waits) is (promotion.status not in DONE)
    assert all(wait.sentence for wait in waits)
    for wait in waits:
        assert wait.since or promotion.status is Status.WAITING
        assert wait.until is None or wait.until > world.now


# --- three releases in flight --------------------------------------------------------------------
@pytest.mark.parametrize("action", [*ACTIONS, "lock", "roll back", "nothing"])
@pytest.mark.parametrize("of", [0, 1, 2])
@pytest.mark.parametrize("concurrency", list(Concurrency))
def test_with_three_releases_in_flight_one_is_acted_on_and_all_come_to_their_end(
    concurrency: Concurrency, of: int, action: str
) -> None:
    world = playbook.World(concurrency=concurrency)
    landed = world.push()
    world.deployments["qa"] = PROGRESSING
    three = [world.push(), world.push(), world.push()]
    match action:
        case "lock":
            world.lock("qa")
        case "roll back":
            world.roll_back("qa", landed, lock=False)
        case "nothing":
            pass
        case _:
            _do((world, three[of], "qa"), action)
    world.heal()
    world.wait(minutes=5)
    assert all(world[name].ended for name in three), [world.tell(name) for name in three]
    order = [int(name.rpartition("-")[2]) for name in world.written("prod")]
    assert order == sorted(order)
    ended_early = action == "roll back" or (action == "terminate" and of == 2)
    assert ended_early or world[three[2]].status is Status.SUCCEEDED
