"""Authentication as a GitHub App: for each owner a token of its installation there, kept until
shortly before it runs out.
"""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt

from towpath.integrations import outward
from towpath.ports.errors import OutsideError

_GOOD_FOR = timedelta(minutes=9)  # GitHub takes ten at most
_CLOCKS_DIFFER = timedelta(minutes=1)
_BEFORE_ITS_END = timedelta(minutes=5)
_NO_INSTALLATION = frozenset({404})


@dataclass(frozen=True, slots=True)
class AppKey:
    """A GitHub App (its id or client id), and a private key of it (PEM)."""

    app: str
    private_key: str


@dataclass
class _Installation:
    """A token, and until when it is good."""

    token: str = ""
    until: datetime = datetime.min.replace(tzinfo=UTC)


class Installations:
    """The tokens of an app, by owner. `rest` is the address of the REST API."""

    def __init__(self, http: httpx.AsyncClient, rest: str, key: AppKey) -> None:
        self._http = http
        self._rest = rest
        self._key = key
        self._known: MutableMapping[str, _Installation] = {}
        self._turns: MutableMapping[str, asyncio.Lock] = {}

    async def token(self, path: str) -> str | None:
        """The token for a repository (`owner/name`); None where the app is not installed.

        Raises `Temporary`, `Permanent`.
        """
        owner = path.partition("/")[0].lower()
        async with self._turns.setdefault(owner, asyncio.Lock()):
            known = self._known.get(owner, _Installation())
            if known.until > datetime.now(UTC) + _BEFORE_ITS_END:
                return known.token
            found = await self._installed(path)
            if found is not None:
                self._known[owner] = found
            return found.token if found else None

    def forget(self, path: str) -> None:
        """Ask for a new token next time: this one was refused."""
        self._known.pop(path.partition("/")[0].lower(), None)

    async def _installed(self, path: str) -> _Installation | None:
        answer = await self._as_app("GET", f"/repos/{path}/installation", _NO_INSTALLATION)
        if answer is None:
            return None
        number = answer.get("id")
        granted = await self._as_app("POST", f"/app/installations/{number}/access_tokens")
        try:
            told = granted or {}
            return _Installation(str(told["token"]), datetime.fromisoformat(told["expires_at"]))
        except (KeyError, TypeError, ValueError):
            raise self._useless("gives no token for the app's installation") from None

    async def _as_app(
        self, method: str, url: str, absent: frozenset[int] = frozenset()
    ) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self._signed()}"}
        answer = await outward.ask(
            self._http, method, f"{self._rest}{url}", accept=absent, headers=headers
        )
        if answer.status_code in absent:
            return None
        document = outward.json_of(answer)
        if not isinstance(document, dict):
            raise self._useless("answers with something else than an object")
        return document

    def _signed(self) -> str:
        now = datetime.now(UTC)
        claims = {"iat": now - _CLOCKS_DIFFER, "exp": now + _GOOD_FOR, "iss": self._key.app}
        return jwt.encode(claims, self._key.private_key, algorithm="RS256")

    def _useless(self, why: str) -> OutsideError:
        return outward.refused(str(self._http.base_url), why)
