"""Workflows and hooks with the whole engine and a real database: started, given, stopped."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import engine_world
import scripted_runner
from engine_world import World
from scripted_runner import ScriptedRunner
from towpath.domain import catalog
from towpath.domain.catalog import Hooks, PolicySettings
from towpath.domain.reasons import Code
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.ports.runner import Outcome
from towpath.ports.store import View

STEPS = (("qa", ("dev",)), ("prod", ("qa",)))
BOTH = PolicySettings(pre_action="check", post_action="smoke")


def configuration(
    settings: PolicySettings = BOTH, hooks: Hooks | None = None, **more: str
) -> catalog.Catalog:
    return engine_world.configuration(
        steps=STEPS,
        settings=settings,
        hooks=hooks or Hooks(),
        workflows=("check", "smoke", "begin", "good", "bad"),
        **more,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def running(url: str, config: catalog.Catalog) -> AsyncIterator[tuple[World, ScriptedRunner]]:
    runner = ScriptedRunner()
    async with engine_world.world(url, config, runner=runner) as w:
        yield w, runner


async def push(w: World, tag: str = "1.1.0") -> None:
    w.push(tag)
    await w.engine.observer.look()


async def view_of(w: World, release: str = "shop-1") -> View:
    found = await w.store.view_of(release)
    assert found is not None
    return found


def is_terminated(of: Release) -> bool:
    found = of.promotion("qa")
    return found is not None and found.status is Status.TERMINATED


async def test_workflows_run_around_every_action_once_for_each_application(
    database_url: str,
) -> None:
    async with running(database_url, configuration(post_trigger="smoke")) as (w, runner):
        await push(w)
        ended = await w.until_ended("shop-1")
        assert ended.status is Status.SUCCEEDED
        ran = sorted((run.manifest.name, run.labels["environment"]) for run in runner.ran)
        assert ran == sorted(
            [
                *[("smoke", "dev")] * 2,
                *[(name, where) for name in ("check", "smoke") for where in ("qa", "prod")] * 2,
            ]
        )
        assert w.tags("prod") == {"1.1.0"}


async def test_runs_are_told_what_they_run_for(database_url: str) -> None:
    async with running(database_url, configuration()) as (w, runner):
        sha = w.push("1.1.0")
        await w.engine.observer.look()
        await w.until_ended("shop-1")
        assert {each["PROMOTION_CONTEXT"] for each in runner.given("check")} == {"{}"}
        before = next(
            dict(each)
            for each in runner.given("check")
            if (each["APP_NAME"], each["ENVIRONMENT"]) == ("shop-api-qa", "qa")
        )
        assert before == {
            "PRODUCT_NAME": "shop",
            "RELEASE_ID": "shop-1",
            "RELEASE_URL": "https://towpath.example/releases/shop-1",
            "VERSION": "1.1.0",
            "ENVIRONMENT": "qa",
            "FLOW_NAME": "main",
            "APP_NAME": "shop-api-qa",
            "APP_NAMESPACE": "argocd",
            "REPO_URL": engine_world.REPO,
            "BRANCH": "main",
            "PATH": "shop/api/qa",
            "PROMOTION_CONTEXT": "{}",
        }
        after = next(each for each in runner.given("smoke") if each["APP_NAME"] == "shop-api-qa")
        landing = (await w.release("shop-1")).promotion("qa").landings[0]  # type: ignore[union-attr]
        assert after["COMMIT_SHA"] == landing.commit != sha
        assert after["COMMIT_MESSAGE"].startswith("qa: promote shop")
        assert after["COMMIT_AUTHOR"]
        assert after["COMMIT_DATE"]
        run = next(r for r in runner.ran if r.arguments["APP_NAME"] == "shop-api-qa")
        assert run.labels == {
            "product": "shop",
            "environment": "qa",
            "release": "shop-1",
            "flow": "main",
            "application": "shop-api-qa",
            "stage": "pre_action",
        }


async def test_what_a_pre_action_puts_out_is_given_to_the_post_action_and_the_context_to_all(
    database_url: str,
) -> None:
    async with running(database_url, configuration()) as (w, runner):
        said = {"TICKET": "OPS-7", "PROMOTION_CONTEXT": json.dumps({"by": "check"})}
        runner.says("check", Outcome(Status.SUCCEEDED, outputs=said))
        await push(w)
        ended = await w.until_ended("shop-1")
        assert ended.context == {"by": "check"}
        for given in runner.given("smoke"):
            assert given["TICKET"] == "OPS-7"
            assert json.loads(given["PROMOTION_CONTEXT"]) == {"by": "check"}


async def test_hooks_are_told_of_start_and_end(database_url: str) -> None:
    hooks = Hooks("begin", "good", "bad")
    async with running(database_url, configuration(PolicySettings(), hooks)) as (w, runner):
        w.deployer.health["prod"] = Status.FAILED
        await push(w)
        await w.until_so("shop-1", lambda r: r.ended and not r.tells)
        ran = sorted((run.manifest.name, run.labels["environment"]) for run in runner.ran)
        assert ran == sorted(
            [
                *[("begin", where) for where in ("", "qa", "prod")],
                ("good", "qa"),
                ("bad", "prod"),
                ("bad", ""),
            ]
        )
        of_release = next(g for g in runner.given("bad") if not g["ENVIRONMENT"])
        assert json.loads(of_release["FAILED_ENVIRONMENTS"]) == ["prod"]
        assert of_release["ERROR_MESSAGE"]
        assert of_release["PROMOTION_FLOW_NAME"] == "main"
        assert len(of_release["COMMIT_SHA"]) == 40


async def test_an_ended_release_stays_awake_until_its_hooks_are_told(database_url: str) -> None:
    config = configuration(PolicySettings(), Hooks(on_success="good"))
    async with running(database_url, config) as (w, runner):
        go = runner.holds("good")
        await push(w)
        ended = await w.until_ended("shop-1")
        assert ended.status is Status.SUCCEEDED
        assert ended.open
        go.set()
        told = await w.until_so("shop-1", lambda r: not r.tells)
        assert not told.open
        assert {(t.purpose.value, t.status.value) for t in told.told} == {
            ("on_success", "succeeded")
        }


async def test_a_workflow_that_is_not_there_is_an_error_that_names_it(database_url: str) -> None:
    config = configuration(PolicySettings(post_action="gone"))
    async with running(database_url, config) as (w, runner):
        await push(w)
        ended = await w.until_ended("shop-1")
        assert ended.status is Status.ERROR
        assert ended.reason is not None
        assert ended.reason.sentence == "there is no workflow gone in the configuration"
        assert runner.ran == []
        assert w.tags("qa") == {"1.0.0"}


async def test_what_the_runner_refuses_is_named_with_file_and_line(database_url: str) -> None:
    async with running(database_url, configuration()) as (w, runner):
        runner.refusals["smoke"] = "`daemon` is not supported"
        await push(w)
        ended = await w.until_ended("shop-1")
        assert ended.reason is not None
        assert ended.reason.code is Code.UNSUPPORTED
        assert "`daemon` is not supported (smoke.yaml:7" in ended.reason.sentence
        assert runner.ran == []


async def test_a_retry_runs_again_what_failed_and_nothing_else(database_url: str) -> None:
    async with running(database_url, configuration()) as (w, runner):
        runner.says("smoke", scripted_runner.DONE, scripted_runner.FAILED, scripted_runner.DONE)
        await push(w)
        failed = await w.until_ended("shop-1")
        assert failed.status is Status.FAILED
        assert failed.reason is not None
        assert "exit code 1" in failed.reason.sentence
        await w.engine.commands.retry("shop-1", "", "ada")
        await w.until("shop-1", Status.SUCCEEDED)
        in_qa = [run for run in runner.ran if run.labels["environment"] == "qa"]
        assert sorted(run.manifest.name for run in in_qa) == [*["check"] * 2, *["smoke"] * 3]


async def test_terminating_a_release_ends_its_workflows(database_url: str) -> None:
    async with running(database_url, configuration()) as (w, runner):
        runner.holds("check")
        await push(w)
        await w.until_so("shop-1", lambda _: bool(runner.ran))
        await w.engine.commands.terminate("shop-1", "ada", "no")
        await w.until("shop-1", Status.TERMINATED)
        view = await view_of(w)
        assert {run.status for run in view.runs} == {Status.TERMINATED}
        assert w.tags("qa") == {"1.0.0"}


async def test_a_run_keeps_the_manifest_that_it_was_started_with(database_url: str) -> None:
    config = configuration()
    async with running(database_url, config) as (w, runner):
        go = runner.holds("check")
        await push(w)
        await w.until_so("shop-1", lambda _: bool(runner.ran))
        await w.configure(configuration(PolicySettings(pre_action="other", post_action="smoke")))
        go.set()
        await w.until_ended("shop-1")
        assert {run.manifest.name for run in runner.ran} == {"check", "smoke"}


@pytest.mark.parametrize("concurrency", list(catalog.Concurrency))
async def test_releases_meet_while_workflows_run(
    database_url: str, concurrency: catalog.Concurrency
) -> None:
    config = engine_world.configuration(
        {"shop": {"concurrency": concurrency}},
        steps=STEPS,
        settings=BOTH,
        workflows=("check", "smoke"),
    )
    async with running(database_url, config) as (w, runner):
        go = runner.holds("check")
        await push(w)
        await w.until_so("shop-1", lambda _: bool(runner.ran))
        await push(w, "1.2.0")
        if concurrency is catalog.Concurrency.TERMINATE:
            await w.until_so("shop-1", is_terminated)
        go.set()
        ended = await w.until_ended("shop-2")
        assert ended.status is Status.SUCCEEDED
        assert w.tags("prod") == {"1.2.0"}
        first = await w.until_ended("shop-1")
        assert first.status is not Status.FAILED
