"""Real processes of Towpath: started, killed, paused and woken by their id, and no others."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOWPATH = str(Path(sys.executable).with_name("towpath"))
RESTART_AFTER_S = 0.3
LAST_WORDS_S = 60.0


@dataclass
class Journal:
    """What was done when, in seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        self.lines.append(f"{time.monotonic() - self.began:7.2f} {words}")


@dataclass
class Slot:
    """A place for one process of Towpath at a time; one that ends by itself is started again.

    `excused` says whether a process may end by itself just now (its database is away).
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    folder: Path
    journal: Journal
    excused: Callable[[], bool]
    process: asyncio.subprocess.Process | None = None
    started: int = 0
    killed: int = 0
    unexplained: list[str] = field(default_factory=list)
    _wanted: bool = False
    _keeping: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        there = self.process is not None and self.process.returncode is None
        return self.process.pid if there and self.process else None

    @property
    def worker(self) -> str:
        """The name under which the process takes looks, as Towpath makes it by default."""
        return f"{socket.gethostname()}-{self.pid or 'gone'}"

    def is_pushing(self) -> bool:
        """Whether a git of the process is pushing."""
        return self.pid is not None and any(
            b"push" in _command(each) for each in descendants(self.pid)
        )

    async def start(self) -> None:
        """Start the process, and keep it running until it is killed or stopped."""
        self._wanted = True
        with self.log.open("ab") as log:
            log.write(f"--- start {self.started + 1}\n".encode())
            self.process = await asyncio.create_subprocess_exec(
                TOWPATH,
                *self.arguments,
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started += 1
        keeping = asyncio.create_task(self._keep(self.process))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if not self._wanted:
            return
        words = f"{self.name} ended by itself with {code}"
        self.journal.note(words)
        if not self.excused():
            self.unexplained.append(words)
        await asyncio.sleep(RESTART_AFTER_S)
        if self._wanted and self.process is process:  # nobody else did meanwhile
            await self.start()

    async def answers(self) -> bool:
        """Whether somebody listens on its port (workers have none)."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def kill(self, *, whole_tree: bool) -> None:
        """SIGKILL: the process alone, as for want of memory, or with all it started."""
        pid = self.pid
        self._wanted = False
        if pid is None or self.process is None:
            return
        doomed = [pid, *(descendants(pid) if whole_tree else ())]
        for each in doomed:
            _signal(each, signal.SIGKILL)
        await self.process.wait()
        self.killed += 1

    def pause(self) -> bool:
        """SIGSTOP; False if there is no process."""
        return self.pid is not None and _signal(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        if self.pid is not None:
            _signal(self.pid, signal.SIGCONT)

    async def stop(self) -> None:
        """End it as a supervisor does: SIGTERM, and SIGKILL for one that does not obey."""
        self._wanted = False
        if self.pid is None or self.process is None:
            return
        self.wake()
        _signal(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self.process.wait()
        except TimeoutError:
            self.unexplained.append(f"{self.name} did not stop within {LAST_WORDS_S} s of SIGTERM")
            await self.kill(whole_tree=True)
        await asyncio.gather(*self._keeping)  # none is left that would start another

    def last_words(self, lines: int = 40) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and that these started (Linux)."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, left = [], [pid]
    while left:
        below = [c for c in children.get(left.pop(), []) if not _is_far_side(_command(c))]
        found += below
        left += below
    return found


def _is_far_side(command: bytes) -> bool:
    """A remote is on another machine, as it were: its processes do not die with ours."""
    return b"receive-pack" in command or b"upload-pack" in command


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # it ended meanwhile


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            yield int(entry.name), int(stat.rpartition(")")[2].split()[1])
