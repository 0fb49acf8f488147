"""Plain data from the nodes of a document, so that nothing is parsed twice.

Numbers, booleans and nulls are resolved as Argo CD and kubectl do; dates and base-60 numbers stay
text. What plain YAML allows and a manifest must not have is refused here: keys given twice, tags
of other programs, aliases that blow up.
"""

from collections.abc import Callable

import yaml

from towpath.domain import catalog
from towpath.manifests import documents

MAX_VALUES = 1_000_000
"""Values of one document with all aliases written out; more is an alias bomb, not a manifest."""

_TRUE = {"yes", "true", "on"}


def plain(document: documents.Document) -> tuple[dict[str, object], list[catalog.Problem]]:
    """The document as plain data, with what cannot be read as such. Keys are text."""
    reader = _Reader(document.at)
    try:
        value = reader.value(document.node, 0)
    except documents.UnreadableError as broken:
        origin = catalog.Origin(document.file, broken.line, broken.column)
        return {}, [*reader.problems, catalog.Problem(origin, broken.code, broken.message)]
    assert isinstance(value, dict)
    return value, reader.problems


def of_file(file: str, content: bytes) -> tuple[object, list[catalog.Problem]]:
    """The plain data of a file that is no manifest, of its first document; None if it is empty."""
    node, problems = documents.first_node(file, content)
    if node is None:
        return None, problems
    reader = _Reader(documents.positions(file))
    try:
        return reader.value(node, 0), reader.problems
    except documents.UnreadableError as broken:
        origin = catalog.Origin(file, broken.line, broken.column)
        return None, [catalog.Problem(origin, broken.code, broken.message)]


class _Reader:
    """Builds plain data; every alias is built once and counted each time it is used."""

    def __init__(self, at: Callable[[yaml.Node], catalog.Origin]) -> None:
        self._at = at
        self._built: dict[int, tuple[object, int, int]] = {}
        self._open: set[int] = set()
        self._count = 0
        self._height = 0
        self.problems: list[catalog.Problem] = []

    def value(self, node: yaml.Node, depth: int) -> object:
        if isinstance(node, yaml.ScalarNode):
            self._count += 1
            self._height = 0
            return self._scalar(node)
        known = self._built.get(id(node))
        if known is None:
            known = self._collection(node, depth)
        else:
            self._count += known[1]
        self._height = known[2]
        if self._count > MAX_VALUES:
            self._refuse(node, "too_large", f"more than {MAX_VALUES} values with its aliases")
        if depth + self._height > documents.MAX_DEPTH:
            self._refuse(node, "too_deep", documents.TOO_DEEP)
        return known[0]

    def _collection(self, node: yaml.Node, depth: int) -> tuple[object, int, int]:
        if id(node) in self._open:
            self._refuse(node, "alias_in_itself", "an alias stands inside what it names")
        if depth > documents.MAX_DEPTH:
            self._refuse(node, "too_deep", documents.TOO_DEEP)
        self._open.add(id(node))
        before, height = self._count, 0
        self._count += 1
        value: object
        if isinstance(node, yaml.MappingNode):
            value, height = self._mapping(node, depth)
        else:
            self._check_tag(node, "seq")
            elements = []
            for element in node.value:
                elements.append(self.value(element, depth + 1))
                height = max(height, self._height)
            value = elements
        self._open.discard(id(node))
        built = (value, self._count - before, height + 1)
        self._built[id(node)] = built
        return built

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[dict[str, object], int]:
        self._check_tag(node, "map")
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        height = 0
        for key_node, value_node in node.value:
            value = self.value(value_node, depth + 1)
            height = max(height, self._height)
            if key_node.tag == documents.MERGE_TAG:
                self._merge(value_node, value, merged)
            elif not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, "wrong_type", "a key must be text")
            elif key_node.value in own:
                first = self._at(documents.key_node(node, key_node.value) or node)
                said = f"`{key_node.value}` is given twice; the first is in line {first.line}"
                self._note(key_node, "duplicate_key", said)
            else:
                own[key_node.value] = value
        return ({**merged, **own} if merged else own), height

    def _merge(self, node: yaml.Node, value: object, merged: dict[str, object]) -> None:
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                self._note(node, "wrong_type", "`<<` takes mappings")
                continue
            for key, below in source.items():
                merged.setdefault(key, below)

    def _scalar(self, node: yaml.ScalarNode) -> object:
        text: str = node.value
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str" | "timestamp" | "value" | "merge":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in _TRUE
            case "int":
                return _integer(text)
            case "float":
                return _float(text)
        self._note(node, "unsupported_tag", f"the tag `{node.tag}` is not understood here")
        return text

    def _check_tag(self, node: yaml.Node, expected: str) -> None:
        if node.tag != f"tag:yaml.org,2002:{expected}":
            self._note(node, "unsupported_tag", f"the tag `{node.tag}` is not understood here")

    def _note(self, node: yaml.Node, code: str, message: str) -> None:
        self.problems.append(catalog.Problem(self._at(node), code, message))

    def _refuse(self, node: yaml.Node, code: str, message: str) -> None:
        place = self._at(node)
        raise documents.UnreadableError(place.line, place.column, code, message)


def _integer(text: str) -> object:
    digits = text.replace("_", "")
    if ":" in digits:
        return text
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xXbBoO":
        return sign * int(digits, 8)
    return sign * int(digits, 0) if len(digits) < 400 else text


def _float(text: str) -> object:
    if ":" in text:
        return text
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
