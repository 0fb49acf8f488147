"""Addresses of repositories: one repository, many spellings, no secrets."""

import pytest

from towpath.manifests import repositories


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git/",
        "https://user:token@GitHub.com:443/acme/shop.git",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop",
        "ssh://git@github.com:22/acme/shop.git",
    ],
)
def test_spellings_of_one_repository_have_one_identity(url: str) -> None:
    assert repositories.identity(url) == "github.com/acme/shop"


def test_repositories_of_this_machine_are_their_paths() -> None:
    assert repositories.identity("file:///srv/git/shop.git") == "/srv/git/shop"
    assert repositories.identity("/srv/git/./shop.git/") == "/srv/git/shop"


def test_other_ports_and_paths_are_other_repositories() -> None:
    identities = {
        repositories.identity(url)
        for url in ("https://h/a", "https://h:8443/a", "https://h/A", "https://h/a/b")
    }
    assert len(identities) == 4


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:token@host/a.git", "https://host/a.git"),
        ("https://token@host/a/", "https://host/a"),
        ("ssh://git:secret@host/a", "ssh://git@host/a"),
        ("git@host:a.git", "git@host:a.git"),
        ("file:///srv/a.git", "file:///srv/a.git"),
        ("/srv/a b", "/srv/a b"),
    ],
)
def test_an_address_is_kept_without_its_secrets(url: str, expected: str) -> None:
    assert repositories.address(url) == expected


def test_a_path_that_leads_outside_is_none() -> None:
    assert repositories.inside("a/../../b") is None
    assert repositories.inside("/etc") is None
    assert repositories.inside("./a//b/") == "a/b"
    assert repositories.inside(".") == ""
