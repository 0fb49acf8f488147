"""What GitHub and Atlassian publish of their APIs, and a check of questions and answers against it.

The descriptions are fetched by `scripts/test` (`tests/descriptions`). Without them such tests are
skipped with a loud reason; with CI=true they fail.
"""

import functools
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import graphql
import openapi_core
import pytest
from openapi_core.contrib.starlette import StarletteOpenAPIRequest, StarletteOpenAPIResponse
from openapi_core.exceptions import OpenAPIError
from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).parents[1] / ".venv" / "descriptions"
Json = dict[str, Any]


def _text(name: str) -> str:
    file = _FOLDER / name
    if not file.is_file():
        why = f"{file} is missing: python tests/descriptions/fetch.py fetches it"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return file.read_text("utf-8")


@functools.cache
def _document(name: str) -> Json:
    document: Json = json.loads(_text(name))
    return document


@functools.cache
def github_schema() -> graphql.GraphQLSchema:
    """GitHub's GraphQL schema."""
    return graphql.build_schema(_text("github.graphql"), assume_valid=True)


@dataclass(frozen=True)
class Published:
    """A REST API as its vendor describes it, served at `address`.

    What is asked of other folders of the server than `below` is no part of it.
    """

    document: Json
    address: str
    below: str

    def example(self, method: str, path: str, status: int = 200) -> Any:
        """What the vendor gives as an example of the answer."""
        answers = self.document["paths"][path][method.lower()]["responses"]
        body = answers[str(status)]["content"]["application/json"]
        if "example" in body:
            given = body["example"]
            return json.loads(given) if isinstance(given, str) else given
        first = next(iter(body["examples"].values()))
        if "$ref" in first:
            first = self.document["components"]["examples"][first["$ref"].rpartition("/")[2]]
        return first["value"]

    def problems(self, request: Request, body: bytes, answer: Response) -> list[str]:
        """What about a question and its answer is not as described."""
        if not request.url.path.startswith(self.below):
            return []
        at = {**self.document, "servers": [{"url": self.address}]}
        config = openapi_core.Config(spec_validator_cls=None)
        api = openapi_core.OpenAPI.from_dict(at, config=config)  # type: ignore[arg-type] # any mapping
        asked = StarletteOpenAPIRequest(request, body)
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of kinds of credentials that the library does not know
            try:
                api.validate_request(asked)
                if answer.body:  # what has none is described as if it had
                    api.validate_response(asked, StarletteOpenAPIResponse(answer))
            except OpenAPIError as error:
                found.append(
                    f"{request.method} {request.url.path}: {error} {error.__cause__ or ''}"
                )
        return found


def github(address: str) -> Published:
    """GitHub's REST API."""
    return Published(_document("github.json"), f"{address}/api/v3", "/api/v3")


def jira(address: str) -> Published:
    """Jira Cloud's platform API."""
    return Published(_document("jira.json"), address, "/rest/api")


def jira_deployments(address: str) -> Published:
    """The deployments of Jira Cloud.

    They are described as an app of the site asks for them: with OAuth the same lies elsewhere, and
    the header is no JWT.
    """
    document = _document("jira-software.json")
    described = document["paths"]["/rest/deployments/0.1/bulk"]
    others = [one for one in described["parameters"] if one["name"] != "Authorization"]
    paths = {"/jira/deployments/0.1/cloud/c1/bulk": {**described, "parameters": others}}
    return Published({**document, "paths": paths}, address, "/jira/deployments")
