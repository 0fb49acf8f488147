"""A world made once for all tests that only look at it, and copies for those that change it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from towpath.demo import world

Git = Callable[..., str]


@pytest.fixture(scope="session")
def git() -> Git:
    """The git program, without the machine's own configuration."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Towpath",
        "GIT_AUTHOR_EMAIL": "towpath@webshop.example",
        "GIT_COMMITTER_NAME": "Towpath",
        "GIT_COMMITTER_EMAIL": "towpath@webshop.example",
    }

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 3, 11, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> world.World:
    """A world to look at and not to change."""
    return world.build(tmp_path_factory.mktemp("seen") / "demo", now)


@pytest.fixture
def mine(seen: world.World, tmp_path: Path) -> world.World:
    """A copy of the world to change."""
    shutil.copytree(seen.folder, tmp_path / "demo")
    return world.open(tmp_path / "demo")
