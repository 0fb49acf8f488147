"""The embedded server against the real PostgreSQL, real kills, real other users and a full disk."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

import databases
from towpath.storage import (
    embedded,
    embedded_account,
    embedded_binaries,
    embedded_files,
    embedded_process,
)
from towpath.storage.embedded import Embedded, EmbeddedError, EmbeddedServer

CHILD = Path(__file__).with_name("embedded_child.py")
PATIENCE = 60.0
ENVIRONMENT = {**os.environ, "EMBEDDED_SETTINGS": json.dumps(databases.QUICK)}
AS_ROOT = os.geteuid() == 0

only_root = pytest.mark.skipif(not AS_ROOT, reason="NOT TESTED: needs root to become another user")


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


@asynccontextmanager
async def serving(folder: Path, **options: Any) -> AsyncIterator[Embedded]:
    one = Embedded(folder, **{"settings": databases.QUICK, **options})
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def ask(url: str, query: str) -> Any:
    async with await psycopg.AsyncConnection.connect(databases.conninfo(url)) as connection:
        row = await (await connection.execute(query.encode())).fetchone()
        return row[0] if row else None


async def write(url: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(databases.conninfo(url)) as connection:
        for statement in statements:
            await connection.execute(statement.encode())


async def eventually(question: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (answer := question()):  # noqa: ASYNC110 - other processes cannot set an event
            await asyncio.sleep(0.05)
        return answer


async def eventually_answers(url: str, query: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(psycopg.OperationalError):
                return await ask(url, query)
            await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def processes_on(data: Path) -> list[int]:
    return embedded_process.left_over(data)


class Child:
    """A towpath process of its own that holds a server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        self.said: dict[str, Any] = json.loads(process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def finish(self) -> None:
        _, errors = self.process.communicate("", timeout=PATIENCE)
        assert not errors


def command(arguments: tuple[object, ...], before: tuple[str, ...]) -> list[str]:
    return [*before, sys.executable, str(CHILD), *map(str, arguments)]


def child(*arguments: object, before: tuple[str, ...] = (), **environment: str) -> Child:
    """Start a child that goes on; the test kills or finishes it."""
    return Child(
        subprocess.Popen(
            command(arguments, before),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, **environment},
        )
    )


def told(*arguments: object, before: tuple[str, ...] = ()) -> Any:
    """What a child says that ends by itself."""
    done = subprocess.run(
        command(arguments, before),
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=ENVIRONMENT,
    )
    assert not done.stderr
    return json.loads(done.stdout)


def a_stranger(uid: int) -> "subprocess.Popen[bytes]":
    """A living process of the server's account that has nothing to do with it."""
    return subprocess.Popen(["sleep", "100"], user=uid if AS_ROOT else None)


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def open_to_all(server: EmbeddedServer) -> None:
    for place in (server.data.parent.parent, server.data.parent, server.data):
        place.chmod(0o755)
    (server.data / ".s.PGSQL.5432").chmod(0o777)


def somebody_else(server: EmbeddedServer) -> str:
    """An account that is neither ours nor the server's, as UID:GID."""
    taken = {os.geteuid(), server.data.stat().st_uid}
    found = [entry for entry in pwd.getpwall() if entry.pw_uid not in taken]
    best = next((entry for entry in found if entry.pw_name == "nobody"), found[0])
    return f"{best.pw_uid}:{best.pw_gid}"


# Start, find again, stop


async def test_a_first_start_makes_an_ordinary_database_in_utf8_and_utc(empty: Path) -> None:
    async with embedded.running(empty) as server:
        assert await ask(server.url, "SELECT current_database()") == "towpath"
        assert await ask(server.url, "SELECT current_user") == "towpath"
        assert await ask(server.url, "SHOW is_superuser") == "off"
        assert await ask(server.url, "SHOW server_encoding") == "UTF8"
        assert await ask(server.url, "SHOW timezone") == "UTC"
        assert await ask(server.url, "SHOW data_checksums") == "on"
        assert await ask(server.url, "SHOW fsync") == "on"
        assert await ask(server.url, "SHOW listen_addresses") == ""
        assert await ask(server.url, "SHOW max_connections") == "100"
        assert await ask(server.url, "SELECT lower('ÄÖ')") == "äö"


async def test_a_stop_leaves_no_process_and_the_data(folder: Path) -> None:
    async with embedded.running(folder, settings=databases.QUICK) as server:
        await write(server.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    assert processes_on(server.data) == []
    async with embedded.running(folder, settings=databases.QUICK) as again:
        assert again.url == server.url
        assert not again.adopted
        assert await ask(again.url, "SELECT n FROM kept") == 7


async def test_a_stop_does_not_wait_for_clients(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        client = await psycopg.AsyncConnection.connect(databases.conninfo(one.server.url))
        await one.stop()
        with pytest.raises(psycopg.OperationalError):
            await client.execute("SELECT 1")
        await client.close()


async def test_the_url_is_known_to_other_processes_of_this_user_only(folder: Path) -> None:
    with pytest.raises(EmbeddedError) as unknown:
        embedded.known_url(folder)
    assert unknown.value.code == "not_prepared"
    async with serving(folder) as one:
        assert one.server is not None
        assert embedded.known_url(folder) == one.server.url
        assert stat.S_IMODE((folder / "postgres.url").stat().st_mode) == 0o600
        said = told("login", databases.conninfo(embedded.known_url(folder)))
        assert said == {"refused": None}


async def test_a_server_that_is_killed_is_found_again_at_once_with_what_was_committed(
    folder: Path,
) -> None:
    async with serving(folder, settings={}) as one:
        assert one.server is not None
        killed = one.server
        await write(killed.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        os.kill(killed.pid, signal.SIGKILL)
        again = await one.ensure()
        assert again.pid != killed.pid
        assert again.url == killed.url
        assert await ask(again.url, "SELECT n FROM kept") == 7


async def test_a_server_that_answers_is_left_alone(folder: Path) -> None:
    async with serving(folder) as one:
        before = one.server
        assert before is not None
        assert (await one.ensure()).pid == before.pid


async def test_a_server_whose_owner_was_killed_is_adopted_and_can_be_stopped(folder: Path) -> None:
    orphan = child("hold", folder)
    orphan.kill()
    async with embedded.running(folder, settings=databases.QUICK) as server:
        assert server.adopted
        assert server.pid == orphan.said["pid"]
        assert await ask(server.url, "SELECT 1") == 1
    assert processes_on(server.data) == []


async def test_a_server_with_other_settings_is_not_adopted_but_replaced(folder: Path) -> None:
    orphan = child("hold", folder)
    orphan.kill()
    async with embedded.running(folder) as server:
        assert not server.adopted
        assert server.pid != orphan.said["pid"]
        assert await ask(server.url, "SHOW fsync") == "on"


async def test_owner_and_server_killed_together_are_found_again_the_first_time(
    folder: Path,
) -> None:
    orphan = child("hold", folder)
    os.kill(orphan.said["pid"], signal.SIGKILL)
    orphan.kill()
    async with embedded.running(folder, settings=databases.QUICK) as server:
        assert not server.adopted
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_backend_at_work_outlives_its_server_and_does_not_stop_the_next(
    folder: Path,
) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        url = one.server.url
        busy = await psycopg.AsyncConnection.connect(databases.conninfo(url))
        forever = asyncio.create_task(
            busy.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
        )
        await asyncio.sleep(0.3)
        os.kill(one.server.pid, signal.SIGKILL)
        await one.ensure()
        assert await ask(url, "SELECT 1") == 1
        with pytest.raises(psycopg.OperationalError):
            await forever
        await busy.close()


async def test_a_server_that_hangs_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "QUIT_PATIENCE", 0.5)
    orphan = child("hold", folder)
    orphan.kill()
    os.kill(orphan.said["pid"], signal.SIGSTOP)
    async with serving(folder, stop_deadline=0.5) as one:
        assert one.server is not None
        assert await ask(one.server.url, "SELECT 1") == 1
        assert orphan.said["pid"] not in processes_on(one.server.data)


@pytest.mark.parametrize("who", ["init", "ourselves", "a process of the server's account"])
async def test_a_stale_pid_file_that_names_a_living_process_does_not_block(
    folder: Path, who: str
) -> None:
    orphan = child("hold", folder)
    os.kill(orphan.said["pid"], signal.SIGKILL)
    orphan.kill()
    stranger = a_stranger((folder / "postgres").stat().st_uid)
    named = {"init": 1, "ourselves": os.getpid()}.get(who, stranger.pid)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        file = folder / "postgres" / name
        _, _, rest = file.read_text().partition("\n")
        file.write_text(f"{named}\n{rest}")
    async with embedded.running(folder, settings=databases.QUICK) as server:
        assert await ask(server.url, "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def test_a_start_that_was_cut_short_is_done_anew(empty: Path) -> None:
    (empty / "postgres.new").mkdir(parents=True)
    (empty / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with serving(empty) as one:
        assert one.server is not None
        assert await ask(one.server.url, "SELECT 1") == 1
    assert not (empty / "postgres.new").exists()


# Paths


@pytest.mark.parametrize(
    "name", ["with space", "mit Umläuten ✓", "a,b:c", "x" * 200, "q'uo\"te$HOME`%41+", "new\nline"]
)
async def test_a_path_of_any_kind_works(empty: Path, name: str) -> None:
    async with serving(empty / name) as one:
        assert one.server is not None
        assert await ask(one.server.url, "SELECT 1") == 1
        first = one.server.url
        sockets = embedded_files.recorded_socket_folder(embedded_files.Layout(empty / name))
        assert sockets is not None
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 107
    async with serving(empty / name) as one:
        assert one.server is not None
        assert one.server.url == first
    if sockets != one_data(empty / name):
        sockets.rmdir()


def one_data(folder: Path) -> Path:
    return folder.resolve() / "postgres"


async def test_a_path_longer_than_postgresql_allows_works(empty: Path) -> None:
    long = empty.joinpath(*["y" * 200] * 6)
    async with serving(long) as one:
        assert one.server is not None
        assert await ask(one.server.url, "SELECT 1") == 1
        sockets = embedded_files.recorded_socket_folder(embedded_files.Layout(long))
    assert sockets is not None
    sockets.rmdir()


async def test_a_socket_folder_that_became_a_link_is_refused(empty: Path) -> None:
    long = empty / ("z" * 200)
    async with serving(long) as one:
        assert one.server is not None
        first = one.server.url
        sockets = embedded_files.recorded_socket_folder(embedded_files.Layout(long))
    assert sockets is not None
    sockets.rmdir()
    trap = empty / "trap"
    trap.mkdir()
    sockets.symlink_to(trap)
    async with serving(long) as one:
        assert one.server is not None
        assert one.server.url != first
        assert list(trap.iterdir()) == []
        others = embedded_files.recorded_socket_folder(embedded_files.Layout(long))
    sockets.unlink()
    assert others is not None
    others.rmdir()


# Owners


async def test_a_second_owner_is_refused_at_once_and_told_who_holds_the_folder(
    folder: Path,
) -> None:
    holder = child("hold", folder)
    with pytest.raises(EmbeddedError) as refused:
        async with embedded.running(folder, settings=databases.QUICK):
            pass
    assert refused.value.code == "data_folder_in_use"
    assert f"process {holder.process.pid} on {os.uname().nodename}" in refused.value.sentence
    assert await ask(holder.said["url"], "SELECT 1") == 1
    holder.finish()


async def test_of_two_starts_at_once_one_wins(empty: Path) -> None:
    both = Embedded(empty), Embedded(empty)
    results = await asyncio.gather(*(one.start() for one in both), return_exceptions=True)
    lost = [result for result in results if isinstance(result, EmbeddedError)]
    assert [error.code for error in lost] == ["data_folder_in_use"]
    assert sum(isinstance(result, EmbeddedServer) for result in results) == 1
    for one in both:
        await one.stop()


# Restarts


async def test_a_database_that_goes_away_comes_back_by_itself_at_the_same_url(
    folder: Path,
) -> None:
    async with embedded.running(folder, settings=databases.QUICK) as server:
        for _ in range(2):
            pid = int((server.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
            await eventually(lambda pid=pid: not is_alive(pid))
            assert await eventually_answers(server.url, "SELECT 1") == 1
    assert processes_on(server.data) == []


async def test_an_adopted_server_that_dies_comes_back_too(folder: Path) -> None:
    orphan = child("hold", folder)
    orphan.kill()
    async with embedded.running(folder, settings=databases.QUICK) as server:
        assert server.adopted
        os.kill(server.pid, signal.SIGKILL)
        await eventually(lambda: not is_alive(server.pid))
        assert await eventually_answers(server.url, "SELECT 1") == 1
    assert processes_on(server.data) == []


async def test_a_server_that_lost_its_socket_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TICK", 0.1)
    async with embedded.running(folder, settings=databases.QUICK) as server:
        (server.data / ".s.PGSQL.5432").unlink()
        assert await eventually_answers(server.url, "SELECT 1") == 1


async def test_the_log_is_kept_small(folder: Path) -> None:
    async with serving(folder) as one:
        assert one.server is not None
        where = embedded_files.Layout(folder)
        embedded_files.bound_log(where, limit=10)
        assert embedded_files.log_size(where) == 0
        assert "ready to accept connections" in where.log.with_name("postgres.log.1").read_text()
        with pytest.raises(psycopg.errors.UndefinedTable):
            await ask(one.server.url, "SELECT * FROM nowhere")
        assert "nowhere" in where.log.read_text()


# Bad input


async def test_a_database_of_another_version_is_refused(folder: Path) -> None:
    async with serving(folder):
        pass
    (folder / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(folder).start()
    assert refused.value.code == "wrong_version"
    assert "PostgreSQL 17" in refused.value.sentence


async def test_a_folder_that_is_no_database_is_left_alone(empty: Path) -> None:
    (empty / "postgres").mkdir(parents=True)
    (empty / "postgres" / "precious").write_text("mine")
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(empty).start()
    assert refused.value.code == "cannot_start"
    assert (empty / "postgres" / "precious").read_text() == "mine"


async def test_a_server_that_cannot_start_says_why_with_its_own_words(folder: Path) -> None:
    async with serving(folder):
        pass
    (folder / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(folder).start()
    assert refused.value.code == "cannot_start"
    assert "no_such_setting" in refused.value.sentence


async def test_a_start_without_enough_time_leaves_no_process(folder: Path) -> None:
    async with serving(folder):
        pass
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(folder, start_deadline=0.02).start()
    assert refused.value.code == "cannot_start"
    assert processes_on(folder / "postgres") == []
    async with serving(folder):
        pass


# A full disk


@pytest.fixture
def small_disk(empty: Path) -> Iterator[Path]:
    """A file system of its own with 100 MB."""
    empty.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=0755", "tmpfs", str(empty)]
    if not AS_ROOT or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("NOT TESTED: a full disk needs a file system of its own (mount)")
    yield empty
    subprocess.run(["umount", str(empty)], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leave)
    return filler


async def test_a_first_start_on_a_full_disk_says_so_and_leaves_nothing(small_disk: Path) -> None:
    filler = fill(small_disk, leave=20 * 1024 * 1024)
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(small_disk).start()
    assert refused.value.code == "disk_full"
    assert str(small_disk) in refused.value.sentence
    assert not (small_disk / "postgres.new").exists()
    filler.unlink()
    async with serving(small_disk) as one:
        assert one.trouble is None


async def test_not_one_free_byte_is_a_full_disk_too(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(small_disk).start()
    assert refused.value.code == "disk_full"


async def test_a_disk_that_fills_up_and_gets_space_again_heals_without_loss(
    small_disk: Path,
) -> None:
    one = Embedded(small_disk)
    server = await one.start()
    watching = asyncio.create_task(one.watch())
    await write(server.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    filler = fill(small_disk)
    with pytest.raises(psycopg.Error):
        await write(
            server.url,
            "CREATE TABLE big AS SELECT repeat(n::text, 100) FROM generate_series(1, 1000000) n",
        )
    with suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGKILL)
    await eventually(lambda: one.trouble)
    assert one.trouble is not None
    assert one.trouble.code == "disk_full"
    filler.unlink()
    assert await eventually_answers(server.url, "SELECT n FROM kept") == 7
    await eventually(lambda: one.trouble is None)
    watching.cancel()
    await asyncio.wait({watching})
    await one.stop()


# Other users of the machine


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


# What other tests use


async def test_a_test_gets_an_empty_database(database_url: str) -> None:
    assert (
        await ask(database_url, "SELECT count(*) FROM pg_tables WHERE tableowner = 'towpath'") == 0
    )
    await write(database_url, "CREATE TABLE left_behind (n int)")


async def test_the_next_test_gets_another_one(database_url: str) -> None:
    assert await ask(database_url, "SELECT to_regclass('left_behind')") is None
