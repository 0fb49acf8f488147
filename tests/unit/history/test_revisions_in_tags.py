"""Commit names in image tags, and reports of CIs."""

import pytest

from towpath.domain.catalog import Component
from towpath.history import reporting
from towpath.history.revisions import in_tag, is_own

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("tag", "pattern", "wanted"),
    [
        (SHA, "{sha}", [SHA]),
        ("main-0123456", "*-{sha}", ["0123456"]),
        ("main-0123456", "main-{sha}", ["0123456"]),
        ("1.2.3-0123456", "{sha}", []),
        ("v1.2.3", "v{tag}", ["1.2.3"]),
        ("1.2.3", "{tag}", ["1.2.3"]),
        ("nightly", "{sha}", []),
        ("1.2.3-0123456", "", ["1.2.3-0123456", "v1.2.3-0123456", "0123456"]),
        ("latest", "", ["latest", "vlatest"]),
        ("-" * 120, "*-" * 20 + "{sha}", []),  # in every way to divide it, it would take for ever
    ],
)
def test_a_tag_names_a_commit_by_the_components_pattern(
    tag: str, pattern: str, wanted: list[str]
) -> None:
    assert list(in_tag(tag, pattern)) == wanted


def test_the_images_of_a_component_are_those_it_names_else_all() -> None:
    named = Component("api", images=("registry/shop/*",))
    assert is_own("registry/shop/api", named)
    assert not is_own("docker.io/nginx", named)
    assert is_own("anything", Component("api"))


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("12", 12),
        ("#12", 12),
        ("!12", 12),
        ("acme/shop#12", 12),
        ("shop!12", 12),
        ("https://code.example/acme/shop/pull/12", 12),
        ("https://code.example/acme/shop/-/merge_requests/12", 12),
        ("https://code.example/acme/other/pull/12", 0),
        ("acme/other#12", 0),
        ("²", 0),
        ("20260301120000", 0),
        ("twelve", 0),
    ],
)
def test_a_pull_request_of_a_report_is_one_of_its_repository(named: str, wanted: int) -> None:
    assert reporting.pull_request(named, "https://code.example/acme/shop.git") == wanted


def test_a_report_is_of_a_tag_or_digest() -> None:
    made = reporting.report("host:5000/shop/api:1.2", revision=SHA.upper())
    assert (made.name, made.tag, made.revision) == ("host:5000/shop/api", "1.2", SHA)
    digest = "sha256:" + "a" * 64
    assert reporting.report(f"shop/api@{digest}").digest == digest
    secret = reporting.report("shop/api:1", repository="https://u:p@h/r")
    assert secret.repository == "https://h/r"


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": "shop/api"},
        {"image": "-:x"},
        {"image": "shop/api:1", "digest": "abc"},
        {"image": "shop/api:1", "revision": "abc"},
    ],
)
def test_a_report_that_names_nothing_is_refused_with_what_to_give(wrong: dict[str, str]) -> None:
    with pytest.raises(reporting.Refused):
        reporting.report(**wrong)
