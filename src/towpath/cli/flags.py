"""How commands are shown in help: a flag takes no value, and is not shown as if it did.

Typer writes `--once <bool>` otherwise.
"""

from collections.abc import Iterable
from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """Commands whose flags stand in help without a type."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The group's own options."""
        return _without_type(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One of its commands."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _without_type(command.get_params(ctx))
        return command


def _without_type(parameters: Iterable[Any]) -> list[Any]:
    found = list(parameters)
    for one in found:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
    return found
