"""A promoted tag beside a digest that is not promoted changes nothing, and is an error."""

from towpath.domain import catalog
from towpath.manifests import digests

HELM = b"image:\n  repository: shop\n  tag: '1'\n  digest: sha256:abc\n"
KUSTOMIZE = b"images:\n  - name: shop\n    newTag: '1'\n    digest: sha256:abc\n"


def codes(promotion: dict[str, tuple[str, ...]], **files: bytes) -> list[str]:
    template = catalog.Template("t", promotion=promotion)
    named = {name.replace("_", "."): content for name, content in files.items()}
    return [problem.message for problem in digests.problems(template, named)]


def test_a_tag_without_its_digest_is_an_error() -> None:
    assert codes({"*.yaml": ("$.image.tag",)}, values_yaml=HELM) == [
        'the template `t` promotes `$["image"]["tag"]` of values.yaml but not '
        '`$["image"]["digest"]`, which decides what runs: promote both, or drop the digest'
    ]


def test_kustomize_tags_are_known_by_their_name() -> None:
    assert codes({"k.yaml": ("$.images[*].newTag",)}, k_yaml=KUSTOMIZE)


def test_both_or_the_whole_are_fine() -> None:
    assert not codes({"values.yaml": ("$.image.tag", "$.image.digest")}, values_yaml=HELM)
    assert not codes({"values.yaml": ("$.image",)}, values_yaml=HELM)
    assert not codes({"values.yaml": ("*",)}, values_yaml=HELM)


def test_an_empty_digest_decides_nothing() -> None:
    content = HELM.replace(b"sha256:abc", b"''")

    assert not codes({"values.yaml": ("$.image.tag",)}, values_yaml=content)


def test_files_that_are_not_promoted_or_not_readable_are_passed_over() -> None:
    assert not codes({"other.yaml": ("$.image.tag",)}, values_yaml=HELM)
    assert not codes({"values.yaml": ("$.image.tag",)}, values_yaml=b"{{ if")
