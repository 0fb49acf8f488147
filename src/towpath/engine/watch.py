"""What the deployer says of the environments of a release, made into facts."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from towpath.domain import decide, facts, reasons, status
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release, Role
from towpath.domain.status import Status
from towpath.engine import targets
from towpath.engine.inforce import InForce
from towpath.engine.remotes import Remotes
from towpath.ports.deployer import Deployer, Expectation, Observation
from towpath.ports.errors import OutsideError


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of each environment, or why nothing was."""

    watched: Mapping[str, facts.Watched]
    unseen: Mapping[str, Reason]


class Watch:
    """Asks the deployer about every environment that a decision depends on."""

    def __init__(self, deployer: Deployer, remotes: Remotes, in_force: InForce) -> None:
        self._deployer = deployer
        self._remotes = remotes
        self._in_force = in_force

    async def look(self, release: Release, only: str = "") -> Seen:
        """Ask about the release's environments that are in sync or health, or one of them."""
        promotions = [p for p in decide.asks_deployer(release) if only in ("", p.environment)]
        answers = await asyncio.gather(*(self._ask(release, each) for each in promotions))
        watched: dict[str, facts.Watched] = {}
        unseen: dict[str, Reason] = {}
        for promotion, answer in zip(promotions, answers, strict=True):
            if isinstance(answer, Reason):
                unseen[promotion.environment] = answer
            else:
                watched[promotion.environment] = answer
        return Seen(watched, unseen)

    async def _ask(self, release: Release, promotion: Promotion) -> facts.Watched | Reason:
        try:
            expected = await self._expectations(release, promotion)
            if not expected:
                return _nobody(release, promotion)
            return summary(await self._deployer.observe(expected))
        except OutsideError as error:
            return error.reason

    async def _expectations(self, release: Release, promotion: Promotion) -> Sequence[Expectation]:
        found = await targets.resolve(
            self._remotes,
            self._in_force.catalog,
            release.product,
            promotion.environment,
            release.content,
            targets.wholly_emptied(release.content),
        )
        commits = _commits(release, promotion)
        return [
            Expectation(
                target.application,
                target.component,
                target.repository,
                target.branch,
                commits[place],
                target.path,
                target.files,
            )
            for target in found
            if (place := (target.component, target.repository, target.branch)) in commits
        ]


def _commits(release: Release, promotion: Promotion) -> Mapping[tuple[str, str, str], str]:
    """The promoted commit of each component, by where it landed."""
    if promotion.role is Role.TRIGGER:
        return {
            (name, part.repository, part.branch): part.revision
            for name, part in release.content.items()
        }
    return {
        (component, landing.repository, landing.branch): landing.commit
        for landing in promotion.landings
        for component in landing.components
    }


def _nobody(release: Release, promotion: Promotion) -> Reason:
    return Reason(
        Code.APPLICATION_MISSING,
        f"no application of {release.product} is left in {promotion.environment}, "
        "or they moved to another branch",
        advice="Bring the application back, or terminate the release.",
    )


def summary(observations: Iterable[Observation]) -> facts.Watched:
    """The environment as a whole: the one rule over its applications."""
    seen = list(observations)
    return facts.Watched(
        status.aggregate(each.sync for each in seen),
        status.aggregate(each.health for each in seen),
        _worst((each.sync, each.sync_reason) for each in seen),
        _worst((each.health, each.health_reason) for each in seen),
        next((each.overwritten for each in seen if each.overwritten), None),
    )


def _worst(said: Iterable[tuple[Status, reasons.Reason | None]]) -> reasons.Reason | None:
    all_said = list(said)
    worst = status.worst(each for each, _ in all_said)
    return next((reason for each, reason in all_said if each is worst and reason), None)
