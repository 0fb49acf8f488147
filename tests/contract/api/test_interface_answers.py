"""The answers that the interface's unit tests are made of, so that neither side drifts unseen.

With TOWPATH_WRITE_ANSWERS=1 this test writes them anew.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx

import pictured_world
import shown_world
from towpath.api import app as api

ANSWERS = Path(__file__).parents[3] / "ui" / "tests" / "answers"
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
            answers = {name: await _answer(client, path) for name, path in ASKED.items()}
    if os.environ.get("TOWPATH_WRITE_ANSWERS"):
        for name, text in answers.items():
            (ANSWERS / f"{name}.json").write_text(text, "utf-8")
    kept = {name: _kept(ANSWERS / f"{name}.json") for name in answers}
    old = sorted(name for name in answers if kept[name] != answers[name])
    assert not old, (
        f"ui/tests/answers: {', '.join(old)}: not what the API answers now. If it should answer "
        "so: TOWPATH_WRITE_ANSWERS=1 scripts/test tests/contract/api/test_interface_answers.py, "
        "then scripts/check, and commit what changes"
    )


async def _answer(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    found: Any = answer.json()
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _kept(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""
