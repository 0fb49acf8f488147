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


async def test_jira_cloud_answers_a_hundred_issues_at_a_time(
    server: AwkwardServer, cloud: Jira
) -> None:
    def bulk(asked: Asked) -> Json:
        keys = asked.body["issueIdsOrKeys"]
        assert len(keys) <= 100
        return {"issues": [_jira_issue(key) for key in keys], "issueErrors": []}

    server.on("POST", "/rest/api/3/issue/bulkfetch", bulk)
    keys = [f"SHOP-{n}" for n in range(1, 251)]
    found = await cloud.issues(keys)
    assert len(found) == 250
    assert server.count("/rest/api/3/issue/bulkfetch") == 3
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


@pytest.mark.parametrize("answer", [{"issues": None}, [1], {}])
async def test_a_jira_that_answers_something_else_is_told(
    server: AwkwardServer, cloud: Jira, answer: Any
) -> None:
    server.on("POST", "/rest/api/3/issue/bulkfetch", JSONResponse(answer))
    with pytest.raises(Permanent, match="without issues"):
        await cloud.issues(["SHOP-1"])


# --- GitHub ----------------------------------------------------------------------------------
REPOSITORY = "/acme/shop.git"


@pytest.fixture
async def github(server: AwkwardServer) -> AsyncIterator[GitHub]:
    made = GitHub(server.address, "token")
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("answer", "family"),
    [
        ({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, Temporary),
        ({"data": {"repository": None}, "errors": [{"message": "no"}]}, Permanent),
        ({"errors": [{"message": "something went wrong"}]}, Permanent),
        (JSONResponse([]), Permanent),
    ],
)
async def test_a_github_that_is_overrun_or_wrong_is_told_apart(
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


async def test_a_gitlab_project_that_may_not_be_seen_spoils_no_other(
    server: AwkwardServer, gitlab: GitLab
) -> None:
    issue = {"iid": 4, "title": "Four"}
    server.on("GET", f"{PROJECT}/issues", JSONResponse([issue]))
    server.on("GET", "/api/v4/projects/acme/secret/issues", Response(status_code=403))
    found = await gitlab.issues(["acme/secret#1", "acme/deep/shop#4"])
    assert found["acme/deep/shop#4"].title == "Four"
    assert "may not see it" in found["acme/secret#1"].missing


async def test_gitlab_takes_notes_and_labels(server: AwkwardServer, gitlab: GitLab) -> None:
    repository = f"{server.address}/acme/deep/shop.git"
    for kind in ("merge_requests", "issues"):
        server.on("POST", f"{PROJECT}/{kind}/7/notes", JSONResponse({}, 201))
        server.on("PUT", f"{PROJECT}/{kind}/7", {})
    await gitlab.comment_request(repository, 7, "Reached prod")
    await gitlab.comment_issue("acme/deep/shop#7", "Reached prod")
    await gitlab.label_request(repository, 7, "in-prod", on=True)
    await gitlab.label_issue("acme/deep/shop#7", "in-prod", on=False)
    assert [(one.path.removeprefix(PROJECT), one.body) for one in server.asked] == [
        ("/merge_requests/7/notes", {"body": "Reached prod"}),
        ("/issues/7/notes", {"body": "Reached prod"}),
        ("/merge_requests/7", {"add_labels": "in-prod"}),
        ("/issues/7", {"remove_labels": "in-prod"}),
    ]
