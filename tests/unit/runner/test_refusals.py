"""What keeps a workflow from being begun is named, in the line where it stands."""

import pytest

from local_runner_page import rows
from towpath.domain.catalog import Problem
from towpath.runner import LocalRunner
from towpath.runner.fields import Fate
from workflow_runs import Play, manifest

# One object of every kind that has fields which are refused, and the place for one more field.
WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: example
spec:
  # WorkflowSpec
  entrypoint: main
  arguments:
    # WorkflowArguments
    parameters:
      - name: text
        value: hello
        # InputParameter
  templates:
    - name: main
      steps:
        - - name: wait
            template: wait
          - name: ask
            template: ask
          - name: say
            template: say
            arguments:
              # Arguments
              parameters:
                - name: text
                  value: hello
                  # Argument
    - name: wait
      suspend: {}
      outputs:
        # Outputs
        parameters:
          - name: answer
            # OutputParameter
            valueFrom:
              # ValueFrom
              supplied: {}
    - name: ask
      http:
        # HTTP
        url: http://example.test/
        headers:
          - name: X-Team
            # HTTPHeader
            value: blue
    - name: say
      # Template
      inputs:
        # Inputs
        parameters:
          - name: text
      script:
        # Container
        image: busybox
        command: [sh]
        source: echo hello
        env:
          - name: COLOUR
            # EnvVar
            value: green
"""
REFUSED = [(kind, field) for kind, field, fate in rows() if fate is Fate.REFUSED]


def refused(text: str, *given: str) -> list[Problem]:
    return list(LocalRunner().refuse(manifest(text), given))


@pytest.mark.parametrize(("kind", "field"), REFUSED)
def test_a_construct_that_is_not_run_is_named_with_its_line(kind: str, field: str) -> None:
    mark = f"# {kind}\n"
    line = WORKFLOW[: WORKFLOW.index(mark)].count("\n") + 1
    text = WORKFLOW.replace(mark, f"{field}: [{{name: x}}]\n", 1)
    (problem,) = refused(text)
    assert problem.message.startswith(f"`{field}` is not run here: ")
    assert (problem.code, problem.origin.file, problem.origin.line) == (
        "unsupported",
        "workflow.yaml",
        line,
    )


def test_what_is_not_refused_is_run() -> None:
    assert refused(WORKFLOW) == []


@pytest.mark.parametrize(
    ("was", "becomes", "line", "message"),
    [
        ("echo hello", "'{{=env(\"HOME\")}}'", "source:", "unsupported: source: `env("),
        ("        command: [sh]\n", "", "image:", "unsupported: `script` has no command"),
        ("supplied: {}", "path: /tmp/x", "path: /tmp/x", "unsupported: valueFrom.path is no"),
        ("      suspend: {}\n", "", "- name: wait", "invalid: a template is one of"),
        ("template: wait", "template: wiat", "template: wiat", "invalid: there is no template"),
        (
            "name: say\n            t",
            "name: wait\n            t",
            "- name: wait",
            "invalid: there are two",
        ),
        (
            "green",
            "'{{inputs.parameters.txt}}'",
            "value: '{{",
            "invalid: the template has no",
        ),
        ("value: {steps}", "value: '{{steps.wiat.id}}'", "value: '{{", "invalid: there is no step"),
        ("green", "'{{workflow.parameters.txt}}'", "value: '{{", "missing: the workflow has no"),
        ("  entrypoint: main\n", "", "arguments:", "missing: spec.entrypoint: is required"),
    ],
)
def test_a_mistake_is_named_with_its_line(was: str, becomes: str, line: str, message: str) -> None:
    text = WORKFLOW.replace("hello\n                  # Arg", "{steps}\n                  # Arg")
    (problem,) = refused(text.replace(was, becomes, 1).replace("{steps}", "hello"))
    written = text.replace(was, becomes, 1).splitlines()[problem.origin.line - 1]
    assert written.strip().startswith(line)
    assert f"{problem.code}: {problem.message}".startswith(message)


def test_a_parameter_that_has_no_value_is_named_with_its_line() -> None:
    text = WORKFLOW.replace("        value: hello\n", "", 1)
    (problem,) = refused(text)
    assert problem.origin.line == 11
    assert problem.message == "the workflow's parameter `text` has no value"
    assert refused(text, "text") == []


def test_an_input_of_the_entrypoint_that_has_no_value_is_named_with_its_line() -> None:
    text = WORKFLOW.replace("entrypoint: main", "entrypoint: say").replace(
        "      - name: text\n        value", "      - name: colour\n        value", 1
    )
    (problem,) = refused(text)
    assert problem.message == "the input `text` of the entrypoint `say` has no value"
    assert text.splitlines()[problem.origin.line - 1].strip() == "- name: text"
    assert refused(text, "text") == []


def test_a_run_that_lacks_a_value_ends_before_its_first_step() -> None:
    run = Play(manifest(WORKFLOW.replace("        value: hello\n", "", 1))).run
    assert (run.status, run.steps) == ("error", {})
