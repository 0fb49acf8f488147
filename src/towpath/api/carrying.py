"""Who carries on the change of a superseded release: followed from release to release."""

from collections.abc import Mapping

from towpath.api.schemas.releases import Carrier
from towpath.domain import status
from towpath.domain.reasons import Code
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status
from towpath.storage.listing import Listed, Place
from towpath.storage.queries import Queries

MOST_STEPS = 50
_NOT_THERE_YET = frozenset({Status.WAITING, Status.SKIPPED})


async def carriers(queries: Queries, of: Release) -> Mapping[str, Carrier]:
    """For each environment where the release was superseded, who carries it on now."""
    chains = {promotion.environment: [by] for promotion in of.promotions if (by := _by(promotion))}
    seen: dict[str, Listed] = {}
    for _ in range(MOST_STEPS):
        unknown = {chain[-1] for chain in chains.values()} - seen.keys()
        seen.update(await queries.listed(sorted(unknown)))
        if not _follow(chains, seen):
            break
    return {
        environment: _carrier(seen[chain[-1]], environment, chain)
        for environment, chain in chains.items()
        if chain[-1] in seen
    }


def _by(promotion: Promotion) -> str:
    reason = promotion.reason
    if reason is None or reason.code is not Code.SUPERSEDED_BY:
        return ""
    return str(reason.data.get("release", ""))


def _follow(chains: Mapping[str, list[str]], seen: Mapping[str, Listed]) -> bool:
    """Go one step further where the last of a chain was superseded too."""
    moved = False
    for environment, chain in chains.items():
        last = seen.get(chain[-1])
        place = _place(last, environment) if last else None
        if place and place.status == Status.SUPERSEDED and place.release not in (None, *chain):
            chain.append(str(place.release))
            moved = True
    return moved


def _place(of: Listed, environment: str) -> Place | None:
    return next((place for place in of.environments if place.name == environment), None)


def _carrier(last: Listed, environment: str, chain: list[str]) -> Carrier:
    told = _place(last, environment)
    if told is None or Status(told.status) in _NOT_THERE_YET:
        worst = status.worst(Status(place.status) for place in last.environments)
        told = next((place for place in last.environments if place.status == worst), told)
    where, how = (told.name, Status(told.status)) if told else ("", Status(last.status))
    return Carrier(
        release=last.id,
        status=how,
        environment=where,
        sentence=f"carried by {last.id}, {how.value} in {where}".removesuffix(" in "),
        chain=tuple(chain),
    )
