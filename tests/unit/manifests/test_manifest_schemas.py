"""JSON Schema for editors, and the page that documents every field."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from towpath import manifests
from towpath.manifests import known_kinds

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "manifests.md"


def objects(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield schema["title"], schema
    yield from schema.get("$defs", {}).items()


def fits(value: object, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether a value fits a schema, for the keywords our schemas use."""
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    types = schema.get("type", [])
    if types and not any(_is(value, t) for t in ([types] if isinstance(types, str) else types)):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    match value:
        case str():
            pattern = re.search(schema.get("pattern", ""), value)
            return bool(pattern) and len(value) >= schema.get("minLength", 0)
        case list():
            items = schema.get("items", {})
            long_enough = len(value) >= schema.get("minItems", 0)
            return long_enough and all(fits(one, items, root) for one in value)
        case dict():
            return _mapping_fits(value, schema, root)
    return True


def _mapping_fits(
    value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any]
) -> bool:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key, below in value.items():
        wanted = known.get(key, others)
        if wanted is False or (isinstance(wanted, dict) and not fits(below, wanted, root)):
            return False
    return set(schema.get("required", ())) <= set(value)


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    kinds: dict[str, Any] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
        "null": type(None),
    }
    return isinstance(value, kinds.get(name, ()))


@pytest.mark.parametrize("kind", manifests.kinds())
def test_every_field_of_a_schema_has_a_description_and_every_part_a_title(kind: str) -> None:
    for name, part in objects(manifests.schema(kind)):
        assert part["description"], name
        assert part["additionalProperties"] is False
        for field, written in part["properties"].items():
            assert written.get("description"), f"{name}.{field}"


def test_a_schema_says_of_which_kind_and_version_it_is() -> None:
    properties = manifests.schema("Product")["properties"]

    assert properties["apiVersion"]["const"] == "towpath.dev/v1"
    assert properties["kind"]["const"] == "Product"


def test_a_kind_that_there_is_not_is_named_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean `Product`"):
        manifests.schema("Produkt")


@pytest.mark.parametrize("kind", manifests.kinds())
def test_every_field_is_on_the_page_of_manifests(kind: str) -> None:
    section = PAGE.read_text().partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    common = PAGE.read_text().partition("\n## Metadata\n")[2].partition("\n## ")[0]

    for name, part in objects(manifests.schema(kind)):
        for field in part["properties"]:
            assert f"`{field}`" in section + common, f"{kind}: {name}.{field} is not documented"


def test_every_problem_code_on_the_page_is_one_that_there_is() -> None:
    source = Path(known_kinds.__file__).parents[1]
    rooms = [source / "manifests", source / "domain"]  # some only a server can find
    text = "".join(file.read_text() for room in rooms for file in room.glob("*.py"))
    table = PAGE.read_text().partition("\n## Problems\n")[2]

    codes = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert len(codes) > 50
    assert not [code for code in codes if f'"{code}"' not in text]


def test_every_example_on_the_page_is_taken() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    refusals = {"unknown_field", "missing_field", "wrong_type", "invalid_value", "broken_yaml"}

    assert len(examples) == len(manifests.kinds())
    for example in examples:
        loaded = manifests.load({"example.yaml": example.encode()})
        assert not [str(p) for p in loaded.problems if p.code in refusals]


names = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
products = st.fixed_dictionaries(
    {"promotionFlows": st.lists(st.fixed_dictionaries({"name": names}), max_size=2)},
    optional={
        "description": texts,
        "tags": st.lists(texts, max_size=2),
        "concurrency": st.sampled_from(["supersede", "queue", "terminate", "never"]),
        "components": st.lists(
            st.fixed_dictionaries(
                {"name": names | texts},
                optional={
                    "tag": st.sampled_from(["{sha}", "v{tag}", "x"]),
                    "paths": st.lists(texts),
                },
            ),
            max_size=2,
        ),
        "issueKeys": st.lists(st.sampled_from(["SHOP", "shop"]), max_size=2),
        "links": st.lists(
            st.fixed_dictionaries({"title": texts, "url": st.just("https://x") | texts}), max_size=1
        ),
        "promotionTemplate": st.fixed_dictionaries(
            {}, optional={"versionSource": st.just({"file": "a.yaml", "jsonPath": "$.a"})}
        ),
        "other": texts,
    },
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(name=names | texts, spec=products)
def test_the_schema_of_products_takes_what_loading_takes(name: str, spec: dict[str, Any]) -> None:
    manifest = {
        "apiVersion": "towpath.dev/v1",
        "kind": "Product",
        "metadata": {"name": name},
        "spec": spec,
    }
    schema = manifests.schema("Product")
    form = known_kinds.MODELS["Product"]
    try:
        form.model_validate(manifest)
        taken = True
    except ValueError:
        taken = False

    assert fits(manifest, schema, schema) == taken
