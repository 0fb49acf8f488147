"""What each hook is given: all that the reference names, and nothing that it does not."""

from collections.abc import Mapping

import fake_git
import playbook
from towpath.domain import workflows
from towpath.domain.actions import StartRuns
from towpath.domain.catalog import FlowStep, Hooks
from towpath.domain.facts import Facts
from towpath.domain.workflow import Purpose
from towpath.engine.arguments import Arguments
from towpath.engine.inforce import InForce
from towpath.engine.remotes import Remotes

ALL = Hooks("start", "good", "bad")
STEPS = (FlowStep("qa", ("dev",), hooks=ALL), FlowStep("prod", ("qa",), hooks=ALL))
OF_RELEASE = {
    "PRODUCT_NAME": "checkout",
    "RELEASE_ID": "checkout-1",
    "RELEASE_URL": "https://towpath.example/releases/checkout-1",
    "VERSION": "v1",
    "PROMOTION_FLOW_NAME": "main",
    "PROMOTION_CONTEXT": "{}",
    "COMMIT_SHA": f"c0de{1:036x}",  # the commit that made the release
    "ENVIRONMENT": "",
}


async def _given(
    world: playbook.World, purpose: Purpose, environment: str = "", attempt: int = 1
) -> Mapping[str, str]:
    git = fake_git.FakeGit()
    arguments = Arguments(git, Remotes(git), InForce(), "https://towpath.example")
    action = StartRuns(environment, purpose, attempt, "any", (workflows.ONCE,))
    return await arguments.of(world["checkout-1"], action, workflows.ONCE, Facts())


async def test_hooks_of_a_release_know_it_and_the_commit_that_made_it() -> None:
    world = playbook.World(steps=STEPS, hooks=ALL)
    world.push()
    assert await _given(world, Purpose.ON_START) == OF_RELEASE
    assert await _given(world, Purpose.ON_SUCCESS) == OF_RELEASE


async def test_hooks_of_an_environment_know_it_and_what_landed_there() -> None:
    world = playbook.World(steps=STEPS, workflows={"start": ["running"]})
    world.push()
    before = await _given(world, Purpose.ON_START, "qa")
    assert before == OF_RELEASE | {"ENVIRONMENT": "qa"}
    world.heal()
    landed = world.at("checkout-1", "qa").landings[0].commit
    assert landed != OF_RELEASE["COMMIT_SHA"]
    after = await _given(world, Purpose.ON_SUCCESS, "qa")
    assert after == OF_RELEASE | {"ENVIRONMENT": "qa", "COMMIT_SHA": landed}


async def test_who_is_told_of_a_failure_knows_why_and_where() -> None:
    world = playbook.World(steps=STEPS, hooks=ALL, git={"qa": ["refuse"]})
    world.push()
    why = {"ERROR_MESSAGE": "no", "FAILED_ENVIRONMENTS": '["qa"]'}
    assert await _given(world, Purpose.ON_FAIL) == OF_RELEASE | why
    of_environment = OF_RELEASE | why | {"ENVIRONMENT": "qa"}
    assert await _given(world, Purpose.ON_FAIL, "qa") == of_environment


async def test_what_is_told_of_an_attempt_before_is_how_that_one_ended() -> None:
    world = playbook.World(steps=STEPS, hooks=ALL, git={"qa": ["refuse", "down"]})
    one = world.push(look=False)
    while not world.at(one, "qa").over:
        world.look(one, 1)
    world.retry(one, look=False)
    assert not world.at(one, "qa").over
    why = {"ERROR_MESSAGE": "no", "FAILED_ENVIRONMENTS": '["qa"]'}
    assert await _given(world, Purpose.ON_FAIL) == OF_RELEASE | why
    of_environment = OF_RELEASE | why | {"ENVIRONMENT": "qa"}
    assert await _given(world, Purpose.ON_FAIL, "qa") == of_environment
