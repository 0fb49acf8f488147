"""ApplicationSets: which Applications they stand for, and what is refused instead of guessed."""

from collections.abc import Callable, Mapping

import pytest

from towpath import manifests

HEAD = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set, namespace: argo}
spec:
"""
TEMPLATE = """
  template:
    metadata:
      name: '{{name}}'
      annotations: {towpath.dev/product: shop, note: '{{left.alone}}'}
    spec:
      source: {repoURL: https://h/r, path: '{{path}}', targetRevision: main}
      destination: {name: '{{cluster}}', namespace: x}
"""
GO_TEMPLATE = TEMPLATE.replace(", note: '{{left.alone}}'", "")


class Files:
    """Contents of repositories, by address and revision."""

    def __init__(self, contents: Mapping[str, str], repository: str = "https://h/r") -> None:
        self._contents = contents
        self._repository = repository

    def files(self, repository: str, revision: str) -> Mapping[str, Callable[[], bytes]]:
        if (repository, revision) != (self._repository, "main"):
            raise LookupError("never fetched")
        return {path: (lambda text=text: text.encode()) for path, text in self._contents.items()}


def expand(
    generators: str,
    template: str = TEMPLATE,
    contents: Mapping[str, str] | None = None,
    more: str = "",
) -> manifests.Loaded:
    text = HEAD + "  generators:\n" + generators + template
    files = Files(contents) if contents is not None else None
    return manifests.load({"a.yaml": text.encode(), "b.yaml": more.encode()}, files)


def described(loaded: manifests.Loaded) -> list[str]:
    assert not [p for p in loaded.problems if p.code == "unresolved_parameter"], loaded.problems
    return [
        f"{a.name} {a.sources[0].path} {a.destination.cluster}" for a in loaded.catalog.applications
    ]


def refusals(loaded: manifests.Loaded) -> list[str]:
    return [f"{p.severity} {p}" for p in loaded.problems if p.code not in _CONSEQUENCES]


_CONSEQUENCES = ("product_implied", "environment_unknown")


def test_a_list_makes_an_application_of_each_element() -> None:
    loaded = expand(
        "    - list:\n        elements:\n"
        "          - {name: a, path: p/a, cluster: c1}\n"
        "          - {name: b, path: p/b, cluster: c2}\n"
    )

    assert described(loaded) == ["a p/a c1", "b p/b c2"]
    assert {a.namespace for a in loaded.catalog.applications} == {"argo"}
    assert loaded.catalog.applications[0].annotations["note"] == "{{left.alone}}"


def test_a_selector_behind_a_generator_keeps_what_it_matches() -> None:
    loaded = expand(
        "    - list:\n        elements:\n"
        "          - {name: a, path: p/a, cluster: c1}\n"
        "          - {name: b, path: p/b, cluster: c2}\n"
        "      selector: {matchLabels: {cluster: c2}}\n"
    )

    assert described(loaded) == ["b p/b c2"]


GIT = "        repoURL: https://u:p@h/r\n        revision: main\n"
CONTENTS = {
    "apps/api/dev/values.yaml": "",
    "apps/api/qa/values.yaml": "",
    "apps/web/dev/values.yaml": "",
    "apps/old/dev/values.yaml": "",
    ".github/workflows/ci.yaml": "",
    "README.md": "",
}


def test_directories_of_a_repository_make_applications() -> None:
    template = TEMPLATE.replace("'{{name}}'", "'{{path[1]}}-{{path.basename}}'").replace(
        "{{cluster}}", "{{values.where}}-{{path.basenameNormalized}}"
    )
    loaded = expand(
        f"    - git:\n{GIT}        directories:\n          - path: apps/*/*\n"
        "          - {path: apps/old/*, exclude: true}\n        values: {where: 'c-{{path[0]}}'}\n",
        template,
        CONTENTS,
    )

    assert described(loaded) == [
        "api-dev apps/api/dev c-apps-dev",
        "api-qa apps/api/qa c-apps-qa",
        "web-dev apps/web/dev c-apps-dev",
    ]


def test_directories_are_known_to_go_templates_by_their_segments() -> None:
    template = "\n  goTemplate: true\n  goTemplateOptions: [missingkey=error]" + (
        GO_TEMPLATE.replace("'{{name}}'", "'{{ index .path.segments 1 }}-{{ .path.basename }}'")
        .replace("'{{path}}'", "'{{ .path.path }}'")
        .replace("'{{cluster}}'", "'{{ .path.basenameNormalized }}'")
    )
    loaded = expand(
        f"    - git:\n{GIT}        directories: [{{path: apps/web/*}}]\n", template, CONTENTS
    )

    assert described(loaded) == ["web-dev apps/web/dev dev"]


def test_a_prefix_sets_the_parameters_of_a_path_apart() -> None:
    template = (
        TEMPLATE.replace("'{{name}}'", "'{{my.path.basename}}'")
        .replace("'{{path}}'", "'{{my.path}}'")
        .replace("'{{cluster}}'", "'{{my.path[1]}}'")
    )
    loaded = expand(
        f"    - git:\n{GIT}        pathParamPrefix: my\n"
        "        directories: [{path: apps/web/*}]\n",
        template,
        CONTENTS,
    )

    assert described(loaded) == ["dev apps/web/dev web"]


def test_files_of_a_repository_give_their_content_and_place() -> None:
    template = TEMPLATE.replace("'{{name}}'", "'{{app.name}}-{{path.filenameNormalized}}'").replace(
        "'{{cluster}}'", "'{{app.clusters.0}}-{{count}}'"
    )
    contents = {
        "config/Web.json": '{"app": {"name": "web", "clusters": ["c1"]}, "count": 2}',
        "config/x/list.yaml": "- {app: {name: a, clusters: [c2]}, count: 1}\n"
        "- {app: {name: b, clusters: [c3]}, count: 1000000}\n",
    }
    loaded = expand(f"    - git:\n{GIT}        files: [{{path: 'config/*'}}]\n", template, contents)

    assert described(loaded) == [
        "web-web.json config c1-2",
        "a-list.yaml config/x c2-1",
        "b-list.yaml config/x c3-1e+06",
    ]


CLUSTERS = """apiVersion: v1
kind: Secret
metadata:
  name: c-eu
  labels: {argocd.argoproj.io/secret-type: cluster, env: prod}
  annotations: {region: eu}
stringData: {name: prod-eu, server: https://eu.example, config: 'bearerToken: hidden'}
---
apiVersion: v1
kind: Secret
metadata: {name: c-us, labels: {argocd.argoproj.io/secret-type: cluster, env: prod}}
data: {name: cHJvZC11cw==, server: aHR0cHM6Ly91cy5leGFtcGxl}
---
apiVersion: towpath.dev/v1
kind: Environment
metadata: {name: dev}
spec: {clusters: [{name: dev-cluster}, {name: 'any-*'}]}
"""


def test_clusters_come_from_secrets_and_environments() -> None:
    template = TEMPLATE.replace("'{{path}}'", "p").replace("'{{cluster}}'", "'{{name}}'")
    loaded = expand("    - clusters: {}\n", template, more=CLUSTERS)

    assert [a.name for a in loaded.catalog.applications] == [
        "prod-eu",
        "prod-us",
        "dev-cluster",
        "in-cluster",
    ]
    assert "hidden" not in str(loaded)


def test_a_selector_chooses_clusters_by_their_labels() -> None:
    template = TEMPLATE.replace("'{{path}}'", "'{{metadata.labels.env}}'").replace(
        "'{{cluster}}'", "'{{name}}'"
    )
    loaded = expand(
        "    - clusters: {selector: {matchLabels: {env: prod}}}\n", template, more=CLUSTERS
    )

    assert described(loaded) == ["prod-eu prod prod-eu", "prod-us prod prod-us"]


def test_clusters_by_label_are_not_known_without_any_label() -> None:
    loaded = expand("    - clusters: {selector: {matchLabels: {env: prod}}}\n")

    assert refusals(loaded) == [
        "notice a.yaml:6:17: needs_clusters: spec.generators[0].clusters: "
        "needs the labels of clusters, and no cluster Secret is among the manifests: "
        "the applications of this set are not known here"
    ]


def test_a_cluster_whose_server_is_not_known_is_not_guessed() -> None:
    template = TEMPLATE.replace("'{{path}}'", "p").replace(
        "name: '{{cluster}}'", "server: '{{server}}'"
    )
    environment = CLUSTERS.rpartition("---\n")[2]
    loaded = expand("    - clusters: {}\n", template, more=environment)

    assert loaded.catalog.applications == ()
    assert refusals(loaded) == [
        "error a.yaml:14:29: unresolved_parameter: spec.template.spec.destination.server: "
        "no generator gives `server`"
    ]


def test_a_matrix_combines_two_generators_and_the_second_may_use_the_first() -> None:
    template = TEMPLATE.replace("'{{name}}'", "'{{svc}}-{{path.basename}}'")
    loaded = expand(
        "    - matrix:\n        generators:\n"
        "          - list: {elements: [{svc: api, cluster: c1}, {svc: web, cluster: c2}]}\n"
        "          - git:\n              repoURL: https://h/r\n              revision: main\n"
        "              directories: [{path: 'apps/{{svc}}/*'}]\n",
        template,
        CONTENTS,
    )

    assert described(loaded) == [
        "api-dev apps/api/dev c1",
        "api-qa apps/api/qa c1",
        "web-dev apps/web/dev c2",
    ]


def test_a_matrix_of_go_templates_keeps_the_first_generators_values() -> None:
    template = "\n  goTemplate: true" + (
        GO_TEMPLATE.replace("'{{name}}'", "'{{.name}}-{{.at.zone}}-{{.at.n}}'")
        .replace("'{{path}}'", "p")
        .replace("'{{cluster}}'", "c")
    )
    loaded = expand(
        "    - matrix:\n        generators:\n"
        "          - list: {elements: [{name: a, at: {zone: x}}]}\n"
        "          - list: {elements: [{name: b, at: {zone: y, n: 1}}]}\n",
        template,
    )

    assert described(loaded) == ["a-x-1 p c"]


def test_a_matrix_whose_generators_disagree_is_an_error() -> None:
    loaded = expand(
        "    - matrix:\n        generators:\n"
        "          - list: {elements: [{name: a, path: p, cluster: c}]}\n"
        "          - list: {elements: [{name: b}]}\n"
    )

    assert refusals(loaded) == [
        "error a.yaml:7:9: ambiguous_parameter: spec.generators[0].matrix: "
        "both generators give `name`, with different values"
    ]


def test_a_merge_overrides_what_has_the_same_keys() -> None:
    loaded = expand(
        "    - merge:\n        mergeKeys: [name]\n        generators:\n"
        "          - list: {elements: [{name: a, path: p, cluster: c}, "
        "{name: b, path: p, cluster: c}]}\n"
        "          - list: {elements: [{name: b, cluster: d}, {name: z, path: q}]}\n"
    )

    assert described(loaded) == ["a p c", "b p d"]


def test_a_set_that_needs_contents_is_left_out_with_a_notice_where_there_are_none() -> None:
    loaded = expand(f"    - git:\n{GIT}        directories: [{{path: '*'}}]\n")

    assert loaded.usable
    assert refusals(loaded)[0].startswith(
        "notice a.yaml:7:9: needs_repository_contents: spec.generators[0].git: "
        "needs repository contents (https://h/r)"
    )


def test_a_repository_that_is_not_known_is_an_error() -> None:
    generator = f"    - git:\n{GIT}        directories: [{{path: '*'}}]\n"
    loaded = expand(generator.replace("main", "other"), contents={})

    assert not loaded.usable
    assert "never fetched" in refusals(loaded)[0]


@pytest.mark.parametrize(
    ("generators", "more", "place"),
    [
        (
            "    - scmProvider: {}\n",
            "",
            "a.yaml:6:20: unsupported_construct: "
            "spec.generators[0].scmProvider: the generator `scmProvider`",
        ),
        (
            "    - list:\n        elements: []\n        template: {metadata: {}}\n",
            "",
            "a.yaml:8:19: unsupported_construct: spec.generators[0].list.template: ",
        ),
        (
            "    - list: {elements: []}\n",
            "\n  templatePatch: |\n    x: y\n",
            "a.yaml:8:18: unsupported_construct: spec.templatePatch: `templatePatch`",
        ),
        (
            "    - list: {elementsYaml: '[]'}\n",
            "",
            "a.yaml:6:28: unsupported_construct: spec.generators[0].list.elementsYaml: ",
        ),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(
    generators: str, more: str, place: str
) -> None:
    loaded = expand(generators, more + TEMPLATE)

    assert loaded.usable
    assert loaded.catalog.applications == ()
    assert [said for said in refusals(loaded) if said.startswith(f"warning {place}")]


def test_a_condition_in_a_go_template_is_named_with_its_line() -> None:
    template = "\n  goTemplate: true" + GO_TEMPLATE.replace("{{name}}", "{{ if .x }}a{{ end }}")
    loaded = expand("    - list: {elements: [{x: 1}]}\n", template)

    assert refusals(loaded) == [
        "warning a.yaml:11:13: unsupported_construct: spec.template.metadata.name: "
        "the template `{{ if .x }}` is not understood here: "
        "the applications of this set are not read"
    ]


def test_a_go_template_without_go_templates_gets_a_hint() -> None:
    loaded = expand(
        "    - list: {elements: [{name: a}]}\n", TEMPLATE.replace("{{path}}", "{{ .path }}")
    )

    assert "no generator gives `.path`; is `goTemplate: true` missing?" in refusals(loaded)[0]


def test_an_element_that_is_no_text_is_an_error_of_simple_templates() -> None:
    loaded = expand("    - list: {elements: [{name: 1}]}\n")

    assert refusals(loaded) == [
        "error a.yaml:6:32: wrong_type: spec.generators[0].list.elements[0].name: "
        "must be text: put it in quotes"
    ]


def test_mistakes_of_the_template_are_told_once_at_the_template() -> None:
    elements = "{name: a, path: ../x, cluster: c}, {name: b, path: ../x, cluster: c}"
    loaded = expand(f"    - list: {{elements: [{elements}]}}\n")

    assert [(p.code, p.origin.line) for p in loaded.problems] == [("path_outside_repository", 13)]
