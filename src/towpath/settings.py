"""What an installation is told from outside: one file, variables of the same names, secret files.

Read once, at the door (`load`), and passed on as a value: nothing else reads the environment.
Knows nothing of the rest of Towpath. Secrets are `SecretStr` and appear in no message.
"""

import difflib
import ipaddress
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import pydantic
from pydantic import Field, SecretStr
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from towpath.connections import (
    CodeHost,
    GitCredential,
    GitHubHost,
    Jira,
    Registry,
    Secret,
    content_of,
)

PREFIX = "TOWPATH_"
DEFAULT_FILE = "towpath.toml"
CONNECTIONS = ("git_credentials", "registries", "jira", "github", "gitlab")
SECRETS = frozenset({"database_url", "api_tokens", *CONNECTIONS})


class Invalid(Exception):  # noqa: N818
    """The settings cannot be used. Each problem says which setting, from where, what to give."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


# What Kubernetes tells a pod of the Services beside it.
_OF_A_SERVICE = re.compile(r"_SERVICE_(HOST|PORT)|_PORT(_\d+_TCP.*)?$")
_POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+psycopg"})


def data_home() -> Path:
    """Where Towpath keeps data by default (XDG Base Directory Specification)."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "towpath"


def config_home() -> Path:
    """Where a person's own settings lie (XDG Base Directory Specification)."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "towpath"


def _xdg(variable: str, otherwise: str) -> Path:
    given = os.environ.get(variable, "")
    return Path(given) if given.startswith("/") else Path.home() / otherwise


def _own_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


class Settings(BaseSettings):
    """Every setting of an installation. Made directly, it reads nothing; see `load`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    config: str = Field(
        "",
        description="The configuration source: a folder, or the address of a git repository.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 takes any.")
    public_url: str = Field(
        "",
        description="The address under which people reach Towpath, used in links; "
        "by default `http://HOST:PORT`.",
    )
    database_url: Secret = Field(
        SecretStr(""),
        description="A PostgreSQL address such as `postgresql://user@host/name`; "
        "by default Towpath runs a PostgreSQL of its own below `data_dir`. A secret.",
    )
    data_dir: Path = Field(
        default_factory=data_home,
        description="The folder for the embedded database and the git mirrors; "
        "by default `$XDG_DATA_HOME/towpath`, else `~/.local/share/towpath`.",
    )
    poll_interval: float = Field(
        10, gt=0, le=86400, description="Seconds between two looks at each repository's heads."
    )
    worker_name: str = Field(
        default_factory=_own_name,
        min_length=1,
        description="The name of this process among workers on the same database; "
        "by default `HOSTNAME-PID`. It must be its own.",
    )
    looks_at_once: int = Field(
        64, ge=1, le=1000, description="The number of releases this process works on at once."
    )
    steps_at_once: int = Field(
        8,
        ge=1,
        le=1000,
        description="The number of workflow steps this process executes on this machine at once.",
    )
    step_timeout: float = Field(
        3600,
        gt=0,
        le=7 * 86400,
        description="Seconds after which a workflow step on this machine is ended as failed; "
        "a template may ask for less (`activeDeadlineSeconds`).",
    )
    step_grace: float = Field(
        10,
        ge=0,
        le=60,
        description="Seconds that a workflow step has to end when it is told to; "
        "then it is killed.",
    )
    step_output: pydantic.ByteSize = Field(
        pydantic.ByteSize(10 * 1024 * 1024),
        ge=1024,
        le=1024 * 1024 * 1024,
        description="The output kept of one workflow step, in bytes or as `10MiB`; what is beyond "
        "is left out of its log, which says so.",
    )
    image_commands: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="A table of the commands that images would run, for workflow steps on this "
        "machine whose templates name no `command`: an image, and its command as a list.",
    )
    git_timeout: float = Field(
        60, gt=0, le=3600, description="Seconds after which a git fetch or push is given up."
    )
    git_author_name: str = Field(
        "Towpath", min_length=1, description="The author's name on commits that Towpath writes."
    )
    git_author_email: str = Field(
        "towpath@localhost",
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="The author's mail address on commits that Towpath writes.",
    )
    git_credentials: tuple[GitCredential, ...] = Field(
        (),
        description="A list of tables that say how to reach repositories; see below. "
        "Holds secrets.",
    )
    registries: tuple[Registry, ...] = Field(
        (),
        description="A list of tables: the image registries that may be asked which code is in an "
        "image. Holds secrets.",
    )
    jira: tuple[Jira, ...] = Field(
        (), description="A list of tables: Jira sites whose issues notes name. Holds secrets."
    )
    github: tuple[GitHubHost, ...] = Field(
        (),
        description="A list of tables: GitHubs whose pull requests and issues notes name. Holds "
        "secrets.",
    )
    gitlab: tuple[CodeHost, ...] = Field(
        (),
        description="A list of tables: GitLabs whose merge requests and issues notes name. Holds "
        "secrets.",
    )
    api_tokens: dict[str, Secret] = Field(
        default_factory=dict,
        description="A table of who may use the API: a name, shown as the actor, and its token "
        "(16 characters or more). Needed to listen on anything but loopback. Secrets.",
    )
    teams: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="A table of teams for approvals: a name, and the names of its members as they "
        "stand in `api_tokens`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="The least severe level that is logged: `debug`, `info`, `warning` or `error`.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="The form of log lines: `text` for people, `json` for programs."
    )
    max_file_size: pydantic.ByteSize = Field(
        pydantic.ByteSize(5 * 1024 * 1024),
        gt=0,
        description="The largest file that is read from a repository, in bytes or as `5MiB`.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: `load` asks the sources itself, to know each value's place."""
        return (init_settings,)

    @pydantic.field_validator("config")
    @classmethod
    def _config_without_password(cls, config: str) -> str:
        if "://" in config and urlsplit(config).password is not None:
            raise ValueError("holds a password; give it in `git_credentials` instead")
        return config

    @pydantic.field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.netloc):
            raise ValueError("is not an address that begins with http:// or https://")
        return url.rstrip("/")

    @pydantic.field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: SecretStr) -> SecretStr:
        given = url.get_secret_value()
        if given and urlsplit(given).scheme not in _POSTGRESQL:
            raise ValueError("is not an address that begins with postgresql://")
        return url

    @pydantic.field_validator("api_tokens")
    @classmethod
    def _long_tokens(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        short = [name for name, token in tokens.items() if len(token.get_secret_value()) < 16]
        if short:
            raise ValueError(f"the token of {', '.join(short)} has fewer than 16 characters")
        return tokens

    @property
    def address(self) -> str:
        """Where people reach this server: `public_url`, else host and port. No slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def config_place(self) -> Path | None:
        """What `config` names on this machine, if anything: `x` is `x.git` too, as git has it."""
        if not self.config or "://" in self.config:
            return None
        named = Path(self.config).expanduser()
        return next((p for p in (named, Path(f"{named}.git")) if p.exists()), None)

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def check_serving(self) -> None:
        """Raise `Invalid` where a server with these settings would be open to anybody, or would
        wait for a folder that is not there."""
        problems = []
        if not self.on_loopback and not self.api_tokens:
            problems.append(
                f"host: {self.host} can be reached from other machines, and nobody would have "
                "to sign in. Give api_tokens (a table [api_tokens] with NAME = TOKEN in "
                f"{DEFAULT_FILE}, or {PREFIX}API_TOKENS_FILE), or listen on 127.0.0.1."
            )
        is_path = ":" not in self.config.partition("/")[0]  # neither https://… nor git@host:path
        if self.config and is_path and self.config_place is None:
            problems.append(f"config: there is no folder {self.config}. Give {_advice('config')}")
        if problems:
            raise Invalid(problems)


class _Variables(EnvSettingsSource):
    """`TOWPATH_*` variables."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given = dict(super()._load_env_vars())
        # Kubernetes sets TOWPATH_PORT=tcp://… in every pod beside a Service named "towpath".
        if (given.get("towpath_port") or "").startswith("tcp://"):
            del given["towpath_port"]
        return given


class _SecretFiles(EnvSettingsSource):
    """`TOWPATH_*_FILE` variables, for secrets: the file holds what the variable would."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {
            f"{PREFIX}{name}".lower(): content_of(Path(os.environ[_file_variable(name)]))
            for name in SECRETS
            if os.environ.get(_file_variable(name))
        }


def _variable(setting: str) -> str:
    return f"{PREFIX}{setting.upper()}"


def _file_variable(setting: str) -> str:
    return f"{_variable(setting)}_FILE"


def load(file: Path | None = None, options: Mapping[str, object] | None = None) -> Settings:
    """Settings from options of the command line, variables, secret files and `towpath.toml`.

    The first of these that gives a setting wins. `file` must exist; without it the file named by
    `TOWPATH_SETTINGS`, else `towpath.toml` in the current folder if there is one. `options` whose
    value is None were not given. Raises `Invalid`.
    """
    given: dict[str, _Given] = {}
    for name, value in (options or {}).items():
        if value is not None:
            option = name.removesuffix("_url").replace("_", "-")
            given[name] = _Given(value, f"option --{option}")
    given = {**_from_file(_file(file)), **_from_variables(), **given}
    if misspelt := _misspelt():
        raise Invalid(misspelt)
    try:
        return Settings(**{name: one.value for name, one in given.items()})  # type: ignore[arg-type]
    except pydantic.ValidationError as invalid:
        raise Invalid([_problem(error, given) for error in invalid.errors()]) from None


class _Given(NamedTuple):
    value: object
    place: str


def _file(named: Path | None) -> Path | None:
    variable = os.environ.get(f"{PREFIX}SETTINGS", "")
    file = named or (Path(variable) if variable else None)
    if file is None:
        return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None
    return file


def _from_file(file: Path | None) -> dict[str, _Given]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(content_of(file))
    except tomllib.TOMLDecodeError as problem:
        raise Invalid([f"{file}: not valid TOML: {problem}"]) from None
    except ValueError as problem:
        raise Invalid([str(problem)]) from None
    return {name: _Given(value, str(file)) for name, value in values.items()}


def _from_variables() -> dict[str, _Given]:
    try:
        files = _SecretFiles(Settings)()
        direct = _Variables(Settings)()
    except SettingsError as problem:
        raise Invalid([_not_json(str(problem))]) from None
    except ValueError as problem:
        raise Invalid([str(problem)]) from None
    twice = [name for name in files if name in direct]
    if twice:
        raise Invalid(
            [f"{n}: both {_variable(n)} and {_file_variable(n)} are set. Give one." for n in twice]
        )
    return {
        **{name: _Given(value, f"variable {_variable(name)}") for name, value in direct.items()},
        **{
            name: _Given(value, f"the file that {_file_variable(name)} names")
            for name, value in files.items()
        },
    }


def _misspelt() -> list[str]:
    """Variables that are no setting, but nearly one. Kubernetes and others may set more of them."""
    known = {f"{PREFIX}{name}" for name in ("SETTINGS", "SERVER", "TOKEN", "TOKEN_FILE")}
    known |= {_variable(name) for name in Settings.model_fields}
    known |= {_file_variable(name) for name in SECRETS}
    others = [name for name in sorted(os.environ.keys() - known) if name.startswith(PREFIX)]
    nearest = {name: difflib.get_close_matches(name, known, 1, 0.93) for name in others}
    return [
        f"variable {name}: there is no such setting. Did you mean {near[0]}?"
        for name, near in nearest.items()
        if near and not _OF_A_SERVICE.search(name)
    ]


def _not_json(problem: str) -> str:
    name = next(name for name in Settings.model_fields if f'"{name}"' in problem)
    place = _variable(name) + (" (or its file)" if name in SECRETS else "")
    return f"{name}: the value of {place} is not JSON. Give {_advice(name)}"


def _problem(error: ErrorDetails, given: Mapping[str, _Given]) -> str:
    name, *rest = error["loc"]
    setting = str(name)
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
    place = given[setting].place if setting in given else "default"
    if error["type"] == "extra_forbidden":
        unknown = str(error["loc"][-1])
        return f"{setting}{where} ({place}): there is no such setting.{_nearest(unknown)}"
    message = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    shown = _shown(setting, given[setting].value) if setting in given else ""
    return f"{setting}{where} ({place}): {shown}{message}. Give {_advice(setting)}"


def _shown(setting: str, value: object) -> str:
    """The value, unless it is or may hold a secret (an address with user information)."""
    address = "://" in str(value) and "@" in str(value)
    return "" if setting in SECRETS or address else f"{value!r}: "


def _nearest(name: str) -> str:
    tables = (Settings, GitCredential, Registry, CodeHost, GitHubHost, Jira)
    known = [*dict.fromkeys(name for table in tables for name in table.model_fields)]
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else f" The settings are {', '.join(known)}."


def _advice(setting: str) -> str:
    """What to give, from the setting's own description, as the rest of a sentence."""
    description = Settings.model_fields[setting].description or ""
    return description[0].lower() + description[1:]
