"""Bytes to text and back, and where lines end.

It exists because spans count characters while files are bytes, with a byte order mark or
without, and with line ends that must survive. It must not know any document format.
"""

from __future__ import annotations

import bisect
import codecs
import re
from dataclasses import dataclass

from towpath.git.documents import errors

MAX_BYTES = 10 * 1024 * 1024
"""Files larger than this are refused: values live in small files, and parsing takes memory."""

MAX_DEPTH = 100
"""Collections nested deeper than this are refused, well before Python's own recursion limit."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_INDENTED_COMMENT = re.compile(r"(?:(?:\r\n|\r|\n)[ \t]*)+[ \t]#")
_BLANK = re.compile(r"[ \t]*")
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text without its byte order mark, and the mark if it had one."""

    text: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """The bytes of `text`, with the mark that this file had."""
        return self.mark + text.encode("utf-8")


def decode(data: bytes, path: str) -> Decoded:
    """The text of a UTF-8 file; errors name the size or the first byte that is none."""
    if len(data) > MAX_BYTES:
        raise errors.DocumentError(
            "invalid_configuration",
            f"the file has {len(data):,} bytes; values are promoted in files of at most "
            f"{MAX_BYTES:,} bytes. Move the promoted values to a smaller file",
            path,
        )
    for mark, encoding in _OTHER_ENCODINGS.items():
        if data.startswith(mark):
            raise errors.DocumentError(
                "invalid_configuration", f"the file is {encoding}; save it as UTF-8", path, 1, 1
            )
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        return Decoded(data[len(mark) :].decode("utf-8"), mark)
    except UnicodeDecodeError as error:
        before = data[len(mark) : len(mark) + error.start].decode("utf-8")
        raise errors.DocumentError(
            "invalid_configuration",
            f"the byte {error.object[error.start]:#04x} is not UTF-8; save the file as UTF-8",
            path,
            *position(before, len(before)),
        ) from None


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    ends = [match.end() for match in _LINE_BREAK.finditer(text, 0, index)]
    line = bisect.bisect_right(ends, index)
    return line + 1, index - (ends[line - 1] if line else 0) + 1


def line_end(text: str, index: int) -> int:
    """Where the line of `index` ends, before its line break."""
    match = _LINE_BREAK.search(text, index)
    return match.start() if match else len(text)


def line_start(text: str, index: int) -> int:
    """Where the line of `index` begins."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def break_at(text: str, end: int) -> str:
    """The line break that stands at `end`: empty at the end of the file."""
    match = _LINE_BREAK.match(text, end)
    return match.group() if match else ""


def break_before(text: str, index: int) -> str:
    """The line break that ends at `index`, or nothing."""
    if text[max(index - 2, 0) : index] == "\r\n":
        return "\r\n"
    last = text[max(index - 1, 0) : index]
    return last if last in ("\r", "\n") else ""


def break_near(text: str, end: int) -> str:
    """The line break to use for a line added after the line that ends at `end`."""
    here = break_at(text, end)
    if here:
        return here
    return break_before(text, line_start(text, end)) or "\n"


def indent_at(text: str, index: int) -> str:
    """The white space that the line of `index` begins with."""
    match = _BLANK.match(text, line_start(text, index))
    return match.group() if match else ""


def only_blank_before(text: str, index: int) -> bool:
    """Whether nothing but white space stands before `index` on its line."""
    return not text[line_start(text, index) : index].strip(" \t")


def literal_may_end(text: str, end: int, *, with_break: bool) -> bool:
    """Whether a YAML block scalar can be put where a line ends, and its text ends there.

    An indented comment on the next line would become part of it; at the end of a file without
    a last line break its text could not end with one.
    """
    if end == len(text):
        return not with_break or text[-1:] in ("", "\n", "\r")
    return _INDENTED_COMMENT.match(text, end) is None
