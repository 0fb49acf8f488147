"""A file system of its own, so small that a test can fill it.

Where none may be mounted, the test is skipped with a loud reason; with CI=true it fails.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(place: Path, size: str, mode: str = "0755", lazy: bool = False) -> Iterator[Path]:
    """Mount a disk of this size (`8m`) in a new or empty folder, and take it away at the end.

    A `lazy` one may still be in use then.
    """
    place.mkdir(exist_ok=True)
    options = f"size={size},mode={mode}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "towpath-test", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        place.rmdir()
        why = "a full disk needs a file system of its own, and the right to mount one"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(f"NOT TESTED: {why}")
    try:
        yield place
    finally:
        subprocess.run(["umount", *(["--lazy"] if lazy else []), str(place)], check=True)
