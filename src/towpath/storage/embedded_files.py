"""The files of the embedded server: who holds the data folder, where its socket and log are.

Apart from the server's life, because every rule here is about other users of the machine: no link
is followed, nothing of somebody else is used, no mode of a folder we did not make is changed.
Must not start, signal or ask a process.
"""

import errno
import fcntl
import os
import shutil
import socket
import stat
import tempfile
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from towpath.storage.embedded_account import Account
from towpath.storage.embedded_errors import EmbeddedError

SOCKET_NAME = ".s.PGSQL.5432"
PORT = 5432
ROLE = DATABASE = "towpath"
SUPERUSER = "postgres"

# sun_path holds 108 bytes with its closing zero on Linux and 104 on macOS (unix(7)).
SOCKET_PATH_LIMIT = 103
LOG_LIMIT = 10 * 1024 * 1024
# What PostgreSQL wants to write before it can serve: one WAL segment.
WAL_SEGMENT = 16 * 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)
# PostgreSQL's advice after a write that came to nothing or half of it; it names no error then.
_FULL_HINT = "Check free disk space"
_FULL_TEXT = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are below one data folder; all names start with `postgres`."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder, of the account it runs as."""
        return self.folder / "postgres"

    @property
    def unfinished(self) -> Path:
        """Where a new database is made, to be renamed when it is whole."""
        return self.folder / "postgres.new"

    @property
    def lock(self) -> Path:
        """Locked by the process that looks after the server; says which one."""
        return self.folder / "postgres.lock"

    @property
    def url(self) -> Path:
        """The URL for other processes of this user."""
        return self.folder / "postgres.url"

    @property
    def log(self) -> Path:
        """What the server says; at most `LOG_LIMIT` bytes or little more, and one older file."""
        return self.folder / "postgres.log"


def layout(folder: Path) -> Layout:
    """Make the data folder if it is missing (0700; an existing one is left as it is)."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    return Layout(folder.resolve(strict=True))


def trouble(error: OSError, where: Path) -> EmbeddedError:
    """Say what a failed call on a file means for the server."""
    if error.errno in _FULL:
        return disk_full(where, str(error))
    return EmbeddedError(
        "cannot_start",
        f"The embedded PostgreSQL cannot use {where}: {error}. "
        "Give another data folder or make this one accessible.",
    )


def disk_full(where: Path, said: str) -> EmbeddedError:
    """Say that the disk is full, with the words it was told in."""
    return EmbeddedError(
        "disk_full",
        f"The disk that holds {where} is full ({said.strip()}). "
        "Free some space; nothing that was committed is lost.",
    )


def full_disk_sign(where: Path, text: str) -> str | None:
    """Return the line of `text` that complains of a full disk, or what a trial write says.

    The trial (one WAL segment) is made because a log on the full disk cannot tell.
    """
    before = ""
    for line in text.splitlines():
        if any(sign in line for sign in _FULL_TEXT):
            return line
        if _FULL_HINT in line:
            return before
        before = line
    try:
        with tempfile.TemporaryFile(dir=where) as trial:
            os.posix_fallocate(trial.fileno(), 0, WAL_SEGMENT)
    except OSError as error:
        return str(error) if error.errno in _FULL else None
    except AttributeError:  # posix_fallocate is missing on macOS
        return _FULL_TEXT[0] if shutil.disk_usage(where).free < WAL_SEGMENT else None
    return None


def take_lock(where: Layout) -> int:
    """Hold the data folder with `flock`; closing the descriptor lets go, so does our death.

    Raises EmbeddedError `data_folder_in_use` at once when another process (or this one) holds it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(where.lock, flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 400, 0).decode(errors="replace").strip() or "another process"
        os.close(lock)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        raise in_use(where.folder, holder) from None
    with suppress(OSError):  # a full disk keeps the name, not the lock
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return lock


def in_use(folder: Path, holder: str) -> EmbeddedError:
    """Say who has the data folder."""
    return EmbeddedError(
        "data_folder_in_use",
        f"The data folder {folder} is in use by {holder}. Stop that one, start this one with "
        "another data folder, or use `towpath worker` to work on the same database.",
    )


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Put `text` in place of `path` (0600, whole or not at all), given to `account` if one is told.

    Writes nothing if that is there already: a full disk must not stop what needs no space. Never
    writes through a link: the server's account could have put one into its own folder to
    make root write elsewhere.
    """
    with suppress(OSError):  # missing, or a link, which is replaced
        if _read_regular(path) == text:
            return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    name = f"{path.name}.{os.getpid()}"
    try:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        with os.fdopen(file, "w", encoding="utf-8", errors="surrogateescape") as stream:
            if account is not None and account.switched:
                os.fchown(stream.fileno(), account.uid, account.gid)
            stream.write(text)
        os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(folder)


def make_private_folder(path: Path, account: Account) -> None:
    """Make a folder (0700) that belongs to the account; it must not exist."""
    path.mkdir(mode=0o700)
    if account.switched:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def finish(where: Layout) -> None:
    """Give a whole new database its name, so that a broken attempt is never taken for one."""
    where.unfinished.rename(where.data)
    folder = os.open(where.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def discard_unfinished(where: Layout) -> None:
    """Remove what an interrupted first start left."""
    if os.path.lexists(where.unfinished):
        shutil.rmtree(where.unfinished)


def url(socket_folder: Path, *, role: str = ROLE, database: str = DATABASE) -> str:
    """Build the URL for SQLAlchemy; libpq takes it too without `+psycopg`.

    The port is told because PGPORT in somebody's environment would change it.
    """
    host = urllib.parse.quote(os.fsencode(socket_folder))
    return f"postgresql+psycopg://{role}@/{database}?host={host}&port={PORT}"


def recorded_socket_folder(where: Layout) -> Path | None:
    """Return the socket folder of the last start, if the URL file tells one."""
    try:
        query = urllib.parse.urlsplit(where.url.read_text().strip()).query
    except (OSError, ValueError):
        return None
    found = urllib.parse.parse_qs(query, errors="surrogateescape").get("host")
    return Path(found[0]) if found else None


def is_socket(folder: Path) -> bool:
    """Whether there is a server's socket in the folder (nobody may be listening)."""
    try:
        return stat.S_ISSOCK((folder / SOCKET_NAME).lstat().st_mode)
    except OSError:
        return False


def has_socket(where: Layout) -> bool:
    """Whether the socket the URL file tells of is there."""
    folder = recorded_socket_folder(where)
    return folder is not None and is_socket(folder)


def socket_folder(where: Layout, account: Account) -> Path:
    """Choose the folder of the socket, the same at each start: the data folder where that works.

    There nobody else can come in the way and no cleaner of temporary files passes by. (Not
    XDG_RUNTIME_DIR: it is removed at the user's last logout, under a server that goes on.) A path
    that is too long for a socket, or has a sign that splits a list of hosts, gets a short private
    folder among the temporary files, written down in the URL file.
    """
    if _fits(where.data):
        return where.data
    recorded = recorded_socket_folder(where)
    if recorded is not None and recorded != where.data and _keep_short_folder(recorded, account):
        return recorded
    return _make_short_folder(account)


def _fits(folder: Path) -> bool:
    path = os.fsencode(folder / SOCKET_NAME)
    return len(path) <= SOCKET_PATH_LIMIT and not any(sign in path for sign in b",:\n")


def _keep_short_folder(folder: Path, account: Account) -> bool:
    """Whether the folder of the last start is still ours alone, or could be made again."""
    try:
        with suppress(FileExistsError):
            make_private_folder(folder, account)
        found = folder.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return private and found.st_uid == account.uid and _fits(folder)


def _make_short_folder(account: Account) -> Path:
    for parent in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - made by mkdtemp below
        if not account.reaches(parent) or not _fits(parent / "towpath-12345678"):
            continue
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="towpath-", dir=parent))
            if account.switched:
                os.chown(folder, account.uid, account.gid, follow_symlinks=False)
            return folder
    raise EmbeddedError(
        "unsafe_folder",
        "No folder for the socket of the embedded PostgreSQL: neither the temporary folder nor "
        "/tmp nor /var/tmp can be used. Set TMPDIR to a short path that can be written.",
    )


def forget_dead_server(where: Layout, sockets: Path) -> None:
    """Make PostgreSQL's lock files harmless after we know that no server answers.

    They name a process id that may belong to anybody by now (a restarted container). In
    `postmaster.pid` it becomes ours: PostgreSQL takes its parent's id for a stale one but goes on
    to check the shared memory the file names (CreateLockFile in its miscinit.c), so a server
    that lives after all is never overrun. Removing the file would remove that check.
    """
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (sockets / name).unlink(missing_ok=True)
    pid_file = where.data / "postmaster.pid"
    with suppress(FileNotFoundError):
        _, _, rest = _read_regular(pid_file).partition("\n")
        write_private(pid_file, f"{os.getpid()}\n{rest}", Account.owning(where.data))


def _read_regular(path: Path) -> str:
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(file, encoding="utf-8", errors="surrogateescape") as stream:
        return stream.read(64 * 1024)


def version(where: Layout) -> str | None:
    """Return the major version that wrote the database, None when there is no database yet.

    Raises EmbeddedError `cannot_start` for a folder which is no database.
    """
    if where.data.is_symlink() or (where.data.exists() and not where.data.is_dir()):
        raise EmbeddedError(
            "unsafe_folder", f"{where.data} must be a folder, not a link or a file: move it away."
        )
    if not where.data.exists():
        return None
    try:
        return _read_regular(where.data / "PG_VERSION").strip()
    except FileNotFoundError:
        raise EmbeddedError(
            "cannot_start",
            f"{where.data} is not a PostgreSQL database (it has no PG_VERSION). "
            "Put the folder back from a copy, or move it away to begin with an empty database.",
        ) from None


def open_log(where: Layout) -> int:
    """Open the server's log for appending; the caller closes it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(where.log, flags, 0o600)


def log_size(where: Layout) -> int:
    """Return the size of the log in bytes, 0 when there is none."""
    return where.log.stat().st_size if where.log.exists() else 0


def log_since(where: Layout, offset: int, lines: int = 20) -> str:
    """Return the last lines the log got after `offset` (at most 64 KiB are looked at)."""
    if not where.log.exists():
        return ""
    with where.log.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(offset if offset <= end else 0, end - 64 * 1024))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def bound_log(where: Layout, limit: int = LOG_LIMIT) -> None:
    """Move the log's content to `postgres.log.1` when it grew over `limit` bytes.

    The server keeps its open file, so the content is copied and cut; it appends, and goes on at
    the new end. Lines written in between may be lost.
    """
    if log_size(where) <= limit:
        return
    older = where.log.with_name(where.log.name + ".1")
    try:
        older.unlink(missing_ok=True)
        shutil.copyfile(where.log, older)
        older.chmod(0o600)
    except OSError as error:
        if error.errno not in _FULL:
            raise
    os.truncate(where.log, 0)
