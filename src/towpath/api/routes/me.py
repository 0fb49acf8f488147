"""Who asks, as the server sees it."""

from fastapi import APIRouter

from towpath.api.access import Actor
from towpath.api.reach import Reach
from towpath.api.schemas.base import Shown

router = APIRouter(tags=["me"])


class Me(Shown):
    """The actor of what is done now. `by_token`: a token says so; else the caller may name it."""

    actor: str
    by_token: bool


@router.get("/me")
async def get_me(parts: Reach, actor: Actor) -> Me:
    """In whose name a wish would be recorded."""
    return Me(actor=actor, by_token=bool(parts.settings.tokens))
