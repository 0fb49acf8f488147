"""Implements `ports.outside.Tracker` for Jira Cloud and Data Center.

Cloud answers a hundred keys at once (`bulkfetch`), Data Center by a search that overlooks keys it
does not know. A key that is in neither answer is asked for alone: it moved, is gone, or may not
be seen.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from towpath.integrations import outward
from towpath.ports.outside import Issue

_KEY = re.compile(r"([A-Z][A-Z0-9_]*)-[1-9]\d*")
_ADDRESS = re.compile(r"(https?://\S+)")
_FIELDS = ["summary", "status", "issuetype", "assignee"]
_AT_ONCE = 100
_MOST_ALONE = 100
Json = Mapping[str, Any]


class Jira:
    """One Jira. With `email` it is Jira Cloud, whose API tokens belong to an address; without,
    `token` is a personal access token of Data Center. `projects` empty: all."""

    def __init__(self, url: str, token: str, email: str = "", projects: Sequence[str] = ()) -> None:
        self._url = url.rstrip("/")
        self._cloud = bool(email)
        self._projects = frozenset(project.upper() for project in projects)
        headers = {} if email else {"Authorization": f"Bearer {token}"}
        auth = (email, token) if email else None
        self._http = outward.client(
            self._url, headers={"Accept": "application/json", **headers}, auth=auth
        )

    def knows(self, key: str) -> bool:
        """See the port."""
        named = _KEY.fullmatch(key)
        return named is not None and (not self._projects or named[1] in self._projects)

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        """See the port."""
        found: dict[str, Issue] = {}
        asked = sorted(keys)
        for at in range(0, len(asked), _AT_ONCE):
            some = asked[at : at + _AT_ONCE]
            rows = await (self._fetched(some) if self._cloud else self._searched(some))
            wanted = set(some)
            found |= {i.key: i for i in map(self._issue, rows) if i.key in wanted}
        for key in [key for key in asked if key not in found][:_MOST_ALONE]:
            found[key] = await self._alone(key)
        return found

    async def _fetched(self, keys: Sequence[str]) -> Sequence[Json]:
        body = {"issueIdsOrKeys": list(keys), "fields": _FIELDS}
        return await self._rows("/rest/api/3/issue/bulkfetch", body)

    async def _searched(self, keys: Sequence[str]) -> Sequence[Json]:
        body = {
            "jql": f"issuekey in ({','.join(keys)})",
            "fields": _FIELDS,
            "maxResults": _AT_ONCE,
            "validateQuery": False,  # else one key that is gone refuses all
        }
        return await self._rows("/rest/api/2/search", body)

    async def _rows(self, path: str, body: Json) -> Sequence[Json]:
        # 400: none of the keys is known, in some versions; then each is asked for alone.
        answer = await outward.ask(self._http, "POST", path, accept=frozenset({400}), json=body)
        if answer.status_code == 400:
            return ()
        document = outward.json_of(answer)
        rows = document.get("issues") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise outward.refused(str(answer.url), "answers without issues")
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("key"), str)]

    async def _alone(self, key: str) -> Issue:
        answer = await outward.ask(
            self._http,
            "GET",
            self._place(key),
            accept=frozenset({403, 404}),
            params={"fields": ",".join(_FIELDS)},
        )
        if answer.status_code == 404:
            return Issue(key, missing="is not there, or the token may not see it")
        if answer.status_code == 403:
            return Issue(key, missing="the token may not see it")
        row = outward.json_of(answer)
        if not isinstance(row, dict) or not isinstance(row.get("key"), str):
            raise outward.refused(str(answer.url), "answers without an issue")
        return self._issue(row, asked=key)

    def _issue(self, row: Json, asked: str = "") -> Issue:
        key = str(row["key"])
        fields = row.get("fields")
        fields = fields if isinstance(fields, dict) else {}
        return Issue(
            asked or key,
            _text(fields, "summary"),
            _text(fields.get("status"), "name"),
            _text(fields.get("issuetype"), "name"),
            _text(fields.get("assignee"), "displayName"),
            f"{self._url}/browse/{key}",
            moved_to=key if asked not in ("", key) else "",
        )

    async def comment_issue(self, key: str, text: str) -> None:
        """See the port."""
        body = _document(text) if self._cloud else text
        await outward.once(self._http, "POST", f"{self._place(key)}/comment", json={"body": body})

    async def label_issue(self, key: str, label: str, *, on: bool) -> None:
        """See the port."""
        change = {"update": {"labels": [{"add" if on else "remove": label}]}}
        await outward.ask(self._http, "PUT", self._place(key), json=change)

    def _place(self, key: str) -> str:
        return f"/rest/api/{3 if self._cloud else 2}/issue/{quote(key, safe='')}"

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _document(text: str) -> Json:
    """A text as Jira Cloud wants it, addresses as links."""
    words: list[Json] = []
    for piece in _ADDRESS.split(text):
        if _ADDRESS.fullmatch(piece):
            link = {"type": "link", "attrs": {"href": piece}}
            words.append({"type": "text", "text": piece, "marks": [link]})
        elif piece:
            words.append({"type": "text", "text": piece})
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": words}]}


def _text(of: object, name: str) -> str:
    value = of.get(name) if isinstance(of, dict) else None
    return value if isinstance(value, str) else ""
