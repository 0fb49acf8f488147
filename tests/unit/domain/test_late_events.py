"""What a look decided may be recorded after a person wished otherwise: the wish stands."""

import playbook
from towpath.domain import events, evolution
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.domain.status import Status

BEHIND = Reason(Code.QUEUED_BEHIND_RELEASE, "shop-1 goes first")
STOP = Reason(Code.TERMINATED_BY, "ada terminated it")


def _after(*happened: events.Event) -> Release:
    world = playbook.World()
    fresh = world[world.push(look=False)]
    return evolution.evolve(fresh, happened, playbook.START)


def test_a_release_asked_to_stop_is_not_put_back_into_the_queue() -> None:
    stopping = _after(events.TerminationRequested(STOP), events.ReleaseQueued(BEHIND))
    assert stopping.course.status is Status.TERMINATING


def test_a_release_that_goes_on_is_not_marked_as_ended() -> None:
    going = _after(events.ReleaseEnded(Status.FAILED))
    assert going.ended_at is None
