"""The story's changes, made in real repositories while others push to them."""

import subprocess
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pygit2
import pytest

from towpath.demo import cast, commits, files, gitops, story, world

Git = Callable[..., str]


def first(kind: story.Kind, services: int = 1) -> story.Change:
    told = islice(story.changes(), 50)
    return next(c for c in told if c.kind is kind and len(c.services) == services)


def changed(path: Path, sha: str, git: Git) -> list[str]:
    return git(path, "diff-tree", "--no-commit-id", "--name-only", "-r", sha).splitlines()


def test_a_code_change_is_merged_and_its_image_runs_in_dev(
    mine: world.World, now: datetime, git: Git
) -> None:
    change = first(story.Kind.CODE)
    played = mine.play(change, now)
    [merged] = played.merged
    code = mine.code["cart"]
    assert git(code, "rev-parse", "main") == merged.sha
    assert f"#{merged.pull_request}" in git(code, "log", "-1", "--format=%s")
    assert change.issue in git(code, "log", "--format=%B", f"-{len(merged.commits)}")
    assert merged.sha.startswith(merged.tag.rpartition("-")[2])
    assert mine.tags()["cart", "dev"] == merged.tag
    assert git(mine.gitops, "rev-parse", "main") == played.sha
    assert git(mine.gitops, "log", "-1", "--format=%s") == played.title
    assert git(mine.gitops, "log", "-1", "--format=%an|%cn") == f"{change.author.name}|webshop-ci"
    assert changed(mine.gitops, played.sha, git) == ["apps/cart/dev/values.yaml"]
    assert played.promotable


def test_a_bump_changes_one_line(mine: world.World, now: datetime, git: Git) -> None:
    played = mine.play(first(story.Kind.CODE), now)
    assert git(mine.gitops, "diff", "--numstat", f"{played.sha}~", played.sha).split()[:2] == [
        "1",
        "1",
    ]


def test_two_services_are_bumped_in_one_commit(mine: world.World, now: datetime, git: Git) -> None:
    played = mine.play(first(story.Kind.CODE, services=2), now)
    assert [merged.service for merged in played.merged] == ["cart", "checkout"]
    assert changed(mine.gitops, played.sha, git) == [
        "apps/cart/dev/values.yaml",
        "apps/checkout/dev/deployment.yaml",
    ]


def test_a_setting_changes_the_switch_and_no_tag(mine: world.World, now: datetime) -> None:
    before = mine.tags()
    played = mine.play(first(story.Kind.SETTING), now)
    assert mine.tags() == before
    assert played.promotable
    assert "turn " in played.title


def test_a_pin_by_hand_is_in_qa_only_and_makes_no_release(mine: world.World, now: datetime) -> None:
    before = mine.tags()
    played = mine.play(first(story.Kind.PIN), now)
    differing = {place for place, tag in mine.tags().items() if tag != before[place]}
    assert differing == {("catalog", "qa")}
    assert not played.promotable
    assert played.author == cast.JONAS


def test_tuning_by_hand_changes_no_tag(mine: world.World, now: datetime) -> None:
    before = mine.tags()
    played = mine.play(first(story.Kind.TUNING), now)
    assert mine.tags() == before
    assert not played.promotable


def test_pull_request_numbers_go_on(mine: world.World, now: datetime) -> None:
    change = first(story.Kind.CODE)
    numbers = [mine.play(change, now).merged[0].pull_request for _ in range(3)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_long_story_can_be_played_and_leaves_sound_repositories(
    mine: world.World, now: datetime, git: Git
) -> None:
    for minutes, change in enumerate(islice(story.changes(), 60)):
        played = mine.play(change, now + timedelta(minutes=minutes))
        assert git(mine.gitops, "rev-parse", "main") == played.sha
    for path in (mine.gitops, *mine.code.values()):
        assert git(path, "fsck", "--full", "--strict") == ""


def test_a_branch_that_moved_meanwhile_is_built_on_again(mine: world.World, now: datetime) -> None:
    words = commits.Words("someone\n", cast.JONAS, now)
    tries: list[str] = []

    def edit(read: gitops.Reader) -> tuple[dict[str, str], commits.Words]:
        tries.append(read("README.md"))
        if len(tries) == 1:
            gitops.change(mine.gitops, lambda _: ({"README.md": "theirs\n"}, words))
        return {"notes.md": "ours\n"}, words

    gitops.change(mine.gitops, edit)
    assert tries[1:] == ["theirs\n"]
    repository = pygit2.Repository(mine.gitops)
    tree = repository.references["refs/heads/main"].peel(pygit2.Tree)
    assert (tree["README.md"].data, tree["notes.md"].data) == (b"theirs\n", b"ours\n")


def test_a_locked_branch_is_waited_for(mine: world.World, now: datetime) -> None:
    lock = mine.gitops / "refs/heads/main.lock"
    lock.touch()
    asked = threading.Event()

    def edit(_: gitops.Reader) -> tuple[dict[str, str], commits.Words]:
        if asked.is_set():
            lock.unlink(missing_ok=True)
        asked.set()
        return {"notes.md": "ours\n"}, commits.Words("ours\n", cast.JONAS, now)

    sha = gitops.change(mine.gitops, edit)
    assert str(pygit2.Repository(mine.gitops).references["refs/heads/main"].target) == sha


def test_a_lock_that_stays_is_named(
    mine: world.World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "PATIENCE", 0.02)
    lock = mine.gitops / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(commits.BranchBusy, match=str(lock)):
        mine.play(first(story.Kind.SETTING), now)


def test_a_file_that_someone_deleted_is_named(mine: world.World, now: datetime, git: Git) -> None:
    clone = mine.folder / "clone"
    git(mine.folder, "clone", "--quiet", str(mine.gitops), "clone")
    git(clone, "rm", "--quiet", "apps/cart/dev/values.yaml")
    git(clone, "commit", "--quiet", "-m", "gone")
    git(clone, "push", "--quiet")
    with pytest.raises(commits.DemoError, match=r"no file apps/cart/dev/values\.yaml"):
        mine.play(first(story.Kind.SETTING), now)


def test_nothing_is_lost_while_git_pushes_to_the_same_branch(
    mine: world.World, now: datetime, git: Git
) -> None:
    clone = mine.folder / "clone"
    git(mine.folder, "clone", "--quiet", str(mine.gitops), "clone")
    played: list[str] = []

    def play() -> None:
        for change in islice(story.changes(), 40):
            played.append(mine.play(change, now).sha)

    team = threading.Thread(target=play)
    team.start()
    pushed = [_pushed(clone, number, git) for number in range(8)]
    team.join(timeout=120)
    assert len(played) == 40
    line = git(mine.gitops, "log", "--format=%H %P", "main").splitlines()
    assert all(len(commit.split()) <= 2 for commit in line)
    reached = {commit.split()[0] for commit in line}
    assert {*played, *pushed} <= reached
    assert git(mine.gitops, "fsck", "--full", "--strict") == ""


def _pushed(clone: Path, number: int, git: Git) -> str:
    """Push one commit as another program would, again and again until it is taken."""
    place = f"apps/cart/qa/note-{number}.md"
    for _ in range(200):
        git(clone, "fetch", "--quiet")
        git(clone, "reset", "--quiet", "--hard", "origin/main")
        (clone / place).write_text("pushed\n")
        git(clone, "add", place)
        git(clone, "commit", "--quiet", "-m", f"push {number}")
        try:
            git(clone, "push", "--quiet", "origin", "HEAD:main")
        except subprocess.CalledProcessError:
            continue
        return git(clone, "rev-parse", "HEAD")
    raise AssertionError("never taken")


def test_every_switch_of_the_story_is_in_the_files(seen: world.World) -> None:
    repository = pygit2.Repository(seen.gitops)
    tree = str(repository.references["refs/heads/main"].peel(pygit2.Tree).id)
    for name, switches in files.SWITCHES.items():
        place = files.tag_file(cast.SERVICES[name], "dev")
        for switch in switches:
            files.turned(commits.text_at(repository, tree, place), switch)
