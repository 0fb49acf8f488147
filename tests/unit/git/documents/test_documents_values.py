"""Values compare with their types and survive being stored."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.domain import values

texts = st.text(st.characters(exclude_categories=["Cs"]))
plains = st.builds(values.Plain, texts)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | plains
jsons = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)
counts = st.integers(0, 9)
steps = (
    st.builds(values.Key, texts)
    | st.builds(values.Item, texts, scalars)
    | st.builds(values.Position, counts, counts)
)
documents = st.builds(values.Document, st.none() | texts, st.none() | texts, counts, counts)
places = st.builds(
    lambda first, rest: (*first, *rest), st.lists(documents, max_size=1), st.lists(steps)
)


@given(st.lists(st.builds(values.Value, places, jsons), max_size=4))
def test_stored_values_come_back_exactly(found: list[values.Value]) -> None:
    stored = json.dumps(values.dump(found), allow_nan=False)
    assert "\\u0000" not in stored
    loaded = values.load(json.loads(stored))
    assert [repr(value) for value in loaded] == [repr(value) for value in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        ("yes", values.Plain("yes")),
        (0.0, -0.0),
        ([1], [True]),
        ({}, []),
    ],
)
def test_values_of_different_types_differ(one: values.Json, other: values.Json) -> None:
    assert not values.same(one, other)
    assert values.Value((), one) != values.Value((), other)


def test_the_order_of_keys_does_not_matter() -> None:
    assert values.same({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    assert values.same(math.nan, float("nan"))


def test_a_place_reads_like_a_json_path() -> None:
    key, item = values.Key("env"), values.Item("name", "FOO")
    assert values.spell((values.Key("image"), values.Key("tag"))) == "$.image.tag"
    assert values.spell((key, item, values.Key("value"))) == "$.env[name=FOO].value"
    assert values.spell((key, values.Position(1, 2), values.Key("a.b"))) == "$.env[1]['a.b']"
    assert values.spell((values.Document("A", "x", 0, 0), key)) == "A/x: $.env"
    assert values.spell((values.Document(None, None, 0, 2), key)) == "document 1 of 2: $.env"


def test_a_spelling_reads_as_its_text() -> None:
    assert str(values.Plain("1.10")) == "1.10"
