"""Where a change is, by every name it has, and as releases land, fail and are rolled back."""

import hashlib
from typing import Any

import pytest

from history_world import IMAGE, World
from towpath.domain import catalog, content, events, meeting
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Trigger
from towpath.domain.status import Status
from towpath.history import places, searching
from towpath.ports.outside import Inspected

Document = dict[str, Any]


async def _index(world: World, *releases: Release) -> None:
    for release in releases:
        await world.resolved(release, origin="previous")


async def _where(world: World, ref: str) -> Document:
    await world.gitops_door.fetch(world.gitops.url)
    return await world.tracing.where(ref)


def _states(found: Document) -> dict[str, tuple[str, str | None]]:
    [product] = found["products"]
    return {e["environment"]: (e["state"], e["release"]) for e in product["environments"]}


async def _history(world: World, count: int) -> tuple[list[str], list[Release]]:
    shas = [
        world.code.commit({"a": str(n)}, f"SHOP-{n + 1} change (#{n + 10})")
        for n in range(count + 1)
    ]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "qa", "prod")
    releases = [await world.release(world.bump(sha), api=sha) for sha in shas[1:]]
    await _index(world, *releases)
    return shas, releases


async def test_a_change_is_found_by_every_name_it_has(world: World) -> None:
    shas, [release] = await _history(world, 1)
    bump = release.content["api"].revision
    for ref, kind in {
        shas[1]: "commit",
        shas[1][:8]: "commit",
        bump: "gitops",
        bump[:7].upper(): "gitops",
        "#11": "pull_request",
        "api#11": "pull_request",
        "SHOP-2": "issue",
        "shop-2": "issue",
        "https://jira.example.org/browse/SHOP-2": "issue",
        f"{IMAGE}:{shas[1]}": "image",
        f"shop/api:{shas[1]}": "image",
    }.items():
        found = await _where(world, ref)
        assert found["found"] is not None, ref
        assert found["found"]["kind"] == kind, ref
        assert found["products"][0]["releases"] == [release.id], ref
        assert _states(found)["dev"] == ("reached", release.id), ref
    unknown = await _where(world, "SHOP-99")
    assert (unknown["found"], unknown["sentence"]) == (
        None,
        "nothing of the name SHOP-99 is known here",
    )
    assert (await _where(world, "CART-1"))["sentence"] == (
        "nothing of the name CART-1 is known here; no product has CART among its issueKeys"
    )


async def test_a_change_of_the_gitops_repository_alone_is_found_by_its_issue_and_pull_request(
    world: World,
) -> None:
    sha = world.code.commit({"a": "1"}, "first")
    world.bump(sha)
    await world.find(sha, "dev", "qa", "prod")
    files = {"apps/api/dev/values.yaml": f"tag: {sha}\nreplicas: 3\n"}
    world.gitops.commit(files, "Merge pull request #44 from mei/shop-9-replicas\n\nMore replicas")
    release = await world.release(api=sha)
    notes = await world.resolved(release, origin="previous")
    [feature] = notes["features"]["items"]
    assert (feature["key"], feature["commits"], feature["components"]) == ("SHOP-9", 1, ["api"])
    assert not feature["taken_back"]
    for ref in ("SHOP-9", "gitops#44"):
        found = await _where(world, ref)
        assert found["products"][0]["releases"] == [release.id], ref
        assert _states(found)["dev"] == ("reached", release.id), ref


async def test_an_environment_says_since_when_and_by_which_release_or_what_it_waits_for(
    world: World,
) -> None:
    shas, [first, second] = await _history(world, 2)
    await world.land(second, "qa")  # the first was superseded there
    found = await _where(world, shas[1])
    states = _states(found)
    assert states == {
        "dev": ("reached", first.id),
        "qa": ("reached", second.id),
        "prod": ("waiting", second.id),
    }
    [prod] = [e for e in found["products"][0]["environments"] if e["environment"] == "prod"]
    assert prod["sentence"].startswith(f"{second.id} waiting")
    [qa] = [e for e in found["products"][0]["environments"] if e["environment"] == "qa"]
    landed = await world.stored.value(
        "SELECT at FROM landing WHERE environment = 'qa' AND release = :r", r=second.id
    )
    assert qa["since"] == landed.isoformat()


async def test_a_rollback_takes_a_change_back_and_a_later_release_brings_it_again(
    world: World,
) -> None:
    shas, [first, second] = await _history(world, 2)
    await world.land(first, "prod")
    await world.land(second, "prod")
    assert _states(await _where(world, shas[2]))["prod"] == ("reached", second.id)
    back = await world.release(
        first.content["api"].revision,
        trigger=Trigger.ROLLBACK,
        goes_back_to=first.id,
        api=shas[1],
    )
    await world.land(back, "prod")
    assert _states(await _where(world, shas[1]))["prod"] == ("reached", first.id)
    assert _states(await _where(world, shas[2]))["prod"] == ("taken_back", back.id)
    third_sha = world.code.commit({"a": "9"}, "more")
    third = await world.release(world.bump(third_sha), api=third_sha)
    await _index(world, third)
    await world.land(third, "prod")
    assert _states(await _where(world, shas[2]))["prod"] == ("reached", third.id)


async def test_a_release_that_goes_back_to_an_older_revision_takes_changes_out(
    world: World,
) -> None:
    shas, [first, _] = await _history(world, 2)
    older = await world.release(world.bump(shas[1]), api=shas[1])
    await _index(world, older)
    found = await _where(world, shas[2])
    assert _states(found)["dev"][0] == "taken_back"
    assert found["products"][0]["taken_back_by"] == [older.id]
    assert _states(await _where(world, shas[1]))["dev"] == ("reached", first.id)


async def test_an_issue_is_where_it_was_not_reverted(world: World) -> None:
    shas, [first] = await _history(world, 1)
    await world.land(first, "prod")
    undo = world.code.commit(
        {"a": "0"}, f'Revert "SHOP-2 change"\n\nThis reverts commit {shas[1]}.'
    )
    second = await world.release(world.bump(undo), api=undo)
    await _index(world, second)
    states = _states(await _where(world, "SHOP-2"))
    assert (states["dev"], states["prod"]) == (("taken_back", second.id), ("reached", first.id))
    assert _states(await _where(world, shas[1]))["dev"] == ("reached", first.id)
    again = world.code.commit({"a": "1"}, f'Reapply "SHOP-2 change"\n\nThis reverts commit {undo}.')
    third = await world.release(world.bump(again), api=again)
    await _index(world, third)
    states = _states(await _where(world, "SHOP-2"))
    assert (states["dev"], states["prod"]) == (("reached", third.id), ("reached", first.id))


async def test_a_hotfix_is_where_releases_of_another_line_did_not_write_over_it(
    world: World,
) -> None:
    """A line of its own begins in qa; the main line is read in the same GitOps branch."""
    hotfixes = catalog.Flow("hotfix", "qa", (catalog.FlowStep("prod", ("qa",)),))
    shas, _ = await _history(world, 1)
    fix = world.code.commit({"b": "1"}, "SHOP-7 Fix (#70)", branch="v1", parent=shas[0])
    hotfix = await world.release(world.bump(fix, "qa"), flow=hotfixes, api=fix)
    await world.resolved(hotfix, "qa", origin="previous")
    await world.land(hotfix, "prod")
    for ref in ("SHOP-7", "api#70", fix):
        states = _states(await _where(world, ref))
        assert states["prod"] == ("reached", hotfix.id), ref
        assert states["dev"][0] == "missing", ref
    without_sha = world.code.commit({"c": "1"}, "SHOP-8 more")
    without = await world.release(world.bump(without_sha), api=without_sha)
    await _index(world, without)
    await world.land(without, "prod")
    for ref in ("SHOP-7", "api#70", fix):
        states = _states(await _where(world, ref))
        assert states["prod"] == ("taken_back", without.id), ref
        assert states["dev"][0] == "missing", ref
    picked = f"SHOP-7 Fix (#70)\n\n(cherry picked from commit {fix})"
    within_sha = world.code.commit({"b": "1"}, picked)
    within = await world.release(world.bump(within_sha), api=within_sha)
    await _index(world, within)
    for ref in ("SHOP-7", "api#70"):
        states = _states(await _where(world, ref))
        assert states["dev"] == ("reached", within.id), ref
        assert states["qa"] == ("reached", hotfix.id), ref
        assert states["prod"] == ("taken_back", without.id), ref
    await world.land(within, "prod")
    for ref in ("SHOP-7", "api#70"):
        assert _states(await _where(world, ref))["prod"] == ("reached", within.id), ref


async def test_what_only_went_is_not_known_to_be_in_releases_of_no_line(world: World) -> None:
    shas, _ = await _history(world, 0)
    base = world.code.try_git("rev-parse", f"{shas[0]}^") or shas[0]
    lost = world.code.commit({"a": "x"}, "SHOP-8 lost")
    found = await world.release(world.bump(lost), api=lost)
    older = await world.release(world.bump(base), api=base)
    await _index(world, older)  # the index does not know how it came
    for environment, tag in (("qa", "unheard-of"), ("prod", lost)):
        apart = await world.release(trigger=Trigger.ROLLBACK, api=tag)
        await world.land(apart, environment)
    states = _states(await _where(world, "SHOP-8"))
    assert states["dev"][0] == "missing"
    assert states["qa"] == ("unknown", None)
    assert states["prod"] == ("reached", apart.id)  # the code behind it says so
    assert found.id not in (await _where(world, "SHOP-8"))["products"][0]["releases"]


async def test_an_image_that_another_replaced_is_said_to_be(world: World) -> None:
    shas, [_, second] = await _history(world, 2)
    states = _states(await _where(world, f"{IMAGE}:{shas[1]}"))
    assert states["dev"] == ("replaced", second.id)
    assert _states(await _where(world, f"{IMAGE}:{shas[2]}"))["dev"] == ("reached", second.id)


class _TellsDigests:
    """A registry that has every image, and knows nothing of its code."""

    def knows(self, image: str) -> bool:
        return True

    async def inspect(self, image: content.Image) -> Inspected:
        return Inspected(_digest(image.tag))


def _digest(tag: str) -> str:
    return f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"


async def test_an_image_deployed_by_its_tag_is_found_by_the_digest_that_its_registry_told(
    world: World,
) -> None:
    world.registry = _TellsDigests()
    shas, [_, second] = await _history(world, 2)
    assert _states(await _where(world, _digest(shas[2]))) == {
        "dev": ("reached", second.id),
        "qa": ("waiting", second.id),
        "prod": ("waiting", second.id),
    }
    assert _states(await _where(world, _digest(shas[1])))["dev"] == ("replaced", second.id)


async def test_what_means_several_things_is_answered_with_a_choice(world: World) -> None:
    shas, _ = await _history(world, 2)
    other = world.code.commit({"b": "1"}, "Fix (#11)", branch="other")
    found = await _where(world, "SHOP")
    assert found["found"] is None
    assert other
    beginning = await world.archive.changes("*", ("commit",), 100)
    assert {one.ref for one in beginning} == set(shas[1:])
    scope = "https://git.example.org/another.git"
    await world.stored.rows(
        "INSERT INTO change (ref, kind, scope, product, component, release, n)"
        " VALUES ('11', 'pull_request', :s, 'shop', 'api', 'shop-1', 1)",
        s=scope,
    )
    found = await _where(world, "#11")
    assert found["sentence"] == "#11 may mean 2 things: name one of them"
    assert {one["scope"] for one in found["candidates"]} == {scope, world.code.url}
    assert (await _where(world, "another#11"))["found"]["scope"] == scope
    page = await _where(world, "https://git.example.org/another/pull/11")
    assert page["found"]["scope"] == scope


async def test_a_commit_that_no_release_names_is_looked_for_by_ancestry(world: World) -> None:
    early = world.code.commit({"z": "1"}, "long before")
    await _history(world, 1)
    late = world.code.commit({"z": "2"}, "not released yet")
    await world.code_door.fetch(world.code.url)
    found = await _where(world, early)
    assert {e["state"] for e in found["products"][0]["environments"]} == {"reached"}
    assert found["products"][0]["releases"] == []
    found = await _where(world, late[:9])
    assert {e["state"] for e in found["products"][0]["environments"]} == {"missing"}


async def test_an_issue_or_pull_request_that_no_release_names_is_looked_for_in_the_code(
    world: World,
) -> None:
    world.code.commit({"z": "1"}, "SHOP-70 long before (#70)\n\nCloses #7")
    await _history(world, 1)
    world.code.commit({"z": "2"}, "SHOP-71 not released yet")
    world.code.commit({"z": "3"}, "SHOP-70 once more (#72)")
    await world.code_door.fetch(world.code.url)
    for ref in ("#70", f"{places.path(world.code.url)}#7", "api#70"):
        found = await _where(world, ref)
        assert {e["state"] for e in found["products"][0]["environments"]} == {"reached"}, ref
        assert found["products"][0]["releases"] == []
    found = await _where(world, "SHOP-71")
    assert {e["state"] for e in found["products"][0]["environments"]} == {"missing"}
    found = await _where(world, "SHOP-70")
    said = {e["sentence"] for e in found["products"][0]["environments"]}
    assert said == {"only 1 of its 2 commits are in what is there"}
    for ref in ("SHOP-7", "SHOP-700", "#7", "other#70"):
        assert (await _where(world, ref))["found"] is None, ref


async def test_what_no_release_names_waits_for_the_release_that_has_it_where_it_is(
    world: World,
) -> None:
    old = world.code.commit({"z": "0"}, "start")
    world.bump(old)
    await world.find(old, "qa", "prod")
    new = world.code.commit({"z": "1"}, "SHOP-70 before Towpath came")
    world.bump(new)
    await world.find(new, "dev")
    later = world.code.commit({"z": "2"}, "chore")
    release = await world.release(world.bump(later), api=later)
    await _index(world, release)
    await world.land(release, "qa")
    states = _states(await _where(world, "SHOP-70"))
    assert states == {
        "dev": ("reached", release.id),
        "qa": ("reached", release.id),
        "prod": ("waiting", release.id),
    }


async def test_a_search_that_takes_too_long_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _history(world, 1)
    monkeypatch.setattr(searching, "LONGEST_S", 0)
    found = await _where(world, "SHOP-99")
    assert found["found"] is None
    assert "was not searched to its end" in found["sentence"]


async def test_nonsense_is_nothing_known(world: World) -> None:
    await _history(world, 1)
    for ref in ("%", "*", "a" * 500, "'; DROP", "\u2028", "..", "sha256:zz", "https://x/pull/"):
        found = await _where(world, ref)
        assert (found["found"], found["candidates"]) == (None, []), ref


async def _superseded(world: World, older: Release, newer: Release, environment: str) -> None:
    """As the engine records it: overtaken there, and not reached behind."""
    by = meeting.superseded_by(older.product, newer.n)
    behind = Reason(Code.NOT_REACHED, f"{environment} was not passed")
    ends = [events.PromotionEnded(Status.SUPERSEDED, by, environment=environment)]
    if environment != "prod":
        ends.append(events.PromotionEnded(Status.SKIPPED, behind, environment="prod"))
    await world.stored.store.command(older.id, "", lambda _: ends)


async def test_what_was_superseded_and_is_not_in_its_carrier_waits_for_nothing(
    world: World,
) -> None:
    shas, [first, second, third] = await _history(world, 3)
    await _superseded(world, first, second, "qa")
    await _superseded(world, second, third, "qa")
    await world.land(third, "qa")
    found = await _where(world, f"{IMAGE}:{shas[1]}")
    [product] = found["products"]
    told = {
        e["environment"]: (e["state"], e["release"], e["sentence"]) for e in product["environments"]
    }
    without = f"by {third.id}, which does not have it"
    assert told["qa"] == ("missing", third.id, f"{first.id} was superseded {without}")
    assert told["prod"] == ("missing", third.id, f"{first.id} was superseded in qa {without}")
    # The change itself goes on with the carrier.
    assert _states(await _where(world, shas[1]))["qa"] == ("reached", third.id)
    assert _states(await _where(world, shas[1]))["prod"] == ("waiting", third.id)


async def test_what_was_superseded_waits_with_its_carrier_where_that_has_it_too(
    world: World,
) -> None:
    shas, [first] = await _history(world, 1)
    again = await world.release(world.bump(shas[1], message="the same once more"), api=shas[1])
    await _superseded(world, first, again, "qa")
    assert _states(await _where(world, f"{IMAGE}:{shas[1]}"))["qa"] == ("waiting", again.id)


async def test_what_was_stopped_or_passed_by_waits_for_nothing(world: World) -> None:
    shas, [first] = await _history(world, 1)
    skipped = Reason(Code.SKIPPED_BY, "ada skipped it")
    ended = events.PromotionEnded(Status.SKIPPED, skipped, environment="qa")
    await world.stored.store.command(first.id, "", lambda _: [ended])
    assert _states(await _where(world, shas[1]))["qa"] == ("missing", first.id)
