"""The embedded server and the other users of the machine."""

import os
import pwd
import shutil
import stat
from pathlib import Path

import pytest

import databases
from embedded_world import (
    ask,
    child,
    only_root,
    open_to_all,
    processes_on,
    program_of,
    serving,
    somebody_else,
    told,
)
from towpath.storage import (
    embedded,
    embedded_account,
    embedded_binaries,
)
from towpath.storage.embedded import Embedded, EmbeddedError


@only_root
async def test_another_user_of_the_machine_cannot_log_in(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        for url in (one.server.url, one.server.admin_url):
            said = told("--as", somebody_else(one.server), "login", databases.conninfo(url))
            assert "Permission denied" in said["refused"]


@only_root
async def test_another_user_cannot_log_in_even_with_the_socket_open_to_all(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        open_to_all(one.server)
        for url in (one.server.url, one.server.admin_url):
            said = told("--as", somebody_else(one.server), "login", databases.conninfo(url))
            assert "Peer authentication failed" in said["refused"]
        one.server.data.chmod(0o700)


@only_root
async def test_root_changes_no_mode_of_the_folders_above_and_needs_no_way_through_them(
    empty: Path,
) -> None:
    deep = empty / "closed" / "data"
    deep.mkdir(parents=True)
    for place in (empty.parent, empty, deep.parent, deep):
        place.chmod(0o700)
    async with embedded.running(deep, settings=databases.QUICK) as server:
        assert await ask(server.url, "SELECT 1") == 1
        assert server.data == deep.resolve() / "postgres"
        assert server.data.stat().st_uid != 0
        for place in (empty.parent, empty, deep.parent, deep):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            assert place.stat().st_uid == 0


@only_root
async def test_root_with_programs_that_only_root_can_reach_runs_a_copy(empty: Path) -> None:
    closed, shelter = empty / "closed", empty / "shelter"
    closed.mkdir(mode=0o700, parents=True)
    for place in (empty.parent, empty):
        place.chmod(0o755)
    shipped = embedded_binaries.shipped()
    for name in (embedded_binaries.PACKAGE, f"{embedded_binaries.PACKAGE}.libs"):
        shutil.copytree(shipped.site / name, closed / name, symlinks=True)
    for _ in range(2):  # made, and found again
        holder = child("hold", empty / "data", shelter, PYTHONPATH=str(closed))
        assert "url" in holder.said, holder.said
        assert program_of(holder.said["pid"]).is_relative_to(shelter)
        assert await ask(holder.said["url"], "SELECT 1") == 1
        holder.finish()
    assert len(list(shelter.iterdir())) == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_root
async def test_a_copy_of_the_programs_that_others_could_change_is_not_used(empty: Path) -> None:
    shelter = empty / "shelter"
    shelter.mkdir(parents=True)
    shelter.chmod(0o777)
    with pytest.raises(EmbeddedError) as refused:
        embedded_binaries.sheltered(embedded_binaries.shipped(), shelter)
    assert refused.value.code == "unsafe_folder"


@only_root
async def test_root_without_the_right_to_look_into_processes_adopts_too(folder: Path) -> None:
    """What root is in most containers: without the capability SYS_PTRACE."""
    weak = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    orphan = child("hold", folder, before=weak)
    orphan.kill()
    again = child("hold", folder, before=weak)
    assert again.said.get("adopted"), again.said
    assert again.said["pid"] == orphan.said["pid"]
    again.finish()
    assert processes_on(folder / "postgres") == []


@only_root
async def test_root_that_may_not_become_another_user_is_told(folder: Path) -> None:
    weak = ("setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid")
    said = told("hold", folder, before=weak)
    assert said["code"] == "no_unprivileged_user"
    assert "SETUID" in said["sentence"]


@only_root
async def test_a_database_that_was_given_to_root_is_refused_with_advice(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        data = one.server.data
    owner = data.stat().st_uid
    os.chown(data, 0, 0)
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(folder).start()
    assert refused.value.code == "wrong_owner"
    assert owner != 0


@only_root
async def test_root_does_not_write_through_a_link_of_the_server_account(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        data = one.server.data
    precious = folder / "precious"
    precious.write_text("root's")
    (data / "pg_hba.conf").unlink()
    (data / "pg_hba.conf").symlink_to(precious)
    async with serving(folder):
        pass
    assert precious.read_text() == "root's"
    assert not (data / "pg_hba.conf").is_symlink()


def dropped(folder: Path, uid: int, gid: int) -> tuple[str, str]:
    """Give `folder` to an ordinary user; arguments that make a child that user."""
    user = embedded_account.Account(uid, gid, "")
    if not user.reaches(embedded_binaries.shipped().postgres.parent):
        pytest.skip("NOT TESTED: an ordinary user cannot reach this virtual environment")
    folder.mkdir(mode=0o700)
    folder.parent.chmod(0o755)
    os.chown(folder, uid, gid)
    return "--as", f"{uid}:{gid}"


@only_root
async def test_an_ordinary_user_has_a_server_of_the_own(empty: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    who = dropped(empty, nobody.pw_uid, nobody.pw_gid)
    home = {"HOME": str(empty)}
    orphan = child(*who, "hold", empty / "data", **home)
    assert "url" in orphan.said, orphan.said
    assert (empty / "data" / "postgres").stat().st_uid == nobody.pw_uid
    said = told(*who, "login", databases.conninfo(orphan.said["url"]))
    assert said == {"refused": None}
    orphan.kill()
    again = child(*who, "hold", empty / "data", **home)
    assert again.said["adopted"]
    again.finish()
    assert processes_on(empty / "data" / "postgres") == []


@only_root
async def test_a_user_id_without_a_name_is_told(empty: Path) -> None:
    who = dropped(empty, 54321, 54321)
    said = told(*who, "hold", empty / "data")
    assert said["code"] == "no_account"
    assert "/etc/passwd" in said["sentence"]
