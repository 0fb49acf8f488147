"""Real git repositories and servers for tests: file://, HTTPS (nginx) and SSH (sshd), on loopback.

Servers are started on free ports with generated keys and are stopped by their own process id.
Where a server's package is missing, tests are skipped with a loud reason; with CI=true they fail.
"""

import base64
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/lib/git-core",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
PACKAGES = {
    "nginx": "nginx",
    "fcgiwrap": "fcgiwrap",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "openssl": "openssl",
}
_PATIENCE = 20.0


def program(name: str) -> str:
    """The path of a program; skips the test if it is missing, or fails it in CI."""
    found = shutil.which(name, path=ENVIRONMENT["PATH"])
    if found is None:
        package = PACKAGES.get(name, name)
        why = f"'{name}' is missing: install the package {package} (scripts/packages does)"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return found


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """Run git on the test's behalf, and answer with what it prints."""
    finished = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        input=given,
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return finished.stdout.decode().strip()


File = bytes | str | tuple[str, bytes] | None
"""A file's content; with its git mode; or None to delete it."""


@dataclass(frozen=True)
class Origin:
    """A bare repository that plays the remote, written to as a developer would."""

    path: Path

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def commit(
        self,
        files: Mapping[str, File],
        message: str = "a change",
        *,
        author: str = "Ada",
        branch: str = "main",
        parent: str | None = None,
        when: int = 1_750_000_000,
    ) -> str:
        """One commit on the branch (on `parent` instead of its head), and its sha."""
        stream = bytearray()
        text = message.encode()
        # The clock advances with the history, as commits in one second would have no order.
        when += int(self.try_git("rev-list", "--count", branch) or 0) * 60
        person = f"{author} <{author.lower()}@example.org> {when} +0000"
        stream += f"commit refs/heads/{branch}\nauthor {person}\ncommitter {person}\n".encode()
        stream += f"data {len(text)}\n".encode() + text + b"\n"
        base = parent or self.try_git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        if base:
            stream += f"from {base}\n".encode()
        for path, content in files.items():
            stream += _file_command(path, content)
        git(self.path, "fast-import", "--quiet", "--force", given=bytes(stream))
        return self.head(branch)

    def head(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", f"refs/heads/{branch}")

    def show(self, path: str, revision: str = "main") -> bytes:
        return subprocess.run(
            ["git", "cat-file", "blob", f"{revision}:{path}"],
            cwd=self.path,
            env=ENVIRONMENT,
            capture_output=True,
            check=True,
        ).stdout

    def names(self, revision: str = "main") -> list[str]:
        return git(self.path, "ls-tree", "-r", "--name-only", revision).splitlines()

    def try_git(self, *arguments: str) -> str:
        finished = subprocess.run(
            ["git", *arguments], cwd=self.path, env=ENVIRONMENT, capture_output=True, check=False
        )
        return finished.stdout.decode().strip() if finished.returncode == 0 else ""

    def hook(self, name: str, script: str) -> None:
        hook = self.path / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)


def _file_command(path: str, content: File) -> bytes:
    if content is None:
        return f"D {path}\n".encode()
    mode, data = content if isinstance(content, tuple) else ("100644", content)
    data = data.encode() if isinstance(data, str) else data
    if mode == "160000":
        return f"M 160000 {data.decode()} {path}\n".encode()
    return f"M {mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def origin(folder: Path, *options: str, name: str = "gitops.git") -> Origin:
    """An empty bare repository with `main` as its default branch."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    git(path.parent, "init", "--quiet", "--bare", "--initial-branch=main", *options, str(path))
    return Origin(path)


@dataclass(frozen=True)
class HttpsServer:
    """nginx with `git http-backend` behind it, and a certificate of an authority of its own."""

    port: int
    ca_file: Path
    tokens: Path
    log: Path

    def url(self, repository: Path) -> str:
        return f"https://localhost:{self.port}/git/{repository.name}"

    def accept(self, **tokens: str) -> None:
        """Only these user names and tokens are right from now on."""
        digests = {user: hashlib.sha1(token.encode()).digest() for user, token in tokens.items()}
        lines = [f"{u}:{{SHA}}{base64.b64encode(d).decode()}\n" for u, d in digests.items()]
        self.tokens.write_text("".join(lines))


_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    client_max_body_size 0;
    location ~ ^/git(/.*)$ {{
      auth_basic "git"; auth_basic_user_file {folder}/tokens;
      fastcgi_pass unix:{socket};
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param PATH_INFO $1;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
      fastcgi_param GIT_CONFIG_COUNT 2;
      fastcgi_param GIT_CONFIG_KEY_0 safe.directory;
      fastcgi_param GIT_CONFIG_VALUE_0 *;
      fastcgi_param GIT_CONFIG_KEY_1 http.receivepack;
      fastcgi_param GIT_CONFIG_VALUE_1 true;
    }}
  }}
}}
"""


@contextlib.contextmanager
def https_server(folder: Path, root: Path, short: Path) -> Iterator[HttpsServer]:
    """Serve the repositories below `root`. `short` is a folder for the socket (107 bytes)."""
    nginx, fcgiwrap = program("nginx"), program("fcgiwrap")
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = _certificates(folder)
    port = free_port()
    where = short / "f"
    backend = program("git-http-backend")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _NGINX.format(folder=folder, port=port, socket=where, backend=backend, root=root)
    )
    server = HttpsServer(port, ca_file, folder / "tokens", folder / "access.log")
    server.accept()
    with (
        _running([fcgiwrap, "-s", f"unix:{where}"], folder / "fcgiwrap.log"),
        _running(
            [nginx, "-e", str(folder / "error.log"), "-c", str(configuration)], folder / "n.log"
        ),
    ):
        _until(lambda: where.exists() and _listening(port), folder)
        yield server


def _certificates(folder: Path) -> Path:
    openssl = program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
    run("x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")
    return folder / "ca.pem"


@dataclass(frozen=True)
class SshServer:
    """sshd with keys of its own, for the user that runs the tests."""

    port: int
    folder: Path
    user: str

    @property
    def key(self) -> Path:
        """The private key that is let in."""
        return self.folder / "client key"

    @property
    def other_key(self) -> Path:
        """A private key that is not."""
        return self.folder / "stranger"

    @property
    def known_hosts(self) -> Path:
        """The server's own host key."""
        return self.folder / "known hosts"

    def url(self, repository: Path) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}{repository}"

    def another_host_key(self) -> Path:
        """A known_hosts file of a time when the server had another key."""
        file = self.folder / "old known hosts"
        public = (self.folder / "stranger.pub").read_text().split()
        file.write_text(f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n")
        return file


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """An SSH server that lets one key in."""
    sshd = program("sshd")
    program("ssh")
    folder.mkdir(parents=True, exist_ok=True)
    keygen = program("ssh-keygen")
    for name in ("host", "client key", "stranger"):
        file = str(folder / name)
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    port = free_port()
    (folder / "authorized").write_bytes((folder / "client key.pub").read_bytes())
    public = (folder / "host.pub").read_text().split()
    (folder / "known hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    options = {
        "Port": str(port),
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "PidFile": "none",
        "AuthorizedKeysFile": folder / "authorized",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "SetEnv": "GIT_CONFIG_GLOBAL=/dev/null",
    }
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    command = [sshd, "-D", "-e", "-f", os.devnull]
    command += [f"-o{name}={value}" for name, value in options.items()]
    user = subprocess.run(["id", "-un"], check=True, capture_output=True).stdout.decode().strip()
    with _running(command, folder / "sshd.log"):
        _until(lambda: _listening(port), folder)
        yield SshServer(port, folder, user)


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]


def basic(user: str, token: str) -> str:
    """The way in which HTTP Basic spells a user name and a token."""
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def processes_below(parent: int) -> list[tuple[int, str]]:
    """The processes that come from `parent` now: ids and arguments, as `ps` shows them."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], check=True, capture_output=True
    ).stdout.decode(errors="replace")
    children: dict[int, list[tuple[int, str]]] = {}
    for line in listed.splitlines():
        pid, above, arguments = line.split(None, 2)
        children.setdefault(int(above), []).append((int(pid), arguments))
    found, ahead = [], [parent]
    while ahead:
        for pid, arguments in children.get(ahead.pop(), []):
            found.append((pid, arguments))
            ahead.append(pid)
    return found


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


@contextlib.contextmanager
def started(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Another server, with its log in the folder, once it listens."""
    with _running(command, folder / "server.log"):
        _until(lambda: _listening(port), folder)
        yield


def _until(condition: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            logs = "\n".join(p.read_text(errors="replace") for p in folder.glob("*.log"))
            raise AssertionError(f"the server did not start:\n{logs}")
        time.sleep(0.02)
