"""What the setting `config` names on this machine: folders, and repositories as git finds them."""

from pathlib import Path

import pytest

import git_servers
from towpath import bootstrap, settings
from towpath.git.adapter import GitRepositories

SHOP = b"kind: Product\n"


@pytest.mark.parametrize(
    "config", ["repo.git", "./repo.git", "repo", "./repo", "./repo/", "~/repo", "{}/repo", "clone"]
)
async def test_a_repository_is_found_where_git_would_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    git_servers.origin(tmp_path, name="repo.git").commit({"shop.yaml": SHOP})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    if config == "clone":
        git_servers.git(tmp_path, "clone", "--quiet", "repo.git", "clone")
    given = settings.load(None, {"config": config.format(tmp_path)})
    given.check_serving()
    source = bootstrap.source(given, GitRepositories(tmp_path / "mirrors"))
    assert source is not None
    assert (await source.files())[1] == {"shop.yaml": SHOP}


async def test_a_folder_goes_before_a_repository_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_servers.origin(tmp_path, name="repo.git").commit({"shop.yaml": SHOP})
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "other.yaml").write_bytes(SHOP)
    monkeypatch.chdir(tmp_path)
    source = bootstrap.source(settings.load(None, {"config": "repo"}), GitRepositories(tmp_path))
    assert source is not None
    assert (await source.files())[1] == {"other.yaml": SHOP}
