"""What a person may mean by a word: a commit, a pull request, an image, an issue.

One word may mean several things; all are looked for, and the one that is there is meant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from towpath.history import indexing as kinds
from towpath.manifests import repositories

_SHA = re.compile(r"[0-9a-f]{4,40}", re.IGNORECASE)
_DIGEST = re.compile(r"(?:(?P<n>[\w.:/-]+)@)?(?P<d>sha256:[0-9a-f]{8,64})", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[1-9]\d*")
_NUMBER = re.compile(r"(?P<r>[\w./:@~-]*)[#!](?P<n>[1-9]\d*)")
_IMAGE = re.compile(r"(?P<n>(?:[\w.-]+(?::\d+)?/)*[\w.-]+):(?P<t>[\w][\w.-]{0,127})")
_TAG = re.compile(r"[\w][\w.-]{0,127}")
_REQUEST_PAGE = re.compile(
    r"https?://(?P<r>[^?#]+?)/(?:-/)?(?:pull|pulls|pull-requests|merge_requests)/(?P<n>\d+)"
)
_COMMIT_PAGE = re.compile(r"https?://(?P<r>[^?#]+?)/(?:-/)?commits?/(?P<s>[0-9a-fA-F]{7,40})")
_ISSUE_PAGE = re.compile(r"https?://[^?#]+/browse/(?P<k>[A-Za-z][A-Za-z0-9_]*-\d+)")
_HOST_ISSUE_PAGE = re.compile(r"https?://[^/?#]+/(?P<r>[^?#]+?)/(?:-/)?issues/(?P<n>\d+)")
WHOLE = 40


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to look for: a ref (with `*` at its end: that begins so) of some kinds; `scope` is
    how the repository or image ends, if one was given."""

    ref: str
    kinds: tuple[str, ...]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is meant: of a kind, by its whole ref, in its repository or image."""

    kind: str
    ref: str
    scope: str


def ends(repository: str, scope: str) -> bool:
    """Whether a repository is called so: by its address, its path or the end of it."""
    if not scope or repository == scope:
        return True
    name, wanted = (repositories.identity(each).lower() for each in (repository, scope))
    return name == wanted or name.endswith(f"/{wanted}")


def meanings(text: str) -> tuple[Meaning, ...]:
    """Everything that the text may mean."""
    return tuple(dict.fromkeys(_meanings(text.strip())))


def _meanings(text: str) -> Iterator[Meaning]:
    if text.startswith(("http://", "https://")):
        yield from _pages(text)
        return
    if _SHA.fullmatch(text):
        yield from _commit(text)
    if found := _DIGEST.fullmatch(text):
        ref = found["d"].lower()
        whole = len(ref) == len("sha256:") + 64
        yield Meaning(ref if whole else f"{ref}*", (kinds.DIGEST,), found["n"] or "")
        return
    if found := _NUMBER.fullmatch(text):
        yield Meaning(found["n"], (kinds.REQUEST,), found["r"])
        yield Meaning(text, (kinds.ISSUE,))
        return
    if _KEY.fullmatch(text):
        yield Meaning(text.upper(), (kinds.ISSUE,))
    if found := _IMAGE.fullmatch(text):
        yield Meaning(found["t"], (kinds.IMAGE,), found["n"])
    if _TAG.fullmatch(text):
        yield Meaning(text, (kinds.IMAGE,))


def _pages(text: str) -> Iterator[Meaning]:
    if found := _REQUEST_PAGE.match(text):
        yield Meaning(found["n"], (kinds.REQUEST,), found["r"])
    if found := _COMMIT_PAGE.match(text):
        for meaning in _commit(found["s"]):
            yield Meaning(meaning.ref, meaning.kinds, found["r"])
    if found := _ISSUE_PAGE.match(text):
        yield Meaning(found["k"].upper(), (kinds.ISSUE,))
    if found := _HOST_ISSUE_PAGE.match(text):
        yield Meaning(f"{found['r']}#{found['n']}", (kinds.ISSUE,))


def _commit(sha: str) -> Iterator[Meaning]:
    ref = sha.lower() if len(sha) == WHOLE else f"{sha.lower()}*"
    yield Meaning(ref, (kinds.COMMIT, kinds.GITOPS))
