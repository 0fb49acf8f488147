"""The only place where the parts are put together: settings in, a running Towpath out."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from towpath.api import app, parts
from towpath.connections import GitHubHost
from towpath.domain.catalog import EnvironmentKind
from towpath.engine import assembly, configuring
from towpath.engine.inforce import InForce
from towpath.git import adapter, commits, credentials, deployer
from towpath.git.past import GitPast
from towpath.history import telling
from towpath.history.notes import Notes, Outside
from towpath.history.resolving import Resolver
from towpath.history.told import Place
from towpath.history.tracing import Tracing
from towpath.integrations.github.adapter import GitHub
from towpath.integrations.github.app import AppKey
from towpath.integrations.gitlab.adapter import GitLab
from towpath.integrations.jira.adapter import Jira
from towpath.integrations.jira.deployments import JiraDeployments
from towpath.integrations.oci.adapter import Access, Registries
from towpath.manifests import repositories
from towpath.ports.outside import Host, Registry, Tracker
from towpath.ports.store import StoreUnavailable
from towpath.runner import Limits, LocalRunner
from towpath.settings import Settings
from towpath.storage import arrival, database, embedded, queries, schema, signals
from towpath.storage.answers import Answers
from towpath.storage.archive import PostgresArchive
from towpath.storage.embedded import EmbeddedError
from towpath.storage.run_store import PostgresRuns
from towpath.storage.store import PostgresStore

log = logging.getLogger(__name__)

HISTORY_TIMEOUT_S = 120.0  # a first fetch of a long history, in the background
# Each connection is held for milliseconds, so a few serve many looks; a server has 100 by default.
POOL_SIZE = 8
MAINTENANCE_S = 6 * 3600.0
CHANNELS = ("towpath_looks", "towpath_configuration", "towpath_steps", "towpath_stops")


class CannotStart(Exception):  # noqa: N818
    """Why Towpath cannot start here, and what to do."""


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
    with _explained():
        async with contextlib.AsyncExitStack() as stack:
            url = await stack.enter_async_context(_database(settings, own=http))
            await _prepared(url, told or asyncio.Event())
            pool = database.connect(url, pool_size=POOL_SIZE)
            stack.push_async_callback(pool.dispose)
            shared = database.Database(pool)
            news = signals.Signals(url, CHANNELS)
            await stack.enter_async_context(news.listening())
            git = adapter.GitRepositories(
                settings.data_dir / "mirrors",
                tuple(_credentials(settings)),
                identity=commits.Identity(settings.git_author_name, settings.git_author_email),
                timeout=settings.git_timeout,
                max_file_size=int(settings.max_file_size),
            )
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
                assembly.Manner(
                    settings.worker_name,
                    settings.looks_at_once,
                    settings.steps_at_once,
                    settings.poll_interval,
                    _source(settings, git) if http else None,
                    settings.teams,
                    _address(settings),
                ),
            )
            archive = PostgresArchive(shared)
            histories = _code(settings)
            gitops, code = GitPast(git), GitPast(histories)
            around = await stack.enter_async_context(_connections(settings))
            notes = Notes(
                Outside(archive, gitops, code, around.registry, around.trackers, around.hosts),
                lambda: engine.in_force.catalog,
            )
            tracing = Tracing(archive, gitops, code, lambda: engine.in_force.catalog)
            address = ""
            if http:
                needs = parts.Parts(
                    queries.Queries(pool),
                    Answers(pool),
                    engine.commands,
                    engine.running,
                    git,
                    notes,
                    tracing,
                    _shown(engine.in_force),
                    parts.Settings(
                        {n: t.get_secret_value() for n, t in settings.api_tokens.items()},
                        settings.public_url,
                        teams=settings.teams,
                    ),
                )
                address = await stack.enter_async_context(_listening(settings, needs))
            teller = telling.Teller(
                settings.worker_name,
                archive,
                notes,
                around.told,
                settings.address,
                lambda name: _is_production(engine.in_force, name),
            )
            resolver = Resolver(settings.worker_name, archive, notes)
            await stack.enter_async_context(_working(engine, (git, histories), resolver, teller))
            yield Running(address, engine)


def _runner(settings: Settings) -> LocalRunner:
    limits = Limits(settings.step_timeout, int(settings.step_output), settings.step_grace)
    return LocalRunner(limits, settings.steps_at_once, settings.image_commands)


def _address(settings: Settings) -> str:
    """Where people reach Towpath, as far as it is known before it listens."""
    return settings.public_url or (_local(settings.host, settings.port) if settings.port else "")


def _local(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except EmbeddedError as error:
        raise CannotStart(str(error)) from error
    except schema.SchemaTooNew as error:
        raise CannotStart(str(error)) from error


async def _prepared(url: str, told: asyncio.Event) -> None:
    """Have a database that answers, with the tables of this version."""
    try:
        await _arrival(url, told)
        await schema.upgrade(url)
    except StoreUnavailable as error:
        raise CannotStart(str(error)) from error


async def _arrival(url: str, told: asyncio.Event) -> None:
    waits = asyncio.create_task(arrival.awaited(url)), asyncio.create_task(told.wait())
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not waits[0].done():
            raise CannotStart("told to stop before the database answered")
        await waits[0]
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


@contextlib.asynccontextmanager
async def _database(settings: Settings, *, own: bool) -> AsyncIterator[str]:
    """The database's address: the one given, our own server, or the one of a server here."""
    given = settings.database_url.get_secret_value()
    if given:
        _, _, rest = given.partition("://")
        yield f"postgresql+psycopg://{rest}"
    elif own:
        async with embedded.running(settings.data_dir) as server:
            yield server.url
    else:
        yield embedded.known_url(settings.data_dir)


@dataclass(frozen=True, slots=True)
class _Around:
    """The systems around that are configured."""

    registry: Registry | None
    trackers: tuple[Tracker, ...]
    hosts: tuple[Host, ...]
    told: tuple[Place, ...]


@contextlib.asynccontextmanager
async def _connections(settings: Settings) -> AsyncIterator[_Around]:
    """Connections to the systems around, closed at the end; nothing is asked yet."""
    registries = Registries(
        [
            Access(
                one.host,
                one.username,
                one.token.get_secret_value(),
                one.plain_http,
                one.ca_file,
                one.address,
            )
            for one in settings.registries
        ]
    )
    jiras = [
        Jira(one.url, one.token.get_secret_value(), one.email, one.projects)
        for one in settings.jira
    ]
    githubs = [GitHub(one.url, _access(one)) for one in settings.github]
    gitlabs = [GitLab(one.url, one.token.get_secret_value()) for one in settings.gitlab]
    shown = {
        one.url: JiraDeployments(one.url, one.client_id, one.client_secret.get_secret_value())
        for one in settings.jira
        if one.client_id
    }
    told = [
        Place(f"jira/{one.url}", one.comment_in, jira, None, shown.get(one.url), one.labels)
        for one, jira in zip(settings.jira, jiras, strict=True)
    ]
    told += [
        Place(f"github/{one.url}", one.comment_in, github, github, None, one.labels)
        for one, github in zip(settings.github, githubs, strict=True)
    ]
    told += [
        Place(f"gitlab/{one.url}", one.comment_in, gitlab, gitlab, None, one.labels)
        for one, gitlab in zip(settings.gitlab, gitlabs, strict=True)
    ]
    async with contextlib.AsyncExitStack() as stack:
        closing = [registries.close, *(each.close for each in jiras)]
        closing += [*(each.close for each in githubs), *(each.close for each in gitlabs)]
        closing += [each.close for each in shown.values()]
        for close in closing:
            stack.push_async_callback(close)
        yield _Around(
            registries if settings.registries else None,
            (*jiras, *githubs, *gitlabs),
            (*githubs, *gitlabs),
            tuple(told),
        )


def _access(host: GitHubHost) -> str | AppKey:
    key = host.private_key.get_secret_value()
    return AppKey(host.app_id, key) if key else host.token.get_secret_value()


def _is_production(in_force: InForce, environment: str) -> bool:
    known = in_force.catalog.environments.get(environment)
    return known is not None and known.kind is EnvironmentKind.PROD


def _code(settings: Settings) -> adapter.GitRepositories:
    """Repositories of code, of which only the history is read: apart, so that promotions never
    wait for a large one."""
    return adapter.GitRepositories(
        settings.data_dir / "histories",
        tuple(_credentials(settings)),
        timeout=HISTORY_TIMEOUT_S,
        processes=4,
        contents_too=False,
    )


def _credentials(settings: Settings) -> Iterator[credentials.Credentials]:
    for each in settings.git_credentials:
        yield credentials.Credentials(
            url=each.url,
            username=each.username,
            token=each.token.get_secret_value(),
            ssh_key=each.ssh_key,
            known_hosts=each.known_hosts,
            ca_file=each.ca_file,
        )


def _source(settings: Settings, git: adapter.GitRepositories) -> configuring.Source | None:
    if not settings.config:
        return None
    place = Path(settings.config).expanduser()
    if "://" not in settings.config and place.exists() and not _is_bare(place):
        return configuring.FolderSource(place.resolve())
    return configuring.GitSource(repositories.address(settings.config), git)


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
    engine: assembly.Engine,
    kept: Sequence[adapter.GitRepositories],
    resolver: Resolver,
    teller: telling.Teller,
) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(resolver.run(), name="resolver"),
        asyncio.create_task(teller.run(), name="teller"),
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


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the whole process has one place for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _listening(settings: Settings, needs: parts.Parts) -> AsyncIterator[str]:
    bound = _bind(settings)
    port = bound.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app.create(needs),
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        yield settings.public_url or _local(settings.host, port)
    finally:
        server.should_exit = True
        await serving


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise CannotStart(
            f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}. "
            "Give another --port, or stop what listens there."
        ) from None
    return bound
