"""Where the values of a JSON text stand (RFC 8259).

It exists because the standard library reads JSON without telling positions. It must not
change anything. Strings are read by the standard library's scanner.
"""

from __future__ import annotations

import json
import json.decoder
import re
from dataclasses import dataclass, field

from towpath.git.documents import errors
from towpath.git.documents import text as texts

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_scan_string = json.decoder.scanstring  # type: ignore[attr-defined]  # not in the stubs
_WORDS = ("true", "false", "null")


@dataclass(slots=True)
class JsonNode:
    """A value's span, and those of what is in it: `keys` for an object, with their starts."""

    start: int
    end: int = 0
    keys: dict[str, int] | None = None
    children: list[JsonNode] = field(default_factory=list)


class Scanner:
    """Reads one JSON text into nodes; every error has its line and column."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path

    def root(self) -> JsonNode:
        """The only value of the text."""
        node = self._value(self._skip(0), 1)
        end = self._skip(node.end)
        if end < len(self._text):
            raise self.error("there is something after the end of the value", end)
        return node

    def error(self, sentence: str, at: int) -> errors.DocumentError:
        """The error for the character at `at`."""
        where = texts.position(self._text, at)
        return errors.DocumentError("invalid_configuration", sentence, self._path, *where)

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _value(self, at: int, depth: int) -> JsonNode:
        if depth > texts.MAX_DEPTH:
            raise self.error(f"the file is nested deeper than {texts.MAX_DEPTH} levels", at)
        match self._text[at : at + 1]:
            case "{":
                return self._object(at, depth)
            case "[":
                return self._array(at, depth)
            case '"':
                return JsonNode(at, self._string(at)[1])
            case _:
                return JsonNode(at, self._word_end(at))

    def _word_end(self, at: int) -> int:
        for word in _WORDS:
            if self._text.startswith(word, at):
                return at + len(word)
        match = _NUMBER.match(self._text, at)
        if match is None:
            comment = self._text[at : at + 2] in ("//", "/*")
            sentence = "comments are not JSON" if comment else "a JSON value is expected here"
            raise self.error(sentence, at)
        return match.end()

    def _string(self, at: int) -> tuple[str, int]:
        try:
            found: tuple[str, int] = _scan_string(self._text, at + 1, True)
            return found
        except json.JSONDecodeError as error:
            raise self.error(f"this is not JSON: {error.msg}", error.pos) from None

    def _array(self, at: int, depth: int) -> JsonNode:
        node = JsonNode(at)
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "]" or node.children:
            child = self._value(at, depth + 1)
            node.children.append(child)
            at = self._skip(child.end)
            if self._text[at : at + 1] != ",":
                self._expect("]", at)
                break
            at = self._skip(at + 1)
        node.end = at + 1
        return node

    def _object(self, at: int, depth: int) -> JsonNode:
        node = JsonNode(at, keys={})
        keys: dict[str, int] = {}
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}" or keys:
            self._expect('"', at)
            name, end = self._string(at)
            if name in keys:
                raise self.error(f"the key {name!r} stands twice in the same object", at)
            keys[name] = at
            at = self._skip(end)
            self._expect(":", at)
            child = self._value(self._skip(at + 1), depth + 1)
            node.children.append(child)
            at = self._skip(child.end)
            if self._text[at : at + 1] != ",":
                self._expect("}", at)
                break
            at = self._skip(at + 1)
        node.keys, node.end = keys, at + 1
        return node

    def _expect(self, character: str, at: int) -> None:
        if self._text[at : at + 1] != character:
            raise self.error(f"this is not JSON: {character!r} is expected here", at)
