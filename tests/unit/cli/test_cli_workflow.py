"""`towpath workflow run`: from a file to an exit code, without a server."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Towpath = Callable[..., Result]


HELLO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}]}
  templates:
    - name: main
      container: {image: busybox, command: [echo], args: ["hello {{workflow.parameters.who}}"]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workflow.yaml"


def test_steps_and_what_they_say_are_shown_as_lines(towpath: Towpath, file: Path) -> None:
    file.write_text(HELLO)
    result = towpath("workflow", "run", str(file), "-p", "who=ada")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "main  ◐ running",
        "main │ hello ada",
        "main  ✓ succeeded 0s",
        "workflow  ✓ succeeded",
    ]


def test_as_data_it_is_the_run_with_its_nodes_and_logs(towpath: Towpath, file: Path) -> None:
    file.write_text(HELLO)
    result = towpath("workflow", "run", str(file), "--output", "json")
    told = json.loads(result.stdout)
    (node,) = told["nodes"]
    assert (told["status"], node["phase"], node["log"]) == (
        "succeeded",
        "Succeeded",
        "hello world\n",
    )
    assert node["outputs"] == {"exitCode": "0", "result": "hello world"}


def test_a_workflow_that_does_not_succeed_ends_with_1(towpath: Towpath, file: Path) -> None:
    file.write_text(HELLO.replace("[echo]", "[sh, -c, exit 3]"))
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 1
    assert "exit code 3" in result.stdout


def test_what_cannot_be_run_is_named_with_its_line_and_ends_with_2(
    towpath: Towpath, file: Path
) -> None:
    file.write_text(HELLO + "      volumes: [{name: data}]\n")
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}:11:16: unsupported: `volumes` is not run here")


def test_a_parameter_without_a_value_keeps_it_from_being_run(towpath: Towpath, file: Path) -> None:
    file.write_text(HELLO.replace(", value: world", ""))
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 2
    assert f"{file}:7:28: missing: the workflow's parameter `who` has no value" in result.stderr
    assert "Give values with -p NAME=VALUE." in result.stderr


def test_templates_may_lie_in_other_documents_and_files(towpath: Towpath, tmp_path: Path) -> None:
    template = HELLO.replace("kind: Workflow", "kind: WorkflowTemplate").replace(
        "generateName: hello-", "name: greetings"
    )
    workflow = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: caller}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: you}]}
  templates:
    - name: main
      steps:
        - - {name: greet, templateRef: {name: greetings, template: main}}
"""
    (tmp_path / "a.yaml").write_text(workflow)
    (tmp_path / "b.yaml").write_text(template)
    alone = towpath("workflow", "run", str(tmp_path / "a.yaml"))
    assert alone.exit_code == 2
    assert "there is no workflow template `greetings`" in alone.stderr
    assert "Give the file that holds it, too." in alone.stderr
    result = towpath("workflow", "run", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))
    assert result.exit_code == 0
    assert "greet │ hello you" in result.stdout


CRON = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: daily}
spec:
  schedules: ['0 2 * * *']
  when: "{{= cronworkflow.lastScheduledTime == nil }}"
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container: {image: busybox, command: [echo], args: ["for {{workflow.scheduledTime}}"]}
"""


def test_of_a_cron_workflow_the_workflow_is_run_once_as_if_it_were_due(
    towpath: Towpath, file: Path
) -> None:
    file.write_text(CRON)
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 0
    assert re.search(r"for 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", result.stdout)


def test_what_a_cron_workflow_cannot_have_run_is_named_with_its_line(
    towpath: Towpath, file: Path
) -> None:
    file.write_text(CRON + "    volumes: [{name: data}]\n")
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}:13:14: unsupported: `volumes` is not run here")


SUSPENDED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: held}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: approve, template: approve}
        - - name: say
            template: say
            arguments:
              parameters: [{name: text, value: "{{steps.approve.outputs.parameters.word}}"}]
    - name: approve
      suspend: {}
      outputs: {parameters: [{name: word, valueFrom: {supplied: {}}}]}
    - name: say
      inputs: {parameters: [{name: text}]}
      container: {image: busybox, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""


def test_a_suspended_step_is_resumed_with_what_is_supplied(towpath: Towpath, file: Path) -> None:
    file.write_text(SUSPENDED)
    result = towpath("workflow", "run", str(file), "--supply", "word=yes")
    assert (result.exit_code, "say │ yes" in result.stdout) == (0, True)


def test_where_nobody_can_resume_it_a_suspended_step_ends_the_run(
    towpath: Towpath, file: Path
) -> None:
    file.write_text(SUSPENDED)
    result = towpath("workflow", "run", str(file))
    assert result.exit_code == 1
    assert "nobody can resume it here" in result.stderr


def test_an_interrupt_ends_the_steps_and_runs_the_exit_handler(file: Path) -> None:
    file.write_text(
        HELLO.replace("  entrypoint", "  onExit: bye\n  entrypoint").replace(
            '[echo], args: ["hello {{workflow.parameters.who}}"]',
            '[sh, -c], args: ["echo begun; sleep 600"]',
        )
        + "    - {name: bye, container: {image: x, command: [echo, bye]}}\n"
    )
    start = "from towpath.cli.main import app; app()"
    command = [sys.executable, "-c", start, "workflow", "run", str(file)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if line.endswith("begun\n"):
                process.send_signal(signal.SIGINT)
        assert process.wait() == 1
    assert "main.onExit │ bye" in said
    assert said[-1].startswith("workflow  ⊘ terminated")


def test_of_several_workflows_one_is_named(towpath: Towpath, file: Path) -> None:
    one = HELLO.replace("generateName: hello-", "name: one")
    file.write_text(one + "---" + one.replace("name: one", "name: two").replace("world", "moon"))
    unsaid = towpath("workflow", "run", str(file))
    assert (unsaid.exit_code, "several workflows, one, two: say which" in unsaid.stderr) == (
        2,
        True,
    )
    wrong = towpath("workflow", "run", str(file), "--workflow", "three")
    assert (wrong.exit_code, "there is no workflow `three`" in wrong.stderr) == (2, True)
    assert "hello moon" in towpath("workflow", "run", str(file), "--workflow", "two").stdout


def test_a_template_without_an_entrypoint_can_be_told_one(towpath: Towpath, file: Path) -> None:
    file.write_text(HELLO.replace("  entrypoint: main\n", ""))
    result = towpath("workflow", "run", str(file))
    assert (result.exit_code, "--entrypoint TEMPLATE" in result.stderr) == (2, True)
    assert towpath("workflow", "run", str(file), "--entrypoint", "main").exit_code == 0


def test_a_parameter_that_the_workflow_does_not_have_is_no_parameter(
    towpath: Towpath, file: Path
) -> None:
    file.write_text(HELLO)
    result = towpath("workflow", "run", str(file), "-p", "whoo=ada")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "no parameter `whoo`; did you mean `who`?" in said


def test_on_a_terminal_a_suspended_step_is_asked_for_below_a_picture_that_stands_still(
    file: Path,
) -> None:
    file.write_text(SUSPENDED)
    start = "from towpath.cli.main import app; app()"
    command = [sys.executable, "-c", start, "workflow", "run", str(file)]
    terminal, end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=environment) as process:
        os.close(end)
        asked = _said(terminal, "give `word`, then Enter.")
        os.write(terminal, b"\n")
        again = _said(terminal, "`word` has no default.")
        os.write(terminal, b"hello\n")
        assert "say │ hello" in _said(terminal, "workflow  ✓ succeeded")
        assert process.wait() == 0
    os.close(terminal)
    assert "approve  ‖ suspended" in asked
    assert "◐" not in again


def _said(terminal: int, until: str) -> str:
    """What a terminal shows until it shows this, without colours and movements of the cursor."""
    shown = ""
    while until not in shown:
        shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode())
    return shown
