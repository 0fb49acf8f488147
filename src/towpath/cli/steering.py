"""What a person does to a product in an environment: promote, roll back, lock, look anew."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import client, look, options, output, plans, releases, times

OrEverything = Annotated[
    str, typer.Argument(metavar="PRODUCT", help="The product, or - for the whole environment.")
]


def promote(
    product: options.Product,
    to: Annotated[str, typer.Option("--to", metavar="ENV", help="The environment to go to.")],
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="ENV", help="Where to take it from; by default what is before it."
        ),
    ] = "",
    component: Annotated[
        list[str] | None,
        typer.Option(
            "--component", metavar="NAME", help="Only this component; may be given several times."
        ),
    ] = None,
    release: Annotated[
        str,
        typer.Option(
            "--release",
            metavar="RELEASE",
            help="As this release carries it, not as it is there now.",
        ),
    ] = "",
    dry_run: options.DryRun = False,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Bring a product, or some of its components, to an environment by hand."""
    body = {"from": source, "components": component or [], "release": release, "dry_run": dry_run}
    _bring(server, ("products", product, "environments", to, "promote"), body, form)


def rollback(
    product: options.Product,
    environment: options.Environment,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="RELEASE", help="The release to go back to; by default the one before."
        ),
    ] = "",
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Leave the environment open for the next release.")
    ] = False,
    dry_run: options.DryRun = False,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Go back to what landed with an earlier release, and lock the environment."""
    body = {"to": to, "lock": not no_lock, "dry_run": dry_run}
    _bring(server, ("products", product, "environments", environment, "rollback"), body, form)


def _bring(
    server: str, path: tuple[str, ...], body: dict[str, object], form: output.Format
) -> None:
    async def work(api: client.Api) -> int:
        answer = await api.post(*path, body=body)
        if not body["dry_run"]:
            releases.told(answer, form)
            return 0
        output.show(answer, form, plans.draw)
        if body.get("lock"):
            place = f"{answer['product']} in {answer['environment']}"
            output.say(f"It would then lock {place} until somebody unlocks it (see --no-lock).")
        return 0 if plans.can_be_made(answer) else 1

    options.ask(server, work)


Comment = Annotated[
    str, typer.Option("--comment", metavar="TEXT", help="Why; shown with the release.")
]


def _saying(what: str, help_text: str) -> Callable[..., None]:
    """A command by which a person says something about a release in an environment."""

    def command(
        release: options.ReleaseId,
        environment: options.Environment,
        comment: Comment = "",
        form: options.Output = output.Format.TABLE,
        server: options.Server = "",
    ) -> None:
        _say(server, (release, environment, what), comment, form)

    command.__name__, command.__doc__ = what, help_text
    return command


approve = _saying("approve", "Agree that a release goes to an environment.")
reject = _saying("reject", "Say no: the promotion has failed then, and can be retried.")
skip = _saying("skip", "Have a release pass an environment by, as long as it has not landed there.")


def _say(server: str, wish: tuple[str, str, str], comment: str, form: output.Format) -> None:
    release, environment, what = wish

    async def work(api: client.Api) -> int:
        path = ("releases", release, "environments", environment, what)
        releases.told(await api.post(*path, body={"comment": comment}), form)
        return 0

    options.ask(server, work)


def lock(
    product: OrEverything,
    environment: options.Environment,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; shown wherever it holds.")
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            "--until", metavar="TIME", help="A time, or how long: 2h. By default without end."
        ),
    ] = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Let nothing go to a product's environment, or to the whole environment."""
    body = {"reason": reason or "no reason was given", "until": options.coming(until, "--until")}
    _lock(server, (product, environment, "lock"), body, form)


def unlock(
    product: OrEverything,
    environment: options.Environment,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Take the lock off."""
    _lock(server, (product, environment, "unlock"), {}, form)


def _lock(
    server: str, place: tuple[str, str, str], body: dict[str, str | None], form: output.Format
) -> None:
    product, environment, what = place

    async def work(api: client.Api) -> int:
        path = ("products", product, "environments", environment, what)
        output.show(await api.post(*path, body=body), form, _told)
        return 0

    options.ask(server, work)


def _told(out: Console, answer: client.Document) -> None:
    where = "" if answer["product"] in ("", "-") else f"{answer['product']} in "
    state = "locked" if answer["locked"] else "open"
    line = Text.assemble((f"{where}{answer['environment']}", "bold"), f" is {state}")
    if lock := answer["lock"]:
        until = f" until {times.full(end)}" if (end := times.seen(lock["until"])) else ""
        with_all = answer["product"] and not lock["product"]
        whose = f", as all of {answer['environment']} is" if with_all else ""
        line.append(f"{whose}{until}: {lock['reason']}")
    out.print(line)


def refresh(
    repository: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help="Its address; by default all of them.")
    ] = "",
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Look for new commits now."""

    async def work(api: client.Api) -> int:
        found = await api.post("refresh", body={"repository": repository})
        output.show(found, form, _looked)
        return 1 if found["trouble"] else 0

    options.ask(server, work)


def _looked(out: Console, found: client.Document) -> None:
    number = len(found["repositories"])
    out.print(f"Looked at {number} {'repository' if number == 1 else 'repositories'}.")
    for release in found["releases"]:
        out.print(Text.assemble("made ", (release, "bold")))
    for one in found["trouble"]:
        words = f"✕ {one['repository']}: {one['reason']['sentence']}"
        out.print(Text(words, look.style("failed")))
