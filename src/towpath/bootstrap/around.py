"""The systems around that the settings name: registries, trackers and code hosts, connected."""

import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from towpath import connections
from towpath.history.told import Place
from towpath.integrations.github.adapter import GitHub
from towpath.integrations.github.app import AppKey
from towpath.integrations.gitlab.adapter import GitLab
from towpath.integrations.jira.adapter import Jira
from towpath.integrations.jira.deployments import JiraDeployments
from towpath.integrations.oci.adapter import Access, Registries
from towpath.ports.outside import Host, Registry, Tracker
from towpath.settings import Settings


@dataclass(frozen=True, slots=True)
class Around:
    """The systems around that are configured."""

    registry: Registry | None
    trackers: tuple[Tracker, ...]
    hosts: tuple[Host, ...]
    told: tuple[Place, ...]


class _Closable(Protocol):
    def close(self) -> Awaitable[None]: ...


_C = TypeVar("_C", bound=_Closable)


@contextlib.asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Around]:
    """Connections to the systems around, closed at the end; nothing is asked yet."""
    async with contextlib.AsyncExitStack() as stack:

        def open_(adapter: _C) -> _C:
            stack.push_async_callback(adapter.close)
            return adapter

        registries = open_(Registries([_registry(one) for one in settings.registries]))
        jiras = [(one, open_(_jira(one))) for one in settings.jira]
        shown = {one.url: open_(_deployments(one)) for one in settings.jira if one.client_id}
        hosts: list[tuple[str, connections.CodeHost, GitHub | GitLab]] = [
            *(("github", one, open_(GitHub(one.url, _access(one)))) for one in settings.github),
            *(("gitlab", one, open_(_gitlab(one))) for one in settings.gitlab),
        ]
        told = [
            *(
                Place(f"jira/{one.url}", one.comment_in, jira, None, shown.get(one.url), one.labels)
                for one, jira in jiras
            ),
            *(
                Place(f"{kind}/{one.url}", one.comment_in, host, host, None, one.labels)
                for kind, one, host in hosts
            ),
        ]
        yield Around(
            registries if settings.registries else None,
            (*(jira for _, jira in jiras), *(host for _, _, host in hosts)),
            tuple(host for _, _, host in hosts),
            tuple(told),
        )


def _registry(one: connections.Registry) -> Access:
    token = one.token.get_secret_value()
    return Access(one.host, one.username, token, one.plain_http, one.ca_file, one.address)


def _jira(one: connections.Jira) -> Jira:
    return Jira(one.url, one.token.get_secret_value(), one.email, one.projects)


def _deployments(one: connections.Jira) -> JiraDeployments:
    return JiraDeployments(one.url, one.client_id, one.client_secret.get_secret_value())


def _gitlab(one: connections.CodeHost) -> GitLab:
    return GitLab(one.url, one.token.get_secret_value())


def _access(host: connections.GitHubHost) -> str | AppKey:
    key = host.private_key.get_secret_value()
    return AppKey(host.app_id, key) if key else host.token.get_secret_value()
