"""What git's words are taken for, and what of them is shown."""

import pytest

from towpath.domain.reasons import Code
from towpath.git import mirrors, refusals
from towpath.ports import errors

ADDRESS = "https://git.example.org/acme/shop.git"


LASTING = [
    ("fatal: Authentication failed for 'https://…'", Code.CREDENTIALS_REFUSED),
    (
        "fatal: could not read Username for 'https://h': terminal prompts disabled",
        Code.CREDENTIALS_REFUSED,
    ),
    ("git@h: Permission denied (publickey).", Code.CREDENTIALS_REFUSED),
    ("ERROR: Permission to a/b.git denied to c.", Code.CREDENTIALS_REFUSED),
    ("remote: Repository not found.", Code.REPOSITORY_MISSING),
    ("fatal: repository 'https://h/x/' not found", Code.REPOSITORY_MISSING),
    (
        "remote: The project you were looking for could not be found or you don't have permission",
        Code.REPOSITORY_MISSING,
    ),
    ("fatal: '/x' does not appear to be a git repository", Code.REPOSITORY_MISSING),
    ("Host key verification failed.", Code.HOST_UNTRUSTED),
    ("SSL certificate problem: unable to get local issuer certificate", Code.HOST_UNTRUSTED),
    ("fatal: mismatched algorithms: client sha1; server sha256", Code.UNSUPPORTED),
    ("fatal: transport 'ext' not allowed", Code.INVALID_CONFIGURATION),
]
PASSING = [
    ("error: unable to write file: No space left on device", Code.DISK_FULL),
    ("fatal: Could not resolve host: h", Code.GIT_UNREACHABLE),
    ("Failed to connect to h port 443: Connection refused", Code.GIT_UNREACHABLE),
    ("The requested URL returned error: 503", Code.GIT_UNREACHABLE),
    ("The requested URL returned error: 429", Code.GIT_UNREACHABLE),
    ("fatal: the remote end hung up unexpectedly", Code.GIT_UNREACHABLE),
    ("something never heard of", Code.GIT_UNREACHABLE),
]


@pytest.mark.parametrize(
    ("complaint", "family", "code"),
    [(said, errors.Permanent, code) for said, code in LASTING]
    + [(said, errors.Temporary, code) for said, code in PASSING],
)
def test_a_complaint_has_its_family_and_code(
    complaint: str, family: type[errors.OutsideError], code: Code
) -> None:
    trouble = refusals.meaning(complaint, ADDRESS)
    assert type(trouble) is family
    assert trouble.reason.code is code
    assert ADDRESS in trouble.reason.sentence
    assert trouble.reason.advice


def test_secrets_and_user_information_are_cut_out() -> None:
    said = "fatal: unable to access 'https://me:pa55@h/x.git/': tok3n was wrong"
    trouble = refusals.meaning(said, "https://me:pa55@h/x.git", "tok3n")
    shown = f"{trouble} {trouble.reason}"
    assert "pa55" not in shown
    assert "tok3n" not in shown


def test_an_ssh_address_keeps_its_user_name() -> None:
    assert refusals.clean("ssh://git@h/x") == "ssh://git@h/x"
    assert refusals.clean("ssh://git:pw@h/x") == "ssh://git@h/x"


def test_only_lines_that_say_something_are_shown() -> None:
    said = "@@@@@@\nhint: do this\nfatal: no way\n\nfatal: no way\nremote: really\n"
    assert refusals.shown(said) == "no way; really"
    assert refusals.said_by_server("remote: frozen   \nTo x\nremote: ask ops\n") == "frozen ask ops"


@pytest.mark.parametrize(
    ("complaint", "harmed"),
    [
        ("error: object file ./objects/ab/cd is empty", True),
        ("fatal: loose object abc (stored in ./objects/a) is corrupt", True),
        ("error: packfile ./objects/pack/p.pack is far too short to be a packfile", True),
        ("fatal: bad object refs/remotes/origin/main", True),
        ("error: unable to read tree 123", True),
        ("fatal: early EOF\nfatal: fetch-pack: invalid index-pack output", False),
        ("fatal: the remote end hung up unexpectedly", False),
        ("remote: fatal: bad object 123", False),
        ("fatal: Authentication failed", False),
    ],
)
def test_harm_to_the_mirror_is_told_from_trouble_with_the_server(
    complaint: str, harmed: bool
) -> None:
    assert mirrors.is_damage(complaint) is harmed
