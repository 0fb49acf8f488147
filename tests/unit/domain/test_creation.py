"""How releases come to be."""

import pytest

import playbook
from towpath.domain import catalog, content, creation
from towpath.domain.catalog import Concurrency, PolicySettings
from towpath.domain.release import PhaseName, Role, Trigger
from towpath.domain.status import Status


def test_a_release_along_a_flow_has_a_copy_of_it() -> None:
    world = playbook.World(steps=playbook.DIAMOND)
    one = world[world.push(look=False)]
    assert (one.id, one.name, one.line, one.flow) == (
        "checkout-1",
        "c0de000",
        playbook.MAIN,
        "main",
    )
    assert [p.environment for p in one.promotions] == ["dev", "qa", "perf", "prod"]
    assert one.promotions[3].depends_on == ("qa", "perf")
    assert one.status is Status.WAITING


def test_the_trigger_environment_has_neither_gates_nor_action() -> None:
    world = playbook.World()
    trigger = world.at(world.push(look=False), "dev")
    assert trigger.role is Role.TRIGGER
    assert [phase.name for phase in trigger.phases] == [PhaseName.SYNC, PhaseName.HEALTH]


def test_a_release_of_a_queueing_product_is_queued_by_its_n() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE)
    first, second = world.push(look=False), world.push(look=False)
    assert [world[name].queue_position for name in (first, second)] == [1, 2]
    assert world[first].status is Status.QUEUED


def test_a_rollback_has_one_environment_no_line_no_queue_and_no_soak() -> None:
    world = playbook.World(concurrency=Concurrency.QUEUE)
    one = world.push()
    world.settings = PolicySettings(soak=world.timeout)
    back = world[world.roll_back("prod", one)]
    assert [p.environment for p in back.promotions] == ["prod"]
    assert (back.line, back.queue_position, back.clock) == ("", None, None)
    assert back.promotions[0].settings.soak is None
    assert back.promotions[0].unsupported == ()
    assert back.goes_back_to == one
    assert back.status is Status.SUCCEEDED


def test_a_rollback_is_held_by_approval_only_where_the_policy_says_so() -> None:
    world = playbook.World()
    one = world.push()
    world.settings = PolicySettings(approval=catalog.Approval())
    assert world[world.roll_back("prod", one, lock=False)].status is Status.SUCCEEDED
    world.settings = PolicySettings(approval=catalog.Approval(rollback=True))
    back = world.roll_back("prod", one, lock=False)
    assert world.tell(back) == "suspended: prod suspended approval_needed"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (PolicySettings(action=catalog.PromotionAction.PULL_REQUEST), "action: pr"),
    ],
)
def test_what_a_policy_asks_for_in_vain_is_named(settings: PolicySettings, named: str) -> None:
    assert tuple(creation.unsupported(settings)) == (named,)


def test_newer_heads_replace_only_their_own_components() -> None:
    old = {name: content.ComponentContent((), f"{name}-1") for name in ("api", "web")}
    new = {"web": content.ComponentContent((), "web-2")}
    carried = creation.carried_on(old, new)
    assert {name: part.version for name, part in carried.items()} == {
        "api": "api-1",
        "web": "web-2",
    }


def test_a_manual_release_shows_where_it_was_taken_from() -> None:
    world = playbook.World()
    world.push()
    made = world[world.promote("qa", "prod", look=False)]
    assert made.trigger is Trigger.MANUAL
    source = made.promotions[0]
    assert (source.role, source.status, source.lets_through) == (Role.SOURCE, Status.SKIPPED, True)
