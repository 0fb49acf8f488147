"""What became of each branch, made into events."""

from uuid import UUID

import playbook
from towpath.domain import events, writing
from towpath.domain.catalog import PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status

NO = Reason(Code.PUSH_REJECTED, "protected branch")
SILENT = Reason(Code.GIT_UNREACHABLE, "no answer")
BY_HAND = Reason(Code.CHANGED_BY_HAND, "changed by hand")
HERE, THERE = ("deploy", "main"), ("other", "main")


def _happened(
    *outcomes: writing.Outcome, settings: PolicySettings | None = None
) -> list[events.Event]:
    world = playbook.World(settings=settings or PolicySettings(), git={"qa": ["down"]})
    one = world.push()
    return list(writing.happened(world[one], world.at(one, "qa"), outcomes, world.now))


def _landed(place: tuple[str, str], *, changed: bool = True) -> writing.Landed:
    return writing.Landed(*place, "c0ffee", ("api",), changed, UUID(int=1))


def _kinds(happened: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in happened]


def test_landing_everywhere_ends_the_action_and_begins_the_sync() -> None:
    assert _kinds(_happened(_landed(HERE), _landed(THERE))) == [
        "CommitLanded",
        "CommitLanded",
        "PhaseSucceeded",
        "PhaseStarted",
    ]


def test_what_was_there_already_is_no_change() -> None:
    (_, succeeded, _) = _happened(_landed(HERE, changed=False))
    assert isinstance(succeeded, events.PhaseSucceeded)
    assert succeeded.reason is not None
    assert succeeded.reason.code is Code.NO_CHANGE


def test_what_landed_is_recorded_whatever_the_others_say() -> None:
    happened = _happened(_landed(HERE), writing.Refused(*THERE, NO))
    assert _kinds(happened) == ["CommitLanded", "PhaseFailed", "PromotionEnded"]
    failed = happened[1]
    assert isinstance(failed, events.PhaseFailed)
    assert failed.reason.code is Code.PARTLY_LANDED
    assert failed.reason.data["cause"] == Code.PUSH_REJECTED.value


def test_a_refusal_alone_keeps_its_own_reason() -> None:
    happened = _happened(writing.Refused(*HERE, NO))
    assert _kinds(happened) == ["PhaseFailed", "PromotionEnded"]
    assert happened[0].reason == NO  # type: ignore[attr-defined]


def test_a_refusal_within_the_budget_is_tried_again() -> None:
    (troubled,) = _happened(writing.Refused(*HERE, NO), settings=playbook.with_retries(1))
    assert isinstance(troubled, events.PhaseTroubled)
    assert troubled.refusal


def test_silence_goes_before_every_other_answer() -> None:
    happened = _happened(
        writing.Refused(*HERE, NO),
        writing.Unanswered(*THERE, SILENT),
        writing.HeldBack("third", "main", BY_HAND),
    )
    (troubled,) = happened
    assert isinstance(troubled, events.PhaseTroubled)
    assert not troubled.refusal


def test_a_withdrawn_right_to_write_leaves_the_rest_to_the_next_look() -> None:
    assert _happened(writing.Withdrawn(*HERE)) == []
    assert _kinds(_happened(_landed(HERE), writing.Withdrawn(*THERE))) == ["CommitLanded"]


def test_a_write_held_back_is_suspended() -> None:
    (held,) = _happened(writing.HeldBack(*HERE, BY_HAND))
    assert isinstance(held, events.PromotionHeld)
    assert held.status is Status.SUSPENDED


def test_a_rollback_locks_once_it_is_written_completely() -> None:
    world = playbook.World()
    one, _ = world.push(), world.push()
    world.git["prod"] = ["refuse"]
    back = world.roll_back("prod", one)
    assert world[back].status is Status.FAILED
    assert world.locks == []
    world.heal()
    world.retry(back)
    assert [(x.environment, x.by_rollback) for x in world.locks] == [("prod", True)]
