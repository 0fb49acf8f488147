"""Lock files in a mirror: of a process that was killed, and of one that is at work."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from towpath.domain.reasons import Code
from towpath.git import adapter
from towpath.ports import errors


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "source"
    made.mkdir()
    _git(made, "init", "--quiet", "--initial-branch=main")
    _git(made, "commit", "--quiet", "--allow-empty", "--message=first")
    return made


async def _mirrored(tmp_path: Path, source: Path) -> tuple[adapter.GitRepositories, Path]:
    door = adapter.GitRepositories(tmp_path / "mirrors")
    await door.fetch(str(source))
    (mirror,) = (tmp_path / "mirrors").glob("*.git")
    _git(source, "commit", "--quiet", "--allow-empty", "--message=second")
    return door, mirror


def _left_behind(lock: Path, *, seconds_ago: float) -> None:
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    then = time.time() - seconds_ago
    os.utime(lock, (then, then))


LOCKS = ("refs/remotes/origin/main.lock", "refs/towpath/head.lock", "refs/towpath/HEAD.lock")


@pytest.mark.parametrize("lock", LOCKS)
async def test_a_lock_of_a_killed_process_is_removed(
    lock: str, tmp_path: Path, source: Path
) -> None:
    door, mirror = await _mirrored(tmp_path, source)
    _left_behind(mirror / lock, seconds_ago=60)
    assert (await door.heads(str(source))).branches == (await door.fetch(str(source))).branches
    assert await door.known_head(str(source), "main") is not None


async def test_a_lock_that_may_be_in_use_is_waited_for(tmp_path: Path, source: Path) -> None:
    door, mirror = await _mirrored(tmp_path, source)
    lock = mirror / LOCKS[0]
    _left_behind(lock, seconds_ago=0)
    with pytest.raises(errors.Temporary) as raised:
        await door.fetch(str(source))
    assert raised.value.reason.code is Code.GIT_UNREACHABLE
    assert "locked" in raised.value.reason.sentence
    assert lock.exists()
