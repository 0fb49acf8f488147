"""A small process beside a runner: when the runner dies, it ends its steps and their folders.

It reads from a pipe that the runner holds open and never writes to. The end of the pipe is the end
of the runner, however it came. Started as a program, with the standard library alone.
"""

import os
import shutil
import signal
import sys

GRACE = 2.0


def main() -> None:
    """`keeper.py MARK FOLDER`: wait for the end of standard input, then sweep."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 # no pathlib: it starts in half the time
    import descendants  # type: ignore[import-not-found] # beside this file, not in a package

    mark, folder = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    descendants.sweep(mark, GRACE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
