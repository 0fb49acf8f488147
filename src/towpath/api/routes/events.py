"""What happened, everywhere."""

from fastapi import APIRouter

from towpath.api.reach import Reach
from towpath.api.routes import releases
from towpath.api.schemas.base import Listing
from towpath.api.schemas.events import EventShown

router = APIRouter(tags=["events"])


@router.get("/events")
async def list_events(
    parts: Reach,
    after: releases.EventId = 0,
    product: releases.Word = "",
    limit: releases.EventLimit = 200,
) -> Listing[EventShown]:
    """What happened after an event, oldest first; `after` takes the `next_cursor` of the page."""
    happened = await parts.queries.events(after, limit, product=product)
    return releases.events_page(happened, limit)
