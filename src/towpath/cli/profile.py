"""Which server the command line talks to, and as whom.

Knows no HTTP. A token goes only to the server that it was given for.
"""

import getpass
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from towpath import settings

DEFAULT_SERVER = "http://127.0.0.1:8080"


class Unreadable(Exception):  # noqa: N818
    """The profile, or the file with the token, cannot be used. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A server's address without a slash at the end, and the caller's token and name."""

    server: str
    token: str = field(default="", repr=False)
    name: str = ""


def read(server: str) -> Profile:
    """The server given by option or variable, else the profile's, else the default.

    The token is `TOWPATH_TOKEN` or in the file `TOWPATH_TOKEN_FILE` names, else the profile's if
    it is for the same server. Raises `Unreadable`.
    """
    saved = _saved(settings.config_home() / "profile.toml")
    address = (server or saved.get("server", "") or DEFAULT_SERVER).rstrip("/")
    if not _is_address(address):
        raise Unreadable(f"{address} is not a server's address: give http://HOST:PORT")
    own = saved.get("token", "") if saved.get("server", "").rstrip("/") == address else ""
    return Profile(address, _sendable(_given_token() or own), _login())


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        return False


def option(address: str) -> str:
    """What a command line needs at its end to reach the same server; empty: it does anyway."""
    return f" --server {address}" if unsaid(address) else ""


def unsaid(address: str) -> str:
    """The server's address where a command line has to name it; empty: it is reached anyway."""
    return "" if address == read(os.environ.get("TOWPATH_SERVER", "")).server else address


def _given_token() -> str:
    file = os.environ.get("TOWPATH_TOKEN_FILE", "")
    token = os.environ.get("TOWPATH_TOKEN", "").strip()
    if token or not file:
        return token
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Unreadable(f"{file}, which TOWPATH_TOKEN_FILE names, cannot be read") from None


def _sendable(token: str) -> str:
    if not all("!" <= sign <= "~" for sign in token):
        raise Unreadable("the token holds what no token may: blanks, or letters beyond ASCII")
    return token


def _saved(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    try:
        saved = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise Unreadable(f"{file} cannot be read: {problem}") from None
    unknown = set(saved) - {"server", "token"}
    if unknown or not all(isinstance(value, str) for value in saved.values()):
        raise Unreadable(f"{file} may hold two texts, server and token, and nothing else")
    return saved


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user, as in a container with a foreign uid
        return ""
