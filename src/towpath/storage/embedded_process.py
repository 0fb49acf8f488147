"""Who is behind the socket: ask a server, and hold one we did not start ourselves.

Believes the kernel and `SELECT 1`, never a process id in a file. Must not start a process.
"""

import asyncio
import os
import signal
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.rows import TupleRow

from towpath.storage import embedded_files as files

POLL = 0.2
ASK_DEADLINE = 3.0
_PROC = Path("/proc")


class ServerProcess(Protocol):
    """What we need from the server's process; asyncio's own Process has it too."""

    @property
    def pid(self) -> int:
        """The process id."""

    async def wait(self) -> Any:
        """Return when the process has ended."""

    def send_signal(self, signal: int, /) -> None:
        """Send a signal; ProcessLookupError when it has ended."""


class Adopted:
    """A running server that an earlier process of ours has left behind."""

    def __init__(self, pid: int) -> None:
        """Hold the process; a descriptor of it (Linux) cannot come to mean another one."""
        self.pid = pid
        self._descriptor = _pidfd(pid)

    async def wait(self) -> None:
        """Return when the process has ended."""
        if self._descriptor is None:
            while _exists(self.pid):  # noqa: ASYNC110 - the kernel tells no other way
                await asyncio.sleep(POLL)
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        # A copy for each call: the loop knows a reader by its descriptor, one reader each.
        watched = os.dup(self._descriptor)
        loop.add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)

    def send_signal(self, number: int, /) -> None:
        """Send a signal; ProcessLookupError when it has ended."""
        if self._descriptor is None:
            os.kill(self.pid, number)
        else:
            signal.pidfd_send_signal(self._descriptor, number)

    def __del__(self) -> None:
        """Give the descriptor back."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def _pidfd(pid: int) -> int | None:
    with suppress(AttributeError, OSError):  # not on macOS, nor on every kernel
        return os.pidfd_open(pid)
    return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def listening(sockets: Path, where: files.Layout) -> int | None:
    """Return the id of the process that listens on the socket, None if nobody does.

    Raises EmbeddedError `data_folder_in_use` if it is not a server on this very folder, or is out
    of our reach (in another container).
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(1)
    with client:
        try:
            client.connect(os.fsencode(sockets / files.SOCKET_NAME))
        except OSError:  # nobody there, or stuck: the launch of a new one deals with those
            return None
        pid = _listener(client, where.data)
        if pid == 0:
            raise files.in_use(where.folder, "a server in another container")
        if not _is_ours(pid, where.data):
            raise files.in_use(where.folder, f"process {pid} listening in {sockets}")
    return pid


def _listener(client: socket.socket, data: Path) -> int:
    """Ask the kernel who listens; 0 is a process outside of our process namespace (unix(7))."""
    kind = getattr(socket, "SO_PEERCRED", None)
    if kind is None:  # macOS
        return _written_pid(data)
    told = client.getsockopt(socket.SOL_SOCKET, kind, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", told)[0]
    return pid


def _written_pid(data: Path) -> int:
    try:
        return int((data / "postmaster.pid").read_text().partition("\n")[0])
    except (OSError, ValueError):
        return 0


def works_in(pid: int, data: Path) -> bool:
    """Whether the kernel shows the process as a server on this very folder, inside which it works.

    PermissionError where it may not show that: to root in a container without SYS_PTRACE.
    """
    try:
        there, here = (_PROC / str(pid) / "cwd").stat(), data.stat()
        program = (_PROC / str(pid) / "exe").readlink().name
    except PermissionError:
        raise
    except OSError:
        return False
    same = (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
    return same and program.startswith("postgres")


def _is_ours(pid: int, data: Path) -> bool:
    """Whether a process that listens on our private socket serves this very folder.

    Where the kernel does not say, the server's pid file has to do.
    """
    with suppress(PermissionError):
        if _PROC.joinpath("self").exists():
            return works_in(pid, data)
    return _written_pid(data) == pid


def left_over(data: Path) -> list[int]:
    """Return the ids of PostgreSQL's processes on this folder, as far as the kernel shows them."""
    found: list[int] = []
    for entry in _PROC.glob("[0-9]*"):
        with suppress(PermissionError):
            if works_in(int(entry.name), data):
                found.append(int(entry.name))
    return found


async def connect(
    folder: Path, *, role: str = files.SUPERUSER, database: str = "postgres"
) -> psycopg.AsyncConnection[TupleRow]:
    """Connect to the server behind the socket in `folder`, in `ASK_DEADLINE` seconds at most."""
    async with asyncio.timeout(ASK_DEADLINE):
        return await psycopg.AsyncConnection.connect(
            host=str(folder), port=files.PORT, user=role, dbname=database, autocommit=True
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: the name it was started with, or that it comes or goes right now."""

    cluster: str | None
    changing: bool = False


async def ask(folder: Path) -> Answer:
    """Ask the server behind the socket in `folder` for its name with a query, like `SELECT 1`."""
    try:
        connection = await connect(folder)
        async with asyncio.timeout(ASK_DEADLINE), connection:
            cursor = await connection.execute("SELECT current_setting('cluster_name')")
            row = await cursor.fetchone()
    except (psycopg.Error, OSError) as error:  # TimeoutError is an OSError
        # "the database system is starting up", "… is shutting down", "… is in recovery mode":
        # the server speaks English (lc_messages), and libpq tells no code before the login.
        return Answer(None, changing="the database system is" in str(error))
    return Answer(str(row[0]) if row else None)
