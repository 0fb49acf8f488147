"""An `http` template: one request, its deadline, and when it counts as a success."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.ports.runner import Log, Outcome
from towpath.runner import expressions
from towpath.runner.mistakes import Mistake
from towpath.runner.variables import MAX_RESULT

Work = Mapping[str, Any]


async def send(work: Work, log: Log, seconds: float) -> Outcome:
    """Send the request and judge the answer.

    What keeps it from an answer, or that from being judged, fails it as in Argo's agent, so that
    it is tried again where a failure is.
    """
    deadline = min(seconds, work["timeout"], work.get("deadline", seconds))
    try:
        status, headers, body, is_whole = await _answer(work, deadline)
    except httpx.TimeoutException:
        return Outcome(Status.FAILED, _because(Code.TIMED_OUT, f"no answer within {deadline:g} s"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        said = f"{_shown(work)}: {type(problem).__name__} {problem}".rstrip()
        return Outcome(Status.FAILED, _because(Code.STEP_FAILED, said))
    rest = "" if is_whole else f"… the answer is longer than {MAX_RESULT} bytes, and no result\n"
    await log.write(f"{_shown(work)}: {status}\n{body}\n{rest}".encode())
    outputs = {"result": body} if is_whole else {}
    try:
        if _is_success(work, status, headers, body):
            return Outcome(Status.SUCCEEDED, None, outputs)
        said = f"the answer {status} is no success"
    except Mistake as problem:
        said, outputs = f"successCondition: {problem}", {}
    return Outcome(Status.FAILED, _because(Code.STEP_FAILED, said), outputs)


def _because(code: Code, sentence: str) -> reasons.Reason:
    return reasons.Reason(code, sentence)


def _shown(work: Work) -> str:
    """Method and address, without what may be a secret: user information and query."""
    try:
        parts = urlsplit(work["url"])
    except ValueError:
        return str(work["method"])
    return f"{work['method']} {parts.scheme}://{parts.hostname or ''}{parts.path}"


async def _answer(work: Work, deadline: float) -> tuple[int, dict[str, object], str, bool]:
    """Status, headers, as much of the body as a result can hold, and whether that is all."""
    client = httpx.AsyncClient(verify=not work["insecure"], follow_redirects=True, timeout=deadline)
    try:
        async with asyncio.timeout(deadline), client:
            request = client.build_request(
                work["method"],
                work["url"],
                headers=[(name.encode(), value.encode()) for name, value in work["headers"]],
                content=work["body"].encode() if work["body"] else None,
            )
            answer = await client.send(request, stream=True)
            body, is_whole = await _body(answer)
    except TimeoutError:
        raise httpx.ReadTimeout("the deadline is over") from None
    headers: dict[str, object] = {}
    for name, value in answer.headers.multi_items():
        listed = headers.setdefault(_canonical(name), [])
        assert isinstance(listed, list)
        listed.append(value)
    return answer.status_code, headers, body, is_whole


async def _body(answer: httpx.Response) -> tuple[str, bool]:
    read = bytearray()
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) > MAX_RESULT:
            break
    await answer.aclose()
    return _text(bytes(read[:MAX_RESULT]), answer.encoding), len(read) <= MAX_RESULT


def _text(body: bytes, claimed: str | None) -> str:
    try:
        return body.decode(claimed or "utf-8", "replace")
    except (LookupError, UnicodeError):  # servers claim what is known and no encoding of texts
        return body.decode("utf-8", "replace")


def _canonical(name: str) -> str:
    """`content-type` as Go writes it: `Content-Type`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _is_success(work: Work, status: int, headers: Mapping[str, object], body: str) -> bool:
    if not work["condition"]:
        return 200 <= status < 300
    known = {
        "request": {"method": work["method"], "url": work["url"], "body": work["body"]},
        "response": {"statusCode": status, "body": body, "headers": dict(headers)},
    }
    return expressions.evaluate_truth(work["condition"], known)
