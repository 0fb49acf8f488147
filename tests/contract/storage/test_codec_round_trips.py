"""Releases and events come back from PostgreSQL as they went there."""

import enum
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import shown_world as world
from towpath.domain import content, events, reasons, release, values
from towpath.domain.status import Status
from towpath.storage import codec, tables

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.datetimes(
    datetime(1970, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.just(UTC),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    WORDS,
    st.builds(values.Plain, WORDS),
)
JSONS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
)
STEPS = st.one_of(
    st.builds(values.Key, WORDS),
    st.builds(values.Item, st.sampled_from(["name", "id", "key"]), SCALARS),
    st.builds(values.Position, st.integers(0, 99), st.integers(0, 99)),
    st.builds(values.Document, st.none() | WORDS, st.none() | WORDS, st.just(0), st.just(0)),
)
VALUES = st.builds(values.Value, st.lists(STEPS, max_size=3).map(tuple), JSONS)
DATA = st.dictionaries(
    WORDS, st.none() | st.booleans() | st.integers(-9, 9) | WORDS | st.lists(WORDS), max_size=2
)
PRIMITIVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: WORDS,
    int: st.integers(0, 1 << 40),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: MOMENTS,
    timedelta: st.timedeltas(timedelta(days=-9), timedelta(days=9000)),
    UUID: st.uuids(),
    type(None): st.none(),
    values.Value: VALUES,
    Mapping[str, object]: DATA,
    Mapping[str, str]: st.dictionaries(WORDS, WORDS, max_size=2),
}


def _of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation of the domain."""
    if hint in PRIMITIVES:
        return PRIMITIVES[hint]
    arguments = typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return st.one_of(map(_of, arguments))
    if typing.get_origin(hint) is tuple and arguments[-1] is not ...:
        return st.tuples(*map(_of, arguments))
    if typing.get_origin(hint) is tuple:
        return st.lists(_of(arguments[0]), max_size=2).map(tuple)
    if typing.get_origin(hint) is not None:
        return st.dictionaries(WORDS, _of(arguments[1]), max_size=2)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: _of(hints[field.name]) for field in fields(hint)})


def _stored(value: object) -> Any:
    return json.loads(codec.json_text(value))


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(_of(release.Release))
def test_any_release_comes_back(of: release.Release) -> None:
    stored, state = codec.dump_release(of)
    assert codec.load_release(_stored(stored), _stored(state)) == of


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.one_of([_of(kind) for kind in events.all_types().values()]))
def test_any_event_comes_back(event: events.Event) -> None:
    kind, data = codec.dump_event(event)
    assert codec.load_event(kind, _stored(data)) == event


@given(_of(reasons.Reason))
def test_any_reason_comes_back(reason: reasons.Reason) -> None:
    assert codec.load_reason(_stored(codec.dump_reason(reason))) == reason


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(_of(content.ComponentContent))
def test_any_content_comes_back_with_the_types_of_its_values(
    part: content.ComponentContent,
) -> None:
    again = codec.load_content(_stored(codec.dump_content(part)))
    assert again == part
    assert repr(again) == repr(part)


def test_a_field_that_was_not_stored_gets_its_default() -> None:
    made = world.a_release()
    stored, state = codec.dump_release(made)
    del state["locks"], state["promotions"][0]["drift_accepted"]
    assert codec.load_release(stored, state) == made


def test_the_summary_says_how_each_environment_stands_and_what_it_waits_for() -> None:
    superseded = reasons.Reason(reasons.Code.SUPERSEDED_BY, "x", {"release": "checkout-2"})
    made = world.with_reasons(
        world.a_release(), {"dev": (Status.SUCCEEDED, None), "qa": (Status.SUPERSEDED, superseded)}
    )
    summary = codec.summary(made)
    assert [place["position"] for place in summary.values()] == [0, 1, 2]
    assert summary["dev"]["mark"] == "dev=succeeded"
    assert (summary["qa"]["reason"], summary["qa"]["release"]) == ("superseded_by", "checkout-2")
    assert summary["prod"]["sentence"] == "waits for qa (superseded)"


async def test_what_postgresql_refuses_in_a_text_is_replaced(database_url: str) -> None:
    subject = "a\0b \ud800 c \\u0000"
    async with world.empty(database_url) as engine, engine.begin() as connection:
        cast = sa.cast(sa.literal(codec.json_text({subject: [subject]}), sa.Text), sa.JSON)
        as_jsonb = await connection.execute(sa.select(sa.cast(cast, tables.pg.JSONB)))
        as_text = await connection.execute(sa.select(sa.literal(codec.plain_text(subject))))
    clean = "a\ufffdb \ufffd c \\u0000"
    assert as_jsonb.scalar_one() == {clean: [clean]}
    assert as_text.scalar_one() == clean


def test_a_number_that_is_none_becomes_a_text() -> None:
    assert codec.json_text({"a": [float("nan"), float("-inf"), 1.5]}) == '{"a":["nan","-inf",1.5]}'


async def test_a_release_comes_back_from_the_table(database_url: str) -> None:
    made = world.a_release()
    async with world.empty(database_url) as engine:
        await world.add(engine, made)
        assert await world.Queries(engine).release(made.id) == made
        assert await world.Queries(engine).release("checkout-99") is None
