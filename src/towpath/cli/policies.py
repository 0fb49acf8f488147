"""`towpath policy …`: which settings are in force, and why those."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import client, options, output, settled

app = typer.Typer(help="Policies: what is in force for an environment.", no_args_is_help=True)


@app.callback()
def policy() -> None:
    """Policies: what is in force for an environment."""


@app.command(epilog="Example: towpath policy evaluate checkout prod-eu")
def evaluate(
    product: options.Product,
    environment: options.Environment,
    flow: Annotated[
        str, typer.Option("--flow", metavar="FLOW", help="The flow, where the product has several.")
    ] = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Every setting in force, where it is from, and why other values lost."""

    async def work(api: client.Api) -> int:
        asked = {"product": product, "environment": environment, "flow": flow}
        output.show(await api.get("policies", "evaluate", **asked), form, _draw)
        return 0

    options.ask(server, work)


def _draw(out: Console, found: client.Document) -> None:
    flow = f"  {found['flow']}" if found["flow"] else ""
    out.print(
        Text.assemble((found["product"], "bold"), " to ", (found["environment"], "bold"), flow)
    )
    out.print()
    settled.draw(out, found["settings"], losers=True)
