"""Real git repositories for the chaos test: bare remotes, and people who push to them meanwhile.

The remotes are slow on purpose (hooks sleep a little before and after a branch moves), so that a
kill often finds a push that has arrived and of which nobody has been told.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pygit2

BRANCH = "main"
TRIES = 200
_SLOW = """\
#!/usr/bin/env bash
# Up to {most} thousandths of a second, so that a push can be cut short here.
sleep "0.$(printf %03d $((RANDOM % {most})))"
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A commit of a branch as the remote has it: trailers, and the promoted values by file."""

    sha: str
    subject: str
    trailers: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Remote:
    """A bare repository."""

    name: str
    path: Path

    @property
    def address(self) -> str:
        return str(self.path)

    def history(self) -> list[Seen]:
        """Every commit of the branch, oldest first. A merge or a second root is an error here."""
        repository = pygit2.Repository(str(self.path))
        found, commit = [], repository.branches[BRANCH].peel(pygit2.Commit)
        while True:
            found.append(_seen(commit))
            if not commit.parents:
                return found[::-1]
            (commit,) = commit.parents

    async def log(self, count: int = 60) -> str:
        """The newest commits, for people."""
        pretty = (
            "--format=%h %cd %an: %s [%(trailers:key=Towpath-Promotion,valueonly,separator=%x2C)]"
        )
        return await git(self.path, "log", "--date=format:%H:%M:%S", pretty, f"-{count}", BRANCH)


def _seen(commit: pygit2.Commit) -> Seen:
    lines = commit.message.splitlines()
    pairs = (line.partition(": ") for line in lines if line.startswith("Towpath-"))
    return Seen(
        str(commit.id),
        lines[0],
        {key: value for key, _, value in pairs},
        dict(_tags(commit.tree, "")),
    )


def _tags(tree: pygit2.Tree, above: str) -> Iterator[tuple[str, str]]:
    for entry in tree:
        path = f"{above}{entry.name}"
        if isinstance(entry, pygit2.Tree):
            yield from _tags(entry, f"{path}/")
        elif entry.name == "values.yaml":
            assert isinstance(entry, pygit2.Blob)
            yield path, tag_in(entry.data.decode())


def tag_in(text: str) -> str:
    """The promoted value of a values file."""
    (line,) = (line for line in text.splitlines() if line.startswith("  tag: "))
    return line.removeprefix("  tag: ").partition(" ")[0].strip('"')


class RefusedError(Exception):
    """git did not do what it was asked."""


async def git(folder: Path, *arguments: str) -> str:
    """Run git and answer with what it says; a process of the test's own, never killed."""
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=folder,
        env={**_IDENTITY, "PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    if process.returncode:
        raise RefusedError(f"git {' '.join(arguments)}: {complaint.decode(errors='replace')}")
    return said.decode().strip()


_IDENTITY = {
    "GIT_AUTHOR_NAME": "Somebody Else",
    "GIT_AUTHOR_EMAIL": "else@example.org",
    "GIT_COMMITTER_NAME": "Somebody Else",
    "GIT_COMMITTER_EMAIL": "else@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}


async def create(folder: Path, name: str, files: Mapping[str, str], slowness_ms: int) -> Remote:
    """A bare repository with these files on its branch, and hooks that make it slow."""
    made = Remote(name, folder / f"{name}.git")
    await git(folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", made.path.name)
    work = folder / f"{name}-first"
    await git(folder, "clone", "--quiet", made.path.name, work.name)
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text, encoding="utf-8")
    await git(work, "add", "--all")
    await git(work, "commit", "--quiet", "--message=Everything as it was")
    await git(work, "push", "--quiet", "origin", f"HEAD:{BRANCH}")
    for hook in ("pre-receive", "post-receive"):
        file = made.path / "hooks" / hook
        file.write_text(_SLOW.format(most=slowness_ms), encoding="utf-8")
        file.chmod(0o755)
    return made


@dataclass
class Writer:
    """Somebody with a clone who changes files, and tries again when another was faster."""

    name: str
    remote: Remote
    clone: Path
    pushed: list[str] = field(default_factory=list)
    refused: int = 0

    @classmethod
    async def with_clone(cls, name: str, remote: Remote, folder: Path) -> "Writer":
        clone = folder / f"{name}-{remote.name}"
        await git(folder, "clone", "--quiet", str(remote.path), clone.name)
        return cls(name, remote, clone)

    async def change(self, message: str, edit: Callable[[Path], None]) -> str:
        """Commit and push an edit of the present files; answers with the commit."""
        for _ in range(TRIES):
            await git(self.clone, "fetch", "--quiet", "origin", BRANCH)
            await git(self.clone, "reset", "--quiet", "--hard", "FETCH_HEAD")
            edit(self.clone)
            await git(self.clone, "add", "--all")
            await git(self.clone, "commit", "--quiet", "--allow-empty", f"--message={message}")
            try:
                await git(self.clone, "push", "--quiet", "origin", f"HEAD:{BRANCH}")
            except RefusedError:
                self.refused += 1
                continue
            sha = await git(self.clone, "rev-parse", "HEAD")
            self.pushed.append(sha)
            return sha
        raise AssertionError(f"{self.name} was refused {TRIES} times by {self.remote.name}")


async def disturb(
    writer: Writer, chance: random.Random, pauses: tuple[float, float], over: asyncio.Event
) -> None:
    """Push to the branch until it is over: other files, and other values in promoted files."""
    count = 1
    while not over.is_set():
        count += 1
        await asyncio.sleep(chance.uniform(*pauses))
        value_files = sorted(writer.clone.rglob("values.yaml"))
        chosen = chance.choice(value_files).relative_to(writer.clone)
        beside = chance.random() < 0.5

        edit = partial(_set_replicas, chosen, count) if beside else partial(_note, count)
        await writer.change(f"{writer.name} was here ({count})", edit)


def _note(count: int, clone: Path) -> None:
    (clone / "notes.md").write_text(f"note {count}\n", encoding="utf-8")


def _set_replicas(chosen: Path, count: int, clone: Path) -> None:
    file = clone / chosen
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"replicas: {count}\n" if x.startswith("replicas: ") else x for x in lines]
    file.write_text("".join(changed), encoding="utf-8")


def set_tag(file: Path, tag: str) -> None:
    """What a developer does in the trigger environment: another version."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"  tag: {tag} # promoted\n" if x.startswith("  tag: ") else x for x in lines]
    file.write_text("".join(changed), encoding="utf-8")
