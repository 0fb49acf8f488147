"""What is written back when a change reaches an environment: where it is asked for, and once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from history_world import World
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.history.telling import Place, Teller
from towpath.ports.errors import OutsideError, Permanent, Temporary
from towpath.ports.outside import Deployment, Issue, Request


@dataclass
class Told:
    """A tracker, host and place of deployments that writes down what it is told."""

    repository: str = ""
    written: list[tuple[object, str]] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    trouble: OutsideError | None = None

    def knows(self, what: str) -> bool:
        return what == self.repository if "/" in what else True

    async def issues(self, keys: Collection[str]) -> Mapping[str, Issue]:
        return {key: Issue(key, "Title") for key in keys}

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
