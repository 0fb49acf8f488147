"""Finding and ending what a step has started, wherever it went.

Every process of a step carries a mark in its environment, which its children inherit: those that
left the group and the session (double fork, `setsid`) are found by it. Daemons that write their
title over their environment (nginx, redis, gunicorn) are found by the folder that they are in,
which is the step's alone. Linux only, by `/proc`; elsewhere the process group is all that is known.
Not found is a process that left the session, its environment and the folder.

Runs with the standard library alone: the keeper imports it without the rest of Towpath.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator

MARK = "TOWPATH_STEP_MARK"
_PROC = "/proc"


def end_all(mark: str, place: str, group: int, number: int) -> bool:
    """Send the signal to the group and to all that are found. Whether any was found."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    found = False
    for pid in found_by(mark, place, above=group, session=group):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
            found = True
    return found


def found_by(mark: str, place: str, above: int = 0, session: int = -1) -> Iterator[int]:
    """Living processes that carry a mark that begins so, are in the place, or in the session.

    The place is a folder, by its real path; those below it count.
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
        if _carries(name, wanted) or _session(name) == session or _is_in(name, place):
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


def _is_in(pid: str, place: str) -> bool:
    try:
        folder = os.readlink(f"{_PROC}/{pid}/cwd")  # noqa: PTH115 # as above
    except OSError:
        return False
    return folder == place or folder.startswith(f"{place}/")


def _session(pid: str) -> int:
    try:
        state, _, _, session = _read(f"{pid}/stat").rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):
        return -2
    return -2 if state == b"Z" else int(session)


def _read(name: str) -> bytes:
    with open(f"{_PROC}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 # as above
        return file.read()


def halt(mark: str, place: str) -> None:
    """Let everything that is found stand still, what just began included."""
    halted: set[int] = set()
    for _ in range(1000):  # a fork bomb may win: then the machine has other troubles
        come = set(found_by(mark, place)) - halted
        if not come:
            return
        _send(come, signal.SIGSTOP)
        halted |= come


def go_on(mark: str, place: str) -> None:
    """Let what was halted go on."""
    _send(found_by(mark, place), signal.SIGCONT)


def sweep(mark: str, place: str, grace: float) -> None:
    """End everything that is found: asked first, then killed."""
    until = time.monotonic() + grace
    number = signal.SIGTERM
    for _ in range(1000):  # as above
        pids = list(found_by(mark, place))
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
