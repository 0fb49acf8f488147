"""How tags, switches and sizes are read and written in each style of file."""

import pytest
import yaml

from towpath.demo import cast, commits, files

STAGING = next(e for e in cast.ENVIRONMENTS if e.name == "staging")
EVERY_SERVICE = pytest.mark.parametrize("service", cast.SERVICES.values(), ids=cast.SERVICES)


def tag_text(service: cast.Service, tag: str = "1.2.3-abcdef0") -> str:
    return files.first(service, STAGING, tag)[files.tag_file(service, "staging")]


@EVERY_SERVICE
def test_the_tag_that_was_written_is_read(service: cast.Service) -> None:
    assert files.tag_in(service, tag_text(service)) == "1.2.3-abcdef0"


@EVERY_SERVICE
def test_another_tag_changes_nothing_but_the_tag(service: cast.Service) -> None:
    before = tag_text(service)
    after = files.with_tag(service, before, "1.2.4-0123456")
    assert files.tag_in(service, after) == "1.2.4-0123456"
    undone = after.replace("1.2.4-0123456", "1.2.3-abcdef0").replace('"1.2.4"', '"1.2.3"')
    assert undone == before


@EVERY_SERVICE
def test_every_written_file_is_yaml_or_a_helm_template(service: cast.Service) -> None:
    for path, text in files.first(service, STAGING, "1.2.3-abcdef0").items():
        if "/templates/" not in path:
            assert all(document for document in yaml.safe_load_all(text)), path


def test_a_quoted_tag_keeps_its_quotes_and_a_plain_one_stays_plain() -> None:
    assert '    newTag: "9.9.9-x"\n' in files.with_tag(
        cast.CATALOG, tag_text(cast.CATALOG), "9.9.9-x"
    )
    assert "  tag: 9.9.9-x\n" in files.with_tag(cast.CART, tag_text(cast.CART), "9.9.9-x")


def test_the_version_label_of_plain_manifests_goes_with_the_image() -> None:
    text = files.with_tag(cast.CHECKOUT, tag_text(cast.CHECKOUT), "3.12.0-0123456")
    deployment, service = yaml.safe_load_all(text)
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == "3.12.0"
    assert service["kind"] == "Service"


def test_a_switch_turns_on_and_off_again() -> None:
    before = tag_text(cast.CART)
    on, is_on = files.turned(before, "giftWrap")
    off, is_still_on = files.turned(on, "giftWrap")
    assert (is_on, is_still_on) == (True, False)
    assert off == before != on


@EVERY_SERVICE
def test_one_replica_more_is_a_change_of_one_line(service: cast.Service) -> None:
    written = files.first(service, STAGING, "1.2.3-abcdef0")
    before = written[files.size_file(service, "staging")]
    after, replicas = files.resized(service, before)
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    assert replicas == 3
    assert sum(old != new for old, new in lines) == 1


@EVERY_SERVICE
def test_a_file_without_a_tag_is_refused_with_its_name(service: cast.Service) -> None:
    with pytest.raises(commits.DemoError, match=f"{service.name} names no image tag"):
        files.with_tag(service, "kind: Nothing\n", "1.0.0-x")


def test_a_missing_switch_is_named() -> None:
    with pytest.raises(commits.DemoError, match="no switch `fireworks`"):
        files.turned(tag_text(cast.CART), "fireworks")
