"""The template languages of ApplicationSets, as far as they are understood."""

import pytest

from towpath.manifests import templating

PARAMETERS = {
    "name": "dev",
    "count": 3,
    "big": 1000000,
    "on": True,
    "path": {"path": "apps/Shop_1", "basename": "Shop_1", "segments": ["apps", "Shop_1"]},
    "metadata": {"labels": {"example.com/env": "qa"}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .name }}", "dev"),
        ("a-{{.path.basename}}-b", "a-Shop_1-b"),
        ("{{ index .path.segments 1 }}", "Shop_1"),
        ('{{ index .metadata.labels "example.com/env" }}', "qa"),
        ("{{ .path.basename | normalize }}", "shop-1"),
        ("{{ normalize .path.basename | upper }}", "SHOP-1"),
        ('{{ default "x" .missing }}', "x"),
        ('{{ .missing | default "x" }}', "x"),
        ("{{ .count }}/{{ .on }}/{{ .big }}", "3/true/1e+06"),
        ("a {{- .name -}} b", "adevb"),
        ('{{ trimSuffix "ev" .name }}', "d"),
    ],
)
def test_go_templates_are_rendered(text: str, expected: str) -> None:
    assert templating.rendered(text, PARAMETERS, go=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ if .on }}x{{ end }}",
        "{{ range .path.segments }}{{ . }}{{ end }}",
        "{{ $x := .name }}",
        "{{ printf `%s` .name }}",
        "{{ .path }}",
        "{{ (index .path.segments 0) }}",
    ],
)
def test_what_go_templates_can_do_besides_is_refused(text: str) -> None:
    with pytest.raises(templating.UnsupportedError):
        templating.rendered(text, PARAMETERS, go=True)


@pytest.mark.parametrize(
    "text", ["{{ .missing }}", "{{ .path.nothing }}", "{{ index .path.segments 7 }}"]
)
def test_a_parameter_nobody_gives_is_not_guessed(text: str) -> None:
    with pytest.raises(templating.UnresolvedError):
        templating.rendered(text, PARAMETERS, go=True)


def test_a_missing_key_is_an_error_even_with_a_default_where_the_set_says_so() -> None:
    with pytest.raises(templating.UnresolvedError):
        templating.rendered('{{ default "x" .missing }}', PARAMETERS, go=True, strict=True)


def test_simple_templates_leave_what_they_do_not_know() -> None:
    parameters = {"name": "dev", "path[0]": "apps"}

    assert templating.rendered("{{ name }}-{{path[0]}}-{{x}}", parameters, go=False) == (
        "dev-apps-{{x}}"
    )


def test_keys_are_rendered_like_values() -> None:
    assert templating.rendered({"{{a}}": ["{{a}}", 1]}, {"a": "x"}, go=False) == {"x": ["x", 1]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (100000, "100000"),
        (1234567, "1.234567e+06"),
        (1.5, "1.5"),
        (-0.00001, "-1e-05"),
        (0.0001, "0.0001"),
        (0, "0"),
        (None, "<nil>"),
        (False, "false"),
    ],
)
def test_numbers_are_printed_as_go_prints_them(value: object, expected: str) -> None:
    assert templating.go_text(value) == expected
