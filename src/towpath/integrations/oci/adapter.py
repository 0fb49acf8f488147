"""Implements `ports.outside.Registry`: a small client of the OCI distribution protocol.

Only registries that are configured are asked: names of images come from repositories that many
people may write to.
"""

import hashlib
import re
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from towpath.domain import content
from towpath.integrations import outward
from towpath.integrations.oci import reading
from towpath.ports.outside import Inspected

_DOCKER_HUB = "docker.io"
_DOCKER_HUB_SERVER = "registry-1.docker.io"
_SAYS = re.compile(r'(\w+)="([^"]*)"')
_TOKEN_S = 60  # how long a token is good for if its server does not say
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}")
_MOST_ATTESTATIONS = 4


@dataclass(frozen=True, slots=True)
class Access:
    """How a registry is reached. `host` is as image names have it: `ghcr.io`, `host:5000`.

    `address` is where it, or a mirror of it, is asked, if that is elsewhere.
    """

    host: str
    username: str = ""
    token: str = ""
    plain_http: bool = False
    ca_file: Path | None = None
    address: str = ""


class Registries:
    """The configured registries."""

    def __init__(self, known: Sequence[Access]) -> None:
        self._servers = {access.host: _Server(access) for access in known}

    def knows(self, image: str) -> bool:
        """Whether the image's registry is configured."""
        return _split(image)[0] in self._servers

    async def inspect(self, image: content.Image) -> Inspected:
        """The image's digest, and the code revision that it names. See the port."""
        host, name = _split(image.name)
        return await _Inspection(self._servers[host], name).of(image.digest or image.tag)

    async def close(self) -> None:
        """Let go of the connections."""
        for server in self._servers.values():
            await server.http.aclose()


def _split(image: str) -> tuple[str, str]:
    """Registry and repository of an image's name, Docker Hub's short forms too."""
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return _DOCKER_HUB, image if slash else f"library/{image}"


class _Server:
    """One registry, with the tokens it gave out."""

    def __init__(self, access: Access) -> None:
        usual = _DOCKER_HUB_SERVER if access.host == _DOCKER_HUB else access.host
        scheme = "http" if access.plain_http else "https"
        self.access = access
        self.http = outward.client(f"{scheme}://{access.address or usual}", ca_file=access.ca_file)
        self._tokens: MutableMapping[str, tuple[str, float]] = {}

    async def get(self, name: str, path: str, accept: str = "*/*") -> httpx.Response:
        """A manifest or blob of a repository. Raises `Temporary`, `Permanent`."""
        url = f"/v2/{name}/{path}"
        headers = {"Accept": accept, **self._known(name)}
        answer = await outward.ask(self.http, "GET", url, accept=frozenset({401}), headers=headers)
        if answer.status_code == 401:
            headers |= await self._authorized(name, answer.headers.get("www-authenticate", ""))
            answer = await outward.ask(self.http, "GET", url, headers=headers)
        return answer

    def _known(self, name: str) -> Mapping[str, str]:
        value, until = self._tokens.get(name, ("", 0.0))
        return {"Authorization": value} if value and time.monotonic() < until else {}

    async def _authorized(self, name: str, challenge: str) -> Mapping[str, str]:
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" and self.access.token:
            pair = httpx.BasicAuth(self.access.username, self.access.token)
            value = next(pair.auth_flow(httpx.Request("GET", "http://x"))).headers["authorization"]
            seconds = 3600.0
        elif kind.lower() == "bearer":
            value, seconds = await self._token(name, dict(_SAYS.findall(rest)))
        else:
            raise outward.refused(self.access.host, "wants credentials, and none are configured")
        self._tokens[name] = (value, time.monotonic() + seconds)
        return {"Authorization": value}

    async def _token(self, name: str, said: Mapping[str, str]) -> tuple[str, float]:
        realm = said.get("realm", "")
        if urlsplit(realm).scheme != "https" and not self.access.plain_http:
            raise outward.refused(self.access.host, f"sends for a token to {realm!r}, without TLS")
        query = {"scope": said.get("scope") or f"repository:{name}:pull"}
        if said.get("service"):
            query["service"] = said["service"]
        pair = (self.access.username, self.access.token) if self.access.token else None
        answer = outward.json_of(
            await outward.ask(self.http, "GET", realm, params=query, auth=pair)
        )
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise outward.refused(realm, "gives no token")
        seconds = answer.get("expires_in")
        # A little less than it is good for, so that none runs out on its way.
        return f"Bearer {token}", 0.9 * (seconds if isinstance(seconds, int) else _TOKEN_S)


@dataclass(frozen=True, slots=True)
class _Inspection:
    """Looks into one image of a repository."""

    server: _Server
    name: str

    async def of(self, reference: str) -> Inspected:
        digest, document = await self._manifest(reference)
        index = None
        if reading.is_index(document):
            index, found = document, reading.images(document)
            if not found:
                raise outward.refused(self.server.access.host, f"has no image at {self.name}")
            _, document = await self._manifest(str(found[0]["digest"]))
            of = str(found[0]["digest"])
        told = reading.named(document.get("annotations"))
        if told[0]:
            return Inspected(digest, *told, "manifest")
        told = reading.named(await self._labels(document))
        if told[0]:
            return Inspected(digest, *told, "config")
        if index is not None:
            for annotations in (found[0].get("annotations"), index.get("annotations")):
                told = reading.named(annotations)
                if told[0]:
                    return Inspected(digest, *told, "index")
            told = await self._attested(index, of)
            if told[0]:
                return Inspected(digest, *told, "attestation")
        return Inspected(digest)

    async def _manifest(self, reference: str) -> tuple[str, Mapping[str, Any]]:
        answer = await self.server.get(
            self.name, f"manifests/{reference}", ", ".join(reading.MANIFESTS)
        )
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise outward.refused(
                self.server.access.host, f"gives another manifest for {reference}"
            )
        told = answer.headers.get("docker-content-digest", "")
        return told if _DIGEST.fullmatch(told) else digest, self._object(answer)

    async def _labels(self, manifest: Mapping[str, Any]) -> object:
        config = manifest.get("config")
        digest = str(config.get("digest", "")) if isinstance(config, dict) else ""
        if not _DIGEST.fullmatch(digest):
            return None
        document = self._object(await self.server.get(self.name, f"blobs/{digest}"))
        inner = document.get("config")
        return inner.get("Labels") if isinstance(inner, dict) else None

    async def _attested(self, index: Mapping[str, Any], of: str) -> tuple[str, str]:
        for digest in reading.attestations(index, of)[:_MOST_ATTESTATIONS]:
            _, manifest = await self._manifest(digest)
            for layer in reading.provenance_layers(manifest)[:_MOST_ATTESTATIONS]:
                statement = self._object(await self.server.get(self.name, f"blobs/{layer}"))
                told = reading.provenance(statement)
                if told[0]:
                    return told
        return "", ""

    def _object(self, answer: httpx.Response) -> Mapping[str, Any]:
        document = outward.json_of(answer)
        if not isinstance(document, dict):
            raise outward.refused(str(answer.url), "answers with something else than an object")
        return document
