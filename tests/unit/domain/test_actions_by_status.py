"""Every action of a person in every state of a promotion: one table, walked in full."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from promotion_states import STATES, Made
from towpath.domain import approvals, explaining, possible, wishes
from towpath.domain.status import Status

OF_RELEASES = ("terminate", "retry_release", "approve", "reject", "skip", "retry")
OF_ENVIRONMENTS = ("lock", "unlock", "roll_back", "promote")
ACTIONS = (*OF_RELEASES, *OF_ENVIRONMENTS)


# --- what comes of each action -------------------------------------------------------------------
def _do(made: Made, action: str) -> str:
    """How it stands in the environment once the action has had its effect, or why it is refused."""
    world, name, where = made
    wish: dict[str, Callable[[], None]] = {
        "terminate": lambda: world.terminate(name),
        "retry_release": lambda: world.retry(name),
        "approve": lambda: world.approve(name, where, "bob"),
        "reject": lambda: world.reject(name, where, "bob"),
        "skip": lambda: world.skip(name, where),
        "retry": lambda: world.retry(name, where),
        "lock": lambda: world.lock(where),
        "unlock": lambda: world.unlock(where),
        "roll_back": lambda: world.roll_back(where, "", lock=False),
        "promote": lambda: world.promote("qa" if where == "dev" else "dev", where),
    }
    before = len(world.log)
    try:
        wish[action]()
    except wishes.Refused as refused:
        return f"-{refused.code}"
    if action in OF_RELEASES and len(world.log) == before:
        return "-done"
    return world.at(name, where).status.value


def _possible(made: Made, action: str) -> str:
    """What the release says of the action: possible, or why it is not."""
    world, name, where = made
    who, of = approvals.Person("bob"), world[name]
    if action in ("terminate", "retry_release"):
        found = possible.with_release(of, who)
    else:
        found = possible.in_environment(of, where, who, world.authors(name, where))
    word = action.removesuffix("_release")
    return "" if word in found.actions else f"-{found.refusals[word].code}"


TABLE = Path(__file__).parents[2] / "data" / "actions-by-status.txt"
"""For each state the status of release and environment; and for each action how it stands in the
environment then, or `-` and why it is refused. What is done to the environment (lock, unlock, roll
back, promote by hand) is not asked of the release: the cell is what becomes of it there."""


def _rows() -> dict[str, dict[str, str]]:
    (_, *columns), *rows = (line.split() for line in TABLE.read_text().splitlines())
    return {name: dict(zip(columns, cells, strict=True)) for name, *cells in rows}


def test_the_table_has_every_state_and_every_action() -> None:
    assert list(_rows()) == [state.__name__ for state in STATES]
    assert {tuple(row) for row in _rows().values()} == {("release", "environment", *ACTIONS)}


def test_the_states_have_every_status_that_there_is() -> None:
    environments = {row["environment"] for row in _rows().values()}
    assert environments == {each.value for each in Status} - {"queued"}  # which only releases are
    releases = {row["release"] for row in _rows().values()}
    assert releases == {each.value for each in Status} - {"waiting", "skipped"}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_each_state_is_as_the_table_says(state: Callable[[], Made]) -> None:
    world, name, where = state()
    row = _rows()[state.__name__]
    assert (row["release"], row["environment"]) == (
        world[name].status,
        world.at(name, where).status,
    )


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_each_action_does_in_each_state_what_the_table_says(
    state: Callable[[], Made], action: str
) -> None:
    expected = _rows()[state.__name__][action]
    if action in OF_RELEASES:
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
