"""What people change by hand where promotions write is shown until it is gone, with who did it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import real_world
from real_world import source, values
from towpath.domain.reasons import Code, Reason
from towpath.engine.drifting import Drifting
from towpath.engine.remotes import Remotes
from towpath.ports.errors import Temporary
from towpath.ports.store import StoreUnavailable

PLACE = "shop/prod/api"
Heads = Mapping[tuple[str, str], str]


async def _drift(w: real_world.World, place: str = PLACE) -> Reason | None:
    await w.look()
    return await w.trouble("drift", place)


async def test_a_value_changed_by_hand_is_shown_until_it_is_changed_back_or_promoted_over(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        assert await _drift(w) is None
        by = w.push("1.0.9", "prod")
        shown = await _drift(w)
        assert shown is not None
        assert shown.code is Code.CHANGED_BY_HAND
        assert shown.sentence.startswith("api in prod was changed by hand by ")
        assert shown.sentence.endswith(
            f" in {by[:7]}: shop/prod/values.yaml $.image.tag was 1.1.0 when it landed, is 1.0.9"
        )
        w.push("1.1.0", "prod")
        assert await _drift(w) is None
        w.push("1.0.8", "prod")
        await w.running.observer.look(str(w.shop.path))  # as after a refresh of it
        assert await w.trouble("drift", PLACE)
        w.push("1.2.0")
        (release,) = await w.look()
        await w.succeeded(release)
        assert await w.trouble("drift") is None  # gone with the landing, before anybody looks
        assert await _drift(w) is None


async def test_what_is_not_promoted_and_what_others_push_beside_it_is_no_change_by_hand(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        other = values("1.1.0", "prod").replace("replicas: 2", "replicas: 5")
        w.shop.commit({"shop/prod/values.yaml": other, "README": "x"}, "more replicas")
        assert await _drift(w) is None
        await w.released("1.2.0")  # a trigger environment makes releases instead
        assert await w.trouble("drift") is None


async def test_a_change_made_while_nobody_looked_and_a_branch_set_back_are_shown(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    before = w.shop.head()
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        await w.look()
    w.push("1.0.9", "prod")
    async with w.working(database_url):
        await w.until_in_force()
        assert await _drift(w)
        real_world.git(w.shop, "update-ref", "refs/heads/main", before)
        await w.look()  # the head may have been asked for before the landing
        await w.look()
        for environment in ("qa", "prod"):
            shown = await w.trouble("drift", f"shop/{environment}/api")
            assert shown is not None
            assert shown.sentence.endswith("was 1.1.0 when it landed, is 1.0.0")


async def test_a_head_that_was_asked_for_before_a_landing_says_nothing_of_it(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        w.push("1.0.9", "prod")
        older = {(str(w.shop.path), "main"): w.shop.head()}
        await w.succeeded(await w.released("1.2.0"))
        assert w.git is not None
        drifting = Drifting(w.running.store, w.git, Remotes(w.git), w.running.in_force)
        assert not await drifting.look("shop", "prod", older)
        assert await w.trouble("drift") is None
        newer = {(str(w.shop.path), "main"): w.shop.head()}
        assert await drifting.look("shop", "prod", newer)
        assert await w.trouble("drift") is None
        assert not await drifting.look("shop", "prod", {})  # nothing was asked for


async def test_what_cannot_be_compared_now_is_compared_later_and_stops_nobody(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = real_world.made(tmp_path)
    away = Temporary(Reason(Code.GIT_UNREACHABLE, "away"))
    look, failures = Drifting.look, [away, StoreUnavailable("away"), None]

    async def failing(self: Drifting, product: str, environment: str, heads: Heads) -> bool:
        if environment == "prod" and failures and (failure := failures.pop(0)):
            raise failure
        return await look(self, product, environment, heads)

    async with w.working(database_url, excused="towpath.engine.observe"):
        await w.succeeded(await w.released("1.1.0"))
        await w.look()
        monkeypatch.setattr(Drifting, "look", failing)
        w.push("1.0.9", "prod")
        w.push("1.0.9", "qa")
        assert await _drift(w) is None
        assert await w.trouble("drift", "shop/qa/api")
        assert await _drift(w) is None
        assert await _drift(w)  # though nothing was pushed since
        w.push("1.1.0", "prod")
        failures.append(RuntimeError("a defect of ours"))
        await w.others_go_on()
        assert failures == []


async def test_a_component_that_cannot_be_compared_stops_no_other(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    at = {e: {f"shop/{e}/about/values.yaml": values("1.0.0", e)} for e in w.environments}
    w.shop.commit({path: text for files in at.values() for path, text in files.items()}, "about")
    about = {e: source(w.shop, f"shop/{e}/about") for e in w.environments}

    def configure() -> None:
        ours = [_only(w, each) for each in w.environments]
        theirs = [
            real_world.application(f"about-{e}", "shop", e, "about", each)
            for e, each in about.items()
        ]
        w.write("shop.yaml", real_world.product("shop"), *ours, *theirs)

    configure()
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        await w.look()
        real_world.git(w.shop, "update-ref", "refs/tags/v1.0.0", "main")
        about["prod"]["targetRevision"] = "v1.0.0"  # where nothing can be promoted to
        configure()
        await w.until_in_force()
        w.push("1.0.9", "prod")
        assert await _drift(w)


async def test_an_environment_on_a_branch_of_its_own_is_compared_there(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    real_world.git(w.shop, "branch", "live", "main")
    w.on_branch("prod", "live")
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        w.push("1.0.9", "prod")  # main is not what production follows
        assert await _drift(w) is None
        w.shop.commit({"shop/prod/values.yaml": values("1.0.9", "prod")}, "pin", branch="live")
        assert await _drift(w)
        w.on_branch("prod", "main")
        await w.until_in_force()
        assert await _drift(w)  # there it is, too
        w.write("shop.yaml", real_world.product("shop"), _only(w, "dev"), _only(w, "qa"))
        await w.until_in_force()
        assert await _drift(w) is None  # nobody is told of what is no more


def _only(w: real_world.World, environment: str) -> real_world.Spec:
    at = source(w.shop, f"shop/{environment}")
    return real_world.application(f"shop-{environment}", "shop", environment, "api", at)
