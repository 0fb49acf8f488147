"""The one way of integrations to HTTP: deadlines, bounds, and trouble in the words of the ports.

A question is asked again a few times where the answer says "later" and soon enough; what takes
longer is `Temporary`, and the background asks again in its own time.
"""

import asyncio
import random
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from towpath.domain.reasons import Code, Reason
from towpath.ports.errors import OutsideError, Permanent, Temporary

TIMEOUT = httpx.Timeout(20, connect=5)
LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=4)
LONGEST_BODY = 16 * 1024 * 1024
TRIES = 3
FIRST_PAUSE_S = 0.5
_MOST_MOVES = 5
LONGEST_PAUSE_S = 15.0
_LATER = frozenset({429, 500, 502, 503, 504})
_NEVER = 10**9


def client(
    base_url: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    ca_file: Path | None = None,
) -> httpx.AsyncClient:
    """A client with deadlines. Follows redirects, and takes no credentials to another host."""
    verify = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": "towpath", **(headers or {})},
        auth=auth,
        timeout=TIMEOUT,
        limits=LIMITS,
        verify=verify,
        follow_redirects=True,
    )


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    accept: frozenset[int] = frozenset(),
    **call: Any,
) -> httpx.Response:
    """The answer, read whole. Statuses of `accept` are answers too.

    Raises `Temporary` or `Permanent`.
    """
    for attempt in range(1, TRIES + 1):
        try:
            answer = await _read(http, method, url, **call)
        except httpx.TransportError as error:
            if attempt == TRIES:
                raise unreachable(urlsplit(str(error.request.url)).netloc, error) from error
            await asyncio.sleep(_pause(attempt))
            continue
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise refused(url, str(error)) from error
        if answer.is_success or (answer.status_code in accept and not _means_later(answer)):
            return answer
        pause = retry_after(answer)
        pause = _pause(attempt) if pause is None else pause
        if not _means_later(answer) or attempt == TRIES or pause > LONGEST_PAUSE_S:
            raise trouble(answer)
        await asyncio.sleep(pause)
    raise AssertionError("the last attempt raises or returns")


async def once(http: httpx.AsyncClient, method: str, url: str, **call: Any) -> httpx.Response:
    """The answer to something that must not be done twice: never asked again by itself.

    Raises `Temporary` also where it is not known whether it was done, or `Permanent`.
    """
    try:
        answer = await _read(http, method, url, **call)
    except httpx.TransportError as error:
        sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        where = urlsplit(str(error.request.url)).netloc
        raise unreachable(where, error, sent=sent) from error
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise refused(url, str(error)) from error
    if not answer.is_success:
        raise trouble(answer)
    return answer


async def _read(http: httpx.AsyncClient, method: str, url: str, **call: Any) -> httpx.Response:
    if method == "GET":
        return await _sent(http, method, url, **call)
    # What is written is sent again where it belongs; httpx would make a question of it (301).
    for _ in range(_MOST_MOVES):
        answer = await _sent(http, method, url, follow_redirects=False, **call)
        if not answer.has_redirect_location:
            return answer
        moved = answer.url.join(answer.headers["location"])
        if _server(moved) != _server(answer.url):
            raise refused(str(answer.url), f"sends what is written to another host: {moved.host}")
        url = str(moved)
    raise refused(url, "sends what is written around in a circle")


def _server(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _sent(http: httpx.AsyncClient, method: str, url: str, **call: Any) -> httpx.Response:
    async with http.stream(method, url, **call) as answer:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LONGEST_BODY:
                raise refused(str(answer.url), f"answers with more than {LONGEST_BODY:,} bytes")
        answer._content = bytes(body)
        return answer


def json_of(answer: httpx.Response) -> Any:
    """The answer as JSON. Raises `Permanent` where it is something else."""
    try:
        return answer.json()
    except ValueError:
        raise refused(str(answer.url), "answers with something else than JSON") from None


def retry_after(answer: httpx.Response) -> float | None:
    """In how many seconds the server wants to be asked again, if it says so."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isdigit():
        return float(min(int(given), _NEVER))
    if given:
        try:
            at = parsedate_to_datetime(given)
        except ValueError:
            return None
        return _until(at.timestamp()) if at.tzinfo else None
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    return _until(float(reset)) if _is_used_up(answer) and reset.isdigit() else None


def _until(at: float) -> float:
    return min(max(0.0, at - datetime.now(UTC).timestamp()), _NEVER)


def _means_later(answer: httpx.Response) -> bool:
    """GitHub says with 403, too, that there were too many questions."""
    if answer.status_code == 403:
        return _is_used_up(answer) or "retry-after" in answer.headers
    return answer.status_code in _LATER


def _is_used_up(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("x-ratelimit-remaining", "").strip() == "0")


def _pause(attempt: int) -> float:
    return float(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter


def trouble(answer: httpx.Response) -> OutsideError:
    """What a status means, in words."""
    status, where = answer.status_code, answer.url.host
    said = f"{where} answers {status} ({_phrase(status)})"
    if _means_later(answer) or status == 408:
        return Temporary(Reason(Code.OUTSIDE_UNREACHABLE, said, {"host": where}))
    if status in (401, 403):
        return Permanent(
            Reason(
                Code.CREDENTIALS_REFUSED,
                f"{where} refuses the credentials ({status})",
                {"host": where},
                advice="Check the token that is configured for it, and what it may read.",
            )
        )
    return Permanent(Reason(Code.OUTSIDE_REFUSED, said, {"host": where}))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"


def unreachable(where: str, error: Exception, *, sent: bool = False) -> Temporary:
    """There was no answer. `sent`: what was asked may have been done."""
    told = str(error) or type(error).__name__
    return Temporary(
        Reason(
            Code.OUTSIDE_UNREACHABLE,
            f"{where} does not answer: {told}",
            {"host": where, "sent": sent},
        )
    )


def refused(where: str, why: str) -> Permanent:
    """The answer is of no use, and will not be later."""
    host = urlsplit(where).hostname or where
    return Permanent(Reason(Code.OUTSIDE_REFUSED, f"{host} {why}", {"host": host}))
