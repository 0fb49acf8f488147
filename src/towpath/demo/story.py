"""What happens next in the demo: an endless, repeatable sequence of a team's changes.

Says what people want; `world` carries it out. No git and no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from towpath.demo import cast, files, wording
from towpath.demo.commits import Person


class Kind(StrEnum):
    """What kind of change it is; the first two travel to production by themselves."""

    CODE = "code"  # pull requests merged, images built, tags written in dev
    SETTING = "setting"  # a feature switched in dev
    PIN = "pin"  # someone sets another tag by hand behind dev: drift, no release
    TUNING = "tuning"  # someone changes replicas by hand: nothing that is ever promoted


@dataclass(frozen=True, slots=True)
class Change:
    """One change: who does what to which services, in which environment.

    `tasks` has one entry for each service of a code change; `switch` is a feature's name. When it
    comes, the load lab may be taken: then its load test fails until somebody frees the lab.
    """

    kind: Kind
    product: str
    environment: str
    services: tuple[str, ...]
    author: Person
    issue: str = ""
    tasks: tuple[wording.Task, ...] = ()
    squash: bool = True
    switch: str = ""
    lab_taken: bool = False


_OPENING = (
    (Kind.CODE, ("cart",)),
    (Kind.CODE, ("catalog",)),
    (Kind.CODE, ("cart", "checkout")),
    (Kind.CODE, ("gateway",)),
    (Kind.SETTING, ("cart",)),
    (Kind.PIN, ("catalog",)),
    (Kind.CODE, ("checkout",)),
    (Kind.TUNING, ("checkout",)),
    (Kind.CODE, ("ledger",)),
)
LAB_TAKEN_EVERY = 6
_LATER = (Kind.CODE,) * 7 + (Kind.SETTING, Kind.PIN, Kind.TUNING)


def changes(seed: int = cast.SEED) -> Iterator[Change]:
    """Changes without end, the same for the same seed. The first is a plain one to `cart`."""
    for n, change in enumerate(_changes(seed)):
        travels = change.kind in (Kind.CODE, Kind.SETTING)
        yield replace(change, lab_taken=travels and n % LAB_TAKEN_EVERY == 0)


def _changes(seed: int) -> Iterator[Change]:
    random = Random(f"story/{seed}")  # noqa: S311 - a story, not a secret
    for kind, services in _OPENING:
        yield _change(kind, services, random)
    while True:
        kind = random.choice(_LATER)
        yield _change(kind, _services(kind, random), random)


def _services(kind: Kind, random: Random) -> tuple[str, ...]:
    if kind is Kind.SETTING:
        return (random.choice(sorted(files.SWITCHES)),)
    product = random.choice((cast.WEBSHOP, cast.WEBSHOP, cast.PAYMENTS))
    names = [service.name for service in product.services]
    several = kind is Kind.CODE and random.random() < 0.3
    return tuple(sorted(random.sample(names, 2 if several else 1)))


def _change(kind: Kind, services: tuple[str, ...], random: Random) -> Change:
    product = cast.product_of(cast.SERVICES[services[0]])
    issue = f"{product.issue_key}-{product.first_issue + random.randint(275, 340)}"
    author = random.choice(product.team)
    match kind:
        case Kind.CODE:
            tasks = tuple(wording.task(cast.SERVICES[name], random) for name in services)
            squash = random.random() < 0.5
            return Change(kind, product.name, "dev", services, author, issue, tasks, squash)
        case Kind.SETTING:
            switch = random.choice(sorted(files.SWITCHES[services[0]]))
            return Change(kind, product.name, "dev", services, author, issue, switch=switch)
        case _:
            place = tuple(product.environments)[1] if kind is Kind.PIN else "prod-eu"
            return Change(kind, product.name, place, services, cast.JONAS, issue)
