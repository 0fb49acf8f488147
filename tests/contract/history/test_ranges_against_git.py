"""Histories made by Hypothesis: what notes list is what `git log` lists, whatever the history."""

import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import git_servers
from towpath.domain.changes import Direction
from towpath.git.adapter import GitRepositories
from towpath.git.past import GitPast
from towpath.history import attribution

PATHS = ("a", "b", "dir/a", "dir/deep/b", "other/a")
NUMBERS = itertools.count()
GLOBS = (("a",), ("dir",), ("dir/**", "other"), ("*",), ("**/a",), ("dir/*",), ("!dir/**",))


@dataclass(frozen=True)
class Made:
    """One commit to make: its parents and date by number, what it writes, and what it says."""

    parents: tuple[int, ...]
    files: tuple[tuple[str, int], ...]
    renames: tuple[tuple[str, str], ...]
    message: str
    skew: int


@st.composite
def histories(draw: st.DrawFn) -> Sequence[Made]:
    """Branches, merges of up to four parents, renames, reverts, picks, clocks that disagree."""
    made: list[Made] = []
    for number in range(draw(st.integers(1, 16))):
        newest = st.integers(max(0, number - 5), max(0, number - 1))
        parents = draw(st.lists(newest, max_size=4, unique=True)) if number else []
        kind = draw(st.sampled_from(("work", "merge", "squash", "revert", "pick", "backport")))
        of = draw(newest)
        message = {
            "work": f"work {number}",
            "merge": f"Merge pull request #{number} from acme/SHOP-{number}-x\n\ntitle",
            "squash": f"squash {number} (#{number})",
            "revert": f"Revert\n\nThis reverts commit {{{of}}}.",
            "pick": f"work {of}\n\n(cherry picked from commit {{{of}}})",
            "backport": f"[backport] work {of} (#{number})\n\n\x1f\ttabs and \u2028 lines",
        }[kind]
        files = draw(st.lists(st.tuples(st.sampled_from(PATHS), st.integers(0, 3)), max_size=3))
        pair = st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS))
        renames = draw(st.lists(pair, max_size=1))
        skew = draw(st.sampled_from((0, 0, 0, -5000, 5000)))
        made.append(Made(tuple(parents), tuple(files), tuple(renames), message, skew))
    return made


def _write(repository: Path, made: Sequence[Made]) -> list[str]:
    """The commits, by `git commit-tree` on trees that `git mktree` makes of nested folders."""
    contents: list[dict[str, str]] = []
    stream = bytearray()
    for number, one in enumerate(made):
        files = dict(contents[one.parents[0]]) if one.parents else {}
        for path, value in one.files:
            files[path] = str(value)
        for old, new in one.renames:
            if old in files and old != new:
                files[new] = files.pop(old)
        contents.append(files)
        text = one.message
        for index in range(number):
            text = text.replace(f"{{{index}}}", f"{index:040x}")
        when = 1_700_000_000 + number * 60 + one.skew
        data = text.encode()
        stream += f"commit refs/heads/c{number}\nmark :{number + 1}\n".encode()
        stream += f"author Ä {number} <a@b> {when} +0130\ncommitter C <c@d> {when} -0300\n".encode()
        stream += f"data {len(data)}\n".encode() + data + b"\n"
        for place, parent in enumerate(one.parents):
            stream += f"{'merge' if place else 'from'} :{parent + 1}\n".encode()
        stream += b"deleteall\n"
        for path, value in files.items():
            stream += f"M 100644 inline {path}\ndata {len(value)}\n{value}\n".encode()
        if number % 5 == 4:
            stream += f"reset refs/tags/v{number}\nfrom :{number + 1}\n\n".encode()
    git_servers.git(repository, "fast-import", "--quiet", "--force", given=bytes(stream))
    heads = (f"refs/heads/c{n}" for n in range(len(made)))
    return git_servers.git(repository, "rev-parse", *heads).split()


def _log(repository: Path, *asked: str) -> list[str]:
    done = subprocess.run(
        ["git", "log", "--format=%H", *asked],
        cwd=repository,
        env=git_servers.ENVIRONMENT,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().split()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=histories(), data=st.data())
async def test_the_commits_of_a_range_are_those_of_git_log(
    made: Sequence[Made], data: st.DataObject, place: Path
) -> None:
    number = next(NUMBERS)
    remote = git_servers.origin(place / f"r{number}")
    git_servers.git(remote.path, "config", "uploadpack.allowFilter", "true")
    shas = _write(remote.path, made)
    git_servers.git(remote.path, "symbolic-ref", "HEAD", "refs/heads/c0")
    past = GitPast(GitRepositories(place / f"m{number}", contents_too=False))
    await past.refresh(remote.url)
    for _ in range(4):
        old, new = (data.draw(st.sampled_from(shas)) for _ in range(2))
        globs = data.draw(st.sampled_from(GLOBS))
        found = await past.between(remote.url, old, new)
        assert [c.sha for c in found.came] == _log(remote.path, f"{old}..{new}")
        assert sorted(c.sha for c in found.went) == sorted(_log(remote.path, f"{new}..{old}"))
        assert found.direction is _expected(remote.path, old, new)
        pathspecs = [
            f":(exclude,glob){glob[1:]}" if glob.startswith("!") else f":(glob){glob}"
            for glob in globs
        ]
        touching = await past.touching(remote.url, old, new, globs)
        assert set(touching) == set(
            _log(remote.path, "--full-history", f"{old}...{new}", "--", *pathspecs)
        )
        _check_attribution(found.came, remote.path)


def _expected(repository: Path, old: str, new: str) -> Direction:
    came, went = _log(repository, f"{old}..{new}"), _log(repository, f"{new}..{old}")
    if came and went:
        return Direction.DIVERGED
    if came or went:
        return Direction.FORWARDS if came else Direction.BACKWARDS
    return Direction.SAME


def _check_attribution(came: Sequence[attribution.Commit], repository: Path) -> None:
    """What a merge brought is what git says it reaches and its first parent does not."""
    listed = {commit.sha for commit in came}
    brought = attribution.attribute(came).brought
    for merge, shas in brought.items():
        [first, *_] = next(commit.parents for commit in came if commit.sha == merge)
        assert set(shas) <= set(_log(repository, merge, f"^{first}")) & listed
    everything = [sha for shas in brought.values() for sha in shas]
    assert len(everything) == len(set(everything))
