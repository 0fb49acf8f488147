"""What the engine stands on goes away and comes back: a disk, the database, a second server."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import databases
import real_world
import small_disks
from real_world import promotion, said, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.storage.embedded import Embedded

REFUSED_WITHIN_S = 60


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 8 MB, for the mirrors."""
    with small_disks.mounted(tmp_path / "disk", "8m") as disk:
        yield disk


async def test_a_promotion_on_a_full_disk_goes_on_running_says_so_and_heals(
    tmp_path: Path, database_url: str, small_disk: Path
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url, mirrors=small_disk / "mirrors"):
        await w.running.commands.lock("shop", "qa", "", None, "ada")
        made = await w.released("1.1.0")
        await w.until_so(made, lambda r: r.status is Status.SUSPENDED)
        filler = small_disk / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free)
        await w.running.commands.unlock("shop", "qa", "ada")

        def full(found: object) -> bool:
            reason = promotion(found, "qa").reason  # type: ignore[arg-type]
            return reason is not None and reason.code is Code.DISK_FULL

        held = await w.until_so(made, full)
        assert held.status is Status.RUNNING
        said(promotion(held, "qa").reason, Code.DISK_FULL, "the disk is full", "Free space")
        w.other.commit({"other/dev/values.yaml": values("1.1.0")})
        await w.look()
        said(await w.trouble("repository", str(w.other.path)), Code.DISK_FULL, "Free space")
        filler.unlink()
        await w.succeeded(made)
        (other,) = await w.look()
        await w.succeeded(other)
        assert await w.troubles() == []


async def test_a_promotion_goes_on_when_the_database_comes_back(tmp_path: Path) -> None:
    w = real_world.made(tmp_path)
    embedded = Embedded(tmp_path / "database", settings=databases.QUICK)
    server = await embedded.start()
    try:
        async with w.working(server.url):
            await w.running.commands.lock("shop", "prod", "", None, "ada")
            made = await w.released("1.1.0")
            await w.until_so(made, lambda r: r.status is Status.SUSPENDED)
            w.shop.hook("pre-receive", "sleep 1")
            await w.running.commands.unlock("shop", "prod", "ada")
            await asyncio.sleep(0.5)
            await embedded.stop()
            await asyncio.sleep(1)
            assert (await embedded.start()).url == server.url
            (w.shop.path / "hooks" / "pre-receive").unlink()
            done = await w.succeeded(made)
            assert len(promotion(done, "prod").landings) == 1
            log = real_world.git(w.shop, "log", "--format=%B", "main", "--", "shop/prod")
            assert log.count("Towpath-Promotion") == 1
            await w.others_go_on()
    finally:
        await embedded.stop()


async def test_a_second_server_on_one_data_folder_ends_with_one_clear_sentence(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    embedded = Embedded(folder, settings=databases.QUICK)
    await embedded.start()
    try:
        towpath = str(Path(sys.executable).parent / "towpath")
        second = await asyncio.create_subprocess_exec(
            *(towpath, "serve", "--data-dir", str(folder), "--port", "0"),
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(second.communicate(), REFUSED_WITHIN_S)
    finally:
        await embedded.stop()
    lines = [line for line in output.decode().splitlines() if " INFO " not in line]
    told = " ".join(" ".join(lines).split())
    assert second.returncode == 1
    assert str(folder) in told.replace(" ", "")
    assert "Stop that one" in told
    assert "Traceback" not in told
