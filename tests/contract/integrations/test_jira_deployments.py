"""Jira Cloud's deployments: what is sent, and what is made of the answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.responses import JSONResponse

from awkward_server import AwkwardServer
from towpath.integrations.jira.deployments import MOST_ISSUES, JiraDeployments
from towpath.ports.errors import Permanent
from towpath.ports.outside import Deployment

BULK = "/jira/deployments/0.1/cloud/c1/bulk"
DEPLOYMENT = Deployment(
    "shop",
    "shop-12",
    12,
    "prod",
    True,
    "1.2",
    "https://t/releases/shop-12",
    datetime(2026, 3, 1, 12, tzinfo=UTC),
    77,
    ("SHOP-1", "SHOP-2"),
)


@pytest.fixture
async def deployments(server: AwkwardServer) -> AsyncIterator[JiraDeployments]:
    server.on("GET", "/_edge/tenant_info", {"cloudId": "c1"})
    server.on("POST", "/oauth/token", {"access_token": "t", "expires_in": 3600})
    made = JiraDeployments(server.address, "id", "secret", api=server.address)
    yield made
    await made.close()


async def test_a_deployment_is_sent_with_its_issues_and_numbers_that_grow(
    server: AwkwardServer, deployments: JiraDeployments
) -> None:
    server.on("POST", BULK, JSONResponse({"acceptedDeployments": [{}]}, 202))
    for _ in range(2):
        await deployments.deployed(DEPLOYMENT)
    assert (server.count("/oauth/token"), server.count("/_edge/tenant_info")) == (1, 1)
    sent = server.asked[-1]
    assert sent.headers["authorization"] == "Bearer t"
    [one] = sent.body["deployments"]
    assert (one["deploymentSequenceNumber"], one["updateSequenceNumber"]) == (12, 77)
    assert one["associations"] == [
        {"associationType": "issueIdOrKeys", "values": ["SHOP-1", "SHOP-2"]}
    ]
    assert one["environment"] == {"id": "prod", "displayName": "prod", "type": "production"}
    assert one["state"] == "successful"


async def test_jira_takes_500_issues_and_none_at_all_is_not_sent(
    server: AwkwardServer, deployments: JiraDeployments
) -> None:
    server.on("POST", BULK, JSONResponse({}, 202))
    many = tuple(f"SHOP-{n}" for n in range(1, 1501))
    await deployments.deployed(replace(DEPLOYMENT, issues=many))
    [one] = server.asked[-1].body["deployments"]
    assert len(one["associations"][0]["values"]) == MOST_ISSUES
    await deployments.deployed(replace(DEPLOYMENT, issues=()))
    assert server.count(BULK) == 1


async def test_a_deployment_that_jira_rejects_is_told(
    server: AwkwardServer, deployments: JiraDeployments
) -> None:
    errors = [{"message": "no such environment type"}]
    server.on("POST", BULK, JSONResponse({"rejectedDeployments": [{"errors": errors}]}, 202))
    with pytest.raises(Permanent, match="no such environment type"):
        await deployments.deployed(DEPLOYMENT)
    server.on("GET", "/_edge/tenant_info", {})
    other = JiraDeployments(server.address, "id", "secret", api=server.address)
    with pytest.raises(Permanent, match="is no Jira Cloud"):
        await other.deployed(DEPLOYMENT)
    await other.close()
