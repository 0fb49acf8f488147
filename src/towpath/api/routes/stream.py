"""Server-sent events: what happens, as it happens.

A browser's `EventSource` reconnects by itself and says the last id it has seen.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from towpath.api import errors
from towpath.api.reach import Reach
from towpath.api.routes.releases import Word
from towpath.api.schemas.events import EventShown
from towpath.api.spreading import Changed, News, Spreading, TooMany
from towpath.ports.store import StoreUnavailable

router = APIRouter(tags=["events"])
HEARTBEAT_S = 15
SLOWEST_SEND_S = 30.0  # who takes no byte for so long is not there any more
Seen = Annotated[str | None, Header(max_length=30)]


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    request: Request,
    parts: Reach,
    product: Word = "",
    release: Word = "",
    last_event_id: Seen = None,
) -> EventSourceResponse:
    """Events of a product, a release or all. First a `ready`, then `event`s, each with its id.

    `runs` says that runs of a release's workflows changed (empty: of any), `notes` that its notes
    were made anew: ask for them again.

    It ends itself after ten minutes, or when the reader does not keep up: come back with
    `Last-Event-ID`, and nothing is missed.
    """
    spreading: Spreading = request.app.state.spreading
    last = _seen(last_event_id)
    if spreading.followers >= parts.settings.most_streams:
        raise errors.Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "too_many_streams",
            "As many streams are open as are allowed.",
            headers={"Retry-After": errors.RETRY_AFTER_S},
        )
    frames = _frames(spreading, product, release, last, parts.settings.stream_seconds)
    return EventSourceResponse(frames, ping=HEARTBEAT_S, send_timeout=SLOWEST_SEND_S)


def _seen(given: str | None) -> int | None:
    if given is None or given == "":
        return None
    if not (given.isascii() and given.isdigit() and int(given) < 1 << 63):
        raise errors.Problem(
            HTTPStatus.BAD_REQUEST, "bad_cursor", "Last-Event-ID is no id of an event."
        )
    return int(given)


async def _frames(
    spreading: Spreading, product: str, release: str, last: int | None, seconds: float
) -> AsyncIterator[ServerSentEvent]:
    """The frames of one stream. Trouble with the database ends it: the reader comes back."""
    until = asyncio.get_running_loop().time() + seconds
    try:
        with spreading.following(product, release) as follower:
            position = await spreading.position()
            resumed = position if last is None else min(last, position)
            yield ServerSentEvent("{}", event="ready", id=str(resumed))
            async with aclosing(spreading.events(follower, last, until)) as events:
                async for news in events:
                    yield _frame(news)
    except (StoreUnavailable, TooMany):
        return


def _frame(news: News) -> ServerSentEvent:
    if isinstance(news, Changed):
        return ServerSentEvent(json.dumps({"release": news.release}), event=news.what)
    event = EventShown.model_validate(news)
    return ServerSentEvent(event.model_dump_json(), event="event", id=str(event.id))
