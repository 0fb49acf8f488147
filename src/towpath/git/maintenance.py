"""Keeping a mirror small: many single objects and packs become one."""

import os
from pathlib import Path

from towpath.git import process

_MANY_PACKS = 30
_MANY_OBJECTS = 16  # in one of 256 folders: about 4,000 in all
_DEADLINE = 15 * 60


def is_due(mirror: Path) -> bool:
    """Whether a mirror has many packs or single objects."""
    objects = mirror / "objects"
    packs = sum(1 for _ in (objects / "pack").glob("*.pack"))
    sample = objects / "17"
    return packs > _MANY_PACKS or (sample.is_dir() and len(list(sample.iterdir())) > _MANY_OBJECTS)


async def run(program: process.Program, mirror: Path) -> None:
    """Pack a mirror whose lock is held.

    Commits that were built and not pushed are kept for a day. A failure changes nothing.
    """
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(mirror),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    arguments = ["-c", "pack.threads=1", "gc", "--quiet", "--prune=1.day.ago"]
    await program.run(arguments, folder=mirror, environment=environment, deadline=_DEADLINE)
