"""Who we are for a repository: the setting that fits its address, as git's environment.

Exists so that a secret has one way only: from the settings into the environment of one git
process. It must never stand in an address, an argument, a file or a message.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_KEPT = (
    "PATH",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
# Names of variables only: the shell that git starts for it takes the values from its environment.
_HELPER = (
    '!f() { test "$1" = get || exit 0; printf "username=%s\\npassword=%s\\n" '
    '"$TOWPATH_GIT_USERNAME" "$TOWPATH_GIT_TOKEN"; }; f'
)
_CONFIGURATION = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "30",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to reach the repositories whose address begins with `url`.

    `username` and `token` are for HTTPS, `ssh_key` (a private key file) and `known_hosts` for
    SSH, `ca_file` holds certificates (PEM) to trust for HTTPS.
    """

    url: str
    username: str = ""
    token: str = field(default="", repr=False)
    ssh_key: Path | None = None
    known_hosts: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if any(character in self.username + self.token for character in "\n\r\0"):
            raise ValueError(f"the user name or token for {self.url} holds a line break")


def best(known: Sequence[Credentials], address: str) -> Credentials | None:
    """The credentials with the longest `url` that the address begins with, up to a whole part.

    `https://git.example.org` does not fit `https://git.example.org.evil.net`.
    """
    fitting = [one for one in known if _fits(one.url, address)]
    return max(fitting, key=lambda one: len(one.url), default=None)


def _fits(prefix: str, address: str) -> bool:
    if not address.startswith(prefix):
        return False
    boundaries = "/" if "://" in prefix else "/:"
    return prefix.endswith(("/", ":")) or address[len(prefix) :][:1] in ("", *boundaries)


def environment(mine: Credentials | None, address: str, home: Path) -> dict[str, str]:
    """The whole environment of a git process that speaks to `address`.

    Nothing of the machine's or a person's git configuration is in force; `home` is a folder
    without any. Without credentials of ours, SSH uses the person's own agent and keys.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    given = {
        **kept,
        "HOME": str(home),
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_SSH_COMMAND": _ssh(mine),
        "GIT_SSH_VARIANT": "ssh",
        **_variables(_configuration(mine, address)),
    }
    if mine and mine.token:
        given["TOWPATH_GIT_USERNAME"] = mine.username or "git"
        given["TOWPATH_GIT_TOKEN"] = mine.token
    return given


def _configuration(mine: Credentials | None, address: str) -> Mapping[str, str]:
    configuration = dict(_CONFIGURATION)
    if mine and mine.ca_file:
        configuration["http.sslCAInfo"] = str(mine.ca_file)
    if mine and mine.token:
        parts = urlsplit(address)
        # Bound to this server, so that a redirection elsewhere is not answered.
        configuration[f"credential.{parts.scheme}://{parts.netloc}.helper"] = _HELPER
    return configuration


def _variables(configuration: Mapping[str, str]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(configuration))}
    for index, (key, value) in enumerate(configuration.items()):
        variables[f"GIT_CONFIG_KEY_{index}"] = key
        variables[f"GIT_CONFIG_VALUE_{index}"] = value
    return variables


def _ssh(mine: Credentials | None) -> str:
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "10",
        "ServerAliveCountMax": "3",
    }
    command = ["ssh"]
    if mine and mine.ssh_key:
        # Without the person's configuration, so that no other key is offered.
        command += ["-F", os.devnull, "-i", str(mine.ssh_key)]
        options |= {"IdentitiesOnly": "yes", "IdentityAgent": "none"}
    if mine and mine.known_hosts:
        options["UserKnownHostsFile"] = _ssh_path(mine.known_hosts)
        options["GlobalKnownHostsFile"] = os.devnull
    return shlex.join([*command, *(f"-o{name}={value}" for name, value in options.items())])


def _ssh_path(path: Path) -> str:
    """A path as ssh_config(5) reads it: quoted for spaces, `%` doubled."""
    return '"' + str(path).replace("%", "%%") + '"'
