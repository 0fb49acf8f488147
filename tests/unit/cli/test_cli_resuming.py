"""`towpath resume`: which steps of which runs it lets go on."""

from typing import Any

import pytest

import canned_server as canned


def _step(name: str, status: str, *runs: str) -> canned.Document:
    own = [
        {"run": r, "application": f"api-{r}", "step": f"main.{name}", "status": status}
        for r in runs
    ]
    return {"name": name, "status": status, "applications": own}


@pytest.fixture(autouse=True)
def world(server: canned.CannedServer) -> None:
    """Two applications wait in `rehearsal`, one of a hook in `call`."""
    steps = [_step("build", "succeeded", "1", "2"), _step("rehearsal", "suspended", "1", "2")]
    qa = canned.environment("qa", "suspended", workflows=[{"template": "check", "steps": steps}])
    hook = {"template": "hook", "steps": [_step("call", "suspended", "3")]}
    server.gets("/releases/checkout-128", canned.release("suspended", qa, workflows=[hook]))
    for run, step in (("1", "rehearsal"), ("2", "rehearsal"), ("3", "call")):
        server.takes(f"/runs/{run}/steps/main.{step}/resume", {})


def _resumed(server: canned.CannedServer) -> list[str]:
    return [one.path.split("/")[2] for one in server.asked if one.method == "POST"]


def test_every_application_that_waits_in_the_step_goes_on(
    towpath: Any, server: canned.CannedServer
) -> None:
    result = towpath("resume", "checkout-128", "qa", "--supply", "ticket=OPS-7=x")
    assert (result.exit_code, _resumed(server)) == (0, ["1", "2"])
    assert server.last("/runs/2/steps/main.rehearsal/resume").body == {
        "outputs": {"ticket": "OPS-7=x"}
    }
    assert result.stdout.startswith("checkout-128")


def test_a_dash_means_the_hooks_of_the_release_itself(
    towpath: Any, server: canned.CannedServer
) -> None:
    assert towpath("resume", "checkout-128", "-").exit_code == 0
    assert _resumed(server) == ["3"]


def test_where_several_steps_wait_one_must_say_which(
    towpath: Any, server: canned.CannedServer
) -> None:
    steps = [_step("call", "suspended", "3"), _step("rehearsal", "suspended", "1")]
    qa = canned.environment("qa", "suspended", workflows=[{"template": "check", "steps": steps}])
    server.gets("/releases/checkout-128", canned.release("suspended", qa))
    refused = towpath("resume", "checkout-128", "qa")
    assert (refused.exit_code, _resumed(server)) == (2, [])
    assert "call, rehearsal" in refused.stderr
    assert "--step" in refused.stderr
    assert towpath("resume", "checkout-128", "qa", "--step", "call").exit_code == 0
    assert _resumed(server) == ["3"]


def test_where_none_waits_it_says_so(towpath: Any, server: canned.CannedServer) -> None:
    result = towpath("resume", "checkout-128", "qa", "--step", "build")
    assert (result.exit_code, _resumed(server)) == (1, [])
    assert "checkout-128 has no suspended step build in qa." in result.stderr


def test_an_output_without_a_name_is_refused_before_anything_is_asked(
    towpath: Any, server: canned.CannedServer
) -> None:
    result = towpath("resume", "checkout-128", "qa", "--supply", "OPS-7")
    assert (result.exit_code, server.asked) == (2, [])
    assert "NAME=VALUE" in result.stderr
