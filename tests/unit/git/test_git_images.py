"""Image references that are found by themselves."""

import pytest

from towpath.domain import content, values
from towpath.git import images


def found(path: str, text: str) -> dict[str, object]:
    return {values.spell(v.place): v.value for v in images.find(text.encode(), path)}


def seen(path: str, text: str) -> tuple[content.Image, ...]:
    return images.references(images.find(text.encode(), path))


def test_helm_maps_and_strings_at_any_depth() -> None:
    text = (
        "image: {registry: r.io, repository: a/b, tag: v1, pullPolicy: Always}\n"
        "web:\n  image:\n    repository: c\n    digest: sha256:ab\n    pullSecrets: []\n"
        "job:\n  image: r.io:5000/d/e:2@sha256:cd\n"
        "replicas: 2\n"
    )
    assert found("values-qa.yaml", text) == {
        "$.image.registry": "r.io",
        "$.image.repository": "a/b",
        "$.image.tag": "v1",
        "$.web.image.repository": "c",
        "$.web.image.digest": "sha256:ab",
        "$.job.image": "r.io:5000/d/e:2@sha256:cd",
    }
    assert seen("values-qa.yaml", text) == (
        content.Image("r.io/a/b", "v1"),
        content.Image("c", "", "sha256:ab"),
        content.Image("r.io:5000/d/e", "2", "sha256:cd"),
    )


def test_a_tag_alone_is_promoted_though_it_names_no_image() -> None:
    assert found("values.yaml", "image:\n  tag: 1.10\n") == {"$.image.tag": values.Plain("1.10")}
    assert seen("values.yaml", "image:\n  tag: 1.10\n") == ()


def test_kustomize_images_go_by_their_names() -> None:
    text = "images:\n- name: api\n  newName: r/api\n  newTag: v2\n- name: web\n  digest: sha256:1\n"
    assert found("kustomization.yaml", text) == {
        "$.images[name=api].newName": "r/api",
        "$.images[name=api].newTag": "v2",
        "$.images[name=web].digest": "sha256:1",
    }
    assert seen("kustomization.yaml", text) == (
        content.Image("r/api", "v2"),
        content.Image("web", "", "sha256:1"),
    )


def test_containers_of_plain_manifests_of_any_kind() -> None:
    text = (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\n"
        "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n"
        "          initContainers:\n          - {name: i, image: 'a:1'}\n"
        "          containers:\n          - {name: c, image: 'b:2', env: [{name: image}]}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {image: 'no:1'}\n"
    )
    assert seen("deployment.yaml", text) == (content.Image("b", "2"), content.Image("a", "1"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("other.yaml", "image: a:1\n"),
        ("values.yaml", "replicas: 1\n"),
        ("values.yaml", "image: {pullPolicy: Always}\n"),
        ("values.yaml", "image: 'two words'\n"),
    ],
)
def test_what_is_no_reference_is_left_alone(path: str, text: str) -> None:
    assert found(path, text) == {}


def test_a_charts_templates_and_dependencies_are_not_looked_into() -> None:
    paths = ["Chart.yaml", "values.yaml", "templates/d.yaml", "charts/x/values.yaml", "crds/c.yaml"]
    more = ["sub/Chart.yaml", "sub/templates/x.yaml", "sub/values.yaml", "templates.yaml", "a.txt"]
    assert images.candidates([*paths, *more]) == {
        "values.yaml",
        "sub/values.yaml",
        "templates.yaml",
    }
