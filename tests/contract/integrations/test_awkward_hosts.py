"""Every tracker and host against a server that is late, broken, overrun or unwilling."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.responses import Response

import awkward_server
from awkward_server import Asked, AwkwardServer
from towpath.domain.reasons import Code
from towpath.integrations import outward
from towpath.integrations.github.adapter import GitHub
from towpath.integrations.gitlab.adapter import GitLab
from towpath.integrations.jira.adapter import Jira
from towpath.ports.errors import OutsideError, Permanent, Temporary
from towpath.ports.outside import Tracker

MANY = 1500


def _cloud(asked: Asked) -> Any:
    return {"issues": [_jira(key) for key in asked.body["issueIdsOrKeys"]]}


def _data_center(asked: Asked) -> Any:
    return {"issues": [_jira(key) for key in re.findall(r"SHOP-\d+", asked.body["jql"])]}


def _jira(key: str) -> Any:
    return {"key": key, "fields": {"summary": f"About {key}"}}


def _github(asked: Asked) -> Any:
    numbers = [int(n) for n in re.findall(r"n(\d+):issueOrPullRequest", asked.body["query"])]
    nodes = {
        f"n{n}": {"number": n, "title": "One", "repository": {"nameWithOwner": "acme/shop"}}
        for n in numbers
    }
    return {"data": {"repository": nodes}}


def _gitlab(asked: Asked) -> Any:
    return [{"iid": int(n), "title": "One"} for n in asked.all_query["iids[]"]]


@dataclass(frozen=True)
class Kind:
    """A tracker: how it is made and asked, and how a server that is right answers it."""

    made: Callable[[str], Any]
    method: str
    path: str
    key: str
    right: Callable[[Asked], Any]
    questions: int  # for 1,500 issues


KINDS = {
    "jira-cloud": Kind(
        lambda url: Jira(url, "secret", "ada@example.org"),
        "POST",
        "/rest/api/3/issue/bulkfetch",
        "SHOP-{}",
        _cloud,
        15,
    ),
    "jira-data-center": Kind(
        lambda url: Jira(url, "secret"), "POST", "/rest/api/2/search", "SHOP-{}", _data_center, 15
    ),
    "github": Kind(
        lambda url: GitHub(url, "secret"), "POST", "/api/graphql", "acme/shop#{}", _github, 30
    ),
    "gitlab": Kind(
        lambda url: GitLab(url, "secret"),
        "GET",
        "/api/v4/projects/acme/shop/issues",
        "acme/shop#{}",
        _gitlab,
        15,
    ),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param  # type: ignore[no-any-return] # one of KINDS


@pytest.fixture
async def tracker(server: AwkwardServer, kind: Kind) -> AsyncIterator[Tracker]:
    made = kind.made(server.address)
    yield made
    await made.close()


async def _trouble(tracker: Tracker, kind: Kind) -> OutsideError:
    with pytest.raises(OutsideError) as raised:
        await tracker.issues([kind.key.format(1)])
    assert "secret" not in str(raised.value)
    return raised.value


async def test_1500_issues_of_one_release_are_all_told(
    server: AwkwardServer, kind: Kind, tracker: Tracker
) -> None:
    server.on(kind.method, kind.path, kind.right)
    keys = [kind.key.format(n) for n in range(1, MANY + 1)]
    found = await tracker.issues(keys)
    assert set(found) == set(keys)
    assert not [issue for issue in found.values() if issue.missing or not issue.title]
    assert server.count(kind.path) == kind.questions


async def test_a_pause_that_is_asked_for_is_kept_and_then_the_answer_is_taken(
    server: AwkwardServer, kind: Kind, tracker: Tracker
) -> None:
    soon = Response(status_code=429, headers={"retry-after": "0"})
    server.on(kind.method, kind.path, [soon, Response(status_code=502), kind.right])
    found = await tracker.issues([kind.key.format(7)])
    assert found[kind.key.format(7)].title
    assert server.count(kind.path) == 3


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (Response(status_code=429, headers={"retry-after": "900"}), 1),
        (Response(status_code=429), outward.TRIES),
        (Response(status_code=403, headers={"retry-after": "900"}), 1),
        (Response(status_code=500), outward.TRIES),
        (Response(status_code=503), outward.TRIES),
    ],
    ids=["429-much-later", "429", "403-much-later", "500", "503"],
)
async def test_later_is_left_to_the_background_after_few_questions(
    server: AwkwardServer, kind: Kind, tracker: Tracker, answer: Response, asked: int
) -> None:
    server.on(kind.method, kind.path, answer)
    error = await _trouble(tracker, kind)
    assert isinstance(error, Temporary)
    assert error.reason.code is Code.OUTSIDE_UNREACHABLE
    assert server.count(kind.path) == asked


async def test_a_server_that_does_not_answer_in_time_is_temporary(
    server: AwkwardServer, kind: Kind, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(kind.method, kind.path, awkward_server.slow)
    tracker._http.timeout = 0.2  # type: ignore[attr-defined] # each has one client
    monkeypatch.setattr(outward, "TRIES", 1)
    assert isinstance(await _trouble(tracker, kind), Temporary)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(status_code=401), Code.CREDENTIALS_REFUSED),
        (Response(status_code=410), Code.OUTSIDE_REFUSED),
        (Response(b"<html>"), Code.OUTSIDE_REFUSED),
        (Response(b'"no"', media_type="application/json"), Code.OUTSIDE_REFUSED),
        (Response(b'{"issues": [', media_type="application/json"), Code.OUTSIDE_REFUSED),
    ],
    ids=["401", "410", "html", "a-word", "cut-off"],
)
async def test_a_refusal_and_nonsense_are_permanent(
    server: AwkwardServer, kind: Kind, tracker: Tracker, answer: Response, code: Code
) -> None:
    server.on(kind.method, kind.path, answer)
    error = await _trouble(tracker, kind)
    assert isinstance(error, Permanent)
    assert error.reason.code is code
