"""What a release carries: promoted values and files of each component, as read in git.

Content is immutable and complete in itself: it is written to an environment as it is, whatever
lies in other environments by then. Large file bodies are kept beside it, by their digest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from towpath.domain.rules import Rules
from towpath.domain.values import Place, Value


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file promoted whole: git mode (`100644`, `100755`, `120000`), SHA-256 and size in bytes."""

    mode: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is promoted of one file, relative to its source's path: some values, or all of it."""

    path: str
    values: tuple[Value, ...] = ()
    whole: WholeFile | None = None


@dataclass(frozen=True, slots=True)
class SourceContent:
    """What is promoted of one source of an application; `index` is its place among the sources."""

    index: int
    repository: str
    files: tuple[FileContent, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference seen in the promoted files. Tag or digest may be empty, never both."""

    name: str
    tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ComponentContent:
    """What a release carries of one component, and the commit and rules it was read by.

    `rules` None: they are not known. What they do not select is not missing in the content.
    """

    sources: tuple[SourceContent, ...]
    version: str = ""
    images: tuple[Image, ...] = ()
    repository: str = ""
    branch: str = ""
    revision: str = ""
    rules: Rules | None = None

    def same_as(self, other: "ComponentContent | None") -> bool:
        """Whether both promote the same, wherever and at whatever commit they were read."""
        return other is not None and _promoted(self) == _promoted(other)


Content = Mapping[str, ComponentContent]


def within(files: Iterable[FileContent], others: Iterable[FileContent]) -> tuple[FileContent, ...]:
    """What `files` hold of the files and places that `others` hold as well."""
    places: dict[str, set[Place]] = {}
    for file in others:
        places.setdefault(file.path, set()).update(value.place for value in file.values)
    return tuple(
        replace(file, values=tuple(v for v in file.values if v.place in places[file.path]))
        for file in files
        if file.path in places
    )


def _promoted(content: ComponentContent) -> frozenset[tuple[int, FileContent]]:
    return frozenset(
        (source.index, _in_order(file)) for source in content.sources for file in source.files
    )


def _in_order(file: FileContent) -> FileContent:
    return replace(file, values=tuple(sorted(file.values, key=repr)))


def changed(before: Content, after: Content) -> tuple[str, ...]:
    """The components of `after` whose promoted content differs from `before`, by name."""
    return tuple(sorted(name for name, new in after.items() if not new.same_as(before.get(name))))


def version(content: Content) -> str:
    """The version to show for a bundle: the components' own when they agree, else all of them."""
    distinct = sorted({part.version for part in content.values() if part.version})
    return ", ".join(distinct)
