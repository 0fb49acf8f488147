"""`towpath lint` and `towpath schema`, without a server."""

import json
from pathlib import Path
from typing import Any

import yaml

BROKEN = """apiVersion: towpath.dev/v1
kind: Environment
metadata: {name: prod}
spec:
  kind: prod
  positon: 3
"""
SOUND = BROKEN.replace("positon", "position")


def test_every_problem_is_a_line_with_file_line_column_code_and_message(
    towpath: Any, tmp_path: Path
) -> None:
    (tmp_path / "prod.yaml").write_text(BROKEN)
    result = towpath("lint", str(tmp_path))
    assert result.exit_code == 1
    assert f"{tmp_path}/prod.yaml:6:3: unknown_field: " in result.stdout
    assert "in 1 file." in result.stderr


def test_sound_manifests_exit_0(towpath: Any, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(SOUND)
    result = towpath("lint", str(tmp_path / "prod.yaml"))
    assert result.exit_code == 0
    assert result.stderr == "No problem in 1 file.\n"


def test_several_places_are_checked_as_one_configuration(towpath: Any, tmp_path: Path) -> None:
    for name, text in (("a", SOUND), ("b", SOUND.replace("name: prod", "name: prod-eu"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prod.yaml").write_text(text)
    result = towpath("lint", str(tmp_path / "a"), str(tmp_path / "b"), "-o", "json")
    assert json.loads(result.stdout) == {"files": 2, "problems": []}


def test_problems_as_data_have_a_severity(towpath: Any, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(BROKEN)
    as_json = json.loads(towpath("lint", str(tmp_path), "-o", "json").stdout)
    as_yaml = yaml.safe_load(towpath("lint", str(tmp_path), "-o", "yaml").stdout)
    assert as_json == as_yaml
    assert {one["severity"] for one in as_json["problems"]} == {"error"}


def test_a_place_that_is_not_there_is_wrong_use(towpath: Any, tmp_path: Path) -> None:
    result = towpath("lint", str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "there is no file or folder" in result.stderr


def test_a_folder_without_manifests_is_wrong_use(towpath: Any, tmp_path: Path) -> None:
    result = towpath("lint", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no .yaml or .yml file in" in result.stderr


def test_schema_lists_the_kinds_and_prints_one(towpath: Any) -> None:
    kinds = towpath("schema").stdout.split()
    assert "PromotionFlow" in kinds
    for kind in kinds:
        assert json.loads(towpath("schema", kind).stdout)["$schema"].startswith("https://")
    assert yaml.safe_load(towpath("schema", "Product", "-o", "yaml").stdout)["properties"]


def test_an_unknown_kind_is_wrong_use_and_names_the_nearest(towpath: Any) -> None:
    result = towpath("schema", "Produkt")
    assert result.exit_code == 2
    assert "Product" in result.stderr


WORKFLOW = """---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: smoke
  annotations: {towpath.dev/workflow-origin: promotion}
spec:
  entrypoint: run
  templates:
    - name: run
      daemon: true
      script: {image: busybox, command: [sh], source: "exit 0"}
---
apiVersion: towpath.dev/v1
kind: PromotionPolicy
metadata: {name: tested}
spec:
  priority: 1
  policy: {postAction: smoke}
"""


def test_a_workflow_in_use_that_this_machine_does_not_run_is_a_warning(
    towpath: Any, tmp_path: Path
) -> None:
    (tmp_path / "all.yaml").write_text(WORKFLOW)
    result = towpath("lint", str(tmp_path))
    assert result.exit_code == 0
    (line,) = [one for one in result.stdout.splitlines() if "workflow_not_run_here" in one]
    assert line.startswith(f"{tmp_path}/all.yaml:11:")
    assert "daemon" in line


def test_a_workflow_that_refers_to_one_that_is_not_there_is_a_warning(
    towpath: Any, tmp_path: Path
) -> None:
    refers = WORKFLOW.replace(
        "daemon: true", "steps: [[{name: a, templateRef: {name: b, template: c}}]]"
    )
    refers = refers.replace('      script: {image: busybox, command: [sh], source: "exit 0"}\n', "")
    (tmp_path / "all.yaml").write_text(refers)
    result = towpath("lint", str(tmp_path))
    assert "workflow smoke refers to b, which is not in the configuration" in result.stdout
