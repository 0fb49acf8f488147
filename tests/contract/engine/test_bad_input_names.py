"""Bytes that are no text where text is expected: names of files, versions, people's commits."""

from pathlib import Path

import pytest

import git_servers
import real_world
from real_world import said, template, values
from towpath.domain.reasons import Code
from towpath.engine import discovery


async def test_a_file_whose_name_is_no_text_is_not_promoted_and_stops_nobody(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("whole.yaml", template("whole", {"**": ["*"]}))
    w.write_product("shop", w.shop, template="whole")
    async with w.working(database_url):
        _add(w.shop, b"shop/dev/J\xf6rg.txt")
        assert await w.look() == []
        reason = await w.trouble("component", "shop/dev/api")
        said(reason, Code.UNSUPPORTED, "J\\xf6rg.txt", "UTF-8")
        await w.others_go_on()


async def test_a_version_with_a_zero_byte_is_shown_without_it_and_promoted_with_it(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    told = template("tag", {"values.yaml": ["$.image.tag"]})
    told["spec"]["versionSource"] = {"file": "values.yaml", "jsonPath": "$.image.tag"}
    w.write("template.yaml", told)
    async with w.working(database_url):
        w.shop.commit({"shop/dev/values.yaml": values("1\\0")})
        (made,) = await w.look()
        assert (await w.succeeded(made)).version == "1\ufffd"
        assert rb'tag: "1\0"' in w.shop.show("shop/prod/values.yaml")


async def test_a_defect_of_ours_with_one_product_is_shown_and_stops_no_other(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    consider = discovery.Discovery.consider

    async def broken(of: discovery.Discovery, product: str, at: discovery.Revisions) -> object:
        if product == "shop":
            raise ValueError("nobody foresaw this")
        return await consider(of, product, at)

    excused = "towpath.engine.defects"
    async with real_world.made(tmp_path).working(database_url, excused=excused) as w:
        monkeypatch.setattr(discovery.Discovery, "consider", broken)
        w.push("1.1.0")
        assert await w.look() == []
        said(await w.trouble("product", "shop"), Code.UNSUPPORTED, "nobody foresaw this", "defect")
        await w.others_go_on()
        monkeypatch.undo()
        (made,) = await w.look()
        await w.succeeded(made)
        assert await w.troubles() == []


def _add(remote: git_servers.Origin, path: bytes) -> None:
    person = b"Ada <ada@example.org> 1750000900 +0000"
    commit = b"commit refs/heads/main\ncommitter %b\ndata 2\nx\n"
    commit += b"from %b\nM 644 inline %b\ndata 1\nx\n"
    stream = commit % (person, remote.head().encode(), path)
    git_servers.git(remote.path, "fast-import", "--quiet", given=stream)
