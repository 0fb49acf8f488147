"""The reference holds every command and option, and every command has help with an example."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from towpath.cli import main

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def commands(command: Any, name: str = "towpath") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from commands(one, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(main.app)))


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """The reference's text for each command."""
    parts = REFERENCE.read_text(encoding="utf-8").split("\n## `")[1:]
    return {part.partition("`")[0]: part for part in parts}


def test_the_reference_names_the_commands_there_are_and_no_others(
    sections: dict[str, str],
) -> None:
    assert set(sections) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_in_the_reference(name: str, sections: dict[str, str]) -> None:
    for parameter in COMMANDS[name].params:
        if parameter.name == "help":
            continue
        assert parameter.help in sections[name]
        if parameter.param_type_name == "argument":
            assert parameter.metavar in sections[name]
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert parameter.param_type_name == "argument" or f"`{option}`" in sections[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_an_example_of_itself(
    name: str, towpath: Any, sections: dict[str, str]
) -> None:
    command = COMMANDS[name]
    assert command.epilog.startswith(f"Example: {name}")
    assert command.epilog.removeprefix("Example: ") in sections[name]
    result = towpath(*name.split()[1:], "--help")
    assert result.exit_code == 0
    assert command.help.split(":")[0][:30] in result.stdout
    assert "<bool>" not in result.stdout  # a flag takes no value
