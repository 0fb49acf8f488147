"""Starting while the database is away: it is waited for, and then said what to do."""

import asyncio
import logging
from pathlib import Path

import pytest

from towpath import bootstrap
from towpath.bootstrap import CannotStart
from towpath.ports.store import StoreUnavailable
from towpath.settings import Settings
from towpath.storage import arrival, schema
from towpath.storage.embedded import Embedded

NOBODY = "postgresql+psycopg://towpath:secret@127.0.0.1:1/towpath"


def _settings(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, data_dir=folder, port=0)


async def test_a_database_that_stays_away_ends_the_start_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(arrival, "PATIENCE_S", 0.5)
    for http in (True, False):
        with pytest.raises(CannotStart) as raised:
            async with bootstrap.running(_settings(NOBODY, tmp_path), http=http):
                pass
        for said in ("'towpath' on 127.0.0.1, port 1", "refused", "TOWPATH_DATABASE_URL"):
            assert said in str(raised.value)
        assert "secret" not in str(raised.value) + caplog.text
        assert "\n" not in str(raised.value)


async def test_a_database_that_comes_later_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = Embedded(tmp_path / "data")
    url = (await own.start()).url
    await own.stop()
    with caplog.at_level(logging.WARNING):
        waiting = asyncio.create_task(arrival.awaited(url))
        async with asyncio.timeout(60):
            while "does not answer" not in caplog.text:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
            assert not waiting.done()
            await own.start()
            await waiting
    await own.stop()


async def test_who_is_told_to_stop_does_not_wait_for_the_database(tmp_path: Path) -> None:
    told = asyncio.Event()
    told.set()
    with pytest.raises(CannotStart, match="told to stop"):
        async with asyncio.timeout(30), bootstrap.running(_settings(NOBODY, tmp_path), told=told):
            pass


async def test_a_user_who_may_make_no_tables_is_told_so(database_url: str) -> None:
    mark = "&" if "?" in database_url else "?"
    with pytest.raises(StoreUnavailable, match="cannot be made: permission denied"):
        await schema.upgrade(f"{database_url}{mark}options=-csearch_path%3Dpg_catalog")
