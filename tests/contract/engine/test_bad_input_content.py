"""What people's files look like, and what was changed in them by hand, through whole promotions."""

from pathlib import Path

import real_world
from real_world import document, flow, promotion, said, template, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status


async def test_a_value_changed_by_hand_is_overwritten_and_named(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        by_hand = w.shop.commit({"shop/prod/values.yaml": values("6.6.6", "prod")}, author="Eve")
        made = await w.released("1.2.0")
        await w.succeeded(made)
        assert w.tag("prod") == "1.2.0"
        rows = await w.rows("SELECT kind, data::text FROM event WHERE environment = 'prod'")
        (drift,) = [data for kind, data in rows if kind == "DriftFound"]
        assert all(word in drift for word in (by_hand[:7], "Eve", "6.6.6", "1.1.0"))


async def test_a_value_changed_by_hand_is_held_until_somebody_decides(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("flow.yaml", flow("main", *w.environments, policy={"onDrift": "hold"}))
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        w.shop.commit({"shop/prod/values.yaml": values("6.6.6", "prod")}, author="Eve")
        made = await w.released("1.2.0")
        stopped = await w.stopped_at(made, "prod", Code.CHANGED_BY_HAND)
        assert stopped.status is Status.SUSPENDED
        said(stopped.reason, Code.CHANGED_BY_HAND, "Eve", "6.6.6", "Retry to overwrite")
        assert (w.tag("qa"), w.tag("prod")) == ("1.2.0", "6.6.6")
        await w.others_go_on()
        await w.running.commands.retry(made, "prod", "ada")
        await w.succeeded(made)
        assert w.tag("prod") == "1.2.0"


async def test_whole_files_are_promoted_with_their_mode_links_and_removals(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("whole.yaml", template("whole", {"bundle/**": ["*"]}))
    w.write_product("shop", w.shop, template="whole")
    script = ("100755", b"#!/bin/sh\r\necho \xff\n")
    first = {"run.sh": script, "old.bin": b"\x00\x01", "link": ("120000", b"run.sh")}
    w.shop.commit({f"shop/dev/bundle/{name}": body for name, body in first.items()})
    w.shop.commit({"shop/prod/bundle/kept.txt": "only here\n"})
    async with w.working(database_url):
        w.shop.commit({"shop/dev/bundle/new.bin": b"\x00"})
        (made,) = await w.look()
        await w.succeeded(made)
        listed = real_world.git(w.shop, "ls-tree", "-r", "main", "shop/prod/bundle/")
        modes = {line.rpartition("/")[2]: line[:6] for line in listed.splitlines()}
        assert modes == {
            "run.sh": "100755",
            "old.bin": "100644",
            "new.bin": "100644",
            "link": "120000",
            "kept.txt": "100644",
        }
        assert w.shop.show("shop/prod/bundle/run.sh") == script[1]
        w.shop.commit({"shop/dev/bundle/old.bin": None, "shop/dev/bundle/link": None})
        (made,) = await w.look()
        await w.succeeded(made)
        assert sorted(n for n in w.shop.names() if n.startswith("shop/prod/bundle")) == [
            "shop/prod/bundle/kept.txt",
            "shop/prod/bundle/new.bin",
            "shop/prod/bundle/run.sh",
        ]


async def test_a_value_that_is_new_in_the_source_is_added_in_the_style_of_the_target(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("template.yaml", template("tag", {"values.yaml": ["$.image"]}))
    w.shop.commit({"shop/prod/values.yaml": "image:\n    name: app   # four\n    tag: 1.0.0\n"})
    async with w.working(database_url):
        w.shop.commit(
            {"shop/dev/values.yaml": "image:\n  name: app\n  tag: 1.1.0\n  digest: sha256:1f\n"}
        )
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.shop.show("shop/prod/values.yaml") == (
            b"image:\n    name: app   # four\n    tag: 1.1.0\n    digest: sha256:1f\n"
        )
        await w.others_go_on()


async def test_line_ends_of_windows_stay_through_a_whole_promotion(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    before = b'\xef\xbb\xbf# prod\r\nimage:\r\n  tag: "1.0.0"   # promoted\r\nreplicas: 2'
    w.shop.commit({"shop/prod/values.yaml": before})
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        assert w.shop.show("shop/prod/values.yaml") == before.replace(b"1.0.0", b"1.1.0")


async def test_a_value_that_the_source_shares_by_an_anchor_is_read_as_what_it_stands_for(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.shop.commit(
            {"shop/dev/values.yaml": "base: &base\n  tag: &tag 1.1.0\nimage:\n  <<: *base\n"}
        )
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"


async def test_nothing_of_a_folder_that_the_template_does_not_name_is_touched(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/prod/secret.yaml": "a: 1\n", "shop/dev/secret.yaml": "a: 2\n"})
    async with w.working(database_url):
        before = {n: w.shop.show(n) for n in w.shop.names() if "prod" in n}
        done = await w.succeeded(await w.released("1.1.0"))
        after = {n: w.shop.show(n) for n in w.shop.names() if "prod" in n}
        assert {n for n in after if after[n] != before.get(n)} == {"shop/prod/values.yaml"}
        assert len(promotion(done, "prod").landings) == 1


async def test_a_template_without_rules_promotes_the_images_it_finds(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("template.yaml", document("PromotionTemplate", "tag", {}))
    rendered = "image:\n  repository: registry.example/app\n  tag: {}\nreplicas: 1\n"
    w.shop.commit({f"shop/{e}/values.yaml": rendered.format("1.0.0") for e in w.environments})
    w.other.commit({f"other/{e}/values.yaml": rendered.format("1.0.0") for e in w.environments})
    async with w.working(database_url):
        w.shop.commit({"shop/dev/values.yaml": rendered.format("1.1.0")})
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"
