"""Lock files that a killed process left in a mirror: told from those in use by their age, removed.

git and libgit2 make `REFERENCE.lock` while they move a reference, for milliseconds. Whoever dies in
that moment leaves it behind, and nobody could fetch into the mirror ever after.
"""

import logging
import re
import time
from pathlib import Path

STALE_AFTER_S = 15.0
_NAMED = re.compile(r"(?:lock file|unable to create) '(?P<path>[^'\n]+\.lock)'", re.IGNORECASE)

log = logging.getLogger(__name__)


class Locked(Exception):  # noqa: N818
    """A reference of the mirror is locked, by somebody at work or by somebody dead."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there")
        self.path = path


def named_in(complaint: str) -> Locked | None:
    """The lock that git or libgit2 complains of on this machine, if that is the trouble."""
    for line in complaint.splitlines():
        if not line.startswith("remote:") and (found := _NAMED.search(line)):
            return Locked(Path(found["path"]))
    return None


def removed_if_stale(locked: Locked, mirror: Path) -> bool:
    """Whether the lock is gone: it was given back, or it was old and is removed now."""
    try:
        path = locked.path.resolve()
        if not path.is_relative_to(mirror.resolve()):
            return False
        if time.time() - path.stat().st_mtime < STALE_AFTER_S:
            return False
        path.unlink()
    except FileNotFoundError:
        return True
    log.warning("removed %s, which a process that is gone had left behind", path)
    return True
