"""The clusters that Argo CD knows, as far as the configuration says: their names and servers.

An Application names its cluster one way, an environment perhaps the other; a generator makes an
application for each. Credentials of clusters are never looked at.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from towpath.domain import catalog


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A cluster by name and server; labels and annotations if a cluster Secret gives them."""

    name: str = ""
    server: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


LOCAL = KnownCluster("in-cluster", "https://kubernetes.default.svc")
"""The cluster that Argo CD runs in, under the name Argo CD gives it."""

_TYPE_LABEL = "argocd.argoproj.io/secret-type"


def from_secret(manifest: Mapping[str, object]) -> KnownCluster | None:
    """The cluster of an Argo CD cluster Secret; None for any other Secret."""
    metadata = manifest.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    if not isinstance(labels, Mapping) or labels.get(_TYPE_LABEL) != "cluster":
        return None
    assert isinstance(metadata, Mapping)
    annotations = metadata.get("annotations")
    return KnownCluster(
        name=_content(manifest, "name"),
        server=_content(manifest, "server").rstrip("/"),
        labels={str(key): str(value) for key, value in labels.items()},
        annotations={str(key): str(value) for key, value in annotations.items()}
        if isinstance(annotations, Mapping)
        else {},
    )


def _content(manifest: Mapping[str, object], key: str) -> str:
    for section in ("stringData", "data"):
        content = manifest.get(section)
        value = content.get(key) if isinstance(content, Mapping) else None
        if isinstance(value, str):
            return value if section == "stringData" else _decoded(value)
    return ""


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def known(
    secrets: Iterable[KnownCluster], environments: Iterable[catalog.Environment]
) -> tuple[KnownCluster, ...]:
    """The clusters of Secrets, those of environments that no Secret describes, and the local."""
    found = list(secrets)
    for environment in environments:
        for cluster in environment.clusters:
            one = KnownCluster(cluster.name, cluster.server)
            if "*" not in cluster.name + cluster.server and not _among(one, found):
                found.append(one)
    return tuple(found) if _among(LOCAL, found) else (*found, LOCAL)


def _among(one: KnownCluster, found: Iterable[KnownCluster]) -> bool:
    return any(
        (one.name and one.name == other.name) or (one.server and one.server == other.server)
        for other in found
    )


def completed(
    destination: catalog.Destination, clusters: Iterable[KnownCluster]
) -> catalog.Destination:
    """The destination with both name and server, where the clusters known tell the other."""
    for cluster in clusters:
        same_name = destination.cluster and destination.cluster == cluster.name
        same_server = destination.server and destination.server == cluster.server
        if same_name or same_server:
            return catalog.Destination(
                destination.cluster or cluster.name,
                destination.server or cluster.server,
                destination.namespace,
            )
    return destination
