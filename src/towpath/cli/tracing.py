"""`towpath where`: which releases carry a change, and where it is."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import client, look, options, output, times

_MARKS = {
    "reached": ("✓", "succeeded"),
    "waiting": ("◔", "pending"),
    "taken_back": ("✕", "failed"),
    "replaced": ("⇥", "superseded"),
    "missing": ("○", "waiting"),
    "unknown": ("?", "pending"),
}


def where(
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="A commit, pull request (shop#12 or its page), image tag or digest, or issue.",
        ),
    ],
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Where a change is: the releases that carry it, and each environment."""
    if not ref.strip():
        raise typer.BadParameter("REF is empty: name a commit, pull request, image or issue")

    async def work(api: client.Api) -> int:
        found = await api.get("trace", ref=ref)
        now = api.now()
        output.show(found, form, lambda out, shown: _draw(out, shown, now))
        return 0 if found["found"] else 1

    options.ask(server, work)


def _draw(out: Console, found: client.Document, now: datetime) -> None:
    if found["sentence"]:
        out.print(Text(found["sentence"]))
    for one in found["candidates"]:
        out.print(Text(f"  {_named(one)}"))
    if found["found"]:
        out.print(Text(_named(found["found"]), "bold"))
    for product in found["products"]:
        _product(out, product, now)


def _named(one: client.Document) -> str:
    kind = one["kind"].replace("_", " ")
    if one["kind"] == "image":
        return f"{kind} {one['scope']}:{one['ref']}"
    return f"{kind} {one['ref']}" + (f" of {one['scope']}" if one["scope"] else "")


def _product(out: Console, product: client.Document, now: datetime) -> None:
    releases = ", ".join(product["releases"]) or "no release names it"
    out.print()
    out.print(Text.assemble((product["product"], "bold"), f"  {releases}"))
    if product["taken_back_by"]:
        out.print(Text(f"  taken back by {', '.join(product['taken_back_by'])}"))
    table = output.table("", "", "")
    table.show_header = False
    for place in product["environments"]:
        mark, status = _MARKS.get(place["state"], ("?", "pending"))
        since = times.seen(place["since"])
        when = f"{times.full(since)}, {times.age(since, now)}" if since else ""
        by = f"by {place['release']}" if since and place["release"] else ""
        words = " ".join(part for part in (when, by, place["sentence"]) if part)
        state = Text(f"{mark} {place['state'].replace('_', ' ')}", look.style(status))
        table.add_row(f"  {place['environment']}", state, words)
    out.print(table)
