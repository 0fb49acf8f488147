"""What a scalar's spelling means, and how a value is spelled in YAML.

It exists so that a value keeps its type and, where readers of YAML disagree, its spelling.
It must not know where in a file the scalar stands.

Rules: the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), the types
of YAML 1.1 (https://yaml.org/type/), and what go-yaml reads. What these three do not read
alike is `values.Plain`.
"""

from __future__ import annotations

import math
import re
from typing import Literal

from towpath.domain import values

Quote = Literal["", "'", '"']

_WORDS: dict[str, values.Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_TEXT_BY_ITS_FIRST = frozenset("0123456789+-.~nNtTfFyYoO<=")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_READ_DIFFERENTLY = re.compile(
    r"""[-+]?0b[01_]+
      | [-+]?0x[0-9a-fA-F_]+
      | [-+]?0o?[0-7_]+
      | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
      | [-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?
      | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
      | [0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt \t].*)?
      | (?i:y|yes|n|no|on|off)
      | << | =""",
    re.VERBOSE,
)
_DIGITS_PYTHON_READS = 4300
"""Longer integers make `int()` fail (CPython's limit against slow conversion)."""


def of_plain(text: str) -> values.Scalar:
    """The value of an unquoted YAML scalar; `values.Plain` where only its spelling is exact."""
    if text and text[0] not in _NOT_TEXT_BY_ITS_FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = of_number(text)
    if not isinstance(number, values.Plain) or _READ_DIFFERENTLY.fullmatch(text):
        return number
    return text


def of_number(text: str) -> int | float | values.Plain:
    """The number that is spelled exactly so, else the spelling (`1.10`, `1e3`, `0x1F`)."""
    if _INTEGER.fullmatch(text) and text != "-0" and len(text) <= _DIGITS_PYTHON_READS:
        return int(text)
    if _FLOAT.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return values.Plain(text)


def exact(value: values.Json) -> values.Json:
    """The value as a file would give it back: a float without a plain spelling is `Plain`."""
    if isinstance(value, float):
        if math.isfinite(value):
            return of_number(repr(value))
        return values.Plain(".nan" if math.isnan(value) else f"{value}".replace("inf", ".inf"))
    if isinstance(value, dict):
        return {key: exact(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [exact(child) for child in value]
    return value


_UNPRINTABLE = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_NOT_PLAIN = re.compile(
    r"""^[\s,\[\]{}\#&*!|>'"%@`] | ^[-?:](?:\s|$) | ^--- | ^\.\.\. | :(?:\s|$) | \s\# | \s$ | \t""",
    re.VERBOSE,
)
_NOT_PLAIN_IN_FLOW = re.compile(r"[,\[\]{}]|^\?")
_NOT_LITERAL = re.compile(r"^[ \n]|\n[ \t]+(?:\n|$)|\n\n$")
_ESCAPES: dict[str, str | int | None] = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\0": "\\0",
}


def spell(value: values.Scalar, quote: Quote, *, flow: bool, typed: bool = False) -> str:
    """One line of YAML that reads as `value`.

    `quote` is the wish for text: none, single or double. It is kept where it can be: text
    that would change its type or break the syntax is quoted, text with line breaks or
    control characters is double-quoted. `typed` says that a `!!str` tag makes it text anyway.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _spell_text(value, quote, flow=flow, typed=typed)
        case _:
            return str(value)


def _spell_text(text: str, quote: Quote, *, flow: bool, typed: bool) -> str:
    if _UNPRINTABLE.search(text):
        return double_quoted(text)
    if not quote and (not may_be_plain(text, flow=flow, typed=typed)):
        quote = '"'
    match quote:
        case "":
            return text
        case "'":
            return "'" + text.replace("'", "''") + "'"
        case _:
            return double_quoted(text)


def may_be_plain(text: str, *, flow: bool, typed: bool = False) -> bool:
    """Whether `text` stays the same text when it is written without quotes."""
    if _NOT_PLAIN.search(text) or _UNPRINTABLE.search(text) or not text:
        return False
    if flow and _NOT_PLAIN_IN_FLOW.search(text):
        return False
    return typed or isinstance(of_plain(text), str)


def double_quoted(text: str) -> str:
    """`text` in double quotes, escaped as YAML and JSON read alike where that is possible."""
    escaped = text.translate(str.maketrans(_ESCAPES))
    return '"' + _UNPRINTABLE.sub(_escape, escaped) + '"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def literal(text: str) -> tuple[str, list[str]] | None:
    """Header and lines of a `|` block scalar, or None if `text` cannot be one."""
    if _NOT_LITERAL.search(text) or _UNPRINTABLE.search(text.replace("\n", "").replace("\t", "")):
        return None
    header = "|" if text.endswith("\n") else "|-"
    return header, text.removesuffix("\n").split("\n")
