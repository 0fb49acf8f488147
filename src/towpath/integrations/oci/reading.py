"""What manifests, configurations and attestations say of the code behind an image.

Pure: takes parsed documents. Which place is asked first is said in `docs/reference/api.md`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REVISIONS = ("org.opencontainers.image.revision", "org.label-schema.vcs-ref")
_SOURCES = ("org.opencontainers.image.source", "org.label-schema.vcs-url")
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION = "attestation-manifest"
_PREDICATE = "in-toto.io/predicate-type"
_PROVENANCE = "https://slsa.dev/provenance/"
_BUILDKIT = "https://mobyproject.org/buildkit@v1#metadata"
_PREFERRED = ("linux", "amd64")
Json = Mapping[str, Any]


def is_index(document: Json) -> bool:
    """Whether a manifest is an index of several."""
    kind = str(document.get("mediaType", ""))
    return "index" in kind or "manifest.list" in kind or isinstance(document.get("manifests"), list)


def named(values: object) -> tuple[str, str]:
    """Revision and source among annotations or labels; empty where there are none."""
    if not isinstance(values, dict):
        return "", ""
    revision = next((str(values[key]) for key in _REVISIONS if values.get(key)), "")
    source = next((str(values[key]) for key in _SOURCES if values.get(key)), "")
    return revision.strip(), source.strip()


def images(index: Json) -> Sequence[Json]:
    """The images of an index, the usual platform first; attestations are none."""
    found = [entry for entry in _entries(index) if not _is_attestation(entry)]
    return sorted(found, key=lambda entry: _platform(entry) != _PREFERRED)


def attestations(index: Json, of: str) -> Sequence[str]:
    """Digests of the manifests that attest to an image of the index."""
    return [
        str(entry["digest"])
        for entry in _entries(index)
        if _is_attestation(entry) and _annotations(entry).get(_REFERENCE_DIGEST) in (of, None)
    ]


def provenance_layers(manifest: Json) -> Sequence[str]:
    """Digests of the layers of an attestation that hold a provenance."""
    layers = manifest.get("layers")
    return [
        str(layer["digest"])
        for layer in (layers if isinstance(layers, list) else ())
        if isinstance(layer, dict)
        and str(_annotations(layer).get(_PREDICATE, "")).startswith(_PROVENANCE)
    ]


def provenance(statement: Json) -> tuple[str, str]:
    """Revision and source by a SLSA provenance, as BuildKit and others write it."""
    predicate = _at(statement, "predicate")
    for metadata in (_at(predicate, "metadata"), _at(predicate, "runDetails", "metadata")):
        vcs = _at(metadata, _BUILDKIT, "vcs")
        if vcs.get("revision"):
            return str(vcs["revision"]), str(vcs.get("source", ""))
    for material in _materials(predicate):
        digest = _at(material, "digest")
        uri = str(material.get("uri", ""))
        sha = digest.get("gitCommit") or digest.get("sha1")
        if sha and ("git" in uri or digest.get("gitCommit")):
            return str(sha), uri.removeprefix("git+").partition("@")[0].partition("#")[0]
    return "", ""


def _materials(predicate: Json) -> Iterator[Json]:
    yield _at(predicate, "invocation", "configSource")
    for place in (
        predicate.get("materials"),
        _at(predicate, "buildDefinition").get("resolvedDependencies"),
    ):
        for material in place if isinstance(place, list) else ():
            if isinstance(material, dict):
                yield material


def _at(document: Json, *steps: str) -> Json:
    """What stands at a path of a document, empty where nothing does."""
    here: Any = document
    for step in steps:
        here = here.get(step) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def _entries(index: Json) -> Iterator[Json]:
    manifests = index.get("manifests")
    for entry in manifests if isinstance(manifests, list) else ():
        if isinstance(entry, dict) and entry.get("digest"):
            yield entry


def _annotations(entry: Json) -> Json:
    return _at(entry, "annotations")


def _is_attestation(entry: Json) -> bool:
    platform = _platform(entry)
    return _annotations(entry).get(_REFERENCE_TYPE) == _ATTESTATION or platform == (
        "unknown",
        "unknown",
    )


def _platform(entry: Json) -> tuple[str, str]:
    platform = _at(entry, "platform")
    return str(platform.get("os", "")), str(platform.get("architecture", ""))
