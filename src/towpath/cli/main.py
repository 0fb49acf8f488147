"""The command `towpath`: every command by its name, and what holds for all of them."""

import logging
import sys
from importlib import metadata
from typing import Annotated

import typer

from towpath.cli import (
    flags,
    linting,
    overview,
    policies,
    releases,
    runs,
    serving,
    steering,
    tracing,
    workflows,
)

app = typer.Typer(
    name="towpath",
    cls=flags.Group,
    help="Where is a change, what holds it up, what is in it: releases for GitOps.",
    no_args_is_help=True,
    add_completion=True,
    # Local variables in a traceback would show tokens.
    pretty_exceptions_show_locals=False,
)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"towpath {metadata.version('towpath')}\n")
        raise typer.Exit


@app.callback(epilog="Example: towpath demo")
def towpath(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Where is a change, what holds it up, what is in it: releases for GitOps."""
    # Without a handler, Python prints every retry of a request to standard error.
    logging.getLogger("stamina").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✓ shows ?


app.command(epilog="Example: towpath demo --once")(serving.demo)
app.command(epilog="Example: towpath serve --config ./delivery --port 8080")(serving.serve)
app.command(epilog="Example: towpath worker --settings /etc/towpath.toml")(serving.worker)
app.command(epilog="Example: towpath lint ./delivery")(linting.lint)
app.command(epilog="Example: towpath schema PromotionFlow")(linting.schema)
app.command(epilog="Example: towpath status checkout")(overview.status)
app.add_typer(releases.app, name="release")
app.command(epilog="Example: towpath where SHOP-417")(tracing.where)
app.command(epilog="Example: towpath promote checkout --to prod-eu --dry-run")(steering.promote)
app.command(epilog="Example: towpath rollback checkout prod-eu --to checkout-127")(
    steering.rollback
)
app.command(epilog='Example: towpath approve checkout-128 prod-eu --comment "checked"')(
    steering.approve
)
app.command(epilog='Example: towpath reject checkout-128 prod-eu --comment "not today"')(
    steering.reject
)
app.command(epilog="Example: towpath skip checkout-128 qa")(steering.skip)
app.command(epilog='Example: towpath lock checkout prod-eu --reason "sale" --until 3d')(
    steering.lock
)
app.command(epilog="Example: towpath unlock checkout prod-eu")(steering.unlock)
app.command(epilog="Example: towpath logs checkout-128 qa --step smoke --follow")(runs.logs)
app.command(epilog="Example: towpath resume checkout-128 qa --step rehearsal")(runs.resume)
app.add_typer(policies.app, name="policy")
app.command(epilog="Example: towpath refresh")(steering.refresh)
app.add_typer(workflows.app, name="workflow")
