"""A real registry (Debian's docker-registry) on loopback, and images pushed to it in any form."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import git_servers

git_servers.PACKAGES["docker-registry"] = "docker-registry"
OCI = "application/vnd.oci.image"
_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
{auth}
"""
Json = dict[str, Any]


@dataclass(frozen=True)
class RegistryServer:
    """The registry, written to as a CI would. `authorization` is sent with every push."""

    port: int
    authorization: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _http(self) -> httpx.Client:
        headers = {"Authorization": self.authorization} if self.authorization else {}
        return httpx.Client(base_url=f"http://{self.host}/v2", headers=headers)

    def blob(self, name: str, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        with self._http() as http:
            begun = http.post(f"/{name}/blobs/uploads/")
            begun.raise_for_status()
            place = begun.headers["location"]
            http.put(f"{place}&digest={digest}", content=data).raise_for_status()
        return digest

    def manifest(self, name: str, reference: str, document: Json) -> str:
        data = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        with self._http() as http:
            http.put(
                f"/{name}/manifests/{reference or digest}",
                content=data,
                headers={"Content-Type": document["mediaType"]},
            ).raise_for_status()
        return digest

    def image(
        self,
        name: str,
        tag: str = "",
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        docker: bool = False,
        salt: str = "",
    ) -> Json:
        """Push a single image, and answer with its descriptor."""
        config = {"os": "linux", "architecture": "amd64", "salt": salt}
        config["config"] = {"Labels": labels} if labels is not None else {}  # type: ignore[assignment]
        data, layer = json.dumps(config).encode(), f"layer{salt}".encode()
        kind = (
            "application/vnd.docker.distribution.manifest.v2+json"
            if docker
            else f"{OCI}.manifest.v1+json"
        )
        inner = (
            "application/vnd.docker.container.image.v1+json" if docker else f"{OCI}.config.v1+json"
        )
        document = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {"mediaType": inner, "size": len(data), "digest": self.blob(name, data)},
            "layers": [
                {
                    "mediaType": f"{OCI}.layer.v1.tar",
                    "size": len(layer),
                    "digest": self.blob(name, layer),
                }
            ],
            **({"annotations": dict(annotations)} if annotations else {}),
        }
        digest = self.manifest(name, tag, document)
        size = len(json.dumps(document).encode())
        return {"mediaType": kind, "digest": digest, "size": size}

    def attestation(self, name: str, of: str, statement: Json) -> Json:
        """Push an attestation as BuildKit does, and answer with its descriptor."""
        data = json.dumps(statement).encode()
        document = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {
                "mediaType": f"{OCI}.config.v1+json",
                "size": 2,
                "digest": self.blob(name, b"{}"),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.in-toto+json",
                    "size": len(data),
                    "digest": self.blob(name, data),
                    "annotations": {"in-toto.io/predicate-type": statement["predicateType"]},
                }
            ],
        }
        return {
            "mediaType": f"{OCI}.manifest.v1+json",
            "digest": self.manifest(name, "", document),
            "size": len(json.dumps(document).encode()),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": of,
            },
        }

    def index(
        self,
        name: str,
        tag: str,
        entries: Sequence[Json],
        annotations: Mapping[str, str] | None = None,
        docker: bool = False,
    ) -> str:
        kind = "application/vnd.docker.distribution.manifest.list.v2+json"
        return self.manifest(
            name,
            tag,
            {
                "schemaVersion": 2,
                "mediaType": kind if docker else f"{OCI}.index.v1+json",
                "manifests": list(entries),
                **({"annotations": dict(annotations)} if annotations else {}),
            },
        )


def on(descriptor: Json, architecture: str = "amd64") -> Json:
    """An index's entry for a platform."""
    return {**descriptor, "platform": {"os": "linux", "architecture": architecture}}


def basic(username: str, password: str) -> str:
    """The header that a name and password make."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@contextlib.contextmanager
def running(folder: Path, realm: str = "") -> Iterator[RegistryServer]:
    """The registry; with `realm`, one that sends there for a token."""
    program = git_servers.program("docker-registry")
    port = git_servers.free_port()
    auth = f"auth: {{silly: {{realm: {realm}, service: registry}}}}" if realm else ""
    config = folder / "registry.yml"
    config.write_text(_CONFIG.format(folder=folder, port=port, auth=auth))
    with git_servers.started([program, "serve", str(config)], folder, port):
        yield RegistryServer(port, "Bearer push" if realm else "")
