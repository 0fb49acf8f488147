"""The least change to a TOML text that makes its data what they shall be.

It exists so that comments, order and quotes of everything else stay byte for byte, which
`tomlkit` sees to. It must not decide what changes; the caller proves the result.

The data are read by the standard library's `tomllib`, so the proof of a change does not rest
on the library that made it.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from typing import Any

import tomlkit
import tomlkit.exceptions
import tomlkit.items

from towpath.domain import values
from towpath.git.documents import errors, scalars
from towpath.git.documents import text as texts
from towpath.git.documents.source import Data, Location

_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_BARE_LINE_BREAK = re.compile(r"(?<!\r)\n")


class TomlFile:
    """A parsed TOML file."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self._text = text
        self.documents: Sequence[Data] = [self._load()]

    def _load(self) -> Data:
        try:
            loaded = tomllib.loads(self._text, parse_float=scalars.of_number)
            return _data(loaded, texts.MAX_DEPTH)
        except RecursionError:
            raise errors.DocumentError(
                "invalid_configuration",
                f"the file is nested deeper than {texts.MAX_DEPTH} levels",
                self.path,
            ) from None
        except tomllib.TOMLDecodeError as error:
            where = _AT.search(str(error))
            raise errors.DocumentError(
                "invalid_configuration",
                f"this is not TOML: {error}",
                self.path,
                *((int(where[1]), int(where[2])) if where else (None, None)),
            ) from None

    def position(self, location: Location) -> tuple[int, int] | None:
        """See `source.Source`; TOML readers do not tell positions."""
        return None

    def edited(self, documents: Sequence[Data]) -> str:
        """See `source.Source`."""
        # tomlkit adds a key right behind a last line that has no line break.
        line_break = "\r\n" if "\r\n" in self._text else "\n"
        added = "" if self._text.endswith("\n") else line_break
        try:
            document = tomlkit.parse(self._text + added)
            if tomlkit.dumps(document) != self._text + added:
                raise errors.UnprovenEditError(self.path, "tomlkit does not keep this file's style")
            self._change(document, self.documents[0], documents[0])
            result = tomlkit.dumps(document).removesuffix(added)
        except tomlkit.exceptions.TOMLKitError as error:
            raise errors.UnprovenEditError(self.path, f"tomlkit: {error}") from error
        return self._with_own_line_breaks(result)

    def _with_own_line_breaks(self, result: str) -> str:
        if "\r\n" in self._text and not _BARE_LINE_BREAK.search(self._text):
            return _BARE_LINE_BREAK.sub("\r\n", result)
        return result

    def _change(self, container: Any, old: Data, new: Data) -> None:
        if isinstance(new, dict):
            self._change_table(container, old, new)
        else:
            self._change_array(container, old, new)

    def _change_table(self, table: Any, old: dict[str, Data], new: dict[str, Data]) -> None:
        for name in old.keys() - new.keys():
            del table[name]
        for name, value in new.items():
            if name not in old:
                table[name] = self._item(value, nested=not _is_inline(table))
            elif not values.same(old[name], value):
                self._set(table, name, old[name], value)

    def _change_array(self, array: Any, old: list[Data], new: list[Data]) -> None:
        if len(old) == len(new):
            for index, value in enumerate(new):
                if not values.same(old[index], value):
                    self._set(array, index, old[index], value)
            return
        if isinstance(array, tomlkit.items.AoT):
            self._shorten_tables(array, old, new)
            return
        same = next(
            (at for at, pair in enumerate(zip(old, new, strict=False)) if not values.same(*pair)),
            min(len(old), len(new)),
        )
        for index in range(len(old) - 1, same - 1, -1):
            del array[index]
        for value in new[same:]:
            array.append(self._item(value, nested=False))

    def _shorten_tables(self, tables: Any, old: list[Data], new: list[Data]) -> None:
        left = list(new)
        doomed = []
        for index, value in enumerate(old):
            if left and values.same(value, left[0]):
                left.pop(0)
            else:
                doomed.append(index)
        for index in reversed(doomed):
            del tables[index]
        for value in left:
            tables.append(self._item(value, nested=True))

    def _set(self, container: Any, part: str | int, old: Data, new: Data) -> None:
        if new == {} and _is_dotted(container[part]):
            # A table that only its keys' dots made is gone with the last of them.
            del container[part]
            container[part] = tomlkit.inline_table()
        elif type(old) is type(new) and isinstance(new, dict | list):
            self._change(container[part], old, new)
        else:
            container[part] = self._item(new, like=container[part], nested=False)

    def _item(self, value: Data, *, nested: bool, like: Any = None) -> Any:
        match value:
            case None:
                raise self._error("nothing (`null`) has no spelling in TOML")
            case dict():
                table = tomlkit.table() if nested else tomlkit.inline_table()
                for name, child in value.items():
                    table[name] = self._item(child, nested=nested)
                return table
            case list():
                array = tomlkit.array()
                for child in value:
                    array.append(self._item(child, nested=False))
                return array
            case str():
                return _string(value, like)
            case values.Plain(text):
                return self._plain(text)
            case _:
                return tomlkit.item(value)

    def _plain(self, text: str) -> Any:
        try:
            return tomlkit.value(text)
        except (tomlkit.exceptions.TOMLKitError, ValueError):
            raise self._error(
                f"the unquoted value `{text}` has no spelling in TOML; quote it in the source"
            ) from None

    def _error(self, sentence: str) -> errors.DocumentError:
        return errors.DocumentError("invalid_configuration", sentence, self.path)


def _data(node: Any, depth: int) -> Data:
    if depth < 0:
        raise RecursionError
    match node:
        case dict():
            return {key: _data(child, depth - 1) for key, child in node.items()}
        case list():
            return [_data(child, depth - 1) for child in node]
        case datetime.date() | datetime.time():
            return values.Plain(node.isoformat())
        case _:
            return node


def _is_inline(table: Any) -> bool:
    return isinstance(table, tomlkit.items.InlineTable)


def _is_dotted(item: Any) -> bool:
    if not isinstance(item, tomlkit.items.Table):
        return False
    return item.is_super_table() or any(key.is_dotted() for key, _ in item.value.body if key)


def _string(text: str, like: Any) -> Any:
    """`text` in the quotes of the string before it, where these can hold it."""
    spelled = like.as_string() if isinstance(like, tomlkit.items.String) else '"'
    multi_line = spelled.startswith(('"""', "'''")) and "\n" in text
    if spelled.startswith("'") and "'" not in text and text.isprintable():
        return tomlkit.string(text, literal=True)
    if multi_line and not text.startswith("\n") and "\r" not in text:
        return tomlkit.string(text, multiline=True)
    return tomlkit.string(text)
