"""`towpath demo`: the world, a server that watches it, a change, and its way to production.

Starts the server in this process and then talks to it over HTTP, as everybody does.
"""

import asyncio
import contextlib
import shlex
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from towpath import bootstrap
from towpath.cli import client, live, output, profile, watching
from towpath.connections import Registry
from towpath.demo import cast, playing, registry, story, world
from towpath.settings import Settings

POLL_S = 2.0
READY_S = 60.0
BETWEEN_CHANGES_S = 60.0
PREFERRED_PORT = 8080
ANNOUNCED_S = 15.0
HELPED_AFTER_S = 1.0  # with `--once`
HELPED_LATE_S = 20.0  # time for whoever watches to approve or retry first


async def show(settings: Settings, folder: Path, *, once: bool) -> int:
    """Play the demo: 0 when the (first) release succeeded, else 1."""
    console = output.console()
    made = await asyncio.to_thread(_world, folder)
    console.print(_introduction(made))
    changes = _unplayed(made)
    async with _served(settings, made) as (api, operator):
        await _ready(api)
        helper = Helper(operator, made, console, HELPED_AFTER_S if once else HELPED_LATE_S)
        code = await _next(api, made, changes, console, helper)
        if once:
            return code
        console.print(_what_to_try(api.server, made))
        while True:
            await asyncio.sleep(BETWEEN_CHANGES_S)
            with contextlib.suppress(TimeoutError):  # something holds it: the story goes on
                async with asyncio.timeout(BETWEEN_CHANGES_S):
                    await _next(api, made, changes, console, helper)


def with_port(settings: Settings, *, chosen: bool) -> Settings:
    """The settings with the usual port, or any free one when that is taken and none was asked."""
    if chosen or _is_free(settings.host, PREFERRED_PORT):
        return settings
    return settings.model_copy(update={"port": 0})


def _is_free(host: str, port: int) -> bool:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _world(folder: Path) -> world.World:
    if world.exists(folder):
        return world.open(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return world.build(folder, datetime.now(UTC))


def _unplayed(made: world.World) -> Iterator[story.Change]:
    """The story, which begins anew when the world is opened again."""
    return story.changes(made.seed)


@contextlib.asynccontextmanager
async def _served(
    settings: Settings, made: world.World
) -> AsyncIterator[tuple[client.Api, client.Api]]:
    """The server, as whoever watches reaches it, and as the one who runs production does."""
    with registry.served(made.code) as images:
        async with (
            bootstrap.running(_own(settings, made, images)) as running,
            client.connect(profile.Profile(server=running.address, name="demo")) as api,
            client.connect(
                profile.Profile(server=running.address, name=cast.JONAS.name)
            ) as operator,
        ):
            yield api, operator


def _own(settings: Settings, made: world.World, images: str) -> Settings:
    known = Registry(host=cast.REGISTRY, address=images, plain_http=True)
    return settings.model_copy(
        update={
            "config": str(made.configuration),
            "poll_interval": POLL_S,
            "registries": (known,),
        }
    )


class Helper:
    """Somebody who approves what goes to production, and retries what found the lab taken.

    Always a while later than needed, so that whoever watches can do it first.
    """

    def __init__(
        self, api: client.Api, made: world.World, console: Console, after_s: float
    ) -> None:
        self._api = api
        self._made = made
        self._console = console
        self._after_s = after_s

    async def along(self, coming: AsyncIterator[client.Document]) -> AsyncIterator[client.Document]:
        """The documents as they come, and an approval for each environment that asks for one."""
        asked: dict[str, asyncio.Task[None]] = {}
        try:
            async for document in coming:
                for one in document["environments"]:
                    name = one["name"]
                    if "approve" in one["actions"] and name not in asked:
                        asked[name] = asyncio.create_task(self._approve(document["id"], name))
                yield document
        finally:
            for task in asked.values():
                task.cancel()
            await asyncio.gather(*asked.values(), return_exceptions=True)

    async def _approve(self, release: str, environment: str) -> None:
        await asyncio.sleep(self._after_s)
        path = ("releases", release, "environments", environment, "approve")
        with contextlib.suppress(client.Failed):  # somebody else was faster, or it is over
            await self._api.post(*path, body={"comment": "fine in staging"})
            self._console.print(f"{cast.JONAS.name} approves {release} for {environment}")

    async def retries(self, release: str) -> bool:
        """Free the lab and retry, if that is what keeps the release; whether it goes on now."""
        if not self._made.lab.exists():
            return False
        command = f"{_program()} release retry {release}{profile.option(self._api.server)}"
        self._console.print(
            "The load test found the load lab taken. Free it and retry, in another terminal:\n"
            f"  rm {shlex.quote(str(self._made.lab))}\n  {command}\n"
            f"or wait {self._after_s:.0f} s for somebody else to do it.",
            soft_wrap=True,
            highlight=False,
        )
        await asyncio.sleep(self._after_s)
        self._made.lab.unlink(missing_ok=True)
        with contextlib.suppress(client.Failed):  # somebody else was faster
            await self._api.post("releases", release, "retry", body={})
            self._console.print(f"{cast.JONAS.name} frees the lab and retries {release}")
        return True


async def _ready(api: client.Api) -> None:
    """Wait until the configuration is in force, and have the first look taken."""
    async with asyncio.timeout(READY_S):
        while not (await api.get("configuration"))["revision"]:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)
        await api.post("refresh", body={})


async def _next(
    api: client.Api,
    made: world.World,
    changes: Iterator[story.Change],
    console: Console,
    helper: Helper,
) -> int:
    """Play the next change, and follow the release that is made of it."""
    change = next(changes)
    played = await asyncio.to_thread(made.play, change, datetime.now(UTC))
    console.print(_told(played))
    looked = await api.post("refresh", body={"repository": str(made.gitops)})
    code = 0
    for release in looked["releases"]:
        code = await _followed(api, release, console, helper)
        if code and await helper.retries(release):
            code = await _followed(api, release, console, helper)
        if code == 0:
            await _announced(api, release)
    if not looked["releases"] and played.promotable:
        console.print("No release was made of it: another one carries it already.")
    return code


async def _announced(api: client.Api, release: str) -> None:
    """Wait, but not for long, until its hooks are told that it succeeded."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANNOUNCED_S):
            while (await api.get("releases", release))["open"]:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.1)


async def _followed(api: client.Api, release: str, console: Console, helper: Helper) -> int:
    connection = watching.Connection()
    coming = watching.documents(api, release, connection)
    return await live.follow(
        helper.along(coming),
        console,
        api.now,
        note=partial(_note, connection),
        server=profile.unsaid(api.server),
    )


def _note(connection: watching.Connection) -> str:
    return connection.note


def _introduction(made: world.World) -> Text:
    services = sum(len(names) for names in made.products.values())
    lines = (
        f"A shop on this machine: {', '.join(made.products)} ({services} services), below "
        f"{made.folder}",
        f"  GitOps repository         {made.gitops}",
        f"  configuration repository  {made.configuration}",
        "",
    )
    return Text("\n".join(lines))


def _told(played: playing.Played) -> Text:
    pulls = "".join(
        f"\n  {merged.service} #{merged.pull_request} {merged.issue} → {merged.tag}"
        for merged in played.merged
    )
    head = f"{played.author.name} pushes to {played.environment}: {played.title}"
    return Text.assemble((head, "bold"), pulls, "\n")


def _program() -> str:
    """How a shell finds this program: by its name, or else by the path it was started with."""
    own = Path(sys.argv[0])
    if own.name != "towpath" or shutil.which("towpath") == str(own.absolute()):
        return "towpath"
    return shlex.quote(str(own))


def _what_to_try(server: str, made: world.World) -> Text:
    product = next(iter(made.products))
    issue = next(_unplayed(made)).issue
    option = "" if server == profile.DEFAULT_SERVER else f" --server {server}"
    commands = (
        "status",
        "release list",
        f"release show {product}-1",
        f"policy evaluate {product} prod-eu",
        f"release notes {product}-1 --environment prod-eu",
        f"where {issue}",
        f"lock {product} staging --reason 'release freeze'",
        f"rollback {product} prod-eu --dry-run",
        f"promote {product} --to qa --from dev --dry-run",
    )
    lines = [
        "",
        f"The server stays up at {server} (API: {server}/api/docs), and the team goes on: a change "
        f"every {BETWEEN_CHANGES_S:.0f} s. Ctrl-C ends it.",
        "Try in another terminal:",
        *(f"  {_program()} {command}{option}" for command in commands),
        f"  cat {shlex.quote(str(made.announcements))}",
        "Or push to the GitOps repository yourself, for example a tag in apps/cart/dev:",
        f"  git clone {made.gitops}",
        "",
    ]
    return Text("\n".join(lines))
