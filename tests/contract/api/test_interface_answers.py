"""The answers that the interface's unit tests are made of, from a company's world in the tables."""

import httpx

import kept_answers
import pictured_world
import shown_world
from towpath.api import app as api

ASKED = {
    "products": "/products",
    "product": "/products/checkout",
    "releases": "/releases?limit=12",
    "held": "/releases/checkout-128",
    "failed": "/releases/identity-41",
    "waiting": "/releases/inventory-19",
    "environments": "/environments",
    "flows": "/flows",
    "flow": "/flows/main-to-prod",
    "evaluation": "/policies/evaluate?product=checkout&environment=prod-eu",
    "configuration": "/configuration",
}


async def test_the_answers_kept_for_the_interface_are_those_of_the_api(database_url: str) -> None:
    async with shown_world.empty(database_url) as engine:
        made = await pictured_world.fill(engine, shown_world.START)
        transport = httpx.ASGITransport(api.create(pictured_world.parts(engine, made[-1])))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answers = {
                name: await kept_answers.answer(client, path) for name, path in ASKED.items()
            }
    kept_answers.compare(answers, __file__)
