"""What git's complaints mean: which family of trouble, which reason, and what a person can do.

Reads the messages that git, curl, ssh and well-known hosts give in the C locale. Everything that
leaves here is free of secrets: user information in addresses and the token itself are cut out.
"""

import re
from dataclasses import dataclass

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.ports import errors

_SHOWN = 500
_USER_INFORMATION = re.compile(r"(https?://)[^/@\s']+@|(://[^/@:\s']*):[^/@\s']*(?=@)")
_NOISE = re.compile(
    r"^(hint:|and the repository exists|Please make sure you have the correct access"
    r"|To |Everything up-to-date|warning: |POST git-|Pushing to|fatal: expected|\s*$|@+$)"
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    pattern: re.Pattern[str]
    family: type[errors.OutsideError]
    code: Code
    sentence: str  # with {address}
    advice: str


def _meaning(
    pattern: str, family: type[errors.OutsideError], code: Code, sentence: str, advice: str
) -> _Meaning:
    return _Meaning(re.compile(pattern, re.IGNORECASE), family, code, sentence, advice)


_MEANINGS = (
    _meaning(
        r"mismatched algorithms|unknown object format|object format.*sha256",
        errors.Permanent,
        Code.UNSUPPORTED,
        "{address} names its objects by SHA-256, which is not supported yet",
        "Use a repository with SHA-1 object names (git's default).",
    ),
    _meaning(
        r"remote:.*(no space left|disk quota exceeded)",
        errors.Temporary,
        Code.DISK_FULL,
        "the disk of the server of {address} is full",
        "Free space on the git server; Towpath tries again by itself.",
    ),
    _meaning(
        r"no space left on device|disk quota exceeded",
        errors.Temporary,
        Code.DISK_FULL,
        "the disk is full: git could not write for {address}",
        "Free space in the folder of the git mirrors (below `data_dir`), or on the server of a "
        "local repository; Towpath tries again by itself.",
    ),
    _meaning(
        r"remote host identification has changed",
        errors.Permanent,
        Code.HOST_UNTRUSTED,
        "the server of {address} shows another SSH host key than the one that is trusted",
        "If the server's key was renewed, put the new one into the known_hosts file of its "
        "credentials; if not, somebody may be between you and the server.",
    ),
    _meaning(
        r"host key verification failed|no \S+ host key is known",
        errors.Permanent,
        Code.HOST_UNTRUSTED,
        "the SSH host key of the server of {address} is not known",
        "Put the server's key into a file (ssh-keyscan HOST, checked with its owner) and give it "
        "as `known_hosts` in `git_credentials`.",
    ),
    _meaning(
        r"ssl certificate problem|certificate verif|certificate has expired|"
        r"unable to get local issuer|does not match target host",
        errors.Permanent,
        Code.HOST_UNTRUSTED,
        "the TLS certificate of the server of {address} is not trusted",
        "Give the authority that signed it as `ca_file` in `git_credentials`, or renew it.",
    ),
    _meaning(
        r"authentication failed|could not read (username|password)|permission denied|"
        r"http basic: access denied|returned error: 40[13]|bad credentials|access denied|"
        r"invalid credentials|permission to .* denied",
        errors.Permanent,
        Code.CREDENTIALS_REFUSED,
        "{address} refuses the credentials",
        "Check that `git_credentials` has an entry for this address whose token or key is right, "
        "has not expired, and may read and write there.",
    ),
    _meaning(
        r"repository .* not found|repository not found|does not appear to be a git repository|"
        r"returned error: 404|could(n't| not) be found|does not exist|not a git repository",
        errors.Permanent,
        Code.REPOSITORY_MISSING,
        "there is no repository at {address}, or these credentials may not see it",
        "Check the address in the application's source, and what the credentials may read.",
    ),
    _meaning(
        r"dubious ownership",
        errors.Permanent,
        Code.CREDENTIALS_REFUSED,
        "the local repository {address} belongs to another user, so git refuses to use it",
        "Run Towpath as the owner of the repository, or reach it over SSH or HTTPS.",
    ),
    _meaning(
        r"transport '.*' not allowed|protocol .* (not supported|is not supported)|"
        r"unable to find remote helper",
        errors.Permanent,
        Code.INVALID_CONFIGURATION,
        "{address} is not an address that Towpath speaks to",
        "Use https, ssh, http, git or file.",
    ),
    _meaning(
        r"couldn't find remote ref",
        errors.Permanent,
        Code.BRANCH_MISSING,
        "{address} does not have the branch that was asked for",
        "Check the application's targetRevision.",
    ),
)
_UNREACHABLE = _meaning(
    "",
    errors.Temporary,
    Code.GIT_UNREACHABLE,
    "{address} does not answer as a git server should",
    "Check that the server is up and can be reached from here; Towpath tries again by itself.",
)


def meaning(complaint: str, address: str, secret: str = "") -> errors.OutsideError:
    """The trouble that a failed git process tells of on its standard error.

    What is not understood is `Temporary`: it is tried again, with git's own words shown.
    """
    known = next((m for m in _MEANINGS if m.pattern.search(complaint)), _UNREACHABLE)
    said = shown(complaint, secret)
    sentence = known.sentence.format(address=clean(address, secret))
    return known.family(
        reasons.Reason(
            known.code,
            f"{sentence}: {said}" if said else sentence,
            {"repository": clean(address, secret)},
            advice=known.advice,
        )
    )


def overdue(address: str, seconds: float, doing: str) -> errors.Temporary:
    """The trouble of a server that did not answer before the deadline."""
    return errors.Temporary(
        reasons.Reason(
            Code.GIT_UNREACHABLE,
            f"{clean(address)} did not answer within {seconds:g} s to {doing}",
            {"repository": clean(address)},
            advice=_UNREACHABLE.advice,
        )
    )


def no_program(problem: OSError) -> errors.Permanent:
    """The trouble of a machine on which git cannot be started."""
    return errors.Permanent(
        reasons.Reason(
            Code.INVALID_CONFIGURATION,
            f"the program git cannot be started here: {problem.strerror or problem}",
            advice="Install git on this machine, in the PATH of Towpath.",
        )
    )


def clean(text: str, secret: str = "") -> str:
    """The text without passwords in addresses, and without the secret.

    The user name of an SSH address is part of it and stays.
    """
    without = _USER_INFORMATION.sub(r"\1\2", text)
    return without.replace(secret, "***") if secret else without


def shown(complaint: str, secret: str = "") -> str:
    """What is worth showing of a complaint: the lines that say something, in one line."""
    lines = (line.strip() for line in re.split(r"[\r\n]+", complaint))
    telling = [
        re.sub(r"^(fatal|error|remote): *", "", line) for line in lines if not _NOISE.match(line)
    ]
    return clean("; ".join(filter(None, dict.fromkeys(telling))), secret)[:_SHOWN]


def said_by_server(complaint: str, secret: str = "") -> str:
    """What the server itself said (`remote: …` lines): a hook's message, for example."""
    lines = [
        line.removeprefix("remote:").strip()
        for line in re.split(r"[\r\n]+", complaint)
        if line.startswith("remote:")
    ]
    return clean(" ".join(filter(None, lines)), secret)[:_SHOWN]
