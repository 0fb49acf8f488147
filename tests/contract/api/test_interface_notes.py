"""The notes and traces that the interface's unit tests are made of, from real repositories."""

import re
from pathlib import Path

import httpx

import history_world
import kept_answers
import shown_world
from towpath.api import app as api
from towpath.domain.release import Trigger

ASKED = {
    "notes": "/releases/shop-1/notes?environment=prod",
    "notes-back": "/releases/shop-2/notes?environment=qa",
    "trace": "/trace?ref=SHOP-7",
    "trace-candidates": "/trace?ref=%2311",
}
NOON = "2026-11-22T12:00:00Z"
_CLOCK = re.compile(r'("(?:at|since)": )"[^"]+"')  # the database's; commits have times of their own


async def test_the_notes_kept_for_the_interface_are_those_of_the_api(
    database_url: str, tmp_path: Path
) -> None:
    async with history_world.world(database_url, tmp_path) as world:
        await _play(world)
        parts = shown_world.parts(
            world.stored.engine,
            shown_world.FakeCommands(shown_world.a_release()),
            notes=world.notes,
            tracing=world.tracing,
        )
        transport = httpx.ASGITransport(api.create(parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answers = {
                name: await kept_answers.answer(client, path) for name, path in ASKED.items()
            }
    kept_answers.compare(
        {name: _anywhere_anytime(text, tmp_path) for name, text in answers.items()}, __file__
    )


async def _play(world: history_world.World) -> None:
    """A release on its way to production, and one that took it back in qa."""
    code = world.code
    old = code.commit({"a": "0"}, "Begin")
    found = world.bump(old)
    await world.find(old, "dev", "qa", "prod")
    code.commit({"a": "1"}, "SHOP-7 Round totals once (#11)", author="Mei")
    code.commit({"a": "2"}, "SHOP-9 Show why a card was declined (#12)", author="Dana")
    shy = code.commit({"b": "1"}, "Keep the basket for a day", author="Tomas")
    again = f'Revert "Keep the basket for a day"\n\nThis reverts commit {shy}.'
    new = code.commit({"b": "0"}, again, author="Tomas")
    release = await world.release(world.bump(new, message="api: the week's changes"), api=new)
    await world.resolved(release, origin="previous")
    await world.land(release, "qa")
    back = await world.release(found, trigger=Trigger.ROLLBACK, api=old)
    await world.land(back, "qa")
    await world.resolved(release, "prod")
    await world.resolved(back, "qa")
    await world.stored.rows(
        "INSERT INTO change (ref, kind, scope, product, component, release, n)"
        " VALUES ('11', 'pull_request', :s, 'shop', 'web', 'shop-1', 1)",
        s=f"file://{world.folder}/remote/web.git",
    )


def _anywhere_anytime(text: str, folder: Path) -> str:
    text = text.replace(f"file://{folder}/remote", "https://git.example.org/shop")
    return _CLOCK.sub(rf'\g<1>"{NOON}"', text)
