"""Addresses of git repositories, and the look at their files that git generators need.

Two spellings of one repository must meet; a secret in an address must not go anywhere. Nothing
here speaks to a repository: who calls hands one in.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Protocol

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://(?:([^/@]*)@)?([^/]*)(/.*)?$", re.IGNORECASE)
_SCP = re.compile(r"^(?:([^/@:]+)@)?([^/:]+):(?!//)(.*)$")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ssh": "22", "git": "9418"}


class RepositoryFiles(Protocol):
    """The files of repositories as they are known now. A pure look-up: no fetching."""

    def files(self, repository: str, revision: str) -> Mapping[str, Callable[[], bytes]]:
        """Every file of the revision by path, with a way to its bytes.

        Raises LookupError if the repository or the revision is not known here.
        """
        ...


def address(url: str) -> str:
    """The address as it may be stored and shown, and still be fetched from.

    Without password, token and user name; a user name stays for ssh (`git@host:path`), where the
    address does not work without it. Without slashes at the end.
    """
    text = url.strip().rstrip("/")
    match = _SCHEME.match(text)
    if match is None:
        return text
    scheme, user, host, path = (part or "" for part in match.groups())
    name = user.partition(":")[0] if "ssh" in scheme.lower() else ""
    return f"{scheme}://{name}{'@' if name else ''}{host}{path}"


def identity(url: str) -> str:
    """What is the same for all spellings of a repository's address: `github.com/acme/shop`.

    Scheme, user, default port, `.git` and slashes at the end make no difference; paths of this
    machine are themselves.
    """
    text = url.strip()
    match = _SCHEME.match(text)
    if match:
        scheme, _, host, path = (part or "" for part in match.groups())
        if scheme.lower() == "file":
            return _without_suffix(posixpath.normpath(path or "/"))
        name, _, port = host.lower().partition(":")
        host = name if port in ("", _DEFAULT_PORTS.get(scheme.lower())) else f"{name}:{port}"
        return f"{host}/{_without_suffix(path.lstrip('/'))}"
    match = None if text.startswith(("/", ".")) else _SCP.match(text)
    if match:
        return f"{match[2].lower()}/{_without_suffix(match[3].lstrip('/'))}"
    return _without_suffix(posixpath.normpath(text)) if text else ""


def has_secret(url: str) -> bool:
    """Whether the address holds user information that `address` leaves out."""
    match = _SCHEME.match(url.strip())
    return bool(match and match[2]) and address(url) != url.strip().rstrip("/")


def _without_suffix(path: str) -> str:
    return path.rstrip("/").removesuffix(".git").rstrip("/")


def inside(path: str) -> str | None:
    """A path of a repository in its shortest form, '' for its root; None if it leads outside."""
    if path.startswith("/"):
        return None
    short = posixpath.normpath(path) if path else ""
    if short == ".." or short.startswith("../"):
        return None
    return "" if short == "." else short
