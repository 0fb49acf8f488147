"""The least change to a YAML text that makes its data what they shall be.

It exists so that comments, quotes, order, indentation and line ends of everything else stay
byte for byte: old and new data are compared, and only where they differ the text of that
node is replaced. It must not decide what changes; the caller proves the result.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence

import yaml

from towpath.domain import values
from towpath.git.documents import (
    errors,
    flow_edit,
    reading,
    scalars,
    splices,
    yaml_entries,
    yaml_leaf,
    yaml_render,
    yaml_spans,
)
from towpath.git.documents import text as texts
from towpath.git.documents.source import Data, Location
from towpath.git.documents.yaml_entries import Entry, Slot
from towpath.git.documents.yaml_spans import Node


class YamlFile:
    """A parsed YAML file with any number of documents."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self._text = text
        self._roots = yaml_spans.compose(text, path)
        self._aliases = yaml_spans.Aliases(text, path, self._roots)
        self._reader = yaml_spans.Reader(path, text)
        self.documents: Sequence[Data] = [self._reader.data(root) for root in self._roots]

    def position(self, location: Location) -> tuple[int, int] | None:
        """See `source.Source`."""
        return yaml_spans.position(self._roots, location)

    def edited(self, documents: Sequence[Data]) -> str:
        """See `source.Source`."""
        editor = _Editor(self._text, self.path, self._aliases, self._reader)
        if not self._roots:
            editor.begin(documents[0])
        for root, old, new in zip(self._roots, self.documents, documents, strict=False):
            editor.change(Slot(root, None, -1, False), old, new)
        try:
            return editor.result()
        except splices.OverlapError as error:
            raise errors.UnprovenEditError(self.path, str(error)) from error


class _Editor:
    """Collects the changes to one text."""

    def __init__(
        self, text: str, path: str, aliases: yaml_spans.Aliases, reader: yaml_spans.Reader
    ) -> None:
        self._text = text
        self._path = path
        self._aliases = aliases
        self._reader = reader
        self._splices = splices.Splices(text)
        self._layout = yaml_entries.Layout(text, aliases)

    def result(self) -> str:
        """The text with all changes."""
        return self._splices.result()

    @functools.cached_property
    def _style(self) -> yaml_render.Style:
        return yaml_render.Style.of(self._text)

    @functools.cached_property
    def _leaves(self) -> yaml_leaf.Leaves:
        return yaml_leaf.Leaves(self._splices, self._style)

    def begin(self, new: Data) -> None:
        """Write the first document into a file that has none."""
        lines = (
            yaml_render.block(new, 0, self._style)
            if yaml_render.is_block(new)
            else [yaml_render.flow(new, "", in_flow=False)]
        )
        self._splices.add_lines(len(self._text), lines)

    def change(self, slot: Slot, old: Data, new: Data) -> None:
        """Make the node in `slot`, which means `old`, mean `new`."""
        if values.same(old, new):
            return
        node = slot.node
        if self._aliases.is_shared(node):
            raise self._aliases.shared_error(node)
        if isinstance(old, dict) and isinstance(new, dict):
            self._change_mapping(slot, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            self._change_list(slot, old, new)
        else:
            self._refuse_lost_anchor(node, node.start_mark.index)
            self._replace(slot, new)

    # -- mappings ---------------------------------------------------------------------------

    def _change_mapping(self, slot: Slot, old: dict[str, Data], new: dict[str, Data]) -> None:
        entries = self._layout.entries(slot)
        doomed = self._change_entries(slot.node, entries, old, new)
        added = {name: value for name, value in new.items() if name not in old}
        if slot.flow or slot.node.flow_style:
            self._change_flow(slot, entries, doomed, self._flow_entries(entries, added))
            return
        kept = [index for index in range(len(entries)) if index not in doomed]
        lines = self._block_entries(entries, kept, added)
        if kept:
            self._drop_entries(entries, doomed)
            self._add_after(entries[kept[-1]], lines)
        else:
            self._refill(slot, entries, lines or ["{}"], inline=not lines)

    def _change_entries(
        self, node: Node, entries: Sequence[Entry], old: dict[str, Data], new: dict[str, Data]
    ) -> set[int]:
        """Change the values that stay; the indexes of the entries that do not."""
        pairs = node.value
        merges = [child for key, child in pairs if yaml_spans.is_merge(key)]
        merged = {name: merge for merge in reversed(merges) for name in self._reader.merged(merge)}
        doomed: set[int] = set()
        own: set[str] = set()
        for index, (key, _) in enumerate(pairs):
            if yaml_spans.is_merge(key):
                continue
            name = self._reader.name(key)
            own.add(name)
            if name not in new:
                self._refuse_loss(name, merged, entries[index])
                doomed.add(index)
            elif old[name] is not new[name]:
                self.change(entries[index].slot, old[name], new[name])
        for name in merged.keys() - own:
            if name not in new or not values.same(old[name], new[name]):
                raise self._aliases.merged_error(name, merged[name])
        return doomed

    def _refuse_loss(self, name: str, merged: dict[str, Node], entry: Entry) -> None:
        """An entry cannot go if its value would come back by a merge, or its anchor is used."""
        if name in merged:
            raise self._aliases.merged_error(name, merged[name])
        self._refuse_lost_anchor(entry.slot.node, entry.start)

    def _block_entries(
        self, entries: Sequence[Entry], kept: list[int], added: dict[str, Data]
    ) -> list[str]:
        if not added:
            return []
        model = entries[kept[-1] if kept else -1]
        quote = yaml_leaf.quote_of(model.slot.node)
        style = self._style_after(model)
        lines: list[str] = []
        for name, value in added.items():
            lines += yaml_render.entry(name, value, model.slot.indent, style, quote)
        return lines

    def _style_after(self, entry: Entry) -> yaml_render.Style:
        return self._style.at(texts.line_end(self._text, entry.end))

    @staticmethod
    def _flow_entries(entries: Sequence[Entry], added: dict[str, Data]) -> list[str]:
        key_quote = yaml_leaf.quote_of(entries[-1].key) if entries else ""
        quote = yaml_leaf.quote_of(entries[-1].slot.node) if entries else ""
        return [
            f"{yaml_render.key(name, key_quote, flow=True)}: {yaml_render.flow(value, quote)}"
            for name, value in added.items()
        ]

    # -- lists ------------------------------------------------------------------------------

    def _change_list(self, slot: Slot, old: list[Data], new: list[Data]) -> None:
        entries = self._layout.entries(slot)
        flow = slot.flow or bool(slot.node.flow_style)
        doomed: set[int] = set()
        added: list[tuple[int, list[Data]]] = []
        for tag, start, end, new_start, new_end in _alignment(old, new):
            pairs = 0 if tag in ("delete", "insert") else min(end - start, new_end - new_start)
            for step in range(pairs):
                self.change(entries[start + step].slot, old[start + step], new[new_start + step])
            doomed.update(range(start + pairs, end))
            if new_start + pairs < new_end:
                added.append((start + pairs - 1, new[new_start + pairs : new_end]))
        for index in doomed:
            self._refuse_lost_anchor(entries[index].slot.node, entries[index].start)
        if not entries or len(doomed) == len(entries):
            self._refill_list(slot, entries, [value for _, found in added for value in found])
        elif flow:
            self._change_flow_list(slot, entries, doomed, added)
        else:
            self._change_block_list(entries, doomed, added)

    def _refill_list(self, slot: Slot, entries: Sequence[Entry], added: list[Data]) -> None:
        if slot.flow or slot.node.flow_style:
            self._change_flow(
                slot,
                entries,
                set(range(len(entries))),
                [yaml_render.flow(value, _quote_of_last(entries)) for value in added],
            )
            return
        style = self._style_after(entries[-1])
        lines = yaml_render.elements(added, entries[0].slot.indent, style)
        self._refill(slot, entries, lines or ["[]"], inline=not lines)

    def _change_flow_list(
        self,
        slot: Slot,
        entries: Sequence[Entry],
        doomed: set[int],
        added: list[tuple[int, list[Data]]],
    ) -> None:
        brackets = self._brackets(slot, entries)
        flow_edit.drop(self._splices, brackets, doomed)
        for after, found in added:
            anchor = next((at for at in range(after, -1, -1) if at not in doomed), -1)
            spelled = [yaml_render.flow(value, _quote_of_last(entries)) for value in found]
            flow_edit.add(self._splices, brackets, anchor, spelled)

    def _change_block_list(
        self, entries: Sequence[Entry], doomed: set[int], added: list[tuple[int, list[Data]]]
    ) -> None:
        self._drop_entries(entries, doomed)
        for after, found in added:
            anchor = next((at for at in range(after, -1, -1) if at not in doomed), -1)
            style = self._style_after(entries[max(anchor, 0)])
            lines = yaml_render.elements(found, entries[0].slot.indent, style)
            if anchor >= 0:
                self._add_after(entries[anchor], lines)
            else:
                self._add_before(entries[0], lines)

    def _add_after(self, entry: Entry, lines: list[str]) -> None:
        end = texts.line_end(self._text, entry.end)
        if lines and end == len(self._text):
            self._leaves.keep_end(entry.slot.node)
        self._splices.add_lines(end, lines)

    def _add_before(self, entry: Entry, lines: list[str]) -> None:
        line_break = texts.break_near(self._text, texts.line_end(self._text, entry.start))
        indent = " " * entry.slot.indent
        text = "".join(line + line_break for line in lines).removeprefix(indent) + indent
        self._splices.replace(entry.start, entry.start, text)

    # -- entries of block collections -------------------------------------------------------

    def _drop_entries(self, entries: Sequence[Entry], doomed: set[int]) -> None:
        """Take out entries, of which some stay."""
        if 0 in doomed and not texts.only_blank_before(self._text, entries[0].start):
            doomed = doomed - self._drop_beside_dash(entries, doomed)
        for index in sorted(doomed):
            entry = entries[index]
            start = texts.line_start(self._text, entry.start)
            self._splices.drop_lines(start, texts.line_end(self._text, entry.end))

    def _drop_beside_dash(self, entries: Sequence[Entry], doomed: set[int]) -> set[int]:
        """Take out the first entry, which shares its line with a dash; which ones have gone.

        What follows moves up to the dash, unless a comment stands between.
        """
        following = next(index for index in range(len(entries)) if index not in doomed)
        gaps = (
            self._text[texts.line_end(self._text, entries[index].end) : entries[index + 1].start]
            for index in range(following)
        )
        start = entries[0].start
        if not any(gap.strip() for gap in gaps):
            self._splices.replace(start, entries[following].start, "")
            return set(range(following))
        dash = len(self._text[:start].rstrip(" \t"))
        self._splices.replace(dash, texts.line_end(self._text, entries[0].end), "")
        return {0}

    def _refill(
        self, slot: Slot, entries: Sequence[Entry], lines: list[str], *, inline: bool
    ) -> None:
        """Take out all entries and put `lines` in their place, or one text behind the key."""
        first, last = entries[0], entries[-1]
        end = texts.line_end(self._text, last.end)
        own_lines = slot.after is not None and texts.only_blank_before(self._text, first.start)
        others = entries if own_lines else entries[1:]
        for entry in others:
            start = texts.line_start(self._text, entry.start)
            self._splices.drop_lines(start, texts.line_end(self._text, entry.end))
        if own_lines and inline:
            at = yaml_spans.properties_end(self._text, slot.node) or slot.after or 0
            self._splices.replace(at, at, f" {lines[0]}")
        elif own_lines:
            self._splices.add_lines(end, lines)
        else:
            line_break = texts.break_near(self._text, end)
            joined = line_break.join(lines).lstrip(" ")
            self._splices.replace(first.start, texts.line_end(self._text, first.end), joined)

    # -- flow collections -------------------------------------------------------------------

    def _change_flow(
        self, slot: Slot, entries: Sequence[Entry], doomed: set[int], added: list[str]
    ) -> None:
        brackets = self._brackets(slot, entries)
        kept = [index for index in range(len(entries)) if index not in doomed]
        if kept:
            flow_edit.drop(self._splices, brackets, doomed)
            flow_edit.add(self._splices, brackets, kept[-1], added)
        elif doomed or added:
            flow_edit.fill(self._splices, brackets, added, None)

    def _brackets(self, slot: Slot, entries: Sequence[Entry]) -> flow_edit.Brackets:
        start = yaml_spans.content_start(self._text, slot.node)
        end: int = slot.node.end_mark.index
        if self._text[start : start + 1] not in ("{", "["):
            mark = slot.node.start_mark
            raise errors.DocumentError(
                "invalid_configuration",
                "an entry cannot be added to or taken from a pair without braces in a list; "
                "write braces around it",
                self._path,
                mark.line + 1,
                mark.column + 1,
            )
        return flow_edit.Brackets(start, end, [(entry.start, entry.end) for entry in entries])

    # -- replacing a node -------------------------------------------------------------------

    def _refuse_lost_anchor(self, node: Node, start: int) -> None:
        anchor = self._aliases.anchor_inside(node, start)
        if anchor is not None:
            raise self._aliases.shared_error(anchor)

    def _replace(self, slot: Slot, new: Data) -> None:
        node = slot.node
        if isinstance(node, yaml.ScalarNode) or node.flow_style:
            self._leaves.replace(slot, new)
        else:
            self._replace_block(slot, self._layout.entries(slot), new)

    def _replace_block(self, slot: Slot, entries: Sequence[Entry], new: Data) -> None:
        """Put a value of another kind in place of a block collection."""
        self._drop_tag(slot)
        if yaml_render.is_block(new):
            style = self._style_after(entries[-1])
            indent = entries[0].slot.indent
            if indent <= slot.indent:
                indent = slot.indent + style.step
            self._refill(slot, entries, yaml_render.block(new, indent, style), inline=False)
        else:
            text = scalars.double_quoted(new) if yaml_render.is_multi_line(new) else None
            inline = text or yaml_render.flow(new, "", in_flow=False)
            self._refill(slot, entries, [inline], inline=True)

    def _drop_tag(self, slot: Slot) -> None:
        """Take out the tag of a collection, which would not fit a value of another kind."""
        end = yaml_spans.properties_end(self._text, slot.node)
        if end is not None and yaml_spans.tag_of(slot.node) is not None:
            start = len(self._text[: slot.node.start_mark.index].rstrip(" "))
            self._splices.replace(start, end, "")


def _quote_of_last(entries: Sequence[Entry]) -> scalars.Quote:
    return yaml_leaf.quote_of(entries[-1].slot.node) if entries else ""


def _alignment(old: list[Data], new: list[Data]) -> Sequence[tuple[str, int, int, int, int]]:
    """Which elements belong together: those with the same key field, else equal ones."""
    matcher = difflib.SequenceMatcher(
        None, list(map(_signature, old)), list(map(_signature, new)), autojunk=False
    )
    return matcher.get_opcodes()


def _signature(element: Data) -> str:
    if isinstance(element, dict):
        for field in reading.KEY_FIELDS:
            if field in element:
                return f"{field}={element[field]!r}"
    return repr(element)
