"""A registry for the session."""

from collections.abc import Iterator

import pytest

import registry_server


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[registry_server.RegistryServer]:
    with registry_server.running(tmp_path_factory.mktemp("registry")) as server:
        yield server
