"""`towpath policy …`: which settings are in force, and why those."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import client, flags, look, options, output, settled, times

app = typer.Typer(
    cls=flags.Group, help="Policies: what is in force for an environment.", no_args_is_help=True
)


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
    if len(several := found.get("flows", ())) > 1:
        output.say(f"Several flows lead there: {', '.join(several)}. Choose one with --flow.")
    out.print()
    settled.draw(out, found["settings"])
    settled.draw_lost(out, found["settings"])
    for hook in found.get("hooks", ()):
        out.print(f"hook {hook['name']}: {hook['value']} ({hook['origin']})")
    if (windows := found.get("windows")) and windows["windows"]:
        out.print()
        _draw_windows(out, windows)


def _draw_windows(out: Console, of: client.Document) -> None:
    for one in of["windows"]:
        window, now = one["window"], "on" if one["on"] else "off"
        lasts = settled.value("duration_seconds", window["duration_seconds"])
        why = f": {window['description']}" if window["description"] else ""
        out.print(f"{window['kind']} window, {now} now ({one['origin']}){why}")
        out.print(Text(f"  {window['rrule']} for {lasts}, {window['timezone']}", look.SECONDARY))
    state = "may act now" if of["open"] else "may not act now"
    change = times.seen(of["changes_at"])
    word = "closes" if of["open"] else "opens"
    out.print(f"Promotions {state}" + (f"; it {word} at {times.full(change)}" if change else ""))
