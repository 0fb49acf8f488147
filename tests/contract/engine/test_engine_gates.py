"""Gates on the whole engine: what people say, what time opens, what is asked before a push."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

import engine_world
from engine_world import world
from towpath.domain import catalog
from towpath.domain.catalog import Approval, PolicySettings, Window
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import GateKind, Promotion, Release
from towpath.domain.status import Status
from towpath.domain.wishes import Refused

CLOSED = Window("deny", "FREQ=DAILY", timedelta(hours=24), description="frozen")


def _configured(
    settings: PolicySettings = engine_world.NO_SETTINGS,
    windows: Mapping[str, tuple[Window, ...]] | None = None,
) -> catalog.Catalog:
    """Production is entered with these settings, and environments have these windows."""
    made = engine_world.configuration(steps=(("staging", ("dev",)), ("prod", ("staging",))))
    policy = catalog.Policy("production", 1, settings, environment_names=("prod",))
    environments = {
        name: replace(environment, windows=(windows or {}).get(name, ()))
        for name, environment in made.environments.items()
    }
    return replace(made, policies=(policy,), environments=environments)


async def _released(w: engine_world.World, tag: str) -> str:
    w.push(tag)
    made, _ = await w.engine.observer.look()
    return made[0].id


def _prod(release: Release) -> Promotion:
    found = release.promotion("prod")
    assert found is not None
    return found


def _held(kind: GateKind) -> object:
    return lambda release: any(gate.closed and gate.kind is kind for gate in _prod(release).gates)


async def test_an_approval_lets_the_release_go_to_production(database_url: str) -> None:
    asking = _configured(PolicySettings(approval=Approval(exclude_author=True)))
    async with world(database_url, asking) as w:
        one = await _released(w, "1.1.0")
        await w.until(one, Status.SUSPENDED)
        with pytest.raises(Refused, match="author"):
            await w.engine.commands.approve(one, "prod", "dana", "")
        await w.engine.commands.approve(one, "prod", "ada", "seen")
        done = await w.until(one, Status.SUCCEEDED)
        assert [(g.by, g.comment) for g in _prod(done).approvals] == [("ada", "seen")]


async def test_authors_of_what_is_carried_on_may_not_approve(database_url: str) -> None:
    asking = _configured(PolicySettings(approval=Approval(exclude_author=True)))
    async with world(database_url, asking) as w:
        first = await _released(w, "1.1.0")
        await w.until(first, Status.SUSPENDED)
        edits = {"shop/api/dev/values.yaml": {"tag": "1.2.0"}}
        w.git.commit_by("eve", engine_world.REPO, edits)
        made, _ = await w.engine.observer.look()
        second = made[0].id
        await w.until_so(second, _held(GateKind.APPROVAL))  # type: ignore[arg-type]
        for author in ("dana", "eve", "Eve@Example.org"):
            with pytest.raises(Refused) as refused:
                await w.engine.commands.approve(second, "prod", author, "")
            assert refused.value.code == "author_excluded"


async def test_a_rejection_fails_and_a_retry_asks_anew(database_url: str) -> None:
    async with world(database_url, _configured(PolicySettings(approval=Approval()))) as w:
        one = await _released(w, "1.1.0")
        await w.until(one, Status.SUSPENDED)
        await w.engine.commands.reject(one, "prod", "ada", "not today")
        failed = await w.until_ended(one)
        assert failed.status is Status.FAILED
        assert failed.reason is not None
        assert failed.reason.sentence == "ada rejected it: not today"
        await w.engine.commands.retry(one, "", "ada")
        await w.until(one, Status.SUSPENDED)
        await w.engine.commands.approve(one, "prod", "ada", "")
        await w.until(one, Status.SUCCEEDED)


async def test_a_soak_ends_by_itself_and_not_while_the_environment_is_sick(
    database_url: str,
) -> None:
    soaking = _configured(PolicySettings(soak=timedelta(seconds=1)))
    async with world(database_url, soaking) as w:
        sick = Reason(Code.HEALTH_DEGRADED, "crash loop")
        await w.store.health("shop", "staging", sick)
        one = await _released(w, "1.1.0")
        held = await w.until_so(one, _held(GateKind.SOAK))  # type: ignore[arg-type]
        assert "crash loop" in _prod(held).reason.sentence  # type: ignore[union-attr]
        await w.store.health("shop", "staging", None)
        done = await w.until(one, Status.SUCCEEDED)
        staged = done.promotion("staging")
        assert staged is not None
        assert staged.ended_at is not None
        started = _prod(done).started_at
        assert started is not None
        assert started - staged.ended_at >= timedelta(seconds=1)


async def test_a_window_holds_until_the_configuration_opens_it(database_url: str) -> None:
    async with world(database_url, _configured(windows={"prod": (CLOSED,)})) as w:
        one = await _released(w, "1.1.0")
        held = await w.until(one, Status.PENDING)
        assert "frozen" in _prod(held).reason.sentence  # type: ignore[union-attr]
        await w.configure(_configured())
        await w.until(one, Status.SUCCEEDED)


def _staging(release: Release) -> Promotion:
    found = release.promotion("staging")
    assert found is not None
    return found


async def test_a_failed_environment_can_be_skipped_and_the_next_is_reached(
    database_url: str,
) -> None:
    async with world(database_url, _configured()) as w:
        w.git.repositories[engine_world.REPO].refuses = "protected branch"
        one = await _released(w, "1.1.0")
        await w.until_ended(one)
        w.git.repositories[engine_world.REPO].refuses = ""
        await w.engine.commands.skip(one, "staging", "ada", "known to be broken")
        done = await w.until(one, Status.SUCCEEDED)
        assert _staging(done).status is Status.SKIPPED
        assert w.tags("prod") == {"1.1.0"}
        assert w.tags("staging") == {"1.0.0"}
        with pytest.raises(Refused) as refused:
            await w.engine.commands.skip(one, "prod", "ada", "")
        assert refused.value.code == "landed"
