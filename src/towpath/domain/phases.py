"""What follows when phases of a promotion have succeeded: the next one, or its end."""

from collections.abc import Collection, Iterator

from towpath.domain import events
from towpath.domain.release import Phase, PhaseName, Promotion
from towpath.domain.status import Status


def done(promotion: Promotion, names: Collection[PhaseName]) -> Iterator[events.Event]:
    """These phases have succeeded; the promotion goes on, or has succeeded with them."""
    environment = promotion.environment
    left = [phase for phase in promotion.phases if not phase.over]
    for phase in left:
        if phase.name in names:
            yield events.PhaseSucceeded(phase.name, environment=environment)
    yield from go_on(promotion, [phase for phase in left if phase.name not in names])


def go_on(promotion: Promotion, left: Collection[Phase]) -> Iterator[events.Event]:
    """The first phase that is left begins; with none left the promotion has succeeded."""
    environment = promotion.environment
    first = next(iter(left), None)
    if first is None:
        yield events.PromotionEnded(Status.SUCCEEDED, environment=environment)
    else:
        yield events.PhaseStarted(first.name, environment=environment)
