"""Workflows on this machine around promotions: real git, PostgreSQL and processes."""

import json
from pathlib import Path

import pytest

import real_world
from real_world import flow, promotion, workflow
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.wishes import Refused

TOLD = """\
cat > {place}/$(echo "{{{{workflow.parameters.ENVIRONMENT}}}}-{name}") <<'END'
{{{{workflow.parameters.APP_NAME}}}} {{{{workflow.parameters.RELEASE_ID}}}} {extra}
END
"""


def telling(name: str, place: Path, extra: str = "") -> str:
    """A script that writes down what it was given."""
    return TOLD.format(name=name, place=place, extra=extra)


async def test_a_check_and_a_smoke_test_are_run_with_what_they_are_told(
    tmp_path: Path, database_url: str
) -> None:
    w, told = real_world.made(tmp_path), tmp_path / "told"
    told.mkdir()
    w.write(
        "flow.yaml",
        flow("main", *w.environments, policy={"preAction": "check", "postAction": "smoke"}),
    )
    w.write(
        "workflows.yaml",
        workflow(
            "check",
            telling("check", told) + "echo OPS-7 > /tmp/ticket\n"
            "echo '{\"checked\": true}' > /tmp/context\n",
            {"TICKET": "/tmp/ticket", "PROMOTION_CONTEXT": "/tmp/context"},
        ),
        workflow(
            "smoke",
            telling(
                "smoke",
                told,
                "{{workflow.parameters.COMMIT_SHA}} {{workflow.parameters.TICKET}} "
                "{{workflow.parameters.PROMOTION_CONTEXT}}",
            ),
        ),
    )
    async with w.working(database_url):
        done = await w.succeeded(await w.released("1.1.0"))
        assert done.context == {"checked": True}
        assert (told / "qa-check").read_text() == "shop-qa shop-1 \n"
        app, name, commit, ticket, context = (told / "prod-smoke").read_text().split(" ", 4)
        assert (app, name, ticket) == ("shop-prod", "shop-1", "OPS-7")
        assert commit == promotion(done, "prod").landings[0].commit
        assert json.loads(context) == {"checked": True}


async def test_a_failed_check_keeps_the_change_out_and_goes_on_by_a_retry_when_it_is_mended(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("flow.yaml", flow("main", *w.environments, policy={"preAction": "check"}))
    w.write("workflows.yaml", workflow("check", "echo no room >&2\nexit 3\n"))
    async with w.working(database_url):
        made = await w.released("1.1.0")
        at = await w.stopped_at(made, "qa", Code.STEP_FAILED)
        reason = real_world.said(at.reason, Code.STEP_FAILED, "check", "shop-qa", "exit code 3")
        assert reason.data["application"] == "shop-qa"
        assert w.tag("qa") == "1.0.0"
        w.write("workflows.yaml", workflow("check", "exit 0\n"))
        await w.until_in_force()
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"


async def test_a_suspended_step_goes_on_with_the_outputs_that_it_asks_for_and_not_without(
    tmp_path: Path, database_url: str
) -> None:
    w, told = real_world.made(tmp_path), tmp_path / "told"
    asks = {"parameters": [{"name": "ticket", "valueFrom": {"supplied": {}}}]}
    held = workflow("check", f"echo {{{{inputs.parameters.ticket}}}} > {told}\n")
    held["spec"]["templates"][0]["inputs"] = {"parameters": [{"name": "ticket"}]}
    given = [{"name": "ticket", "value": "{{steps.ask.outputs.parameters.ticket}}"}]
    tell = {"name": "tell", "template": "run", "arguments": {"parameters": given}}
    held["spec"]["entrypoint"] = "main"
    held["spec"]["templates"] += [
        {"name": "main", "steps": [[{"name": "ask", "template": "ask"}], [tell]]},
        {"name": "ask", "suspend": {}, "outputs": asks},
    ]
    w.write("flow.yaml", flow("main", "dev", "qa", policy={"preAction": "check"}))
    w.write("workflows.yaml", held)
    async with w.working(database_url):
        made = await w.released("1.1.0")
        await w.stopped_at(made, "qa", Code.WORKFLOW_SUSPENDED)
        ((run, step),) = await w.rows("SELECT run, id FROM step WHERE status = 'suspended'")
        with pytest.raises(Refused, match="without the output `ticket`"):
            await w.running.running.resume(run, step, "ada", {})
        await w.stopped_at(made, "qa", Code.WORKFLOW_SUSPENDED)
        assert await w.running.running.resume(run, step, "ada", {"ticket": "OPS-7"})
        await w.succeeded(made)
        assert told.read_text() == "OPS-7\n"


async def test_terminating_ends_the_process_of_a_workflow(
    tmp_path: Path, database_url: str
) -> None:
    w, begun, late = real_world.made(tmp_path), tmp_path / "begun", tmp_path / "late"
    w.write("flow.yaml", flow("main", *w.environments, policy={"preAction": "check"}))
    w.write("workflows.yaml", workflow("check", f"touch {begun}\nsleep 60\ntouch {late}\n"))
    async with w.working(database_url):
        made = await w.released("1.1.0")

        async def is_begun() -> bool:
            return begun.exists()

        await w.until("the check has begun", is_begun)
        await w.running.commands.terminate(made, "ada", "")
        ended = await w.until_so(made, lambda r: r.ended)
        assert ended.status is Status.TERMINATED
        assert "may_still_run" not in (ended.reason.data if ended.reason else {})
        assert not late.exists()


async def test_what_this_machine_does_not_run_is_refused_with_its_line_before_anything_is_done(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("flow.yaml", flow("main", *w.environments, policy={"postAction": "smoke"}))
    daemon = workflow("smoke", "exit 0\n")
    daemon["spec"]["templates"][0]["daemon"] = True
    w.write("workflows.yaml", daemon)
    async with w.working(database_url):
        at = await w.stopped_at(await w.released("1.1.0"), "qa", Code.UNSUPPORTED)
        real_world.said(at.reason, Code.UNSUPPORTED, "smoke", "daemon", "workflows.yaml:")
        assert w.tag("qa") == "1.0.0"
