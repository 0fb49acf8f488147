"""Regular expressions that people write, tried in a time that only grows with the text.

They are RE2's, as in Go: without back-references and look-arounds, and so without those that take
for ever on a text that nearly matches.
"""

import functools
from typing import Any

import jsonpath
import re2  # type: ignore[import-untyped] # it says nothing of its types
from jsonpath import function_extensions
from jsonpath.filter import RegexLiteral
from jsonpath.parse import Parser
from jsonpath.stream import TokenStream


class Unreadable(ValueError):  # noqa: N818
    """A regular expression that cannot be read; the sentence says why."""


def is_in(pattern: str, text: str) -> bool:
    """Whether the regular expression is found in the text. Raises `Unreadable`."""
    return _compiled(pattern).search(_plain(text)) is not None


def groups(pattern: str, text: str) -> tuple[str, ...] | None:
    """The groups that were found, if the regular expression is all of the text, else None.

    Raises `Unreadable`.
    """
    found = _compiled(pattern).fullmatch(_plain(text))
    return None if found is None else tuple(one.decode() for one in found.groups() if one)


@functools.cache
def json_paths(strict: bool) -> jsonpath.JSONPathEnvironment:
    """JSONPaths whose filters try regular expressions in such a time too."""
    return _Environment(strict=strict)


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_plain(pattern), options)
    except re2.error as wrong:
        said = wrong.args[0] if wrong.args else "it cannot be read"
        raise Unreadable(said.decode() if isinstance(said, bytes) else str(said)) from None


def _plain(text: str) -> bytes:
    """The text in UTF-8, which halves of a pair of surrogates are not."""
    return text.encode("utf-8", "replace")


class _Search(function_extensions.Search):
    def check_cache(self, pattern: str) -> Any:
        return _or_none(pattern)


class _Match(function_extensions.Match):
    def check_cache(self, pattern: str) -> Any:
        return _or_none(pattern)


def _or_none(pattern: str) -> "_Written | None":
    """The expression; none where it cannot be read, which then matches nothing (RFC 9535)."""
    try:
        return _Written(pattern)
    except Unreadable:
        return None


class _Written:
    """A regular expression with the part of `re.Pattern` that a filter asks for."""

    def __init__(self, pattern: str, letters: str = "") -> None:
        self.pattern = pattern
        self.flags = sum(
            flag for flag, letter in RegexLiteral.RE_FLAG_MAP.items() if letter in letters
        )
        ours = "".join(letter for letter in letters if letter != "a")
        self._expression = _compiled(f"(?{ours}){pattern}" if ours else pattern)

    def search(self, text: str) -> object:
        return self._expression.search(_plain(text))

    def fullmatch(self, text: str) -> object:
        return self._expression.fullmatch(_plain(text))


class _Parser(Parser):
    def parse_regex(self, stream: TokenStream) -> RegexLiteral:
        token, letters = stream.next(), stream.next().value
        try:
            return RegexLiteral(value=_Written(token.value, letters))  # type: ignore[arg-type] # as one
        except Unreadable as wrong:
            raise jsonpath.JSONPathSyntaxError(str(wrong), token=token) from None


class _Environment(jsonpath.JSONPathEnvironment):
    parser_class = _Parser

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions |= {"search": _Search(), "match": _Match()}
