"""`towpath logs`: what the steps of a release's workflows wrote."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from towpath.cli import client, options, output

LOOK_AGAIN_S = 0.5
_UNENDED = frozenset({"waiting", "pending", "running", "suspended", "terminating"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A step of one application's run, as its log is asked for and shown."""

    run: str
    step: str
    title: str
    status: str


def logs(
    release: options.ReleaseId,
    environment: Annotated[
        str, typer.Argument(metavar="ENV", help="The environment; - for the release's own hooks.")
    ],
    step: Annotated[
        str, typer.Option("--step", metavar="NAME", help="Only of steps with this name.")
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the workflows have ended.")
    ] = False,
    server: options.Server = "",
) -> None:
    """The logs of a release's workflow steps in an environment, in the order they ran."""

    async def work(api: client.Api) -> int:
        shown: set[tuple[str, str]] = set()
        while True:
            document = await api.get("releases", release)
            workflows = _workflows(document, environment)
            for leaf in _leaves(workflows, step):
                begun = leaf.status not in ("waiting", "pending")
                if (leaf.run, leaf.step) not in shown and (begun or not follow):
                    shown.add((leaf.run, leaf.step))
                    await _show(api, leaf, follow)
            if not follow or not _goes_on(document, environment):
                break
            await asyncio.sleep(LOOK_AGAIN_S)
        if not shown:
            output.say(_nothing(release, environment, step))
            return 1
        return 0

    options.ask(server, work)


def _workflows(document: client.Document, environment: str) -> list[client.Document]:
    if environment == "-":
        return list(document["workflows"])
    for each in document["environments"]:
        if each["name"] == environment:
            return list(each["workflows"])
    raise client.Failed(f"{document['id']} does not go to {environment}.", exit_code=2)


def _leaves(workflows: list[client.Document], step: str) -> Iterator[Leaf]:
    for workflow in workflows:
        for each in workflow["steps"]:
            if step and each["name"] != step:
                continue
            for own in each["applications"]:
                whose = f" {own['application']}" if own["application"] else ""
                title = f"{workflow['template']}/{each['name']}{whose}"
                yield Leaf(own["run"], own["step"], title, own["status"])


def _goes_on(document: client.Document, environment: str) -> bool:
    """Whether more may come: the release goes on there, or one of its workflows does."""
    here = [e for e in document["environments"] if e["name"] == environment]
    running = any(w["status"] in _UNENDED for w in _workflows(document, environment))
    return running or (not document["ended"] and any(e["status"] in _UNENDED for e in here))


async def _show(api: client.Api, leaf: Leaf, follow: bool) -> None:
    """The log as it was written; its title goes beside it, where messages go."""
    output.say(f"{leaf.title} ({leaf.status})")
    path = ("runs", leaf.run, "steps", leaf.step, "log")
    async with api.text(*path, follow=follow) as answer:
        last = b"\n"
        async for piece in answer.aiter_bytes():
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            last = piece[-1:] or last
    if last != b"\n":
        sys.stdout.buffer.write(b"\n")


def _nothing(release: str, environment: str, step: str) -> str:
    what = f"step {step}" if step else "workflow"
    where = "of its own" if environment == "-" else f"in {environment}"
    return f"{release} has run no {what} {where} yet."
