"""Which files templates reach: only those of the application itself, inside its repository.

A template that reaches into another application's files would promote one environment's content
while it promotes another's.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from towpath.domain import catalog
from towpath.manifests import repositories, sources, template_checks

_Neighbourhood = tuple[str, str]


def problems(config: catalog.Catalog, written: sources.Sources) -> Iterator[catalog.Problem]:
    """Files that lead outside, or into other applications: the first of each file and template."""
    ground = _Ground.of(config)
    told: set[tuple[int, str]] = set()
    for application in config.applications:
        template = config.template_for(application) if application.product else None
        if template is None:
            continue
        for pattern in _files(template):
            said = ground.objection(application, pattern)
            if said and (id(template), pattern) not in told:
                told.add((id(template), pattern))
                place = template_checks.Place.of(template, config, written)
                code = "path_outside_repository" if "outside" in said else "reaches_application"
                message = f"`{pattern}` of the template `{template.name}` {said}"
                yield catalog.Problem(place.file(pattern), code, message)
    yield from _same_files(config)


def _files(template: catalog.Template) -> list[str]:
    version = [template.version_source.file] if template.version_source else []
    images = [image.file for image in template.images]
    return [*(template.promotion or {}), *images, *version]


@dataclass(slots=True)
class _Neighbours:
    """The paths of applications in one repository at one revision, and which lie below which."""

    owners: dict[str, catalog.Application] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)

    def connect(self) -> None:
        for path in self.owners:
            above = path
            while above:
                above = posixpath.dirname(above)
                if above in self.owners:
                    self.below.setdefault(above, []).append(path)


@dataclass(frozen=True, slots=True)
class _Ground:
    """All neighbourhoods of a configuration."""

    found: Mapping[_Neighbourhood, _Neighbours]
    identities: Mapping[str, str]

    @classmethod
    def of(cls, config: catalog.Catalog) -> "_Ground":
        identities: dict[str, str] = {}
        found: dict[_Neighbourhood, _Neighbours] = {}
        for application in config.applications:
            for source in _with_files(application):
                address = source.repository
                if address not in identities:
                    identities[address] = repositories.identity(address)
                neighbours = found.setdefault((identities[address], source.revision), _Neighbours())
                neighbours.owners.setdefault(source.path, application)
        for neighbours in found.values():
            neighbours.connect()
        return cls(found, identities)

    def objection(self, application: catalog.Application, pattern: str) -> str:
        """Why the application's files may not be reached by `pattern`; '' if they may."""
        for source in _with_files(application):
            around = self.found[self.identities[source.repository], source.revision]
            said = _objection(application, source.path, pattern, around)
            if said:
                return said
        return ""


def _with_files(application: catalog.Application) -> Iterator[catalog.Source]:
    for source in application.sources:
        if not source.chart and (source.path or not source.ref):
            yield source


def _objection(
    application: catalog.Application, path: str, pattern: str, around: _Neighbours
) -> str:
    if ".." not in pattern.split("/"):
        for other in around.below.get(path, ()):
            if reaches(pattern, other[len(path) :].strip("/")):
                return _reaching(application, around.owners[other], other)
        return ""
    target = repositories.inside(posixpath.join(path, pattern))
    if target is None:
        return f"leads outside the repository from `{application.name}` ({path or '.'})"
    for other in _candidates(target, around):
        if other != path and not _is_above(other, path) and reaches(target, other):
            return _reaching(application, around.owners[other], other)
    return ""


def _candidates(target: str, around: _Neighbours) -> Iterator[str]:
    """Paths that a file or glob of the repository may lie in."""
    if any(sign in target for sign in "*?["):
        yield from around.owners
        return
    folder = posixpath.dirname(target)
    while folder:
        if folder in around.owners:
            yield folder
        folder = posixpath.dirname(folder)


def _is_above(folder: str, path: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _reaching(application: catalog.Application, other: catalog.Application, path: str) -> str:
    return f"reaches from `{application.name}` into `{other.name}` ({path})"


def reaches(pattern: str, folder: str) -> bool:
    """Whether a glob can match a file somewhere below a folder, both relative to one place."""
    wanted = pattern.split("/")
    for index, part in enumerate(folder.split("/")):
        if index >= len(wanted) or wanted[index] == "**":
            return index < len(wanted)
        if not fnmatchcase(part, wanted[index]):
            return False
    return len(wanted) > folder.count("/") + 1


def _same_files(config: catalog.Catalog) -> Iterator[catalog.Problem]:
    """One component in two environments on the very same files: there is nothing to promote."""
    first: dict[tuple[str, str, tuple[catalog.Source, ...]], catalog.Application] = {}
    for application in config.applications:
        if not application.product or not application.environment:
            continue
        if not any(True for _ in _with_files(application)):
            continue
        key = (application.product, application.component, application.sources)
        other = first.setdefault(key, application)
        if other.environment != application.environment:
            said = (
                f"`{application.name}` in `{application.environment}` and `{other.name}` in "
                f"`{other.environment}` read the same files: nothing can be promoted between them"
            )
            yield catalog.Problem(application.origin, "same_files", said, "warning")
