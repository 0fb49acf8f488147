"""Implements `ports.outside.Deployments` for Jira Cloud: its deployments API, with OAuth.

Jira takes 500 issues for a deployment and no more, also not by several requests.
"""

import logging
import time
from typing import Any

from towpath.integrations import outward
from towpath.ports.outside import Deployment

log = logging.getLogger(__name__)

API = "https://api.atlassian.com"
MOST_ISSUES = 500
_LONGEST_NAME = 255


class JiraDeployments:
    """The deployments of one Jira Cloud site."""

    def __init__(self, url: str, client_id: str, client_secret: str, api: str = API) -> None:
        self._url = url.rstrip("/")
        self._api = api
        self._client = (client_id, client_secret)
        self._http = outward.client()
        self._cloud = ""
        self._token = ("", 0.0)

    async def deployed(self, deployment: Deployment) -> None:
        """See the port."""
        if not deployment.issues:  # Jira refuses one without
            return
        if len(deployment.issues) > MOST_ISSUES:
            log.warning(
                "Jira shows %d issues of a deployment: %s in %s has %d",
                MOST_ISSUES,
                deployment.release,
                deployment.environment,
                len(deployment.issues),
            )
        path = f"{self._api}/jira/deployments/0.1/cloud/{await self._cloud_id()}/bulk"
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        answer = await outward.ask(
            self._http, "POST", path, json={"deployments": [document(deployment)]}, headers=headers
        )
        told = outward.json_of(answer)
        rejected = told.get("rejectedDeployments") if isinstance(told, dict) else None
        if rejected:
            errors = [e.get("message", "") for r in rejected for e in r.get("errors", ())]
            raise outward.refused(self._url, f"rejects the deployment: {'; '.join(errors)[:500]}")

    async def _cloud_id(self) -> str:
        if not self._cloud:
            answer = await outward.ask(self._http, "GET", f"{self._url}/_edge/tenant_info")
            self._cloud = str(outward.json_of(answer).get("cloudId", ""))
        if not self._cloud:
            raise outward.refused(self._url, "names no cloudId: it is no Jira Cloud")
        return self._cloud

    async def _bearer(self) -> str:
        token, until = self._token
        if not token or time.monotonic() > until:
            body = {
                "audience": "api.atlassian.com",
                "grant_type": "client_credentials",
                "client_id": self._client[0],
                "client_secret": self._client[1],
            }
            answer = await outward.ask(self._http, "POST", f"{self._api}/oauth/token", json=body)
            told: dict[str, Any] = outward.json_of(answer)
            token = str(told.get("access_token", ""))
            # A little less than it is good for, so that none runs out on its way.
            self._token = (token, time.monotonic() + 0.9 * float(told.get("expires_in", 60)))
        return token

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def document(of: Deployment) -> dict[str, Any]:
    """A deployment as Jira takes it: named by pipeline, environment and sequence number, and
    replaced only by one with a greater update number."""
    title = f"{of.release} {of.version}".strip()[:_LONGEST_NAME]
    return {
        "schemaVersion": "1.0",
        "deploymentSequenceNumber": of.n,
        "updateSequenceNumber": of.update,
        "associations": [
            {"associationType": "issueIdOrKeys", "values": list(of.issues[:MOST_ISSUES])}
        ],
        "displayName": title,
        "url": of.url,
        "description": f"{of.product} in {of.environment}"[:_LONGEST_NAME],
        "lastUpdated": of.at.isoformat(),
        "label": title,
        "state": "successful",
        "pipeline": {
            "id": f"towpath/{of.product}"[:_LONGEST_NAME],
            "displayName": of.product[:_LONGEST_NAME],
            "url": of.url,
        },
        "environment": {
            "id": of.environment[:_LONGEST_NAME],
            "displayName": of.environment[:_LONGEST_NAME],
            "type": "production" if of.production else "unmapped",
        },
    }
