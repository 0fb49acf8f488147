"""Which document each configured thing comes from, so that checks can say where it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from towpath.domain import catalog
from towpath.manifests import documents, known_kinds


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents of our kinds by kind and name, and the names of those that are broken."""

    documents: Mapping[tuple[str, str], documents.Document]
    broken: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def origin(self, kind: str, name: str, *path: str | int, key: bool = False) -> catalog.Origin:
        """Where the value at `path` of the manifest is written; `key`: where its name is."""
        document = self.documents.get((kind, name))
        return document.origin(*path, key=key) if document else catalog.Origin("")

    def is_ours(self, kind: str, name: str) -> bool:
        """Whether the manifest is a `towpath.dev` one."""
        document = self.documents.get((kind, name))
        return bool(document) and document.api_version == known_kinds.OURS  # type: ignore[union-attr]

    def mentions(self, kind: str, name: str) -> bool:
        """Whether there is such a manifest, even a broken one."""
        return (kind, name) in self.documents or (kind, name) in self.broken

    def any_of(self, kind: str) -> bool:
        """Whether there is any manifest of the kind, even a broken one."""
        return any(key[0] == kind for key in (*self.documents, *self.broken))
