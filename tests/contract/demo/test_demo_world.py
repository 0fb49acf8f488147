"""The demo's world as git sees it, right after it was built."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from towpath.demo import cast, commits, world

Git = Callable[..., str]


def repositories(made: world.World) -> list[Path]:
    return [*made.code.values(), made.gitops, made.configuration]


def heads(made: world.World, git: Git) -> dict[str, str]:
    return {path.name: git(path, "rev-parse", "main") for path in repositories(made)}


def test_git_finds_nothing_wrong_in_any_repository(seen: world.World, git: Git) -> None:
    for path in repositories(seen):
        assert git(path, "fsck", "--full", "--strict") == ""
        assert git(path, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_repository_can_be_cloned(seen: world.World, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(seen.gitops), "here")
    assert (tmp_path / "here/apps/cart/dev/values.yaml").is_file()


def test_the_same_seed_and_time_make_the_same_commits(
    seen: world.World, git: Git, tmp_path: Path, now: datetime
) -> None:
    again = heads(world.build(tmp_path, now), git)
    before = heads(seen, git)
    # The configuration names the folder, so it alone differs.
    assert again.pop("configuration.git") != before.pop("configuration.git")
    assert again == before


def test_another_seed_makes_other_commits(
    seen: world.World, git: Git, tmp_path: Path, now: datetime
) -> None:
    other = heads(world.build(tmp_path, now, seed=7), git)
    assert all(other[path.name] != git(path, "rev-parse", "main") for path in seen.code.values())


@pytest.mark.parametrize("name", cast.SERVICES)
def test_a_code_repository_looks_like_three_months_of_a_teams_work(
    name: str, seen: world.World, git: Git, now: datetime
) -> None:
    path = seen.code[name]
    key = cast.product_of(cast.SERVICES[name]).issue_key
    assert 200 <= int(git(path, "rev-list", "--count", "main")) <= 500
    assert len(set(git(path, "log", "--format=%an", "main").splitlines())) >= 3
    assert len(git(path, "tag").splitlines()) >= 5
    assert len(git(path, "log", "--extended-regexp", r"--grep=\(#[0-9]+\)$", "--oneline")) > 50
    assert len(git(path, "log", "--merges", "--grep=Merge pull request #", "--oneline")) > 50
    assert len(git(path, "log", f"--grep={key}-", "--oneline").splitlines()) > 50
    oldest, newest = (
        datetime.fromtimestamp(int(git(path, "log", "-1", "--format=%ct", *order)), UTC)
        for order in (("--max-parents=0", "main"), ("main",))
    )
    assert timedelta(days=85) < now - oldest < timedelta(days=95)
    assert timedelta() < now - newest < timedelta(days=7)


def test_no_commit_is_of_the_future(seen: world.World, git: Git, now: datetime) -> None:
    for path in repositories(seen):
        newest = max(map(int, git(path, "log", "--format=%ct", "--all").split()))
        assert newest < now.timestamp()


def test_every_tag_ever_deployed_names_a_commit_on_main(seen: world.World, git: Git) -> None:
    messages = git(seen.gitops, "log", "--format=%s").splitlines()
    bumps = [line for line in messages if line.startswith(("webshop/", "payments/"))]
    assert len(bumps) > 50
    for line in bumps:
        service, tag = line.partition("/")[2].split(": ")
        sha = tag.rpartition("-")[2]
        git(seen.code[service], "merge-base", "--is-ancestor", sha, "main")


@pytest.mark.parametrize(
    "when", [datetime(2026, 3, 9 + day, (day * 7) % 24, tzinfo=UTC) for day in range(7)]
)
def test_production_is_behind_dev_on_every_day_of_the_week(
    when: datetime, tmp_path: Path, git: Git
) -> None:
    made = world.build(tmp_path, when)
    tags = made.tags()
    for service in cast.SERVICES.values():
        places = [*cast.product_of(service).environments]
        shas = [tags[service.name, place].rpartition("-")[2] for place in places]
        code = made.code[service.name]
        for before, after in pairwise(shas):
            git(code, "merge-base", "--is-ancestor", after, before)
        assert shas[0] not in shas[1:], service.name


def test_environments_differ_in_what_promotion_leaves_alone(seen: world.World, git: Git) -> None:
    values = {
        place: yaml.safe_load(git(seen.gitops, "show", f"main:apps/cart/{place}/values.yaml"))
        for place in ("dev", "prod-eu", "prod-us")
    }
    assert [v["replicaCount"] for v in values.values()] == [1, 6, 3]
    assert len({v["resources"]["limits"]["memory"] for v in values.values()}) == 2
    assert len({str(v["features"]) for v in values.values()}) == 1


def test_a_world_is_found_again(seen: world.World) -> None:
    assert world.exists(seen.folder)
    assert world.open(seen.folder) == seen


def test_a_second_world_in_the_same_folder_is_refused(seen: world.World, now: datetime) -> None:
    with pytest.raises(commits.DemoError, match="exists already"):
        world.build(seen.folder, now)


def test_a_folder_without_a_world_is_said_to_have_none(tmp_path: Path) -> None:
    assert not world.exists(tmp_path)
    with pytest.raises(commits.DemoError, match="No demo in"):
        world.open(tmp_path)


def test_what_an_interrupted_build_left_is_cleared_away(tmp_path: Path, now: datetime) -> None:
    left = tmp_path / "repositories.unfinished" / "cart.git"
    left.mkdir(parents=True)
    (left / "HEAD").write_text("half")
    assert not world.exists(tmp_path)
    made = world.build(tmp_path, now)
    assert world.open(tmp_path) == made
    assert not left.exists()


def test_no_file_names_a_host_that_could_be_reached(seen: world.World, git: Git) -> None:
    for path in repositories(seen):
        try:
            found = git(path, "grep", "-hoE", r"(https?://|registry\.)[A-Za-z0-9.-]+", "main")
        except subprocess.CalledProcessError:  # nothing found
            continue
        hosts = {line.rpartition("/")[2] for line in found.splitlines()}
        inside = {f"gateway.payments-{place}" for place in cast.WEBSHOP.environments}
        assert {host for host in hosts if not host.endswith(".example")} <= inside
