"""The one place that turns errors into HTTP: every one is an RFC 9457 problem document.

Nothing internal gets out: what is not expected is told as such, and written to the log.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from towpath.domain.wishes import Refused
from towpath.history.bases import UnknownOrigin
from towpath.history.notes import NotThere
from towpath.ports import errors as outside
from towpath.ports.store import StoreUnavailable
from towpath.storage.listing import BadCursor

RETRY_AFTER_S = "5"


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An answer that is a problem: status, a code for programs, sentences for people."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        advice: str = "",
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.advice = advice
        self.more = dict(more or {})
        self.headers = dict(headers or {})


def not_found(what: str, name: str) -> Problem:
    """There is no such thing of that name."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what} {name!r}.")


def as_problem(error: Exception) -> Problem:
    """The problem that an error is to whoever asked."""
    match error:
        case Problem():
            return error
        case Refused():
            return _refused(error)
        case NotThere():
            return Problem(HTTPStatus.NOT_FOUND, "not_found", str(error))
        case UnknownOrigin():
            advice = "Give a release, an environment, or a time such as 2026-12-01T08:00:00Z."
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "unknown_origin", str(error), advice=advice
            )
        case BadCursor():
            advice = "Begin at the first page again, without a cursor."
            return Problem(HTTPStatus.BAD_REQUEST, "bad_cursor", str(error), advice=advice)
        case RequestValidationError():
            return _invalid(error)
        case StoreUnavailable():
            return _unavailable("database_unavailable", f"The database does not answer: {error}")
        case outside.Temporary():
            return _unavailable("outside_unavailable", error.reason.sentence, error)
        case outside.Permanent():
            return _outside_said_no(error)
        case outside.Moved():
            sentence = "The branch moved while this was done; ask again."
            return Problem(HTTPStatus.CONFLICT, "branch_moved", sentence)
        case HTTPException():
            return _plain(error)
    sentence = "Something went wrong here; the server's log says what."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", sentence)


def answer(error: Exception) -> JSONResponse:
    """The problem document of an error."""
    problem = as_problem(error)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "code": problem.code,
        **({"advice": problem.advice} if problem.advice else {}),
        **problem.more,
    }
    return JSONResponse(
        body, problem.status, problem.headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Have every error of the app answered by `answer`."""
    for kind in (
        Problem,
        Refused,
        BadCursor,
        NotThere,
        UnknownOrigin,
        RequestValidationError,
        StoreUnavailable,
        outside.OutsideError,
        outside.Moved,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error.detail = f"{request.url.path} takes no {request.method}."
    return answer(error)


def _refused(error: Refused) -> Problem:
    unknown = error.code.startswith("unknown_")
    status = HTTPStatus.NOT_FOUND if unknown else HTTPStatus.CONFLICT
    return Problem(status, error.code, error.sentence)


def _invalid(error: RequestValidationError) -> Problem:
    wrong = [
        {"field": ".".join(map(str, each["loc"])), "message": each["msg"]}
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in wrong)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, more={"errors": wrong}
    )


def _unavailable(code: str, detail: str, error: outside.OutsideError | None = None) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        code,
        detail,
        advice=error.reason.advice if error else "Ask again in some seconds.",
        more={"reason": error.reason.code.value} if error else None,
        headers={"Retry-After": RETRY_AFTER_S},
    )


def _outside_said_no(error: outside.OutsideError) -> Problem:
    reason = error.reason
    return Problem(
        HTTPStatus.BAD_GATEWAY,
        "outside_refused",
        reason.sentence,
        advice=reason.advice,
        more={"reason": reason.code.value},
    )


def _plain(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    code = status.phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(status, code, str(error.detail), headers=error.headers)
