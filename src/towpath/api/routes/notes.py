"""Notes: what changed, in an environment, with a release; and what CIs say is in an image."""

import json
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from towpath.api import errors
from towpath.api.access import Actor
from towpath.api.reach import Reach
from towpath.api.schemas.notes import (
    ImageReport,
    ImageReported,
    NotesDocument,
    TraceDocument,
)
from towpath.history import rendering, reporting

router = APIRouter(tags=["notes"])

Word = Annotated[str, Query(max_length=300)]
Start = Annotated[
    str, Query(alias="from", max_length=300, description="A release, an environment or a time")
]


Ref = Annotated[
    str,
    Query(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
        description="A commit, pull request, image tag or digest, or issue",
    ),
]


class Form(StrEnum):
    """How notes are written."""

    JSON = "json"
    MARKDOWN = "markdown"
    TEXT = "text"


@router.get("/releases/{release}/notes", response_model=NotesDocument)
async def get_notes(
    parts: Reach, release: str, environment: Word = "", start: Start = "", format: Form = Form.JSON
) -> Response:
    """What changed with the release: what is known now; the rest is on its way."""
    text = await parts.notes.read(release, environment, start)
    match format:
        case Form.JSON:
            return Response(text, media_type="application/json")
        case Form.MARKDOWN:
            shown = rendering.markdown(json.loads(text))
            return Response(shown, media_type="text/markdown; charset=utf-8")
        case Form.TEXT:
            return Response(
                rendering.plain(json.loads(text)), media_type="text/plain; charset=utf-8"
            )


@router.get("/trace")
async def trace(parts: Reach, ref: Ref) -> TraceDocument:
    """Where a commit, pull request, image or issue is: in which releases and environments."""
    return TraceDocument.model_validate(await parts.tracing.where(ref))


@router.post("/images")
async def report_image(parts: Reach, actor: Actor, body: ImageReport) -> ImageReported:
    """Say what is in an image, as a CI that built it. The same again changes nothing."""
    try:
        kept = await parts.notes.report(reporting.report(**body.model_dump(), reporter=actor))
    except reporting.Refused as refused:
        raise errors.Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", str(refused)
        ) from None
    return ImageReported.model_validate(kept)
