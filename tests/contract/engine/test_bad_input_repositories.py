"""Repositories in trouble, on the whole engine: said where it is, healed by itself or by retry."""

import shutil
from pathlib import Path

import pytest

import real_world
from real_world import Origin, promotion, said, source, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status

REFUSES = """\
while read old new ref; do
  if git log --format=%B "$old..$new" | grep -q Towpath-Promotion; then
    echo "only signed commits, please" >&2
    exit 1
  fi
done"""


async def test_an_empty_repository_is_shown_and_its_first_commit_is_the_first_look(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    empty = real_world.origin(tmp_path, "empty")
    w.write_product("shop", empty)
    async with w.working(database_url):
        said(
            await w.trouble("repository", str(empty.path)),
            Code.BRANCH_MISSING,
            "is empty",
            "Push a first commit",
        )
        await w.others_go_on()
        empty.commit({f"shop/{e}/values.yaml": values("1.0.0", e) for e in w.environments})
        assert await w.look() == []
        assert await w.troubles() == []
        empty.commit({"shop/dev/values.yaml": values("1.1.0")})
        (made,) = await w.look()
        await w.succeeded(made)


async def test_a_trigger_branch_that_is_deleted_is_shown_and_goes_on_when_it_is_back(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/dev/values.yaml": values("1.0.0")}, branch="next")
    w.on_branch("dev", "next")
    async with w.working(database_url):
        head = w.shop.head("next")
        real_world.git(w.shop, "update-ref", "-d", "refs/heads/next")
        assert await w.look() == []
        said(await w.trouble("branch", "next"), Code.BRANCH_MISSING, "next", "shop-dev", "Bring")
        await w.others_go_on()
        real_world.git(w.shop, "update-ref", "refs/heads/next", head)
        assert await w.look() == []
        assert await w.troubles() == []
        w.shop.commit({"shop/dev/values.yaml": values("1.1.0")}, branch="next")
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"


async def test_a_missing_branch_is_no_trouble_after_the_application_left_it(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.on_branch("dev", "nowhere")
    async with w.working(database_url):
        said(await w.trouble("branch", "nowhere"), Code.BRANCH_MISSING, "nowhere", "targetRevision")
        w.write_product("shop", w.shop)
        await w.until_in_force()
        await w.look()
        assert await w.troubles() == []
        await w.succeeded(await w.released("1.1.0"))


async def test_a_missing_branch_that_came_back_while_nobody_looked_is_no_trouble_any_more(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.on_branch("dev", "next")
    async with w.working(database_url):
        assert await w.trouble("branch", "next")
    w.shop.commit({"shop/dev/values.yaml": values("1.0.0")}, branch="next")
    async with w.working(database_url):
        assert await w.troubles() == []


async def test_a_target_branch_that_is_deleted_fails_the_promotion_until_it_is_back_and_retried(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/prod/values.yaml": values("1.0.0", "prod")}, branch="live")
    w.on_branch("prod", "live")
    async with w.working(database_url):
        head = w.shop.head("live")
        real_world.git(w.shop, "update-ref", "-d", "refs/heads/live")
        made = await w.released("1.1.0")
        stopped = await w.stopped_at(made, "prod", Code.BRANCH_MISSING)
        assert stopped.status is Status.FAILED
        said(stopped.reason, Code.BRANCH_MISSING, "live", "targetRevision")
        await w.others_go_on()
        real_world.git(w.shop, "update-ref", "refs/heads/live", head)
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)
        assert w.tag("prod", branch="live") == "1.1.0"


async def test_what_would_be_written_to_a_branch_that_was_just_deleted_is_shown_as_its_reason(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/prod/values.yaml": values("1.0.0", "prod")}, branch="live")
    w.on_branch("prod", "live")
    async with w.working(database_url):
        plan = await w.running.commands.plan_promotion("shop", "prod", "dev", (), "")
        assert plan.repositories[0].reason is None
        real_world.git(w.shop, "update-ref", "-d", "refs/heads/live")
        plan = await w.running.commands.plan_promotion("shop", "prod", "dev", (), "")
        said(plan.repositories[0].reason, Code.BRANCH_MISSING, "live", "targetRevision")


async def test_a_branch_forced_to_other_content_makes_a_release_of_it(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    root = w.shop.head()
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        prod = values("1.1.0", "prod")
        forced = {"shop/dev/values.yaml": values("1.2.0"), "shop/prod/values.yaml": prod}
        w.shop.commit(forced, "rewritten", parent=root)
        (made,) = await w.look()
        done = await w.succeeded(made)
        assert [commit.subject for commit in done.commits] == ["rewritten"]
        assert (w.tag("qa"), w.tag("prod")) == ("1.2.0", "1.2.0")
        await w.others_go_on()


async def test_a_branch_forced_to_other_content_makes_a_release_though_its_past_is_gone(
    tmp_path: Path, database_url: str
) -> None:
    """Nothing of the former head is left: neither in the repository nor in a new mirror."""
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
    shutil.rmtree(w.shop.path)
    real_world.origin(tmp_path, "shop")
    w.shop.commit(
        {
            f"shop/{e}/values.yaml": values("1.2.0" if e == "dev" else "1.1.0", e)
            for e in w.environments
        },
        "a new beginning",
    )
    async with w.working(database_url, mirrors=tmp_path / "new mirrors"):
        done = await w.succeeded("shop-2")
        assert [commit.subject for commit in done.commits] == ["a new beginning"]
        await w.others_go_on()
        assert w.tag("prod") == "1.2.0"


async def test_a_branch_forced_back_to_an_ancestor_reverts_nobody_and_goes_on_from_there(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))
        before = w.shop.head()
        await w.succeeded(await w.released("1.2.0"))
        real_world.git(w.shop, "update-ref", "refs/heads/main", before)
        assert await w.look() == []
        assert (await w.running.store.landed_in("shop", "dev"))["api"].release == "shop-2"
        await w.others_go_on()
        made = await w.released("1.3.0")
        await w.succeeded(made)
        assert w.tag("prod") == "1.3.0"


async def test_a_repository_that_is_moved_away_is_shown_and_goes_on_when_it_is_back(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.push("1.1.0")
        away = w.shop.path.rename(tmp_path / "away.git")
        assert await w.look() == []
        said(
            await w.trouble("repository", str(w.shop.path)),
            Code.REPOSITORY_MISSING,
            str(w.shop.path),
            "Check the address",
        )
        await w.others_go_on()
        away.rename(w.shop.path)
        assert await w.look() == ["shop-1"]
        assert await w.troubles() == []
        await w.succeeded("shop-1")


async def test_a_repository_that_goes_away_during_a_promotion_says_so_and_is_retried(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        await w.running.commands.lock("shop", "qa", "", None, "ada")
        made = await w.released("1.1.0")
        await w.until_so(made, lambda r: r.status is Status.SUSPENDED)
        away = w.shop.path.rename(tmp_path / "away.git")
        await w.running.commands.unlock("shop", "qa", "ada")
        stopped = await w.stopped_at(made, "qa", Code.REPOSITORY_MISSING)
        said(stopped.reason, Code.REPOSITORY_MISSING, str(w.shop.path), "Check the address")
        await w.others_go_on()
        away.rename(w.shop.path)
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)


async def test_a_repository_that_is_gone_at_the_first_look_is_introduced_when_it_comes(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    away = w.shop.path.rename(tmp_path / "away.git")
    async with w.working(database_url):
        await w.others_go_on()
        away.rename(w.shop.path)
        assert await w.look() == []
        assert await w.troubles() == []
        places = (await w.running.store.places())["shop"]
        assert {environment for environment, _ in places} == {"dev", "qa", "prod"}
        await w.succeeded(await w.released("1.1.0"))


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
async def test_a_hook_that_refuses_the_push_is_quoted_and_the_release_goes_on_by_retry(
    tmp_path: Path, database_url: str, hook: str
) -> None:
    w = real_world.made(tmp_path)
    refuses = 'echo "main is protected: ask ops" >&2; exit 1'
    async with w.working(database_url):
        made = await _held(w)
        w.shop.hook(hook, refuses)
        await w.running.commands.unlock("shop", "qa", "ada")
        stopped = await w.stopped_at(made, "qa", Code.PUSH_REJECTED)
        assert stopped.status is Status.FAILED
        said(stopped.reason, Code.PUSH_REJECTED, "main is protected: ask ops", "Then retry")
        await w.others_go_on()
        (w.shop.path / "hooks" / hook).unlink()
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)


async def test_a_repository_that_takes_no_forced_push_takes_ours(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    for setting in ("receive.denyNonFastForwards", "receive.denyDeletes"):
        real_world.git(w.shop, "config", setting, "true")
    async with w.working(database_url):
        await w.succeeded(await w.released("1.1.0"))


async def _held(w: real_world.World) -> str:
    await w.running.commands.lock("shop", "qa", "", None, "ada")
    made = await w.released("1.1.0")
    await w.until_so(made, lambda r: r.status is Status.SUSPENDED)
    return made


def _in_two(w: real_world.World) -> Origin:
    """`shop` with the component `web` in a second repository."""
    second = real_world.origin(w.folder, "second")
    second.commit({f"shop/{e}/values.yaml": values("1.0.0", e) for e in w.environments})
    w.write(
        "shop.yaml",
        real_world.product("shop"),
        *(
            real_world.application(f"shop-{e}", "shop", e, "api", *_sources(w.shop, second, e))
            for e in w.environments
        ),
    )
    return second


def _sources(first: Origin, second: Origin, environment: str) -> tuple[real_world.Spec, ...]:
    return (
        source(first, f"shop/{environment}"),
        source(second, f"shop/{environment}"),
    )


async def test_a_component_in_two_repositories_of_which_one_refuses_has_partly_landed(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    second = _in_two(w)
    async with w.working(database_url):
        w.push("1.1.0")
        second.hook("pre-receive", REFUSES)
        second.commit({"shop/dev/values.yaml": values("2.1.0")})
        (made,) = await w.look()
        stopped = await w.stopped_at(made, "qa", Code.PARTLY_LANDED)
        assert stopped.status is Status.FAILED
        said(
            stopped.reason,
            Code.PARTLY_LANDED,
            f"landed in {w.shop.path}",
            f"not in {second.path}",
            "only signed commits, please",
            "retry: the rest is pushed",
        )
        assert w.tag("qa") == "1.1.0"
        landed = w.shop.head()
        await w.others_go_on()
        (second.path / "hooks" / "pre-receive").unlink()
        await w.running.commands.retry(made, "", "ada")
        done = await w.succeeded(made)
        assert {x.commit for x in promotion(done, "qa").landings} == {
            landed,
            *(x.commit for x in promotion(done, "qa").landings if x.repository == str(second.path)),
        }
        assert b'"2.1.0"' in second.show("shop/prod/values.yaml")


async def test_nothing_is_pushed_anywhere_if_one_of_two_repositories_cannot_be_changed(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    second = _in_two(w)
    async with w.working(database_url):
        second.commit({"shop/qa/values.yaml": "a: ["})
        w.push("1.1.0")
        second.commit({"shop/dev/values.yaml": values("2.1.0")})
        (made,) = await w.look()
        stopped = await w.stopped_at(made, "qa", Code.INVALID_CONFIGURATION)
        said(stopped.reason, Code.INVALID_CONFIGURATION, "shop/qa/values.yaml")
        assert w.tag("qa") == "1.0.0"
        await w.others_go_on()


async def test_a_change_that_came_while_the_second_repository_was_away_is_not_forgotten(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    second = _in_two(w)
    async with w.working(database_url):
        away = second.path.rename(tmp_path / "away.git")
        w.push("1.1.0")
        assert await w.look() == []
        assert await w.trouble("repository", str(second.path))
        await w.others_go_on()
        away.rename(second.path)
        assert await w.look() == ["shop-1"]
        await w.succeeded("shop-1")


async def test_a_look_at_one_repository_forgets_nothing_of_a_component_in_two(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    _in_two(w)
    async with w.working(database_url):
        w.push("1.1.0")
        assert (await w.running.observer.look(str(w.shop.path)))[0] == []
        assert await w.look() == ["shop-1"]
        await w.succeeded("shop-1")
