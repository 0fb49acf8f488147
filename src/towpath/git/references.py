"""What a mirror knows of the remote's branches and tags, and how that is kept true."""

import contextlib

import pygit2

from towpath.git import mirrors
from towpath.ports.git import Heads


def heads(repository: pygit2.Repository) -> tuple[Heads, bool]:
    """The branches and tags that were fetched last, and whether the default branch is certain."""
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    default, default_commit = "", ""
    for reference in repository.references.iterator():
        name, target = reference.name, str(reference.target)
        if name.startswith(mirrors.BRANCHES):
            branches[name.removeprefix(mirrors.BRANCHES)] = target
        elif name.startswith(mirrors.TAGS):
            # A tag may name a tree or a file, which nobody deploys.
            with contextlib.suppress(ValueError, pygit2.InvalidSpecError):
                commit = reference.peel(pygit2.Commit)
                tags[name.removeprefix(mirrors.TAGS)] = str(commit.id)
        elif name == mirrors.DEFAULT_BRANCH:
            default = target.removeprefix(mirrors.BRANCHES)
        elif name == mirrors.DEFAULT_HEAD:
            default_commit = target
    certain = bool(default) and branches.get(default) == default_commit
    return Heads(default, branches, tags), certain


def known_head(repository: pygit2.Repository, branch: str) -> str | None:
    """The commit of a branch (`HEAD`: the default one), or None if it is not known."""
    name = mirrors.DEFAULT_BRANCH if branch in ("", "HEAD") else f"{mirrors.BRANCHES}{branch}"
    try:
        return str(repository.references[name].resolve().target)
    except (KeyError, ValueError, pygit2.InvalidSpecError):
        return None


def has_default(repository: pygit2.Repository) -> bool:
    """Whether the remote's HEAD led to a commit when it was looked at last."""
    return mirrors.DEFAULT_HEAD in repository.references


def note_default(repository: pygit2.Repository, said: Heads) -> None:
    """Note the default branch as the remote said it."""
    commit = said.branches.get(said.default_branch)
    if commit is None:
        for name in (mirrors.DEFAULT_BRANCH, mirrors.DEFAULT_HEAD):
            with contextlib.suppress(KeyError):
                repository.references.delete(name)
        return
    target = f"{mirrors.BRANCHES}{said.default_branch}"
    known = repository.references.get(mirrors.DEFAULT_BRANCH)
    if known is None or known.target != target:
        repository.references.create(mirrors.DEFAULT_BRANCH, target, force=True)
    if commit in repository:
        repository.references.create(mirrors.DEFAULT_HEAD, pygit2.Oid(hex=commit), force=True)


def moved(repository: pygit2.Repository, branch: str, old: str, new: str) -> None:
    """Note that a branch went from `old` to `new`, unless news of it came in meanwhile."""
    name = f"{mirrors.BRANCHES}{branch}"
    known = repository.references.get(name)
    if known is None and not old:
        with contextlib.suppress(ValueError, pygit2.GitError):
            repository.references.create(name, pygit2.Oid(hex=new))
    elif known is not None and str(known.target) == old:
        with contextlib.suppress(pygit2.GitError):
            known.set_target(pygit2.Oid(hex=new))
