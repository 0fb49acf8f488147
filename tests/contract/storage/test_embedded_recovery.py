"""An embedded server that goes away, or cannot start: brought back, or said why not."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

import databases
from embedded_world import (
    ask,
    child,
    eventually,
    eventually_answers,
    is_alive,
    processes_on,
    serving,
)
from towpath.storage import (
    embedded,
    embedded_files,
)
from towpath.storage.embedded import Embedded, EmbeddedError

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
