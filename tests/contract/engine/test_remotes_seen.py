"""What a process knows of a remote's branches that does not look for news itself."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import git_servers
from towpath.engine.remotes import OLD_S, Remotes
from towpath.git.adapter import GitRepositories
from towpath.ports.errors import Permanent


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def test_another_default_branch_is_followed_after_a_minute(tmp_path: Path) -> None:
    remote, clock = git_servers.origin(tmp_path), Clock()
    remote.commit({"a": "1"})
    remote.commit({"a": "2"}, branch="trunk")
    known = Remotes(GitRepositories(tmp_path / "mirrors"), clock)
    assert known.branch(await known.seen(remote.url), "HEAD") == "main"
    git_servers.git(remote.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    clock.now = OLD_S
    assert known.branch(await known.seen(remote.url), "HEAD") == "main"
    clock.now = 2 * OLD_S
    assert known.branch(await known.seen(remote.url), "HEAD") == "trunk"


async def test_what_was_seen_serves_while_the_remote_is_away(tmp_path: Path) -> None:
    remote, clock = git_servers.origin(tmp_path), Clock()
    head = remote.commit({"a": "1"})
    known = Remotes(GitRepositories(tmp_path / "mirrors"), clock)
    with pytest.raises(Permanent):
        await known.seen(f"file://{tmp_path}/nowhere.git")
    assert (await known.seen(remote.url)).branches == {"main": head}
    away = remote.path.rename(tmp_path / "away.git")
    clock.now = 2 * OLD_S
    assert (await known.seen(remote.url)).branches == {"main": head}
    away.rename(remote.path)
    new = remote.commit({"a": "2"})
    assert (await known.seen(remote.url)).branches == {"main": head}
    clock.now = 4 * OLD_S
    assert (await known.seen(remote.url)).branches == {"main": new}
