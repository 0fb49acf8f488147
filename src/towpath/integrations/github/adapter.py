"""Implements `ports.outside.Host` and `Tracker` for GitHub: fifty things with each question."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from towpath.domain.reasons import Code, Reason
from towpath.integrations import outward
from towpath.integrations.github import reading
from towpath.integrations.github.app import AppKey, Installations
from towpath.manifests import repositories
from towpath.ports.errors import Temporary
from towpath.ports.outside import Issue, Request

_NOT_INSTALLED = "the app is not installed there"
Json = Mapping[str, Any]
_KEY = re.compile(r"([\w.-]+)/([\w.-]+)#(\d+)")


class GitHub:
    """One GitHub: `url` is the address people use. `access`: a token, or the key of an app."""

    def __init__(self, url: str, access: str | AppKey) -> None:
        self._host = repositories.identity(url).partition("/")[0]
        public = self._host == "github.com"
        base = "https://api.github.com" if public else f"{url.rstrip('/')}/api"
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._http = outward.client(base, headers=headers)
        self._rest = "" if public else "/v3"
        self._token = access if isinstance(access, str) else ""
        self._app = (
            Installations(self._http, self._rest, access) if isinstance(access, AppKey) else None
        )

    def knows(self, what: str) -> bool:
        """Whether a repository is here, or an issue may be."""
        if _KEY.fullmatch(what):
            return True
        return repositories.identity(what).partition("/")[0] == self._host

    async def requests(self, repository: str, numbers: Collection[int]) -> Mapping[int, Request]:
        """See the port."""
        found: dict[int, Request] = {}
        for some in _portions(sorted(numbers)):
            answer = await self._ask(_path(repository), reading.requests_query(some))
            found |= reading.requests(answer, some)
        return found

    async def requests_of(
        self, repository: str, commits: Sequence[str]
    ) -> Mapping[str, Request | None]:
        """See the port."""
        found: dict[str, Request | None] = {}
        for some in _portions(commits):
            answer = await self._ask(_path(repository), reading.commits_query(some))
            found |= reading.requests_of(answer, some)
        return found

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        """See the port."""
        by_path: dict[str, dict[int, str]] = {}
        for key in keys:
            if named := _KEY.fullmatch(key):
                by_path.setdefault(f"{named[1]}/{named[2]}", {})[int(named[3])] = key
        found: dict[str, Issue] = {}
        for path, numbers in by_path.items():
            if self._app and await self._app.token(path) is None:
                found |= {key: Issue(key, missing=_NOT_INSTALLED) for key in numbers.values()}
                continue
            for some in _portions(sorted(numbers)):
                answer = await self._ask(path, reading.issues_query(some), whole=False)
                told = reading.issues(answer, path, some)
                found |= {numbers[number]: issue for number, issue in told.items()}
        return found

    async def comment_request(self, repository: str, number: int, text: str) -> None:
        """See the port."""
        await self._comment(_path(repository), number, text)

    async def comment_issue(self, key: str, text: str) -> None:
        """See the port."""
        if named := _KEY.fullmatch(key):
            await self._comment(f"{named[1]}/{named[2]}", int(named[3]), text)

    async def label_request(self, repository: str, number: int, label: str, *, on: bool) -> None:
        """See the port."""
        await self._label(_path(repository), number, label, on)

    async def label_issue(self, key: str, label: str, *, on: bool) -> None:
        """See the port."""
        if named := _KEY.fullmatch(key):
            await self._label(f"{named[1]}/{named[2]}", int(named[3]), label, on)

    async def _comment(self, path: str, number: int, text: str) -> None:
        url = f"{self._rest}/repos/{path}/issues/{number}/comments"
        headers = await self._headers(path)
        await outward.once(self._http, "POST", url, json={"body": text}, headers=headers)

    async def _label(self, path: str, number: int, label: str, on: bool) -> None:
        """A pull request is an issue too; adding what is there changes nothing."""
        url = f"{self._rest}/repos/{path}/issues/{number}/labels"
        headers = await self._headers(path)
        if on:
            await outward.ask(self._http, "POST", url, json={"labels": [label]}, headers=headers)
            return
        url = f"{url}/{quote(label, safe='')}"
        await outward.ask(self._http, "DELETE", url, accept=frozenset({404}), headers=headers)

    async def _headers(self, path: str) -> Mapping[str, str]:
        token = await self._app.token(path) if self._app else self._token
        if token is None:
            raise outward.refused(f"https://{self._host}", f"{path}: {_NOT_INSTALLED}")
        return {"Authorization": f"Bearer {token}"}

    async def _ask(self, path: str, query: str, *, whole: bool = True) -> Mapping[str, Any]:
        """`whole`: a repository that is not there is trouble, not an answer."""
        owner, _, name = path.partition("/")
        asked = {"query": query, "variables": {"owner": owner, "name": name}}
        answer = await self._graphql(path, asked, again=self._app is not None)
        document = outward.json_of(answer)
        if not isinstance(document, dict):
            raise outward.refused(str(answer.url), "answers with something else than an object")
        if reading.is_limited(document):
            raise _limited(self._host, answer)
        trouble = reading.trouble(document)
        if trouble and (whole or not isinstance(document.get("data"), dict)):
            raise outward.refused(f"https://{self._host}", f"{path}: {trouble}")
        return document

    async def _graphql(self, path: str, asked: Json, *, again: bool) -> httpx.Response:
        headers = await self._headers(path)
        refused = frozenset({401}) if again else frozenset()
        answer = await outward.ask(
            self._http, "POST", "/graphql", accept=refused, json=asked, headers=headers
        )
        if answer.status_code == 401 and self._app:  # an installation's token may be taken back
            self._app.forget(path)
            return await self._graphql(path, asked, again=False)
        return answer

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _limited(host: str, answer: httpx.Response) -> Temporary:
    until = answer.headers.get("x-ratelimit-reset", "")
    return Temporary(
        Reason(
            Code.OUTSIDE_UNREACHABLE,
            f"{host} answers no more questions of this token for now",
            {"host": host, "reset": until},
        )
    )


def _path(repository: str) -> str:
    return repositories.identity(repository).partition("/")[2]


def _portions(things: Sequence[Any]) -> Sequence[Sequence[Any]]:
    size = reading.AT_ONCE
    return [things[at : at + size] for at in range(0, len(things), size)]
