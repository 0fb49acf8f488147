"""Commits: found by what people call them, described, and written.

A commit is written as an object only; nobody sees it before a branch is moved to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pygit2
from pygit2.enums import ObjectType, SortMode

from towpath.domain import reasons
from towpath.git import mirrors, trailers
from towpath.ports import errors
from towpath.ports import git as port

_SHA = re.compile(r"[0-9a-f]{4,40}")
_WHOLE = 40


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes the commits."""

    name: str = "Towpath"
    email: str = "towpath@localhost"


def known(repository: pygit2.Repository, sha: str) -> bool:
    """Whether a commit is in the mirror."""
    return len(sha) == _WHOLE and isinstance(repository.get(sha), pygit2.Commit)


def resolve(repository: pygit2.Repository, revision: str) -> str | None:
    """The commit that a branch, tag, sha or unique abbreviation means; `HEAD`: default branch."""
    if _SHA.fullmatch(revision) and len(revision) == _WHOLE:
        return revision if known(repository, revision) else None
    if revision in ("", "HEAD"):
        return tip(repository, mirrors.DEFAULT_BRANCH) or tip(repository, mirrors.DEFAULT_HEAD)
    short = revision.removeprefix("refs/heads/").removeprefix(mirrors.TAGS)
    return (
        tip(repository, f"{mirrors.BRANCHES}{short}")
        or tip(repository, f"{mirrors.TAGS}{short}")
        or abbreviated(repository, revision)
    )


def tip(repository: pygit2.Repository, reference: str) -> str | None:
    """The commit that a full reference leads to."""
    try:
        return str(repository.references[reference].peel(pygit2.Commit).id)
    except (KeyError, ValueError, pygit2.InvalidSpecError):
        return None


def abbreviated(repository: pygit2.Repository, revision: str) -> str | None:
    """The only commit whose sha begins so."""
    if not _SHA.fullmatch(revision):
        return None
    try:
        found = repository[revision]
    except (KeyError, ValueError):
        return None
    return str(found.id) if isinstance(found, pygit2.Commit) else None


def needed(repository: pygit2.Repository, address: str, revision: str) -> str:
    """As `resolve`. Raises `Permanent` when the mirror has nothing of that name."""
    found = resolve(repository, revision)
    if found is None:
        _check_whole(repository)
        raise errors.Permanent(
            reasons.Reason(
                reasons.Code.BRANCH_MISSING,
                f"{address} has no branch, tag or commit {revision!r}",
                {"repository": address, "revision": revision},
                advice="Check the application's targetRevision; a branch that was pushed just "
                "now is known after the next fetch.",
            )
        )
    return found


def _check_whole(repository: pygit2.Repository) -> None:
    """Raise `mirrors.Damaged` if the mirror lacks a commit because it lost objects."""
    head = repository.references.get(mirrors.DEFAULT_HEAD)
    if head is not None and not known(repository, str(head.target)):
        raise mirrors.missing(head.target)


def described(commit: pygit2.Commit) -> port.Commit:
    """A commit as people are shown it."""
    message = message_of(commit)
    return port.Commit(
        sha=str(commit.id),
        author=author_of(commit),
        author_email=_email_of(commit),
        authored_at=_when(commit.author.time, commit.author.offset),
        committed_at=_when(commit.commit_time, commit.commit_time_offset),
        message=message,
        parents=tuple(str(parent) for parent in commit.parent_ids),
        trailers=trailers.parse(message),
    )


def message_of(commit: pygit2.Commit) -> str:
    """A commit's message. Anybody can claim any encoding, and write in another."""
    try:
        return commit.message
    except (LookupError, UnicodeError):
        return commit.raw_message.decode("utf-8", "replace")


def author_of(commit: pygit2.Commit) -> str:
    """The name of a commit's author, whatever encoding it claims."""
    try:
        return commit.author.name
    except (LookupError, UnicodeError):
        return commit.author.raw_name.decode("utf-8", "replace")


def _email_of(commit: pygit2.Commit) -> str:
    return commit.author.raw_email.decode("utf-8", "replace")


def _when(seconds: int, offset: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset)))
    except (ValueError, OverflowError):
        # Anybody can write any number into a commit.
        return datetime.fromtimestamp(min(max(seconds, 0), 2**37), UTC)


def walk(repository: pygit2.Repository, base: str | None, head: str) -> Iterator[pygit2.Commit]:
    """Commits reachable from `head` and not from `base`, newest first, children before parents."""
    walker = repository.walk(pygit2.Oid(hex=head), SortMode.TOPOLOGICAL | SortMode.TIME)
    if base is not None:
        walker.hide(pygit2.Oid(hex=base))
    return walker


def is_ancestor(repository: pygit2.Repository, commit: str, head: str) -> bool:
    """Whether `head` is `commit` or comes after it. False if either is not known."""
    if not (known(repository, commit) and known(repository, head)):
        return False
    return commit == head or repository.descendant_of(head, commit)


def write(
    repository: pygit2.Repository,
    tree: pygit2.Oid,
    parent: str,
    message: str,
    identity: Identity,
    now: datetime,
) -> str:
    """Write a commit as an object, and answer with its sha.

    Tree and parent must be there: `create_commit` would read them to see, 3 ms for a large folder.
    """
    signed = pygit2.Signature(identity.name, identity.email, int(now.timestamp()), 0)
    person = f"{signed.name} <{signed.email}> {signed.time} +0000"
    head = f"tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\n"
    text = message.replace("\0", "")
    return str(repository.write(ObjectType.COMMIT, f"{head}{text}".encode()))
