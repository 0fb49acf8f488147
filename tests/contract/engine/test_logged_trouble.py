"""What the server's log says of trouble: when it begins, when it changes and when it is over."""

import logging
from pathlib import Path

import pytest

import real_world
from real_world import document, template

TAG = {"values.yaml": ["$.image.tag"]}


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since the last time."""
    found = [f"{each.levelname} {each.getMessage()}" for each in caplog.records]
    caplog.clear()
    return found


async def test_trouble_is_logged_when_it_begins_changes_and_ends(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "towpath")
    async with real_world.made(tmp_path).working(database_url) as w:
        await w.look()
        _said(caplog)
        w.shop.commit({"shop/dev/values.yaml": "image: [\n"})
        await w.look()
        w.shop.commit({"shop/dev/other.yaml": "x: 1\n"})
        await w.look()
        (began,) = _said(caplog)
        assert began.startswith("WARNING component shop/dev/api: ")
        assert "shop/dev/values.yaml" in began
        w.shop.commit({"shop/dev/values.yaml": "image: {tag: a, tag: b}\n"})
        await w.look()
        await w.look()
        (changed,) = _said(caplog)
        assert changed.startswith("WARNING component shop/dev/api: ")
        assert "twice" in changed
        w.push("1.1.0")
        (made,) = await w.look()
        assert "INFO component shop/dev/api: no longer in trouble" in _said(caplog)
        await w.succeeded(made)

        away = w.shop.path.rename(tmp_path / "away")
        await w.look()
        await w.look()
        (gone,) = _said(caplog)
        assert gone.startswith(f"WARNING repository {w.shop.path}: there is no repository at")
        away.rename(w.shop.path)
        await w.look()
        assert _said(caplog) == [f"INFO repository {w.shop.path}: no longer in trouble"]


async def test_trouble_from_before_the_start_is_logged_anew(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = real_world.made(tmp_path)
    world.shop.commit({"shop/dev/values.yaml": "image: [\n"})
    for _ in range(2):
        async with world.working(database_url) as w:
            await w.look()
            began = [each for each in _said(caplog) if "component shop/dev/api" in each]
            assert len(began) == 1


async def test_a_configuration_that_cannot_be_used_is_logged_with_its_errors_and_so_is_the_next(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "towpath")
    async with real_world.made(tmp_path).working(database_url) as w:
        _said(caplog)
        w.write("more.yaml", document("Produkt", "x", {}))
        await w.until_read()
        refused, error = _said(caplog)
        assert "cannot be used" in refused
        assert "stays in force" in refused
        assert error.startswith("WARNING more.yaml:2:7: unknown_kind: ")
        w.write("more.yaml", template("more", TAG))
        await w.until_in_force()
        (mended,) = _said(caplog)
        assert mended.startswith("INFO configuration ")
        assert mended.endswith(" is in force")


async def test_a_configuration_source_that_is_away_is_logged_once(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    w = real_world.made(tmp_path)
    w.described_in = real_world.origin(tmp_path, "described")
    w.described_in.commit(
        {path.name: path.read_bytes() for path in sorted(w.configuration.iterdir())}
    )
    caplog.set_level(logging.INFO, "towpath")
    async with w.working(database_url):
        _said(caplog)
        away = w.described_in.path.rename(tmp_path / "away")
        for _ in range(2):
            with pytest.raises(Exception, match="there is no repository at"):
                await w.running.configuring.read_source()
        (gone,) = _said(caplog)
        assert gone.startswith(f"WARNING configuration {w.described_in.path}: there is no")
        away.rename(w.described_in.path)
        await w.running.configuring.read_source()
        assert _said(caplog) == [f"INFO configuration {w.described_in.path}: no longer in trouble"]
