"""Questions to GitHub's GraphQL API, many things in each, and what its answers mean.

Pure. A thing that is not there, or that the token may not see, is one error among the answers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from towpath.ports.outside import Issue, Request

AT_ONCE = 50  # things in one question: far below what GitHub lets one question cost
_REQUEST = "number title url body mergedAt headRefName author{login}"
_ISSUE = (
    "...on Issue{number title url state assignees(first:1){nodes{login}}"
    " labels(first:10){nodes{name}} repository{nameWithOwner}}"
    " ...on PullRequest{number title url requestState:state repository{nameWithOwner}}"
)
_COMMIT = "...on Commit{associatedPullRequests(first:10){nodes{" + _REQUEST + "}}}"
_MISSING = {
    "NOT_FOUND": "is not there, or the token may not see it",
    "FORBIDDEN": "the token may not see it",
}
_SHA = re.compile(r"[0-9a-f]{40}")
Json = Mapping[str, Any]


def requests_query(numbers: Sequence[int]) -> str:
    """Pull requests of one repository, by number."""
    return _repository(f"n{n}:pullRequest(number:{int(n)}){{{_REQUEST}}}" for n in numbers)


def commits_query(shas: Sequence[str]) -> str:
    """The pull requests of commits of one repository."""
    whole = [sha for sha in shas if _SHA.fullmatch(sha)]
    return _repository(f'c{sha}:object(oid:"{sha}"){{{_COMMIT}}}' for sha in whole)


def issues_query(numbers: Sequence[int]) -> str:
    """Issues of one repository, by number."""
    return _repository(f"n{n}:issueOrPullRequest(number:{int(n)}){{{_ISSUE}}}" for n in numbers)


def _repository(parts: Iterator[str]) -> str:
    inner = " ".join(parts)
    return f"query($owner:String!,$name:String!){{repository(owner:$owner,name:$name){{{inner}}}}}"


def requests(answer: Json, numbers: Sequence[int]) -> Mapping[int, Request]:
    """Each pull request that was asked for."""
    found, why = _parts(answer)
    return {
        number: request(found[f"n{number}"])
        if isinstance(found.get(f"n{number}"), dict)
        else Request(number, missing=why.get(f"n{number}", _MISSING["NOT_FOUND"]))
        for number in numbers
    }


def requests_of(answer: Json, shas: Sequence[str]) -> Mapping[str, Request | None]:
    """The merged pull request that brought each commit, the one merged first of several."""
    found, _ = _parts(answer)
    told: dict[str, Request | None] = {}
    for sha in shas:
        nodes = _nodes(found.get(f"c{sha}"), "associatedPullRequests")
        merged = [node for node in nodes if node.get("mergedAt")]
        first = min(merged, key=lambda node: str(node["mergedAt"]), default=None)
        told[sha] = request(first) if first else None
    return told


def request(node: Json) -> Request:
    """A pull request."""
    return Request(
        int(node["number"]),
        _text(node, "title"),
        _text(node, "url"),
        _login(node.get("author")),
        _text(node, "headRefName"),
        _text(node, "mergedAt"),
        _text(node, "body"),
    )


def issues(answer: Json, path: str, numbers: Sequence[int]) -> Mapping[int, Issue]:
    """Each issue that was asked for."""
    found, why = _parts(answer)
    told = {}
    for number in numbers:
        key, node = f"{path}#{number}", found.get(f"n{number}")
        if isinstance(node, dict) and node:
            told[number] = _issue(key, node)
        else:
            told[number] = Issue(key, missing=why.get(f"n{number}", _MISSING["NOT_FOUND"]))
    return told


def _issue(key: str, node: Json) -> Issue:
    assignees = _nodes(node, "assignees")
    kinds = [_text(label, "name") for label in _nodes(node, "labels")]
    path = _text(node.get("repository") or {}, "nameWithOwner")
    now = f"{path}#{node['number']}" if path else key
    return Issue(
        key,
        _text(node, "title"),
        (_text(node, "state") or _text(node, "requestState")).lower(),
        ", ".join(kinds),
        _login(assignees[0]) if assignees else "",
        _text(node, "url"),
        moved_to=now if now.lower() != key.lower() else "",
    )


def trouble(answer: Json) -> str:
    """Why the question as a whole was not answered; empty where it was."""
    errors = [e for e in answer.get("errors") or () if isinstance(e, dict)]
    if isinstance(answer.get("data"), dict) and answer["data"].get("repository") is not None:
        return ""
    if isinstance(answer.get("data"), dict) and not errors:
        return "is not there, or the token may not see it"
    return "; ".join(_text(error, "message") for error in errors)[:500] or "answers nothing"


def is_limited(answer: Json) -> bool:
    """Whether the hour's allowance is used up."""
    return any(
        isinstance(error, dict) and error.get("type") == "RATE_LIMITED"
        for error in answer.get("errors") or ()
    )


def _parts(answer: Json) -> tuple[Json, Mapping[str, str]]:
    found = (answer.get("data") or {}).get("repository") or {}
    why = {}
    for error in answer.get("errors") or ():
        path = error.get("path") if isinstance(error, dict) else None
        if isinstance(path, list) and len(path) > 1:
            why[str(path[1])] = _MISSING.get(str(error.get("type")), _text(error, "message"))
    return found, why


def _nodes(of: object, name: str) -> Sequence[Json]:
    inner = of.get(name) if isinstance(of, dict) else None
    nodes = inner.get("nodes") if isinstance(inner, dict) else None
    return [n for n in nodes if isinstance(n, dict)] if isinstance(nodes, list) else []


def _text(node: Json, name: str) -> str:
    value = node.get(name)
    return value if isinstance(value, str) else ""


def _login(author: object) -> str:
    return _text(author, "login") if isinstance(author, dict) else ""
