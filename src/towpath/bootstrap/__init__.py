"""The only place where the parts are put together: settings in, a running Towpath out."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from towpath.api import parts
from towpath.bootstrap import around, listening, mirrors, reading, starting
from towpath.bootstrap.starting import CannotStart
from towpath.engine import assembly, configuring
from towpath.engine.inforce import InForce
from towpath.git import adapter, deployer
from towpath.git.past import GitPast
from towpath.manifests import repositories
from towpath.runner import Limits, LocalRunner
from towpath.settings import Settings
from towpath.storage import database, queries, signals
from towpath.storage.answers import Answers
from towpath.storage.archive import PostgresArchive
from towpath.storage.run_store import PostgresRuns
from towpath.storage.store import PostgresStore

__all__ = ["CannotStart", "Running", "collect_less", "running", "serve", "worker"]

log = logging.getLogger(__name__)

# Each connection is held for milliseconds, so a few serve many looks; a server has 100 by default.
POOL_SIZE = 8
MAINTENANCE_S = 6 * 3600.0
CHANNELS = ("towpath_looks", "towpath_configuration", "towpath_steps", "towpath_stops")


@dataclass(frozen=True, slots=True)
class Running:
    """A Towpath at work: where it listens (empty for a worker), and its engine."""

    address: str
    engine: assembly.Engine


def serve(settings: Settings) -> None:
    """API and engine in one process, until SIGINT or SIGTERM. Raises `CannotStart`."""
    asyncio.run(_until_told(settings, http=True))


def worker(settings: Settings) -> None:
    """The engine only, until SIGINT or SIGTERM. Raises `CannotStart`."""
    asyncio.run(_until_told(settings, http=False))


async def _until_told(settings: Settings, *, http: bool) -> None:
    collect_less()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with running(settings, http=http, told=told) as now:
        log.info("Towpath is ready%s", f" at {now.address}" if now.address else "")
        await told.wait()
        log.info("stopping")


def collect_less() -> None:
    """A catalog and every answer are many small objects, and hardly any of them are in circles.

    Looking for circles after each 700 of them took a third of the time of a long list.
    """
    gc.set_threshold(20_000, 20, 20)


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, http: bool = True, told: asyncio.Event | None = None
) -> AsyncIterator[Running]:
    """Have Towpath at work while the block runs. Raises `CannotStart`.

    Whoever is `told` to stop meanwhile does not wait for a database that is away.
    """
    with starting.explained():
        async with contextlib.AsyncExitStack() as stack:
            url = await stack.enter_async_context(starting.database(settings, own=http))
            await starting.prepared(url, told or asyncio.Event())
            pool = database.connect(url, pool_size=POOL_SIZE)
            stack.push_async_callback(pool.dispose)
            shared = database.Database(pool)
            news = signals.Signals(url, CHANNELS)
            await stack.enter_async_context(news.listening())
            git, histories = mirrors.gitops(settings), mirrors.code(settings)
            local = stack.enter_context(contextlib.closing(_runner(settings)))
            engine = assembly.assemble(
                assembly.Outside(
                    PostgresStore(shared),
                    news,
                    git,
                    deployer.GitDeployer(git),
                    PostgresRuns(shared),
                    local,
                ),
                _manner(settings, source(settings, git) if http else None),
            )
            systems = await stack.enter_async_context(around.connected(settings))
            past = GitPast(git), GitPast(histories)
            read = reading.assemble(
                settings, PostgresArchive(shared), past, systems, engine.in_force
            )
            address = ""
            if http:
                needs = parts.Parts(
                    queries.Queries(pool),
                    Answers(pool),
                    engine.commands,
                    engine.running,
                    git,
                    read.notes,
                    read.tracing,
                    _shown(engine.in_force),
                    _api_settings(settings),
                )
                address = await stack.enter_async_context(listening.serving(settings, needs))
            await stack.enter_async_context(_working(engine, read, (git, histories)))
            yield Running(address, engine)


def _manner(settings: Settings, source: configuring.Source | None) -> assembly.Manner:
    return assembly.Manner(
        settings.worker_name,
        settings.looks_at_once,
        settings.steps_at_once,
        settings.poll_interval,
        source,
        settings.teams,
        listening.address(settings),
    )


def _api_settings(settings: Settings) -> parts.Settings:
    tokens = {name: token.get_secret_value() for name, token in settings.api_tokens.items()}
    return parts.Settings(tokens, settings.public_url, teams=settings.teams)


def _runner(settings: Settings) -> LocalRunner:
    limits = Limits(settings.step_timeout, int(settings.step_output), settings.step_grace)
    return LocalRunner(limits, settings.steps_at_once, settings.image_commands)


def source(settings: Settings, git: adapter.GitRepositories) -> configuring.Source | None:
    """What `config` names: a folder or a repository; None where it names nothing."""
    if not settings.config:
        log.warning(
            "no configuration source: only what another server on this database reads is in "
            "force. Give one with config (option --config)"
        )
        return None
    place = settings.config_place
    if place is None:
        return configuring.GitSource(repositories.address(settings.config), git)
    if _is_bare(place):
        return configuring.GitSource(str(place.resolve()), git)
    return configuring.FolderSource(place.resolve())


def _is_bare(place: Path) -> bool:
    """Whether the folder is a bare git repository, which has no files to read but commits."""
    return (place / "HEAD").is_file() and (place / "objects").is_dir()


def _shown(in_force: InForce) -> Callable[[], parts.Configuration | None]:
    def shown() -> parts.Configuration | None:
        now = in_force.configured
        if now is None:
            return None
        return parts.Configuration(
            now.catalog, now.source, now.revision, tuple(now.problems), now.problems_revision
        )

    return shown


@contextlib.asynccontextmanager
async def _working(
    engine: assembly.Engine, read: reading.ReadSide, kept: Sequence[adapter.GitRepositories]
) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(read.resolver.run(), name="resolver"),
        asyncio.create_task(read.teller.run(), name="teller"),
        asyncio.create_task(_maintain(kept), name="maintenance"),
        asyncio.create_task(engine.configuring.run(), name="configuring"),
        asyncio.create_task(engine.observer.run(), name="observer"),
        asyncio.create_task(engine.worker.run(), name="worker"),
        asyncio.create_task(engine.running.run(), name="running"),
    ]
    for task in tasks:
        task.add_done_callback(_tell_of_its_end)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell_of_its_end(task: asyncio.Task[None]) -> None:
    """No part ends before it is cancelled; one that does is missed from then on."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("%s ended by a defect: restart Towpath", task.get_name(), exc_info=error)


async def _maintain(kept: Sequence[adapter.GitRepositories]) -> None:
    """Keep the mirrors small."""
    while True:
        await asyncio.sleep(MAINTENANCE_S)
        for git in kept:
            await git.maintain()
