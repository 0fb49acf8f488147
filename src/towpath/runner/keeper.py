"""A small process beside a runner, which outlives it: it halts steps, and ends them.

It reads from a pipe that the runner holds open. What comes there are moments until which the
runner's steps are surely its own (`time.monotonic`, a double each); when one has passed without
another, the steps stand still until there is: by then somebody else may have been given them, and
the runner may be frozen. The end of the pipe is the end of the runner, however it came: then its
steps are ended, and their folders removed. Started as a program, with the standard library alone.
"""

import math
import os
import select
import shutil
import signal
import struct
import sys
import time

GRACE = 2.0
MOMENT = struct.Struct("d")


def main() -> None:
    """`keeper.py MARK FOLDER`: keep the steps until the end of standard input, then sweep."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 # no pathlib: it starts in half the time
    import descendants  # type: ignore[import-not-found] # beside this file, not in a package

    mark, folder = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    until, halted = math.inf, False
    while True:
        left = None if halted or until == math.inf else max(0.0, until - time.monotonic())
        if not select.select([0], [], [], left)[0]:
            descendants.halt(mark, folder)
            halted = True
            continue
        said = os.read(0, 64 * MOMENT.size)
        if not said:
            break
        (until,) = MOMENT.unpack(said[-MOMENT.size :])
        if halted and until > time.monotonic():
            descendants.go_on(mark, folder)
            halted = False
    descendants.sweep(mark, folder, GRACE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
