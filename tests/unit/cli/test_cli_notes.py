"""`towpath release notes` and `towpath where`: what they print, for people and for pipes."""

import json
from pathlib import Path
from typing import Any

import pytest

import canned_notes
import canned_server as canned
import canned_world

MISSING = (("SHOP-7", "jira does not answer"),)


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
    asking = canned_notes.notes(
        features=canned_notes.group(unresolved=MISSING, outlook="coming"),
        resolving=canned_notes.trying("asking"),
    )
    server.gets("/releases/checkout-128/notes", asking, canned_notes.notes())
    shown = towpath("release", "notes", "checkout-128", "--wait", "20")
    assert "SHOP-7](https://jira.example.org" in shown.stdout
    assert shown.stderr == ""


def test_what_is_tried_later_than_one_waits_is_not_waited_for_and_said(
    towpath: Any, server: canned.CannedServer
) -> None:
    later = canned_notes.notes(
        features=canned_notes.group(unresolved=MISSING, outlook="coming"),
        resolving=canned_notes.trying("waiting", "2199-01-01T00:00:00Z"),
    )
    server.gets("/releases/checkout-128/notes", later, canned_notes.notes())
    shown = towpath("release", "notes", "checkout-128", "--wait", "600")
    assert "- SHOP-7: jira does not answer" in shown.stdout.partition("On its way")[2]
    assert "1 of what is not known is on the way." in shown.stderr
    assert "due at 2199-01-01 00:00:00 UTC" in shown.stderr


def test_what_was_given_up_is_not_waited_for(towpath: Any, server: canned.CannedServer) -> None:
    given_up = canned_notes.notes(features=canned_notes.group(unresolved=MISSING))
    server.gets("/releases/checkout-128/notes", given_up, canned_notes.notes())
    shown = towpath("release", "notes", "checkout-128", "--wait", "600")
    assert "- SHOP-7: jira does not answer" in shown.stdout.partition("Not known")[2]
    assert shown.stderr == ""


def test_notes_of_a_server_that_does_not_say_what_is_on_its_way_are_shown(
    towpath: Any, server: canned.CannedServer
) -> None:
    old = canned_notes.notes(features=canned_notes.group(unresolved=MISSING))
    del old["resolving"], old["features"]["unresolved"][0]["outlook"]
    server.gets("/releases/checkout-128/notes", old)
    shown = towpath("release", "notes", "checkout-128")
    assert "- SHOP-7: jira does not answer" in shown.stdout.partition("Not known")[2]


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
