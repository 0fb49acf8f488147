"""`towpath release …`: what is on its way, one release and its events, and steering it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import (
    client,
    documents,
    flags,
    live,
    look,
    noting,
    options,
    output,
    profile,
    timeline,
    times,
    tree,
    watching,
)
from towpath.domain.status import Status

app = typer.Typer(
    cls=flags.Group, help="Releases: list, show, create, stop, retry.", no_args_is_help=True
)

NONE_YET = "No release yet. Push to a tracked branch, or use `towpath release create PRODUCT`."

WIDE = 110
"""Columns from which the list has room for flow and initiator."""

Plain = Annotated[
    bool, typer.Option("--plain", help="One line for each change instead of a moving picture.")
]


@app.command("list", epilog="Example: towpath release list --product checkout --since 2d")
def list_(
    product: Annotated[
        str, typer.Option("--product", metavar="PRODUCT", help="Only of this product.")
    ] = "",
    status: Annotated[
        list[Status] | None,
        typer.Option(
            "--status", metavar="STATUS", help="Only with this status; may be given several times."
        ),
    ] = None,
    flow: Annotated[str, typer.Option("--flow", metavar="FLOW", help="Only of this flow.")] = "",
    environment: Annotated[
        str,
        typer.Option(
            "--environment", metavar="ENV", help="Only those that go to this environment."
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="Only made after this time, or so long ago: 2d."
        ),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="Only made before this time.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=5000, help="At most so many.")
    ] = 30,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Releases, newest first."""
    asked: dict[str, object] = {
        "product": product,
        "status": [one.value for one in status or []],
        "flow": flow,
        "environment": environment,
        "since": options.past(since, "--since"),
        "until": options.past(until, "--until"),
    }

    async def work(api: client.Api) -> int:
        page = await api.pages("releases", limit=limit, **asked)
        if not page["items"]:
            await _check_names(api, product, flow, environment)
        now = api.now()
        filtered = any(asked.values())
        output.show(page, form, lambda out, shown: _table(out, shown, now, filtered))
        return 0

    options.ask(server, work)


async def _check_names(api: client.Api, product: str, flow: str, environment: str) -> None:
    """Nothing was found: raises `Failed` where a name asked for is known nowhere."""
    if product:
        await api.get("products", product)
    if flow:
        await api.get("flows", flow)
    if environment:
        known = [one["name"] for one in (await api.get("environments"))["items"]]
        if environment not in known:
            raise client.Failed(
                f"There is no environment '{environment}'.", f"There are {', '.join(known)}."
            )


def _table(out: Console, page: client.Document, now: datetime, filtered: bool) -> None:
    if not page["items"]:
        out.print("No release matches." if filtered else NONE_YET)
        return
    wide = out.width >= WIDE
    more = ("FLOW", "BY") if wide else ()
    table = output.table("RELEASE", "STATUS", "ENVIRONMENTS", "VERSION", "AGE", *more, "SUBJECT")
    # Only the subject is ever cut: it takes what room the others leave.
    table.expand, table.columns[-1].ratio = out.width < output.PIPE_WIDTH, 1
    for column in table.columns:
        column.no_wrap = True
    for one in page["items"]:
        made = times.seen(one["created_at"])
        table.add_row(
            one["id"],
            look.word(one["status"]),
            _strip(one),
            documents.short(one["version"]),
            Text(times.age(made, now) if made else "", look.SECONDARY),
            *((one["flow"] or one["trigger"], one["initiator"]) if wide else ()),
            one["subject"],
        )
    out.print(table)
    out.print()
    out.print(look.legend({e["status"] for one in page["items"] for e in one["environments"]}))
    if page["next_cursor"]:
        output.say("There are more: ask with --limit, --since or --until.")


def _strip(one: client.Document) -> Text:
    """The environments in flow order, a glyph each."""
    return Text().join(
        Text(look.glyph(e["status"]), look.style(e["status"])) for e in one["environments"]
    )


@app.command(epilog="Example: towpath release show checkout-128 --watch")
def show(
    release: options.ReleaseId,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Follow it until it has ended; exit 0 if it succeeded, else 1."
        ),
    ] = False,
    plain: Plain = False,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """One release: its environments, how far each is, and what holds it up."""

    async def work(api: client.Api) -> int:
        if watch:
            return await _watched(api, release, form, plain)
        _show(api, await api.get("releases", release), form)
        return 0

    options.ask(server, work)


async def _watched(api: client.Api, release: str, form: output.Format, plain: bool) -> int:
    """Follow the release. As JSON or YAML its last document is printed when it has ended."""
    console = output.console()
    table = form is output.Format.TABLE
    plain = plain or not output.moves(console)
    connection = watching.Connection() if table and not plain else watching.Connection(output.say)
    coming = watching.documents(api, release, connection)
    if table:
        return await live.follow(
            coming,
            console,
            api.now,
            plain,
            note=lambda: connection.note,
            server=profile.unsaid(api.server),
        )
    last: client.Document = {}
    async for document in coming:
        last = document
    output.show(last, form, lambda out, shown: None)
    return 0 if last["status"] == "succeeded" else 1


def _show(api: client.Api, document: client.Document, form: output.Format) -> None:
    output.show(
        document,
        form,
        lambda out, shown: out.print(
            tree.picture(documents.release(shown, profile.unsaid(api.server)), api.now(), out.width)
        ),
    )


@app.command(epilog="Example: towpath release create checkout --wait")
def create(
    product: options.Product,
    revision: Annotated[
        str,
        typer.Option(
            "--revision",
            metavar="REVISION",
            help="A commit, branch or tag instead of the newest head.",
        ),
    ] = "",
    flow: Annotated[
        str, typer.Option("--flow", metavar="FLOW", help="The flow, where the product has several.")
    ] = "",
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Follow it until it has ended; exit 0 if it succeeded."),
    ] = False,
    plain: Plain = False,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """A release of what is in the trigger environment now, or at a revision."""

    async def work(api: client.Api) -> int:
        body = {"revision": revision, "flow": flow}
        made = await api.post("products", product, "releases", body=body)
        if wait:
            return await _watched(api, made["id"], form, plain)
        told(made, form)
        return 0

    options.ask(server, work)


@app.command(epilog='Example: towpath release terminate checkout-128 --comment "wrong branch"')
def terminate(
    release: options.ReleaseId,
    comment: Annotated[
        str, typer.Option("--comment", metavar="TEXT", help="Why; shown with the release.")
    ] = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Stop a release. What it has already brought to environments stays there."""

    async def work(api: client.Api) -> int:
        told(await api.post("releases", release, "terminate", body={"comment": comment}), form)
        return 0

    options.ask(server, work)


@app.command(epilog="Example: towpath release retry checkout-128 --environment qa")
def retry(
    release: options.ReleaseId,
    environment: Annotated[
        str,
        typer.Option(
            "--environment", metavar="ENV", help="Only here; by default wherever it failed."
        ),
    ] = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Go on from the phase that failed; what is done stays done."""
    where = ("environments", environment) if environment else ()

    async def work(api: client.Api) -> int:
        told(await api.post("releases", release, *where, "retry", body={}), form)
        return 0

    options.ask(server, work)


@app.command(epilog="Example: towpath release events checkout-128 --output json")
def events(
    release: options.ReleaseId,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Everything that happened to a release, oldest first, with who did it and why."""

    async def work(api: client.Api) -> int:
        found = await timeline.read(api, release)
        output.show({"items": found, "next_cursor": None}, form, timeline.draw)
        return 0

    options.ask(server, work)


@app.command(epilog="Example: towpath release notes checkout-128 --environment prod-eu")
def notes(
    release: options.ReleaseId,
    environment: Annotated[
        str,
        typer.Option(
            "--environment",
            metavar="ENV",
            help="What changes there; by default in the environment that the release came from.",
        ),
    ] = "",
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="REF",
            help="Start from a release, an environment or a time instead of what was there before.",
        ),
    ] = "",
    form: Annotated[
        noting.Format, typer.Option("--format", help="Print Markdown, plain text or JSON.")
    ] = noting.Format.MARKDOWN,
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="Print by a Jinja2 template of your own."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0,
            max=600,
            help="Wait so long at most for what is still being found out.",
        ),
    ] = 5,
    server: options.Server = "",
) -> None:
    """What changed with a release: features, images, pull requests, commits."""

    async def work(api: client.Api) -> int:
        found = await noting.read(api, release, environment, noting.start(start), wait)
        noting.show(found, form, template)
        noting.say_what_is_coming(found)
        return 0

    options.ask(server, work)


def told(document: client.Document, form: output.Format) -> None:
    """Print a release that was made or changed, and how to see more of it."""

    def people(out: Console, shown: client.Document) -> None:
        words = f"  {why}" if (why := documents.why(shown)) else ""
        line = Text.assemble((shown["id"], "bold"), "  ", look.word(shown["status"]), words)
        out.print(line)
        if not shown["ended"]:
            output.say("", f"Follow it with: towpath release show {shown['id']} --watch")

    output.show(document, form, people)
