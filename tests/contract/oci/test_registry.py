"""The code behind an image, read from a real registry, wherever the image says it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

import awkward_server
import history_world
import registry_server
from registry_server import RegistryServer, on
from towpath.domain import catalog, content
from towpath.domain.reasons import Code
from towpath.integrations import outward
from towpath.integrations.oci.adapter import Access, Registries
from towpath.ports.errors import Permanent, Temporary

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
SOURCE = "https://git.example.org/shop/api"
NAMED = {
    "org.opencontainers.image.revision": SHA,
    "org.opencontainers.image.source": SOURCE,
}
LEGACY = {"org.label-schema.vcs-ref": SHA, "org.label-schema.vcs-url": SOURCE}
PROVENANCE = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "materials": [
            {"uri": "pkg:docker/python@3.13", "digest": {"sha256": "a" * 64}},
            {"uri": f"git+{SOURCE}@refs/heads/main", "digest": {"sha1": SHA}},
        ]
    },
}
BUILDKIT = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "runDetails": {
            "metadata": {
                "https://mobyproject.org/buildkit@v1#metadata": {
                    "vcs": {"revision": SHA, "source": SOURCE}
                }
            }
        }
    },
}


@pytest.fixture
async def registries(registry: RegistryServer) -> AsyncIterator[Registries]:
    made = Registries([Access(registry.host, plain_http=True)])
    yield made
    await made.close()


async def _told(registries: Registries, registry: RegistryServer, name: str, tag: str) -> Any:
    return await registries.inspect(content.Image(f"{registry.host}/{name}", tag))


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
@pytest.mark.parametrize("said", [NAMED, LEGACY], ids=["opencontainers", "label-schema"])
async def test_a_single_image_names_its_revision_by_labels(
    registries: Registries, registry: RegistryServer, said: dict[str, str], docker: bool
) -> None:
    pushed = registry.image("shop/labels", "1.0", labels=said, docker=docker)
    found = await _told(registries, registry, "shop/labels", "1.0")
    assert (found.digest, found.revision, found.source) == (pushed["digest"], SHA, SOURCE)
    assert found.place == "config"


async def test_annotations_of_the_manifest_go_before_labels_and_both_before_the_index(
    registries: Registries, registry: RegistryServer
) -> None:
    name, other = "shop/order", {"org.opencontainers.image.revision": OTHER}
    registry.image(name, "both", labels=other, annotations=NAMED)
    assert (await _told(registries, registry, name, "both")).place == "manifest"
    inner = registry.image(name, labels=NAMED, salt="inner")
    digest = registry.index(name, "index", [on(inner)], annotations=other)
    found = await _told(registries, registry, name, "index")
    assert (found.digest, found.revision, found.place) == (digest, SHA, "config")
    bare = registry.image(name, salt="bare")
    registry.index(name, "bare", [on(bare)], annotations=NAMED)
    assert (await _told(registries, registry, name, "bare")).place == "index"


@pytest.mark.parametrize("said", [NAMED, LEGACY], ids=["opencontainers", "label-schema"])
async def test_annotations_may_stand_at_the_manifest_at_its_entry_in_the_index_or_at_the_index(
    registries: Registries, registry: RegistryServer, said: dict[str, str]
) -> None:
    name = f"shop/annotated-{len(said)}-{next(iter(said))[4:9]}".lower().replace(".", "-")
    annotated = registry.image(name, annotations=said, salt="annotated")
    bare = registry.image(name, salt="bare")
    registry.index(name, "manifest", [on(annotated)])
    registry.index(name, "entry", [{**on(bare), "annotations": said}])
    registry.index(name, "index", [on(bare)], annotations=said)
    for tag, place in (("manifest", "manifest"), ("entry", "index"), ("index", "index")):
        found = await _told(registries, registry, name, tag)
        assert (found.revision, found.source, found.place) == (SHA, SOURCE, place)


@pytest.mark.parametrize("docker", [False, True], ids=["oci", "docker"])
async def test_attestations_of_an_index_are_no_image_of_it(
    registries: Registries, registry: RegistryServer, docker: bool
) -> None:
    name = "shop/attested"
    image = registry.image(name, labels=NAMED, docker=docker)
    attested = registry.attestation(name, image["digest"], PROVENANCE)
    arm = registry.image(name, labels={"org.opencontainers.image.revision": OTHER}, salt="arm")
    registry.index(name, "1", [attested, on(arm, "arm64"), on(image)], docker=docker)
    assert (await _told(registries, registry, name, "1")).revision == SHA


@pytest.mark.parametrize("statement", [PROVENANCE, BUILDKIT], ids=["v0.2", "buildkit-v1"])
async def test_where_nothing_else_says_it_a_provenance_does(
    registries: Registries, registry: RegistryServer, statement: dict[str, Any]
) -> None:
    name = f"shop/{statement['predicateType'][-1]}"
    image = registry.image(name)
    registry.index(name, "1", [on(image), registry.attestation(name, image["digest"], statement)])
    found = await _told(registries, registry, name, "1")
    assert (found.revision, found.source, found.place) == (SHA, SOURCE, "attestation")


async def test_an_image_that_says_nothing_still_has_a_digest_and_a_digest_can_be_asked_for(
    registries: Registries, registry: RegistryServer
) -> None:
    pushed = registry.image("shop/silent", "1")
    found = await _told(registries, registry, "shop/silent", "1")
    assert (found.digest, found.revision) == (pushed["digest"], "")
    by_digest = content.Image(f"{registry.host}/shop/silent", "", pushed["digest"])
    assert (await registries.inspect(by_digest)).digest == pushed["digest"]


async def test_an_image_that_is_not_there_is_permanent_and_unknown_registries_are_not_asked(
    registries: Registries, registry: RegistryServer
) -> None:
    with pytest.raises(Permanent, match="answers 404"):
        await _told(registries, registry, "shop/none", "1")
    assert registries.knows(f"{registry.host}/shop/none")
    for image in ("nginx", "library/nginx", "ghcr.io/x/y", "evil.example/x"):
        assert not registries.knows(image)
    hub = Registries([Access("docker.io")])
    assert hub.knows("nginx")
    assert hub.knows("docker.io/library/nginx")
    await hub.close()


async def test_a_registry_that_wants_a_token_gets_one_for_the_configured_credentials(
    tmp_path: Path,
) -> None:
    async with awkward_server.running() as tokens:
        tokens.on("GET", "/token", {"token": "granted", "expires_in": 300})
        with registry_server.running(tmp_path, f"{tokens.address}/token") as registry:
            await asyncio.to_thread(registry.image, "shop/private", "1", labels=NAMED)
            mine = Access(registry.host, "ci", "s3cret", plain_http=True)
            registries = Registries([mine])
            for _ in range(2):
                found = await _told(registries, registry, "shop/private", "1")
                assert found.revision == SHA
            await registries.close()
    [asked] = tokens.asked
    assert asked.headers["authorization"] == registry_server.basic("ci", "s3cret")
    assert asked.query == {"service": "registry", "scope": "repository:shop/private:pull"}


async def test_a_registry_that_is_wrong_or_away_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outward, "TIMEOUT", 0.3)
    monkeypatch.setattr(outward, "FIRST_PAUSE_S", 0.01)
    async with awkward_server.running() as server:
        registries = Registries([Access(server.address.removeprefix("http://"), plain_http=True)])
        host = server.address.removeprefix("http://")
        path = "/v2/x/manifests/1"
        pinned = content.Image(f"{host}/x", "1")
        for answer, family, words in (
            (Response(b"no json"), Permanent, "something else than JSON"),
            (Response(b"[]"), Permanent, "something else than an object"),
            ({"manifests": []}, Permanent, "has no image"),
            (Response(status_code=429, headers={"retry-after": "3600"}), Temporary, "answers 429"),
            (Response(status_code=403), Permanent, "refuses the credentials"),
            (Response(status_code=401), Permanent, "wants credentials"),
            (Response(b"x" * (outward.LONGEST_BODY + 1)), Permanent, "answers with more than"),
        ):
            server.on("GET", path, answer)
            with pytest.raises(family, match=words):
                await registries.inspect(pinned)
        server.on(
            "GET", path, [Response(status_code=503), Response(status_code=429), {"config": {}}]
        )
        assert (await registries.inspect(pinned)).digest.startswith("sha256:")
        server.on("GET", path, awkward_server.slow)
        with pytest.raises(Temporary, match="does not answer") as raised:
            await registries.inspect(pinned)
        assert raised.value.reason.code is Code.OUTSIDE_UNREACHABLE
        wrong = content.Image(f"{host}/x", "", "sha256:" + "0" * 64)
        server.on("GET", f"/v2/x/manifests/{wrong.digest}", {"config": {}})
        with pytest.raises(Permanent, match="gives another manifest"):
            await registries.inspect(wrong)
        await registries.close()


@pytest.mark.parametrize("form", ["image", "index", "attested"])
async def test_notes_keep_what_an_image_said_when_it_was_deployed_though_its_tag_moved_since(
    registry: RegistryServer,
    registries: Registries,
    database_url: str,
    tmp_path: Path,
    form: str,
) -> None:
    short = f"shop/moving-{form}"
    name = f"{registry.host}/{short}"
    component = catalog.Component("api", images=(name,))
    async with history_world.world(database_url, tmp_path, component) as world:
        world.registry = registries
        shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(3)]
        source = {"org.opencontainers.image.source": f"{world.code.url}#main"}

        def push(sha: str, salt: str) -> str:
            said = {**source, "org.opencontainers.image.revision": sha}
            tag = "stable" if form == "image" else ""
            pushed = registry.image(short, tag, labels=said, salt=salt)
            if form == "image":
                return str(pushed["digest"])
            entries = [on(pushed)]
            if form == "attested":
                entries.insert(0, registry.attestation(short, pushed["digest"], PROVENANCE))
            return registry.index(short, "stable", entries)

        async def released(tag: str) -> Any:
            head = world.bump(tag)
            part = world.part(tag, head, content.Image(name, tag))
            return await world.release_of({"api": part}, head)

        first_digest = push(shas[0], "0")
        first = await released("stable")
        await world.resolved(first, origin="previous")
        moved = push(shas[1], "1")
        said = {**source, "org.opencontainers.image.revision": shas[2]}
        registry.image(short, "2.0", labels=said, salt="2")
        second = await released("2.0")
        notes = await world.resolved(second)
        [image] = notes["images"]["items"]
        assert image["from"]["digest"] == first_digest
        assert (image["from"]["revision"], image["from"]["answered_by"]) == (shas[0], "registry")
        assert image["to"]["revision"] == shas[2]
        assert history_world.subjects(notes) == ["change 2", "change 1"]
        third = await released("stable")
        notes = await world.resolved(third)
        [image] = notes["images"]["items"]
        assert (image["to"]["digest"], image["to"]["tag_moved_to"]) == (moved, first_digest)
        assert image["direction"] == "backwards"
