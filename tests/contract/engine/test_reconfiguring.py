"""The configuration changes while releases are under way: what waits learns of it at once, also
while no server ran, and nothing is lost by it."""

import asyncio
from pathlib import Path

import pytest

import real_world
from real_world import ENVIRONMENTS, application, document, flow, product, source, values
from towpath.domain.reasons import Code
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.domain.wishes import Refused

FROZEN = {"kind": "deny", "rrule": "FREQ=DAILY", "duration": "24h", "timezone": "Europe/Berlin"}


def _windows(w: real_world.World, *windows: real_world.Spec) -> None:
    known = {e: {"windows": list(windows)} if e == "prod" else {} for e in ENVIRONMENTS}
    w.write("environments.yaml", *(document("Environment", e, s) for e, s in known.items()))


def _is_held(found: Release) -> bool:
    reason = real_world.promotion(found, "prod").reason
    return reason is not None and reason.code is Code.WINDOW_CLOSED


async def test_a_window_that_is_taken_away_lets_go_whom_it_held(
    tmp_path: Path, database_url: str
) -> None:
    world = real_world.made(tmp_path)
    _windows(world, FROZEN)
    async with world.working(database_url) as w:
        first = await w.released("1.1.0")
        await w.until_so(first, _is_held)
        _windows(w)
        await w.succeeded(first)
        _windows(w, FROZEN)
        await w.until_in_force()
        second = await w.released("1.2.0")
        await w.until_so(second, _is_held)
    _windows(world)
    async with world.working(database_url) as w:
        await w.succeeded(second)


async def test_a_queue_that_is_taken_away_lets_go_whom_it_held(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:

        def queue(mode: str) -> None:
            of = product("shop")
            of["spec"]["concurrency"] = mode
            w.write("shop.yaml", of, *_applications("shop", w.shop))

        queue("queue")
        w.write("flow.yaml", flow("main", *ENVIRONMENTS, policy={"approval": {"required": 1}}))
        await w.until_in_force()
        first, second = await w.released("1.1.0"), await w.released("1.2.0")
        await w.stopped_at(first, "qa", Code.APPROVAL_NEEDED)
        await w.until_so(second, lambda r: r.course.status is Status.QUEUED)
        queue("supersede")
        await w.stopped_at(second, "qa", Code.APPROVAL_NEEDED)


async def test_who_stops_leaves_the_looking_to_the_next_one_at_once(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        looking = asyncio.create_task(w.running.observer.run())

        async def is_taken() -> bool:
            return not await w.running.store.take_duty("observe", "worker-2", 0)

        await w.until("somebody looks", is_taken)
        looking.cancel()
        await asyncio.wait([looking])
        assert await w.running.store.take_duty("observe", "worker-2", 20)


@pytest.mark.parametrize(
    ("renamed", "reached"), [("delivery", ENVIRONMENTS), ("main", ("dev", "qa"))]
)
async def test_a_retry_loses_no_gate_of_a_flow_that_does_not_go_there_any_more(
    tmp_path: Path, database_url: str, renamed: str, reached: tuple[str, ...]
) -> None:
    policy = {"approval": {"required": 1}}
    async with real_world.made(tmp_path).working(database_url) as w:
        w.write("flow.yaml", flow("main", *ENVIRONMENTS, policy=policy))
        await w.until_in_force()
        release, ask = await w.released("1.1.0"), w.running.commands
        await w.stopped_at(release, "qa", Code.APPROVAL_NEEDED)
        await ask.approve(release, "qa", "bea", "")
        await w.stopped_at(release, "prod", Code.APPROVAL_NEEDED)
        await ask.reject(release, "prod", "bea", "")
        await w.stopped_at(release, "prod", Code.APPROVAL_REJECTED)
        w.write("flow.yaml", flow(renamed, *reached, policy=policy))
        for name, at in (("shop", w.shop), ("other", w.other)):
            w.write(f"{name}.yaml", product(name, renamed), *_applications(name, at))
        await w.until_in_force()
        await ask.retry(release, "", "bea")
        await w.stopped_at(release, "prod", Code.APPROVAL_NEEDED)
        assert w.tag("prod") == "1.0.0"
        await ask.approve(release, "prod", "bea", "")
        await w.succeeded(release)


async def test_a_component_that_left_an_environment_is_not_promoted_from_there(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        w.shop.commit({f"shop/{e}/web/values.yaml": values("1.0.0") for e in ENVIRONMENTS})
        web = {
            e: application(f"web-{e}", "shop", e, "web", source(w.shop, f"shop/{e}/web"))
            for e in ENVIRONMENTS
        }
        w.write("web.yaml", *web.values())
        await w.until_in_force()
        await w.look()
        w.shop.commit({"shop/dev/web/values.yaml": values("1.1.0")}, "web 1.1.0")
        await w.succeeded((await w.look())[0])
        w.write("web.yaml", web["dev"], web["prod"])
        await w.until_in_force()
        w.push("1.2.0")
        w.shop.commit({"shop/dev/web/values.yaml": values("1.2.0")}, "web 1.2.0")
        await w.succeeded((await w.look())[0])
        made = await w.running.commands.promote("shop", "prod", "qa", [], "", "bea")
        assert set(made.content) == {"api"}
        with pytest.raises(Refused, match="shop has no web there; it has: api"):
            await w.running.commands.promote("shop", "prod", "qa", ["web"], "", "bea")


async def test_what_is_removed_is_taken_away_where_an_application_has_its_sources_in_another_order(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        files = "shop/dev/values.yaml"
        chart = {"repoURL": "https://charts.example.org", "chart": "app", "targetRevision": "1.0.0"}
        with_chart = {**chart, "helm": {"valueFiles": [f"$files/{files}"]}}
        referred = {**source(w.shop, ""), "ref": "files"}
        dev = application("shop-dev", "shop", "dev", "api", with_chart, referred)
        w.write("shop.yaml", product("shop"), dev, *_applications("shop", w.shop)[1:])
        w.write("template.yaml", real_world.template("tag", {"*.yaml": ["*"]}))
        await w.until_in_force()
        w.shop.commit({"shop/dev/more.yaml": "a: 1\n"})
        await w.succeeded((await w.look())[0])
        assert "shop/prod/more.yaml" in w.shop.names()
        w.shop.commit({"shop/dev/more.yaml": None})
        await w.succeeded((await w.look())[0])
        assert "shop/prod/more.yaml" not in w.shop.names()


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_file_of_the_same_name_where_an_environment_moved_to_is_left_alone(
    tmp_path: Path, database_url: str, elsewhere: bool
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        new = real_world.origin(tmp_path, "new") if elsewhere else w.shop
        prod = source(new, "shop/new-prod")
        w.write("template.yaml", real_world.template("tag", {"*.yaml": ["*"]}))
        await w.until_in_force()
        w.shop.commit({"shop/dev/more.yaml": "a: 1\n"})
        await w.succeeded((await w.look())[0])
        new.commit({"shop/new-prod/more.yaml": "mine: 1\n"}, "of the new cluster")
        moved = application("shop-prod", "shop", "prod", "api", prod)
        w.write("shop.yaml", product("shop"), *_applications("shop", w.shop)[:2], moved)
        await w.until_in_force()
        w.shop.commit({"shop/dev/more.yaml": None})
        (made,) = await w.look()
        assert await w.trouble("drift") is None
        plan = await w.running.commands.plan_promotion("shop", "prod", "", (), made)
        assert "more.yaml" not in "".join(f.path for r in plan.repositories for f in r.files)
        await w.succeeded(made)
        assert "shop/qa/more.yaml" not in w.shop.names()
        assert "shop/new-prod/more.yaml" in new.names()
        w.shop.commit({"shop/dev/more.yaml": "a: 2\n"})
        await w.succeeded((await w.look())[0])
        w.shop.commit({"shop/dev/more.yaml": None})
        await w.succeeded((await w.look())[0])
        assert "shop/new-prod/more.yaml" not in new.names()  # we put it there


async def test_what_a_trigger_environment_holds_by_another_configuration_is_released(
    tmp_path: Path, database_url: str
) -> None:
    world = real_world.made(tmp_path)
    deployed = dict(zip(ENVIRONMENTS, _applications("shop", world.shop), strict=True))

    def deploy(*environments: str) -> None:
        world.write("shop.yaml", product("shop"), *(deployed[e] for e in environments))

    async with world.working(database_url) as w:
        w.shop.commit({"shop/next/values.yaml": values("1.1.0")}, "the next one")
        assert not await w.look()
        deployed["dev"]["spec"]["source"]["path"] = "shop/next"
        deploy(*ENVIRONMENTS)
        await w.until_in_force()
        (moved,) = await w.look()
        assert _subject(await w.succeeded(moved)) == "the next one"
        assert w.tag("prod") == "1.1.0"
        deploy("qa", "prod")
        await w.until_in_force()
        assert not await w.look()
        w.shop.commit({"shop/next/values.yaml": values("1.2.0")}, "while it was away")
        assert not await w.look()
    deploy(*ENVIRONMENTS)
    async with world.working(database_url) as w:
        await w.until_in_force()
        await w.look()
        assert _subject(await w.succeeded("shop-2")) == "while it was away"
        assert not await w.look()


def _subject(made: Release) -> str:
    assert made.commit is not None
    return made.commit.subject


def _applications(name: str, at: real_world.Origin) -> list[real_world.Spec]:
    return [
        application(f"{name}-{each}", name, each, "api", source(at, f"{name}/{each}"))
        for each in ENVIRONMENTS
    ]
