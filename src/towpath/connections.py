"""How systems around are reached: what an installation is told of each, with its secrets.

Secrets are `SecretStr` and appear in no message. Knows nothing of the rest of Towpath.
"""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import pydantic
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import Field, SecretStr


def _secret(given: object) -> object:
    """A secret is a string, or `{ file = "PATH" }` for one that lies in a file."""
    if not (isinstance(given, dict) and set(given) == {"file"}):
        return given
    return content_of(Path(str(given["file"])))


def content_of(file: Path) -> str:
    """The text of a file. Raises `ValueError` with a sentence."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "is not text"
        raise ValueError(f"the file {file} cannot be read: {why}") from None


Secret = Annotated[SecretStr, pydantic.BeforeValidator(_secret)]


class GitCredential(pydantic.BaseModel):
    """How to reach the repositories whose address begins with `url`."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(
        min_length=1,
        description="The beginning of the repositories' addresses, for example "
        "`https://git.example.org/acme/`. The longest match is used.",
    )
    username: str = Field("", description="User name for HTTPS. Many hosts take any with a token.")
    token: Secret = Field(SecretStr(""), description="Token or password for HTTPS. A secret.")
    ssh_key: Path | None = Field(None, description="Private key file for SSH.")
    known_hosts: Path | None = Field(None, description="`known_hosts` file that SSH must match.")
    ca_file: Path | None = Field(None, description="Certificates (PEM) to trust for HTTPS.")

    @pydantic.field_validator("url")
    @classmethod
    def _no_user_information(cls, url: str) -> str:
        if "://" in url and urlsplit(url).password is not None:
            raise ValueError("holds a password; give it as `username` and `token` instead")
        return url

    @pydantic.field_validator("ssh_key", "known_hosts", "ca_file")
    @classmethod
    def _must_exist(cls, file: Path | None) -> Path | None:
        if file is not None and not file.expanduser().is_file():
            raise ValueError(f"there is no file {file}")
        return file.expanduser() if file else None


class Registry(pydantic.BaseModel):
    """How an image registry is reached."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(
        pattern=r"^[^/@\s]+$",
        description="The registry as image names have it: `ghcr.io`, `registry.example.org:5000`, "
        "`docker.io` for Docker Hub.",
    )
    address: str = Field(
        "",
        pattern=r"^[^/@\s]*$",
        description="Where it is asked, as `host:port`, if that is elsewhere: a mirror, a proxy.",
    )
    username: str = Field("", description="User name that goes with the token.")
    token: Secret = Field(SecretStr(""), description="Token or password. A secret.")
    plain_http: bool = Field(False, description="Speak to it without TLS.")
    ca_file: Path | None = Field(None, description="Certificates (PEM) to trust.")


def _web(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.password is not None:
        raise ValueError("is not an address that begins with http:// or https://")
    return url.rstrip("/")


Web = Annotated[str, pydantic.AfterValidator(_web)]


Labels = Annotated[
    dict[str, Annotated[str, Field(pattern=r"^[^\s,]{1,50}$")]],
    Field(
        description="A table of environments, each with a label: what is in one has its label. "
        "Without spaces or commas. None by default.",
    ),
]


class CodeHost(pydantic.BaseModel):
    """How GitLab is reached; GitHub too, see below."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Web = Field(description="The address people use, for example `https://github.com`.")
    token: Secret = Field(description="A token that may read pull requests and issues. A secret.")
    comment_in: tuple[str, ...] = Field(
        (),
        description="Environments: when a change reaches one, its pull requests and issues get a "
        "comment. None by default.",
    )
    labels: Labels = Field(default_factory=dict)


class GitHubHost(CodeHost):
    """How GitHub is reached: with a token, or as an app."""

    token: Secret = Field(
        SecretStr(""), description="A token that may read pull requests and issues. A secret."
    )
    app_id: str = Field(
        "",
        coerce_numbers_to_str=True,
        description="GitHub: the id (or client id) of an app, instead of a token.",
    )
    private_key: Secret = Field(
        SecretStr(""), description="GitHub: a private key of the app (PEM). A secret."
    )

    @pydantic.model_validator(mode="after")
    def _one_way_in(self) -> Self:
        token, key = self.token.get_secret_value(), self.private_key.get_secret_value()
        if bool(self.app_id) != bool(key):
            raise ValueError("`app_id` and `private_key` go together")
        if bool(token) == bool(key):
            raise ValueError("give either `token`, or `app_id` and `private_key`")
        if key and not _is_rsa(key):
            raise ValueError("`private_key` is no RSA key in PEM")
        return self


def _is_rsa(key: str) -> bool:
    try:
        loaded = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(loaded, rsa.RSAPrivateKey)


class Jira(pydantic.BaseModel):
    """How Jira is reached."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Web = Field(description="The site, for example `https://acme.atlassian.net`.")
    email: str = Field(
        "",
        description="The address that an API token of Jira Cloud belongs to; "
        "empty for Data Center.",
    )
    token: Secret = Field(
        description="API token (Cloud) or personal access token (Data Center). A secret."
    )
    projects: tuple[str, ...] = Field((), description="Keys of its projects; by default all.")
    comment_in: tuple[str, ...] = Field(
        (),
        description="Environments: when a change reaches one, its issues get a comment. None by "
        "default.",
    )
    labels: Labels = Field(default_factory=dict)
    client_id: str = Field(
        "",
        description="OAuth client for Jira Cloud's deployments; with it "
        "every environment reached is reported there.",
    )
    client_secret: Secret = Field(SecretStr(""), description="The client's secret. A secret.")
