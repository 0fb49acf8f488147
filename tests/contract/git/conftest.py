"""A remote, the adapter in front of it, and servers that are started once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import git_servers
from towpath.git.adapter import GitRepositories


@pytest.fixture
def remote(tmp_path: Path) -> git_servers.Origin:
    return git_servers.origin(tmp_path)


@pytest.fixture
def door(tmp_path: Path) -> GitRepositories:
    return GitRepositories(tmp_path / "mirrors")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose repositories the HTTPS server serves."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def https(
    tmp_path_factory: pytest.TempPathFactory, served: Path
) -> Iterator[git_servers.HttpsServer]:
    # A socket's path has at most 107 bytes, and pytest's folders have long names.
    with (
        tempfile.TemporaryDirectory() as short,
        git_servers.https_server(tmp_path_factory.mktemp("nginx"), served, Path(short)) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[git_servers.SshServer]:
    with git_servers.ssh_server(tmp_path_factory.mktemp("sshd")) as server:
        yield server
