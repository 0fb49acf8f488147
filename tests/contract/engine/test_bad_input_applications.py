"""Applications as people really have them: several sources, several places, and some missing."""

from pathlib import Path

import real_world
from real_world import Origin, application, document, product, promotion, said, source, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status


async def test_head_is_the_default_branch_whatever_its_name(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    trunk = Origin(tmp_path / "trunk.git")
    real_world.git(w.shop, "init", "--quiet", "--bare", "--initial-branch=trunk", str(trunk.path))
    trunk.commit(
        {f"shop/{e}/values.yaml": values("1.0.0", e) for e in w.environments}, branch="trunk"
    )
    trunk.commit({"README": "not deployed"}, branch="main")
    w.write(
        "shop.yaml",
        product("shop"),
        *(
            application(f"shop-{e}", "shop", e, "api", source(trunk, f"shop/{e}", "HEAD"))
            for e in w.environments
        ),
    )
    async with w.working(database_url):
        trunk.commit({"shop/dev/values.yaml": values("1.1.0")}, branch="trunk")
        (made,) = await w.look()
        done = await w.succeeded(made)
        assert {x.branch for x in promotion(done, "prod").landings} == {"trunk"}
        assert b'"1.1.0"' in trunk.show("shop/prod/values.yaml", "trunk")


async def test_a_chart_and_the_values_it_refers_to_are_one_application(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)

    def deployed(environment: str) -> real_world.Spec:
        chart = {
            "repoURL": "https://charts.example.org",
            "chart": "app",
            "targetRevision": "1.2.3",
            "helm": {"valueFiles": [f"$values/shop/{environment}/values.yaml"]},
        }
        referred = {"repoURL": str(w.shop.path), "targetRevision": "main", "ref": "values"}
        return application(f"shop-{environment}", "shop", environment, "api", chart, referred)

    w.write("shop.yaml", product("shop"), *(deployed(e) for e in w.environments))
    async with w.working(database_url):
        done = await w.succeeded(await w.released("1.1.0"))
        assert [s.index for s in done.content["api"].sources] == [1]
        assert (w.tag("qa"), w.tag("prod")) == ("1.1.0", "1.1.0")
        await w.others_go_on()


async def test_a_source_of_which_nothing_is_promoted_may_be_pinned_to_a_tag(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    chart = real_world.origin(tmp_path, "chart")
    chart.commit({"charts/app/Chart.yaml": "name: app\nversion: 1.0.0\n"})
    real_world.git(chart, "tag", "v1", "main")

    def deployed(environment: str) -> real_world.Spec:
        revision = "main" if environment == "dev" else "v1"
        sources = (
            source(chart, "charts/app", revision),
            source(w.shop, f"shop/{environment}"),
        )
        return application(f"shop-{environment}", "shop", environment, "api", *sources)

    w.write("shop.yaml", product("shop"), *(deployed(e) for e in w.environments))
    w.write("template.yaml", _version_template())
    async with w.working(database_url):
        made = await w.released("1.1.0")
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"


def _version_template() -> real_world.Spec:
    return document(
        "PromotionTemplate", "tag", {"promotion": {"values.y*ml": {"jsonPaths": ["$.image.tag"]}}}
    )


def _two_clusters(w: real_world.World, *environments: str) -> None:
    """`shop` with two applications of its component in these environments."""
    w.write(
        "shop.yaml",
        product("shop"),
        *(
            application(f"shop-{e}{end}", "shop", e, "api", source(w.shop, f"shop/{e}{end}"))
            for e in w.environments
            for end in (("", "-2") if e in environments else ("",))
        ),
    )
    w.shop.commit({f"shop/{e}-2/values.yaml": values("1.0.0", f"{e}-2") for e in environments})


async def test_both_applications_of_a_component_in_an_environment_are_written(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _two_clusters(w, "prod")
    async with w.working(database_url):
        done = await w.succeeded(await w.released("1.1.0"))
        assert (w.tag("prod"), w.tag("prod-2")) == ("1.1.0", "1.1.0")
        assert len(promotion(done, "prod").landings) == 1


async def test_two_applications_in_the_trigger_environment_must_agree_before_it_is_a_release(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _two_clusters(w, "dev")
    async with w.working(database_url):
        w.push("1.1.0")
        assert await w.look() == []
        said(
            await w.trouble("component", "shop/dev/api"),
            Code.INVALID_CONFIGURATION,
            "shop-dev and shop-dev-2",
            "Make their promoted values equal",
        )
        await w.others_go_on()
        w.push("1.1.0", "dev-2")
        (made,) = await w.look()
        await w.succeeded(made)
        assert await w.troubles() == []


def _two_components(w: real_world.World, *absent: str) -> None:
    """`shop` with the components api and web, web without an application in some environments."""
    w.write(
        "shop.yaml",
        product("shop"),
        *(
            application(f"{c}-{e}", "shop", e, c, source(w.shop, f"{c}/{e}"))
            for c in ("shop", "web")
            for e in w.environments
            if not (c == "web" and e in absent)
        ),
    )
    w.shop.commit({f"web/{e}/values.yaml": values("1.0.0", e) for e in w.environments})


async def test_a_component_without_an_application_takes_no_part_there_and_it_is_said(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _two_components(w, "prod")
    async with w.working(database_url):
        files = {f"{c}/dev/values.yaml": values("1.1.0", "dev") for c in ("shop", "web")}
        w.shop.commit(files)
        (made,) = await w.look()
        done = await w.succeeded(made)
        assert promotion(done, "qa").warnings == ()
        (warning,) = promotion(done, "prod").warnings
        said(warning, Code.APPLICATION_MISSING, "web has no application in prod")
        assert w.tag("prod") == "1.1.0"
        assert b'"1.0.0"' in w.shop.show("web/prod/values.yaml")


async def test_an_environment_without_any_application_is_an_error_until_there_is_one(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    whole = w.text("shop.yaml")
    async with w.working(database_url):
        w.write(
            "shop.yaml",
            product("shop"),
            *(
                application(f"shop-{e}", "shop", e, "api", source(w.shop, f"shop/{e}"))
                for e in ("dev", "qa")
            ),
        )
        await w.until_in_force()
        made = await w.released("1.1.0")
        stopped = await w.stopped_at(made, "prod", Code.APPLICATION_MISSING)
        assert stopped.status is Status.ERROR
        said(stopped.reason, Code.APPLICATION_MISSING, "no component of shop", "Add an application")
        await w.others_go_on()
        w.write_text("shop.yaml", whole)
        await w.until_in_force()
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)


async def test_a_target_that_is_pinned_to_a_tag_or_commit_cannot_be_promoted_to(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    real_world.git(w.shop, "update-ref", "refs/tags/v1.0.0", "main")
    w.on_branch("prod", "v1.0.0")
    async with w.working(database_url):
        made = await w.released("1.1.0")
        stopped = await w.stopped_at(made, "prod", Code.INVALID_CONFIGURATION)
        assert stopped.status is Status.ERROR
        said(stopped.reason, Code.INVALID_CONFIGURATION, "shop-prod", "v1.0.0", "set targetRev")
        w.on_branch("prod", w.shop.head())
        await w.until_in_force()
        await w.running.commands.retry(made, "", "ada")
        await w.until_so(made, lambda r: promotion(r, "prod").attempt == 2 and r.ended)
        stopped = await w.stopped_at(made, "prod", Code.INVALID_CONFIGURATION)
        said(stopped.reason, Code.INVALID_CONFIGURATION, "tag or commit cannot be promoted to")
        await w.others_go_on()
        w.on_branch("prod", "main")
        await w.until_in_force()
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)
        await w.look()
        assert await w.troubles() == []


async def test_an_application_that_left_during_a_promotion_holds_nobody_up(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.running.commands.lock("shop", "prod", "", None, "ada")
        made = await w.released("1.1.0")
        await w.until_so(made, lambda r: r.status is Status.SUSPENDED)
        (w.configuration / "shop.yaml").unlink()
        await w.until_in_force()
        await w.running.commands.unlock("shop", "prod", "ada")
        stopped = await w.stopped_at(made, "prod", Code.APPLICATION_MISSING)
        said(stopped.reason, Code.APPLICATION_MISSING, "prod", "Add an application")
        await w.others_go_on()
