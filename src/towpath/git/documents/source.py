"""What reading and changing need of a parsed file, whatever its format.

It exists so that select, read and the planning of changes are written once for YAML, JSON and
TOML. It must not know any of them.

A file's data are `dict`, `list` and scalars; `Tagged` stands where a YAML scalar has a tag
of the user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from towpath.domain import values
from towpath.git.documents import errors

Data: TypeAlias = Any
"""`values.Json` with `Tagged` in it; recursive unions make the walks unreadable."""

Location: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the list of a file's documents: `(0, "image", "tag")`."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A scalar with an explicit tag other than `!!str`, such as `!vault secret`."""

    tag: str
    value: values.Scalar

    @property
    def is_custom(self) -> bool:
        """Whether the tag is the user's, and not one of the standard types."""
        return not self.tag.startswith("tag:yaml.org,2002:")

    def holding(self, value: Data) -> Data:
        """This scalar with another value: the user's tag stays, a standard type's does not."""
        if self.is_custom and not isinstance(value, list | dict):
            return Tagged(self.tag, value)
        return value


class Source(Protocol):
    """A parsed file."""

    @property
    def path(self) -> str:
        """The file's name, for errors."""

    @property
    def documents(self) -> Sequence[Data]:
        """The data of the documents that are not empty, in order."""

    def position(self, location: Location) -> tuple[int, int] | None:
        """Line and column (from 1) of the node at `location`, if that is known."""

    def edited(self, documents: Sequence[Data]) -> str:
        """The text with the least change that makes its data `documents`.

        Raises `errors.DocumentError` where that would change something else as well.
        """


def problem(
    source: Source, code: errors.Code, sentence: str, location: Location | None = None
) -> errors.DocumentError:
    """The error for a node of `source`, with its line and column if they are known."""
    where = source.position(location) if location is not None else None
    return errors.DocumentError(code, sentence, source.path, *(where or (None, None)))


def kind_of(node: Data) -> str:
    """What `node` is, in words for a sentence."""
    match node:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "a single value"
