"""Which commit a release names as its change, where the head of the branch says little."""

from dataclasses import replace

import engine_world
from engine_world import REPO, World, world
from towpath.domain import catalog
from towpath.domain.release import Release, Role, Trigger
from towpath.domain.status import Status

WITH_QA_FLOW = "from-qa"


def _config() -> catalog.Catalog:
    """The usual product, with a second flow whose trigger environment the first promotes to."""
    config = engine_world.configuration(steps=(("qa", ("dev",)), ("staging", ("qa",))))
    second = catalog.Flow(WITH_QA_FLOW, "qa", (catalog.FlowStep("staging", ("qa",)),))
    uses = (catalog.FlowUse("main"), catalog.FlowUse(WITH_QA_FLOW))
    shop = replace(config.products["shop"], flows=uses)
    return replace(config, products={"shop": shop}, flows={**config.flows, WITH_QA_FLOW: second})


async def _promoted(w: World) -> tuple[str, Release]:
    """A change that was promoted all along: its commit and its release."""
    sha = w.push("1.1.0")
    made, _ = await w.engine.observer.look()
    return sha, await w.until(made[0].id, Status.SUCCEEDED)


async def test_a_release_by_command_names_the_change_and_not_a_promotion_of_ours_at_the_head(
    database_url: str,
) -> None:
    async with world(database_url) as w:
        sha, _ = await _promoted(w)
        assert w.git.history(REPO)[0].sha != sha  # the head is a promotion
        w.git.commit_by("eve", REPO, {"other/api/dev/values.yaml": {"tag": "9"}}, message="other")
        made = await w.engine.commands.create("shop", "", "", "ada")
        assert made.trigger is Trigger.HEAD
        assert made.commit is not None
        assert (made.commit.sha, made.commit.subject) == (sha, "bump to 1.1.0")
        assert [commit.author for commit in made.commits] == ["dana"]


async def test_a_release_of_what_was_promoted_to_its_trigger_names_that_and_the_change_behind_it(
    database_url: str,
) -> None:
    async with world(database_url, _config()) as w:
        sha, first = await _promoted(w)
        made = await w.engine.commands.create("shop", "", WITH_QA_FLOW, "ada")
        assert made.commit is not None
        assert made.commit.subject == f"qa: promote shop 1.1.0 ({first.id})"
        assert [commit.sha for commit in made.commits] == [made.commit.sha, sha]


async def test_a_release_of_a_revision_names_the_revision_that_was_asked_for(
    database_url: str,
) -> None:
    async with world(database_url) as w:
        await _promoted(w)
        head = w.git.history(REPO)[0].sha
        made = await w.engine.commands.create("shop", head, "", "ada")
        assert made.commit is not None
        assert (made.trigger, made.commit.sha) == (Trigger.REVISION, head)


async def test_a_revision_that_its_trigger_environment_does_not_hold_is_its_source(
    database_url: str,
) -> None:
    async with world(database_url) as w:
        old, _ = await _promoted(w)
        w.push("1.2.0")
        await w.engine.observer.look()
        made = await w.engine.commands.create("shop", old, "", "ada")
        assert (made.promotions[0].role, made.version) == (Role.SOURCE, "1.1.0")
        head = w.git.history(REPO)[0].sha
        made = await w.engine.commands.create("shop", head, "", "ada")
        assert (made.promotions[0].role, made.version) == (Role.TRIGGER, "1.2.0")
