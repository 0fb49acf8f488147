"""Which credentials are for which address, and how they reach git."""

import os
from pathlib import Path

import pytest

from towpath.git import credentials
from towpath.git.credentials import Credentials


@pytest.mark.parametrize(
    ("prefix", "address", "fits"),
    [
        ("https://git.example.org", "https://git.example.org/a/b.git", True),
        ("https://git.example.org/", "https://git.example.org/a/b.git", True),
        ("https://git.example.org/a", "https://git.example.org/a", True),
        ("https://git.example.org/a", "https://git.example.org/abc/x", False),
        ("https://git.example.org", "https://git.example.org.evil.net/a", False),
        ("https://git.example.org", "https://git.example.org:8443/a", False),
        ("https://git.example.org", "http://git.example.org/a", False),
        ("git@example.org", "git@example.org:acme/shop.git", True),
        ("git@example.org:acme", "git@example.org:acme/shop.git", True),
        ("git@example.org:acme", "git@example.org:acme-evil/shop.git", False),
    ],
)
def test_a_prefix_fits_up_to_a_whole_part(prefix: str, address: str, fits: bool) -> None:
    mine = Credentials(prefix)
    assert (credentials.best([mine], address) is mine) is fits


def test_the_longest_prefix_wins() -> None:
    wide, narrow = Credentials("https://h/"), Credentials("https://h/team/")
    assert credentials.best([wide, narrow], "https://h/team/x") is narrow
    assert credentials.best([narrow, wide], "https://h/other/x") is wide


def test_a_token_is_not_shown() -> None:
    assert "s3cret" not in repr(Credentials("https://h", token="s3cret"))


@pytest.mark.parametrize("token", ["a\nb", "a\rb", "a\0b"])
def test_a_token_with_a_line_break_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="line break") as refused:
        Credentials("https://h", token=token)
    assert token not in str(refused.value)


def test_a_token_stands_in_one_variable_only() -> None:
    mine = Credentials("https://h/", "me", "s3cret")
    given = credentials.environment(mine, "https://h/x.git", Path("/m"))
    assert [name for name, value in given.items() if "s3cret" in value] == ["TOWPATH_GIT_TOKEN"]
    assert "credential.https://h.helper" in given.values()


def test_nobodys_configuration_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/ask")
    given = credentials.environment(None, "https://h/x.git", Path("/m"))
    assert not {"GIT_SSL_NO_VERIFY", "GIT_DIR", "SSH_ASKPASS"} & given.keys()
    assert given["GIT_CONFIG_GLOBAL"] == os.devnull
    assert given["GIT_TERMINAL_PROMPT"] == "0"


def test_ssh_is_strict_and_never_asks() -> None:
    mine = Credentials("ssh://h/", ssh_key=Path("/k y"), known_hosts=Path("/100% known"))
    command = credentials.environment(mine, "ssh://h/x", Path("/m"))["GIT_SSH_COMMAND"]
    assert "BatchMode=yes" in command
    assert "StrictHostKeyChecking=yes" in command
    assert "'/k y'" in command
    assert '"/100%% known"' in command
