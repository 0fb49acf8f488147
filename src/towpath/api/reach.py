"""How endpoints reach the parts, and answer "there is no such thing" the same way everywhere."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from towpath.api import carrying, errors
from towpath.api.parts import Configuration, Parts
from towpath.api.schemas import releases
from towpath.domain import approvals, possible
from towpath.domain.catalog import Environment, Product
from towpath.domain.release import Release


def _of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Reach = Annotated[Parts, Depends(_of)]


def configuration(parts: Parts) -> Configuration:
    """The configuration in force; a problem while there is none."""
    found = parts.configuration()
    if found is None:
        raise errors.Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "configuration_missing",
            "No configuration has been loaded yet.",
            advice="The server's log, or /readyz, says why.",
            headers={"Retry-After": errors.RETRY_AFTER_S},
        )
    return found


async def release(parts: Parts, name: str) -> Release:
    """The release, or a problem."""
    found = await parts.queries.release(name)
    if found is None:
        raise errors.not_found("release", name)
    return found


async def document(parts: Parts, of: Release, actor: str) -> releases.ReleaseDocument:
    """The document of a release, with who carries it on, as it is for the one who asks."""
    asked = [p.environment for p in of.promotions if possible.asks_authors(of, p.environment)]
    around = releases.Around(
        approvals.person(actor, parts.settings.teams),
        {name: await parts.queries.authors(of, name) for name in asked},
        _environments(parts),
        await parts.queries.runs(of.id),
        (await parts.queries.carried([of.id])).get(of.id, ()),
    )
    return releases.document(of, await carrying.carriers(parts.queries, of), around)


def _environments(parts: Parts) -> Mapping[str, Environment]:
    found = parts.configuration()
    return found.catalog.environments if found else {}


def product(parts: Parts, name: str) -> Product:
    """The product as it is configured, or a problem."""
    found = configuration(parts).catalog.products.get(name)
    if found is None:
        raise errors.not_found("product", name)
    return found
