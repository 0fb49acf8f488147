"""Jira, GitHub and GitLab against a server that is right, and one that is not."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from awkward_server import Asked, AwkwardServer
from towpath.integrations.github.adapter import GitHub
from towpath.integrations.gitlab.adapter import GitLab
from towpath.integrations.jira.adapter import Jira
from towpath.ports.errors import Permanent, Temporary

Json = dict[str, Any]


# --- Jira ------------------------------------------------------------------------------------
def _jira_issue(key: str) -> Json:
    return {
        "id": "1",
        "key": key,
        "fields": {
            "summary": f"About {key}",
            "status": {"name": "In Progress"},
            "issuetype": {"name": "Bug"},
            "assignee": {"displayName": "Ada"},
        },
    }


@pytest.fixture
async def cloud(server: AwkwardServer) -> AsyncIterator[Jira]:
    jira = Jira(server.address, "token", "ada@example.org", ["SHOP"])
    yield jira
    await jira.close()


@pytest.fixture
async def data_center(server: AwkwardServer) -> AsyncIterator[Jira]:
    jira = Jira(server.address, "token")
    yield jira
    await jira.close()


async def test_jira_cloud_answers_1500_issues_a_hundred_at_a_time(
    server: AwkwardServer, cloud: Jira
) -> None:
    def bulk(asked: Asked) -> Json:
        keys = asked.body["issueIdsOrKeys"]
        assert len(keys) <= 100
        return {"issues": [_jira_issue(key) for key in keys], "issueErrors": []}

    server.on("POST", "/rest/api/3/issue/bulkfetch", bulk)
    keys = [f"SHOP-{n}" for n in range(1, 1501)]
    found = await cloud.issues(keys)
    assert len(found) == 1500
    assert server.count("/rest/api/3/issue/bulkfetch") == 15
    issue = found["SHOP-7"]
    assert (issue.title, issue.status, issue.type, issue.assignee) == (
        "About SHOP-7",
        "In Progress",
        "Bug",
        "Ada",
    )
    assert issue.url == f"{server.address}/browse/SHOP-7"
    assert server.asked[0].headers["authorization"].startswith("Basic ")


async def test_jira_says_of_one_issue_that_it_is_gone_moved_or_not_to_be_seen(
    server: AwkwardServer, cloud: Jira
) -> None:
    server.on("POST", "/rest/api/3/issue/bulkfetch", {"issues": [_jira_issue("SHOP-1")]})
    server.on("GET", "/rest/api/3/issue/SHOP-2", Response(status_code=404))
    server.on("GET", "/rest/api/3/issue/SHOP-3", Response(status_code=403))
    server.on("GET", "/rest/api/3/issue/SHOP-4", _jira_issue("PAY-9"))
    found = await cloud.issues(["SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4"])
    assert found["SHOP-1"].missing == ""
    assert "is not there" in found["SHOP-2"].missing
    assert "may not see" in found["SHOP-3"].missing
    assert (found["SHOP-4"].moved_to, found["SHOP-4"].title) == ("PAY-9", "About PAY-9")


async def test_jira_data_center_is_searched_with_a_personal_token(
    server: AwkwardServer, data_center: Jira
) -> None:
    def search(asked: Asked) -> Json:
        assert asked.body["validateQuery"] is False
        keys = re.findall(r"[A-Z]+-\d+", asked.body["jql"])
        return {"issues": [_jira_issue(key) for key in keys if key != "SHOP-2"], "total": 1}

    server.on("POST", "/rest/api/2/search", search)
    found = await data_center.issues(["SHOP-1", "SHOP-2"])
    assert found["SHOP-1"].title == "About SHOP-1"
    assert "is not there" in found["SHOP-2"].missing
    assert server.asked[0].headers["authorization"] == "Bearer token"


async def test_jira_knows_the_keys_of_its_projects(cloud: Jira, data_center: Jira) -> None:
    assert cloud.knows("SHOP-1")
    assert not cloud.knows("PAY-1")
    assert data_center.knows("PAY-1")
    assert not data_center.knows("acme/shop#1")


@pytest.mark.parametrize(
    ("answer", "family"),
    [
        (Response(status_code=429, headers={"retry-after": "900"}), Temporary),
        (Response(status_code=503), Temporary),
        (Response(status_code=401), Permanent),
        (Response(b"<html>"), Permanent),
        (JSONResponse({"issues": None}), Permanent),
        (JSONResponse([1]), Permanent),
    ],
)
async def test_a_jira_that_is_away_or_wrong_is_told_apart(
    server: AwkwardServer, cloud: Jira, answer: Response, family: type[Exception]
) -> None:
    server.on("POST", "/rest/api/3/issue/bulkfetch", answer)
    with pytest.raises(family):
        await cloud.issues(["SHOP-1"])


# --- GitHub ----------------------------------------------------------------------------------
REPOSITORY = "/acme/shop.git"


@pytest.fixture
async def github(server: AwkwardServer) -> AsyncIterator[GitHub]:
    made = GitHub(server.address, "token")
    yield made
    await made.close()


def _pull(number: int) -> Json:
    return {
        "number": number,
        "title": f"Title {number}",
        "url": f"https://h/pull/{number}",
        "body": "SHOP-1",
        "mergedAt": "2026-03-01T12:00:00Z",
        "headRefName": "mei/SHOP-2",
        "author": {"login": "mei"},
    }


async def test_github_answers_fifty_pull_requests_with_each_question(
    server: AwkwardServer, github: GitHub
) -> None:
    def answer(asked: Asked) -> Json:
        assert asked.body["variables"] == {"owner": "acme", "name": "shop"}
        numbers = [int(n) for n in re.findall(r"n(\d+):pullRequest", asked.body["query"])]
        assert len(numbers) <= 50
        nodes = {f"n{n}": _pull(n) if n != 7 else None for n in numbers}
        errors = [{"type": "NOT_FOUND", "path": ["repository", "n7"], "message": "no 7"}]
        return {"data": {"repository": nodes}, "errors": errors}

    server.on("POST", "/api/graphql", answer)
    repository = server.address + REPOSITORY
    assert github.knows(repository)
    found = await github.requests(repository, range(1, 121))
    assert (len(found), server.count("/api/graphql")) == (120, 3)
    assert (found[3].title, found[3].author, found[3].branch) == ("Title 3", "mei", "mei/SHOP-2")
    assert "is not there" in found[7].missing


async def test_github_says_which_merged_pull_request_brought_a_commit(
    server: AwkwardServer, github: GitHub
) -> None:
    rebased, direct = "a" * 40, "b" * 40
    later = {**_pull(9), "mergedAt": "2026-04-01T12:00:00Z"}
    unmerged = {**_pull(1), "mergedAt": None}
    nodes = {"associatedPullRequests": {"nodes": [unmerged, later, _pull(5)]}}
    none = {"associatedPullRequests": {"nodes": []}}
    answer = {"data": {"repository": {f"c{rebased}": nodes, f"c{direct}": none}}}
    server.on("POST", "/api/graphql", answer)
    found = await github.requests_of(server.address + REPOSITORY, [rebased, direct])
    assert found[rebased] is not None
    assert found[rebased].number == 5
    assert found[direct] is None


async def test_github_issues_are_asked_by_repository_and_may_be_gone_or_moved(
    server: AwkwardServer, github: GitHub
) -> None:
    here = {
        "number": 1,
        "title": "One",
        "url": "https://h/1",
        "state": "OPEN",
        "assignees": {"nodes": [{"login": "ada"}]},
        "labels": {"nodes": [{"name": "bug"}]},
        "repository": {"nameWithOwner": "acme/shop"},
    }
    moved = {**here, "number": 8, "repository": {"nameWithOwner": "acme/other"}}

    def answer(asked: Asked) -> Json:
        if asked.body["variables"]["name"] == "gone":
            error = {"type": "NOT_FOUND", "path": ["repository"], "message": "no such"}
            return {"data": {"repository": None}, "errors": [error]}
        return {"data": {"repository": {"n1": here, "n2": None, "n3": moved}}}

    server.on("POST", "/api/graphql", answer)
    keys = ["acme/shop#1", "acme/shop#2", "acme/shop#3", "acme/gone#1"]
    found = await github.issues(keys)
    assert (found["acme/shop#1"].title, found["acme/shop#1"].type) == ("One", "bug")
    assert found["acme/shop#3"].moved_to == "acme/other#8"
    assert found["acme/shop#2"].missing
    assert found["acme/gone#1"].missing


@pytest.mark.parametrize(
    ("answer", "family"),
    [
        ({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, Temporary),
        ({"data": {"repository": None}, "errors": [{"message": "no"}]}, Permanent),
        ({"errors": [{"message": "something went wrong"}]}, Permanent),
        (JSONResponse([]), Permanent),
        (Response(status_code=502), Temporary),
        (Response(status_code=401), Permanent),
    ],
)
async def test_a_github_that_is_away_or_wrong_is_told_apart(
    server: AwkwardServer, github: GitHub, answer: Any, family: type[Exception]
) -> None:
    server.on("POST", "/api/graphql", answer)
    with pytest.raises(family):
        await github.requests(server.address + REPOSITORY, [1])


# --- GitLab ----------------------------------------------------------------------------------
PROJECT = "/api/v4/projects/acme/deep/shop"  # as the server unquotes it


@pytest.fixture
async def gitlab(server: AwkwardServer) -> AsyncIterator[GitLab]:
    made = GitLab(server.address, "token")
    yield made
    await made.close()


def _merge_request(number: int, **more: Any) -> Json:
    return {
        "iid": number,
        "title": f"Title {number}",
        "web_url": f"https://h/{number}",
        "author": {"username": "mei"},
        "source_branch": "SHOP-2",
        "merged_at": "2026-03-01T12:00:00Z",
        "description": None,
        "state": "merged",
        **more,
    }


async def test_gitlab_answers_a_hundred_merge_requests_and_goes_through_pages(
    server: AwkwardServer, gitlab: GitLab
) -> None:
    pages = {"1": ([1, 2], "2"), "2": ([3], "")}

    def answer(asked: Asked) -> Response:
        numbers, following = pages[asked.query["page"]]
        rows = [_merge_request(n) for n in numbers]
        return JSONResponse(rows, headers={"x-next-page": following})

    server.on("GET", f"{PROJECT}/merge_requests", answer)
    repository = f"{server.address}/acme/deep/shop.git"
    assert gitlab.knows(repository)
    found = await gitlab.requests(repository, [1, 2, 3, 4])
    assert [found[n].title for n in (1, 2, 3)] == ["Title 1", "Title 2", "Title 3"]
    assert found[4].missing
    assert server.asked[0].headers["private-token"] == "token"


async def test_gitlab_pages_without_end_are_given_up(server: AwkwardServer, gitlab: GitLab) -> None:
    endless = JSONResponse([_merge_request(1)], headers={"x-next-page": "2"})
    server.on("GET", f"{PROJECT}/merge_requests", endless)
    with pytest.raises(Permanent, match="no end of pages"):
        await gitlab.requests(f"{server.address}/acme/deep/shop", [1])


async def test_gitlab_tells_the_merge_request_of_a_commit_and_issues(
    server: AwkwardServer, gitlab: GitLab
) -> None:
    rebased, direct = "a" * 40, "b" * 40
    commits = f"{PROJECT}/repository/commits"
    rows = [
        _merge_request(9, merged_at="2026-04-01"),
        _merge_request(5),
        _merge_request(1, state="opened"),
    ]
    server.on("GET", f"{commits}/{rebased}/merge_requests", JSONResponse(rows))
    found = await gitlab.requests_of(f"{server.address}/acme/deep/shop", [rebased, direct])
    assert found[rebased] is not None
    assert found[rebased].number == 5
    assert found[direct] is None
    issue = {
        "iid": 4,
        "title": "Four",
        "state": "opened",
        "issue_type": "incident",
        "assignees": [{"username": "ada"}],
        "web_url": "https://h/4",
    }
    server.on("GET", f"{PROJECT}/issues", JSONResponse([issue]))
    issues = await gitlab.issues(["acme/deep/shop#4", "acme/deep/shop#5", "acme/gone#1"])
    four = issues["acme/deep/shop#4"]
    assert (four.title, four.type, four.assignee) == ("Four", "incident", "ada")
    assert issues["acme/deep/shop#5"].missing
    assert issues["acme/gone#1"].missing
