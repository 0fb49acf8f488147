"""Notes of releases: from which base, over what, and what is said where something is not known."""

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import git_servers
import history_world
from history_world import IMAGE, World, lacking, subjects
from towpath.domain import catalog, content
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Trigger
from towpath.history import rendering, reporting
from towpath.history.bases import UnknownOrigin
from towpath.history.notes import NotThere
from towpath.ports.archive import Question
from towpath.ports.errors import Temporary
from towpath.ports.outside import Issue, Request
from towpath.ports.store import LandedPart


async def test_notes_name_code_commits_pull_requests_features_images_and_gitops_commits(
    world: World,
) -> None:
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    await world.find(old, "dev", "qa", "prod")
    world.code.commit({"a": "2"}, "Fix rounding (#12)\n\nSHOP-7 at last")
    new = world.code.commit({"a": "3"}, "tidy")
    bump = world.bump(new)
    notes = await world.resolved(await world.release(api=new))
    assert subjects(notes) == ["tidy", "Fix rounding (#12)"]
    commit = notes["commits"]["items"][1]
    assert commit["repository"] == world.code.url
    assert (commit["component"], commit["pull_request"], commit["issues"]) == (
        "api",
        12,
        ["SHOP-7"],
    )
    assert notes["commits"]["resolved"] == notes["commits"]["total"] == 2
    [request] = notes["pull_requests"]["items"]
    assert (request["number"], request["title"]) == (12, "Fix rounding")
    [feature] = notes["features"]["items"]
    assert (feature["key"], feature["pull_requests"]) == (
        "SHOP-7",
        [{"repository": world.code.url, "number": 12}],
    )
    assert lacking(notes, "features") == ["SHOP-7: no issue tracker is configured for it"]
    [image] = notes["images"]["items"]
    assert (image["name"], image["from"]["tag"], image["to"]["tag"]) == (IMAGE, old, new)
    assert (image["to"]["revision"], image["to"]["answered_by"]) == (new, "tag")
    assert (image["direction"], image["resolved"]) == ("forwards", True)
    assert [item["sha"] for item in notes["gitops"]["items"]] == [bump]


async def test_nobody_outside_is_waited_for_and_what_is_on_its_way_is_said(world: World) -> None:
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "2"}, "second")
    world.bump(new)
    release = await world.release(api=new)
    at_once = await world.read(release)
    assert at_once["commits"]["items"] == []
    assert "is being read" in " ".join(lacking(at_once, "images"))
    assert Question(release.id, "dev") in await world.archive.due("w", 9, history_world.LEASE)
    assert subjects(await world.resolved(release)) == ["second"]
    assert subjects(await world.read(release)) == ["second"]


async def test_the_base_is_what_succeeded_last_and_covers_every_release_in_between(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(5)]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "prod")
    releases = []
    for sha, status in zip(shas[1:], ("succeeded", "failed", "superseded", ""), strict=True):
        world.bump(sha)
        releases.append(await world.release(api=sha))
        if status:
            await world.land(releases[-1], "prod", status=status)
    first, _failed, _superseded, last = releases
    notes = await world.resolved(last, "prod")
    assert (notes["base"]["kind"], notes["base"]["release"]) == ("succeeded", first.id)
    assert subjects(notes) == ["change 4", "change 3", "change 2"]
    assert len(notes["gitops"]["items"]) == 3
    assert subjects(await world.resolved(first, "prod")) == ["change 1"]


async def test_a_release_that_another_overtook_is_told_as_what_it_would_have_brought(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(4)]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "prod")
    first, second, third = [await world.release(world.bump(sha), api=sha) for sha in shas[1:]]
    before = await world.resolved(second, "prod")
    assert subjects(before) == ["change 2", "change 1"]
    await world.land(first, "prod")
    await world.land(third, "prod")
    await world.put_status(second, "prod", "superseded")
    notes = await world.resolved(second, "prod")
    assert (notes["base"]["release"], subjects(notes)) == (first.id, ["change 2"])
    assert notes["images"]["items"][0]["direction"] == "forwards"
    assert not notes["commits"]["items"][0]["taken_back"]
    # Of another line, it may still go there.
    other = catalog.Flow("other", "dev", (catalog.FlowStep("prod", ("dev",)),))
    apart = await world.release(world.bump(shas[1]), flow=other, api=shas[1])
    assert (await world.resolved(apart, "prod"))["base"]["release"] == third.id


async def test_notes_read_before_a_release_landed_have_what_was_changed_by_hand_until_it_did(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(3)]
    world.bump(shas[0])
    world.bump(shas[0], "prod")
    await world.find(shas[0], "dev", "prod")
    first = await world.release(world.bump(shas[1]), api=shas[1])
    await world.land(first, "prod")
    second = await world.release(world.bump(shas[2]), api=shas[2])
    assert len((await world.resolved(second, "prod"))["gitops"]["items"]) == 1
    world.gitops.commit({"apps/api/prod/values.yaml": "tag: hand\n"}, "pin by hand")
    await world.land(second, "prod")
    notes = await world.read(second, "prod")
    assert {item["kind"] for item in notes["gitops"]["items"]} == {"change", "by_hand"}


async def test_a_rollback_is_a_base_whatever_became_of_it_and_its_own_notes_go_backwards(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(4)]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "prod")
    first = await world.release(world.bump(shas[1]), api=shas[1])
    await world.land(first, "prod")
    second = await world.release(world.bump(shas[2]), api=shas[2])
    await world.land(second, "prod")
    back = await world.release(first.content["api"].revision, trigger=Trigger.ROLLBACK, api=shas[1])
    await world.land(back, "prod", status="failed")
    notes = await world.resolved(back, "prod")
    [image] = notes["images"]["items"]
    assert image["direction"] == "backwards"
    assert "1 commits of api are taken back" in image["sentence"]
    [commit] = notes["commits"]["items"]
    assert (commit["subject"], commit["taken_back"]) == ("change 2", True)
    third = await world.release(world.bump(shas[3]), api=shas[3])
    notes = await world.resolved(third, "prod")
    assert (notes["base"]["kind"], notes["base"]["release"]) == ("rollback", back.id)
    assert subjects(notes) == ["change 3", "change 2"]


async def test_without_a_base_notes_show_what_is_there_and_not_the_whole_history(
    world: World,
) -> None:
    world.code.commit({"a": "1"}, "first")
    new = world.code.commit({"a": "2"}, "second")
    world.bump(new)
    notes = await world.resolved(await world.release(api=new), "qa")
    assert notes["base"]["kind"] == "none"
    assert notes["commits"]["items"] == []
    [image] = notes["images"]["items"]
    assert (image["from"], image["to"]["revision"]) == (None, new)


async def test_notes_can_start_from_a_release_an_environment_or_a_time(world: World) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(4)]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "qa", "prod")
    releases = [await world.release(world.bump(sha), api=sha) for sha in shas[1:]]
    await world.land(releases[0], "qa")
    [between] = [row.now for row in await world.stored.rows("SELECT now() AS now")]
    await world.land(releases[1], "qa")
    await world.resolved(releases[2], "prod")  # the code is known from now on
    for start, wanted in {
        "": ["change 3", "change 2", "change 1"],
        releases[0].id: ["change 3", "change 2"],
        "qa": ["change 3"],
        between.isoformat(): ["change 3", "change 2", "change 1"],
    }.items():
        notes = await world.read(releases[2], "prod", start)
        assert subjects(notes) == wanted, start
    notes = await world.read(releases[2], "qa", between.isoformat())
    assert (notes["base"]["kind"], subjects(notes)) == ("time", ["change 3", "change 2"])
    with pytest.raises(UnknownOrigin, match="'yesterday' is no release"):
        await world.read(releases[2], "prod", "yesterday")
    with pytest.raises(NotThere, match="does not go to 'mars'"):
        await world.read(releases[2], "mars")


async def test_a_promotions_commit_is_never_itself_the_change_and_changes_by_hand_stand_apart(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(3)]
    world.bump(shas[0])
    world.bump(shas[0], "prod")
    await world.find(shas[0], "dev", "prod")
    first = await world.release(world.bump(shas[1]), api=shas[1])
    await world.land(first, "prod")
    world.gitops.commit({"apps/api/prod/values.yaml": "tag: hand\n"}, "pin by hand")
    second = await world.release(world.bump(shas[2]), api=shas[2])
    await world.land(second, "prod")
    notes = await world.resolved(second, "prod")
    found = [(item["kind"], item["subject"]) for item in notes["gitops"]["items"]]
    assert found == [("change", f"api: {shas[2]}"), ("by_hand", "pin by hand")]


async def test_a_promotion_into_the_trigger_environment_shows_the_commits_of_the_release_it_carried(
    world: World,
) -> None:
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(2)]
    world.bump(shas[0], "qa")
    world.bump(shas[0])
    await world.find(shas[0], "dev", "qa")
    carrier = await world.release(
        world.bump(shas[1], "dev", message="the change itself"), api=shas[1]
    )
    await world.land(carrier, "qa")
    later = await world.release(api=shas[1])  # as of a flow that begins where the other brought it
    before = {"api": world.part(shas[0], carrier.content["api"].revision)}
    # Look at qa's folder as if it were the trigger's: the promotion's commit is in the range.
    gathered = await history_world.followed(world, later, before)
    assert [(c.commit.subject, c.via) for c in gathered.gitops] == [
        ("the change itself", carrier.id)
    ]


async def test_a_promotion_of_a_promotion_is_followed_back_to_who_made_the_change(
    world: World,
) -> None:
    from_qa = catalog.Flow("from-qa", "qa", (catalog.FlowStep("prod", ("qa",)),))
    from_prod = catalog.Flow("from-prod", "prod", ())
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(2)]
    for environment in ("dev", "qa", "prod"):
        world.bump(shas[0], environment)
    await world.find(shas[0], "dev", "qa", "prod")
    first = await world.release(
        world.bump(shas[1], message="the change itself\n\nSHOP-7"), api=shas[1]
    )
    second = await world.release(await world.land(first, "qa"), flow=from_qa, api=shas[1])
    promotion = await world.land(second, "prod")
    third = await world.release(promotion, flow=from_prod, api=shas[1])
    one_level = await world.resolved(second, "prod")
    assert [(c["subject"], c["via"]) for c in one_level["gitops"]["items"]] == [
        ("the change itself", first.id)
    ]
    two_levels = await world.resolved(third, "prod")
    [commit] = two_levels["gitops"]["items"]
    assert (commit["subject"], commit["via"]) == ("the change itself", first.id)
    assert commit["issues"] == ["SHOP-7"]
    assert lacking(two_levels, "gitops") == []


TRAILERS = """\
Argocd-reference-commit-repourl: {repository}
Argocd-reference-commit-sha: {sha}
Argocd-reference-commit-subject: the commit behind it
"""


@pytest.mark.parametrize("place", ["trailers", "the-folder", "the-root"])
async def test_a_hydrators_reference_names_the_code_behind_an_image(
    world: World, place: str
) -> None:
    """As Argo CD's hydrator and its CI write it; the tag itself says nothing."""
    shas = [world.code.commit({"a": str(n)}, f"change {n}") for n in range(3)]

    def bumped(tag: str, sha: str) -> str:
        files = {"apps/api/dev/values.yaml": f"tag: {tag}\n"}
        reference = {"repoURL": world.code.url, "sha": sha, "author": {"name": "Mei"}}
        metadata = json.dumps({"drySha": "0" * 40, "references": [{"commit": reference}]})
        if place == "trailers":
            said = TRAILERS.format(repository=world.code.url, sha=sha)
            return world.gitops.commit(files, f"hydrate {tag}\n\n{said}")
        folder = "" if place == "the-root" else "apps/api/dev/"
        return world.gitops.commit({**files, f"{folder}hydrator.metadata": metadata}, "hydrate")

    bumped("one", shas[0])
    await world.find("one", "dev")
    notes = await world.resolved(await world.release(bumped("two", shas[2]), api="two"))
    [image] = notes["images"]["items"]
    assert (image["from"]["revision"], image["to"]["revision"]) == (shas[0], shas[2])
    assert image["to"]["answered_by"] == "reference"
    assert subjects(notes) == ["change 2", "change 1"]


async def test_a_hydrators_metadata_of_another_repository_or_of_no_use_is_passed_over(
    world: World,
) -> None:
    sha = world.code.commit({"a": "1"}, "change")
    elsewhere = {"repoURL": "https://git.example.org/other", "sha": sha}
    for number, metadata in enumerate(
        (
            json.dumps({"references": [{"commit": elsewhere}]}),
            json.dumps({"references": [{"commit": {"repoURL": world.code.url, "sha": "HEAD"}}]}),
            json.dumps({"references": [7]}),
            "[]",
            "no json",
        )
    ):
        tag = f"t{number}"
        files = {"apps/api/dev/values.yaml": f"tag: {tag}\n", "hydrator.metadata": metadata}
        revision = world.gitops.commit(files, "hydrate")
        notes = await world.resolved(await world.release(revision, api=tag))
        assert notes["images"]["items"][0]["to"]["revision"] is None


async def test_history_that_diverged_or_was_rewritten_is_said_and_not_guessed(world: World) -> None:
    root = world.code.commit({"a": "0"}, "root")
    old = world.code.commit({"a": "1"}, "on the release branch", branch="release", parent=root)
    new = world.code.commit({"a": "2"}, "on main")
    world.bump(old)
    await world.find(old, "dev")
    notes = await world.resolved(await world.release(world.bump(new), api=new))
    [image] = notes["images"]["items"]
    assert image["direction"] == "diverged"
    assert "have diverged: 1 commits come and 1 go" in image["sentence"]
    told = {item["subject"]: item["taken_back"] for item in notes["commits"]["items"]}
    assert told == {"on main": False, "on the release branch": True}
    gone = "1234567890abcdef1234567890abcdef12345678"
    notes = await world.resolved(await world.release(world.bump(gone), api=gone))
    [image] = notes["images"]["items"]
    assert (image["resolved"], image["to"]["revision"]) == (False, None)
    assert "does not have it: its branch was rewritten" in lacking(notes, "images")[0]
    assert notes["images"]["resolved"] == 0


async def test_notes_read_messages_as_tools_and_people_leave_them(world: World) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    side = world.code.commit({"b": "1"}, "\n\nlate (#8)\n\nFixes acme/x#1", branch="shop-4-x")
    world.code.commit({"a": "1"}, "Fix (#7)\r\n\r\nSHOP-3\r\n")
    git = ("-c", "user.name=M", "-c", "user.email=m@x", "merge", "-q")
    git_servers.git(world.folder, "clone", "-q", str(world.code.path), "clone")
    clone = world.folder / "clone"
    git_servers.git(clone, "fetch", "-q", "origin", "shop-4-x:shop-4-x")
    git_servers.git(clone, *git, "--allow-unrelated-histories", "shop-4-x")
    git_servers.git(clone, "push", "-q", "origin", "HEAD:main")
    new = world.code.head()
    notes = await world.resolved(await world.release(world.bump(new), api=new))
    told = {c["subject"]: (c["pull_request"], c["issues"]) for c in notes["commits"]["items"]}
    assert told == {
        "Merge branch 'shop-4-x'": (None, ["SHOP-4"]),
        "late (#8)": (8, ["acme/x#1"]),
        "Fix (#7)": (7, ["SHOP-3"]),
    }
    assert side in {commit["sha"] for commit in notes["commits"]["items"]}


@pytest.mark.parametrize("name", ["other.example:5000/team/api", "registry.example/shop/server"])
async def test_an_image_that_moved_or_has_a_new_name_has_its_commits(
    world: World, name: str
) -> None:
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "2"}, "second")
    head = world.bump(new)
    images = (content.Image("sidecar", "2"), content.Image(name, new))
    release = await world.release_of({"api": world.part(new, head, *images)}, head)
    notes = await world.resolved(release)
    assert subjects(notes) == ["second"]
    told = {i["name"]: (i["from"] and i["from"]["tag"], i) for i in notes["images"]["items"]}
    assert {image: tag for image, (tag, _) in told.items()} == {"sidecar": None, name: old}
    moved = told[name][1]
    assert (moved["direction"], moved["sentence"]) == ("forwards", f"was {IMAGE} before")


async def test_commits_of_code_that_moved_to_another_repository_are_said_to_be_missing(
    world: World,
) -> None:
    """Where no manifest says where the code is, and a CI does."""
    moved = git_servers.origin(world.folder / "remote", name="moved.git")
    there = moved.commit({"a": "1"}, "moved here")
    old = world.code.commit({"a": "1"}, "first")
    api = replace(world.components[0], repository="", tag="")
    others = (catalog.Component("x", world.code.url), catalog.Component("y", moved.url))
    world.components = (api, *others)
    for repository, tag, sha in ((world.code.url, "1", old), (moved.url, "2", there)):
        report = reporting.report(f"{IMAGE}:{tag}", repository=repository, revision=sha)
        await world.notes.report(report)
    world.bump("1")
    await world.find("1", "dev")
    notes = await world.resolved(await world.release(world.bump("2"), api="2"))
    said = f"its code moved from {world.code.url} to {moved.url}"
    assert notes["images"]["items"][0]["sentence"] == said
    assert lacking(notes, "commits") == [f"api: {old[:10]}..{there[:10]}: {said}"]


async def test_changes_by_hand_that_cannot_be_known_are_said_to_be_missing(world: World) -> None:
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    world.bump(old, "prod")
    part, gone = world.part(old, world.gitops.head()), "d" * 40
    landed = {"prod": {"api": LandedPart(part, gone)}, "dev": {"api": LandedPart(part, gone)}}
    await world.stored.store.found("shop", 0, landed, {})
    new = world.code.commit({"a": "2"}, "second")
    release = await world.release(world.bump(new), api=new)
    commit = await world.land(release, "prod")
    assert lacking(await world.resolved(release, "prod"), "gitops") == [
        f"api: changes by hand {gone[:10]}..{commit[:10]}: as last fetched, {world.gitops.url} "
        "does not have it: its branch was rewritten, or it was never pushed there"
    ]


async def test_commits_reverted_within_the_range_are_marked_with_their_features(
    world: World,
) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    bad = world.code.commit({"a": "1"}, "SHOP-1 a bad idea")
    back = world.code.commit({"a": "0"}, f'Revert "a bad idea"\n\nThis reverts commit {bad}.')
    new = world.code.commit({"a": "2"}, "SHOP-2 a good idea")
    notes = await world.resolved(await world.release(world.bump(new), api=new))
    assert [item["reverted_by"] for item in notes["commits"]["items"]] == [None, None, back]
    told = {item["key"]: item["reverted"] for item in notes["features"]["items"]}
    assert told == {"SHOP-2": False, "SHOP-1": True}


async def test_a_revert_that_names_an_issue_does_not_bring_it(world: World) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    bad = world.code.commit({"a": "1"}, "SHOP-1: Add a bad idea (#5)")
    undo = f'Revert "SHOP-1: Add a bad idea (#5)" (#6)\n\nThis reverts commit {bad}.\n\nSHOP-9'
    back = world.code.commit({"a": "0"}, undo)
    again = world.code.commit({"a": "1"}, f'Reapply "SHOP-1: …"\n\nThis reverts commit {back}.')
    releases = {
        sha: await world.release(world.bump(sha), api=sha) for sha in (bad, back, again, old)
    }

    async def fates(sha: str, start: str) -> dict[str, str]:
        notes = await world.resolved(releases[sha], origin=start)
        return {
            item["key"]: "reverted"
            if item["reverted"]
            else "taken back"
            if item["taken_back"]
            else ""
            for item in notes["features"]["items"]
        }

    at = {sha: f"release:{release.id}" for sha, release in releases.items()}
    assert await fates(back, at[old]) == {"SHOP-1": "reverted", "SHOP-9": ""}
    assert await fates(back, at[bad]) == {"SHOP-1": "reverted", "SHOP-9": ""}
    assert await fates(again, at[back]) == {"SHOP-1": ""}
    assert await fates(again, at[old]) == {"SHOP-1": "", "SHOP-9": "reverted"}
    assert await fates(bad, at[back]) == {"SHOP-1": "", "SHOP-9": "taken back"}
    assert await fates(old, at[bad]) == {"SHOP-1": "taken back"}


async def test_issues_of_gitops_commits_are_those_that_last(world: World) -> None:
    sha = world.code.commit({"a": "0"}, "root")
    world.bump(sha)
    await world.find(sha, "dev")

    def replicas(count: int, message: str) -> str:
        file = {"apps/api/dev/values.yaml": f"tag: {sha}\nreplicas: {count}\n"}
        return world.gitops.commit(file, message)

    more = replicas(2, "SHOP-1 more replicas\n\nFixes acme/x#3")
    first = await world.release(api=sha)
    back = replicas(1, f'Revert "SHOP-1 more replicas"\n\nThis reverts commit {more}.')
    last = replicas(3, "SHOP-2 other replicas")
    second = await world.release(last, api=sha)

    async def reverted(release: Release, start: str) -> dict[str, bool]:
        features = (await world.resolved(release, origin=start))["features"]["items"]
        return {item["key"]: item["reverted"] for item in features}

    assert await reverted(first, "previous") == {"SHOP-1": False, "acme/x#3": False}
    assert await reverted(second, "previous") == {"SHOP-1": True, "SHOP-2": False}
    start = await world.stored.value("SELECT min(at) FROM landing")
    told = await reverted(second, f"time:{start.isoformat()}")
    assert told == {"SHOP-1": True, "acme/x#3": True, "SHOP-2": False}
    assert back in [i["sha"] for i in (await world.resolved(second))["gitops"]["items"]]


async def test_what_goes_with_one_branch_and_comes_with_another_is_not_taken_back(
    world: World,
) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    fix = world.code.commit({"a": "1"}, "SHOP-3 Fix (#12)")
    await world.release(world.bump(fix), api=fix)
    message = f"SHOP-3 Fix (#12)\n\n(cherry picked from commit {fix})"
    picked = world.code.commit({"a": "1", "b": "1"}, message, branch="v1", parent=old)
    notes = await world.resolved(await world.release(world.bump(picked), api=picked))
    assert notes["images"]["items"][0]["direction"] == "diverged"
    assert [item["taken_back"] for item in notes["commits"]["items"]] == [False, True]
    for group in ("features", "pull_requests"):
        [item] = notes[group]["items"]
        assert (item["commits"], item["taken_back"], item["reverted"]) == (2, False, False)


@pytest.mark.parametrize("further", ["api", "web"])
async def test_a_commit_lasts_where_one_of_two_components_keeps_it(
    database_url: str, tmp_path: Path, further: str
) -> None:
    parts = [catalog.Component(name, images=(name,), tag="{sha}") for name in ("api", "web")]
    async with history_world.world(database_url, tmp_path, *parts) as world:
        old = world.code.commit({"a": "0"}, "root")
        idea = world.code.commit({"a": "1"}, "SHOP-1 idea (#3)")
        back = world.code.commit({"a": "0"}, f"Undo\n\nThis reverts commit {idea}.")
        head = world.bump(back)

        async def release(api: str, web: str) -> Release:
            tags = {"api": api, "web": web}
            content_ = {n: world.part(t, head, content.Image(n, t)) for n, t in tags.items()}
            return await world.release_of(content_, head)

        first = await release(old, old)
        tags = {"api": idea, "web": idea, further: back}
        notes = await world.resolved(await release(**tags), origin=f"release:{first.id}")
        [undo] = [one for one in notes["commits"]["items"] if one["subject"] == "Undo"]
        [kept] = [one for one in notes["commits"]["items"] if one["sha"] == idea]
        assert (undo["components"], kept["components"]) == ([further], ["api", "web"])
        assert (kept["reverted_by"], kept["pull_request"]) == (None, 3)
        for group in ("features", "pull_requests"):
            [item] = notes[group]["items"]
            assert (item["components"], item["reverted"]) == (["api", "web"], False)


async def test_in_a_monorepo_a_component_has_the_commits_that_touch_its_paths(
    database_url: str, tmp_path: Path
) -> None:
    parts = (
        catalog.Component(
            "api", paths=("services/api/**", "libs/*.py"), images=(IMAGE,), tag="{sha}"
        ),
        catalog.Component("web", paths=("services/web", "!**/*.md"), images=("web",), tag="{sha}"),
    )
    async with history_world.world(database_url, tmp_path, *parts) as world:
        old = world.code.commit({"README": "x"}, "root")
        world.code.commit({"services/api/x": "1"}, "api alone")
        world.code.commit({"services/web/x": "1"}, "web alone")
        world.code.commit({"services/web/README.md": "1"}, "words of web")
        world.code.commit({"libs/a.py": "1", "services/web/y": "1"}, "both")
        new = world.code.commit({"libs/deep/a.py": "1"}, "neither")
        was = {
            "api": world.part(old, world.bump(old)),
            "web": world.part(old, world.bump(old), content.Image("web", old)),
        }
        first = await world.release_of(was, world.gitops.head())
        head = world.bump(new)
        now = {
            "api": world.part(new, head),
            "web": world.part(new, head, content.Image("web", new)),
        }
        notes = await world.resolved(await world.release_of(now, head))
        assert notes["base"]["release"] == first.id
        told = {item["subject"]: item["components"] for item in notes["commits"]["items"]}
        assert told == {"both": ["api", "web"], "web alone": ["web"], "api alone": ["api"]}


async def test_notes_stay_when_the_repository_is_gone(world: World) -> None:
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "2"}, "second")
    release = await world.release(world.bump(new), api=new)
    before = await world.resolved(release)
    for folder in (world.code.path, world.folder / "histories"):
        shutil.rmtree(folder)
    read = await world.read(release)
    assert {**before, "resolving": read["resolving"]} == read
    again = await world.resolved(release)
    assert subjects(again) == ["second"]
    assert any("shown as it was known before" in why for why in lacking(again, "commits"))


async def test_code_is_mirrored_without_the_contents_of_files(world: World) -> None:
    world.code.commit({"big": "x" * 5000}, "first")
    await world.code_door.fetch(world.code.url)
    [mirror] = (world.folder / "histories").glob("*.git")
    kinds = git_servers.git(mirror, "cat-file", "--batch-all-objects", "--batch-check")
    assert "blob" not in kinds
    assert "commit" in kinds


class FakeTracker:
    """A tracker that is slow to come up, and knows two issues."""

    def __init__(self) -> None:
        self.away = True
        self.asked: list[str] = []

    def knows(self, key: str) -> bool:
        return "#" not in key

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        self.asked += keys
        if self.away:
            raise Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "jira does not answer"))
        told = {
            "SHOP-1": Issue("SHOP-1", "Rounding", "Done"),
            "SHOP-2": Issue("SHOP-2", missing="is gone"),
        }
        return {key: told[key] for key in keys}

    async def comment_issue(self, key: str, text: str) -> None:
        raise AssertionError("nobody asked for comments")


class FakeHost:
    """A code host that knows what brought a rebased commit."""

    missing = ""
    away = False

    def __init__(self, repository: str, sha: str) -> None:
        self._repository, self._sha = repository, sha

    def knows(self, repository: str) -> bool:
        return repository == self._repository

    async def requests(self, repository: str, numbers: Collection[int]) -> Mapping[int, Request]:
        if self.away:
            raise Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "the host does not answer"))
        if self.missing:
            return {n: Request(n, missing=self.missing) for n in numbers}
        return {n: Request(n, f"Title {n}", branch="x/SHOP-2-y", body="SHOP-1") for n in numbers}

    async def requests_of(
        self, repository: str, commits: Sequence[str]
    ) -> Mapping[str, Request | None]:
        return {sha: Request(44, "Rebased") if sha == self._sha else None for sha in commits}

    async def comment_request(self, repository: str, number: int, text: str) -> None:
        raise AssertionError("nobody asked for comments")


async def test_trackers_and_hosts_complete_notes_when_they_answer_and_are_asked_once(
    world: World,
) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "1"}, "rebased onto main")
    tracker = FakeTracker()
    world.trackers, world.hosts = [tracker], [FakeHost(world.code.url, new)]
    release = await world.release(world.bump(new), api=new)
    notes = await world.resolved(release)
    [request] = notes["pull_requests"]["items"]
    assert (request["number"], request["title"]) == (44, "Title 44")
    assert notes["commits"]["items"][0]["pull_request"] == 44
    assert [item["key"] for item in notes["features"]["items"]] == ["SHOP-1", "SHOP-2"]
    assert lacking(notes, "features") == [
        "SHOP-1: jira does not answer",
        "SHOP-2: jira does not answer",
    ]
    assert notes["features"]["resolved"] == 0
    tracker.away = False
    notes = await world.resolved(release)
    told = {item["key"]: item["title"] for item in notes["features"]["items"]}
    assert told == {"SHOP-1": "Rounding", "SHOP-2": ""}
    assert lacking(notes, "features") == ["SHOP-2: is gone"]
    tracker.asked.clear()
    await world.resolved(release)
    assert tracker.asked == []


async def test_a_release_of_1500_issues_lists_them_all(world: World) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    text = " ".join(f"SHOP-{n}" for n in range(1, 1501))
    new = world.code.commit({"a": "1"}, f"everything\n\n{text}")
    notes = await world.resolved(await world.release(world.bump(new), api=new))
    assert notes["features"]["total"] == len(notes["features"]["items"]) == 1500
    assert len(notes["features"]["unresolved"]) == 1500


async def test_issues_are_asked_for_again_when_they_are_old_and_stay_when_nobody_answers(
    world: World,
) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "1"}, "SHOP-1 change")
    tracker = FakeTracker()
    tracker.away, world.trackers = False, [tracker]
    release = await world.release(world.bump(new), api=new)
    await world.archive.due("w", 9, history_world.LEASE)
    await world.resolved(release)
    for table, column in (("finding", "found_at"), ("note", "made_at")):
        await world.stored.rows(f"UPDATE {table} SET {column} = now() - interval '2 hours'")
    await world.read(release)
    assert Question(release.id, "dev") in await world.archive.due("w", 9, history_world.LEASE)
    for away in (False, True):
        tracker.asked, tracker.away = [], away
        await world.stored.rows("UPDATE finding SET found_at = now() - interval '2 hours'")
        notes = await world.resolved(release)
        assert tracker.asked == ["SHOP-1"]
        assert notes["features"]["items"][0]["title"] == "Rounding"
        assert lacking(notes, "features") == []


async def test_a_pull_request_that_the_token_did_not_see_is_asked_for_again(world: World) -> None:
    old = world.code.commit({"a": "0"}, "root")
    world.bump(old)
    await world.find(old, "dev")
    new = world.code.commit({"a": "1"}, "Fix (#12)")
    host = FakeHost(world.code.url, new)
    world.hosts = [host]
    release = await world.release(world.bump(new), api=new)
    for missing, trouble in (("not for you", False), ("", True), ("", False), ("gone", False)):
        host.missing, host.away = missing, trouble
        notes = await world.resolved(release)
        await world.stored.rows("UPDATE finding SET found_at = now() - interval '2 hours'")
        [request] = notes["pull_requests"]["items"]
        unseen = missing == "not for you" or trouble
        assert request["title"] == ("Fix" if unseen else "Title 12")
        place = f"{world.code.url}#12"
        said = [f"{place}: not for you"] if unseen else []
        assert lacking(notes, "pull_requests") == said


async def test_what_the_product_does_not_say_is_asked_for_in_words_that_no_form_of_notes_marks(
    database_url: str, tmp_path: Path
) -> None:
    async with history_world.world(database_url, tmp_path) as world:
        world.components = (catalog.Component("api"),)
        await world.find("0", "dev", revision=world.bump("0"))
        notes = await world.resolved(await world.release(world.bump("1"), api="1"))
        lacks = " ".join(lacking(notes, "images"))
        assert "where the code of api is (components[].repository)" in lacks
        assert "\\`" not in rendering.markdown(notes)


async def test_a_ci_cannot_have_a_repository_read_that_the_configuration_does_not_name(
    database_url: str, tmp_path: Path
) -> None:
    async with history_world.world(database_url, tmp_path) as world:
        elsewhere = git_servers.origin(tmp_path / "private", name="secret.git")
        sha = elsewhere.commit({"a": "1"}, "a secret")
        world.components = (catalog.Component("api"),)
        await world.find("0", "dev", revision=world.bump("0"))
        await world.notes.report(
            reporting.report(f"{IMAGE}:1", repository=elsewhere.url, revision=sha)
        )
        notes = await world.resolved(await world.release(world.bump("1"), api="1"))
        assert notes["commits"]["items"] == []
        assert f"no component of the configuration names {elsewhere.url}" in " ".join(
            lacking(notes, "images")
        )
        mirrors = [path.name for path in (tmp_path / "histories").glob("*")]
        assert not any("secret" in name for name in mirrors)


async def test_a_mirror_without_contents_can_be_packed_and_fetched_again(world: World) -> None:
    world.code.commit({"a": "1"}, "first")
    await world.code_door.fetch(world.code.url)
    [mirror] = (world.folder / "histories").glob("*.git")
    git_servers.git(mirror, "gc", "--quiet", "--prune=1.day.ago")
    newest = world.code.commit({"a": "2"}, "second")
    assert (await world.code_door.fetch(world.code.url)).branches["main"] == newest
    assert "blob" not in git_servers.git(mirror, "cat-file", "--batch-all-objects", "--batch-check")
