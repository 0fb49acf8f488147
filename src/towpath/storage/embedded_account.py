"""The operating-system account the embedded server runs as: ours, or another one when we are root.

PostgreSQL refuses to run as root. Must not know what the server does.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from towpath.storage.embedded_errors import EmbeddedError

# Accounts without rights that systems bring along, the fittest first.
UNPRIVILEGED = ("postgres", "nobody")


class Switch(TypedDict, total=False):
    """Arguments that make a new process run as the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as; `owner` is the name of the user who may connect: ours."""

    uid: int
    gid: int
    owner: str

    @classmethod
    def owning(cls, path: Path) -> Self:
        """Return the account a folder belongs to."""
        found = path.lstat()
        return cls(found.st_uid, found.st_gid, _our_name())

    @property
    def switched(self) -> bool:
        """Whether it is another account than ours."""
        return self.uid != os.geteuid()

    def switch(self) -> Switch:
        """Return the arguments for the start of a process."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, folder: Path) -> bool:
        """Whether the account may pass through the folder and its parents, by their modes.

        Access lists are not looked at.
        """
        return not self.switched or all(self._passes(step) for step in (folder, *folder.parents))

    def _passes(self, folder: Path) -> bool:
        try:
            found = folder.stat()
        except OSError:
            return False
        if found.st_uid == self.uid:
            return bool(found.st_mode & 0o100)
        return bool(found.st_mode & (0o010 if found.st_gid == self.gid else 0o001))


def choose(data: Path) -> Account:
    """Choose whom the server runs as: the owner of an existing database, else ours, else another.

    The owner comes first so that an account that appears later changes nothing. Raises
    EmbeddedError `wrong_owner`, `no_account` or `no_unprivileged_user`.
    """
    owner, we = _our_name(), os.geteuid()
    if data.exists():
        found = data.lstat()
        if found.st_uid == 0 or we not in (0, found.st_uid):
            raise _wrong_owner(data, found.st_uid)
        return Account(found.st_uid, found.st_gid, owner)
    return Account(we, os.getegid(), owner) if we else _unprivileged(owner)


def _unprivileged(owner: str) -> Account:
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_uid, entry.pw_gid, owner)
    raise no_unprivileged_user("this system has no account 'postgres' or 'nobody'")


def no_unprivileged_user(why: str) -> EmbeddedError:
    """Say that root found nobody to run the server as."""
    return EmbeddedError(
        "no_unprivileged_user",
        f"PostgreSQL refuses to run as root, and {why}. Run towpath as an ordinary user, add an "
        "account 'postgres' (useradd --system postgres), or set TOWPATH_DATABASE_URL to a server "
        "of your own.",
    )


def _our_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedError(
            "no_account",
            f"The user id {os.geteuid()} has no name on this system, and PostgreSQL needs one. "
            "Add a line for it to /etc/passwd (in a container: at build, or with the image's "
            "entrypoint), or set TOWPATH_DATABASE_URL to a server of your own.",
        ) from None


def _wrong_owner(data: Path, uid: int) -> EmbeddedError:
    target = "an ordinary user such as 'postgres'" if os.geteuid() == 0 else "you"
    return EmbeddedError(
        "wrong_owner",
        f"The database in {data} belongs to the user id {uid}, and PostgreSQL serves only a "
        f"folder of the user it runs as. Give it to {target} (chown -R) or start as that user.",
    )
