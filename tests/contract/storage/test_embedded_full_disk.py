"""An embedded server on a full disk."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import small_disks
from embedded_world import (
    eventually,
    eventually_answers,
    serving,
    write,
)
from towpath.storage.embedded import Embedded, EmbeddedError


@pytest.fixture
def small_disk(empty: Path) -> Iterator[Path]:
    """A file system of its own with 100 MB."""
    with small_disks.mounted(empty, "100m"):
        yield empty


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
