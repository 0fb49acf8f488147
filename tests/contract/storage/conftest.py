"""What tests of the store may ask for."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import run_world
import stored_world
from embedded_world import (
    child,
    processes_on,
)
from run_world import World
from stored_world import Stored


@pytest_asyncio.fixture
async def stored(database_url: str) -> AsyncIterator[Stored]:
    """The store on an empty database of this version."""
    async with stored_world.stored(database_url) as made:
        yield made


@pytest_asyncio.fixture
async def world(stored: Stored) -> AsyncIterator[World]:
    """A release that is looked at, and one worker that executes steps."""
    async with run_world.world_of(stored) as made:
        yield made


# The embedded server


@pytest.fixture
def empty() -> Iterator[Path]:
    """A data folder still to be made, with a path short enough for a socket inside."""
    place = Path(tempfile.mkdtemp(prefix="tp-", dir="/tmp"))
    yield place / "data"
    for data in place.glob("**/postgres"):  # what a failed test has left
        for pid in processes_on(data):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a new database, made once because making one takes long."""
    folder = tmp_path_factory.mktemp("pattern") / "data"
    child("hold", folder).finish()
    return folder


@pytest.fixture
def folder(empty: Path, pattern: Path) -> Path:
    """A data folder with a new database of its own."""
    subprocess.run(["cp", "-a", str(pattern), str(empty)], check=True)
    (empty / "postgres.url").unlink()
    return empty
