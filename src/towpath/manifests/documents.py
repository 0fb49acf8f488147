"""YAML files as documents whose every value knows where it is written.

One pass of PyYAML's C composer gives nodes with positions. Knows nothing of kinds.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import yaml

from towpath.domain import catalog

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep: flatten it"

_STR = "tag:yaml.org,2002:str"
_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
# What plain text that is a number, a date, a truth, a null or a merge can begin with.
_NOT_ONLY_TEXT = ("", *"0123456789+-.~nNyYtTfFoO<=")
MERGE_TAG = "tag:yaml.org,2002:merge"
_DOCUMENT_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: a mapping, and the lines that stand before it in its file."""

    file: str
    node: yaml.MappingNode
    lines_before: int = 0

    @property
    def api_version(self) -> str:
        """The document's `apiVersion`, or nothing."""
        return _text(self.node, "apiVersion")

    @property
    def kind(self) -> str:
        """The document's `kind`, or nothing."""
        return _text(self.node, "kind")

    @property
    def name(self) -> str:
        """The document's `metadata.name`, or nothing."""
        metadata = child(self.node, "metadata")
        return _text(metadata, "name") if isinstance(metadata, yaml.MappingNode) else ""

    def origin(self, *path: str | int, key: bool = False) -> catalog.Origin:
        """Where the value at `path` is written, or as near to it as the document goes.

        With `key`, where the last name of the path is written and not its value.
        """
        node: yaml.Node = self.node
        for index, part in enumerate(path):
            if key and index == len(path) - 1 and isinstance(node, yaml.MappingNode):
                return self.at(key_node(node, str(part)) or node)
            below = child(node, part)
            if below is None:
                break
            node = below
        return self.at(node)

    def places(self) -> Iterator[tuple[str, catalog.Origin]]:
        """Every path of the document, as `spec.templates[0].name`, with its place."""
        yield from _places("", self.node, self.at)

    def take_as_text(self, *path: str) -> None:
        """Read the scalars at `path` as the text that stands there; `*` is any key or index."""
        for node in _matching(self.node, path):
            if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":null"):
                node.tag = _STR

    def at(self, node: yaml.Node) -> catalog.Origin:
        """Where a node of this document is written."""
        line, column = _position(node.start_mark)
        return catalog.Origin(self.file, line + self.lines_before, column)


def path_text(path: tuple[str | int, ...]) -> str:
    """A path as people read it: `spec.steps[1].environment`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += part if not text else f".{part}"
    return text


def read(file: str, content: bytes) -> tuple[list[Document], list[catalog.Problem]]:
    """The documents of a file. A broken one is a problem; those around it are still read."""
    try:
        return _composed(file, _decoded(content))
    except UnreadableError as broken:
        return [], [_of(broken, file)]


def first_node(file: str, content: bytes) -> tuple[yaml.Node | None, list[catalog.Problem]]:
    """The root of a file's first document, whatever it is; None for an empty file."""
    try:
        return next(_nodes(_decoded(content)), None), []
    except UnreadableError as broken:
        return None, [_of(broken, file)]


def positions(file: str) -> Callable[[yaml.Node], catalog.Origin]:
    """A function from a node of the file to its place."""
    return lambda node: catalog.Origin(file, *_position(node.start_mark))


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise UnreadableError(1, 1, "file_too_large", f"larger than {limit} MiB: split it")
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as broken:
        before = content[: broken.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        said = "not UTF-8: save the file as UTF-8"
        raise UnreadableError(line, column, "not_utf8", said) from None


def _of(broken: "UnreadableError", file: str) -> catalog.Problem:
    return _problem(file, broken.line, broken.column, broken.code, broken.message)


def _composed(file: str, text: str) -> tuple[list[Document], list[catalog.Problem]]:
    found: list[Document] = []
    problems: list[catalog.Problem] = []
    start = lines_before = 0
    while start < len(text):
        part = text[start:]
        try:
            for node in _nodes(part):
                found.extend(_documents(file, node, lines_before, problems))
            break
        except UnreadableError as broken:
            broken.line += lines_before
            problem = _of(broken, file)
            if problem not in problems:
                problems.append(problem)
            # The parser may notice only at the next `---` that a bracket was left open.
            search_from = max(1, _offset(part, broken.line - lines_before - 1))
            resume = _DOCUMENT_START.search(part, search_from)
            if resume is None:
                break
            lines_before += part.count("\n", 0, resume.start())
            start += resume.start()
    return found, problems


class UnreadableError(Exception):
    """A document that cannot be read, with line and column counted from 1."""

    def __init__(self, line: int, column: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.code, self.message = line, column, code, message


def _offset(text: str, line: int) -> int:
    """Where the line behind the first `line` lines begins."""
    offset = 0
    for _ in range(line):
        offset = text.find("\n", offset) + 1
        if offset == 0:
            return len(text)
    return offset


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader with a short way for what plain text it is: half the time goes there."""

    def resolve(self, kind: type[yaml.Node], value: object, implicit: tuple[bool, bool]) -> str:
        if kind is not yaml.ScalarNode:
            return _MAP if kind is yaml.MappingNode else _SEQ
        if not implicit[0] or (isinstance(value, str) and value[:1] not in _NOT_ONLY_TEXT):
            return _STR
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]


def _nodes(text: str) -> Iterator[yaml.Node]:
    """Compose document after document. Raises `UnreadableError`."""
    try:
        if _may_be_deep(text):
            _refuse_depth(text)
        loader = _Loader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                if node is not None:
                    yield node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line, column = _position(error.problem_mark or error.context_mark)
        said = " ".join(filter(None, (error.context, error.problem)))
        at = "".join(text.split("\n")[line - 1 : line])[column - 1 :]  # nothing if \r ends lines
        if at.startswith("\t") and "cannot start any token" in said:
            said = "a tab indents here, where YAML takes spaces only"
        raise UnreadableError(line, column, "broken_yaml", f"not YAML: {said}") from error
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise UnreadableError(line, column, "broken_yaml", f"not YAML: {error.reason}") from error


def _may_be_deep(text: str) -> bool:
    """Cheap and never wrong about 'no': the C composer recurses, and dies of 100,000 levels."""
    if max(map(len, text.splitlines()), default=0) > 1000:
        return True
    if text.count("[") + text.count("{") < MAX_DEPTH:
        return False
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest >= MAX_DEPTH


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise UnreadableError(*_position(event.start_mark), "too_deep", TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _documents(
    file: str, node: yaml.Node, lines_before: int, problems: list[catalog.Problem]
) -> Iterator[Document]:
    if not isinstance(node, yaml.MappingNode):
        if not (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            line, column = _position(node.start_mark)
            said = "not a manifest: a manifest is a mapping with apiVersion and kind; ignored"
            problems.append(
                _problem(file, line + lines_before, column, "not_a_manifest", said, "notice")
            )
        return
    document = Document(file, node, lines_before)
    items = child(node, "items")
    if document.kind == "List" and isinstance(items, yaml.SequenceNode):
        for item in items.value:
            yield from _documents(file, item, lines_before, problems)
    else:
        yield document


def child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    """The node below: by key, merged keys included, or by index."""
    if isinstance(node, yaml.SequenceNode):
        elements: list[yaml.Node] = node.value
        return elements[part] if isinstance(part, int) and part < len(elements) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    for key_node, value_node in pairs:
        if key_node.value == str(part):
            return value_node
    for key_node, value_node in pairs:
        if key_node.tag == MERGE_TAG and value_node is not node:
            sequence = isinstance(value_node, yaml.SequenceNode)
            for source in value_node.value if sequence else [value_node]:
                if isinstance(source, yaml.MappingNode) and (below := child(source, part)):
                    return below
    return None


def key_node(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    """The node of the key `name` itself, if the mapping has it."""
    return next((key for key, _ in node.value if key.value == name), None)


def _text(node: yaml.Node, key: str) -> str:
    found = child(node, key)
    return found.value if isinstance(found, yaml.ScalarNode) else ""


def _matching(node: yaml.Node, path: tuple[str, ...]) -> Iterator[yaml.Node]:
    if not path:
        yield node
    elif path[0] != "*":
        below = child(node, path[0])
        if below is not None:
            yield from _matching(below, path[1:])
    elif isinstance(node, yaml.CollectionNode):
        for element in node.value:
            yield from _matching(element[1] if isinstance(element, tuple) else element, path[1:])


def _places(
    path: str, node: yaml.Node, at: Callable[[yaml.Node], catalog.Origin]
) -> Iterator[tuple[str, catalog.Origin]]:
    yield path, at(node)
    if isinstance(node, yaml.SequenceNode):
        for index, element in enumerate(node.value):
            yield from _places(f"{path}[{index}]", element, at)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _places(f"{path}.{key.value}" if path else key.value, value, at)


class _Mark(Protocol):
    line: int
    column: int


def _position(mark: _Mark | None) -> tuple[int, int]:
    """Line and column, counted from 1. PyYAML's C composer always gives a mark."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _problem(
    file: str, line: int, column: int, code: str, message: str, severity: str = "error"
) -> catalog.Problem:
    return catalog.Problem(catalog.Origin(file, line, column), code, message, severity)
