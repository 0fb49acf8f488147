"""Where the entries of YAML collections start and end, and where their values hang.

It exists because lines are taken out and put in by entry, and PyYAML marks nodes, not entries:
dashes, colons and the true end of nested blocks are found here. It must not change anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import yaml

from towpath.git.documents import text as texts
from towpath.git.documents import yaml_spans
from towpath.git.documents.yaml_spans import Node


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a node hangs.

    `after` is the position behind its `:` or `-`, None at the root; `indent` is the column of
    what holds it (-1 at the root); `flow` says whether it stands between brackets, `colon`
    whether a `:` must be written before a value.
    """

    node: Node
    after: int | None
    indent: int
    flow: bool
    colon: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a collection: where it starts and ends, its key if it has one, its value."""

    start: int
    end: int
    key: Node | None
    slot: Slot


class Layout:
    """The layout of one text."""

    def __init__(self, text: str, aliases: yaml_spans.Aliases) -> None:
        self._text = text
        self._aliases = aliases

    def entries(self, slot: Slot) -> Sequence[Entry]:
        """The entries of the collection in `slot`, in order."""
        if isinstance(slot.node, yaml.MappingNode):
            return _MappingEntries(self, slot.node, slot.flow)
        return list(self._list_entries(slot.node, slot.flow))

    def mapping_entry(self, node: Node, index: int, flow: bool) -> Entry:
        """The entry of a mapping with this index; `flow` says that it stands in brackets."""
        key, child = node.value[index]
        if key.start_mark.index < node.start_mark.index:
            raise self._aliases.shared_error(key)
        start = self._key_start(key)
        indent = start - texts.line_start(self._text, start)
        inside = flow or bool(node.flow_style)
        at = yaml_spans.skip_blank(self._text, key.end_mark.index)
        if self._text[at : at + 1] == ":":
            end = self._end(child, at + 1, at + 1)
            return Entry(start, end, key, Slot(child, at + 1, indent, inside))
        end = key.end_mark.index
        return Entry(start, end, key, Slot(child, end, indent, inside, colon=True))

    def _key_start(self, key: Node) -> int:
        start: int = key.start_mark.index
        before = self._text[texts.line_start(self._text, start) : start].rstrip(" \t")
        if before.endswith("?") and not before[:-1].strip(" \t-"):
            return start - (start - texts.line_start(self._text, start) - len(before)) - 1
        return start

    def _list_entries(self, node: Node, flow: bool) -> Iterator[Entry]:
        inside = flow or bool(node.flow_style)
        start = yaml_spans.content_start(self._text, node)
        if inside:
            yield from self._flow_list_entries(node, start)
            return
        indent = start - texts.line_start(self._text, start)
        for child in node.value:
            dash = yaml_spans.skip_blank(self._text, start)
            end = self._end(child, dash + 1, dash + 1)
            yield Entry(dash, end, None, Slot(child, dash + 1, indent, False))
            start = end

    def _flow_list_entries(self, node: Node, start: int) -> Iterator[Entry]:
        at = start + 1
        for child in node.value:
            at = yaml_spans.skip_blank(self._text, at)
            if self._text[at : at + 1] == ",":
                at = yaml_spans.skip_blank(self._text, at + 1)
            end = self._end(child, at, at)
            yield Entry(at, end, None, Slot(child, at, -1, True))
            at = end

    def _end(self, node: Node, after: int, origin: int) -> int:
        """Where the node behind `after` ends; one that starts before `origin` is an alias."""
        if node.start_mark.index < origin:
            at = yaml_spans.skip_blank(self._text, after)
            return yaml_spans.alias_end(self._text, at) or after
        if isinstance(node, yaml.ScalarNode) or node.flow_style:
            return yaml_spans.leaf_end(self._text, node)
        return self._last_end(node)

    def _last_end(self, node: Node) -> int:
        """Where the last entry of a block collection ends."""
        if isinstance(node, yaml.MappingNode):
            return self.mapping_entry(node, len(node.value) - 1, False).end
        last = node.value[-1]
        if last.start_mark.index < node.start_mark.index:
            *_, entry = self._list_entries(node, False)
            return entry.end
        after = last.start_mark.index
        return self._end(last, after, after)


class _MappingEntries(Sequence[Entry]):
    """Entries that are found when asked for: of a large mapping, only a few ever are."""

    def __init__(self, layout: Layout, node: Node, flow: bool) -> None:
        self._layout = layout
        self._node = node
        self._flow = flow

    def __len__(self) -> int:
        return len(self._node.value)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return self._layout.mapping_entry(self._node, at, self._flow)
