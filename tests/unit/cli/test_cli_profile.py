"""Which server is asked, and that a token goes only where it belongs."""

from pathlib import Path
from typing import Any

import pytest

import canned_server as canned
from towpath.cli import profile

TOKEN = "s3cret-s3cret-s3cret"


def test_the_option_wins_over_the_profile_and_the_profile_over_the_default(home: Path) -> None:
    assert profile.read("").server == "http://127.0.0.1:8080"
    (home / "profile.toml").write_text('server = "https://towpath.example.org/"\n')
    assert profile.read("").server == "https://towpath.example.org"
    assert profile.read("http://127.0.0.1:1").server == "http://127.0.0.1:1"


def test_the_profiles_token_is_not_sent_to_another_server(home: Path) -> None:
    (home / "profile.toml").write_text(f'server = "https://a.example.org"\ntoken = "{TOKEN}"\n')
    assert profile.read("").token == TOKEN
    assert profile.read("https://a.example.org/").token == TOKEN
    assert profile.read("https://b.example.org").token == ""


def test_a_token_can_be_given_by_variable_or_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "token"
    file.write_text(TOKEN + "\n")
    monkeypatch.setenv("TOWPATH_TOKEN_FILE", str(file))
    assert profile.read("").token == TOKEN
    monkeypatch.setenv("TOWPATH_TOKEN", "another")
    assert profile.read("").token == "another"


@pytest.mark.parametrize("content", ["server = ", "servr = 'x'", "server = 1"])
def test_a_profile_that_cannot_be_read_is_named(home: Path, content: str) -> None:
    (home / "profile.toml").write_text(content)
    with pytest.raises(profile.Unreadable, match=r"profile\.toml"):
        profile.read("")


def test_a_token_file_that_cannot_be_read_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_TOKEN_FILE", str(home / "none"))
    with pytest.raises(profile.Unreadable, match="none"):
        profile.read("")


def test_a_blank_token_is_none_and_one_that_cannot_be_sent_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_TOKEN", " \n")
    assert profile.read("").token == ""
    monkeypatch.setenv("TOWPATH_TOKEN", "two words")
    with pytest.raises(profile.Unreadable, match="blanks") as refused:
        profile.read("")
    assert "two words" not in str(refused.value)


def test_a_token_is_not_shown_with_the_profile() -> None:
    assert TOKEN not in repr(profile.Profile("http://x", TOKEN))


def test_a_request_carries_the_token_and_without_one_the_callers_name(
    towpath: Any, server: canned.CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.takes("/refresh", {"repositories": [], "releases": [], "trouble": []})
    monkeypatch.setenv("LOGNAME", "dana")
    towpath("refresh")
    assert server.last("/refresh").headers["x-towpath-actor"] == "dana"
    monkeypatch.setenv("TOWPATH_TOKEN", TOKEN)
    towpath("refresh")
    headers = server.last("/refresh").headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-towpath-actor" not in headers


def test_no_proxy_is_asked_for_a_server_on_loopback(
    towpath: Any, server: canned.CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.takes("/refresh", {"repositories": [], "releases": [], "trouble": []})
    assert towpath("refresh").exit_code == 0


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:abc", "http://:8080", "http://[::1", "htp://x", "localhost:8080"]
)
def test_what_is_no_address_of_a_server_is_named(address: str) -> None:
    with pytest.raises(profile.Unreadable, match="is not a server's address"):
        profile.read(address)
