"""Image references, found by themselves where charts, kustomizations and manifests have them.

Helm values: maps called `image` with `registry`, `repository`, `tag`, `digest`, and strings called
`image`, at any depth. kustomization.yaml: `newName`, `newTag` and `digest` of `images`. Plain
manifests: `image` of containers and init containers, at any depth. Must not know git.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from towpath.domain import content, values
from towpath.git import documents

_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml"})
_CHART = "Chart.yaml"
_IN_KUSTOMIZATION = ("$.images[*].newName", "$.images[*].newTag", "$.images[*].digest")
_IN_MANIFEST = (
    "$..containers[*].image",
    "$..initContainers[*].image",
    "$..ephemeralContainers[*].image",
)
_PARTS = frozenset({"registry", "repository", "tag", "digest"})
_REFERENCE = re.compile(r"[a-z0-9][\w.:/-]*(@[a-z0-9]+:[0-9a-f]+)?", re.IGNORECASE)
Parts: TypeAlias = dict[str, str]


def candidates(paths: Collection[str]) -> frozenset[str]:
    """Which files of an application's folder may hold references, by their paths there.

    A chart's templates, and the charts and resources it brings along, are not among them.
    """
    charts = {posixpath.dirname(path) for path in paths if posixpath.basename(path) == _CHART}
    closed = tuple(
        posixpath.join(chart, name, "")
        for chart in charts
        for name in ("templates", "charts", "crds")
    )
    return frozenset(
        path
        for path in paths
        if path.endswith((".yaml", ".yml"))
        and posixpath.basename(path) != _CHART
        and not path.startswith(closed)
    )


def find(data: bytes, path: str) -> tuple[values.Value, ...]:
    """The values that make up image references in one file. Raises `documents.DocumentError`."""
    name = posixpath.basename(path)
    if b"image" not in data:
        return ()
    if name in _KUSTOMIZATIONS:
        return _selected(data, path, _IN_KUSTOMIZATION)
    if documents.select(data, path, ["$.apiVersion"])["$.apiVersion"]:
        return _selected(data, path, _IN_MANIFEST)
    if "values" in name:
        return tuple(v for v in _selected(data, path, ("$..image",)) if _is_helm_part(v))
    return ()


def _selected(data: bytes, path: str, json_paths: Sequence[str]) -> tuple[values.Value, ...]:
    found = documents.select(data, path, json_paths)
    unique = {value.place: value for selected in found.values() for value in selected}
    return tuple(unique.values())


def _is_helm_part(value: values.Value) -> bool:
    match value.place:
        case (*_, values.Key("image")):
            return isinstance(value.value, str) and bool(_REFERENCE.fullmatch(value.value))
        case (*_, values.Key("image"), values.Key(name)):
            return name in _PARTS and not isinstance(value.value, dict | list)
        case _:
            return False


def references(found: Iterable[values.Value]) -> tuple[content.Image, ...]:
    """The images that values of one file name; those without tag and digest are left out."""
    groups: dict[values.Place, Parts] = {}
    for value in found:
        for place, name, text in _parts(value):
            groups.setdefault(place, {})[name] = text
    images = (_image(parts) for parts in groups.values())
    return tuple(dict.fromkeys(i for i in images if i.name and (i.tag or i.digest)))


def _parts(value: values.Value) -> Iterator[tuple[values.Place, str, str]]:
    text = scalar_text(value.value)
    match value.place:
        case (*_, values.Key("images"), values.Item("name", name), values.Key(field)) if field in (
            "newName",
            "newTag",
            "digest",
        ):
            group = value.place[:-1]
            yield group, "name", scalar_text(name)
            yield group, {"newName": "repository", "newTag": "tag"}.get(field, field), text
        case (*_, values.Key("image"), values.Key(field)) if field in _PARTS:
            yield value.place[:-1], field, text
        case (*_, values.Key("image")) if isinstance(value.value, str):
            for field, part in _split(text).items():
                yield value.place, field, part


def _image(parts: Parts) -> content.Image:
    name = parts.get("repository") or parts.get("name", "")
    if name and parts.get("registry"):
        name = f"{parts['registry']}/{name}"
    return content.Image(name, parts.get("tag", ""), parts.get("digest", ""))


def _split(reference: str) -> Parts:
    """A reference such as `host:5000/name:tag@sha256:…` in its parts."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return {"repository": f"{head}{slash}{name}", "tag": tag, "digest": digest}


def spelled(repository: str, tag: str, digest: str) -> content.Image:
    """The image that a template's own paths name; `repository` may be a whole reference."""
    parts = _split(repository) if "@" in repository or ":" in repository.rpartition("/")[2] else {}
    return content.Image(
        parts.get("repository", repository),
        tag or parts.get("tag", ""),
        digest or parts.get("digest", ""),
    )


def scalar_text(value: object) -> str:
    """A scalar as it is spelled without quotes, with no zero byte; nothing for null."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value).replace("\0", "\ufffd")
