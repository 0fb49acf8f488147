"""Argo CD `Application` manifests: sources, destination and what the annotations say.

Not a kind of ours: unknown fields are accepted, and only what is used is checked.
Fields: https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/
"""

from collections.abc import Mapping
from typing import Protocol

from towpath.domain import catalog
from towpath.manifests import documents, repositories

API_VERSION = "argoproj.io/v1alpha1"
DEFAULT_NAMESPACE = "argocd"
DEFAULT_REVISION = "HEAD"


class Places(Protocol):
    """Where the values of a manifest are written."""

    def __call__(self, *path: str | int) -> catalog.Origin:
        """The place of the value at `path`, or as near to it as the manifest goes."""
        ...


def read(
    manifest: Mapping[str, object], places: Places
) -> tuple[catalog.Application | None, list[catalog.Problem]]:
    """The application of a manifest, not yet placed anywhere; None if it cannot be used."""
    return _Reading(manifest, places).application()


class _Reading:
    """One pass over a manifest, collecting what is wrong on the way."""

    def __init__(self, manifest: Mapping[str, object], places: Places) -> None:
        self._manifest = manifest
        self._places = places
        self._problems: list[catalog.Problem] = []

    def application(self) -> tuple[catalog.Application | None, list[catalog.Problem]]:
        metadata = self._mapping(self._manifest, ("metadata",), required=True)
        spec = self._mapping(self._manifest, ("spec",), required=True)
        name = self._text(metadata, ("metadata", "name"), required=True)
        sources = self._sources(spec)
        destination = self._destination(spec)
        self._check_value_files(sources)
        if any(problem.severity == "error" for problem in self._problems):
            return None, self._problems
        application = catalog.Application(
            name=name,
            sources=sources,
            destination=destination,
            namespace=self._text(metadata, ("metadata", "namespace")) or DEFAULT_NAMESPACE,
            labels=_texts(metadata.get("labels")),
            annotations=_texts(metadata.get("annotations")),
            origin=self._places("metadata", "name"),
        )
        return application, self._problems

    def _sources(self, spec: Mapping[str, object]) -> tuple[catalog.Source, ...]:
        """Hydration wins over several sources, and these over a single one, as in Argo CD."""
        if spec.get("sourceHydrator") is not None:
            return (self._dry(spec),)
        several = spec.get("sources")
        if several:
            if not isinstance(several, list):
                self._wrong(("spec", "sources"), "wrong_type", "must be a list")
                return ()
            paths = [("spec", "sources", index) for index in range(len(several))]
            return tuple(self._source(s, p) for s, p in zip(several, paths, strict=True))
        if spec.get("source") is None:
            self._wrong(("spec",), "missing_field", "`source` or `sources` is required")
            return ()
        return (self._source(spec["source"], ("spec", "source")),)

    def _dry(self, spec: Mapping[str, object]) -> catalog.Source:
        """What people and promotions write, where the manifests that are synced are made of it."""
        path = ("spec", "sourceHydrator")
        hydrator = self._mapping(spec, path, required=True)
        sync = self._mapping(hydrator, (*path, "syncSource"), required=True)
        self._path(sync, (*path, "syncSource", "path"))
        self._text(sync, (*path, "syncSource", "targetBranch"), required=True)
        return self._source(hydrator.get("drySource"), (*path, "drySource"))

    def _source(self, written: object, path: tuple[str | int, ...]) -> catalog.Source:
        if not isinstance(written, Mapping):
            self._wrong(path, "missing_field" if written is None else "wrong_type", _A_MAPPING)
            return catalog.Source("")
        url = self._text(written, (*path, "repoURL"), required=True)
        if repositories.has_secret(url):
            said = "user information in an address is left out: secrets do not belong in manifests"
            self._wrong((*path, "repoURL"), "secret_in_address", said, "warning")
        chart = self._text(written, (*path, "chart"))
        return catalog.Source(
            repository=repositories.address(url),
            path=self._path(written, (*path, "path")),
            revision=self._text(written, (*path, "targetRevision")) or DEFAULT_REVISION,
            chart=chart,
            ref=self._text(written, (*path, "ref")),
            value_files=self._value_files(written, path),
            kind="helm" if chart else _tool(written),
        )

    def _path(self, above: Mapping[str, object], path: tuple[str | int, ...]) -> str:
        written = self._text(above, path)
        inside = repositories.inside(written)
        if inside is None:
            self._wrong(
                path, "path_outside_repository", f"`{written}` leads outside the repository"
            )
        return inside or ""

    def _value_files(
        self, source: Mapping[str, object], path: tuple[str | int, ...]
    ) -> tuple[str, ...]:
        helm = self._mapping(source, (*path, "helm"))
        files = helm.get("valueFiles") or []
        if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
            self._wrong((*path, "helm", "valueFiles"), "wrong_type", "must be a list of texts")
            return ()
        return tuple(files)

    def _check_value_files(self, sources: tuple[catalog.Source, ...]) -> None:
        refs = {source.ref for source in sources}
        for index, source in enumerate(sources):
            for position, file in enumerate(source.value_files):
                ref = file[1:].partition("/")[0]
                if file.startswith("$") and ref not in refs:
                    path = ("spec", "sources", index, "helm", "valueFiles", position)
                    self._wrong(path, "unknown_source_ref", f"no source has `ref: {ref}`")

    def _destination(self, spec: Mapping[str, object]) -> catalog.Destination:
        path = ("spec", "destination")
        written = self._mapping(spec, path, required=True)
        name = self._text(written, (*path, "name"))
        server = self._text(written, (*path, "server"))
        if name and server:
            self._wrong(path, "invalid_value", "has both name and server: Argo CD takes one")
        elif not name and not server and written:
            self._wrong(path, "missing_field", "name or server is required")
        namespace = self._text(written, (*path, "namespace"))
        return catalog.Destination(name, server.rstrip("/"), namespace)

    def _mapping(
        self, above: Mapping[str, object], path: tuple[str | int, ...], required: bool = False
    ) -> Mapping[str, object]:
        value = above.get(str(path[-1]))
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self._wrong(path, "wrong_type", _A_MAPPING)
        elif required:
            self._wrong(path, "missing_field", "is required")
        return {}

    def _text(
        self, above: Mapping[str, object], path: tuple[str | int, ...], required: bool = False
    ) -> str:
        value = above.get(str(path[-1]))
        if isinstance(value, str) and (value or not required):
            return value
        if value is not None and not isinstance(value, str):
            self._wrong(path, "wrong_type", "must be text: put it in quotes")
        elif required and above:
            self._wrong(path, "missing_field", "is required")
        return ""

    def _wrong(
        self, path: tuple[str | int, ...], code: str, said: str, severity: str = "error"
    ) -> None:
        message = f"{documents.path_text(path)}: {said}"
        self._problems.append(catalog.Problem(self._places(*path), code, message, severity))


_A_MAPPING = "must be a mapping"


def _tool(source: Mapping[str, object]) -> str:
    return next(
        (tool for tool in ("helm", "kustomize") if source.get(tool) is not None), "directory"
    )


def _texts(written: object) -> dict[str, str]:
    if not isinstance(written, Mapping):
        return {}
    return {str(key): _as_text(value) for key, value in written.items() if value is not None}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
