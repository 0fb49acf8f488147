"""A GitHub whose GraphQL answers are made by its own schema, from some requests and issues."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import graphql

from awkward_server import Asked

Json = dict[str, Any]
_GRAPHQL = graphql.GraphQLError
# Of fields that have a name of their own, that rule compares each with each.
_RULES = [r for r in graphql.specified_rules if r is not graphql.OverlappingFieldsCanBeMergedRule]


@dataclass
class SchemaGitHub:
    """Repositories by `owner/name`. What is not there is an error, as GitHub answers it."""

    schema: graphql.GraphQLSchema
    requests: dict[str, dict[int, Json]] = field(default_factory=lambda: defaultdict(dict))
    issues: dict[str, dict[int, Json]] = field(default_factory=lambda: defaultdict(dict))
    commits: dict[str, dict[str, Json]] = field(default_factory=lambda: defaultdict(dict))
    forbidden: set[tuple[str, int]] = field(default_factory=set)

    def pull_request(self, repository: str, *numbers: int, **more: Any) -> None:
        for number in numbers:
            self.requests[repository][number] = {
                "__typename": "PullRequest",
                "number": number,
                "title": f"Title {number}",
                "url": f"https://h/pull/{number}",
                "body": "SHOP-1",
                "mergedAt": "2026-03-01T12:00:00Z",
                "headRefName": f"mei/branch-{number}",
                "author": {"__typename": "User", "login": "mei"},
                "state": "MERGED",
                "repository": {"nameWithOwner": repository},
                **more,
            }

    def issue(self, repository: str, *numbers: int) -> None:
        for number in numbers:
            self.issues[repository][number] = {
                "__typename": "Issue",
                "number": number,
                "title": f"Issue {number}",
                "url": f"https://h/{number}",
                "state": "OPEN",
                "assignees": {"nodes": [{"login": "ada"}]},
                "labels": {"nodes": [{"name": "bug"}]},
                "repository": {"nameWithOwner": repository},
            }

    def commit(self, repository: str, sha: str, *requests: int) -> None:
        nodes = [self.requests[repository][number] for number in requests]
        self.commits[repository][sha] = {
            "__typename": "Commit",
            "associatedPullRequests": {"nodes": nodes},
        }

    def answer(self, asked: Asked) -> Json:
        """Execute the question, which must be right."""
        question = graphql.parse(asked.body["query"])
        wrong = graphql.validate(self.schema, question, _RULES)
        assert not wrong, wrong
        told = graphql.execute_sync(
            self.schema,
            question,
            root_value={"repository": self._repository},
            variable_values=asked.body["variables"],
        )
        document: Json = {"data": told.data}
        if told.errors:
            document["errors"] = [_as_github(error) for error in told.errors]
        return document

    def _repository(self, _: Any, owner: str, name: str, **__: Any) -> Json:
        path = f"{owner}/{name}"
        if not (self.requests[path] or self.issues[path]):
            raise _not_found("Repository", path)
        both = {**self.issues[path], **self.requests[path]}
        return {
            "pullRequest": lambda _, number: self._found(self.requests[path], path, number),
            "issueOrPullRequest": lambda _, number: self._found(both, path, number),
            "object": lambda _, oid: self.commits[path].get(oid),
        }

    def _found(self, among: dict[int, Json], path: str, number: int) -> Json:
        if (path, number) in self.forbidden:
            raise _GRAPHQL("no access", extensions={"type": "FORBIDDEN"})
        if number not in among:
            raise _not_found("number", str(number))
        return among[number]


def _not_found(what: str, which: str) -> graphql.GraphQLError:
    message = f"Could not resolve to a {what} with the name or number of {which}."
    return _GRAPHQL(message, extensions={"type": "NOT_FOUND"})


def _as_github(error: graphql.GraphQLError) -> Json:
    """GitHub says the type of an error beside it, not among extensions."""
    told: Json = {**error.formatted}
    extensions = told.pop("extensions", {})
    return {**told, **extensions}
