"""Building commits and pushing them, to a real remote over file://."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

import git_servers
from towpath.domain import content, values
from towpath.domain.reasons import Code
from towpath.domain.rules import Rules
from towpath.git.adapter import GitRepositories
from towpath.git.commits import Identity
from towpath.ports import errors
from towpath.ports import git as port

TAG: values.Place = (values.Key("image"), values.Key("tag"))
DIGEST: values.Place = (values.Key("image"), values.Key("digest"))
QA = "# qa\nimage:\n  repository: acme/api\n  tag: 'v1'  # promoted\nreplicas: 1\n"


def tag(text: str, path: str = "values.yaml") -> content.FileContent:
    return content.FileContent(path, (values.Value(TAG, text),))


def whole(path: str, body: bytes, mode: str = "100644") -> content.FileContent:
    return content.FileContent(path, whole=content.WholeFile(mode, digest(body), len(body)))


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def change(
    *files: content.FileContent,
    path: str = "qa",
    landed: tuple[content.FileContent, ...] | None = None,
    bodies: tuple[bytes, ...] = (),
    message: str = "Promote\n",
    by: dict[str, tuple[str, ...]] | None = None,
) -> port.Change:
    rules = Rules(tuple(by.items())) if by else None
    edit = port.Edit("api", "api-qa", path, files, landed, rules)
    return port.Change(uuid4(), (edit,), message, {digest(body): body for body in bodies})


async def promoted(
    door: GitRepositories, remote: git_servers.Origin, *changes: port.Change
) -> list[port.Built]:
    """Build on the remote's head and push what was built."""
    head = (await door.fetch(remote.url)).branches["main"]
    built = list(await door.build(remote.url, head, changes))
    tips = [each.commit for each in built if each.commit]
    if tips:
        await door.push(remote.url, "main", head, tips[-1])
    return built


async def test_a_promoted_value_changes_and_nothing_else(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA, "prod/values.yaml": QA, "README": "x"})
    built = await promoted(door, remote, change(tag("v2"), message="Promote 2\n\nTowpath-X: y\n"))
    assert built[0].commit == remote.head()
    assert remote.show("qa/values.yaml").decode() == QA.replace("v1", "v2")
    assert remote.show("prod/values.yaml").decode() == QA
    assert git_servers.git(remote.path, "log", "-1", "--format=%B") == "Promote 2\n\nTowpath-X: y"
    git_servers.git(remote.path, "fsck", "--strict")


async def test_after_a_push_the_mirror_knows_the_new_head_without_asking(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    built = await promoted(door, remote, change(tag("v2")))
    assert await door.known_head(remote.url, "main") == built[0].commit
    assert await door.known_head(remote.url, "HEAD") == built[0].commit


async def test_commits_carry_the_identity_and_the_clock_that_were_given(
    tmp_path: Path, remote: git_servers.Origin
) -> None:
    when = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    door = GitRepositories(
        tmp_path / "m", identity=Identity("Ship", "ship@example.org"), clock=lambda: when
    )
    remote.commit({"qa/values.yaml": QA})
    built = await promoted(door, remote, change(tag("v2")))
    commit = await door.commit(remote.url, built[0].commit)
    assert (commit.author, commit.author_email) == ("Ship", "ship@example.org")
    assert commit.committed_at == when


async def test_nothing_that_differs_makes_no_commit(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/values.yaml": QA, "qa/run": ("100755", b"x")})
    built = await promoted(
        door, remote, change(tag("v1"), whole("run", b"x", "100755"), bodies=(b"x",))
    )
    assert built[0].commit == ""
    assert built[0].reason is None
    assert remote.head() == head


async def test_several_changes_become_a_chain_of_commits_in_one_push(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": QA, "prod/values.yaml": QA})
    built = await promoted(
        door,
        remote,
        change(tag("v2")),
        change(tag("v1")),
        change(tag("v2"), path="nowhere"),
        change(tag("v3"), path="prod"),
    )
    assert [bool(each.commit) for each in built] == [True, True, False, True]
    missing = built[2].reason
    assert missing is not None
    assert missing.code is Code.VALUE_MISSING
    listed = git_servers.git(remote.path, "rev-list", f"{base}..main").splitlines()
    assert listed == [built[3].commit, built[1].commit, built[0].commit]


async def test_a_missing_file_is_named_and_nothing_is_written(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/other.yaml": QA})
    built = await promoted(door, remote, change(tag("v2")))
    assert built[0].reason is not None
    assert built[0].reason.code is Code.VALUE_MISSING
    assert "qa/values.yaml" in built[0].reason.sentence
    assert remote.head() == head


async def test_a_file_that_cannot_be_read_is_named_with_its_line(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": "image:\n  tag: [\n"})
    built = await promoted(door, remote, change(tag("v2")))
    assert built[0].reason is not None
    assert built[0].reason.code is Code.INVALID_CONFIGURATION
    assert built[0].reason.data["file"] == "qa/values.yaml"


async def test_whole_files_and_links_come_with_their_modes_and_folders(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/old": "x"})
    files = (
        whole("bin/run", b"#!", "100755"),
        whole("data.bin", b"\x00\xff"),
        whole("latest", b"data.bin", "120000"),
    )
    await promoted(door, remote, change(*files, bodies=(b"#!", b"\x00\xff", b"data.bin")))
    tree = git_servers.git(remote.path, "ls-tree", "-r", "main").splitlines()
    modes = {line.split("\t")[1]: line.split()[0] for line in tree}
    assert modes == {
        "qa/old": "100644",
        "qa/bin/run": "100755",
        "qa/data.bin": "100644",
        "qa/latest": "120000",
    }
    git_servers.git(remote.path, "fsck", "--strict")


async def test_a_link_that_would_leave_the_repository_is_refused(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({"qa/old": "x"})
    link = whole("l", b"../../outside", "120000")
    built = await promoted(door, remote, change(link, bodies=(b"../../outside",)))
    assert built[0].reason is not None
    assert "out of the repository" in built[0].reason.sentence
    assert remote.head() == head


LANDED = (
    content.FileContent(
        "values.yaml", (values.Value(TAG, "v1"), values.Value(DIGEST, "sha256:aa"))
    ),
    content.FileContent("b.yaml", (values.Value((values.Key("x"),), 1),)),
    whole("old/file", b"old"),
)
FILES = {
    "qa/values.yaml": "image:\n  tag: v1\n  digest: sha256:aa\n  mine: keep\n",
    "qa/old/file": "old",
    "qa/own": "own",
    "qa/b.yaml": "x: 1\ny: 2\n",
}


async def test_what_landed_and_is_gone_from_the_content_is_removed_and_the_rest_left_alone(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit(FILES)
    by = {"values.yaml": ("$.image.tag", "$.image.digest"), "b.yaml": ("$.x",), "old/**": ("*",)}
    await promoted(door, remote, change(tag("v2"), landed=LANDED, by=by))
    assert remote.show("qa/values.yaml").decode() == "image:\n  tag: v2\n  mine: keep\n"
    assert remote.show("qa/b.yaml").decode() == "y: 2\n"
    assert remote.names() == ["qa/b.yaml", "qa/own", "qa/values.yaml"]


@pytest.mark.parametrize("by", [{"values.yaml": ("$.image.tag",), "new/*": ("*",)}, None])
async def test_what_landed_and_is_not_named_by_the_rules_any_more_stays(
    door: GitRepositories, remote: git_servers.Origin, by: dict[str, tuple[str, ...]] | None
) -> None:
    remote.commit({**FILES, "qa/b.yaml": "x: 5\ny: 2\n"})
    (built,) = await promoted(door, remote, change(tag("v2"), landed=LANDED, by=by))
    assert built.drift == ()  # it is not overwritten
    assert remote.show("qa/values.yaml").decode() == FILES["qa/values.yaml"].replace("v1", "v2")
    assert remote.names() == sorted(FILES)


async def test_nothing_is_removed_where_it_cannot_be_told_what_the_rules_select(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    head = remote.commit({**FILES, "qa/c.yaml": "x: [1\n"})
    by = {"values.yaml": ("$.image.tag",), "*.yaml": ("$.x",)}
    (built,) = await promoted(door, remote, change(tag("v2"), landed=LANDED, by=by))
    assert built.reason is not None
    assert "qa/c.yaml" in built.reason.sentence
    assert remote.head() == head
    away = change(landed=(tag("v1"),), path="nowhere", by=by)
    assert (await promoted(door, remote, away))[0] == port.Built(away.write_id)


async def test_with_no_record_of_what_landed_nothing_is_removed(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA, "qa/old": "old"})
    await promoted(door, remote, change(tag("v2"), landed=None))
    assert remote.names() == ["qa/old", "qa/values.yaml"]


async def test_drift_names_what_is_overwritten_with_commit_and_author(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    by_hand = remote.commit({"qa/values.yaml": QA.replace("v1", "v1-fix")}, author="Mallory")
    remote.commit({"qa/values.yaml": QA.replace("v1", "v1-fix") + "more: 1\n"}, author="Bo")
    built = await promoted(door, remote, change(tag("v2"), landed=(tag("v1"),)))
    assert built[0].drift == (
        port.Drift("qa/values.yaml", "$.image.tag", "v1", "v1-fix", by_hand, "Mallory"),
    )


async def test_a_hand_made_change_to_the_very_value_is_no_drift(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA.replace("v1", "v2")})
    built = await promoted(door, remote, change(tag("v2"), landed=(tag("v1"),)))
    assert built[0] == port.Built(built[0].write_id)


async def test_a_push_on_a_stale_head_says_moved_and_brings_the_mirror_up_to_date(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": QA})
    await door.fetch(remote.url)
    built = await door.build(remote.url, base, [change(tag("v2"))])
    theirs = remote.commit({"other": "x"})
    with pytest.raises(errors.Moved):
        await door.push(remote.url, "main", base, built[0].commit)
    assert remote.head() == theirs
    assert await door.known_head(remote.url, "main") == theirs
    again = await door.build(remote.url, theirs, [change(tag("v2"))])
    await door.push(remote.url, "main", theirs, again[0].commit)
    assert remote.head() == again[0].commit


async def test_a_force_pushed_branch_says_moved_too(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    base = remote.commit({"x": "1"})
    await door.fetch(remote.url)
    built = await door.build(remote.url, base, [change(tag("v2"))])
    rewritten = remote.commit(
        {"x": "2"}, parent=git_servers.git(remote.path, "rev-parse", "main~1")
    )
    with pytest.raises(errors.Moved):
        await door.push(remote.url, "main", base, built[0].commit)
    assert remote.head() == rewritten


async def test_a_push_that_arrived_already_is_done(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": QA})
    built = await promoted(door, remote, change(tag("v2")))
    await door.push(remote.url, "main", base, built[0].commit)
    assert remote.head() == built[0].commit


async def test_a_deleted_branch_has_a_reason_of_its_own(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": QA})
    remote.commit({"x": "1"}, branch="other", parent=base)
    await door.fetch(remote.url)
    built = await door.build(remote.url, base, [change(tag("v2"))])
    git_servers.git(remote.path, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(errors.Permanent) as refused:
        await door.push(remote.url, "main", base, built[0].commit)
    assert refused.value.reason.code is Code.BRANCH_MISSING
    assert "main" in refused.value.reason.sentence


async def test_a_branch_can_be_made_but_not_over_one_that_is_there(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    base = remote.commit({"qa/values.yaml": QA})
    await door.fetch(remote.url)
    built = await door.build(remote.url, base, [change(tag("v2"))])
    await door.push(remote.url, "towpath/checkout-1/qa", "", built[0].commit)
    assert remote.head("towpath/checkout-1/qa") == built[0].commit
    assert await door.known_head(remote.url, "towpath/checkout-1/qa") == built[0].commit
    with pytest.raises(errors.Moved):
        await door.push(remote.url, "main", "", built[0].commit)


async def test_a_hooks_refusal_is_shown_in_its_own_words(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    remote.hook("pre-receive", "echo 'Freeze until Monday, ask #ops' >&2; exit 1")
    with pytest.raises(errors.Permanent) as refused:
        await promoted(door, remote, change(tag("v2")))
    assert refused.value.reason.code is Code.PUSH_REJECTED
    assert "Freeze until Monday, ask #ops" in refused.value.reason.sentence


async def test_a_protected_branch_is_refused_for_good(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    remote.hook("update", "echo 'protected branch' >&2; exit 1")
    with pytest.raises(errors.Permanent) as refused:
        await promoted(door, remote, change(tag("v2")))
    assert refused.value.reason.code is Code.PUSH_REJECTED
    assert "protected branch" in refused.value.reason.sentence


async def test_a_server_that_forbids_going_back_refuses_for_good(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    first = remote.commit({"qa/values.yaml": QA})
    second = remote.commit({"x": "1"})
    git_servers.git(remote.path, "config", "receive.denyNonFastForwards", "true")
    await door.fetch(remote.url)
    built = await door.build(remote.url, first, [change(tag("v2"))])
    with pytest.raises(errors.Permanent) as refused:
        await door.push(remote.url, "main", second, built[0].commit)
    assert refused.value.reason.code is Code.PUSH_REJECTED
    assert remote.head() == second


async def test_a_branch_that_the_server_holds_locked_is_tried_again(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    (remote.path / "refs" / "heads" / "main.lock").touch()
    with pytest.raises(errors.Temporary) as refused:
        await promoted(door, remote, change(tag("v2")))
    assert refused.value.reason.code is Code.PUSH_REJECTED


async def test_two_writers_at_once_lose_nothing(tmp_path: Path, remote: git_servers.Origin) -> None:
    remote.commit({f"{name}/values.yaml": QA for name in ("a", "b", "c", "d")})

    async def writer(name: str) -> None:
        door = GitRepositories(tmp_path / f"mirrors-{name}")
        await door.fetch(remote.url)
        for number in range(3):
            while True:
                head = await door.known_head(remote.url, "main")
                assert head is not None
                built = await door.build(
                    remote.url, head, [change(tag(f"{name}{number}"), path=name)]
                )
                try:
                    await door.push(remote.url, "main", head, built[0].commit)
                except errors.Moved:
                    continue
                except errors.Temporary:
                    await door.fetch(remote.url)
                    continue
                break

    await asyncio.gather(*(writer(name) for name in ("a", "b", "c", "d")))
    assert git_servers.git(remote.path, "rev-list", "--count", "main") == "13"
    for name in ("a", "b", "c", "d"):
        assert f"{name}2" in remote.show(f"{name}/values.yaml").decode()


async def test_a_large_flat_folder_keeps_every_other_file(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({f"apps/svc-{n}.yaml": QA for n in range(3_000)})
    await promoted(door, remote, change(tag("v2", "svc-1234.yaml"), path="apps"))
    assert git_servers.git(remote.path, "diff", "--name-only", "main~1", "main") == (
        "apps/svc-1234.yaml"
    )
    git_servers.git(remote.path, "fsck", "--strict")


async def test_writing_goes_through_a_link_to_a_folder_of_the_repository(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"real/values.yaml": QA, "qa": ("120000", b"real")})
    await promoted(door, remote, change(tag("v2")))
    assert "v2" in remote.show("real/values.yaml").decode()
    assert git_servers.git(remote.path, "ls-tree", "main", "qa").startswith("120000")


async def test_a_submodule_in_the_way_is_refused(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"x": "1"})
    remote.commit({"qa": ("160000", remote.head().encode())})
    built = await promoted(door, remote, change(tag("v2")))
    assert built[0].reason is not None
    assert built[0].reason.code is Code.UNSUPPORTED
    assert "submodule" in built[0].reason.sentence


async def test_an_empty_commit_closes_the_way_for_a_push_built_on_the_head_before_it(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": QA})
    head = (await door.fetch(remote.url)).branches["main"]
    built = await door.build(remote.url, head, [change(tag("v2"))])
    fence = await door.build_empty(remote.url, head, "Close the way\n")
    await door.push(remote.url, "main", head, fence)
    assert await door.changed_paths(remote.url, head, fence) == frozenset()
    with pytest.raises(errors.Moved):
        await door.push(remote.url, "main", head, built[0].commit)
    assert (await door.fetch(remote.url)).branches["main"] == fence
