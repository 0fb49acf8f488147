"""Commands that ask for something to be done: what they send, what they print, how they end."""

from typing import Any

import pytest

import canned_server as canned
import canned_world
from canned_world import AT, ENVIRONMENTS, LOCKED, LOOKED, PLAN
from towpath.cli import look


@pytest.fixture(autouse=True)
def world(server: canned.CannedServer) -> None:
    canned_world.furnish(server)


def test_create_sends_revision_and_flow_and_says_how_to_follow(
    towpath: Any, server: canned.CannedServer
) -> None:
    result = towpath("release", "create", "checkout", "--revision", "v2", "--flow", "hotfix")
    assert server.last("/products/checkout/releases").body == {"revision": "v2", "flow": "hotfix"}
    assert result.stdout.split() == ["checkout-128", look.glyph("running"), "running"]
    assert "towpath release show checkout-128 --watch" in result.stderr


def test_create_and_wait_follows_the_release_to_its_end(
    towpath: Any, server: canned.CannedServer
) -> None:
    over = canned.release("failed", canned.environment("dev", "failed"))
    server.gets("/releases/checkout-128", canned.release("running", *ENVIRONMENTS), over)
    result = towpath("release", "create", "checkout", "--wait")
    assert result.exit_code == 1
    assert "checkout-128 failed after" in result.stdout


def test_retry_can_be_for_one_environment(towpath: Any, server: canned.CannedServer) -> None:
    assert towpath("release", "retry", "checkout-128", "--environment", "qa").exit_code == 0
    assert server.last("/releases/checkout-128/environments/qa/retry").method == "POST"


@pytest.mark.parametrize("what", ["approve", "reject", "skip"])
def test_what_is_said_of_one_environment_is_sent_with_its_comment(
    towpath: Any, server: canned.CannedServer, what: str
) -> None:
    path = f"/releases/checkout-128/environments/qa/{what}"
    server.takes(path, canned.release("running", *ENVIRONMENTS))
    result = towpath(what, "checkout-128", "qa", "--comment", "seen")
    assert server.last(path).body == {"comment": "seen"}
    assert result.stdout.startswith("checkout-128")


def test_terminate_sends_the_comment(towpath: Any, server: canned.CannedServer) -> None:
    towpath("release", "terminate", "checkout-128", "--comment", "wrong branch")
    assert server.last("/releases/checkout-128/terminate").body == {"comment": "wrong branch"}


def test_promote_sends_where_from_which_components_and_which_release(
    towpath: Any, server: canned.CannedServer
) -> None:
    towpath(
        *("promote", "checkout", "--to", "prod", "--from", "qa", "--component", "api"),
        *("--component", "web", "--release", "checkout-127"),
    )
    assert server.last(f"{AT}/promote").body == {
        "from": "qa",
        "components": ["api", "web"],
        "release": "checkout-127",
        "dry_run": False,
    }


def test_a_dry_run_shows_every_diff_what_was_changed_by_hand_and_the_policy(
    towpath: Any, server: canned.CannedServer
) -> None:
    shown = towpath("promote", "checkout", "--to", "prod-eu", "--dry-run").stdout
    assert server.last(f"{AT}-eu/promote").body["dry_run"] is True
    for line in ('-  tag: "1"', '+  tag: "2"', "apps/api/prod/values.yaml"):
        assert line in shown
    assert "changed by hand: apps/api/prod/values.yaml $.replicas: 3 was changed to 5" in shown
    assert "warning: worker takes no part" in shown
    settings = [line.split() for line in shown.splitlines()]
    assert ["action", "pr", "policy", "prod"] in settings
    assert ["soak", "30m", "step"] in settings


def test_a_dry_run_of_what_cannot_be_made_says_why_and_exits_1(
    towpath: Any, server: canned.CannedServer
) -> None:
    reason = canned.reason("value_missing", "there is no $.image.tag", advice="Add it.")
    broken = {**PLAN["repositories"][0], "files": [], "reason": reason}
    server.takes(f"{AT}/rollback", {**PLAN, "repositories": [broken]})
    result = towpath("rollback", "checkout", "prod", "--dry-run")
    assert result.exit_code == 1
    assert "✕ there is no $.image.tag" in result.stdout
    assert "Add it." in result.stdout


def test_a_dry_run_of_a_rollback_says_what_it_goes_back_to_and_that_it_locks(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.takes(f"{AT}/rollback", {**PLAN, "goes_back_to": "checkout-120"})
    result = towpath("rollback", "checkout", "prod", "--dry-run")
    assert "checkout in prod back to checkout-120" in result.stdout
    assert "It would then lock checkout in prod until somebody unlocks it" in result.stderr
    unlocked = towpath("rollback", "checkout", "prod", "--dry-run", "--no-lock")
    assert "lock" not in unlocked.stderr


def test_rollback_locks_unless_told_otherwise(towpath: Any, server: canned.CannedServer) -> None:
    towpath("rollback", "checkout", "prod")
    assert server.last(f"{AT}/rollback").body == {
        "to": "",
        "lock": True,
        "dry_run": False,
    }
    towpath("rollback", "checkout", "prod", "--to", "checkout-120", "--no-lock")
    body = server.last(f"{AT}/rollback").body
    assert body == {"to": "checkout-120", "lock": False, "dry_run": False}


def test_lock_sends_reason_and_end(towpath: Any, server: canned.CannedServer) -> None:
    towpath("lock", "checkout", "prod", "--reason", "sale", "--until", "2026-12-01T08:00:00+00:00")
    sent = server.last(f"{AT}/lock").body
    assert sent is not None
    assert sent["reason"] == "sale"
    assert sent["until"].startswith("2026-12-01T")
    towpath("lock", "checkout", "prod")
    assert server.last(f"{AT}/lock").body == {
        "reason": "no reason was given",
        "until": None,
    }


def test_a_dash_locks_the_whole_environment(towpath: Any, server: canned.CannedServer) -> None:
    server.takes("/products/-/environments/prod/lock", {**LOCKED, "product": ""})
    result = towpath("lock", "-", "prod")
    assert result.stdout.strip() == "prod is locked"


def test_policy_evaluate_shows_who_lost_and_why(towpath: Any) -> None:
    shown = [
        line.split()
        for line in towpath("policy", "evaluate", "checkout", "prod").stdout.splitlines()
    ]
    assert ["action", "commit", "(default):", "policy", "prod", "goes", "first"] in shown
    assert [
        "approval",
        "required",
        "2,",
        "teams",
        "sre,",
        "excludeAuthor",
        "policy",
        "prod",
    ] in shown


def test_policy_evaluate_cuts_no_name_and_has_a_setting_on_a_line_at_80_columns(
    towpath: Any, server: canned.CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = f"policy {'-'.join(['wait-for-people'] * 6)}"
    lost = {"value": "b", "origin": long, "why": "its selector wants environment name in staging"}
    settings = [
        {"name": "pre_action", "value": "a", "origin": "policy care-in-production", "lost": [lost]},
        {"name": "post_action", "value": "a", "origin": long, "lost": []},
    ]
    found = {"product": "checkout", "environment": "prod", "flow": "", "settings": settings}
    server.gets("/policies/evaluate", found)
    shown = towpath("policy", "evaluate", "checkout", "prod").stdout
    assert ["preAction", "a", "policy", "care-in-production"] in [
        *map(str.split, shown.splitlines())
    ]
    assert "".join(shown.split()).count(long.replace(" ", "")) == 2


def test_policy_evaluate_shows_hooks_windows_and_the_flows_to_choose_from(
    towpath: Any, server: canned.CannedServer
) -> None:
    window = {
        "kind": "deny",
        "rrule": "FREQ=WEEKLY;BYDAY=FR",
        "duration_seconds": 216000.0,
        "timezone": "Europe/Berlin",
        "description": "quiet weekend",
    }
    in_force = {"window": window, "on": True, "origin": "environment prod"}
    found = {
        "product": "checkout",
        "environment": "prod",
        "flow": "",
        "flows": ["a", "b"],
        "settings": canned_world.POLICY,
        "hooks": [{"name": "on_fail", "value": "tell-the-team", "origin": "step of a"}],
        "windows": {"open": False, "changes_at": "2026-11-30T01:00:00Z", "windows": [in_force]},
    }
    server.gets("/policies/evaluate", found)
    result = towpath("policy", "evaluate", "checkout", "prod")
    assert "a, b" in result.stderr
    assert "hook on_fail: tell-the-team (step of a)" in result.stdout
    assert "deny window, on now (environment prod): quiet weekend\n" in result.stdout
    assert "  FREQ=WEEKLY;BYDAY=FR for 2d12h, Europe/Berlin\n" in result.stdout
    assert "Promotions may not act now; it opens at" in result.stdout


def test_refresh_names_new_releases_and_fails_where_a_repository_cannot_be_read(
    towpath: Any, server: canned.CannedServer
) -> None:
    assert "made checkout-129" in towpath("refresh").stdout
    trouble = [{"repository": "r", "reason": canned.reason("git_unreachable", "no answer")}]
    server.takes("/refresh", {**LOOKED, "trouble": trouble})
    result = towpath("refresh", "r")
    assert result.exit_code == 1
    assert "✕ r: no answer" in result.stdout
    assert server.last("/refresh").body == {"repository": "r"}


def test_the_version_is_shown(towpath: Any) -> None:
    assert towpath("--version").stdout.startswith("towpath ")


def test_unlock_says_what_the_lock_of_the_whole_environment_still_holds(
    towpath: Any, server: canned.CannedServer
) -> None:
    lock = {"product": "", "reason": "freeze", "until": None}
    answer = {"product": "checkout", "environment": "prod", "locked": True, "lock": lock}
    server.takes("/products/checkout/environments/prod/unlock", answer)
    shown = towpath("unlock", "checkout", "prod").stdout
    assert shown == "checkout in prod is locked, as all of prod is: freeze\n"
