"""Histories made by Hypothesis: what notes list is what `git log` lists, whatever the history."""

import itertools
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import git_servers
from towpath.domain.changes import Between, Direction
from towpath.git.adapter import GitRepositories
from towpath.git.past import GitPast
from towpath.history import attribution, messages
from towpath.history.composing import Composition, Known
from towpath.history.ranges import CodeRange, Gathered
from towpath.history.sayings import Sayings

PATHS = ("a", "b", "dir/a", "dir/deep/b", "other/a")
NUMBERS = itertools.count()
GLOBS = (("a",), ("dir",), ("dir/**", "other"), ("*",), ("**/a",), ("dir/*",), ("!dir/**",))
Files = Mapping[str, str]


@dataclass(frozen=True)
class Made:
    """One commit to make, of a kind: its parents, date and the commit it is `of`, by number."""

    kind: str
    parents: tuple[int, ...]
    of: int
    files: tuple[tuple[str, int], ...]
    renames: tuple[tuple[str, str], ...]
    skew: int
    tag: str  # none | light | annotated


@st.composite
def histories(draw: st.DrawFn) -> Sequence[Made]:
    """Branches, octopus merges, renames, reverts, picks, squashes, tags, clocks that disagree."""
    made: list[Made] = []
    for number in range(draw(st.integers(1, 16))):
        newest = st.integers(max(0, number - 5), max(0, number - 1))
        kinds = ["work", "work"] + ["squash", "revert", "pick", "backport"] * (number > 0)
        kind = draw(st.sampled_from(kinds + ["merge", "merge"] * (number > 1)))
        most = min(4, number) if kind == "merge" else min(1, number)
        least = 2 if kind == "merge" else min(most, draw(st.sampled_from((1, 1, 1, 0))))
        parents = draw(st.lists(newest, min_size=least, max_size=most, unique=True))
        if kind == "backport":
            parents = [draw(st.integers(0, number - 1))]  # of an old line
        values = st.tuples(st.sampled_from(PATHS), st.integers(0, 3))
        files = draw(st.lists(values, max_size=3 if kind in ("work", "merge") else 0))
        pair = st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS))
        renames = draw(st.lists(pair, max_size=1)) if kind == "work" else []
        skew = draw(st.sampled_from((0, 0, 0, -5000, 5000)))
        tag = draw(st.sampled_from(("none", "none", "none", "light", "annotated")))
        ends = (tuple(parents), draw(newest), tuple(files), tuple(renames))
        made.append(Made(kind, *ends, skew, tag))
    return made


def _brings(kind: str) -> Callable[[Made], bool]:
    return {
        "octopus": lambda one: len(one.parents) > 2,
        "another root": lambda one: one.of > 0 and not one.parents,
        "rename": lambda one: any(old != new for old, new in one.renames),
        "tag": lambda one: one.tag != "none",
    }.get(kind, lambda one: one.kind == kind)


@pytest.mark.parametrize(
    "kind",
    [
        "merge",
        "octopus",
        "revert",
        "pick",
        "squash",
        "backport",
        "rename",
        "tag",
        "another root",
    ],
)
def test_histories_of_every_kind_are_made(kind: str) -> None:
    brings = _brings(kind)
    once = settings(max_examples=500, phases=[Phase.generate], database=None)
    assert find(histories(), lambda made: any(map(brings, made)), settings=once)


class _Writer:
    """Writes a history as git keeps it, so that messages name commits that are there."""

    def __init__(self, folder: Path) -> None:
        self._repository = pygit2.Repository(str(folder))
        self.shas: list[str] = []
        self._files: list[Files] = []
        self._made: list[Made] = []

    def write(self, number: int, one: Made) -> None:
        files = self._content(one)
        when = 1_700_000_000 + number * 60 + one.skew
        author = pygit2.Signature("Ä " + str(number), "a@b", when, 90)
        committer = pygit2.Signature("C", "c@d", when, -180)
        parents = [self.shas[parent] for parent in one.parents]
        sha = self._repository.create_commit(
            f"refs/heads/c{number}",
            author,
            committer,
            self._message(number, one),
            self._tree(files),
            parents,
        )
        if one.tag == "light":
            self._repository.references.create(f"refs/tags/v{number}", sha)
        if one.tag == "annotated":
            self._repository.create_tag(
                f"v{number}", sha, pygit2.enums.ObjectType.COMMIT, committer, "a version"
            )
        self.shas.append(str(sha))
        self._files.append(files)
        self._made.append(one)

    def _message(self, number: int, one: Made) -> str:
        of = self.shas[one.of] if one.of < number else ""
        return {
            "work": f"work {number}",
            "merge": f"Merge pull request #{number} from acme/SHOP-{number}-x\n\ntitle",
            "squash": f"squash {number} (#{number})",
            "revert": f'Revert "work {one.of}"\n\nThis reverts commit {of}.',
            "pick": f"work {one.of}\n\n(cherry picked from commit {of})",
            "backport": f"[backport] work {one.of} (#{number})\n\n\x1f\ttabs and \u2028 lines",
        }[one.kind]

    def _content(self, one: Made) -> Files:
        files = dict(self._files[one.parents[0]]) if one.parents else {}
        match one.kind:
            case "merge":
                for parent in one.parents[1:]:
                    files = {**self._files[parent], **files}
            case "squash":
                files |= self._files[one.of]
            case "revert":
                _apply(files, self._files[one.of], self._before(one.of))
            case "pick" | "backport":
                _apply(files, self._before(one.of), self._files[one.of])
        for path, value in one.files:
            files[path] = str(value)
        for old, new in one.renames:
            if old in files and old != new:
                files[new] = files.pop(old)
        return files

    def _before(self, number: int) -> Files:
        parents = self._made[number].parents
        return self._files[parents[0]] if parents else {}

    def _tree(self, files: Files) -> pygit2.Oid:
        index = pygit2.Index()
        for path, value in files.items():
            blob = self._repository.create_blob(value.encode())
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
        return index.write_tree(self._repository)


def _apply(files: dict[str, str], old: Files, new: Files) -> None:
    """Make the change from one content to the other in a third."""
    for path in {*old, *new}:
        if old.get(path) != new.get(path):
            if path in new:
                files[path] = new[path]
            else:
                files.pop(path, None)


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
    writer = _Writer(remote.path)
    for index, one in enumerate(made):
        writer.write(index, one)
    shas = writer.shas
    git_servers.git(remote.path, "symbolic-ref", "HEAD", "refs/heads/c0")
    past = GitPast(GitRepositories(place / f"m{number}", contents_too=False))
    await past.refresh(remote.url)
    for index, one in enumerate(made):
        named = await past.resolve(remote.url, f"v{index}")
        assert named == (shas[index] if one.tag != "none" else None)
    for _ in range(4):
        old, new = (data.draw(st.sampled_from(shas)) for _ in range(2))
        globs = data.draw(st.sampled_from(GLOBS))
        found = await past.between(remote.url, old, new)
        came, went = _log(remote.path, f"{old}..{new}"), _log(remote.path, f"{new}..{old}")
        assert [c.sha for c in found.came] == came
        assert sorted(c.sha for c in found.went) == sorted(went)
        assert found.direction is _expected(came, went)
        pathspecs = [
            f":(exclude,glob){glob[1:]}" if glob.startswith("!") else f":(glob){glob}"
            for glob in globs
        ]
        touching = await past.touching(remote.url, old, new, globs)
        assert set(touching) == set(
            _log(remote.path, "--full-history", f"{old}...{new}", "--", *pathspecs)
        )
        _check_attribution(found.came, remote.path)
        whole = {*came, *went}
        assert _listed(found, {"api": None}) == {sha: ["api"] for sha in whole}
        both = {sha: ["web", "api"] if sha in touching else ["web"] for sha in whole}
        assert _listed(found, {"web": None, "api": touching}) == both
        assert [*_listed(found, {"api": touching})] == [
            commit.sha for commit in (*found.came, *found.went) if commit.sha in touching
        ]


def _expected(came: Sequence[str], went: Sequence[str]) -> Direction:
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
    _check_reverts(came, brought)


def _check_reverts(
    came: Sequence[attribution.Commit], brought: Mapping[str, Sequence[str]]
) -> None:
    """What is marked as taken back is named by the commit that does it, itself or as a merge."""
    by_sha = {commit.sha: commit for commit in came}
    for sha, by in attribution.attribute(came).reverted_by.items():
        named = messages.reverts(by_sha[by])
        assert sha in by_sha
        assert sha in named or any(sha in brought.get(merge, ()) for merge in named)


def _listed(found: Between, components: Mapping[str, object]) -> Mapping[str, Sequence[str]]:
    """The commits of notes, each with its components."""
    code = CodeRange("https://git.example/code", "old", "new", found, components)  # type: ignore[arg-type] # sets of shas
    composed = Composition(Gathered(code=[code]), Sayings(messages.issues(())), Known()).groups()
    items = composed["commits"]["items"]
    assert len(items) == composed["commits"]["total"] == len({item["sha"] for item in items})
    return {item["sha"]: item["components"] for item in items}
