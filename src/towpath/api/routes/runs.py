"""Runs of workflows: one with its steps, the logs of steps, and what may be wished of a run."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from towpath.api import errors
from towpath.api.access import Actor
from towpath.api.parts import Parts
from towpath.api.reach import Reach
from towpath.api.routes.releases import Comment
from towpath.api.schemas import runs
from towpath.api.schemas.base import Asked, Name, Text
from towpath.domain.status import Status
from towpath.domain.wishes import Refused
from towpath.domain.workflow import Kind
from towpath.ports.store import StoreUnavailable
from towpath.storage.run_queries import LogEnd

router = APIRouter(tags=["workflows"])

LARGEST = 4 * 1024 * 1024
PIECE = 256 * 1024
LOOK_AGAIN_S = 0.25
_TEXT = "text/plain; charset=utf-8"

Attempt = Annotated[int | None, Query(ge=1, lt=1 << 31, description="Empty: the newest.")]
Offset = Annotated[
    int, Query(gt=-(1 << 53), lt=1 << 53, description="In bytes; negative: from the end.")
]
Bytes = Annotated[int, Query(ge=1, le=LARGEST)]


class Resume(Asked):
    """What a suspended step puts out, by the names of its outputs."""

    outputs: dict[Name, Text] = Field(default_factory=dict)


@router.get("/runs/{run}")
async def get_run(parts: Reach, run: UUID) -> runs.RunDocument:
    """One run of a workflow: its steps with inputs and outputs, and the manifest it runs."""
    found = await parts.queries.run(run)
    if found is None:
        raise errors.not_found("run", str(run))
    return runs.document(found)


@router.get(
    "/runs/{run}/steps/{step:path}/log",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_log(
    parts: Reach,
    run: UUID,
    step: str,
    attempt: Attempt = None,
    offset: Offset = 0,
    limit: Bytes = LARGEST,
    follow: bool = False,
) -> Response:
    """What a step wrote, as it wrote it; with `follow` until it ends.

    `Towpath-Log-Offset` and `Towpath-Log-Size` say where the answer begins and how long the log is
    now, in bytes; `Towpath-Log-Ended`, whether it is complete.
    """
    end = await _end(parts, run, step, attempt)
    begin = max(0, end.size + offset) if offset < 0 else min(offset, end.size)
    headers = {
        "Towpath-Log-Offset": str(begin),
        "Towpath-Log-Size": str(end.size),
        "Towpath-Log-Attempt": str(end.attempt),
        "Towpath-Log-Ended": "false" if end.grows else "true",
    }
    if follow:
        following = _follow(parts, run, step, end.attempt, begin)
        return StreamingResponse(following, media_type=_TEXT, headers=headers)
    data = await parts.queries.log(run, step, end.attempt, begin, begin + limit)
    return Response(data, media_type=_TEXT, headers=headers)


async def _end(parts: Parts, run: UUID, step: str, attempt: int | None) -> LogEnd:
    end = await parts.queries.log_end(run, step, attempt)
    if end is None:
        raise errors.not_found(f"step of run {run}", step)
    return end


async def _follow(
    parts: Parts, run: UUID, step: str, attempt: int, begin: int
) -> AsyncIterator[bytes]:
    """A log as it grows; ends with it, or after as long as a stream may: then ask from there."""
    until = asyncio.get_running_loop().time() + parts.settings.stream_seconds
    try:
        while True:
            end = await _end(parts, run, step, attempt)
            while begin < end.size:
                piece = await parts.queries.log(run, step, attempt, begin, begin + PIECE)
                begin += len(piece)
                yield piece
            if not end.grows or asyncio.get_running_loop().time() > until:
                return
            await asyncio.sleep(LOOK_AGAIN_S)
    except StoreUnavailable:
        return


@router.post("/runs/{run}/terminate")
async def terminate_run(
    parts: Reach, actor: Actor, run: UUID, body: Comment | None = None
) -> runs.RunDocument:
    """Stop a run: its steps are ended, and what must always run (`onExit`) is run."""
    try:
        asked = await parts.runs.stop(run, actor, body.comment if body else "")
    except KeyError:
        raise errors.not_found("run", str(run)) from None
    found = await get_run(parts, run)
    if not asked and found.stopping is None:
        raise Refused("already_ended", f"the run has ended: it is {found.status}")
    return found


@router.post("/runs/{run}/steps/{step:path}/resume")
async def resume_step(
    parts: Reach, actor: Actor, run: UUID, step: str, body: Resume | None = None
) -> runs.RunDocument:
    """Let a suspended step go on, with the outputs that it asks for. Again changes nothing."""
    try:
        resumed = await parts.runs.resume(run, step, actor, body.outputs if body else {})
    except KeyError:
        raise errors.not_found("step of a run", f"{run}/{step}") from None
    found = await get_run(parts, run)
    if not resumed:
        _explain(found, step)
    return found


def _explain(of: runs.RunDocument, step: str) -> None:
    """Why a step could not be resumed, unless that was done already."""
    found = next(each for each in of.steps if each.id == step)
    if found.kind is not Kind.SUSPEND:
        raise Refused("not_suspended", f"{found.name} is no suspended step: it is {found.status}")
    if found.status is not Status.SUCCEEDED:
        raise errors.Problem(
            HTTPStatus.CONFLICT, "not_suspended", f"{found.name} is {found.status}"
        )
