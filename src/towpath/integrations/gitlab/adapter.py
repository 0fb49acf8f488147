"""Implements `ports.outside.Host` and `Tracker` for GitLab: a hundred things with each question,
but for commits, which its API takes one by one.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from towpath.integrations import outward
from towpath.manifests import repositories
from towpath.ports.outside import Issue, Request

_KEY = re.compile(r"((?:[\w.-]+/)+[\w.-]+)#(\d+)")
_AT_ONCE = 100
_COMMITS_AT_ONCE = 6
_MOST_PAGES = 20
_NOTHING = frozenset({403, 404})
_MISSING = "is not there, or the token may not see it"
Json = Mapping[str, Any]


class GitLab:
    """One GitLab: `url` is the address people use."""

    def __init__(self, url: str, token: str) -> None:
        self._host = repositories.identity(url).partition("/")[0]
        base = f"{url.rstrip('/')}/api/v4"
        self._http = outward.client(base, headers={"PRIVATE-TOKEN": token})

    def knows(self, what: str) -> bool:
        """Whether a repository is here, or an issue may be."""
        if _KEY.fullmatch(what):
            return True
        return repositories.identity(what).partition("/")[0] == self._host

    async def requests(self, repository: str, numbers: Collection[int]) -> Mapping[int, Request]:
        """See the port."""
        rows = await self._by_number(_path(repository), "merge_requests", numbers)
        told = {int(row["iid"]): _request(row) for row in rows or ()}
        return {n: told.get(n, Request(n, missing=_MISSING)) for n in numbers}

    async def requests_of(
        self, repository: str, commits: Sequence[str]
    ) -> Mapping[str, Request | None]:
        """See the port."""
        turn = asyncio.Semaphore(_COMMITS_AT_ONCE)

        async def one(sha: str) -> Request | None:
            async with turn:
                return await self._of_commit(_path(repository), sha)

        return dict(zip(commits, await asyncio.gather(*map(one, commits)), strict=True))

    async def _of_commit(self, path: str, sha: str) -> Request | None:
        url = f"/projects/{quote(path, safe='')}/repository/commits/{sha}/merge_requests"
        rows = await self._rows(url, {"per_page": _AT_ONCE}) or ()
        merged = [row for row in rows if row.get("state") == "merged"]
        first = min(merged, key=lambda row: str(row.get("merged_at")), default=None)
        return _request(first) if first else None

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        """See the port."""
        by_path: dict[str, dict[int, str]] = {}
        for key in keys:
            if named := _KEY.fullmatch(key):
                by_path.setdefault(named[1], {})[int(named[2])] = key
        found: dict[str, Issue] = {}
        for path, numbers in by_path.items():
            rows = await self._by_number(path, "issues", numbers)
            told = {int(row["iid"]): _issue(f"{path}#{row['iid']}", row) for row in rows or ()}
            found |= {k: told.get(n, Issue(k, missing=_MISSING)) for n, k in numbers.items()}
        return found

    async def comment_request(self, repository: str, number: int, text: str) -> None:
        """See the port."""
        await self._comment(_path(repository), "merge_requests", number, text)

    async def comment_issue(self, key: str, text: str) -> None:
        """See the port."""
        if named := _KEY.fullmatch(key):
            await self._comment(named[1], "issues", int(named[2]), text)

    async def label_request(self, repository: str, number: int, label: str, *, on: bool) -> None:
        """See the port."""
        await self._label(_path(repository), "merge_requests", number, label, on)

    async def label_issue(self, key: str, label: str, *, on: bool) -> None:
        """See the port."""
        if named := _KEY.fullmatch(key):
            await self._label(named[1], "issues", int(named[2]), label, on)

    async def _label(self, path: str, kind: str, number: int, label: str, on: bool) -> None:
        url = f"/projects/{quote(path, safe='')}/{kind}/{number}"
        change = {"add_labels" if on else "remove_labels": label}
        await outward.ask(self._http, "PUT", url, json=change)

    async def _comment(self, path: str, kind: str, number: int, text: str) -> None:
        url = f"/projects/{quote(path, safe='')}/{kind}/{number}/notes"
        await outward.once(self._http, "POST", url, json={"body": text})

    async def _by_number(
        self, path: str, kind: str, numbers: Collection[int]
    ) -> Sequence[Json] | None:
        """Rows of a project by their number; None if there is no such project to be seen."""
        wanted = sorted(numbers)
        rows: list[Json] = []
        for at in range(0, len(wanted), _AT_ONCE):
            query = {"iids[]": wanted[at : at + _AT_ONCE], "per_page": _AT_ONCE, "state": "all"}
            some = await self._rows(f"/projects/{quote(path, safe='')}/{kind}", query)
            if some is None:
                return None
            rows += some
        return rows

    async def _rows(self, url: str, query: Mapping[str, Any]) -> Sequence[Json] | None:
        """All rows of a list, page by page; None where there is none, or none for this token."""
        rows: list[Json] = []
        page = "1"
        for _ in range(_MOST_PAGES):
            answer = await outward.ask(
                self._http, "GET", url, accept=_NOTHING, params={**query, "page": page}
            )
            if answer.status_code in _NOTHING:
                return None
            some = outward.json_of(answer)
            if not isinstance(some, list):
                raise outward.refused(str(answer.url), "answers with something else than a list")
            rows += [row for row in some if isinstance(row, dict)]
            page = answer.headers.get("x-next-page", "").strip()
            if not page or not some:
                return rows
        raise outward.refused(f"https://{self._host}", f"has no end of pages at {url}")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _request(row: Json) -> Request:
    return Request(
        int(row["iid"]),
        _text(row, "title"),
        _text(row, "web_url"),
        _person(row.get("author")),
        _text(row, "source_branch"),
        _text(row, "merged_at"),
        _text(row, "description"),
    )


def _issue(key: str, row: Json) -> Issue:
    assignees = row.get("assignees")
    first = assignees[0] if isinstance(assignees, list) and assignees else row.get("assignee")
    return Issue(
        key,
        _text(row, "title"),
        _text(row, "state"),
        _text(row, "issue_type").replace("_", " "),
        _person(first),
        _text(row, "web_url"),
    )


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _person(value: object) -> str:
    return _text(value, "username") if isinstance(value, dict) else ""


def _path(repository: str) -> str:
    return repositories.identity(repository).partition("/")[2]
