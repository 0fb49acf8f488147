"""A promotion template that changes: what it no longer names is left alone where it landed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import real_world
from real_world import said
from towpath.domain.content import ComponentContent, SourceContent
from towpath.domain.reasons import Code
from towpath.domain.wishes import Refused
from towpath.engine import perform, targets
from towpath.engine.remotes import Remotes
from towpath.git.adapter import GitRepositories

BOTH = ("$.image.tag", "$.replicas")
TAG = ("$.image.tag",)


def _promote(w: real_world.World, *paths: str) -> None:
    w.write("template.yaml", real_world.template("tag", {"values.yaml": paths}))


def _replicas(w: real_world.World, environment: str) -> object:
    return yaml.safe_load(w.shop.show(f"shop/{environment}/values.yaml")).get("replicas")


async def test_a_value_that_the_template_does_not_name_any_more_stays_where_it_is(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, *BOTH)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        _promote(w, *TAG)
        await w.until_in_force()
        await w.succeeded(await w.released("1.2.0"))
        for environment in ("qa", "prod"):
            assert w.tag(environment) == "1.2.0"
            assert _replicas(w, environment) == 2


async def test_what_is_taken_out_where_releases_begin_is_taken_out_everywhere(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, *BOTH)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        text = real_world.values("1.2.0", "dev").replace("replicas: 2\n", "")
        w.shop.commit({"shop/dev/values.yaml": text}, "one will do")
        (made,) = await w.look()
        await w.succeeded(made)
        assert [_replicas(w, e) for e in ("qa", "prod")] == [None, None]


async def test_a_rollback_to_before_a_value_was_promoted_leaves_the_value_where_it_is(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        _promote(w, *BOTH)
        await w.until_in_force()
        await w.succeeded(await w.released("1.2.0"))
        back = await w.running.commands.rollback("shop", "prod", "shop-1", False, "ada")
        await w.succeeded(back.id)
        assert (w.tag("prod"), _replicas(w, "prod")) == ("1.1.0", 2)


async def test_a_path_that_is_misspelt_later_makes_no_release_without_the_change(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        _promote(w, "$.image.tga")
        await w.until_in_force()
        w.push("1.2.0")
        assert await w.look() == []
        said(await w.trouble("component", "shop/dev/api"), Code.VALUE_MISSING, "$.image.tga")
        _promote(w, *TAG)
        await w.until_in_force()
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.tag("prod") == "1.2.0"
        assert await w.troubles() == []


async def test_a_template_that_names_no_file_any_more_is_trouble_and_makes_no_empty_release(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        await w.succeeded(await w.released("1.1.0"))
        w.write("template.yaml", real_world.template("tag", {"vals.yaml": ["*"]}))
        await w.until_in_force()
        w.push("1.2.0")
        assert await w.look() == []
        words = ("the promotion template selects nothing of api", "Correct")
        said(await w.trouble("component", "shop/dev/api"), Code.VALUE_MISSING, *words)
        with pytest.raises(Refused, match=r"the promotion template selects nothing of api"):
            await w.engine.commands.create("shop", "", "", "ada")
        _promote(w, *TAG)
        await w.until_in_force()
        (made,) = await w.look()
        await w.succeeded(made)
        assert await w.troubles() == []


async def _held(w: real_world.World) -> Mapping[str, Sequence[object]]:
    """The promoted values that are recorded of each environment."""
    held: dict[str, Sequence[object]] = {}
    for environment in w.environments:
        landed = await w.running.store.landed_in("shop", environment)
        (found,) = landed["api"].content.sources
        held[environment] = [value.value for file in found.files for value in file.values]
    return held


async def test_what_was_found_is_read_anew_where_it_was_found_when_the_template_changes(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, "$.image.tga")
    async with w.working(database_url):
        assert await _held(w) == {"dev": [], "qa": [], "prod": []}
        w.push("1.0.1", "prod")
        _promote(w, *TAG)
        await w.until_in_force()
        assert await w.look() == []
        assert await _held(w) == {"dev": ["1.0.0"], "qa": ["1.0.0"], "prod": ["1.0.0"]}
        _promote(w, *BOTH)
        await w.until_in_force()
        await w.succeeded(await w.released("1.1.0"))
        assert await _held(w) == {e: ["1.1.0", 2] for e in w.environments}
    _promote(w, *TAG)
    async with w.working(database_url):  # what a release brought stays as it was brought
        await w.until_in_force()
        assert await w.look() == []
        assert await _held(w) == {e: ["1.1.0", 2] for e in w.environments}


async def test_a_value_that_is_not_promoted_any_more_may_be_changed_by_hand(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, *BOTH)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        text = real_world.values("1.1.0", "prod").replace("replicas: 2", "replicas: 5")
        w.shop.commit({"shop/prod/values.yaml": text}, "five in prod")
        await w.look()
        assert await w.trouble("drift", "shop/prod/api")
        _promote(w, *TAG)
        await w.until_in_force()
        await w.look()
        assert await w.trouble("drift") is None
        w.shop.commit({"shop/prod/values.yaml": text.replace("5", "6")}, "six in prod")
        await w.look()
        assert await w.trouble("drift") is None
        w.shop.commit({"shop/prod/values.yaml": text.replace("1.1.0", "1.0.9")}, "back")
        await w.look()
        assert await w.trouble("drift", "shop/prod/api")


async def test_what_was_found_at_a_commit_that_is_gone_is_read_at_the_head_but_where_releases_begin(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, "$.image.tga")
    async with w.working(database_url):
        assert await _held(w) == {"dev": [], "qa": [], "prod": []}
    ada = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    anew = real_world.git(w.shop, *ada, "commit-tree", "-m", "anew", "main^{tree}")
    real_world.git(w.shop, "update-ref", "refs/heads/main", anew)
    _promote(w, *TAG)
    async with w.working(database_url, mirrors=tmp_path / "fresh"):
        await w.until_in_force()
        await w.look()
        held = await _held(w)
        assert (held["qa"], held["prod"]) == (["1.0.0"], ["1.0.0"])
        await w.succeeded("shop-1")  # what stands in dev is no longer what was found there


async def test_what_a_new_worker_takes_away_is_judged_by_what_its_mirror_has_to_fetch(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _promote(w, *BOTH)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        landed = await w.running.store.landed_in("shop", "prod")
        fresh = GitRepositories(tmp_path / "fresh")
        less = replace(landed["api"].content, sources=(_without_values(landed["api"].content),))
        config = w.running.in_force.catalog
        found = await targets.resolve(
            Remotes(fresh), config, "shop", "prod", {"api": less}, [("api", 0)]
        )
        (edit,) = await perform.edits(fresh, found, found, landed)
        assert edit.landed is not None
        assert [len(file.values) for file in edit.landed] == [2]


def _without_values(part: ComponentContent) -> SourceContent:
    (source,) = part.sources
    return replace(source, files=())
