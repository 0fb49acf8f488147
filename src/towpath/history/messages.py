"""What commit messages say: which pull request, which issues, which commits are taken back.

Hosts write merges, squashes and reverts in forms of their own; each form is one line of a table
here. What is in no known form is not guessed: a host may still know it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from towpath.domain.changes import Commit, PullRequest

# What looks like an issue key and is none, where a product does not say which keys are its own.
_STANDARDS = frozenset(
    [
        "UTF",
        "UTF8",
        "UTF16",
        "UCS",
        "CRC",
        "SHA",
        "SHA1",
        "SHA2",
        "SHA3",
        "SHA512",
        "HMAC",
        "ISO",
        "RFC",
        "CVE",
        "GHSA",
        "CWE",
        "TLS",
        "SSL",
        "HTTP",
        "HTTPS",
        "AES",
        "AES128",
        "AES256",
        "RSA",
        "MD",
        "ECMA",
        "IEEE",
        "PEP",
        "JSR",
        "GPT",
        "X",
        "ANSI",
        "ASCII",
        "EN",
        "BASE",
        "ARM",
        "X86",
        "P",
        "CP",
        "WIN",
        "LATIN",
        "KOI",
        "GB",
        "EUC",
        "UTC",
        "GMT",
        "MP",
        "H",
        "AV",
        "VP",
        "PKCS",
        "FIPS",
        "NIST",
        "DO",
        "COVID",
    ]
)
_ANY_KEY = r"[A-Z][A-Z0-9_]{0,19}"
_N = r"(?P<n>[1-9]\d{0,8})"  # hosts count with 32 bits; what is longer is another number
_MERGES = (
    # GitHub, Gitea, Forgejo, Bitbucket
    re.compile(rf"Merge pull request #{_N} from (?P<b>\S+)"),
    re.compile(rf"Merge pull request '(?P<t>.*)' \(#{_N}\) from (?P<b>\S+) into "),
    re.compile(rf"Merged in (?P<b>\S+) \(pull request #{_N}\)"),
    re.compile(rf"Merged PR {_N}: (?P<t>.*)"),  # Azure
    re.compile(rf"Pull request #{_N}: (?P<t>.*)"),  # Bitbucket Data Center
    re.compile(rf"Merge pull request #{_N} in \S+ from (?P<b>\S+) to "),  # and before version 7
)
_MERGE_BEGINS = ("Merge", "Pull request ")  # other subjects are in none of these forms
_MERGED_FROM = re.compile(r"^Merge in \S+ from (?P<b>\S+) to ", re.MULTILINE)
_SQUASH = re.compile(rf"(?P<t>.*\S)\s+\((?:#|!|pull request #){_N}\)\s*\Z")
_GITLAB = re.compile(rf"^See merge request (?:\S*?)!{_N}\s*$", re.MULTILINE)
_GITLAB_BRANCH = re.compile(r"Merge branch '(?P<b>[^']+)'")
_MERGE_OF_BRANCHES = re.compile(
    r"Merge (?:remote-tracking )?branch(?:es)? (?P<b>'.*?')(?: into |$)"
)
_REVERTED = re.compile(
    r"^(?:This )?reverts commit ([0-9a-f]{7,40})\b", re.MULTILINE | re.IGNORECASE
)
_PICKED = re.compile(r"^\(cherry picked from commit ([0-9a-f]{40})\)", re.MULTILINE)
_REVERTED_REQUEST = re.compile(
    r"^(?:This )?reverts (?:merge request )?(?:[\w./-]+)?(?:#|!)(\d+)\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_REVERT = re.compile(r'(?:(?:Revert|Reapply) ")+|revert(?:\([^)]*\))?!?: ', re.IGNORECASE)
_REVERT_WORD = re.compile("revert", re.IGNORECASE)
_ON_HOST = r"(?:[\w.-]+(?:/[\w.-]+)+)?#[1-9]\d{0,8}(?!\d)"
_HOST_ISSUE = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?"
    r"|refs?|references|part of|related to|see)\b:?\s+"
    rf"({_ON_HOST}(?:(?:\s*,\s*|\s+and\s+){_ON_HOST})*)",
    re.IGNORECASE,
)
_HOST_KEY = re.compile(r"((?:[\w.-]+(?:/[\w.-]+)+)?)#([1-9]\d*)")
_ISSUE_PAGE = re.compile(r"https?://[^/\s]+/([\w.-]+(?:/[\w.-]+)+?)/(?:-/)?issues/([1-9]\d{0,8})\b")


def pull_request(commit: Commit) -> PullRequest | None:
    """The pull request that the commit brought, by its message."""
    subject, _, body = commit.message.partition("\n")
    if subject.startswith(_MERGE_BEGINS):
        for form in _MERGES:
            if found := form.match(subject):
                named = found.groupdict()
                title = named.get("t") or _first_line(body)
                if not named.get("b") and (source := _MERGED_FROM.search(body)):
                    named |= source.groupdict()
                return PullRequest(int(named["n"]), title, _branch(named.get("b") or ""))
    if "See merge request" in body and (found := _GITLAB.search(body)):
        branch = _GITLAB_BRANCH.match(subject)
        title = _first_line(body) if branch else subject
        if title.startswith("See merge request"):
            title = ""
        return PullRequest(int(found["n"]), title, branch["b"] if branch else "")
    if subject.endswith(")") and (found := _SQUASH.match(subject)):
        return PullRequest(int(found["n"]), found["t"])
    return None


def merged_branches(commit: Commit) -> tuple[str, ...]:
    """The branches that git's own message of a merge names, but for the one merged into."""
    found = _MERGE_OF_BRANCHES.match(commit.subject) if len(commit.parents) > 1 else None
    return tuple(re.findall("'([^']+)'", found["b"])) if found else ()


def _first_line(body: str) -> str:
    line = body.strip().partition("\n")[0].strip()
    return "" if line.startswith("* commit ") else line  # the list that Bitbucket makes


def _branch(source: str) -> str:
    """A branch without the owner that GitHub puts before it is not told apart: kept as written."""
    return source.rstrip(".")


def reverts(commit: Commit) -> tuple[str, ...]:
    """The commits, by sha or its beginning, that the message says it takes back."""
    if "everts commit" not in commit.message:
        return ()
    return tuple(sha.lower() for sha in _REVERTED.findall(commit.message))


def picked_from(commit: Commit) -> tuple[str, ...]:
    """The commits that `git cherry-pick -x` says it was picked from."""
    return tuple(_PICKED.findall(commit.message))


def reverted_requests(commit: Commit) -> tuple[int, ...]:
    """The pull requests, by number, that the message says it takes back."""
    if "everts " not in commit.message:
        return ()
    return tuple(map(int, _REVERTED_REQUEST.findall(commit.message)))


def withdrawn(subject: str) -> str:
    """What a subject such as `Revert "SHOP-7: Add gifts"` says is taken back; empty for others,
    and for those that bring it again: `Reapply "…"`, `Revert "Revert "…""`."""
    found = _REVERT.match(subject)
    if not found or len(_REVERT_WORD.findall(found[0])) % 2 == 0:
        return ""
    return subject[found.end() :]


@dataclass(frozen=True, slots=True)
class Issues:
    """Finds issue keys in what people write: those of the product, else whatever looks like one."""

    keys: tuple[str, ...]
    begins: tuple[str, ...]  # a text without any of them has no key: cheap to see
    text: re.Pattern[str]
    branch: re.Pattern[str]

    def everywhere(self, text: str, place: str) -> Sequence[str]:
        """Of trackers and of the code host at `place`, each once."""
        return distinct(self.in_text(text), self.on_host(text, place))

    def in_text(self, text: str) -> Sequence[str]:
        """Keys such as `SHOP-417`, as trackers know them."""
        for begin in self.begins:
            if begin in text:
                return self._real(self.text.findall(text))
        return ()

    def in_branch(self, name: str) -> Sequence[str]:
        """Keys in a branch name, where the product's own may be in small letters."""
        if "-" not in name:
            return ()
        return self._real([found.upper() for found in self.branch.findall(name)])

    def _real(self, found: Sequence[str]) -> Sequence[str]:
        if self.keys:
            return found
        return [key for key in found if key.partition("-")[0] not in _STANDARDS]

    def on_host(self, text: str, place: str) -> Sequence[str]:
        """Issues of a code host that the text says it closes or belongs to: `acme/shop#12`.

        `place` is the repository's path on its host, for those that name none.
        """
        if not (place and (_names_issue(text) or "/issues/" in text)):
            return ()
        return [
            f"{path or place}#{number}"
            for said in _HOST_ISSUE.findall(_ISSUE_PAGE.sub(r"\1#\2", text))
            for path, number in _HOST_KEY.findall(said)
        ]


def distinct(some: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    """All of both, each once, in order."""
    if len(some) + len(others) < 2:
        return some or others
    return [*dict.fromkeys((*some, *others))]


def _names_issue(text: str) -> bool:
    """Whether there is a `#` other than that of a squashed pull request, `(#12)`: cheap to see."""
    at = text.find("#")
    while at > 0 and text[at - 1] == "(":
        at = text.find("#", at + 1)
    return at > 0


def issues(keys: Sequence[str]) -> Issues:
    """The finder for a product's issue keys; without any, all that look like one."""
    wanted = "|".join(re.escape(key.upper()) for key in keys) if keys else _ANY_KEY
    key = rf"(?:{wanted})-[1-9]\d{{0,9}}"
    form = rf"(?<![A-Za-z0-9_-]){key}(?![A-Za-z0-9_]|-\d|\.\d)"
    in_branch = rf"(?<![A-Za-z0-9]){key}(?![A-Za-z0-9])"
    return Issues(
        tuple(key.upper() for key in keys),
        tuple(f"{key.upper()}-" for key in keys) or ("-",),
        re.compile(form),
        re.compile(in_branch, re.IGNORECASE if keys else 0),
    )


def trailers(commit: Commit, key: str) -> tuple[str, ...]:
    """The values of a trailer: lines `Key: value` of the message's last paragraph."""
    if f"{key}:" not in commit.message:
        return ()
    last = commit.message.replace("\r\n", "\n").strip().rpartition("\n\n")[2]
    pairs = (line.partition(":") for line in last.split("\n"))
    return tuple(value.strip() for name, colon, value in pairs if colon and name.strip() == key)
