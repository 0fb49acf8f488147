"""JSON Schema of our kinds, so that editors complete and check while one writes.

Only what a single manifest can show: what manifests mean together is for `load`.
"""

from typing import Any

from towpath.manifests import known_kinds, validation


def kinds() -> tuple[str, ...]:
    """The kinds of `towpath.dev/v1`, as `schema` takes them."""
    return tuple(known_kinds.MODELS)


def schema(kind: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a kind. Raises KeyError, with a sentence, if there is none."""
    model = known_kinds.MODELS.get(kind)
    if model is None:
        near = validation.nearest(kind, known_kinds.MODELS)
        raise KeyError(f"there is no schema of `{kind}`{near}; there is of {', '.join(kinds())}")
    written = model.model_json_schema()
    properties = written["properties"]
    properties["apiVersion"] |= {"const": known_kinds.OURS}
    properties["kind"] |= {"const": kind}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **written}
