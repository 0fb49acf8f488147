"""What a JSONPath selects, and how its places are found again in another file."""

# ruff: noqa: E501 (a case of a table is one line, so that cases can be compared)

from __future__ import annotations

import pytest

from towpath.domain import values
from towpath.git import documents

Plain = values.Plain


def selected(data: str, *paths: str, path: str = "v.yaml") -> dict[str, values.Json]:
    found = documents.select(data.encode(), path, paths)
    return {values.spell(value.place): value.value for each in found.values() for value in each}


def test_a_scalar_is_one_value() -> None:
    assert selected("image:\n  tag: x\n", "$.image.tag") == {"$.image.tag": "x"}


def test_a_mapping_stands_for_the_values_below_it() -> None:
    data = "image: {tag: x, pull: {a: 1, b: {}}}\n"
    found = {"$.image.tag": "x", "$.image.pull.a": 1, "$.image.pull.b": {}}
    assert selected(data, "$.image") == found


def test_a_list_without_keys_is_taken_as_a_whole() -> None:
    assert selected("a: [x, {b: 1}]\n", "$.a") == {"$.a": ["x", {"b": 1}]}


def test_a_list_below_a_selected_mapping_is_taken_as_a_whole() -> None:
    assert selected("a: {b: [1, 2]}\n", "$.a") == {"$.a.b": [1, 2]}


@pytest.mark.parametrize("field", ["name", "id", "key"])
def test_elements_with_a_key_are_known_by_it(field: str) -> None:
    data = f"e:\n- {field}: A\n  v: 1\n- {field}: B\n  v: 2\n"
    assert selected(data, "$.e[*].v") == {f"$.e[{field}=A].v": 1, f"$.e[{field}=B].v": 2}


def test_name_goes_before_id_and_key() -> None:
    assert selected("e: [{key: k, id: i, name: n}]\n", "$.e[0].id") == {"$.e[name=n].id": "i"}


def test_a_selected_list_with_keys_stands_for_the_values_below_its_elements() -> None:
    data = "e:\n- name: A\n  v: 1\n"
    assert selected(data, "$.e") == {"$.e[name=A].name": "A", "$.e[name=A].v": 1}


def test_elements_without_keys_are_known_by_position_and_length() -> None:
    found = documents.select(b"e: [{v: 1}, {v: 2}]\n", "v.yaml", ["$.e[1].v"])
    place = (values.Key("e"), values.Position(1, 2), values.Key("v"))
    assert found == {"$.e[1].v": (values.Value(place, 2),)}


def test_keys_that_are_not_unique_are_ambiguous() -> None:
    with pytest.raises(documents.DocumentError) as caught:
        selected("e:\n- name: A\n- name: A\n", "$.e[*].v", "$.e[0].name")
    assert (caught.value.code, caught.value.line) == ("value_ambiguous", 3)


def test_a_path_through_a_list_with_some_keys_is_ambiguous() -> None:
    with pytest.raises(documents.DocumentError) as caught:
        selected("e:\n- name: A\n- v: 1\n", "$.e[1].v")
    assert caught.value.code == "value_ambiguous"


def test_a_scalar_at_the_root_is_selected_as_it_is() -> None:
    assert selected("--- '[1]'\n", "$", "$.a") == {"$": "[1]"}


def test_a_path_that_selects_nothing_yields_nothing() -> None:
    assert documents.select(b"a: 1\n", "v.yaml", ["$.b"]) == {"$.b": ()}
    assert documents.select(b"", "v.yaml", ["$.b"]) == {"$.b": ()}


def test_a_place_selected_twice_by_a_path_comes_once() -> None:
    assert len(documents.select(b"a: {b: 1}\n", "v.yaml", ["$..b"])["$..b"]) == 1


def test_a_name_with_a_dash_needs_no_brackets() -> None:
    assert selected("a-b: 1\n", "$.a-b") == {"$.a-b": 1}


def test_a_filter_compares_numbers_and_text() -> None:
    data = "e:\n- {name: A, v: 1.10}\n- {name: B, v: 2.5}\n"
    assert selected(data, "$.e[?@.v < 2].v") == {"$.e[name=A].v": Plain("1.10")}
    assert selected(data, "$.e[?@.name == 'B'].v") == {"$.e[name=B].v": 2.5}


def test_a_broken_path_is_refused() -> None:
    with pytest.raises(documents.DocumentError, match="JSONPath") as caught:
        selected("a: 1\n", "$.[")
    assert caught.value.code == "invalid_configuration"


def test_aliases_and_merge_keys_are_followed() -> None:
    data = "x: &x {tag: a, p: 1}\nimage:\n  <<: *x\n  tag: b\ny: *x\n"
    found = {"$.image.tag": "b", "$.image.p": 1, "$.y.tag": "a", "$.y.p": 1}
    assert selected(data, "$.image", "$.y") == found


def test_a_value_with_a_tag_of_the_user_is_not_carried() -> None:
    with pytest.raises(documents.DocumentError, match="!vault") as caught:
        selected("a: 1\nb: !vault x\n", "$.b")
    assert caught.value.line == 2


SPELLINGS = [
    ("x", "x"), ('"1.10"', "1.10"), ("'yes'", "yes"), ("1", 1), ("-3", -3), ("1.5", 1.5),
    ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("!!str 1", "1"),
    ("1.10", Plain("1.10")), ("yes", Plain("yes")), ("Off", Plain("Off")), ("n", Plain("n")),
    ("0123", Plain("0123")), ("1e3", Plain("1e3")), ("12:30", Plain("12:30")), (".5", Plain(".5")),
    ("0o17", Plain("0o17")), ("0x1F", Plain("0x1F")), ("1_000", Plain("1_000")), ("+1", Plain("+1")),
    ("2024-01-01", Plain("2024-01-01")), ("2024-01-01T10:00:00Z", Plain("2024-01-01T10:00:00Z")),
    (".inf", Plain(".inf")), (".nan", Plain(".nan")), ("1.2.3", "1.2.3"), ("v1", "v1"),
    ("99999999999999999999", 99999999999999999999), ("-0", Plain("-0")), ("1" * 5000, Plain("1" * 5000)),
    ("nothing", "nothing"), ("on-call", "on-call"), ("12:99", "12:99"), ("|\n  x\n  y", "x\ny\n"),
]  # fmt: skip


@pytest.mark.parametrize(("spelling", "value"), SPELLINGS, ids=[case[0][:20] for case in SPELLINGS])
def test_a_value_keeps_its_type_and_its_spelling(spelling: str, value: values.Json) -> None:
    found = documents.select(f"a: {spelling}\n".encode(), "v.yaml", ["$.a"])["$.a"]
    assert found == (values.Value((values.Key("a"),), value),)
    copied = documents.apply(b"a: other\n", "v.yaml", found)
    assert documents.select(copied, "v.yaml", ["$.a"])["$.a"] == found


TWO = "kind: A\nmetadata: {name: x}\nv: 1\n---\nkind: B\nmetadata: {name: 8}\nv: 2\n"


def test_kubernetes_documents_are_known_by_kind_and_name() -> None:
    assert selected(TWO, "$.v") == {"A/x: $.v": 1, "B/8: $.v": 2}


def test_documents_that_share_a_name_are_known_by_position() -> None:
    data = TWO.replace("kind: B", "kind: A").replace("8", "x")
    assert selected(data, "$.v") == {"document 1 of 2: $.v": 1, "document 2 of 2: $.v": 2}


def test_documents_without_names_are_known_by_position() -> None:
    data = "v: 1\n---\n---\nv: 2\n"
    assert selected(data, "$.v") == {"document 1 of 2: $.v": 1, "document 2 of 2: $.v": 2}


def test_documents_in_another_order_find_each_other() -> None:
    first, second = TWO.split("---\n")
    found = documents.select(TWO.replace("v: 2", "v: 3").encode(), "v.yaml", ["$.v"])["$.v"]
    changed = documents.apply(f"{second}---\n{first}".encode(), "v.yaml", found)
    assert changed.decode() == f"{second}---\n{first}".replace("v: 2", "v: 3")


def test_reading_tells_what_is_there_and_what_is_not() -> None:
    data = b"a: {b: 1}\nc: [1, 2.50]\nd: !vault x\ne: null\n"
    keys = ("a", "c", "d", "e", "f")
    found = documents.read(data, "v.yaml", [(values.Key(key),) for key in keys])
    expected = [{}, [1, Plain("2.50")], "x", None, values.MISSING]
    assert list(found.values()) == expected


def test_json_and_toml_are_selected_alike() -> None:
    found = {"$.e[name=A].v": Plain("1.10"), "$.t": True}
    json = '{"e": [{"name": "A", "v": 1.10}], "t": true}'
    toml = 't = true\n[[e]]\nname = "A"\nv = 1.10\n'
    assert selected(json, "$.e[*].v", "$.t", path="v.json") == found
    assert selected(toml, "$.e[*].v", "$.t", path="v.toml") == found


def test_a_toml_date_is_its_spelling() -> None:
    assert selected("d = 2024-01-01\n", "$.d", path="v.toml") == {"$.d": Plain("2024-01-01")}


@pytest.mark.parametrize(("path", "is_one"), [("a/v.yaml", True), ("v.YML", True), ("v.json", True), ("v.toml", True), ("Dockerfile", False), ("v.tpl", False)])  # fmt: skip
def test_the_name_tells_the_format(path: str, is_one: bool) -> None:
    assert documents.is_document(path) is is_one
