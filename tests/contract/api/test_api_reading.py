"""What the API shows, on a real PostgreSQL, through HTTP."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import shown_world as world
from towpath.api import app as api
from towpath.domain import catalog, events, evolution
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Gate, GateKind, Landing, PhaseName
from towpath.domain.status import Status
from towpath.storage import codec, tables


@dataclass
class Site:
    """An app on a database, and a client of it."""

    engine: AsyncEngine
    client: httpx.AsyncClient

    async def get(self, path: str, **query: object) -> dict:
        answer = await self.client.get(f"/api/v1{path}", params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def problem(self, path: str, **query: object) -> tuple[int, str]:
        answer = await self.client.get(f"/api/v1{path}", params=query or None)
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        assert document["status"] == answer.status_code
        assert document["title"]
        assert document["detail"]
        return answer.status_code, document["code"]


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with world.empty(database_url) as engine:
        app = api.create(world.parts(engine, world.FakeCommands(world.a_release())))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Site(engine, client)


def _superseded(n: int, by: int, of: Callable = world.a_release) -> object:
    reason = Reason(Code.SUPERSEDED_BY, f"checkout-{by}", {"release": f"checkout-{by}"})
    told = {"dev": (Status.SUCCEEDED, None), "qa": (Status.SUPERSEDED, reason)}
    return world.with_reasons(of(n), told)


async def test_releases_are_listed_with_their_environments(site: Site) -> None:
    await world.add(site.engine, world.a_release(1), world.a_release(2, "search"))
    answer = await site.get("/releases", limit=1)
    (item,) = answer["items"]
    assert item["id"] == "search-2"
    assert item["created_at"] == "2026-03-01T14:00:00Z"
    assert [place["name"] for place in item["environments"]] == ["dev", "qa", "prod"]
    following = await site.get("/releases", limit=1, cursor=answer["next_cursor"])
    assert [item["id"] for item in following["items"]] == ["checkout-1"]
    assert following["next_cursor"] is None


async def test_some_releases_are_asked_for_by_id(site: Site) -> None:
    await world.add(site.engine, *(world.a_release(n) for n in (1, 2, 3)))
    answer = await site.get("/releases", id=["checkout-1", "checkout-3", "checkout-9"], q="nothing")
    assert [item["id"] for item in answer["items"]] == ["checkout-3", "checkout-1"]


async def test_every_filter_of_the_list_can_be_given_in_the_query(site: Site) -> None:
    failed = world.brought(world.a_release(2), dev=Status.SUCCEEDED, qa=Status.FAILED)
    await world.add(site.engine, world.a_release(1), failed)
    answer = await site.get(
        "/products/checkout/releases",
        status=["failed", "error"],
        flow="standard",
        environment="qa",
        environment_status="failed",
        initiator="ada",
        since="2026-03-01T13:30:00Z",
        until="2026-03-02T00:00:00+01:00",
        q="rounding",
        ended=True,
    )
    assert [item["id"] for item in answer["items"]] == ["checkout-2"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"cursor": "nonsense"}, (400, "bad_cursor")),
        ({"limit": 0}, (422, "invalid_request")),
        ({"limit": 100000}, (422, "invalid_request")),
        ({"status": "done"}, (422, "invalid_request")),
        ({"since": "yesterday"}, (422, "invalid_request")),
        ({"since": "2026-03-01T12:00:00"}, (422, "invalid_request")),
        ({"q": "a\0b"}, (400, "bad_request")),
        ({"statsu": "failed"}, (422, "invalid_request")),
    ],
)
async def test_a_query_that_is_wrong_is_a_problem(
    site: Site, query: dict[str, object], problem: tuple[int, str]
) -> None:
    assert await site.problem("/releases", **query) == problem


@pytest.mark.parametrize(
    "path",
    [
        "/releases/checkout-9",
        "/releases/checkout-9/events",
        "/releases/checkout-9/diff?environment=qa",
        "/products/unknown",
        "/flows/unknown",
        "/policies/evaluate?product=unknown&environment=qa",
        "/policies/evaluate?product=checkout&environment=uat",
        "/policies/evaluate?product=checkout&environment=qa&flow=unknown",
        "/nowhere",
    ],
)
async def test_what_is_not_there_is_a_problem(site: Site, path: str) -> None:
    assert await site.problem(path) == (404, "not_found")


async def test_a_release_says_why_each_environment_waits_and_what_can_be_done(site: Site) -> None:
    degraded = Reason(Code.HEALTH_DEGRADED, "api is Degraded", advice="Look at its logs.")
    told = {"dev": (Status.SUCCEEDED, None), "qa": (Status.FAILED, degraded)}
    await world.add(site.engine, world.with_reasons(world.a_release(), told))
    document = await site.get("/releases/checkout-1")
    assert document["status"] == "failed"
    assert document["reason"]["advice"] == "Look at its logs."
    assert document["counters"] == {
        **dict.fromkeys(Status, 0),
        "succeeded": 1,
        "failed": 1,
        "waiting": 1,
    }
    dev, qa, prod = document["environments"]
    assert [phase["name"] for phase in dev["phases"]] == ["sync", "health"]
    assert prod["reason"]["sentence"] == "waits for qa (failed)"
    assert (qa["actions"], prod["actions"]) == (["skip", "retry"], ["skip"])
    assert document["actions"] == ["retry"]
    assert document["not_now"]["terminate"]["code"] == "already_ended"
    assert dev["not_now"]["skip"]["code"] == "landed"
    assert [(gate["kind"], gate["status"]) for gate in prod["gates"]] == [("window", "waiting")]
    assert prod["depends_on"] == ["qa"]
    assert qa["settings"]["soak_seconds"] == 3600.0
    assert qa["origins"]["retries"] == "policy careful"
    (component,) = document["components"]
    assert component["files"][0]["values"] == [{"place": "$.image.tag", "value": "1.1.0"}]
    assert document["commit"]["sha"] == "01" * 20
    assert document["timeout_seconds"] == 86400.0


async def test_gates_are_shown_as_they_were_met_or_as_they_will_be(site: Site) -> None:
    of = world.a_release()
    opens = world.START + timedelta(hours=9)
    asked = Reason(Code.APPROVAL_NEEDED, "needs an approval")
    gates = (
        Gate(GateKind.APPROVAL, Status.SUSPENDED, asked),
        Gate(GateKind.SOAK, Status.PENDING, Reason(Code.SOAKING, "soaks"), opens),
    )
    held = events.PromotionHeld(PhaseName.GATES, Status.SUSPENDED, asked, gates, environment="prod")
    approval = catalog.PolicySettings(approval=catalog.Approval(exclude_author=True))
    promotions = tuple(
        replace(p, settings=approval) if p.environment == "prod" else p for p in of.promotions
    )
    await world.add(
        site.engine, evolution.evolve(replace(of, promotions=promotions), [held], opens)
    )
    _, qa, prod = (await site.get("/releases/checkout-1"))["environments"]
    assert [(gate["kind"], gate["status"]) for gate in qa["gates"]] == [("soak", "waiting")]
    assert [gate["kind"] for gate in prod["gates"]] == ["approval", "soak"]
    assert prod["gates"][1]["opens_at"] == opens.isoformat().replace("+00:00", "Z")
    assert prod["actions"] == ["approve", "reject", "skip"]
    answer = await site.client.get(
        "/api/v1/releases/checkout-1", headers={"x-towpath-actor": "ada"}
    )
    prod = answer.json()["environments"][2]
    assert prod["not_now"]["approve"]["code"] == "author_excluded"


async def test_a_release_under_way_can_be_terminated(site: Site) -> None:
    await world.add(site.engine, world.brought(world.a_release(), dev=Status.RUNNING))
    assert (await site.get("/releases/checkout-1"))["actions"] == ["terminate"]


async def test_a_superseded_release_names_who_carries_its_change_now(site: Site) -> None:
    last = world.brought(world.a_release(4), dev=Status.SUCCEEDED, qa=Status.FAILED)
    await world.add(site.engine, _superseded(1, 2), _superseded(2, 4), last)
    document = await site.get("/releases/checkout-1")
    carrier = {
        "release": "checkout-4",
        "status": "failed",
        "environment": "qa",
        "sentence": "carried by checkout-4, failed in qa",
        "chain": ["checkout-2", "checkout-4"],
    }
    assert document["carried_by"] == carrier
    assert document["environments"][1]["carried_by"] == carrier


async def test_a_carrier_that_is_not_there_yet_says_what_keeps_it(site: Site) -> None:
    behind = world.brought(world.a_release(2), dev=Status.FAILED)
    await world.add(site.engine, _superseded(1, 2), behind)
    carried = (await site.get("/releases/checkout-1"))["carried_by"]
    assert carried["sentence"] == "carried by checkout-2, failed in dev"


async def test_a_chain_in_a_circle_or_to_nowhere_ends(site: Site) -> None:
    await world.add(site.engine, _superseded(1, 2), _superseded(2, 1), _superseded(3, 9))
    assert (await site.get("/releases/checkout-1"))["carried_by"]["release"] == "checkout-1"
    assert (await site.get("/releases/checkout-3"))["carried_by"] is None


async def test_events_are_listed_in_the_order_in_which_they_were_committed(site: Site) -> None:
    mine, other = world.a_release(1), world.a_release(2, "search")
    await world.add(site.engine, mine, other)
    sync = events.PhaseSucceeded(PhaseName.SYNC, environment="dev")
    await world.happen(site.engine, mine, events.ReleaseStarted(), sync)
    await world.happen(site.engine, other, events.ReleaseStarted())
    first = await site.get("/releases/checkout-1/events", limit=1)
    assert [event["kind"] for event in first["items"]] == ["ReleaseStarted"]
    rest = await site.get("/releases/checkout-1/events", limit=9, after=first["next_cursor"])
    (event,) = rest["items"]
    assert (event["kind"], event["environment"], event["actor"]) == ("PhaseSucceeded", "dev", "ada")
    assert event["data"]["phase"] == "sync"
    assert rest["next_cursor"] is None
    everything = await site.get("/events", after=event["id"])
    assert [event["release"] for event in everything["items"]] == ["search-2"]
    assert (await site.get("/events", product="checkout", after=event["id"]))["items"] == []


async def test_an_event_of_a_kind_unknown_here_is_shown_as_it_is(site: Site) -> None:
    row = {"kind": "FromTheFuture", "data": {"new": [1]}, "release": "checkout-1"}
    async with site.engine.begin() as connection:
        await connection.execute(sa.insert(tables.event).values(**row))
    (event,) = (await site.get("/events"))["items"]
    assert (event["kind"], event["data"]) == ("FromTheFuture", {"new": [1]})


async def test_a_diff_is_between_the_landed_commit_and_the_one_before(site: Site) -> None:
    landings = (
        Landing(world.GITOPS, "main", "d" * 40, ("api",)),
        Landing(world.GITOPS, "other", "a" * 40, ("api",), changed=False),
    )
    made = world.a_release()
    dev, qa, prod = made.promotions
    made = replace(made, promotions=(dev, replace(qa, landings=landings), prod))
    await world.add(site.engine, made)
    answer = await site.get("/releases/checkout-1/diff", environment="qa")
    changed, unchanged = answer["items"]
    assert (changed["base"], changed["files"][0]["patch"]) == ("e" * 40, "e..d")
    assert (unchanged["changed"], unchanged["files"]) == (False, [])
    trigger = await site.get("/releases/checkout-1/diff", environment="dev")
    assert trigger["items"][0]["commit"] == "01" * 20
    assert (await site.get("/releases/checkout-1/diff", environment="prod"))["items"] == []
    assert await site.problem("/releases/checkout-1/diff", environment="uat") == (404, "not_found")
    assert await site.problem("/releases/checkout-1/diff") == (422, "invalid_request")


async def test_a_product_shows_the_trouble_of_all_it_is_read_from(site: Site) -> None:
    subjects = {
        ("component", "checkout/dev/api"): "$.tag selects nothing",
        ("component", "search/dev/api"): "not mine",
        ("repository", world.GITOPS): "no route",
        ("repository", "https://git.example.com/other"): "not mine either",
        ("branch", f"{world.GITOPS} HEAD"): "no branch HEAD",
        ("drift", "checkout/prod/api"): "changed by hand",
    }
    async with site.engine.begin() as connection:
        for (scope, subject), why in subjects.items():
            reason = codec.dump_reason(Reason(Code.VALUE_MISSING, why))
            row = {"scope": scope, "subject": subject, "reason": reason}
            await connection.execute(sa.insert(tables.trouble).values(**row))
    of_one = (await site.get("/products/checkout"))["trouble"]
    shown = {one["reason"]["sentence"] for one in of_one}
    assert shown == {"$.tag selects nothing", "no route", "no branch HEAD", "changed by hand"}
    configuration = (await site.get("/configuration"))["trouble"]
    assert {one["scope"] for one in configuration} == {"component", "repository", "branch"}
    listed, _ = (await site.get("/products"))["items"]
    assert listed["trouble"] == of_one


async def test_a_component_that_left_an_environment_is_not_shown_there(site: Site) -> None:
    old = world.brought(world.a_release(1), qa=Status.SUCCEEDED)
    new = world.brought(world.a_release(2), qa=Status.SUCCEEDED)
    await world.add(site.engine, old, new)
    renamed = {"service": old.content["api"]}
    await world.land(site.engine, replace(old, content=renamed), "qa")
    await world.land(site.engine, new, "qa")
    document = await site.get("/products/checkout")
    (qa,) = [each for each in document["environments"] if each["name"] == "qa"]
    assert (qa["versions"], qa["release"]) == (["1.2.0"], "checkout-2")
    assert [(cell["component"], cell["version"]) for cell in document["matrix"]] == [
        ("api", "1.2.0")
    ]


async def test_products_show_what_landed_where_and_what_is_on_its_way(site: Site) -> None:
    old = world.brought(world.a_release(1), dev=Status.SUCCEEDED, qa=Status.SUCCEEDED)
    new = world.brought(world.a_release(2), dev=Status.SUCCEEDED, qa=Status.RUNNING)
    await world.add(site.engine, old, new)
    await world.land(site.engine, new, "dev")
    await world.land(site.engine, old, "qa")
    async with site.engine.begin() as connection:
        lock = {"product": "", "environment": "prod", "reason": "freeze", "author": "ada"}
        await connection.execute(sa.insert(tables.lock).values(**lock))
        stage = {"product": "checkout", "environment": "qa", "holder": "checkout-2"}
        await connection.execute(sa.insert(tables.stage).values(**stage))
        gone = codec.dump_reason(Reason(Code.GIT_UNREACHABLE, "no route"))
        trouble = {"scope": "product", "subject": "checkout", "reason": gone}
        await connection.execute(sa.insert(tables.trouble).values(**trouble))
    answer = await site.get("/products", limit=1)
    (item,) = answer["items"]
    assert (item["name"], item["latest"]["id"], item["unended"]) == ("checkout", "checkout-2", 2)
    assert item["components"] == ["api"]
    assert item["trouble"][0]["reason"]["sentence"] == "no route"
    dev, qa, prod = item["environments"]
    assert (dev["versions"], dev["release"], dev["status"]) == (
        *(["1.2.0"], "checkout-2", "succeeded"),
    )
    assert (qa["versions"], qa["release"], qa["locked"]) == (["1.1.0"], "checkout-1", False)
    assert [each["release"] for each in qa["on_its_way"]] == ["checkout-2"]
    assert (prod["versions"], prod["status"], prod["locked"]) == ([], None, True)
    following = await site.get("/products", cursor=answer["next_cursor"])
    assert [item["name"] for item in following["items"]] == ["search"]

    document = await site.get("/products/checkout")
    assert document["links"] == [{"title": "Wiki", "url": "https://w"}]
    assert document["holders"] == [{"environment": "qa", "holder": "checkout-2", "yields": False}]
    cells = {cell["environment"]: cell for cell in document["matrix"]}
    assert (cells["qa"]["version"], cells["qa"]["commit"]) == ("1.1.0", "d" * 40)
    assert (cells["qa"]["subject"], cells["qa"]["initiator"]) == ("Fix rounding", "ada")


async def test_releases_of_a_product_that_is_no_longer_configured_are_listed(site: Site) -> None:
    retired = replace(world.a_release(), id="retired-1", product="retired")
    await world.add(site.engine, retired)
    answer = await site.get("/products/retired/releases")
    assert [item["id"] for item in answer["items"]] == ["retired-1"]


async def test_environments_come_in_the_order_of_columns_with_their_products(site: Site) -> None:
    items = (await site.get("/environments"))["items"]
    assert [item["name"] for item in items] == ["dev", "qa", "prod"]
    assert items[2]["kind"] == "prod"
    assert items[0]["products"] == ["checkout", "search"]


async def test_a_flow_is_shown_with_its_steps(site: Site) -> None:
    (item,) = (await site.get("/flows"))["items"]
    assert (item["name"], item["products"]) == ("standard", ["checkout", "search"])
    document = await site.get("/flows/standard")
    assert [step["depends_on"] for step in document["steps"]] == [["dev"], ["qa"]]
    assert item["depends_on"] == {"qa": ["dev"], "prod": ["qa"]}
    assert document["steps"][0]["settings"]["soak_seconds"] == timedelta(hours=1).total_seconds()


async def test_an_evaluated_policy_says_who_gave_each_value_and_who_lost(site: Site) -> None:
    answer = await site.get("/policies/evaluate", product="checkout", environment="qa")
    assert answer["flow"] == "standard"
    settings = {setting["name"]: setting for setting in answer["settings"]}
    assert (settings["retries"]["value"], settings["retries"]["origin"]) == (3, "policy careful")
    assert settings["retries"]["lost"][0]["why"] == "policy careful goes first"
    assert (settings["soak"]["value"], settings["soak"]["origin"]) == (3600.0, "step")
    assert answer["flows"] == ["standard"]
    assert answer["hooks"] == []
    assert answer["windows"] == {"open": True, "changes_at": None, "windows": []}
    of_prod = await site.get("/policies/evaluate", product="checkout", environment="prod")
    closed = of_prod["windows"]
    assert (closed["open"], closed["changes_at"]) == (False, None)
    (window,) = closed["windows"]
    assert (window["on"], window["origin"]) == (True, "environment prod")
    assert window["window"]["duration_seconds"] == 86400.0
    (policy,) = (await site.get("/policies"))["items"]
    assert policy["selector"]["product_names"] == ["checkout"]


async def test_the_configuration_shows_its_problems_and_where_they_are(site: Site) -> None:
    answer = await site.get("/configuration")
    assert answer["problems"][0] == {
        "file": "flows.yaml",
        "line": 3,
        "column": 5,
        "code": "unknown_environment",
        "message": "no uat",
        "severity": "error",
    }
    assert answer["counts"]["applications"] == 6
