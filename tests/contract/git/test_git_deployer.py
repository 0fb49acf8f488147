"""The deployer without a cluster, on a real repository."""

from uuid import uuid4

import pytest

import git_servers
from towpath.domain import catalog, content, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.git.adapter import GitRepositories
from towpath.git.deployer import GitDeployer
from towpath.ports import deployer as port
from towpath.ports import errors
from towpath.ports.git import Change, Edit

VALUES = "image:\n  tag: {}\n"
FILES = (
    content.FileContent(
        "values.yaml", (values.Value((values.Key("image"), values.Key("tag")), "v2"),)
    ),
)


def expected(remote: git_servers.Origin, commit: str, branch: str = "main") -> port.Expectation:
    application = catalog.Application("api-qa", (), catalog.Destination())
    return port.Expectation(application, "api", remote.url, branch, commit, "qa", FILES)


async def observe(
    door: GitRepositories, remote: git_servers.Origin, commit: str, branch: str = "main"
) -> port.Observation:
    (seen,) = await GitDeployer(door).observe([expected(remote, commit, branch)])
    return seen


@pytest.fixture
async def landed(door: GitRepositories, remote: git_servers.Origin) -> str:
    base = remote.commit({"qa/values.yaml": VALUES.format("v1"), "other": "1"})
    await door.fetch(remote.url)
    change = Change(uuid4(), (Edit("api", "api-qa", "qa", FILES, None),), "Promote\n")
    built = await door.build(remote.url, base, [change])
    await door.push(remote.url, "main", base, built[0].commit)
    return built[0].commit


async def test_what_was_pushed_is_synced_and_healthy_at_once(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    seen = await observe(door, remote, landed)
    assert (seen.sync, seen.health, seen.overwritten) == (Status.SUCCEEDED, Status.SUCCEEDED, None)
    assert seen.revision == landed


async def test_later_commits_that_leave_the_values_change_nothing(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    remote.commit({"other": "2", "qa/values.yaml": VALUES.format("v2") + "more: 1\n"})
    await door.fetch(remote.url)
    assert (await observe(door, remote, landed)).sync is Status.SUCCEEDED


async def test_a_later_change_of_the_values_is_named_with_commit_and_author(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    remote.commit({"other": "2"})
    guilty = remote.commit({"qa/values.yaml": VALUES.format("v3")}, author="Mallory")
    remote.commit({"other": "3"}, author="Bo")
    await door.fetch(remote.url)
    overwritten = (await observe(door, remote, landed)).overwritten
    assert overwritten is not None
    assert overwritten.code is Code.OVERWRITTEN
    assert overwritten.data["commit"] == guilty
    assert overwritten.data["author"] == "Mallory"
    assert "'v2' to 'v3'" in overwritten.sentence


async def test_a_commit_that_is_gone_is_fine_while_its_values_are_there(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    base = git_servers.git(remote.path, "rev-parse", "main~1")
    remote.commit({"qa/values.yaml": VALUES.format("v2")}, "squashed", parent=base)
    await door.fetch(remote.url)
    assert (await observe(door, remote, landed)).sync is Status.SUCCEEDED


async def test_a_commit_that_was_taken_back_by_force_is_overwritten(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    base = git_servers.git(remote.path, "rev-parse", "main~1")
    remote.commit({"other": "9"}, "rewritten", parent=base, author="Eve")
    await door.fetch(remote.url)
    overwritten = (await observe(door, remote, landed)).overwritten
    assert overwritten is not None
    assert overwritten.code is Code.OVERWRITTEN


async def test_a_commit_that_has_not_come_yet_is_waited_for(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES.format("v1")})
    await door.fetch(remote.url)
    seen = await observe(door, remote, "1" * 40)
    assert seen.sync is Status.RUNNING
    assert seen.sync_reason is not None
    assert seen.sync_reason.code is Code.SYNC_PENDING
    assert seen.overwritten is None


async def test_a_push_that_the_mirror_did_not_note_is_found_by_asking_the_remote(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES.format("v1")})
    await door.fetch(remote.url)
    elsewhere = remote.commit({"qa/values.yaml": VALUES.format("v2")})
    assert (await observe(door, remote, elsewhere)).sync is Status.SUCCEEDED


async def test_a_branch_that_is_gone_has_a_reason(
    door: GitRepositories, remote: git_servers.Origin, landed: str
) -> None:
    seen = await observe(door, remote, landed, branch="gone")
    assert seen.sync is Status.FAILED
    assert seen.sync_reason is not None
    assert seen.sync_reason.code is Code.BRANCH_MISSING


async def test_a_remote_that_does_not_answer_proves_nothing(door: GitRepositories) -> None:
    with git_servers.silent_server() as silent:
        pass
    application = catalog.Application("api-qa", (), catalog.Destination())
    url = f"https://127.0.0.1:{silent}/x.git"
    asked = port.Expectation(application, "api", url, "main", "1" * 40, "qa", FILES)
    with pytest.raises(errors.Temporary):
        await GitDeployer(door).observe([asked])
