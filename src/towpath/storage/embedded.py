"""The database that comes with the product: a PostgreSQL server of our own for one data folder.

Starts it, finds it again after a crash, restarts it when it dies, and stops it, safe from the
other users of the machine: no TCP, a private socket, and only the user who started it may log in
(`peer`), so there is no password to keep or to leak. Must not know what the database holds.

Two things are ours and not `pg_ctl`'s: whose server it is (a `flock` on the data folder, and the
socket's process as the kernel tells it) and whether it serves (a query); its pid file can name
anybody after a crash. As root the server runs as another account. That account may be unable to
enter the folders above the data: no mode is changed for it and the data stays where the user put
it (anywhere else it would be lost with a container); the server is started inside its folder and
calls it /proc/self/cwd, which needs no way through the folders above.
"""

import asyncio
import errno
import logging
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from towpath.storage import embedded_account as accounts
from towpath.storage import embedded_binaries as binaries
from towpath.storage import embedded_files as files
from towpath.storage import embedded_plan as plans
from towpath.storage import embedded_process as processes
from towpath.storage.embedded_errors import EmbeddedError

__all__ = ["Embedded", "EmbeddedError", "EmbeddedServer", "known_url", "running"]

START_DEADLINE = 60.0
STOP_DEADLINE = 30.0
# PostgreSQL itself kills its children 5 s after SIGQUIT.
QUIT_PATIENCE = 7.0
KILL_PATIENCE = 5.0
PROBE_DEADLINE = 10.0
READY_POLL = 0.02
TICK = 5.0
FIRST_DELAY = 0.1
LAST_DELAY = 10.0
# A server that lived this long did not die of its start; the next restart waits little again.
LONG_LIFE = 30.0
STILL_IN_USE = "pre-existing shared memory block"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that answered a query.

    `url` is for the ordinary role, `admin_url` for the superuser; both stay the same when the
    server is restarted, `pid` does not. `adopted` tells that it was running already.
    """

    url: str
    admin_url: str
    data: Path
    pid: int
    adopted: bool


class Embedded:
    """Looks after the server of one data folder; one owner at a time, held by a lock.

    `server` is the running one or None; `trouble` is why it could not be started again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        start_deadline: float = START_DEADLINE,
        stop_deadline: float = STOP_DEADLINE,
        settings: Mapping[str, str] | None = None,
        shelter: Path = binaries.SHELTER,
    ) -> None:
        """Keep the wishes; nothing happens before `start`.

        Deadlines are in seconds. `settings` are PostgreSQL's and go over ours. `shelter` is where
        root keeps a copy of the programs if the server's account cannot reach the installed ones.
        """
        self.server: EmbeddedServer | None = None
        self.trouble: EmbeddedError | None = None
        self._where = files.Layout(folder)
        self._start_deadline = start_deadline
        self._stop_deadline = stop_deadline
        self._settings = {**plans.SETTINGS, **(settings or {})}
        self._shelter = shelter
        self._turn = asyncio.Lock()
        self._lock: int | None = None
        self._process: processes.ServerProcess | None = None

    async def start(self) -> EmbeddedServer:
        """Take the data folder and start its server, or find it running; EmbeddedError if not."""
        async with self._turn:
            if self._lock is not None:
                raise RuntimeError("this Embedded is started already")
            with _translated(self._where.folder):
                self._where = files.layout(self._where.folder)
                self._lock = files.take_lock(self._where)
            try:
                return await self._up()
            except BaseException:
                self._let_go()
                raise

    async def ensure(self) -> EmbeddedServer:
        """Return the server if it answers, else start it again; only between start and stop."""
        async with self._turn:
            if self._lock is None:
                raise RuntimeError("start this Embedded first")
            return await self._up()

    async def watch(self) -> None:
        """Start the server again whenever it died, until cancelled.

        Waits longer after each failure, up to `LAST_DELAY` seconds, and never gives up: a full
        disk gets space again.
        """
        loop, delay = asyncio.get_running_loop(), FIRST_DELAY
        while True:
            since = loop.time()
            await self._gone()
            delay = FIRST_DELAY if loop.time() - since > LONG_LIFE else delay
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY)
            try:
                await self.ensure()
            except EmbeddedError as error:
                logger.warning("The database is away: %s", error)

    async def stop(self) -> None:
        """Stop the server (waiting for what it writes, not for its clients) and let go."""
        async with self._turn:
            try:
                if self._process is not None:
                    await self._end(self._process)
            finally:
                self._let_go()

    def _let_go(self) -> None:
        self.server = self._process = None
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    async def _gone(self) -> None:
        """Return when there is no server: it ended, or lost its socket and had to be stopped."""
        if (process := self._process) is None:
            return
        ended = asyncio.ensure_future(process.wait())
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=TICK)
                self._tidy()
                if not ended.done() and not files.has_socket(self._where):
                    logger.warning("The database lost its socket and is started again")
                    await self._end(process)
        finally:
            ended.cancel()
        logger.warning("The database server (process %d) ended", process.pid)

    def _tidy(self) -> None:
        try:
            files.bound_log(self._where)
        except OSError as error:
            logger.warning("The log of the database cannot be kept small: %s", error)

    async def _up(self) -> EmbeddedServer:
        self.server = None
        try:
            with _translated(self._where.folder):
                async with asyncio.timeout(self._start_deadline):
                    self.server = await self._find_or_launch()
        except EmbeddedError as error:
            self._process, self.trouble = None, error
            raise
        self.trouble = None
        return self.server

    async def _find_or_launch(self) -> EmbeddedServer:
        where = self._where
        plans.check_version(where)
        account = accounts.choose(where.data)
        programs = await self._runnable(account)
        if not where.data.exists():
            await self._initialise(account, programs)
        sockets = files.socket_folder(where, account)
        plan = plans.plan(where, account, programs, sockets, self._settings)
        files.write_private(where.data / "pg_hba.conf", plans.HBA, account)
        files.write_private(where.data / "pg_ident.conf", plans.ident(account), account)
        self._tidy()
        adopted = await self._adopt(plan)
        process = await self._launch(plan) if adopted is None else self._same(adopted)
        try:
            await self._prepare(sockets)
            files.write_private(where.url, files.url(sockets) + "\n")
        except BaseException:
            await self._end(process)
            raise
        self._process = process
        return EmbeddedServer(
            url=files.url(sockets),
            admin_url=files.url(sockets, role=files.SUPERUSER, database="postgres"),
            data=where.data,
            pid=process.pid,
            adopted=adopted is not None,
        )

    async def _runnable(self, account: accounts.Account) -> binaries.Binaries:
        """Return programs the account can run: the installed ones, or a copy made by root."""
        shipped = binaries.shipped()
        if not account.switched or await _runs(shipped, account):
            return shipped
        refused: list[str] = []
        for place in (self._shelter, Path(tempfile.gettempdir()) / "towpath-programs"):
            try:
                copy = await asyncio.to_thread(binaries.sheltered, shipped, place)
            except (OSError, EmbeddedError) as error:
                refused.append(f"no copy in {place}: {error}")
                continue
            if await _runs(copy, account):
                return copy
            refused.append(f"nor the copy in {place}")
        raise accounts.no_unprivileged_user(
            f"the account with the id {account.uid} cannot run {shipped.postgres} "
            f"({'; '.join(refused)})"
        )

    async def _initialise(self, account: accounts.Account, programs: binaries.Binaries) -> None:
        """Make a new database, whole or not at all."""
        where = self._where
        files.discard_unfinished(where)
        files.make_private_folder(where.unfinished, account)
        arguments = plans.initdb(account, where.unfinished, self._settings)
        code, said = await _run(account, programs.initdb, *arguments, cwd=where.unfinished)
        if code:
            failure = self._failure(said)
            files.discard_unfinished(where)
            raise failure
        files.finish(where)

    async def _adopt(self, plan: plans.Plan) -> processes.Adopted | None:
        """Return the server that already runs on the folder; stop one that is not to the plan."""
        recorded = files.recorded_socket_folder(self._where)
        for sockets in dict.fromkeys((recorded or plan.sockets, plan.sockets)):
            pid = processes.listening(sockets, self._where)
            if pid is None:
                continue
            process = processes.Adopted(pid)
            if sockets == plan.sockets and await _is_to_plan(plan):
                return process
            logger.warning("An old database server (process %d) is stopped", pid)
            await self._end(process)
        return None

    def _same(self, adopted: processes.Adopted) -> processes.ServerProcess:
        """Return our own child if that is what was found running."""
        ours = self._process
        return ours if ours is not None and ours.pid == adopted.pid else adopted

    async def _launch(self, plan: plans.Plan) -> asyncio.subprocess.Process:
        files.forget_dead_server(self._where, plan.sockets)
        attempt = 0
        while True:
            offset = files.log_size(self._where)
            process = await self._spawn(plan)
            try:
                if await _answers(process, plan):
                    return process
            except BaseException:
                await self._end(process)
                raise
            said = files.log_since(self._where, offset)
            if STILL_IN_USE not in said:
                raise self._failure(said)
            attempt += 1
            await self._clear_left_over(attempt)

    async def _spawn(self, plan: plans.Plan) -> asyncio.subprocess.Process:
        log = files.open_log(self._where)
        try:
            return await asyncio.create_subprocess_exec(
                *plan.arguments,
                cwd=self._where.data,
                env=ENVIRONMENT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                # Ctrl-C in a terminal is for us, who stop the server after its clients.
                start_new_session=True,
                **plan.account.switch(),
            )
        finally:
            os.close(log)

    async def _clear_left_over(self, attempt: int) -> None:
        """Make processes of a dead server end, which mostly do so by themselves at once."""
        await asyncio.sleep(0.1)
        if attempt < 5:
            return
        number = signal.SIGQUIT if attempt < 20 else signal.SIGKILL
        for pid in processes.left_over(self._where.data):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def _end(self, process: processes.ServerProcess) -> None:
        """Stop a server: fast, then at once, then by force."""
        for number, patience in (
            (signal.SIGINT, self._stop_deadline),
            (signal.SIGQUIT, QUIT_PATIENCE),
            (signal.SIGKILL, KILL_PATIENCE),
        ):
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await process.wait()
                return
        logger.error("The database server (process %d) does not end", process.pid)

    async def _prepare(self, sockets: Path) -> None:
        """Make the ordinary role and its database, unless an earlier start came so far."""
        role, database = sql.Identifier(files.ROLE), sql.Identifier(files.DATABASE)
        try:
            async with await processes.connect(sockets) as connection:
                found = await connection.execute(
                    "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s),"
                    " EXISTS (SELECT FROM pg_database WHERE datname = %s)",
                    (files.ROLE, files.DATABASE),
                )
                has_role, has_database = await found.fetchone() or (False, False)
                if not has_role:
                    await connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
                if not has_database:
                    await connection.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role)
                    )
        except psycopg.Error as error:
            raise self._failure(str(error)) from error

    def _failure(self, said: str) -> EmbeddedError:
        """Say why the server did not come, from what it said."""
        where = self._where
        if (sign := files.full_disk_sign(where.folder, said)) is not None:
            return files.disk_full(where.folder, sign)
        return EmbeddedError(
            "cannot_start",
            f"The embedded PostgreSQL in {where.data} did not start. Mend what it complains of "
            f"(more may be in {where.log}) and start again. The end of what it said:\n{said}",
        )


@asynccontextmanager
async def running(
    data_dir: Path,
    *,
    start_deadline: float = START_DEADLINE,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[EmbeddedServer]:
    """Have the server of a data folder while the block runs; restarted if it dies, then stopped.

    `start_deadline` is in seconds, `settings` are PostgreSQL's. Raises EmbeddedError if the
    server cannot be had.
    """
    embedded = Embedded(data_dir, start_deadline=start_deadline, settings=settings)
    server = await embedded.start()
    watching = asyncio.create_task(embedded.watch())
    try:
        yield server
    finally:
        watching.cancel()
        try:
            await asyncio.wait({watching})
            if not watching.cancelled() and (error := watching.exception()):
                logger.error("Nobody watched the database any more", exc_info=error)
        finally:
            await embedded.stop()


def known_url(data_dir: Path) -> str:
    """Return the URL of a data folder's server for another process of the same user.

    Does not ask whether it runs now. Raises EmbeddedError `not_prepared`.
    """
    try:
        return files.Layout(data_dir).url.read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            "not_prepared",
            f"No database is known in {data_dir} ({error}). "
            "Run `towpath serve` with this data folder first, as the same user.",
        ) from None


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn what a call on a file raised, and the end of patience, into our error."""
    try:
        yield
    except TimeoutError:
        raise EmbeddedError(
            "cannot_start",
            f"The embedded PostgreSQL in {folder} was not ready in time. "
            f"Look into {folder / 'postgres.log'}, or give it more time.",
        ) from None
    except OSError as error:
        raise files.trouble(error, folder) from error


async def _is_to_plan(plan: plans.Plan) -> bool:
    """Whether the running server answers and was started like this, once it is not changing."""
    while (answer := await processes.ask(plan.sockets)).changing:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(processes.POLL)
    return answer.cluster == plan.cluster


async def _answers(process: asyncio.subprocess.Process, plan: plans.Plan) -> bool:
    """Wait until the server answers (true) or has ended (false)."""
    while process.returncode is None:
        if files.is_socket(plan.sockets):
            answer = await processes.ask(plan.sockets)
            if answer.cluster == plan.cluster:
                return True
        await asyncio.sleep(READY_POLL)
    return False


async def _runs(programs: binaries.Binaries, account: accounts.Account) -> bool:
    """Try whether the account can run initdb, which needs the most: its way, and a library.

    Raises EmbeddedError `no_unprivileged_user` if we may not become that account at all.
    """
    try:
        async with asyncio.timeout(PROBE_DEADLINE):
            code, _ = await _run(account, programs.initdb, "--version", cwd=Path("/"))
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EINVAL):
            raise accounts.no_unprivileged_user(
                f"this process may not become the user id {account.uid} ({error}; in a container: "
                "are the capabilities SETUID and SETGID dropped?)"
            ) from error
        return False
    return code == 0


async def _run(
    account: accounts.Account, program: Path, *arguments: str, cwd: Path
) -> tuple[int, str]:
    """Run a program to its end; its exit code and what it said. Cancelling ends it."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        *arguments,
        cwd=cwd,
        env=ENVIRONMENT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        umask=0o077,
        start_new_session=True,
        **account.switch(),
    )
    try:
        said, _ = await process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return process.returncode or 0, said.decode(errors="replace")
