"""Products: what stands where, and making releases of them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from towpath.api import matrix, reach
from towpath.api.access import Actor
from towpath.api.reach import Reach
from towpath.api.routes import releases
from towpath.api.schemas.base import Asked, Listing, Name
from towpath.api.schemas.products import ProductDocument, ProductItem
from towpath.api.schemas.releases import ReleaseDocument, ReleaseItem

router = APIRouter(tags=["products"])


class NewRelease(Asked):
    """What to release: the newest head, or a revision; empty `flow`: the one that fits."""

    revision: Name = ""
    flow: Name = ""


@router.get("/products")
async def list_products(
    parts: Reach, limit: Annotated[int, Query(ge=1, le=500)] = 200, cursor: releases.Cursor = None
) -> Listing[ProductItem]:
    """Products by name, each with its environments and its newest release."""
    config = reach.configuration(parts)
    names = sorted(name for name in config.catalog.products if name > (cursor or ""))
    items = await matrix.items(parts.queries, config.catalog, names[:limit])
    more = names[limit - 1] if len(names) > limit else None
    return Listing[ProductItem](items=items, next_cursor=more)


@router.get("/products/{product}")
async def get_product(parts: Reach, product: str) -> ProductDocument:
    """One product: its components in every environment, locks, and who acts where."""
    found = reach.product(parts, product)
    return await matrix.document(parts.queries, reach.configuration(parts).catalog, found)


@router.get("/products/{product}/releases")
async def list_product_releases(
    parts: Reach,
    product: str,
    filters: releases.Filters,
    limit: releases.Limit = 50,
    cursor: releases.Cursor = None,
) -> Listing[ReleaseItem]:
    """Releases of one product, newest first; also of one that is no longer configured."""
    return await releases.page(parts, filters, product, limit, cursor)


@router.post("/products/{product}/releases", status_code=HTTPStatus.CREATED)
async def create_release(
    parts: Reach, actor: Actor, product: str, body: NewRelease | None = None
) -> ReleaseDocument:
    """Release what is in the trigger environment."""
    reach.product(parts, product)
    asked = body or NewRelease()
    made = await parts.commands.create(product, asked.revision, asked.flow, actor)
    return await reach.document(parts, made, actor)
