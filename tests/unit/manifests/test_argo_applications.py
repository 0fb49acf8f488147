"""Argo CD Applications as they are written: sources, destinations, and their mistakes."""

from collections.abc import Mapping
from typing import Any

from towpath.domain import catalog
from towpath.manifests import applications, documents, values


def read(text: str) -> tuple[catalog.Application | None, list[str]]:
    (document,), _ = documents.read("a.yaml", text.encode())
    manifest, _ = values.plain(document)
    application, problems = applications.read(manifest, document.origin)
    return application, [str(problem) for problem in problems]


def application(**spec: Any) -> catalog.Application:
    manifest: Mapping[str, Any] = {
        "metadata": {"name": "a"},
        "spec": {"destination": {"name": "c"}, **spec},
    }
    found, problems = applications.read(manifest, lambda *path: catalog.Origin("a"))
    assert found, problems
    return found


def test_one_source_is_read_with_its_defaults() -> None:
    (source,) = application(source={"repoURL": "https://h/r.git", "path": "./a/b/"}).sources

    assert source == catalog.Source("https://h/r.git", "a/b", "HEAD")


def test_charts_of_chart_repositories_have_no_path() -> None:
    chart = {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "19.1.0"}
    (source,) = application(source=chart).sources

    assert (source.chart, source.kind, source.path) == ("redis", "helm", "")


def test_the_tool_of_a_source_is_known_from_its_settings() -> None:
    url = "https://h/r"
    kinds = [
        application(source={"repoURL": url, "path": "a", **tool}).sources[0].kind
        for tool in ({"helm": {}}, {"kustomize": {"namePrefix": "x"}}, {"directory": {}}, {})
    ]

    assert kinds == ["helm", "kustomize", "directory", "directory"]


def test_a_value_file_of_a_source_that_is_not_there_is_an_error() -> None:
    _, problems = read(
        "metadata: {name: a}\nspec:\n  destination: {name: c}\n  sources:\n"
        "    - repoURL: https://h/r\n      path: a\n      helm:\n"
        "        valueFiles: [$other/x.yaml]\n"
    )

    assert problems == [
        "a.yaml:8:22: unknown_source_ref: spec.sources[0].helm.valueFiles[0]: "
        "no source has `ref: other`"
    ]


def test_the_dry_source_of_a_hydrated_application_is_what_people_write() -> None:
    found = application(
        source={"repoURL": "https://h/old", "path": "old"},
        sourceHydrator={
            "drySource": {"repoURL": "https://h/dry", "path": "a", "targetRevision": "main"},
            "syncSource": {"targetBranch": "env/dev", "path": "out"},
        },
    )

    assert found.sources == (catalog.Source("https://h/dry", "a", "main"),)


def test_secrets_in_addresses_are_left_out_with_a_warning() -> None:
    found, problems = read(
        "metadata: {name: a}\nspec:\n  destination: {name: c}\n"
        "  source: {repoURL: 'https://u:p@h/r', path: a}\n"
    )

    assert found
    assert found.sources[0].repository == "https://h/r"
    assert problems[0].startswith("a.yaml:4:21: secret_in_address:")


def test_unknown_fields_of_an_application_are_accepted() -> None:
    found = application(source={"repoURL": "https://h/r", "path": "a"}, somethingNew={"x": 1})

    assert found.name == "a"


def test_every_mistake_of_an_application_is_told_at_once() -> None:
    found, problems = read(
        "metadata: {name: 12}\nspec:\n  source: {path: ../a, targetRevision: 1.0}\n"
        "  destination: {name: a, server: https://b}\n"
    )

    assert found is None
    assert problems == [
        "a.yaml:1:18: wrong_type: metadata.name: must be text: put it in quotes",
        "a.yaml:3:11: missing_field: spec.source.repoURL: is required",
        "a.yaml:3:18: path_outside_repository: spec.source.path: "
        "`../a` leads outside the repository",
        "a.yaml:3:40: wrong_type: spec.source.targetRevision: must be text: put it in quotes",
        "a.yaml:4:16: invalid_value: spec.destination: has both name and server: Argo CD takes one",
    ]
