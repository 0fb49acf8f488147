"""Which nodes a JSONPath selects (RFC 9535).

It exists to parse every path once, however often it is asked. It must not know files.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeAlias

import jsonpath

from towpath.domain import values
from towpath.manifests import patterns

Location: TypeAlias = tuple[str | int, ...]


class PathError(ValueError):
    """A JSONPath that cannot be read, or not be followed; the sentence says why."""


@functools.lru_cache(maxsize=1024)
def _compiled(json_path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    try:
        # Strict keeps RFC 9535; it accepts `$.a-b` without brackets all the same.
        return patterns.json_paths(strict=True).compile(json_path)
    except jsonpath.JSONPathError as error:
        reason = str(error).partition("\n")[0]
        raise PathError(f"the JSONPath {json_path!r} cannot be read: {reason}") from None


def locate(json_path: str, document: Any) -> Sequence[Location]:
    """Where the selected nodes are, as keys and indexes from the root; raises `PathError`."""
    compiled = _compiled(json_path)
    if not isinstance(document, dict | list):
        # The library would parse a text at the root as JSON.
        return [()] if str(compiled) == "$" else []
    if "?" in json_path:
        document = _comparable(document)
    try:
        return [tuple(match.parts) for match in compiled.finditer(document)]
    except (jsonpath.JSONPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise PathError(f"the JSONPath {json_path!r} cannot be followed: {reason}") from None


def _comparable(node: Any) -> Any:
    """The document as filters compare it: spellings become numbers where JSON has them."""
    if isinstance(node, dict):
        return {key: _comparable(child) for key, child in node.items()}
    if isinstance(node, list):
        return [_comparable(child) for child in node]
    if isinstance(node, values.Plain):
        try:
            return float(node.text)
        except ValueError:
            return node.text
    return node
