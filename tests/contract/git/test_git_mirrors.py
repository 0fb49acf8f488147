"""Mirrors: made whole or not at all, mended when harmed, shared by tasks and processes."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pygit2
import pytest

import git_servers
from towpath.domain import content, values
from towpath.git import maintenance, mirrors
from towpath.git.adapter import GitRepositories
from towpath.git.past import GitPast
from towpath.ports import errors
from towpath.ports import git as port

VALUES = "image:\n  tag: v1\n"
TAG: values.Place = (values.Key("image"), values.Key("tag"))


def change(text: str) -> port.Change:
    file = content.FileContent("values.yaml", (values.Value(TAG, text),))
    return port.Change(uuid4(), (port.Edit("api", "api", "qa", (file,), None),), "Promote\n")


def the_mirror(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "mirrors").glob("*.git")
    return found


async def test_a_mirror_is_a_bare_repository_with_a_readable_name(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    mirror = the_mirror(tmp_path)
    assert "gitops" in mirror.name
    assert git_servers.git(mirror, "config", "core.bare") == "true"
    assert git_servers.git(mirror, "config", "gc.auto") == "0"
    assert mirror.parent.stat().st_mode & 0o077 == 0
    git_servers.git(mirror, "fsck", "--strict")


async def test_addresses_with_the_same_end_have_mirrors_of_their_own() -> None:
    names = {mirrors.folder_name(f"https://{host}/acme/shop.git") for host in ("a.org", "b.org")}
    assert len(names) == 2
    assert all(len(name) < 100 and "/" not in name for name in names)
    assert mirrors.folder_name("https://x/" + "y" * 500)


async def test_a_mirror_that_is_no_repository_is_made_anew(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await GitRepositories(tmp_path / "mirrors").fetch(remote.url)
    mirror = the_mirror(tmp_path)
    shutil.rmtree(mirror)
    mirror.mkdir()
    (mirror / "config").write_text("half made")
    door = GitRepositories(tmp_path / "mirrors")
    assert (await door.fetch(remote.url)).branches == {"main": head}


async def test_a_mirror_that_vanished_is_fetched_anew(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    shutil.rmtree(the_mirror(tmp_path))
    assert (await door.fetch(remote.url)).branches == {"main": head}
    shutil.rmtree(the_mirror(tmp_path))
    assert await door.known_head(remote.url, "main") in (head, None)


@pytest.mark.parametrize("harm", ["truncate", "garbage", "remove"])
async def test_harmed_objects_are_noticed_and_fetched_anew(
    tmp_path: Path, remote: git_servers.Origin, harm: str
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await GitRepositories(tmp_path / "mirrors").fetch(remote.url)
    for file in (the_mirror(tmp_path) / "objects").rglob("*"):
        if not file.is_file():
            continue
        file.chmod(0o644)
        if harm == "remove":
            file.unlink()
        else:
            file.write_bytes(b"" if harm == "truncate" else b"garbage")
    door = GitRepositories(tmp_path / "mirrors")
    assert (await door.commit(remote.url, head)).sha == head
    built = await door.build(remote.url, head, [change("v2")])
    await door.push(remote.url, "main", head, built[0].commit)
    assert remote.head() == built[0].commit
    git_servers.git(the_mirror(tmp_path), "fsck")


async def test_harmed_objects_do_not_stop_a_fetch(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    for file in (the_mirror(tmp_path) / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")
    head = remote.commit({"qa/values.yaml": VALUES + "more: 1\n"})
    heads = await door.fetch(remote.url)
    assert heads.branches == {"main": head}
    assert (await door.files(remote.url, head))["qa/values.yaml"].endswith(b"more: 1\n")


async def test_a_broken_branch_file_is_mended_by_a_fetch(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    (the_mirror(tmp_path) / "refs" / "remotes" / "origin" / "main").write_bytes(b"")
    assert (await door.fetch(remote.url)).branches == {"main": head}


def lose(mirror: Path, revision: str) -> str:
    """Take one object out of a mirror, and tell its file's name; it lies beside it."""
    name = git_servers.git(mirror, "rev-parse", revision)
    if packs := [*mirror.rglob("*.pack")]:
        for pack in packs:
            moved = pack.rename(mirror / pack.name)
            pack.with_suffix(".idx").unlink()
            subprocess.run(
                ["git", "unpack-objects", "-q"], input=moved.read_bytes(), cwd=mirror, check=True
            )
    file = mirror / "objects" / name[:2] / name[2:]
    file.rename(file.with_suffix(".lost"))
    return f"{name[:2]}/{name[2:]}"


@pytest.mark.parametrize("lost", ["~1", "~1^{tree}"])
async def test_history_is_read_from_a_mirror_fetched_anew_where_objects_were_lost(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin, lost: str
) -> None:
    first, second, third = (remote.commit({"qa/values.yaml": f"v: {n}\n"}) for n in range(3))
    await door.fetch(remote.url)
    lose(the_mirror(tmp_path), third + lost)
    touching = await GitPast(door).touching(remote.url, first, third, ["qa"])
    assert touching == {second, third}
    git_servers.git(the_mirror(tmp_path), "fsck")


async def test_a_range_given_away_in_parts_is_to_be_asked_again_where_a_commit_was_lost(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    first, second, third = (remote.commit({"qa/values.yaml": f"v: {n}\n"}) for n in range(3))
    await door.fetch(remote.url)
    lose(the_mirror(tmp_path), second)
    past = GitPast(door)
    with pytest.raises(errors.Temporary, match="was not whole while it was read"):
        await past.between(remote.url, first, third)
    assert [each.sha for each in (await past.between(remote.url, first, third)).came] == [
        third,
        second,
    ]


async def test_a_mirror_that_another_process_fetches_into_is_not_thrown_away(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    (built,) = await door.build(remote.url, head, [change("v2")])
    tree = the_mirror(tmp_path) / "objects" / lose(the_mirror(tmp_path), f"{head}^{{tree}}")
    other = mirrors.Mirrors(tmp_path / "mirrors", mirrors.Repositories()).at(remote.url)
    async with other.locked():
        asked = asyncio.create_task(GitRepositories(tmp_path / "mirrors").files(remote.url, head))
        await asyncio.sleep(0.5)
        assert not asked.done()
        tree.with_suffix(".lost").rename(tree)
    assert await asked == {"qa/values.yaml": VALUES.encode()}
    assert (await door.commit(remote.url, built.commit)).sha == built.commit


async def test_whether_there_is_a_mirror_can_be_asked_of_a_harmed_one(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await GitRepositories(tmp_path / "mirrors").fetch(remote.url)
    (the_mirror(tmp_path) / mirrors.DEFAULT_HEAD).write_bytes(b"")
    door = GitRepositories(tmp_path / "mirrors")
    assert await door.has(remote.url)
    assert (await door.commit(remote.url, head)).sha == head


async def test_a_commit_that_was_lost_with_its_mirror_has_to_be_built_again(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    built = await door.build(remote.url, head, [change("v2")])
    shutil.rmtree(the_mirror(tmp_path))
    with pytest.raises(errors.Moved):
        await door.push(remote.url, "main", head, built[0].commit)
    assert remote.head() == head


async def test_many_tasks_share_one_fetch(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    heads = await asyncio.gather(*(door.fetch(remote.url) for _ in range(20)))
    assert {answer.branches["main"] for answer in heads} == {head}
    # The first of the twenty, and one for all that came while it ran.
    assert door._mirrors.at(remote.url).fetches_begun <= 3


async def test_several_doors_on_one_folder_take_turns(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    head = remote.commit({f"f{n}": "x" for n in range(50)})
    doors = [GitRepositories(tmp_path / "mirrors") for _ in range(6)]
    heads = await asyncio.gather(*(door.fetch(remote.url) for door in doors))
    assert {answer.branches["main"] for answer in heads} == {head}


_OTHER_PROCESS = """
import asyncio, pathlib, sys
from towpath.git.adapter import GitRepositories
from towpath.git.past import GitPast
async def main():
    door = GitRepositories(pathlib.Path(sys.argv[1]))
    for _ in range(3):
        await door.fetch(sys.argv[2])
asyncio.run(main())
"""


async def test_several_processes_on_one_folder_take_turns(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    remote.commit({f"f{n}": "x" for n in range(50)})
    command = [sys.executable, "-c", _OTHER_PROCESS, str(tmp_path / "mirrors"), remote.url]

    async def other() -> tuple[int | None, bytes]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stderr=pipe)
        _, said = await process.communicate()
        return process.returncode, said

    assert await asyncio.gather(*(other() for _ in range(4))) == [(0, b"")] * 4
    git_servers.git(the_mirror(tmp_path), "fsck", "--strict")


async def test_a_process_that_died_with_the_lock_holds_nobody_up(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    lock = the_mirror(tmp_path).with_suffix(".lock")
    script = (
        "import fcntl, os, sys, time; h = os.open(sys.argv[1], os.O_RDWR);"
        "fcntl.flock(h, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(lock)), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    waiting = asyncio.create_task(door.fetch(remote.url))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    holder.kill()
    await holder.wait()
    assert (await waiting).branches == {"main": head}


async def test_a_cancelled_fetch_leaves_no_process_and_no_lock(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES})
    door = GitRepositories(tmp_path / "mirrors")
    with git_servers.silent_server() as silent:
        hanging = asyncio.create_task(door.fetch(f"git://127.0.0.1:{silent}/hang.git"))
        await asyncio.sleep(0.3)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        left = [arguments for _, arguments in git_servers.processes_below(os.getpid())]
        assert not [arguments for arguments in left if "hang.git" in arguments]
        (lock,) = (tmp_path / "mirrors").glob("*hang*.lock")
        handle = os.open(lock, os.O_RDWR)
        assert mirrors._locked(handle)
        os.close(handle)


async def test_maintenance_packs_and_keeps_what_was_built_and_not_pushed(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    built = await door.build(remote.url, head, [change("v2")])
    mirror = the_mirror(tmp_path)
    objects = pygit2.Repository(str(mirror))
    for number in range(8_000):
        objects.create_blob(b"loose %d" % number)
    await door.maintain()
    assert len(list((mirror / "objects" / "pack").glob("*.pack"))) == 1
    await door.push(remote.url, "main", head, built[0].commit)
    assert remote.head() == built[0].commit


async def test_a_mirror_that_is_not_packed_in_time_is_told_of_and_stops_nothing(
    tmp_path: Path,
    door: GitRepositories,
    remote: git_servers.Origin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remote.commit({"a": "1"})
    await door.fetch(remote.url)
    objects = pygit2.Repository(str(the_mirror(tmp_path)))
    for number in range(8_000):
        objects.create_blob(b"loose %d" % number)
    monkeypatch.setattr(maintenance, "_DEADLINE", 0.001)
    await door.maintain()
    assert "was not tidied: no answer within 0.001 s" in caplog.text


async def test_what_a_door_has_open_survives_the_maintenance_of_another(
    tmp_path: Path, door: GitRepositories, remote: git_servers.Origin
) -> None:
    for number in range(5):
        remote.commit({"qa/values.yaml": f"image:\n  tag: v{number}\n"})
        await door.fetch(remote.url)
    head = remote.head()
    assert await door.files(remote.url, head)
    git_servers.git(the_mirror(tmp_path), "gc", "--quiet", "--prune=now")
    built = await door.build(remote.url, head, [change("v9")])
    await door.push(remote.url, "main", head, built[0].commit)
    assert await door.files(remote.url, built[0].commit)


async def test_a_folder_that_cannot_be_made_is_explained(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    (tmp_path / "mirrors").write_text("a file")
    with pytest.raises(errors.Permanent) as refused:
        await GitRepositories(tmp_path / "mirrors").fetch(remote.url)
    assert "data_dir" in refused.value.reason.advice


async def test_the_event_loop_goes_on_while_git_works(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({f"apps/{n}.yaml": VALUES for n in range(2_000)})
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    await door.fetch(remote.url)
    turning.cancel()
    assert turns > 10
