"""Steps of a release's workflows: what they wrote, and letting suspended ones go on."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from towpath.cli import client, options, output, releases

LOOK_AGAIN_S = 0.5
_UNENDED = frozenset({"waiting", "pending", "running", "suspended", "terminating"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A step of one application's run, as its log is asked for and shown."""

    run: str
    step: str
    name: str
    title: str
    status: str


Where = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment; - for the release's own hooks.")
]


def logs(
    release: options.ReleaseId,
    environment: Where,
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


def resume(
    release: options.ReleaseId,
    environment: Where,
    step: Annotated[
        str, typer.Option("--step", metavar="NAME", help="The step; needed where several wait.")
    ] = "",
    supplied: Annotated[
        list[str] | None,
        typer.Option("--supply", metavar="NAME=VALUE", help="An output that the step asks for."),
    ] = None,
    form: options.Output = output.Format.TABLE,
    server: options.Server = "",
) -> None:
    """Let a suspended workflow step go on, for every application that waits in it."""
    outputs = options.pairs(supplied or [], "--supply")

    async def work(api: client.Api) -> int:
        document = await api.get("releases", release)
        found = _leaves(_workflows(document, environment), step)
        waiting = [leaf for leaf in found if leaf.status == "suspended"]
        if not waiting:
            output.say(_none_waits(release, environment, step))
            return 1
        _refuse_several({leaf.name for leaf in waiting})
        for leaf in waiting:
            path = ("runs", leaf.run, "steps", leaf.step, "resume")
            await api.post(*path, body={"outputs": outputs})
        releases.told(await api.get("releases", release), form)
        return 0

    options.ask(server, work)


def _none_waits(release: str, environment: str, step: str) -> str:
    what = f"step {step}" if step else "step"
    return f"{release} has no suspended {what} {_place(environment)}."


def _refuse_several(names: set[str]) -> None:
    """Whoever means one is not to let another go on too."""
    if len(names) > 1:
        told = f"Several steps are suspended: {', '.join(sorted(names))}."
        raise client.Failed(told, "Say which one with --step.", 2)


def _workflows(document: client.Document, environment: str) -> list[client.Document]:
    if environment == "-":
        return list(document["workflows"])
    for each in document["environments"]:
        if each["name"] == environment:
            return list(each["workflows"])
    raise client.Failed(f"{document['id']} does not go to {environment}.")


def _leaves(workflows: list[client.Document], step: str) -> Iterator[Leaf]:
    for workflow in workflows:
        for each in workflow["steps"]:
            if step and each["name"] != step:
                continue
            for own in each["applications"]:
                whose = f" {own['application']}" if own["application"] else ""
                title = f"{workflow['template']}/{each['name']}{whose}"
                yield Leaf(own["run"], own["step"], each["name"], title, own["status"])


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
    return f"{release} has run no {what} {_place(environment)} yet."


def _place(environment: str) -> str:
    return "of its own" if environment == "-" else f"in {environment}"
