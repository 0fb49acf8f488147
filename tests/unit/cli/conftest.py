"""What tests of the command line share: a canned server, and the command with that server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import canned_server
from towpath.cli import main

Towpath = Callable[..., Result]


@pytest.fixture(scope="session")
def one_server() -> Iterator[canned_server.CannedServer]:
    with canned_server.running() as server:
        yield server


@pytest.fixture
def server(one_server: canned_server.CannedServer) -> canned_server.CannedServer:
    one_server.answers.clear()
    one_server.asked.clear()
    one_server.streams.clear()
    one_server.drops_streams = False
    return one_server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's configuration folder, empty, and none of the variables of the machine."""
    for name in ("TOWPATH_SERVER", "TOWPATH_TOKEN", "TOWPATH_TOKEN_FILE", "COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "towpath"
    folder.mkdir()
    return folder


@pytest.fixture
def towpath(
    server: canned_server.CannedServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Towpath:
    """Runs a command line against the canned server."""
    monkeypatch.setenv("TOWPATH_SERVER", server.address)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main.app, list(arguments))

    return run
