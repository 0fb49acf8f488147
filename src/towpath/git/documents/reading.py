"""From JSONPaths to values with places, and from places to the values that stand there.

It exists so that what a path selects means the same in every format. It must not know
how a file is parsed, and it never changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from towpath.domain import values
from towpath.git.documents import jsonpaths, source
from towpath.git.documents.source import Data, Location, Source

KEY_FIELDS = ("name", "id", "key")
"""The fields that tell the elements of a list apart, in order of preference."""


def select(file: Source, json_path: str) -> tuple[values.Value, ...]:
    """The values that `json_path` selects, each place once, in the order of selection."""
    found: dict[values.Place, values.Value] = {}
    for index, document in enumerate(file.documents):
        first = document_steps(file.documents, index)
        try:
            locations = jsonpaths.locate(json_path, document)
        except jsonpaths.PathError as error:
            raise source.problem(file, "invalid_configuration", str(error)) from None
        for location in locations:
            place, node = _walk(file, index, location)
            for value in values_below(file, first + place, node, (index, *location)):
                found.setdefault(value.place, value)
    return tuple(found.values())


def document_steps(documents: Sequence[Data], index: int) -> values.Place:
    """How places of this document begin: with nothing if it is the file's only one.

    Kubernetes documents are known by kind and name if these are unique in the file.
    """
    if len(documents) == 1:
        return ()
    names = [identity(document) for document in documents]
    own = names[index]
    if own is None or None in names or names.count(own) > 1:
        return (values.Document(None, None, index, len(documents)),)
    return (values.Document(*own, 0, 0),)


def identity(document: Data) -> tuple[str, str] | None:
    """Kind and name of a Kubernetes document."""
    match document:
        case {"kind": str(kind), "metadata": {"name": str() | int() | values.Plain() as name}}:
            return kind, str(name)
        case _:
            return None


def _walk(file: Source, index: int, location: Location) -> tuple[values.Place, Data]:
    place: list[values.Step] = []
    node = file.documents[index]
    for depth, part in enumerate(location):
        if isinstance(part, int):
            place.append(_element_step(file, node, part, (index, *location[:depth])))
        else:
            place.append(values.Key(part))
        node = node[part]
    return tuple(place), node


def _element_step(file: Source, elements: Data, index: int, location: Location) -> values.Step:
    field = key_field(file, elements, location)
    if field is not None:
        return values.Item(field, _key(elements[index], field))
    if is_keyless(elements):
        return values.Position(index, len(elements))
    raise source.problem(
        file,
        "value_ambiguous",
        "only some elements of the list have a name, id or key, so they can be matched neither "
        "by it nor by position; give all of them one, or promote the list as a whole",
        location,
    )


def is_keyless(elements: Data) -> bool:
    """Whether no element of a list has anything to be matched by."""
    return not any(_key(element, field) for element in elements for field in KEY_FIELDS)


def values_below(
    file: Source, place: values.Place, node: Data, location: Location
) -> Iterator[values.Value]:
    """The values that a selected node stands for: itself, or those below a mapping."""
    for leaf_place, leaf, leaf_location in leaves(file, place, node, location):
        yield values.Value(leaf_place, _carried(file, leaf, leaf_location))


def leaves(
    file: Source, place: values.Place, node: Data, location: Location
) -> Iterator[tuple[values.Place, Data, Location]]:
    """The nodes below `node` that are set as a whole: scalars, keyless lists, empty mappings."""
    match node:
        case dict() if node:
            for name, child in node.items():
                yield from leaves(file, (*place, values.Key(name)), child, (*location, name))
        case list() if field := key_field(file, node, location):
            for index, child in enumerate(node):
                step = values.Item(field, _key(child, field))
                yield from leaves(file, (*place, step), child, (*location, index))
        case _:
            yield place, node, location


def _carried(file: Source, node: Data, location: Location) -> values.Json:
    if isinstance(node, source.Tagged):
        raise source.problem(
            file,
            "invalid_configuration",
            f"the value has the tag {node.tag}, which cannot be carried to another file; "
            "leave it out of the promoted values",
            location,
        )
    if isinstance(node, list):
        return [_carried(file, child, (*location, at)) for at, child in enumerate(node)]
    if isinstance(node, dict):
        return {key: _carried(file, child, (*location, key)) for key, child in node.items()}
    carried: values.Json = node
    return carried


def key_field(file: Source, elements: Data, location: Location) -> str | None:
    """The field that tells the elements of a list apart, or None if they have none.

    Raises `value_ambiguous` if two elements have the same.
    """
    for field in KEY_FIELDS:
        if elements and all(_key(element, field) is not None for element in elements):
            _refuse_twins(file, elements, field, location)
            return field
    return None


def _key(element: Data, field: str) -> values.Scalar:
    found = element.get(field) if isinstance(element, dict) else None
    if isinstance(found, source.Tagged | list | dict):
        return None
    key: values.Scalar = found
    return key


def _refuse_twins(file: Source, elements: Data, field: str, location: Location) -> None:
    seen: set[values.Scalar] = set()
    for index, element in enumerate(elements):
        key = _key(element, field)
        if key in seen:
            raise source.problem(
                file,
                "value_ambiguous",
                f"two elements of the list have the {field} {str(key)!r}; "
                "make them unique, elements are matched by it",
                (*location, index),
            )
        seen.add(key)


def read(file: Source, place: values.Place) -> values.Json | values.Missing:
    """What stands at `place` now, or `MISSING`.

    A mapping reads as an empty one: the values below it have places of their own.
    """
    location = find(file, place)
    if location is None:
        return values.MISSING
    node = at(file.documents, location)
    if isinstance(node, dict):
        return {}
    if isinstance(node, source.Tagged):
        return node.value
    return _untagged(node)


def _untagged(node: Data) -> values.Json:
    match node:
        case source.Tagged():
            return node.value
        case list():
            return [_untagged(child) for child in node]
        case dict():
            return {key: _untagged(child) for key, child in node.items()}
        case _:
            scalar: values.Json = node
            return scalar


def at(documents: Sequence[Data], location: Location) -> Data:
    """The node at a location that exists."""
    node: Data = documents
    for part in location:
        node = node[part]
    return node


def find(file: Source, place: values.Place) -> Location | None:
    """Where `place` is in this file, or None; `value_ambiguous` if there are two such."""
    index = find_document(file, place)
    if index is None or not file.documents:
        return None
    location: Location = (index,)
    node = file.documents[index]
    for step in place[1:] if place and isinstance(place[0], values.Document) else place:
        part = part_of(file, node, step, location)
        if part is None:
            return None
        location = (*location, part)
        node = node[part]
    return location


def find_document(file: Source, place: values.Place) -> int | None:
    """Which document the place is in; None if the file has no such document.

    A place without a document belongs to files with one document, or an empty file.
    """
    documents = file.documents
    first = place[0] if place else None
    if not isinstance(first, values.Document):
        return 0 if len(documents) <= 1 else None
    if first.kind is None:
        return first.index if first.count == len(documents) else None
    wanted = (first.kind, first.name)
    hits = [index for index, document in enumerate(documents) if identity(document) == wanted]
    if len(hits) > 1:
        raise source.problem(
            file,
            "value_ambiguous",
            f"{len(hits)} documents are {first.kind}/{first.name}; make kind and name unique",
            (hits[1],),
        )
    return hits[0] if hits else None


def part_of(file: Source, node: Data, step: values.Step, location: Location) -> str | int | None:
    """The key or index that `step` means at `node`, or None if it is not there."""
    match step:
        case values.Key(name) if isinstance(node, dict) and name in node:
            return name
        case values.Position(index, length) if isinstance(node, list):
            return index if len(node) == length and is_keyless(node) else None
        case values.Item(field, key) if isinstance(node, list):
            return _index_of(file, node, field, key, location)
        case _:
            return None


def _index_of(
    file: Source, elements: Data, field: str, key: values.Scalar, location: Location
) -> int | None:
    hits = [at for at, element in enumerate(elements) if values.same(_key(element, field), key)]
    if len(hits) > 1:
        raise source.problem(
            file,
            "value_ambiguous",
            f"{len(hits)} elements of the list have the {field} {str(key)!r}; make them unique",
            (*location, hits[1]),
        )
    return hits[0] if hits else None
