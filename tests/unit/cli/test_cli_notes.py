"""`towpath release notes` and `towpath where`: what they print, for people and for pipes."""

import json
from pathlib import Path
from typing import Any

import pytest

import canned_notes
import canned_server as canned
import canned_world


@pytest.fixture(autouse=True)
def world(server: canned.CannedServer) -> None:
    canned_world.furnish(server)


def test_notes_are_markdown_in_a_pipe_and_can_be_text_or_json(towpath: Any) -> None:
    assert towpath("release", "notes", "checkout-128").stdout.startswith("## shop-2 in prod\n")
    text = towpath("release", "notes", "checkout-128", "--format", "text").stdout
    assert text.startswith("shop-2 in prod\n=")
    as_json = towpath("release", "notes", "checkout-128", "--format", "json").stdout
    assert json.loads(as_json) == canned_notes.notes()


def test_environment_and_origin_are_asked_for_and_a_duration_is_a_time(
    towpath: Any, server: canned.CannedServer
) -> None:
    towpath("release", "notes", "checkout-128", "--environment", "prod", "--from", "shop-1")
    asked = server.last("/releases/checkout-128/notes")
    assert asked.query == {"environment": ["prod"], "from": ["shop-1"]}
    towpath("release", "notes", "checkout-128", "--from", "2d")
    assert "T" in server.last("/releases/checkout-128/notes").query["from"][0]


def test_a_template_of_ones_own_is_used_and_a_wrong_one_is_told(
    towpath: Any, tmp_path: Path
) -> None:
    template = tmp_path / "notes.j2"
    template.write_text("{{ release }}: {{ notes.commits.total }}\n")
    result = towpath("release", "notes", "checkout-128", "--template", str(template))
    assert result.stdout == "shop-2: 1\n"
    template.write_text("{% if %}")
    result = towpath("release", "notes", "checkout-128", "--template", str(template))
    assert (result.exit_code, "line 1" in result.stderr) == (2, True)
    result = towpath("release", "notes", "checkout-128", "--template", str(tmp_path / "none"))
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)


def test_waiting_asks_again_until_nothing_is_on_its_way(
    towpath: Any, server: canned.CannedServer
) -> None:
    coming = canned_notes.group(unresolved=(("SHOP-7", "is being asked for"),))
    server.gets(
        "/releases/checkout-128/notes", canned_notes.notes(features=coming), canned_notes.notes()
    )
    shown = towpath("release", "notes", "checkout-128", "--wait", "20").stdout
    assert "SHOP-7](https://jira.example.org" in shown


def test_where_shows_each_environment_and_what_it_waits_for(towpath: Any) -> None:
    shown = towpath("where", "SHOP-417").stdout
    assert "issue SHOP-417" in shown
    assert "✓ reached" in shown
    assert "by shop-2" in shown
    assert "◔ waiting  shop-2 pending: soak" in shown


def test_where_offers_a_choice_and_exits_1_when_nothing_is_clear(
    towpath: Any, server: canned.CannedServer
) -> None:
    choice = [{"kind": "image", "ref": "1.2", "scope": f"registry/{name}"} for name in "ab"]
    said = "1.2 may mean 2 things: name one of them"
    server.gets(
        "/trace", canned_notes.trace(found=None, products=[], candidates=choice, sentence=said)
    )
    result = towpath("where", "1.2")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [said, "  image registry/a:1.2", "  image registry/b:1.2"]
