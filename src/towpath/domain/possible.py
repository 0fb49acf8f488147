"""What a person may do about a release now, and why the rest makes no sense.

Asks the very functions that refuse: nothing is possible here that is refused there.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from towpath.domain import approvals, events, skipping, wishes
from towpath.domain.approvals import Person
from towpath.domain.facts import Facts
from towpath.domain.release import Release
from towpath.domain.wishes import Refused

_Wish = Callable[[], Collection[events.Event]]


@dataclass(frozen=True, slots=True)
class Possible:
    """The actions that make sense now, by name, and for each of the others why it does not."""

    actions: tuple[str, ...]
    refusals: Mapping[str, Refused] = field(default_factory=dict)


def with_release(of: Release, who: Person) -> Possible:
    """What the person may do with the release as a whole."""
    wish: Mapping[str, _Wish] = {
        "terminate": lambda: wishes.terminate(of, who.name),
        "retry": lambda: wishes.retry(of, Facts(), {}, None),
    }
    return _asked(wish)


def in_environment(of: Release, environment: str, who: Person, wrote: Collection[str]) -> Possible:
    """What the person may do with the release in one environment. `wrote`: see `approve`."""
    wish: Mapping[str, _Wish] = {
        "approve": lambda: approvals.approve(of, environment, who, wrote),
        "reject": lambda: approvals.reject(of, environment, who),
        "skip": lambda: skipping.skip(of, environment, Facts(), None, who.name),
        "retry": lambda: wishes.retry(of, Facts(), {}, None, environment),
    }
    return _asked(wish)


def asks_authors(of: Release, environment: str) -> bool:
    """Whether what is possible there depends on who wrote the change."""
    promotion = wishes.there(of, environment)
    approval = approvals.needed(of, promotion)
    return promotion.at_gates and approval is not None and approval.exclude_author


def _asked(wish: Mapping[str, _Wish]) -> Possible:
    refusals: dict[str, Refused] = {}
    for name, ask in wish.items():
        try:
            if not ask():
                refusals[name] = Refused("done", "it was asked for already")
        except Refused as refused:
            refusals[name] = refused
    return Possible(tuple(name for name in wish if name not in refusals), refusals)
