"""What makes a release and what does not, with commits as people and promotions make them."""

from pathlib import Path

import real_world
from real_world import document, flow, product, promotion, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status


async def test_the_first_look_makes_no_release_and_a_head_that_changes_nothing_makes_none(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        places = (await w.running.store.places())["shop"]
        assert {environment for environment, _ in places} == {"dev", "qa", "prod"}
        changed = values("1.0.0").replace("replicas: 2", "replicas: 3")
        w.shop.commit({"shop/dev/values.yaml": changed, "shop/README.md": "words"})
        assert await w.look() == []
        assert await w.look() == []
        await w.succeeded(await w.released("1.1.0"))
        assert w.shop.show("shop/prod/values.yaml") == values("1.1.0", "prod").encode()


async def test_several_commits_pushed_together_make_one_release_that_names_them_all(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        for tag in ("1.1.0", "1.2.0"):
            w.push(tag)
        w.shop.commit({"elsewhere": "x"}, "something else")
        w.push("1.3.0")
        (made,) = await w.look()
        done = await w.succeeded(made)
        assert [c.subject for c in done.commits] == ["shop 1.3.0", "shop 1.2.0", "shop 1.1.0"]
        assert done.name == done.commits[0].sha[:7]
        assert done.initiator == "Ada"
        assert w.tag("prod") == "1.3.0"


async def test_a_change_and_its_reversal_in_one_push_make_no_release(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.push("1.1.0")
        w.push("1.0.0")
        assert await w.look() == []


async def test_numbers_go_on_above_the_highest_in_trailers_after_a_new_installation(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"x": "1"}, "qa: promote shop\n\nTowpath-Release: shop-41\n")
    w.shop.commit({"x": "2"}, "qa: promote others\n\nTowpath-Release: others-77\n")
    async with w.working(database_url):
        assert await w.released("1.1.0") == "shop-42"
        await w.succeeded("shop-42")


async def test_numbers_go_on_though_nothing_of_the_product_could_be_read_at_the_first_look(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    broken = {f"shop/{e}/values.yaml": "a: [" for e in w.environments}
    w.shop.commit(broken, "qa: promote shop\n\nTowpath-Release: shop-41\n")
    async with w.working(database_url):
        w.shop.commit(
            {f"shop/{e}/values.yaml": values("1.0.0", e) for e in w.environments}, "mended"
        )
        await w.look()
        w.push("1.1.0")
        made = await w.look()
        assert {int(each.removeprefix("shop-")) > 41 for each in made} == {True}


def _second_flow(w: real_world.World) -> None:
    """`shop` goes from dev to qa, and what comes to qa would begin a flow of its own to prod."""
    w.write("flow.yaml", flow("main", "dev", "qa"), flow("on", "qa", "prod"))
    w.write("shop.yaml", *_of(w, "main", "on"))
    w.write("other.yaml", *_other(w))
    w.write("others-flow.yaml", flow("others", *w.environments))


def _of(w: real_world.World, *flows: str) -> list[real_world.Spec]:
    return [
        product("shop", *flows),
        *(
            real_world.application(
                f"shop-{e}", "shop", e, "api", real_world.source(w.shop, f"shop/{e}")
            )
            for e in w.environments
        ),
    ]


def _other(w: real_world.World) -> list[real_world.Spec]:
    return [
        product("other", "others"),
        *(
            real_world.application(
                f"other-{e}", "other", e, "api", real_world.source(w.other, f"other/{e}")
            )
            for e in w.environments
        ),
    ]


async def test_a_promotion_into_the_trigger_environment_of_another_flow_makes_no_release(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _second_flow(w)
    async with w.working(database_url):
        done = await w.succeeded(await w.released("1.1.0"))
        assert [p.environment for p in done.promotions] == ["dev", "qa"]
        assert await w.look() == []
        assert (w.tag("qa"), w.tag("prod")) == ("1.1.0", "1.0.0")
        w.push("1.2.0", "qa")
        (made,) = await w.look()
        done = await w.succeeded(made)
        assert [p.environment for p in done.promotions] == ["qa", "prod"]
        assert (w.tag("dev"), w.tag("prod")) == ("1.1.0", "1.2.0")
        await w.others_go_on()


async def test_one_push_to_two_trigger_environments_makes_a_release_of_each(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("flow.yaml", flow("main", "dev", "qa"), flow("hotfix", "fix", "prod"))
    w.write(
        "environments.yaml", *(document("Environment", e, {}) for e in (*w.environments, "fix"))
    )
    fix = real_world.source(w.shop, "shop/fix")
    w.write(
        "shop.yaml",
        *_of(w, "main", "hotfix"),
        real_world.application("shop-fix", "shop", "fix", "api", fix),
    )
    w.write("other.yaml", *_other(w))
    w.write("others-flow.yaml", flow("others", *w.environments))
    w.shop.commit({"shop/fix/values.yaml": values("1.0.0", "fix")})
    async with w.working(database_url):
        w.shop.commit(
            {
                "shop/dev/values.yaml": values("1.1.0"),
                "shop/fix/values.yaml": values("1.0.1", "fix"),
            }
        )
        made = await w.look()
        assert len(made) == 2
        for each in made:
            await w.succeeded(each)
        assert (w.tag("qa"), w.tag("prod")) == ("1.1.0", "1.0.1")


async def test_a_squash_of_what_a_promotion_is_writing_is_that_promotion(
    tmp_path: Path, database_url: str
) -> None:
    """The hook lets only people push: the promotion is tried again while a person squashes it."""
    w = real_world.made(tmp_path)
    _second_flow(w)
    w.write(
        "policy.yaml",
        document(
            "PromotionPolicy",
            "patient",
            {
                "priority": 1,
                "selector": {"product": {"names": ["shop"]}},
                "policy": {"retries": 20},
            },
        ),
    )
    async with w.working(database_url):
        w.shop.hook("pre-receive", 'echo "squash it yourself" >&2; exit 1')
        made = await w.released("1.1.0")

        def refused(found: object) -> bool:
            reason = promotion(found, "qa").reason  # type: ignore[arg-type]
            return reason is not None and reason.code is Code.PUSH_REJECTED

        trying = await w.until_so(made, refused)
        assert trying.status is Status.RUNNING
        squashed = w.push("1.1.0", "qa")
        assert await w.look() == []
        done = await w.succeeded(made)
        (landing,) = promotion(done, "qa").landings
        assert (landing.commit, landing.changed) == (squashed, False)
        assert await w.look() == []
        assert w.tag("prod") == "1.0.0"
        await w.others_go_on()


async def test_a_flow_that_takes_no_such_commit_leaves_the_change_to_the_next_release(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    chosen = product("shop")
    chosen["spec"]["promotionFlows"] = [
        {
            "name": "main",
            "gitTriggerSelectors": [
                {"key": "commitMessage", "operator": "NotIn", "values": ["*[skip]*"]}
            ],
        }
    ]
    w.write("shop.yaml", chosen, *_of(w)[1:])
    async with w.working(database_url):
        w.shop.commit({"shop/dev/values.yaml": values("1.1.0")}, "not yet [skip] this")
        assert await w.look() == []
        assert await w.look() == []
        made = await w.released("1.2.0")
        done = await w.succeeded(made)
        assert len(done.commits) == 2
