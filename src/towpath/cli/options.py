"""Options that many commands have, said once; and the edge where errors become exit codes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from towpath.cli import client, output, times

Server = Annotated[
    str,
    typer.Option(
        "--server",
        envvar="TOWPATH_SERVER",
        metavar="URL",
        help="The server's address. By default the profile's, else http://127.0.0.1:8080.",
        show_default=False,
    ),
]
Output = Annotated[
    output.Format, typer.Option("--output", "-o", help="Print a table, JSON or YAML.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show every file's diff and the policy with origins; change nothing."
    ),
]
ReleaseId = Annotated[str, typer.Argument(metavar="RELEASE", help="For example checkout-128.")]
Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's name.")]
Environment = Annotated[str, typer.Argument(metavar="ENV", help="The environment's name.")]

INTERRUPTED = 130
"""The exit code after an interrupt, as shells have it."""


def ask(server: str, work: Callable[[client.Api], Awaitable[int]]) -> None:
    """Do the work on the server. Ends the command with its exit code unless that is 0."""
    try:
        code = client.run(server, work)
    except client.Failed as failed:
        output.say(failed.sentence, failed.advice, "red")
        raise typer.Exit(failed.exit_code) from None
    except KeyboardInterrupt:
        output.say("Stopped looking. What was asked of the server goes on there.")
        raise typer.Exit(INTERRUPTED) from None
    if code:
        raise typer.Exit(code)


def past(text: str, option: str) -> str:
    """RFC 3339 of a time before now; empty stays empty. For `--since` and the like."""
    return _moment(text, option, -1)


def coming(text: str, option: str) -> str | None:
    """RFC 3339 of a time after now; None for empty. For `--until` of a lock."""
    return _moment(text, option, 1) or None


def _moment(text: str, option: str, direction: int) -> str:
    try:
        return times.moment(text, datetime.now(UTC), direction) if text else ""
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint=option) from None


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """What an option that may be given several times says, each time NAME=VALUE."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{option} takes NAME=VALUE, and not {text!r}")
        found[name] = value
    return found
