"""Wishes for a product's environment: promote, roll back, lock; and looking for news now."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from towpath.api import reach
from towpath.api.access import Actor
from towpath.api.parts import Parts
from towpath.api.reach import Reach
from towpath.api.schemas import plans
from towpath.api.schemas.base import Asked, Name, ReasonShown, Text
from towpath.api.schemas.configuration import LockShown
from towpath.api.schemas.plans import PlanDocument
from towpath.api.schemas.products import LockAnswer, LookedShown, RepositoryTrouble
from towpath.api.schemas.releases import ReleaseDocument

router = APIRouter(tags=["environments"])
WHOLE_ENVIRONMENT = "-"
_MADE: dict[int | str, dict[str, Any]] = {
    HTTPStatus.CREATED.value: {"model": ReleaseDocument, "description": "The release"}
}


class Promote(Asked):
    """What to promote by hand. Empty: from the environment before, all components, as landed."""

    source: Name = Field("", alias="from")
    components: tuple[Name, ...] = ()
    release: Name = ""
    dry_run: bool = False


class RollBack(Asked):
    """What to go back to; empty: the release before the present one."""

    to: Name = ""
    lock: bool = True
    dry_run: bool = False


class Lock(Asked):
    """Why, and until when (empty: until somebody unlocks)."""

    reason: Text = Field(min_length=1)
    until: AwareDatetime | None = None


class Refresh(Asked):
    """Which repository to look at; empty: all."""

    repository: Name = ""


@router.post("/products/{product}/environments/{environment}/promote", responses=_MADE)
async def promote(
    parts: Reach, actor: Actor, product: str, environment: str, body: Promote, response: Response
) -> ReleaseDocument | PlanDocument:
    """Promote by hand; with `dry_run` say what that would change, and change nothing."""
    asked = (product, environment, body.source, body.components, body.release)
    if body.dry_run:
        return plans.plan(await parts.commands.plan_promotion(*asked))
    response.status_code = HTTPStatus.CREATED
    return await reach.document(parts, await parts.commands.promote(*asked, actor), actor)


@router.post("/products/{product}/environments/{environment}/rollback", responses=_MADE)
async def roll_back(
    parts: Reach, actor: Actor, product: str, environment: str, body: RollBack, response: Response
) -> ReleaseDocument | PlanDocument:
    """Go back to what landed with an earlier release; with `dry_run` only say what it would do."""
    if body.dry_run:
        plan = await parts.commands.plan_rollback(product, environment, body.to)
        return plans.plan(plan)
    response.status_code = HTTPStatus.CREATED
    made = await parts.commands.rollback(product, environment, body.to, body.lock, actor)
    return await reach.document(parts, made, actor)


@router.post("/products/{product}/environments/{environment}/lock")
async def lock(
    parts: Reach, actor: Actor, product: str, environment: str, body: Lock
) -> LockAnswer:
    """Lock a product in an environment; product `-` locks all of the environment."""
    locked = _product(product)
    await parts.commands.lock(locked, environment, body.reason, body.until, actor)
    return await _lock_answer(parts, locked, environment)


@router.post("/products/{product}/environments/{environment}/unlock")
async def unlock(parts: Reach, actor: Actor, product: str, environment: str) -> LockAnswer:
    """Take the lock off; product `-` is the lock of all of the environment."""
    unlocked = _product(product)
    await parts.commands.unlock(unlocked, environment, actor)
    return await _lock_answer(parts, unlocked, environment)


def _product(name: str) -> str:
    return "" if name == WHOLE_ENVIRONMENT else name


async def _lock_answer(parts: Parts, product: str, environment: str) -> LockAnswer:
    locks = await parts.queries.locks()
    here = (lock for lock in locks if lock.environment == environment)
    holding = [lock for lock in here if lock.product in ("", product)]
    found = max(holding, key=lambda lock: lock.product, default=None)  # its own before that of all
    return LockAnswer(
        product=product,
        environment=environment,
        locked=found is not None,
        lock=LockShown.model_validate(found) if found else None,
    )


@router.post("/refresh")
async def refresh(parts: Reach, _: Actor, body: Refresh | None = None) -> LookedShown:
    """Look for new commits now."""
    looked = await parts.commands.refresh(body.repository if body else "")
    return LookedShown(
        repositories=looked.repositories,
        releases=looked.releases,
        trouble=tuple(
            RepositoryTrouble(repository=name, reason=ReasonShown.model_validate(reason))
            for name, reason in sorted(looked.trouble.items())
        ),
    )
