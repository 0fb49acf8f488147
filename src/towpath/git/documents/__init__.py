"""Reading promoted values from a file's bytes, and writing them into another's.

It exists so that only promoted values change, while comments, quotes, order, indentation and
line ends of everything else stay byte for byte. It must not know git, releases or where the
bytes come from: it is pure, and what it cannot do exactly it refuses.

    found = documents.select(source, "values.yaml", ["$.image"])
    changed = documents.apply(target, "values.yaml", found["$.image"])

The format goes by the file's name: `.yaml`, `.yml`, `.json`, `.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from towpath.domain import values
from towpath.git.documents import changing, errors, json_edit, reading, source, toml_edit, yaml_edit
from towpath.git.documents import text as texts
from towpath.git.documents.errors import DocumentError, UnprovenEditError
from towpath.git.documents.text import MAX_BYTES, MAX_DEPTH

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "DocumentError",
    "UnprovenEditError",
    "apply",
    "is_document",
    "read",
    "select",
]


def is_document(path: str) -> bool:
    """Whether values can be taken from a file of this name; other files are promoted whole."""
    return _suffix(path) in _formats()


def select(
    data: bytes, path: str, json_paths: Sequence[str]
) -> dict[str, tuple[values.Value, ...]]:
    """What each JSONPath (RFC 9535) selects in a file, by path; `()` where it selects nothing.

    A scalar is one value; a mapping stands for the values below it; a list whose elements have
    a `name`, `id` or `key` for those below its elements, any other is one value. Every place
    is given once for each path. Raises `DocumentError`.
    """
    file = _parse(texts.decode(data, path).text, path)
    return {json_path: reading.select(file, json_path) for json_path in json_paths}


def read(
    data: bytes, path: str, places: Sequence[values.Place]
) -> dict[values.Place, values.Json | values.Missing]:
    """What stands at each place now, or `values.MISSING`.

    A mapping reads as `{}`, since the values below it have places of their own. Raises
    `DocumentError`, for a place that is there twice too.
    """
    file = _parse(texts.decode(data, path).text, path)
    return {place: reading.read(file, place) for place in places}


def apply(
    data: bytes,
    path: str,
    sets: Sequence[values.Value],
    removals: Sequence[values.Place] = (),
) -> bytes:
    """The file without `removals` and with `sets`; everything else keeps its bytes.

    What is so already is not touched: applied twice is applied once, and a file that needs no
    change is given back as it is. Raises `DocumentError` where a value has no place, or where
    the change would reach further than asked; never returns a file that it has not proven.
    """
    decoded = texts.decode(data, path)
    file = _parse(decoded.text, path)
    wanted = changing.update(file, sets, removals)
    if values.same(list(file.documents), list(wanted)):
        return data
    result = file.edited(wanted)
    _prove(result, path, wanted)
    return decoded.encode(result)


def _prove(result: str, path: str, wanted: Sequence[source.Data]) -> None:
    """Parse the result and compare the whole of it with what was meant."""
    try:
        documents = _parse(result, path).documents
    except DocumentError as error:
        raise UnprovenEditError(path, f"the result cannot be read: {error}") from error
    if not values.same(list(documents), list(wanted)):
        raise UnprovenEditError(path, "the result reads differently from what was meant")


def _parse(text: str, path: str) -> source.Source:
    parse = _formats().get(_suffix(path))
    if parse is None:
        raise errors.DocumentError(
            "invalid_configuration",
            "values are promoted in .yaml, .yml, .json and .toml files; promote any other file "
            "whole, with `jsonPaths: ['*']`",
            path,
        )
    return parse(text, path)


def _formats() -> dict[str, Callable[[str, str], source.Source]]:
    return {
        ".yaml": yaml_edit.YamlFile,
        ".yml": yaml_edit.YamlFile,
        ".json": json_edit.JsonFile,
        ".toml": toml_edit.TomlFile,
    }


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
