"""What the embedded server must be like: its settings, who may log in, how it is called.

Must not start, signal or ask a process.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from towpath.storage import embedded_binaries as binaries
from towpath.storage import embedded_files as files
from towpath.storage.embedded_account import Account
from towpath.storage.embedded_errors import EmbeddedError

# A folder's name for a process that works in it: no way through the folders above is needed.
CWD = Path("/proc/self/cwd")
# PostgreSQL's own limit for a path is 1024 bytes (MAXPGPATH), and it adds file names.
DIRECT_PATH_LIMIT = 900

HBA = f"local all {files.ROLE},{files.SUPERUSER} peer map=towpath\n"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(files.PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "min_wal_size": "80MB",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
INITDB = (
    f"--username={files.SUPERUSER}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--auth-local=peer",
    "--auth-host=reject",
    "--no-instructions",
    "--no-clean",  # we do that, after we looked whether the disk is full
)


# Syncs the disk in one call before recovery and after initdb, not file by file (ten times as
# fast on a busy disk). Linux tells of errors there since 5.8 (syncfs(2)), macOS has no such call.
SYNC_WHOLE_DISK_SINCE = (5, 8)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the server must be like; a running one tells by its `cluster` name if it is."""

    account: Account
    sockets: Path
    arguments: tuple[str, ...]
    cluster: str


def plan(
    where: files.Layout,
    account: Account,
    programs: binaries.Binaries,
    sockets: Path,
    settings: Mapping[str, str],
) -> Plan:
    """Put the server's command line together; `cluster` is a digest of all that matters."""
    # "." is the server's working folder: a relative path is neither too long nor closed to it.
    place = "." if sockets == where.data else '"' + str(sockets).replace('"', '""') + '"'
    arguments = [str(programs.postgres), "-D", data_argument(account, where.data)]
    first = {"recovery_init_sync_method": sync_method()}
    for name, value in {**first, **settings, "unix_socket_directories": place}.items():
        arguments += ["-c", f"{name}={value}"]
    told = "\0".join([*arguments, str(where.data), HBA, ident(account)])
    cluster = "towpath-" + hashlib.sha256(os.fsencode(told)).hexdigest()[:16]
    return Plan(account, sockets, (*arguments, "-c", f"cluster_name={cluster}"), cluster)


def initdb(account: Account, folder: Path, settings: Mapping[str, str]) -> list[str]:
    """Return initdb's arguments for a new database in `folder`."""
    sync = "--no-sync" if settings["fsync"] == "off" else f"--sync-method={sync_method()}"
    return [*INITDB, sync, f"--pgdata={data_argument(account, folder)}"]


def sync_method() -> str:
    """Return how this system's disk is best synced as a whole."""
    system = os.uname()
    known = [int(number) for number in re.findall(r"\d+", system.release)[:2]]
    return "syncfs" if system.sysname == "Linux" and (*known,) >= SYNC_WHOLE_DISK_SINCE else "fsync"


def data_argument(account: Account, folder: Path) -> str:
    """Return the folder's name for PostgreSQL, which must be started inside it.

    Raises EmbeddedError `cannot_start` where the account has no way to the folder at all.
    """
    short = len(os.fsencode(folder)) < DIRECT_PATH_LIMIT and "\n" not in str(folder)
    if short and account.reaches(folder):
        return str(folder)
    if CWD.exists():
        return str(CWD)
    raise EmbeddedError(
        "cannot_start",
        f"The account with the id {account.uid}, as which PostgreSQL would run, cannot reach "
        f"{folder}. Give a data folder with a short path whose parents it may pass through.",
    )


def ident(account: Account) -> str:
    """Write pg_ident.conf: our own operating-system user may be either role, nobody else any."""
    owner = account.owner.replace('"', '""')
    return "".join(f'towpath "{owner}" {role}\n' for role in (files.ROLE, files.SUPERUSER))


def check_version(where: files.Layout) -> None:
    """Raise EmbeddedError `wrong_version` if another PostgreSQL wrote the database."""
    found = files.version(where)
    if found not in (None, binaries.MAJOR):
        raise EmbeddedError(
            "wrong_version",
            f"The database in {where.data} was written by PostgreSQL {found}, and this towpath "
            f"brings {binaries.MAJOR}. Dump it with the towpath that wrote it (pg_dump), or start "
            "with another data folder.",
        )
