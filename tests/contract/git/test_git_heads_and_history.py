"""Heads, commits and what lies between them, of a real repository over file://."""

from uuid import uuid4

import pytest

import git_servers
from towpath.domain.reasons import Code
from towpath.git.adapter import GitRepositories
from towpath.ports import errors


async def test_heads_are_the_remotes_branches_peeled_tags_and_default_branch(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"a": "1"})
    second = remote.commit({"a": "2"}, branch="release", parent=first)
    git_servers.git(remote.path, "tag", "light", first)
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    git_servers.git(remote.path, *person, "tag", "-a", "-m", "x", "annotated", second)
    for heads in (await door.heads(remote.url), await door.fetch(remote.url)):
        assert heads.default_branch == "main"
        assert heads.branches == {"main": first, "release": second}
        assert heads.tags == {"light": first, "annotated": second}


async def test_a_fetch_brings_new_commits_and_forgets_deleted_branches_and_tags(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"a": "1"})
    remote.commit({"a": "2"}, branch="gone", parent=first)
    git_servers.git(remote.path, "tag", "gone-too", first)
    await door.fetch(remote.url)
    git_servers.git(remote.path, "branch", "-D", "gone")
    git_servers.git(remote.path, "tag", "-d", "gone-too")
    second = remote.commit({"a": "3"})
    heads = await door.fetch(remote.url)
    assert heads.branches == {"main": second}
    assert heads.tags == {}
    assert await door.known_head(remote.url, "gone") is None
    assert await door.known_head(remote.url, "main") == second


async def test_a_fetch_notices_another_default_branch(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"a": "1"})
    await door.fetch(remote.url)
    other = remote.commit({"a": "2"}, branch="trunk", parent=first)
    git_servers.git(remote.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert (await door.fetch(remote.url)).default_branch == "trunk"
    assert await door.known_head(remote.url, "HEAD") == other


async def test_a_default_branch_that_was_deleted_leaves_the_others_to_be_fetched(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"a": "1"})
    await door.fetch(remote.url)
    other = remote.commit({"a": "2"}, branch="trunk", parent=first)
    git_servers.git(remote.path, "update-ref", "-d", "refs/heads/main")
    heads = await door.fetch(remote.url)
    assert heads.branches == {"trunk": other}
    assert await door.known_head(remote.url, "main") is None


async def test_a_force_pushed_branch_is_followed(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"a": "1"})
    second = remote.commit({"a": "2"})
    await door.fetch(remote.url)
    third = remote.commit({"a": "3"}, parent=first)
    assert (await door.fetch(remote.url)).branches["main"] == third
    assert not await door.is_ancestor(remote.url, second, third)
    assert await door.is_ancestor(remote.url, first, third)
    assert await door.is_ancestor(remote.url, third, third)
    assert not await door.is_ancestor(remote.url, "0" * 40, third)


async def test_an_empty_repository_has_a_reason_of_its_own(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    for ask in (door.heads, door.fetch):
        with pytest.raises(errors.Permanent) as refused:
            await ask(remote.url)
        assert refused.value.reason.code is Code.BRANCH_MISSING
        assert "empty" in refused.value.reason.sentence
    head = remote.commit({"a": "1"})
    assert (await door.fetch(remote.url)).branches == {"main": head}


async def test_a_repository_that_is_not_there_has_a_reason_of_its_own(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    with pytest.raises(errors.Permanent) as refused:
        await door.fetch(f"{remote.url}-not")
    assert refused.value.reason.code is Code.REPOSITORY_MISSING


async def test_a_sha256_repository_is_refused_with_a_reason(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    other = git_servers.origin(remote.path.parent, "--object-format=sha256", name="new.git")
    other.commit({"a": "1"})
    with pytest.raises(errors.Permanent) as refused:
        await door.fetch(other.url)
    assert refused.value.reason.code is Code.UNSUPPORTED
    assert "SHA-256" in refused.value.reason.sentence


async def test_a_shallow_clone_is_refused_with_what_to_do(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"a": "1"})
    remote.commit({"a": "2"})
    shallow = remote.path.parent / "shallow"
    git_servers.git(remote.path.parent, "clone", "--quiet", "--depth=1", remote.url, str(shallow))
    for _ in range(2):
        with pytest.raises(errors.Permanent) as refused:
            await door.fetch(f"file://{shallow}")
        assert refused.value.reason.code is Code.UNSUPPORTED
        assert "unshallow" in refused.value.reason.advice
    git_servers.git(shallow, "fetch", "--quiet", "--unshallow")
    head = remote.head()
    assert (await door.fetch(f"file://{shallow}")).branches["main"] == head


@pytest.mark.parametrize("claimed", ["nonsense", "UTF-8", "UTF-16", "idna", "hex"])
async def test_a_commit_in_another_encoding_than_it_claims_hides_none_of_ours(
    door: GitRepositories, remote: git_servers.Origin, claimed: str
) -> None:
    base = remote.commit({"a": "1"})
    strange = _written_as(remote, claimed, author=b"J\xe9r", message=b"d\xe9j\xe0 vu\n")
    write = uuid4()
    ours = remote.commit({"a": "2"}, f"Promote\n\nTowpath-Promotion: {write}\n")
    await door.fetch(remote.url)
    assert await door.find_writes(remote.url, base, ours, [write]) == {write: ours}
    listed = await door.commits(remote.url, base, ours, 10)
    assert [each.sha for each in listed] == [ours, strange]
    assert listed[1].author.startswith("J")
    assert listed[1].subject


def _written_as(remote: git_servers.Origin, encoding: str, *, author: bytes, message: bytes) -> str:
    """A commit on top of main that claims an encoding, in bytes that are of another."""
    before = git_servers.git(remote.path, "cat-file", "commit", "main")
    person = author + b" <j@example.org> 1750000100 +0000"
    body = b"tree %b\nparent %b\nauthor %b\ncommitter %b\nencoding %b\n\n%b" % (
        before.split()[1].encode(),
        remote.head().encode(),
        person,
        person,
        encoding.encode(),
        message,
    )
    sha = git_servers.git(
        remote.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=body
    )
    git_servers.git(remote.path, "update-ref", "refs/heads/main", sha)
    return sha


async def test_commits_are_listed_newest_first_with_their_trailers(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"a": "1"})
    write = uuid4()
    promoted = remote.commit(
        {"a": "2"}, f"Promote\n\nTowpath-Promotion: {write}\nTowpath-Release: checkout-1\n"
    )
    head = remote.commit(
        {"a": "3"}, "Tidy up\n\nA body: with a colon\nbut no trailers", author="Bo"
    )
    await door.fetch(remote.url)
    found = await door.commits(remote.url, base, head, 10)
    assert [commit.sha for commit in found] == [head, promoted]
    assert found[0].author == "Bo"
    assert found[0].subject == "Tidy up"
    assert found[0].trailers == {}
    assert found[0].parents == (promoted,)
    assert found[1].trailers["Towpath-Release"] == ("checkout-1",)
    assert [c.sha for c in await door.commits(remote.url, None, head, 2)] == [head, promoted]
    assert await door.find_writes(remote.url, base, head, [write, uuid4()]) == {write: promoted}
    assert await door.find_writes(remote.url, promoted, head, [write]) == {}


async def test_a_commit_is_found_by_branch_tag_sha_and_abbreviation(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"a": "1"})
    git_servers.git(remote.path, "tag", "v1", head)
    await door.fetch(remote.url)
    for revision in ("main", "HEAD", "v1", head, head[:8]):
        assert (await door.commit(remote.url, revision)).sha == head
    for revision in ("nothing", "0" * 40, "main~1", "@{-1}"):
        with pytest.raises(errors.Permanent) as refused:
            await door.commit(remote.url, revision)
        assert revision in refused.value.reason.sentence


async def test_paths_and_patches_tell_what_differs(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    old = remote.commit({"a.yaml": "tag: 1\n", "dir/b": "same\n" * 20, "gone": "x"})
    new = remote.commit({"a.yaml": "tag: 2\n", "dir/b": None, "dir/c": "same\n" * 20, "gone": None})
    await door.fetch(remote.url)
    paths = await door.changed_paths(remote.url, old, new)
    assert paths == {"a.yaml", "dir/b", "dir/c", "gone"}
    assert await door.changed_paths(remote.url, "0" * 40, new) is None
    patches = {p.path: p for p in await door.diff(remote.url, old, new)}
    assert "-tag: 1\n+tag: 2\n" in patches["a.yaml"].patch
    assert patches["dir/c"].old_path == "dir/b"
    assert "gone" in patches


async def test_the_yaml_files_of_a_configuration_are_read_by_path(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit(
        {"a.yaml": "x", "b/c.yml": b"\xff", "d.txt": "no", "l.yaml": ("120000", b"a.yaml")}
    )
    await door.fetch(remote.url)
    assert await door.files(remote.url, "HEAD") == {"a.yaml": b"x", "b/c.yml": b"\xff"}
