"""What is written back when a change reaches an environment: where it is asked for, and once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from history_world import World
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release, Trigger
from towpath.history.telling import Teller
from towpath.history.told import Place
from towpath.ports.errors import OutsideError, Permanent, Temporary
from towpath.ports.outside import Deployment, Issue, Request


@dataclass
class Told:
    """A tracker, host and place of deployments that writes down what it is told."""

    repository: str = ""
    page: str = ""
    written: list[tuple[object, str]] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    trouble: OutsideError | None = None

    def knows(self, what: str) -> bool:
        if "://" in what and what != self.repository:
            return bool(self.page) and what.startswith(self.page)
        return what == self.repository or "://" not in what

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        return {key: Issue(key, "Title", url=f"{self.page}{key}") for key in keys}

    async def requests(self, repository: str, numbers: Collection[int]) -> Mapping[int, Request]:
        return {number: Request(number, "Title") for number in numbers}

    async def requests_of(
        self, repository: str, commits: Sequence[str]
    ) -> Mapping[str, Request | None]:
        return dict.fromkeys(commits)

    async def comment_issue(self, key: str, text: str) -> None:
        self._write(key, text)

    async def comment_request(self, repository: str, number: int, text: str) -> None:
        self._write(number, text)

    async def label_issue(self, key: str, label: str, *, on: bool) -> None:
        self._write(key, f"{'+' if on else '-'}{label}")

    async def label_request(self, repository: str, number: int, label: str, *, on: bool) -> None:
        self._write(number, f"{'+' if on else '-'}{label}")

    async def deployed(self, deployment: Deployment) -> None:
        self.deployments.append(deployment)

    def _write(self, what: object, text: str) -> None:
        if self.trouble:
            raise self.trouble
        self.written.append((what, text))


def _teller(world: World, *places: Place) -> Teller:
    return Teller("w", world.archive, world.notes, places, "https://t", lambda name: name == "prod")


async def _reach(world: World, release: Release, environment: str) -> None:
    if environment != "dev":
        await world.land(release, environment)
    await world.gitops_door.fetch(world.gitops.url)
    await world.stored.rows(
        "INSERT INTO event (kind, product, release, environment, data)"
        " VALUES ('PromotionEnded', 'shop', :r, :e, '{\"status\": \"succeeded\"}')",
        r=release.id,
        e=environment,
    )


async def _released(world: World, count: int = 2) -> list[Release]:
    shas = [
        world.code.commit({"a": str(n)}, f"SHOP-{n} change (#{n + 10})") for n in range(count + 1)
    ]
    world.bump(shas[0])
    await world.find(shas[0], "dev", "prod")
    return [await world.release(world.bump(sha), api=sha) for sha in shas[1:]]


async def test_issues_and_pull_requests_get_one_comment_for_each_environment_asked_for(
    world: World,
) -> None:
    told = Told(world.code.url)
    first, second = await _released(world)
    place = Place("host", ("prod",), told, told)
    teller = _teller(world, place)
    await teller.tell(place)  # what was before is not told
    await _reach(world, first, "dev")
    await _reach(world, second, "prod")
    for _ in range(2):
        await teller.tell(place)
    text = "Reached prod with shop-2 (2): https://t/releases/shop-2"
    text = text.replace("(2)", f"({second.version})")
    assert sorted(map(str, (what for what, _ in told.written))) == ["11", "12", "SHOP-1", "SHOP-2"]
    assert {said for _, said in told.written} == {text}
    await _reach(world, second, "prod")  # the same change again
    await teller.tell(place)
    assert len(told.written) == 4


async def test_a_place_that_does_not_answer_is_told_later_and_nobody_twice(world: World) -> None:
    told = Told(world.code.url)
    place = Place("jira", ("prod",), told)
    teller = _teller(world, place)
    await teller.tell(place)
    [release] = await _released(world, 1)
    await _reach(world, release, "prod")
    told.trouble = Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "refuses connections"))
    with pytest.raises(Temporary):
        await teller.tell(place)
    told.trouble = Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "no answer", {"sent": True}))
    with pytest.raises(Temporary):
        await teller.tell(place)
    told.trouble = None
    await teller.tell(place)  # it may have arrived: it is not sent again
    assert told.written == []
    [other] = [
        await world.release(world.bump(sha), api=sha)
        for sha in [world.code.commit({"a": "x"}, "SHOP-9 more")]
    ]
    await _reach(world, other, "prod")
    told.trouble = Permanent(Reason(Code.OUTSIDE_REFUSED, "the issue is closed for comments"))
    await teller.tell(place)
    told.trouble = None
    await teller.tell(place)
    assert told.written == []


async def test_what_is_in_an_environment_has_its_label_until_it_is_taken_back(
    world: World,
) -> None:
    told = Told(world.code.url)
    place = Place("host", (), told, told, None, {"prod": "in-prod"})
    teller = _teller(world, place)
    await teller.tell(place)
    first, second = await _released(world)
    await _reach(world, first, "prod")
    told.trouble = Temporary(Reason(Code.OUTSIDE_UNREACHABLE, "no answer", {"sent": True}))
    with pytest.raises(Temporary):
        await teller.tell(place)
    told.trouble = None
    for _ in range(2):  # it may have arrived: a label may be given twice, but not for ever
        await teller.tell(place)
    assert sorted(told.written, key=str) == [("SHOP-1", "+in-prod"), (11, "+in-prod")]
    await _reach(world, second, "prod")
    await teller.tell(place)
    assert len(told.written) == 4
    back = await world.release(
        first.content["api"].revision, Trigger.ROLLBACK, api=first.content["api"].version
    )
    await _reach(world, back, "prod")
    await teller.tell(place)
    assert sorted(told.written[4:], key=str) == [("SHOP-2", "-in-prod"), (12, "-in-prod")]


async def test_an_issue_that_was_reverted_loses_its_label_and_gets_no_comment(
    world: World,
) -> None:
    told = Told(world.code.url)
    place = Place("tracker", ("prod",), told, None, told, {"prod": "in-prod"})
    teller = _teller(world, place)
    await teller.tell(place)
    [first] = await _released(world, 1)
    await _reach(world, first, "prod")
    await teller.tell(place)
    bad = first.content["api"].version
    undo = f'Revert "SHOP-1 change (#11)"\n\nThis reverts commit {bad}.'
    sha = world.code.commit({"a": "0"}, undo)
    await _reach(world, await world.release(world.bump(sha), api=sha), "prod")
    await teller.tell(place)
    assert [deployment.issues for deployment in told.deployments] == [("SHOP-1",), ()]
    [comment, label, off] = told.written
    assert (comment[0], label, off) == ("SHOP-1", ("SHOP-1", "+in-prod"), ("SHOP-1", "-in-prod"))


async def test_an_issue_of_one_host_is_not_looked_for_at_another(world: World) -> None:
    here, other = Told(world.code.url, page="https://here/"), Told(page="https://other/")
    world.trackers = (here,)
    world.hosts = (here,)
    places = [Place("here", ("prod",), here), Place("other", ("prod",), other)]
    teller = _teller(world, *places)
    for place in places:
        await teller.tell(place)
    old = world.code.commit({"a": "1"}, "first")
    world.bump(old)
    await world.find(old, "dev", "prod")
    new = world.code.commit({"a": "2"}, "Fix it\n\nFixes acme/shop#12")
    await _reach(world, await world.release(world.bump(new), api=new), "prod")
    for place in places:
        await teller.tell(place)
    assert ([what for what, _ in here.written], other.written) == (["acme/shop#12"], [])


async def test_deployments_name_every_environment_with_its_issues(world: World) -> None:
    told = Told()
    place = Place("jira", (), told, None, told)
    teller = _teller(world, place)
    await teller.tell(place)
    [release] = await _released(world, 1)
    await _reach(world, release, "dev")
    await _reach(world, release, "prod")
    await teller.tell(place)
    assert [(d.environment, d.production, d.issues) for d in told.deployments] == [
        ("dev", False, ("SHOP-1",)),
        ("prod", True, ("SHOP-1",)),
    ]
    assert told.deployments[0].update < told.deployments[1].update
    assert told.written == []


async def test_nothing_is_told_where_nobody_asked(world: World) -> None:
    teller = _teller(world, Place("host", (), Told(), Told()))
    await teller.run()  # ends at once: there is nobody to tell
