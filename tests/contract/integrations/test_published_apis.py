"""What our adapters ask and understand, by what GitHub and Atlassian publish of their APIs.

GitHub's GraphQL answers are made by its own schema, so a field that is not there, or is of another
kind, cannot be asked for.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import JSONResponse, Response

import published
from awkward_server import Asked, AwkwardServer
from schema_github import SchemaGitHub
from towpath.integrations.github.adapter import GitHub
from towpath.integrations.github.app import AppKey
from towpath.integrations.jira.adapter import Jira
from towpath.integrations.jira.deployments import JiraDeployments
from towpath.ports.errors import Permanent
from towpath.ports.outside import Deployment

REPOSITORY = "/acme/shop.git"
BULK = "/rest/api/3/issue/bulkfetch"
ISSUE = "/rest/api/3/issue/{issueIdOrKey}"


# --- Jira ------------------------------------------------------------------------------------
@pytest.fixture
async def jira(server: AwkwardServer) -> AsyncIterator[Jira]:
    server.published = published.jira(server.address)
    made = Jira(server.address, "token", "ada@example.org")
    yield made
    await made.close()
    assert not server.problems


async def test_jira_cloud_answers_as_atlassian_gives_examples_of_it(
    server: AwkwardServer, jira: Jira
) -> None:
    api = published.jira(server.address)
    many = api.example("POST", BULK)
    del many["expand"]  # its own schema does not allow what its own example has
    one = api.example("GET", ISSUE)
    one["fields"] |= {"status": {"name": "Done"}, "issuetype": {"name": "Task"}, "summary": "Hm"}
    server.on("POST", BULK, many)
    server.on("GET", "/rest/api/3/issue/ED-1", one)
    found = await jira.issues(["EX-1", "ABC-1", "ED-1"])
    example = found["EX-1"]
    assert (example.title, example.assignee) == ("My first example issue", "Mia Krystof")
    assert found["ED-1"].status == "Done"
    assert set(found) == {"EX-1", "ABC-1", "ED-1"}


async def test_jira_cloud_takes_a_comment_as_atlassian_describes_it(
    server: AwkwardServer, jira: Jira
) -> None:
    answer = published.jira(server.address).example("POST", f"{ISSUE}/comment", 201)
    del answer["created"], answer["updated"]  # in another form than it describes
    server.on("POST", "/rest/api/3/issue/EX-1/comment", JSONResponse(answer, 201))
    await jira.comment_issue("EX-1", "Reached prod with shop-12: https://t/releases/shop-12")
    [paragraph] = server.asked[0].body["body"]["content"]
    text, link = paragraph["content"]
    assert text["text"] == "Reached prod with shop-12: "
    assert link["marks"][0]["attrs"]["href"] == link["text"] == "https://t/releases/shop-12"


async def test_jira_cloud_takes_labels_as_atlassian_describes_it(
    server: AwkwardServer, jira: Jira
) -> None:
    server.on("PUT", "/rest/api/3/issue/EX-1", Response(status_code=204))
    await jira.label_issue("EX-1", "in-prod", on=True)
    await jira.label_issue("EX-1", "in-prod", on=False)
    assert [one.body["update"]["labels"] for one in server.asked] == [
        [{"add": "in-prod"}],
        [{"remove": "in-prod"}],
    ]


async def test_jira_cloud_takes_a_deployment_as_atlassian_describes_it(
    server: AwkwardServer,
) -> None:
    server.published = published.jira_deployments(server.address)
    path = next(iter(server.published.document["paths"]))
    key = {"pipelineId": "towpath/shop", "environmentId": "prod", "deploymentSequenceNumber": 12}
    answer = {"acceptedDeployments": [key], "rejectedDeployments": [], "unknownIssueKeys": []}
    server.on("GET", "/_edge/tenant_info", {"cloudId": "c1"})
    server.on("POST", "/oauth/token", {"access_token": "t", "expires_in": 3600})
    server.on("POST", path, JSONResponse(answer, 202))
    made = JiraDeployments(server.address, "id", "secret", api=server.address)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    release = ("shop", "shop-12", 12)
    url = "https://t/releases/shop-12"
    await made.deployed(Deployment(*release, "prod", True, "1.2", url, at, 77, ("SHOP-1",)))
    await made.close()
    assert server.count(path) == 1
    assert not server.problems


# --- GitHub ----------------------------------------------------------------------------------
@pytest.fixture
def world(server: AwkwardServer) -> SchemaGitHub:
    made = SchemaGitHub(published.github_schema())
    server.on("POST", "/api/graphql", made.answer)
    return made


@pytest.fixture
async def github(server: AwkwardServer) -> AsyncIterator[GitHub]:
    server.published = published.github(server.address)
    made = GitHub(server.address, "token")
    yield made
    await made.close()
    assert not server.problems


async def test_github_answers_fifty_pull_requests_with_each_question(
    server: AwkwardServer, github: GitHub, world: SchemaGitHub
) -> None:
    world.pull_request("acme/shop", *(n for n in range(1, 121) if n != 7))
    repository = server.address + REPOSITORY
    found = await github.requests(repository, range(1, 121))
    assert (len(found), server.count("/api/graphql")) == (120, 3)
    assert (found[3].title, found[3].author, found[3].branch) == ("Title 3", "mei", "mei/branch-3")
    assert "is not there" in found[7].missing


async def test_github_says_which_merged_pull_request_brought_a_commit(
    server: AwkwardServer, github: GitHub, world: SchemaGitHub
) -> None:
    rebased, direct = "a" * 40, "b" * 40
    world.pull_request("acme/shop", 9, mergedAt="2026-04-01T12:00:00Z")
    world.pull_request("acme/shop", 5)
    world.pull_request("acme/shop", 1, mergedAt=None)
    world.commit("acme/shop", rebased, 1, 9, 5)
    world.commit("acme/shop", direct)
    found = await github.requests_of(server.address + REPOSITORY, [rebased, direct, "c" * 40])
    assert found[rebased] is not None
    assert found[rebased].number == 5
    assert found[direct] is None
    assert found["c" * 40] is None


async def test_github_issues_are_asked_by_repository_and_may_be_gone_moved_or_forbidden(
    server: AwkwardServer, github: GitHub, world: SchemaGitHub
) -> None:
    world.issue("acme/shop", 1, 3, 4)
    world.issues["acme/shop"][3] |= {"number": 8, "repository": {"nameWithOwner": "acme/other"}}
    world.forbidden.add(("acme/shop", 4))
    world.pull_request("acme/shop", 6)
    keys = ["acme/shop#1", "acme/shop#2", "acme/shop#3", "acme/shop#4", "acme/shop#6", "acme/no#1"]
    found = await github.issues(keys)
    first = found["acme/shop#1"]
    assert (first.title, first.type, first.assignee) == ("Issue 1", "bug", "ada")
    assert found["acme/shop#3"].moved_to == "acme/other#8"
    assert found["acme/shop#6"].title == "Title 6"
    missing = {key: issue.missing for key, issue in found.items() if issue.missing}
    assert set(missing) == {"acme/shop#2", "acme/shop#4", "acme/no#1"}
    assert "may not see it" in missing["acme/shop#4"]


async def test_github_answers_1500_issues_of_one_release_in_thirty_questions(
    server: AwkwardServer, github: GitHub, world: SchemaGitHub
) -> None:
    world.issue("acme/shop", *range(1, 1501))
    found = await github.issues([f"acme/shop#{n}" for n in range(1, 1501)])
    assert len(found) == 1500
    assert not [key for key, issue in found.items() if issue.missing]
    assert server.count("/api/graphql") == 30


async def test_github_takes_a_comment_as_it_describes_it(
    server: AwkwardServer, github: GitHub
) -> None:
    path = "/repos/acme/shop/issues/12/comments"
    api = published.github(server.address)
    answer = api.example("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", 201)
    server.on("POST", f"/api/v3{path}", JSONResponse(answer, 201))
    await github.comment_request(server.address + REPOSITORY, 12, "Reached prod")
    await github.comment_issue("acme/shop#12", "Reached prod")
    assert [one.body for one in server.asked] == [{"body": "Reached prod"}] * 2
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer token"}


async def test_github_labels_are_given_and_taken_off_as_it_describes_it(
    server: AwkwardServer, github: GitHub
) -> None:
    path = "/repos/{owner}/{repo}/issues/{issue_number}/labels"
    api = published.github(server.address)
    there = "/api/v3/repos/acme/shop/issues/12/labels"
    given = JSONResponse(api.example("POST", path))
    left = JSONResponse(api.example("DELETE", f"{path}/{{name}}"))
    server.on("POST", there, given)
    server.on("DELETE", f"{there}/in-prod", [left, _absent()])
    repository = server.address + REPOSITORY
    await github.label_request(repository, 12, "in-prod", on=True)
    await github.label_issue("acme/shop#12", "in-prod", on=False)
    await github.label_issue("acme/shop#12", "in-prod", on=False)  # the same again
    assert [(one.method, one.body or None) for one in server.asked] == [
        ("POST", {"labels": ["in-prod"]}),
        ("DELETE", None),
        ("DELETE", None),
    ]


def _absent() -> JSONResponse:
    return JSONResponse({"message": "Label does not exist", "status": "404"}, 404)


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class _App:
    """A GitHub where an app is installed for `acme` only; its tokens run out when they are told."""

    def __init__(self, server: AwkwardServer, key: rsa.RSAPrivateKey) -> None:
        self.public = key.public_key()
        self.granted = 0
        self.good_for = timedelta(hours=1)
        self._api = published.github(server.address)
        server.on("GET", "/api/v3/repos/acme/shop/installation", self._installed)
        server.on("POST", "/api/v3/app/installations/1/access_tokens", self._token)

    def _installed(self, asked: Asked) -> Any:
        self._signed(asked)
        return self._api.example("GET", "/repos/{owner}/{repo}/installation")

    def _token(self, asked: Asked) -> Any:
        self._signed(asked)
        path = "/app/installations/{installation_id}/access_tokens"
        document = self._api.example("POST", path, 201)
        self.granted += 1
        until = (datetime.now(UTC) + self.good_for).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse({**document, "token": f"t{self.granted}", "expires_at": until}, 201)

    def _signed(self, asked: Asked) -> None:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, self.public, algorithms=["RS256"], issuer="7")
        assert claims["exp"] - claims["iat"] <= 600


async def test_a_github_app_has_a_token_for_each_installation_until_shortly_before_its_end(
    server: AwkwardServer, world: SchemaGitHub, app_key: rsa.RSAPrivateKey
) -> None:
    server.published = published.github(server.address)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    pem = app_key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
    app, github = _App(server, app_key), GitHub(server.address, AppKey("7", pem))
    world.issue("acme/shop", 1)
    repository = server.address + REPOSITORY

    await asyncio.gather(*(github.requests(repository, [n]) for n in range(1, 9)))
    assert app.granted == 1
    told = await github.issues(["acme/shop#1", "other/shop#1"])
    assert told["acme/shop#1"].title == "Issue 1"
    assert told["other/shop#1"].missing == "the app is not installed there"
    with pytest.raises(Permanent, match="the app is not installed there"):
        await github.comment_issue("other/shop#1", "Reached prod")

    unauthorized = JSONResponse({"message": "Bad credentials"}, 401)
    server.on("POST", "/api/graphql", [unauthorized, world.answer])  # it was taken back
    app.good_for = timedelta(minutes=1)
    await github.requests(repository, [1])
    assert (app.granted, server.asked[-1].headers["authorization"]) == (2, "Bearer t2")
    await github.requests(repository, [1])
    assert app.granted == 3
    await github.close()
    assert not server.problems
