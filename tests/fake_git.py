"""Git in memory, behind the port: repositories whose files are mappings of places to values.

As strict as the real one about heads: a push moves a branch only from where it is said to be.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from towpath.domain import content, values
from towpath.domain.reasons import Code, Reason
from towpath.ports import git
from towpath.ports.errors import Moved, Permanent, Temporary

Files = Mapping[str, Mapping[str, str]]  # path -> key -> value
BORN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """A commit of the fake: the files as they are, and how it came to be."""

    sha: str
    parent: str
    files: Files
    message: str
    author: str


@dataclass
class Repository:
    """One repository, with trouble to order."""

    commits: dict[str, Made] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    refuses: str = ""
    down: bool = False
    loses_answer: int = 0  # so many pushes arrive, and nobody is told


class FakeGit:
    """Implements `ports.git.Git` on dictionaries."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.unpublished: dict[str, dict[str, Made]] = {}
        self.pushes: list[tuple[str, str, int]] = []

    # --- what strangers do ---------------------------------------------------------------
    def commit_by(
        self,
        author: str,
        repository: str,
        edits: Mapping[str, Mapping[str, str]],
        *,
        branch: str = "main",
        message: str = "change",
    ) -> str:
        repo = self.repositories.setdefault(repository, Repository())
        parent = repo.branches.get(branch, "")
        files = dict(repo.commits[parent].files) if parent else {}
        for path, changed in edits.items():
            files[path] = {**files.get(path, {}), **changed}
        made = _made(parent, files, message, author)
        repo.commits[made.sha] = made
        repo.branches[branch] = made.sha
        return made.sha

    def value(self, repository: str, path: str, key: str = "tag", branch: str = "main") -> str:
        repo = self.repositories[repository]
        return repo.commits[repo.branches[branch]].files[path][key]

    def history(self, repository: str, branch: str = "main") -> list[Made]:
        repo = self.repositories[repository]
        return list(_ancestry(repo.commits, repo.branches[branch]))

    # --- the port ------------------------------------------------------------------------
    async def heads(self, repository: str) -> git.Heads:
        repo = self._there(repository)
        return git.Heads("main" if "main" in repo.branches else "", dict(repo.branches))

    async def fetch(self, repository: str) -> git.Heads:
        return await self.heads(repository)

    async def known_head(self, repository: str, branch: str) -> str | None:
        return self.repositories[repository].branches.get(branch)

    async def commits(
        self, repository: str, base: str | None, head: str, limit: int
    ) -> Sequence[git.Commit]:
        found = []
        for made in _ancestry(self._there(repository).commits, head):
            if made.sha == base or len(found) == limit:
                break
            found.append(_as_commit(made))
        return found

    async def commit(self, repository: str, revision: str) -> git.Commit:
        repo = self._there(repository)
        sha = repo.branches.get(revision, revision)
        if sha not in repo.commits:
            raise Permanent(Reason(Code.BRANCH_MISSING, f"no revision {revision}"))
        return _as_commit(repo.commits[sha])

    async def changed_paths(self, repository: str, old: str, new: str) -> frozenset[str] | None:
        commits = self._there(repository).commits
        if old not in commits or new not in commits:
            return None
        before, after = commits[old].files, commits[new].files
        return frozenset(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))

    async def is_ancestor(self, repository: str, commit: str, head: str) -> bool:
        commits = self._there(repository).commits
        return any(made.sha == commit for made in _ancestry(commits, head))

    async def read(
        self, repository: str, revision: str, requests: Sequence[git.ReadRequest]
    ) -> Sequence[git.Reading]:
        files = self._there(repository).commits[revision].files
        return [_reading(request, files) for request in requests]

    async def build(
        self, repository: str, base: str, changes: Sequence[git.Change]
    ) -> Sequence[git.Built]:
        repo = self._there(repository)
        kept = self.unpublished.setdefault(repository, {})
        tip, built = repo.commits[base], []
        for change in changes:
            files, drift = dict(tip.files), []
            for edit in change.edits:
                for file in edit.files:
                    path = f"{edit.path}/{file.path}"
                    new = {str(v.place[0].name): str(v.value) for v in file.values}
                    drift += _drift(edit, file.path, path, files.get(path, {}))
                    files[path] = {**files.get(path, {}), **new}
            if files == tip.files:
                built.append(git.Built(change.write_id, drift=tuple(drift)))
                continue
            tip = _made(tip.sha, files, change.message, "Towpath")
            kept[tip.sha] = tip
            built.append(git.Built(change.write_id, tip.sha, tuple(drift)))
        return built

    async def build_empty(self, repository: str, base: str, message: str) -> str:
        made = _made(base, self._there(repository).commits[base].files, message, "Towpath")
        self.unpublished.setdefault(repository, {})[made.sha] = made
        return made.sha

    async def push(self, repository: str, branch: str, old: str, new: str) -> None:
        repo = self._there(repository)
        if repo.refuses:
            raise Permanent(Reason(Code.PUSH_REJECTED, repo.refuses))
        if repo.branches.get(branch) != old:
            raise Moved
        kept = {**repo.commits, **self.unpublished[repository]}
        chain = []
        for made in _ancestry(kept, new):
            if made.sha == old:
                break
            chain.append(made)
        repo.commits |= {made.sha: made for made in chain}
        repo.branches[branch] = new
        self.pushes.append((repository, branch, len(chain)))
        if repo.loses_answer:
            repo.loses_answer -= 1
            raise Temporary(Reason(Code.GIT_UNREACHABLE, "the connection was lost"))

    async def find_writes(
        self, repository: str, base: str, head: str, write_ids: Collection[UUID]
    ) -> Mapping[UUID, str]:
        found = {}
        for made in _ancestry(self._there(repository).commits, head):
            if made.sha == base:
                break
            for write_id in write_ids:
                if f"Towpath-Promotion: {write_id}" in made.message:
                    found[write_id] = made.sha
        return found

    async def standing(
        self, repository: str, revision: str, path: str, files: Sequence[content.FileContent]
    ) -> git.Standing:
        there = self._there(repository).commits[revision].files
        holds = all(
            there.get(f"{path}/{file.path}", {}).get(str(v.place[0].name)) == str(v.value)
            for file in files
            for v in file.values
        )
        return git.Standing(holds)

    async def diff(self, repository: str, old: str, new: str) -> Sequence[git.FileDiff]:
        kept = {**self._there(repository).commits, **self.unpublished.get(repository, {})}
        before, after = kept[old].files, kept[new].files
        paths = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
        return [git.FileDiff(path, path, f"{old}..{new}") for path in sorted(paths)]

    async def files(self, repository: str, revision: str) -> Mapping[str, bytes]:
        return {}

    def _there(self, repository: str) -> Repository:
        repo = self.repositories.get(repository)
        if repo is None:
            raise Permanent(Reason(Code.REPOSITORY_MISSING, f"there is no {repository}"))
        if repo.down:
            raise Temporary(Reason(Code.GIT_UNREACHABLE, f"{repository} does not answer"))
        return repo


def _made(parent: str, files: Files, message: str, author: str) -> Made:
    digest = hashlib.sha1(repr((parent, sorted(files.items()), message)).encode()).hexdigest()
    return Made(digest, parent, files, message, author)


def _ancestry(commits: Mapping[str, Made], head: str):
    while head in commits:
        yield commits[head]
        head = commits[head].parent


def _as_commit(made: Made) -> git.Commit:
    trailers: dict[str, tuple[str, ...]] = {}
    for line in made.message.splitlines():
        key, colon, value = line.partition(": ")
        if colon and key.startswith("Towpath-"):
            trailers[key] = (*trailers.get(key, ()), value)
    parents = (made.parent,) if made.parent else ()
    return git.Commit(
        made.sha,
        made.author,
        f"{made.author}@example.org",
        BORN,
        BORN,
        made.message,
        parents,
        trailers,
    )


def _reading(request: git.ReadRequest, files: Files) -> git.Reading:
    path = f"{request.source.path}/values.yaml"
    found = files.get(path, {})
    if "tag" not in found:
        return git.Reading(
            request, reason=Reason(Code.VALUE_MISSING, f"{path} has no tag", {"file": path})
        )
    value = values.Value((values.Key("tag"),), found["tag"])
    return git.Reading(
        request, (content.FileContent("values.yaml", (value,)),), version=found["tag"]
    )


def _drift(edit: git.Edit, name: str, path: str, present: Mapping[str, str]) -> list[git.Drift]:
    before = next((f for f in edit.landed or () if f.path == name), None)
    return [
        git.Drift(path, str(v.place[0].name), str(v.value), found)
        for v in (before.values if before else ())
        if (found := present.get(str(v.place[0].name), "")) != str(v.value)
    ]
