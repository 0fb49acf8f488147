"""The only place of the runner that starts processes.

One process for each execution, in a session of its own, without input, in a clean environment and
a folder of its own; its output goes on while it runs, and it ends, with all it started, when it is
told to, when its time is over, or when it is done. Knows nothing of workflows.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from towpath.runner import descendants
from towpath.runner.mistakes import Mistake

_CHUNK = 64 * 1024
_LAST_WORDS = 2.0
_ROUNDS = 100  # some processes cannot be killed: those that wait for a disk that is gone

Write = Callable[[bytes], Awaitable[None]]


class Overdue(Exception):  # noqa: N818
    """The process did not end in its time, and was ended."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: what, where, with what environment, under which mark.

    `own` is the folder that nobody else is in, by its real path.
    """

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    mark: str
    own: Path
    brought_by: str = ""

    @property
    def program(self) -> str:
        """The program's path on this machine. Raises `Mistake`."""
        name = self.argv[0]
        path = self.environment.get("PATH", os.defpath)
        found = shutil.which(name, path=path)
        if found is None and name.startswith("/"):  # where an image has it, this machine may not
            found = shutil.which(name.rpartition("/")[2], path=path)
        if found is None:
            image = f"; the image {self.brought_by} is not pulled here" if self.brought_by else ""
            raise Mistake(
                f"`{name}` is no program on this machine{image}: install it, or name another"
            )
        return found


async def run(
    command: Command, output: Write, complaint: Write, seconds: float, grace: float
) -> int:
    """Run to the end; the exit code, 128 and more for a signal. Raises `Mistake`, `Overdue`."""
    process, streams = await _start(command)
    reading = asyncio.gather(_pass_on(streams[0], output), _pass_on(streams[1], complaint))
    try:
        try:
            async with asyncio.timeout(seconds):
                code = await process.wait()
        except TimeoutError:
            await _terminate(process, command, grace)
            raise Overdue from None
        except asyncio.CancelledError:
            await _terminate(process, command, grace)
            raise
    finally:
        await _kill(command, process.pid)
        await _last_words(reading, streams)
    return code if code >= 0 else 128 - code


async def _start(command: Command) -> "tuple[asyncio.subprocess.Process, list[_Stream]]":
    async with _pipes() as (ours, theirs):
        try:
            process = await asyncio.create_subprocess_exec(
                command.program,
                *command.argv[1:],
                cwd=command.folder,
                env={**command.environment, descendants.MARK: command.mark},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs[0],
                stderr=theirs[1],
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            raise Mistake(_why_not(command, problem)) from None
        try:
            return process, [await _Stream.opened(ours.pop(0)), await _Stream.opened(ours.pop(0))]
        except BaseException:  # called off in this moment: nobody else knows of it yet
            _end_all(command, process.pid, signal.SIGKILL)
            raise


def _why_not(command: Command, problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.errno == errno.E2BIG:
        size = sum(map(len, command.argv)) + sum(map(len, command.environment.values()))
        return (
            f"its arguments and environment ({size} characters) are more than this machine "
            "passes to a process (128 KiB for one, some MiB for all): give large values in a "
            "script's source"
        )
    why = getattr(problem, "strerror", None) or str(problem)
    return f"`{command.argv[0]}` cannot be started in {command.folder}: {why}"


@contextlib.asynccontextmanager
async def _pipes() -> AsyncIterator[tuple[list[int], list[int]]]:
    """Two pipes of our own, so that a child that keeps them open does not hide the end."""
    pairs = [os.pipe(), os.pipe()]
    ours, theirs = [read for read, _ in pairs], [write for _, write in pairs]
    try:
        yield ours, theirs
    finally:
        for end in (*ours, *theirs):
            os.close(end)


class _Stream:
    """The reading end of a pipe."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self.reader, self._transport = reader, transport
        self.is_handing_on = False

    @classmethod
    async def opened(cls, end: int) -> "_Stream":
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        file = os.fdopen(end, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), file
        )
        return cls(reader, transport)

    def close(self) -> None:
        self._transport.close()


async def _pass_on(stream: _Stream, write: Write) -> None:
    while chunk := await stream.reader.read(_CHUNK):
        stream.is_handing_on = True
        await write(chunk)
        stream.is_handing_on = False


def _end_all(command: Command, group: int, number: int) -> bool:
    return descendants.end_all(command.mark, str(command.own), group, number)


async def _kill(command: Command, group: int) -> None:
    """Kill what is left, and what that began while it was looked for."""
    for _ in range(_ROUNDS):
        if not _end_all(command, group, signal.SIGKILL):
            return
        await asyncio.sleep(0.01)


async def _terminate(process: asyncio.subprocess.Process, command: Command, grace: float) -> None:
    """Ask it to end, and wait; whoever calls kills what is left."""
    _end_all(command, process.pid, signal.SIGTERM)
    _end_all(command, process.pid, signal.SIGCONT)  # who was halted hears it only now
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await process.wait()
            while any(  # noqa: ASYNC110 # nothing tells of their end
                descendants.found_by(command.mark, str(command.own), process.pid, process.pid)
            ):
                await asyncio.sleep(0.02)  # nothing tells of their end


async def _last_words(
    reading: asyncio.Future[tuple[None, None]], streams: Sequence["_Stream"]
) -> None:
    """What was still in the pipes, however long its log takes to keep it.

    A process that could not be ended is not waited for.
    """
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=_LAST_WORDS)
            if not any(stream.is_handing_on for stream in streams):
                break
    finally:
        reading.cancel()
        for stream in streams:
            stream.close()
    (said,) = await asyncio.gather(reading, return_exceptions=True)
    if isinstance(said, Exception):
        raise said
