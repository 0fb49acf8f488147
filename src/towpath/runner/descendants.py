"""Finding and ending what a step has started, wherever it went.

Every process of a step carries a mark in its environment, which its children inherit: those that
left the group and the session (double fork, `setsid`) are found by it. Linux only, by `/proc`;
elsewhere the process group is all that is known. Not found is a process that both left the
session and emptied its environment.

Runs with the standard library alone: the keeper imports it without the rest of Towpath.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator

MARK = "TOWPATH_STEP_MARK"
_PROC = "/proc"


def end_all(mark: str, group: int, number: int) -> bool:
    """Send the signal to the group and to all that carry the mark. Whether any was there."""
    found = False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        found = True
    for pid in marked(mark, above=group, session=group):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
            found = True
    return found


def marked(mark: str, above: int = 0, session: int = -1) -> Iterator[int]:
    """Living processes that carry a mark that begins so, or belong to the session.

    Those below came after it, so that of thousands of processes few are looked at.
    """
    try:
        names = os.listdir(_PROC)  # noqa: PTH208 # the fastest way, and it is asked at every step
    except OSError:
        return
    wanted = f"{MARK}={mark}".encode()
    least = 0 if _was_wrapped(above) else above
    own = os.getpid()
    for name in names:
        if not name.isdigit() or int(name) <= least or int(name) == own:
            continue
        if _carries(name, wanted) or _session(name) == session:
            yield int(name)


def _was_wrapped(above: int) -> bool:
    """Whether process numbers began anew since that process: then a number says nothing."""
    try:
        return above > 0 and int(_read("loadavg").split()[-1]) < above
    except (OSError, ValueError, IndexError):
        return True


def _carries(pid: str, wanted: bytes) -> bool:
    try:
        environment = _read(f"{pid}/environ")
    except OSError:
        return False
    return environment.startswith(wanted) or b"\0" + wanted in environment


def _session(pid: str) -> int:
    try:
        state, _, _, session = _read(f"{pid}/stat").rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):
        return -2
    return -2 if state == b"Z" else int(session)


def _read(name: str) -> bytes:
    with open(f"{_PROC}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 # as above
        return file.read()


def halt(mark: str) -> None:
    """Let everything that carries a mark that begins so stand still, what just began included."""
    halted: set[int] = set()
    for _ in range(1000):  # a fork bomb may win: then the machine has other troubles
        come = set(marked(mark)) - halted
        if not come:
            return
        _send(come, signal.SIGSTOP)
        halted |= come


def go_on(mark: str) -> None:
    """Let what was halted go on."""
    _send(marked(mark), signal.SIGCONT)


def sweep(mark: str, grace: float) -> None:
    """End everything that carries a mark that begins so: asked first, then killed."""
    until = time.monotonic() + grace
    number = signal.SIGTERM
    for _ in range(1000):  # as above
        pids = list(marked(mark))
        if not pids:
            return
        _send(pids, number)
        _send(pids, signal.SIGCONT)  # who was halted hears nothing else but the last word
        time.sleep(0.05)
        if time.monotonic() >= until:
            number = signal.SIGKILL


def _send(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
