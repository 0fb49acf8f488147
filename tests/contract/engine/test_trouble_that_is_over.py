"""Trouble ends with its cause, also when that went by a change of the configuration."""

from pathlib import Path

import real_world
from real_world import said, template, values
from towpath.domain.reasons import Code

NOT_UTF8 = b'image:\n  tag: "1.1.0"\n  owner: J\xf6rg\n'


async def test_what_left_the_configuration_while_nobody_looked_is_in_no_trouble(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/dev/values.yaml": NOT_UTF8})
    w.on_branch("qa", "nowhere")
    async with w.working(database_url):
        assert await w.trouble("component", "shop/dev/api")
        assert await w.troubles() != []
    (w.configuration / "shop.yaml").unlink()
    async with w.working(database_url):
        await w.until_in_force()
        await w.look()
        assert await w.troubles() == []
        await w.others_go_on()


async def test_a_template_that_is_corrected_makes_the_head_be_considered_again(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        both = {"values.yaml": ["$.image.tag"], "more.yaml": ["$.image.tag"]}
        w.write("template.yaml", template("tag", both))
        await w.until_in_force()
        w.shop.commit({"shop/dev/values.yaml": values("1.1.0"), "shop/dev/more.yaml": NOT_UTF8})
        assert await w.look() == []
        said(await w.trouble("component", "shop/dev/api"), Code.INVALID_CONFIGURATION, "UTF-8")
        w.write("template.yaml", template("tag", {"values.yaml": ["$.image.tag"]}))
        await w.until_in_force()
        (made,) = await w.look()
        await w.succeeded(made)
        assert await w.troubles() == []


async def test_a_corrected_template_makes_no_release_where_nothing_was_wrong(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.shop.commit({"shop/dev/more.yaml": values("7.0.0")})
        assert await w.look() == []
        more = {"values.yaml": ["$.image.tag"], "more.yaml": ["$.image.tag"]}
        w.write("template.yaml", template("tag", more))
        await w.until_in_force()
        assert await w.look() == []
