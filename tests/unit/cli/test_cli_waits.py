"""What holds a release, on the terminal: commands that are understood when they are copied."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
import typer
from rich.console import Console

import canned_server as canned
from promotion_states import STATES, Made
from towpath.cli import documents, main, tree
from towpath.domain import explaining

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _understood(command: str) -> bool:
    """Whether the command line's own parser takes it."""
    name, *words = shlex.split(command)
    at: Any = typer.main.get_command(main.app)
    context = click.Context(at, info_name=name)
    while hasattr(at, "commands"):
        at = at.commands[words.pop(0)]
    with at.make_context(at.name, words, parent=context):
        return name == "towpath"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_command_named_is_one_that_there_is(state: Callable[[], Made]) -> None:
    world, name, _ = state()
    for promotion in world[name].promotions:
        for wait in explaining.waits(world[name], promotion):
            assert all(_understood(command) for command in wait.commands)


def _drawn(*environments: dict[str, Any], server: str = "", width: int = 100) -> str:
    shown = documents.release(canned.release("suspended", *environments), server)
    out = Console(width=width, file=None, record=True, highlight=False)
    with out.capture() as captured:
        out.print(tree.picture(shown, NOW, width))
    return captured.get()


def _wait(sentence: str, until: datetime | None = None, *commands: str) -> dict[str, Any]:
    since = (NOW - timedelta(minutes=5)).isoformat()
    return {
        "code": "soaking",
        "sentence": sentence,
        "since": since,
        "until": until.isoformat() if until else None,
        "commands": list(commands),
    }


def test_what_holds_an_environment_stands_below_with_times_and_commands() -> None:
    qa = canned.environment("qa", "suspended")
    qa["waits_for"] = [
        _wait("needs an approval", None, "towpath approve checkout-128 qa"),
        _wait("soaks in dev", NOW + timedelta(minutes=55)),
        _wait("nobody can do anything about this"),
    ]
    lines = [line.strip() for line in _drawn(qa, server="http://x").splitlines()]
    at = lines.index("qa  needs an approval, for 5m 00s")
    assert lines[at + 1] == "towpath approve checkout-128 qa --server http://x"
    assert lines[at + 2] == "soaks in dev, for 5m 00s, 55m 00s to go"
    assert not any("nobody" in line for line in lines)


def test_a_server_for_which_commands_have_no_room_is_said_once_before_them() -> None:
    qa = canned.environment("qa", "suspended")
    command = "towpath release retry checkout-128 --environment qa"
    qa["waits_for"] = [_wait("failed", None, command, "towpath skip checkout-128 qa")]
    lines = _drawn(qa, server="http://127.0.0.1:18181", width=80).splitlines()
    at = lines.index("export TOWPATH_SERVER=http://127.0.0.1:18181")
    assert [line.strip() for line in lines[at + 2 : at + 6]] == [
        "qa  failed, for 5m 00s",
        command,
        "towpath skip checkout-128 qa",
    ]


def test_advice_that_is_a_command_below_is_not_given_twice() -> None:
    why = canned.reason("approval_needed", "needs an approval", advice="towpath approve r qa")
    qa = canned.environment("qa", "suspended", reason=why)
    assert _drawn(qa).count("towpath approve r qa") == 1
    qa["waits_for"] = [_wait("needs an approval", None, "towpath approve r qa")]
    assert _drawn(qa).count("towpath approve r qa") == 1
