"""The one way of the command line to a server: HTTP with deadlines, and errors as sentences.

Knows addresses and problem documents (RFC 9457), and nothing of what the documents mean.
"""

import asyncio
import ipaddress
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import stamina

from towpath.cli import profile

READ = httpx.Timeout(30, connect=5)
WRITE = httpx.Timeout(120, connect=5)  # a dry run fetches and edits repositories first
STREAM = httpx.Timeout(60, connect=5)  # the server sends a comment every 15 s
_PAUSES_S = (0.0, 0.3, 1.5)  # before each try of a write
_UNAVAILABLE = frozenset({502, 503, 504})
_WRONG_USE = frozenset({400, 422})

Document = dict[str, Any]


class Failed(Exception):  # noqa: N818
    """What was asked for was not done: one sentence, what to do, and the exit code."""

    def __init__(self, sentence: str, advice: str = "", exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice
        self.exit_code = exit_code


class Api:
    """A server's REST API."""

    def __init__(self, http: httpx.AsyncClient, who: profile.Profile) -> None:
        self.http = http
        self.server = who.server
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time by the server's clock, as far as its last answer told (to a second)."""
        return datetime.now(UTC) + self._ahead

    async def get(self, *path: str, **query: object) -> Document:
        """Read a document. Tried again a few times while the server does not answer."""
        asked = {name: value for name, value in query.items() if value not in (None, "", [], ())}
        async for attempt in stamina.retry_context(
            on=_may_pass, attempts=3, timeout=20, wait_initial=0.1, wait_max=1, wait_jitter=0.1
        ):
            with attempt:
                return await self._ask("GET", path, params=asked, timeout=READ)
        raise AssertionError("unreachable: the last attempt raises or returns")

    async def post(self, *path: str, body: Mapping[str, object]) -> Document:
        """Ask for something to be done, once.

        When the connection breaks it is asked again under the same name, by which the server
        knows whether it did it already.
        """
        named = {"Idempotency-Key": str(uuid.uuid4())}
        broken: Broken | None = None
        for pause in _PAUSES_S:
            await asyncio.sleep(pause)
            try:
                return await self._ask("POST", path, json=body, timeout=WRITE, headers=named)
            except Broken as trouble:
                broken = trouble
            except Unanswered:
                if broken is None:
                    raise
        assert broken is not None
        raise broken

    @asynccontextmanager
    async def text(self, *path: str, **query: str | bool) -> AsyncIterator[httpx.Response]:
        """A text as it comes: read it by `aiter_bytes`."""
        try:
            async with self.http.stream(
                "GET", _address(path), params=query, timeout=STREAM
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    self._read(answer)
                yield answer
        except httpx.TransportError as problem:
            raise _unanswered(problem, self.server, "GET") from problem

    async def pages(self, *path: str, limit: int, **query: object) -> Document:
        """A list of up to `limit` items, from as many pages as that takes."""
        items: list[Document] = []
        cursor: object = ""
        while True:
            size = min(limit - len(items), 200)
            page = await self.get(*path, limit=size, **{**query, "cursor": cursor})
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor or not page["items"] or len(items) >= limit:
                return {"items": items, "next_cursor": cursor}

    async def _ask(self, method: str, path: tuple[str, ...], **call: Any) -> Document:
        asked = datetime.now(UTC)
        try:
            answer = await self.http.request(method, _address(path), **call)
        except httpx.TransportError as problem:
            raise _unanswered(problem, self.server, method) from problem
        self._compare_clocks(answer, asked)
        return self._read(answer)

    def _compare_clocks(self, answer: httpx.Response, asked: datetime) -> None:
        try:
            told = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError):
            return
        now = datetime.now(UTC)
        # The header has whole seconds, and was written at some time between question and answer:
        # such a difference is no other clock.
        agrees = asked - timedelta(seconds=2) < told < now + timedelta(seconds=2)
        self._ahead = timedelta() if agrees else told - now

    def _read(self, answer: httpx.Response) -> Document:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Failed(
                f"{self.server} answered {answer.status_code} with something else than JSON.",
                "Is this the address of a Towpath server? Give it with --server.",
            )
        if answer.is_success:
            return document
        raise problem(document, answer.status_code)


def _address(path: tuple[str, ...]) -> str:
    return "/api/v1/" + "/".join(quote(part, safe="") for part in path)


class Unanswered(Failed):
    """The server did not answer, or said that it cannot now: a read may be tried again."""


class Broken(Failed):
    """The answer to a write did not arrive: it may be asked for again under the same name."""


def _may_pass(trouble: Exception) -> bool:
    return isinstance(trouble, Unanswered)


def _unanswered(problem: httpx.TransportError, server: str, method: str) -> Failed:
    if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout):
        return Unanswered(
            f"No Towpath server can be reached at {server}.",
            "Start one with `towpath serve` (or `towpath demo` to try it), or give the address "
            "with --server or TOWPATH_SERVER.",
        )
    if method == "GET":
        return Unanswered(f"{server} did not answer in time ({type(problem).__name__}).")
    late = isinstance(problem, httpx.TimeoutException)
    return (Failed if late else Broken)(
        f"{server} did not answer in time ({type(problem).__name__}): what was asked for may have "
        "been done or not.",
        "Look with `towpath release list` before asking again.",
    )


def problem(document: Mapping[str, Any], status: int) -> Failed:
    """A problem document (RFC 9457) as one sentence with its advice."""
    sentence = _ended(str(document.get("detail") or document.get("title") or f"refused: {status}"))
    fields = [f"{one.get('field')}: {one.get('message')}" for one in document.get("errors") or ()]
    told = " ".join([sentence, *(f"{field}." for field in fields if field not in sentence)])
    advice = str(document.get("advice") or "")
    if status == 401:  # the API's advice is for those who speak HTTP
        advice = "Give a token with TOWPATH_TOKEN, TOWPATH_TOKEN_FILE or in the profile."
    if document.get("code") == "idempotency_key_in_progress":
        return Broken(told, "Look with `towpath release list` before asking again.")
    passing = status in _UNAVAILABLE and document.get("code") != "outside_refused"
    return (Unanswered if passing else Failed)(told, advice, 2 if status in _WRONG_USE else 1)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else sentence + "."


@asynccontextmanager
async def connect(who: profile.Profile) -> AsyncIterator[Api]:
    """A client for the profile's server, closed at the end."""
    headers = {"User-Agent": "towpath-cli", "Accept": "application/json"}
    if who.token:
        headers["Authorization"] = f"Bearer {who.token}"
    elif who.name.isascii() and who.name.isprintable():
        headers["X-Towpath-Actor"] = who.name
    async with httpx.AsyncClient(
        base_url=who.server, headers=headers, trust_env=not _on_loopback(who.server)
    ) as http:
        yield Api(http, who)


def _on_loopback(server: str) -> bool:
    """Whether no proxy of the environment can be meant."""
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _of_another_version(api: Api, lacking: KeyError) -> Exception:
    """Why a field is not in an answer: the server's version, else a defect of ours."""
    own = metadata.version("towpath")
    try:
        its = (await api.http.get("/version", timeout=READ)).json()["version"]
    except (httpx.HTTPError, ValueError, KeyError):
        its = own
    if its == own:
        return lacking
    return Failed(
        f"The server at {api.server} is towpath {its} and this command line {own}: "
        f"its answer has no {lacking}.",
        "Use the same version of both.",
    )


def run(server: str, work: Callable[[Api], Awaitable[int]]) -> int:
    """Connect to the server of the option or profile and do the work; answers its exit code.

    Raises `Failed`.
    """

    async def connected() -> int:
        async with connect(profile.read(server)) as api:
            try:
                return await work(api)
            except KeyError as lacking:
                raise await _of_another_version(api, lacking) from lacking

    try:
        return asyncio.run(connected())
    except profile.Unreadable as problem:
        raise Failed(str(problem), exit_code=2) from None
