"""The runner's side of the keeper: started with the first step, let go when it is closed."""

import contextlib
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from towpath.runner.keeper import MOMENT

_KEEPER = Path(__file__).with_name("keeper.py")


class Keeper:
    """Owns the folder in which steps work, and the mark that their processes carry."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.folder = Path(tempfile.mkdtemp(prefix="towpath-steps-")).resolve()
        self._pid, self._pipe = _start(self.mark, self.folder)
        self._count = 0

    def trust(self, until: float) -> None:
        """Let the keeper halt all steps at that moment (`time.monotonic`), if it is not told more.

        A keeper that is gone is started anew.
        """
        try:
            os.write(self._pipe, MOMENT.pack(until))
        except BlockingIOError:
            pass  # it is frozen itself, and reads the last word when it is back
        except BrokenPipeError:
            self._let_go()
            self._pid, self._pipe = _start(self.mark, self.folder)
            os.write(self._pipe, MOMENT.pack(until))

    def next_mark(self) -> str:
        """A mark for one execution, which begins with the runner's."""
        self._count += 1
        return f"{self.mark}.{self._count}."

    def close(self) -> None:
        """Let the keeper end what is left, remove the folder and go."""
        if self._pipe < 0:
            return
        self._let_go()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _let_go(self) -> None:
        os.close(self._pipe)
        self._pipe = -1
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _start(mark: str, folder: Path) -> tuple[int, int]:
    """The keeper's process id, and the end of the pipe that keeps it waiting."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    actions = [
        (os.POSIX_SPAWN_DUP2, read, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    command = [sys.executable, "-I", "-S", str(_KEEPER), mark, str(folder)]
    try:
        pid = os.posix_spawn(sys.executable, command, {}, file_actions=actions, setpgroup=0)
    except OSError:
        os.close(write)
        raise
    finally:
        os.close(read)
    return pid, write
