"""The least change to a JSON text that makes its data what they shall be.

It exists so that indentation, order, line ends and the spelling of everything else stay byte
for byte. It must not decide what changes; the caller proves the result.

The data are read by the standard library, the positions by `json_spans`, and only when they
are needed: so the proof of a change does not rest on the scanner that made it.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Sequence

from towpath.domain import values
from towpath.git.documents import errors, flow_edit, json_spans, scalars, splices
from towpath.git.documents import text as texts
from towpath.git.documents.json_spans import JsonNode
from towpath.git.documents.source import Data, Location

_INDENTED = re.compile(r"[\[{][ \t]*(?:\r\n?|\n)([ \t]+)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_COLON = re.compile(r'"(\s*:[ \t]*)[^\s]')
_DEFAULT_UNIT = "  "


class JsonFile:
    """A parsed JSON file."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self._text = text
        self.documents: Sequence[Data] = [self._load()]

    @functools.cached_property
    def _root(self) -> JsonNode:
        return json_spans.Scanner(self._text, self.path).root()

    def _load(self) -> Data:
        try:
            data = json.loads(
                self._text,
                object_pairs_hook=_object,
                parse_int=scalars.of_number,
                parse_float=scalars.of_number,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError) as error:
            # The scanner finds the same fault and knows its line.
            _ = self._root
            raise self._error(f"this is not JSON: {error}") from None
        if _depth_over(data, texts.MAX_DEPTH):
            _ = self._root
        if "\\u" in self._text and _has_surrogate(data):
            raise self._error("a string has half a surrogate pair, which is no character")
        return data

    def _error(self, sentence: str) -> errors.DocumentError:
        return errors.DocumentError("invalid_configuration", sentence, self.path)

    def position(self, location: Location) -> tuple[int, int] | None:
        """See `source.Source`."""
        node = self._root
        for part in location[1:]:
            index = part if isinstance(part, int) else list(node.keys or ()).index(part)
            node = node.children[index]
        return texts.position(self._text, node.start)

    def edited(self, documents: Sequence[Data]) -> str:
        """See `source.Source`."""
        editor = _Editor(self._text, self.path)
        editor.change(self._root, self.documents[0], documents[0])
        return editor.result()


def _object(pairs: list[tuple[str, Data]]) -> dict[str, Data]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in the same object")
    return found


def _refuse_constant(word: str) -> Data:
    raise ValueError(f"{word} is no JSON number")


def _depth_over(node: Data, limit: int) -> bool:
    # The standard library stops before Python's own limit, so this cannot recurse too deep.
    if not isinstance(node, dict | list):
        return False
    below = node.values() if isinstance(node, dict) else node
    return limit <= 0 or any(_depth_over(child, limit - 1) for child in below)


def _has_surrogate(node: Data) -> bool:
    match node:
        case str():
            return any("\ud800" <= character <= "\udfff" for character in node)
        case list():
            return any(map(_has_surrogate, node))
        case dict():
            return any(map(_has_surrogate, node)) or any(map(_has_surrogate, node.values()))
        case _:
            return False


class _Editor:
    """Collects the changes to one text."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._splices = splices.Splices(text)
        indented = _INDENTED.search(text)
        outer = texts.indent_at(text, indented.start()) if indented else ""
        self._unit = indented.group(1).removeprefix(outer) if indented else None
        if self._unit is None and ("\n" in text.strip() or "\r" in text.strip()):
            self._unit = _DEFAULT_UNIT
        colon = _COLON.search(text)
        self._colon = colon.group(1) if colon else ": "
        self._ascii = text.isascii() and "\\u" in text

    def result(self) -> str:
        """The text with all changes."""
        try:
            return self._splices.result()
        except splices.OverlapError as error:
            raise errors.UnprovenEditError(self._path, str(error)) from error

    def change(self, node: JsonNode, old: Data, new: Data) -> None:
        """Make `node`, which means `old`, mean `new`."""
        if values.same(old, new):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            self._change_object(node, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            self._change_array(node, old, new)
        else:
            indent = texts.indent_at(self._text, node.start)
            self._splices.replace(node.start, node.end, self._spell(new, indent))

    def _change_object(self, node: JsonNode, old: dict[str, Data], new: dict[str, Data]) -> None:
        keys = node.keys or {}
        spans = [(at, child.end) for at, child in zip(keys.values(), node.children, strict=True)]
        brackets = flow_edit.Brackets(node.start, node.end, spans)
        doomed = {index for index, name in enumerate(keys) if name not in new}
        for name, child in zip(keys, node.children, strict=True):
            if name in new:
                self.change(child, old[name], new[name])
        indent = self._inner_indent(brackets)
        added = [
            self._text_of(name) + self._colon + self._spell(value, indent)
            for name, value in new.items()
            if name not in old
        ]
        kept = [index for index in range(len(spans)) if index not in doomed]
        if kept:
            flow_edit.drop(self._splices, brackets, doomed)
            flow_edit.add(self._splices, brackets, kept[-1], added)
        else:
            self._fill(brackets, added)

    def _change_array(self, node: JsonNode, old: list[Data], new: list[Data]) -> None:
        spans = [(child.start, child.end) for child in node.children]
        brackets = flow_edit.Brackets(node.start, node.end, spans)
        matcher = difflib.SequenceMatcher(
            None, list(map(repr, old)), list(map(repr, new)), autojunk=False
        )
        indent = self._inner_indent(brackets)
        doomed: set[int] = set()
        added: list[tuple[int, list[str]]] = []
        for tag, start, end, new_start, new_end in matcher.get_opcodes():
            pairs = min(end - start, new_end - new_start) if tag == "replace" else 0
            if tag == "equal":
                continue
            for step in range(pairs):
                self.change(node.children[start + step], old[start + step], new[new_start + step])
            doomed.update(range(start + pairs, end))
            rest = [self._spell(value, indent) for value in new[new_start + pairs : new_end]]
            added.append((start + pairs - 1, rest))
        if len(doomed) == len(spans):
            self._fill(brackets, [text for _, rest in added for text in rest])
            return
        flow_edit.drop(self._splices, brackets, doomed)
        for after, rest in added:
            anchor = next((at for at in range(after, -1, -1) if at not in doomed), -1)
            flow_edit.add(self._splices, brackets, anchor, rest)

    def _fill(self, brackets: flow_edit.Brackets, added: list[str]) -> None:
        flow_edit.fill(self._splices, brackets, added, self._unit if added else None)

    def _inner_indent(self, brackets: flow_edit.Brackets) -> str:
        own = flow_edit.indent_of_entries(self._text, brackets)
        if own is not None:
            return own
        return texts.indent_at(self._text, brackets.start) + (self._unit or "")

    def _spell(self, value: Data, indent: str) -> str:
        match value:
            case dict() if value:
                inner = indent + (self._unit or "")
                parts = (
                    self._text_of(name) + self._colon + self._spell(child, inner)
                    for name, child in value.items()
                )
                return self._enclosed("{", list(parts), "}", indent)
            case list() if value:
                inner = indent + (self._unit or "")
                return self._enclosed("[", [self._spell(e, inner) for e in value], "]", indent)
            case str():
                return self._text_of(value)
            case values.Plain(text):
                return self._number(text)
            case _:
                return json.dumps(value)

    def _enclosed(self, opening: str, parts: list[str], closing: str, indent: str) -> str:
        if self._unit is None:
            return opening + ", ".join(parts) + closing
        line_break = texts.break_near(self._text, texts.line_end(self._text, 0))
        between = f",{line_break}{indent}{self._unit}"
        return (
            opening
            + between.removeprefix(",")
            + between.join(parts)
            + line_break
            + indent
            + closing
        )

    def _text_of(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._ascii)

    def _number(self, text: str) -> str:
        if not _NUMBER.fullmatch(text):
            raise source_error(self._path, text)
        return text


def source_error(path: str, text: str) -> errors.DocumentError:
    """The error for a spelling that JSON does not have."""
    return errors.DocumentError(
        "invalid_configuration",
        f"the unquoted value `{text}` has no spelling in JSON; quote it in the source",
        path,
    )
