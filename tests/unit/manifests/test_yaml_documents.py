"""YAML files as documents: what is read, what is refused, and where it is said to be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.manifests import documents, values


def problems_of(text: str) -> list[str]:
    read, problems = documents.read("a.yaml", text.encode())
    for document in read:
        problems = [*problems, *values.plain(document)[1]]
    return [str(problem) for problem in problems]


def plain_of(text: str) -> dict[str, object]:
    (document,), problems = documents.read("a.yaml", text.encode())
    data, wrong = values.plain(document)
    assert not problems
    assert not wrong
    return data


def test_scalars_are_read_as_kubernetes_reads_them() -> None:
    data = plain_of(
        "{a: yes, b: 012, c: 1.5, d: ~, e: 2024-01-01, f: 12:30, g: '1', on: x, h: 0x1f}"
    )

    assert data == {
        "a": True,
        "b": 10,
        "c": 1.5,
        "d": None,
        "e": "2024-01-01",
        "f": "12:30",
        "g": "1",
        "on": "x",
        "h": 31,
    }


def test_aliases_and_merges_are_written_out() -> None:
    data = plain_of("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\nagain: *b\n")

    assert data["own"] == {"x": 1, "y": 3}
    assert data["again"] == {"x": 1, "y": 2}


def test_a_broken_document_leaves_those_around_it() -> None:
    text = "kind: A\n---\nkind: [\n---\nkind: C\n"
    read, problems = documents.read("a.yaml", text.encode())

    assert [document.kind for document in read] == ["A", "C"]
    assert str(read[1].origin("kind")) == "a.yaml:5:7"
    assert [(p.code, p.origin.line) for p in problems] == [("broken_yaml", 4)]


def test_a_key_given_twice_names_both_places() -> None:
    assert problems_of("a: 1\nb: 2\na: 3\n") == [
        "a.yaml:3:1: duplicate_key: `a` is given twice; the first is in line 1"
    ]


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    _, problems = documents.read("a.yaml", b"a: 1\nb: \xff\n")

    assert [str(p) for p in problems] == ["a.yaml:2:4: not_utf8: not UTF-8: save the file as UTF-8"]


def test_a_byte_order_mark_does_not_move_columns() -> None:
    (document,), _ = documents.read("a.yaml", b"\xef\xbb\xbfa: 1\n")

    assert document.origin("a").column == 4


def test_a_file_that_is_too_large_is_refused() -> None:
    _, problems = documents.read("a.yaml", b"#" * (documents.MAX_BYTES + 1))

    assert [p.code for p in problems] == ["file_too_large"]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 200_000,
        "a: " + "[" * 300 + "]" * 300,
        "- " * 200_000 + "x",
        "\n".join(" " * i + "a:" for i in range(500)),
    ],
    ids=["open brackets", "brackets", "dashes", "indentation"],
)
def test_deep_nesting_is_refused_and_breaks_nothing(text: str) -> None:
    _, problems = documents.read("a.yaml", text.encode())
    said = [p.code for p in problems] or problems_of(text)

    assert "too_deep" in str(said)


def test_many_brackets_in_text_are_not_nesting() -> None:
    assert problems_of("a: '" + "[" * 500 + "'\n") == []


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]

    assert "too_large" in problems_of("\n".join(lines))[0]


def test_an_alias_inside_what_it_names_is_refused() -> None:
    assert problems_of("a: &a\n  b: *a\n")[0].startswith("a.yaml:1:4: alias_in_itself:")


def test_tags_of_other_programs_are_refused() -> None:
    assert "unsupported_tag" in problems_of("a: !vault x\n")[0]


def test_control_characters_are_named_with_their_line() -> None:
    assert problems_of("a: 1\nb: \x07\n")[0].startswith("a.yaml:2:4: broken_yaml:")


def test_what_is_no_mapping_is_passed_over_with_a_notice() -> None:
    _, problems = documents.read("a.yaml", b"- 1\n- 2\n")

    assert [(p.code, p.severity) for p in problems] == [("not_a_manifest", "notice")]


def test_a_list_of_manifests_is_read_as_its_items() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n  - kind: A\n  - kind: B\n"
    read, _ = documents.read("a.yaml", text.encode())

    assert [document.kind for document in read] == ["A", "B"]


def test_every_place_of_a_document_can_be_listed() -> None:
    (document,), _ = documents.read("a.yaml", b"a:\n  - b: 1\n")

    assert {path: str(origin) for path, origin in document.places()}["a[0].b"] == "a.yaml:2:8"


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    read, problems = documents.read("a.yaml", text.encode("utf-8", "surrogatepass"))

    for document in read:
        values.plain(document)
    assert all(problem.origin.line >= 1 for problem in problems)


_ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _ASCII,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ASCII, inner, max_size=3),
        max_leaves=20,
    )
)
def test_json_is_read_as_it_is(value: object) -> None:
    node_value, problems = values.of_file("a.json", json.dumps(value).encode())

    assert not problems
    assert node_value == value


def test_a_tab_is_named_where_it_indents() -> None:
    told = "a.yaml:2:1: broken_yaml: not YAML: a tab indents here, where YAML takes spaces only"
    assert problems_of("a:\n\tb: 1\n") == [told]
    assert "a.yaml:3:1: broken_yaml: " in problems_of("a:\r  b: 1\r\tc: 1\r")[0]
