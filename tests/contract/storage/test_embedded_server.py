"""The embedded server: started, found again, stopped, wherever its folder is."""

import asyncio
import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest

import databases
from embedded_world import (
    a_stranger,
    ask,
    child,
    processes_on,
    serving,
    told,
    write,
)
from towpath.storage import (
    embedded,
    embedded_files,
)
from towpath.storage.embedded import Embedded, EmbeddedError, EmbeddedServer

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
