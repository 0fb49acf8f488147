"""ApplicationSets: the Applications that Argo CD would make of them.

Only what can be told for sure: a set that holds anything else is named, and not read at all.
"""

from collections.abc import Mapping

from towpath.domain import catalog
from towpath.manifests import (
    applications,
    clusters,
    documents,
    generator_parts,
    generators,
    membership,
    repositories,
)

_TEMPLATE: generator_parts.Path = ("spec", "template")
# All that an application is read from. Nothing else of the template needs to be rendered.
_USED = ("source", "sources", "sourceHydrator", "destination")


def read(
    document: documents.Document,
    manifest: Mapping[str, object],
    files: repositories.RepositoryFiles | None,
    known: tuple[clusters.KnownCluster, ...],
) -> tuple[list[catalog.Application], list[catalog.Problem]]:
    """The applications a set stands for. None of them if anything of the set is not understood."""
    try:
        return _expanded(document, manifest, files, known)
    except generator_parts.NotExpandedError as error:
        said = f"{documents.path_text(error.path)}: {error.message}"
        origin = document.origin(*error.path)
        return [], [catalog.Problem(origin, error.code, said, error.severity)]


def _expanded(
    document: documents.Document,
    manifest: Mapping[str, object],
    files: repositories.RepositoryFiles | None,
    known: tuple[clusters.KnownCluster, ...],
) -> tuple[list[catalog.Application], list[catalog.Problem]]:
    spec = generator_parts.mapping(manifest.get("spec"), ("spec",))
    if spec.get("templatePatch"):
        raise generator_parts.unsupported("`templatePatch`", ("spec", "templatePatch"))
    around = _surroundings(spec, files, known)
    template = _template(spec, manifest)
    found: list[catalog.Application] = []
    problems: list[catalog.Problem] = []
    for index, generator in enumerate(_generators(spec)):
        place = ("spec", "generators", index)
        one = generator_parts.mapping(generator, place)
        for parameters in generators.parameters(one, place, around):
            written = generator_parts.interpolated(template, parameters, _TEMPLATE, around)
            rendered = generator_parts.mapping(written, _TEMPLATE)
            _refuse_leftovers(rendered, around)
            application, wrong = applications.read(rendered, _places(document))
            found.extend([application] if application else [])
            problems.extend(problem for problem in wrong if problem not in problems)
    return found, problems


def _generators(spec: Mapping[str, object]) -> list[object]:
    found = generator_parts.listed(spec.get("generators"), ("spec", "generators"))
    if not found:
        raise generator_parts.NotExpandedError(
            "missing_field", "at least one generator is required", ("spec",)
        )
    return found


def _surroundings(
    spec: Mapping[str, object],
    files: repositories.RepositoryFiles | None,
    known: tuple[clusters.KnownCluster, ...],
) -> generator_parts.Surroundings:
    options = generator_parts.listed(spec.get("goTemplateOptions"), ("spec", "goTemplateOptions"))
    strict = "missingkey=error" in options
    return generator_parts.Surroundings(files, known, spec.get("goTemplate") is True, strict)


def _template(spec: Mapping[str, object], manifest: Mapping[str, object]) -> Mapping[str, object]:
    """What is used of the template. Its applications live in the namespace of the set."""
    written = generator_parts.mapping(spec.get("template"), _TEMPLATE)
    own = generator_parts.mapping(manifest.get("metadata"), ("metadata",))
    metadata = dict(generator_parts.mapping(written.get("metadata"), (*_TEMPLATE, "metadata")))
    metadata["namespace"] = own.get("namespace")
    below = generator_parts.mapping(written.get("spec"), (*_TEMPLATE, "spec"))
    return {"metadata": metadata, "spec": {key: below[key] for key in _USED if key in below}}


def _places(document: documents.Document) -> applications.Places:
    return lambda *path: document.origin(*_TEMPLATE, *path)


def _refuse_leftovers(rendered: Mapping[str, object], around: generator_parts.Surroundings) -> None:
    """A parameter nobody gives stays in the text: then what Argo CD makes of it is not known."""
    if around.go:
        return
    for path, value in generator_parts.scalars(_decisive(rendered)):
        if isinstance(value, str) and "{{" in value:
            name = value.partition("{{")[2].partition("}}")[0].strip()
            hint = "; is `goTemplate: true` missing?" if name.startswith(".") else ""
            raise generator_parts.NotExpandedError(
                "unresolved_parameter", f"no generator gives `{name}`{hint}", (*_TEMPLATE, *path)
            )


def _decisive(rendered: Mapping[str, object]) -> Mapping[str, object]:
    """Without labels and annotations that say nothing here: they may hold templates of others."""
    metadata = generator_parts.mapping(rendered["metadata"], (*_TEMPLATE, "metadata"))
    annotations = generator_parts.mapping(
        metadata.get("annotations"), (*_TEMPLATE, "metadata", "annotations")
    )
    ours = {key: value for key, value in annotations.items() if key in membership.ANNOTATIONS}
    return {
        "metadata": {"name": metadata.get("name"), "annotations": ours},
        "spec": rendered["spec"],
    }
