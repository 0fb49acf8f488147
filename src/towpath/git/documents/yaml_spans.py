"""A YAML file as nodes with their places in the text, and the data they mean.

It exists because a minimal change needs to know where a value stands, which a plain loader
forgets. It must not change anything; `yaml_edit` does.

PyYAML's C composer gives the nodes. Its marks count characters; the start of a node includes
its anchor and tag, the end of a block collection or block scalar includes what follows it, and
an alias is the anchored node itself. What is computed here makes up for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import yaml
import yaml.cyaml

from towpath.git.documents import errors, scalars, source
from towpath.git.documents import text as texts
from towpath.git.documents.source import Data, Location

MAX_EXPANDED = 1_000_000
"""A file whose aliases stand for more nodes than this is refused: it is an alias bomb."""

Node: TypeAlias = Any
"""A node of PyYAML, whose stubs know neither marks nor styles of it for certain."""

_PLAIN = "plain"
TEXT = "tag:yaml.org,2002:str"
"""The tag that says explicitly that a scalar is text."""

_QUOTED = "quoted"
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_PROPERTY = re.compile(r"[&!](?:<[^>]*>|[^\s,\[\]{}]*)")
_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")
_TEMPLATE = re.compile(r"\{\{")


class _Composer(yaml.cyaml.CParser):  # type: ignore[name-defined,misc]  # not in the stubs
    """The C composer, told to leave types to us and to stop at too deep nesting."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text)
        self._path = path
        self._depth = 0

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str | None:
        """Called for a node without a tag; says whether a scalar is plain or text."""
        if kind is not yaml.ScalarNode:
            return None
        return _PLAIN if implicit[0] else _QUOTED

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Called before each node; the C code recurses without a limit of its own."""
        self._depth += 1
        if self._depth > texts.MAX_DEPTH and parent is not None:
            raise errors.DocumentError(
                "invalid_configuration",
                f"the file is nested deeper than {texts.MAX_DEPTH} levels",
                self._path,
                parent.start_mark.line + 1,
                parent.start_mark.column + 1,
            )

    def ascend_resolver(self) -> None:
        """Called after each node."""
        self._depth -= 1


def compose(text: str, path: str) -> list[Node]:
    """The root nodes of the documents that are not empty; broken YAML is an error."""
    try:
        return [root for root in _roots(text, path) if not _is_empty(root)]
    except yaml.MarkedYAMLError as error:
        raise _unreadable(text, path, error) from None
    except yaml.reader.ReaderError as error:
        raise errors.DocumentError(
            "invalid_configuration",
            f"the character U+{ord(text[error.position]):04X} may not stand in YAML; "
            "write it as an escape in double quotes",
            path,
            *texts.position(text, error.position),
        ) from None


def _roots(text: str, path: str) -> Iterator[Node]:
    composer = _Composer(text, path)
    try:
        while composer.check_node():
            yield composer.get_node()
    finally:
        composer.dispose()


def _is_empty(root: Node) -> bool:
    return bool(root.tag == _PLAIN and root.value == "")


def _unreadable(text: str, path: str, error: yaml.MarkedYAMLError) -> errors.DocumentError:
    mark = error.problem_mark or error.context_mark
    context = f" {error.context}" if error.context else ""
    sentence = f"this is not YAML: {error.problem}{context}"
    if _TEMPLATE.search(text):
        sentence += (
            "; a file with `{{ }}` outside of quotes is a template, whose values cannot be promoted"
        )
    where = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return errors.DocumentError("invalid_configuration", sentence, path, *where)


class Aliases:
    """How often each node is used, for files with anchors."""

    def __init__(self, text: str, path: str, roots: Sequence[Node]) -> None:
        self._text = text
        self._path = path
        self._uses: dict[int, int] = {}
        if "&" in text and "*" in text:
            sizes: dict[int, int] = {}
            for root in roots:
                self._measure(root, sizes)
            if sum(sizes[id(root)] for root in roots) > MAX_EXPANDED:
                raise errors.DocumentError(
                    "invalid_configuration",
                    f"the aliases of the file stand for more than {MAX_EXPANDED:,} nodes",
                    path,
                )

    def _measure(self, node: Node, sizes: dict[int, int]) -> int:
        key = id(node)
        self._uses[key] = self._uses.get(key, 0) + 1
        if key in sizes:
            if not sizes[key]:
                raise self._error(node, "an anchor contains an alias to itself")
            return sizes[key]
        sizes[key] = 0
        sizes[key] = 1 + sum(self._measure(child, sizes) for child in children(node))
        return sizes[key]

    def is_shared(self, node: Node) -> bool:
        """Whether the node is used in more than one place."""
        return self._uses.get(id(node), 1) > 1

    def anchor_inside(self, node: Node, start: int) -> Node | None:
        """A node at or below this one, from `start` on, that has aliases."""
        if not self._uses:
            return None
        if self.is_shared(node):
            return node if node.start_mark.index >= start else None
        inside = (self.anchor_inside(child, start) for child in children(node))
        return next((found for found in inside if found is not None), None)

    def shared_error(self, node: Node) -> errors.DocumentError:
        """The error for a change of a shared node: it says where it is used."""
        anchor, definition, uses = self._users(node)
        lines = ", ".join(str(line) for line in uses)
        return self._error(
            node,
            f"the value is shared: anchor `&{anchor}` in line {definition}, alias `*{anchor}` in "
            f"line {lines}; changing it would change all of them. Write the value out where it "
            "is to be promoted",
        )

    def merged_error(self, name: str, merge: Node) -> errors.DocumentError:
        """The error for a change of an entry that comes from a merge key."""
        anchor = next(filter(self.is_shared, (merge, *children(merge))), None)
        origin = "" if anchor is None else f" from the anchor in line {anchor.start_mark.line + 1}"
        return self._error(
            merge,
            f"{name!r} comes by a merge key (`<<`){origin}; write it out in the mapping "
            "that is to be changed",
        )

    def _error(self, node: Node, sentence: str) -> errors.DocumentError:
        mark = node.start_mark
        return errors.DocumentError(
            "invalid_configuration", sentence, self._path, mark.line + 1, mark.column + 1
        )

    def _users(self, node: Node) -> tuple[str, int, list[int]]:
        """The anchor's name, its line and those of its aliases, from a second reading."""
        name, line, uses = "", node.start_mark.line + 1, list[int]()
        for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
            anchor = getattr(event, "anchor", None)
            if isinstance(event, yaml.DocumentStartEvent) and not name:
                uses.clear()
            if isinstance(event, yaml.DocumentEndEvent) and name:
                break
            mark: Any = event.start_mark
            if isinstance(event, yaml.AliasEvent) and anchor == name:
                uses.append(mark.line + 1)
            elif anchor and mark.index == node.start_mark.index:
                name = anchor
        return name, line, uses


def children(node: Node) -> list[Node]:
    """The nodes directly below: elements, or keys and values."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return []


class Reader:
    """Turns nodes into data, each anchored node once."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._is_template = bool(_TEMPLATE.search(text))
        self._known: dict[int, Data] | None = {} if "&" in text else None

    def data(self, node: Node) -> Data:
        """The data that a node means; merge keys are merged, aliases are followed."""
        if node.__class__ is yaml.ScalarNode:
            return scalar_data(node)
        if self._known is None:
            return self._collection(node)
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self._collection(node)
        return known

    def _collection(self, node: Node) -> Data:
        data = self.data
        if node.__class__ is yaml.SequenceNode:
            return [data(child) for child in node.value]
        found: dict[str, Data] = {}
        merges: list[Node] = []
        for key, child in node.value:
            if is_merge(key):
                merges.append(child)
                continue
            name = self.name(key)
            if name in found:
                raise self._error(key, f"the key {name!r} stands twice in the same mapping")
            found[name] = data(child)
        for merge in merges:
            found = {**self.merged(merge), **found}
        return found

    def name(self, key: Node) -> str:
        """A mapping key's text."""
        if not isinstance(key, yaml.ScalarNode):
            hint = (
                "the file looks like a template (`{{ }}`), whose values cannot be promoted"
                if self._is_template
                else "a key that is a list or a mapping is not supported"
            )
            raise self._error(key, hint)
        return str(key.value)

    def merged(self, merge: Node) -> dict[str, Data]:
        """What a merge key brings in; of several mappings the earlier ones win."""
        if isinstance(merge, yaml.MappingNode):
            entries: dict[str, Data] = self.data(merge)
            return entries
        found: dict[str, Data] = {}
        parts = merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
        for part in reversed(parts):
            if not isinstance(part, yaml.MappingNode):
                raise self._error(part, "a merge key (`<<`) needs a mapping, or a list of them")
            found.update(self.data(part))
        return found

    def _error(self, node: Node, sentence: str) -> errors.DocumentError:
        mark = node.start_mark
        return errors.DocumentError(
            "invalid_configuration", sentence, self._path, mark.line + 1, mark.column + 1
        )


def is_merge(key: Node) -> bool:
    """Whether a key is the merge key `<<` of YAML 1.1 (https://yaml.org/type/merge.html)."""
    return bool(key.value == "<<" and key.tag == _PLAIN)


def scalar_data(node: Node) -> Data:
    """The value of a scalar node."""
    tag = node.tag
    if tag in (_QUOTED, TEXT):
        return node.value
    if tag == _PLAIN:
        return scalars.of_plain(node.value)
    plain = not node.style
    return source.Tagged(tag, scalars.of_plain(node.value) if plain else node.value)


def tag_of(node: Node) -> str | None:
    """The explicit tag of a node."""
    tag = node.tag
    return None if tag in (None, _PLAIN, _QUOTED) else tag


def skip_blank(text: str, index: int) -> int:
    """The next character that is neither white space nor in a comment."""
    match = _BLANK.match(text, index)
    return match.end() if match else index


def content_start(text: str, node: Node) -> int:
    """Where a node begins after its anchor and tag."""
    at: int = node.start_mark.index
    end: int = node.end_mark.index
    while at < end and text[at] in "&!":
        match = _PROPERTY.match(text, at)
        after = match.end() if match else end
        following = skip_blank(text, after)
        at = following if following < end else after
    return at


def properties_end(text: str, node: Node) -> int | None:
    """Where the anchor and tag of a node end, or None if it has neither."""
    at: int = node.start_mark.index
    found: int | None = None
    while (match := _PROPERTY.match(text, at)) and at < node.end_mark.index:
        found = match.end()
        at = skip_blank(text, found)
    return found


def leaf_end(text: str, node: Node) -> int:
    """Where a scalar or flow collection ends; comments and blank lines after it are not its.

    Blank lines after a block scalar belong to it only if its header says so (`|+`).
    """
    end: int = node.end_mark.index
    if getattr(node, "style", None) not in ("|", ">"):
        return end
    start = content_start(text, node)
    if "+" not in text[start : texts.line_end(text, start)].partition("#")[0]:
        body = text[start:end].rstrip(" \t\r\n")
        return texts.line_end(text, start + len(body))
    return end - len(texts.break_before(text, end))


def alias_end(text: str, index: int) -> int | None:
    """Where the alias ends that stands at `index`, if one does."""
    match = _ALIAS.match(text, index)
    return match.end() if match else None


def position(roots: Sequence[Node], location: Location) -> tuple[int, int] | None:
    """Line and column of a node, both from 1; None for what a merge key brings in."""
    node: Any = roots[int(location[0])]
    for part in location[1:]:
        node = _child(node, part)
        if node is None:
            return None
    return node.start_mark.line + 1, node.start_mark.column + 1


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(part, int):
        return node.value[part]
    return next((child for key, child in node.value if key.value == part), None)
