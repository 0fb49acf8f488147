"""What must hold of a template by itself: it names files, and takes by value what has values."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from towpath.domain import catalog
from towpath.manifests import fields, sources

_BY_VALUE = (".yaml", ".yml", ".json", ".toml")


def problems(config: catalog.Catalog, written: sources.Sources) -> Iterator[catalog.Problem]:
    """Everything wrong with the templates of a configuration and what they reach."""
    own = [p.template for p in config.products.values() if p.template]
    for template in (*config.templates.values(), *own):
        place = Place.of(template, config, written)
        yield from _every_file(template, place)
        yield from _not_by_value(template, place)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template is written: in a manifest of its own or in a product."""

    kind: str
    name: str
    path: tuple[str, ...]
    written: sources.Sources

    @classmethod
    def of(
        cls, template: catalog.Template, config: catalog.Catalog, written: sources.Sources
    ) -> "Place":
        """The place of a template of the configuration."""
        if config.templates.get(template.name) is template:
            return cls("PromotionTemplate", template.name, ("spec",), written)
        return cls("Product", template.name, ("spec", "promotionTemplate"), written)

    def origin(self, *path: str | int, key: bool = False) -> catalog.Origin:
        """Where the value at `path` of the template is written; `key`: where its name is."""
        return self.written.origin(self.kind, self.name, *self.path, *path, key=key)

    def file(self, pattern: str) -> catalog.Origin:
        """Where a file of `promotion` is named; `./` before it has been taken off."""
        plain = self.origin("promotion", pattern, key=True)
        dotted = self.origin("promotion", f"./{pattern}", key=True)
        return max(plain, dotted, key=lambda origin: (origin.line, origin.column))

    @property
    def ours(self) -> bool:
        """Whether a `towpath.dev` manifest holds it."""
        return self.written.is_ours(self.kind, self.name)


def _every_file(template: catalog.Template, place: Place) -> Iterator[catalog.Problem]:
    if not place.ours and template.promotion == {"**": (fields.WHOLE_FILE,)}:
        said = (
            f"the template `{template.name}` names no files: every file below the application's "
            "path is promoted whole, values of the environment included"
        )
        yield catalog.Problem(place.origin(), "promotes_every_file", said, "warning")


def _not_by_value(template: catalog.Template, place: Place) -> Iterator[catalog.Problem]:
    for pattern, paths in (template.promotion or {}).items():
        suffix = posixpath.splitext(pattern)[1]
        if paths == (fields.WHOLE_FILE,) or "*" in suffix or suffix.lower() in _BY_VALUE:
            continue
        if not suffix and "*" in posixpath.basename(pattern):
            continue
        said = f"`{pattern}`: only YAML, JSON and TOML are promoted by value: write jsonPaths ['*']"
        severity = "error" if place.ours else "warning"
        yield catalog.Problem(place.file(pattern), "not_by_value", said, severity)
