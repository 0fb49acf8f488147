"""The registry of the demo's world, asked as any other."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from towpath.demo import cast, registry, story, world
from towpath.domain.content import Image
from towpath.integrations.oci.adapter import Access, Registries
from towpath.ports.errors import Permanent


@pytest.fixture
async def registries(mine: world.World) -> AsyncIterator[Registries]:
    with registry.served(mine.code) as address:
        asked = Registries([Access(cast.REGISTRY, plain_http=True, address=address)])
        yield asked
        await asked.close()


async def test_an_image_that_was_built_names_its_commit_and_repository(
    mine: world.World, now: datetime, registries: Registries
) -> None:
    change = next(c for c in story.changes(mine.seed) if c.kind is story.Kind.CODE)
    for merged in mine.play(change, now).merged:
        image = cast.SERVICES[merged.service].image
        told = await registries.inspect(Image(image, merged.tag))
        assert (told.revision, told.source) == (merged.sha, str(merged.repository))
        assert told.digest.startswith("sha256:")


@pytest.mark.parametrize(
    "image",
    [
        Image("registry.example/webshop/cart", "1.0.0-0000000"),
        Image("registry.example/webshop/cart", "latest"),
        Image("registry.example/payments/cart", "1.0.0-0000000"),
        Image("registry.example/webshop/nobody", "1"),
    ],
    ids=["no such commit", "no commit", "another product", "no such service"],
)
async def test_what_was_never_built_is_not_there(registries: Registries, image: Image) -> None:
    with pytest.raises(Permanent):
        await registries.inspect(image)
