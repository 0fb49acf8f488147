"""Real HTTPS and SSH servers: who is let in, what is said to others, and what is kept secret."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import git_servers
import small_disks
from towpath.domain import content, values
from towpath.domain.reasons import Code
from towpath.git.adapter import GitRepositories
from towpath.git.credentials import Credentials
from towpath.ports import errors
from towpath.ports import git as port

TOKEN = "t0ken-%s:with/odd chars&'\"$(id)"
TAG: values.Place = (values.Key("tag"),)


def change(text: str) -> port.Change:
    file = content.FileContent("values.yaml", (values.Value(TAG, text),))
    return port.Change(uuid4(), (port.Edit("api", "api", "qa", (file,), None),), "Promote\n")


async def promote(door: GitRepositories, url: str, text: str) -> str:
    head = (await door.fetch(url)).branches["main"]
    built = await door.build(url, head, [change(text)])
    await door.push(url, "main", head, built[0].commit)
    return built[0].commit


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def web(https: git_servers.HttpsServer, served: Path) -> tuple[str, git_servers.Origin]:
    remote = git_servers.origin(served, name=f"{uuid4().hex}.git")
    remote.commit({"qa/values.yaml": "tag: v1\n"})
    https.accept(deploy=TOKEN)
    return https.url(remote.path), remote


def web_door(
    tmp_path: Path, url: str, token: str, ca_file: Path | None, user: str = "deploy"
) -> GitRepositories:
    prefix = url.rpartition("/")[0]
    return GitRepositories(
        tmp_path / "mirrors", [Credentials(prefix, user, token, ca_file=ca_file)], timeout=20
    )


async def test_https_with_the_right_token_reads_and_writes(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url, remote = web
    door = web_door(tmp_path, url, TOKEN, https.ca_file)
    assert (await door.heads(url)).default_branch == "main"
    commit = await promote(door, url, "v2")
    assert remote.head() == commit
    assert remote.show("qa/values.yaml") == b"tag: v2\n"


async def test_the_token_is_neither_on_disk_nor_in_arguments(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url, _ = web
    seen: list[str] = []

    async def watch() -> None:
        while True:
            found = await asyncio.to_thread(git_servers.processes_below, os.getpid())
            seen.extend(arguments for _, arguments in found)

    door = web_door(tmp_path, url, TOKEN, https.ca_file)
    watching = asyncio.create_task(watch())
    for number in range(5):
        await promote(door, url, f"w{number}")
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert any("git-remote-https" in arguments or "git push" in arguments for arguments in seen)
    assert not any(TOKEN in arguments or "t0ken" in arguments for arguments in seen)
    on_disk = everything_below(tmp_path / "mirrors")
    assert b"t0ken" not in on_disk
    assert git_servers.basic("deploy", TOKEN).encode() not in on_disk


@pytest.mark.parametrize("token", ["wrong-secret", ""])
async def test_https_with_wrong_or_no_credentials_is_refused_without_telling_them(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin], token: str
) -> None:
    url, _ = web
    with pytest.raises(errors.Permanent) as refused:
        await web_door(tmp_path, url, token, https.ca_file).fetch(url)
    assert refused.value.reason.code is Code.CREDENTIALS_REFUSED
    assert url in refused.value.reason.sentence
    assert "git_credentials" in refused.value.reason.advice
    assert "wrong-secret" not in f"{refused.value!r} {refused.value.reason!r}"


async def test_a_token_that_expires_is_refused_from_then_on(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url, remote = web
    door = web_door(tmp_path, url, TOKEN, https.ca_file)
    head = (await door.fetch(url)).branches["main"]
    built = await door.build(url, head, [change("v2")])
    https.accept(deploy="another")
    with pytest.raises(errors.Permanent) as refused:
        await door.push(url, "main", head, built[0].commit)
    assert refused.value.reason.code is Code.CREDENTIALS_REFUSED
    assert TOKEN not in f"{refused.value!r} {refused.value.reason!r}"
    https.accept(deploy=TOKEN)
    await door.push(url, "main", head, built[0].commit)
    assert remote.head() == built[0].commit


async def test_a_certificate_of_an_unknown_authority_is_refused(
    tmp_path: Path, web: tuple[str, git_servers.Origin]
) -> None:
    url, _ = web
    with pytest.raises(errors.Permanent) as refused:
        await web_door(tmp_path, url, TOKEN, None).fetch(url)
    assert refused.value.reason.code is Code.HOST_UNTRUSTED
    assert "ca_file" in refused.value.reason.advice


async def test_a_repository_that_an_https_server_does_not_have_is_missing(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url = web[0].replace(".git", "-gone.git")
    with pytest.raises(errors.Permanent) as refused:
        await web_door(tmp_path, url, TOKEN, https.ca_file).fetch(url)
    assert refused.value.reason.code is Code.REPOSITORY_MISSING


async def test_a_hook_behind_https_is_shown_in_its_own_words(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url, remote = web
    remote.hook("pre-receive", "echo 'no pushes on Fridays' >&2; exit 1")
    with pytest.raises(errors.Permanent) as refused:
        await promote(web_door(tmp_path, url, TOKEN, https.ca_file), url, "v2")
    assert refused.value.reason.code is Code.PUSH_REJECTED
    assert "no pushes on Fridays" in refused.value.reason.sentence


async def test_credentials_are_not_sent_to_another_server(
    tmp_path: Path, https: git_servers.HttpsServer, web: tuple[str, git_servers.Origin]
) -> None:
    url, _ = web
    elsewhere = Credentials("https://localhost", "deploy", TOKEN, ca_file=https.ca_file)
    door = GitRepositories(tmp_path / "m", [elsewhere], timeout=20)
    with pytest.raises(errors.Permanent):
        await door.fetch(url)


@pytest.fixture
def shell(ssh: git_servers.SshServer, tmp_path: Path) -> tuple[str, git_servers.Origin]:
    remote = git_servers.origin(tmp_path / "ssh root")
    remote.commit({"qa/values.yaml": "tag: v1\n"})
    return ssh.url(remote.path), remote


def ssh_door(tmp_path: Path, url: str, key: Path, known_hosts: Path) -> GitRepositories:
    prefix = url.partition("/tmp")[0] if "/tmp" in url else url
    mine = Credentials(prefix, ssh_key=key, known_hosts=known_hosts)
    return GitRepositories(tmp_path / "mirrors", [mine], timeout=20)


async def test_ssh_with_the_right_key_reads_and_writes(
    tmp_path: Path, ssh: git_servers.SshServer, shell: tuple[str, git_servers.Origin]
) -> None:
    url, remote = shell
    commit = await promote(ssh_door(tmp_path, url, ssh.key, ssh.known_hosts), url, "v2")
    assert remote.head() == commit


async def test_ssh_with_a_wrong_key_is_refused(
    tmp_path: Path, ssh: git_servers.SshServer, shell: tuple[str, git_servers.Origin]
) -> None:
    url, _ = shell
    with pytest.raises(errors.Permanent) as refused:
        await ssh_door(tmp_path, url, ssh.other_key, ssh.known_hosts).fetch(url)
    assert refused.value.reason.code is Code.CREDENTIALS_REFUSED


async def test_a_changed_host_key_is_refused_and_explained(
    tmp_path: Path, ssh: git_servers.SshServer, shell: tuple[str, git_servers.Origin]
) -> None:
    url, _ = shell
    with pytest.raises(errors.Permanent) as refused:
        await ssh_door(tmp_path, url, ssh.key, ssh.another_host_key()).fetch(url)
    assert refused.value.reason.code is Code.HOST_UNTRUSTED
    assert "another SSH host key" in refused.value.reason.sentence


async def test_an_unknown_host_key_is_refused_and_explained(
    tmp_path: Path, ssh: git_servers.SshServer, shell: tuple[str, git_servers.Origin]
) -> None:
    url, _ = shell
    nobody = tmp_path / "nobody"
    nobody.touch()
    with pytest.raises(errors.Permanent) as refused:
        await ssh_door(tmp_path, url, ssh.key, nobody).fetch(url)
    assert refused.value.reason.code is Code.HOST_UNTRUSTED
    assert "known_hosts" in refused.value.reason.advice


async def test_a_repository_that_an_ssh_server_does_not_have_is_missing(
    tmp_path: Path, ssh: git_servers.SshServer, shell: tuple[str, git_servers.Origin]
) -> None:
    url = f"{shell[0]}-gone"
    with pytest.raises(errors.Permanent) as refused:
        await ssh_door(tmp_path, url, ssh.key, ssh.known_hosts).fetch(url)
    assert refused.value.reason.code is Code.REPOSITORY_MISSING


@pytest.mark.parametrize("scheme", ["https", "ssh", "git"])
async def test_a_server_that_hangs_is_given_up_and_leaves_no_process(
    tmp_path: Path, scheme: str
) -> None:
    if scheme == "ssh":
        git_servers.program("ssh")
    with git_servers.silent_server() as port_number:
        door = GitRepositories(tmp_path / "m", timeout=1)
        with pytest.raises(errors.Temporary) as gone:
            await door.fetch(f"{scheme}://127.0.0.1:{port_number}/x.git")
        assert gone.value.reason.code is Code.GIT_UNREACHABLE
        assert "within 1 s" in gone.value.reason.sentence
    left = [arguments for _, arguments in git_servers.processes_below(os.getpid())]
    assert not [arguments for arguments in left if "x.git" in arguments]


async def test_a_push_without_an_answer_is_of_unknown_outcome_and_found_later(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": "tag: v1\n"})
    patient = GitRepositories(tmp_path / "m")
    await patient.fetch(remote.url)
    write = uuid4()
    edit = change("v2").edits[0]
    built = await patient.build(
        remote.url, base, [port.Change(write, (edit,), f"Promote\n\nTowpath-Promotion: {write}\n")]
    )
    remote.hook("post-receive", "sleep 30")
    hasty = GitRepositories(tmp_path / "m", timeout=2)
    with pytest.raises(errors.Temporary):
        await hasty.push(remote.url, "main", base, built[0].commit)
    assert await patient.known_head(remote.url, "main") == base
    head = (await patient.fetch(remote.url)).branches["main"]
    found = await patient.find_writes(remote.url, base, head, [write])
    assert found == {write: built[0].commit}


async def test_a_server_that_is_down_is_tried_again(tmp_path: Path) -> None:
    with git_servers.silent_server() as port_number:
        pass
    with pytest.raises(errors.Temporary) as gone:
        await GitRepositories(tmp_path / "m").fetch(f"https://127.0.0.1:{port_number}/x.git")
    assert gone.value.reason.code is Code.GIT_UNREACHABLE


async def test_other_transports_are_not_spoken(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(errors.Permanent) as refused:
        await GitRepositories(tmp_path / "m").fetch(f"ext::touch {marker}")
    assert refused.value.reason.code is Code.INVALID_CONFIGURATION
    assert not marker.exists()


async def test_an_address_that_looks_like_an_option_is_no_option(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(errors.OutsideError):
        await GitRepositories(tmp_path / "m").heads(f"--upload-pack=touch {marker}")
    assert not marker.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disks.mounted(tmp_path / "disk", "512k", lazy=True) as disk:
        yield disk


async def test_a_full_disk_is_told_and_tried_again(
    small_disk: Path, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": "tag: v1\n"})
    door = GitRepositories(small_disk / "mirrors")
    base = (await door.fetch(remote.url)).branches["main"]
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass
    with pytest.raises(errors.Temporary) as full:
        await door.build(remote.url, base, [change("v2")])
    assert full.value.reason.code is Code.DISK_FULL
    remote.commit({"qa/new": os.urandom(100_000)})
    with pytest.raises(errors.Temporary) as full:
        await door.fetch(remote.url)
    assert full.value.reason.code is Code.DISK_FULL
    ballast.unlink()
    assert await promote(door, remote.url, "v2") == remote.head()
