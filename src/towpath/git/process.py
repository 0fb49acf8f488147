"""The only place that starts git.

A git process has a group of its own, a deadline, and a bound on what it may say; whatever ends
the waiting (deadline, cancellation) ends the whole group, transports and all. Must not know what
is asked of git, nor what an answer means.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_OUTPUT = 64 * 1024 * 1024
MAX_COMPLAINT = 64 * 1024
_CHUNK = 64 * 1024
Feed = Callable[[bytes], None]
_LAST_WORDS = 5.0


class Overdue(Exception):  # noqa: N818
    """The process did not end before its deadline, and was ended with its group."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a git process ended. `truncated`: it said more than `MAX_OUTPUT` bytes."""

    code: int
    output: bytes
    complaint: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """Starts git in a folder. `at_once` bounds how many of its processes run together."""

    at_once: asyncio.Semaphore

    async def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        deadline: float,
        feed: Feed | None = None,
    ) -> Finished:
        """Run `git ARGUMENTS…` for `deadline` seconds at most. Raises `Overdue`, `OSError`.

        The time spent waiting for a place among `at_once` is not counted. With `feed`, what the
        process says is given there piece by piece while it goes on, and is not kept.
        """
        async with self.at_once:
            return await _run(arguments, folder, environment, deadline, feed)


async def _run(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    deadline: float,
    feed: Feed | None,
) -> Finished:
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(deadline):
            return await _answer(process, feed)
    except TimeoutError:
        raise Overdue(f"no answer within {deadline:g} s") from None
    finally:
        await _end(process)


async def _answer(process: asyncio.subprocess.Process, feed: Feed | None) -> Finished:
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaint, code = await asyncio.gather(
        _drain(process.stdout, MAX_OUTPUT, feed),
        _drain(process.stderr, MAX_COMPLAINT),
        process.wait(),
    )
    text = complaint[0].decode("utf-8", "replace")
    return Finished(code, output[0], text, truncated=output[1])


async def _drain(
    stream: asyncio.StreamReader, bound: int, feed: Feed | None = None
) -> tuple[bytes, bool]:
    """Everything up to `bound` bytes; the rest is read too, so that nobody blocks, and dropped."""
    kept = bytearray()
    truncated, length = False, 0
    while chunk := await stream.read(_CHUNK):
        room = bound - length
        truncated = truncated or len(chunk) > room
        length += len(chunk)
        if feed is not None and not truncated:
            feed(chunk)
        elif feed is None and room > 0:
            kept += chunk[:room]
    return bytes(kept), truncated


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await asyncio.shield(process.wait())
