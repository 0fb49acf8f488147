"""A YAML scalar, or what stands between brackets, replaced by another value.

It exists so that quotes, block style, comments and tags of the old value are kept where the new
one can have them. It must not know what is around the value but where it hangs.
"""

from __future__ import annotations

import re

import yaml

from towpath.git.documents import scalars, source, splices, yaml_render, yaml_spans
from towpath.git.documents import text as texts
from towpath.git.documents.source import Data
from towpath.git.documents.yaml_entries import Slot
from towpath.git.documents.yaml_spans import Node

_HEADER = re.compile(r"[|>][0-9+-]*")


class Leaves:
    """Replaces leaves of one text; the changes go to `splices`."""

    def __init__(self, changes: splices.Splices, style: yaml_render.Style) -> None:
        self._text = changes.text
        self._splices = changes
        self._style = style
        self._replaced: set[int] = set()

    def replace(self, slot: Slot, new: Data) -> None:
        """Put `new` in place of the leaf in `slot`."""
        self._replaced.add(yaml_spans.content_start(self._text, slot.node))
        if yaml_render.is_block(new) and not slot.flow:
            self._replace_by_block(slot, new)
            return
        if yaml_render.is_multi_line(new) and not slot.flow and not quote_of(slot.node):
            literal = scalars.literal(new)
            if literal is not None and self._takes_literal(slot.node, new):
                self._replace_by_literal(slot, *literal)
                return
        self._replace_by_line(slot, new)

    def _takes_literal(self, node: Node, new: str) -> bool:
        end = texts.line_end(self._text, yaml_spans.leaf_end(self._text, node))
        if is_block(node) and end < len(self._text):
            return True
        return texts.literal_may_end(self._text, end, with_break=new.endswith("\n"))

    def keep_end(self, node: Node) -> None:
        """Say in its header that the text of a block scalar at the end has no last line break.

        It has none because the file has none, and that ends when a line comes after it.
        """
        if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
            self.keep_end(node.value[-1][1])
        elif isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
            self.keep_end(node.value[-1])
        elif (
            is_block(node)
            and node.end_mark.index == len(self._text)
            and not node.value.endswith("\n")
        ):
            start = yaml_spans.content_start(self._text, node)
            if start not in self._replaced:
                self._strip_end(start)

    def _strip_end(self, start: int) -> None:
        """Put `-` into the header of the block scalar at `start`, in place of a `+`."""
        header = _HEADER.match(self._text, start)
        if header is not None and "-" not in header.group():
            indicators = header.group().replace("+", "") + "-"
            self._splices.replace(start, header.end(), indicators)

    def _replace_by_line(self, slot: Slot, new: Data) -> None:
        start, end = self._span(slot, new)
        node = slot.node
        held = new.value if isinstance(new, source.Tagged) else new
        if isinstance(held, dict | list):
            text = yaml_render.flow(held, "")
        else:
            typed = yaml_spans.tag_of(node) == yaml_spans.TEXT and start > node.start_mark.index
            text = scalars.spell(held, quote_of(node), flow=slot.flow, typed=typed)
        self._splices.replace(
            start, end, self._spaced(slot, start, end, text) + self._comment(node)
        )

    def _span(self, slot: Slot, new: Data) -> tuple[int, int]:
        """What to replace: the content, and the tag before it if it does not fit any more."""
        node = slot.node
        end = yaml_spans.leaf_end(self._text, node)
        tag = yaml_spans.tag_of(node)
        if tag == yaml_spans.TEXT:
            fits = isinstance(new, str)
        else:
            fits = tag is None or isinstance(new, source.Tagged)
        start = yaml_spans.content_start(self._text, node) if fits else node.start_mark.index
        return start, end

    def _spaced(self, slot: Slot, start: int, end: int, text: str) -> str:
        if slot.colon:
            return f": {text}"
        before = self._text[start - 1 : start]
        return f" {text}" if start == end and before and not before.isspace() else text

    def _comment(self, node: Node) -> str:
        """The comment in the header line of a block scalar."""
        if not is_block(node):
            return ""
        start = yaml_spans.content_start(self._text, node)
        _, mark, comment = self._text[start : texts.line_end(self._text, start)].partition(" #")
        return mark + comment

    def _replace_by_literal(self, slot: Slot, header: str, lines: list[str]) -> None:
        start, end = self._span(slot, "")
        node = slot.node
        body = yaml_render.indented(lines, self._body_indent(slot, start, end))
        if is_block(node):
            line_break = texts.break_near(self._text, texts.line_end(self._text, start))
            text = line_break.join([header + self._comment(node), *body])
            self._splices.replace(start, end, text)
        else:
            self._splices.replace(start, end, self._spaced(slot, start, end, header))
            self._splices.add_lines(texts.line_end(self._text, end), body)

    def _body_indent(self, slot: Slot, start: int, end: int) -> int:
        least = max(slot.indent, 0) + self._style.step
        if not is_block(slot.node):
            return least
        for line in self._text[start:end].splitlines()[1:]:
            if line.strip():
                own = len(line) - len(line.lstrip(" "))
                return own if own > slot.indent else least
        return least

    def _replace_by_block(self, slot: Slot, new: Data) -> None:
        start, end = self._span(slot, new)
        if slot.after is None or slot.node.start_mark.index < slot.after:
            indent, joined = 0, True
        else:
            step = self._style.list_step if isinstance(new, list) else self._style.step
            joined = self._text[slot.after - 1] == "-"
            indent = slot.indent + (2 if joined else step)
        lines = yaml_render.block(new, indent, self._style.at(texts.line_end(self._text, end)))
        if joined:
            line_break = texts.break_near(self._text, texts.line_end(self._text, end))
            text = line_break.join(lines).lstrip(" ")
            self._splices.replace(start, end, self._spaced(slot, start, end, text))
            return
        gap = len(self._text[:start].rstrip())
        self._splices.replace(gap, end, ":" if slot.colon else "")
        self._splices.add_lines(texts.line_end(self._text, end), lines)


def is_block(node: Node) -> bool:
    """Whether a node is a block scalar."""
    return getattr(node, "style", None) in ("|", ">")


def quote_of(node: Node | None) -> scalars.Quote:
    """The quotes of a scalar, which is the wish for what comes in its place or after it."""
    match getattr(node, "style", None):
        case "'":
            return "'"
        case '"':
            return '"'
        case _:
            return ""
