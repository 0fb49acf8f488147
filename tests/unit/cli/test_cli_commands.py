"""Every command against real HTTP: exit codes, errors, and what the reading ones print."""

import json
from importlib import metadata
from typing import Any

import pytest
import yaml

import canned_server as canned
import canned_world
from canned_world import AT, ENVIRONMENTS, EVENT

COMMANDS = [
    ("status",),
    ("status", "checkout"),
    ("release", "list"),
    ("release", "show", "checkout-128"),
    ("release", "create", "checkout"),
    ("release", "terminate", "checkout-128"),
    ("release", "retry", "checkout-128"),
    ("release", "events", "checkout-128"),
    ("where", "SHOP-417"),
    ("promote", "checkout", "--to", "prod"),
    ("promote", "checkout", "--to", "prod-eu", "--dry-run"),
    ("rollback", "checkout", "prod"),
    ("lock", "checkout", "prod"),
    ("unlock", "checkout", "prod"),
    ("policy", "evaluate", "checkout", "prod"),
    ("refresh",),
]


@pytest.fixture(autouse=True)
def world(server: canned.CannedServer) -> None:
    canned_world.furnish(server)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_did_what_was_asked_exits_0_with_data_on_standard_output(
    command: tuple[str, ...], towpath: Any
) -> None:
    result = towpath(*command)
    assert (result.exit_code, result.exception) == (0, None)
    assert result.stdout.strip()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_and_yaml_hold_the_same_data_and_nothing_else(
    command: tuple[str, ...], towpath: Any
) -> None:
    as_json = towpath(*command, "--output", "json")
    as_yaml = towpath(*command, "-o", "yaml")
    assert (as_json.exit_code, as_yaml.exit_code) == (0, 0)
    assert json.loads(as_json.stdout) == yaml.safe_load(as_yaml.stdout)
    assert as_json.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_is_not_there_is_named_with_what_to_start(
    command: tuple[str, ...], towpath: Any
) -> None:
    result = towpath(*command, "--server", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "No Towpath server can be reached at http://127.0.0.1:9." in result.stderr
    assert "towpath serve" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_problem_document_is_one_sentence_with_its_advice(
    command: tuple[str, ...], towpath: Any, server: canned.CannedServer
) -> None:
    refused = canned.problem(409, "already_ended", "checkout-128 has ended", advice="Retry it.")
    for asked in server.answers:
        server.answers[asked] = [refused]
    result = towpath(*command)
    assert result.exit_code == 1
    assert result.stderr == "checkout-128 has ended.\nRetry it.\n"
    assert result.stdout == ""


def test_wrong_use_exits_2(towpath: Any, server: canned.CannedServer) -> None:
    assert towpath("release", "show").exit_code == 2
    assert towpath("nonsense").exit_code == 2
    assert towpath("status", "--output", "xml").exit_code == 2
    assert towpath("lock", "checkout", "prod", "--until", "tomorrow").exit_code == 2
    assert towpath("status", "--server", "localhost:8080").exit_code == 2
    errors = [{"field": "revision", "message": "is too long"}]
    server.takes(
        "/products/checkout/releases",
        canned.problem(422, "invalid_request", "the request is not valid", errors=errors),
    )
    result = towpath("release", "create", "checkout")
    assert result.exit_code == 2
    assert result.stderr == "the request is not valid. revision: is too long.\n"


def test_a_problem_that_names_its_fields_itself_is_not_told_twice(
    towpath: Any, server: canned.CannedServer
) -> None:
    errors = [{"field": "body.revision", "message": "is too long"}]
    detail = "body.revision: is too long"
    told = canned.problem(422, "invalid_request", detail, errors=errors)
    server.takes("/products/checkout/releases", told)
    result = towpath("release", "create", "checkout")
    assert result.stderr == "body.revision: is too long.\n"


def test_a_version_on_its_way_that_is_there_already_is_shown_once(
    towpath: Any, server: canned.CannedServer
) -> None:
    place = canned.place("dev", "2.14.0", None, on_its_way=[canned.coming("2.14.0", "running")])
    server.gets("/products", canned.page(canned.product("checkout", place)))
    shown = towpath("status").stdout
    assert "checkout  ◐ 2.14.0" in shown
    assert shown.count("2.14.0") == 2  # the cell, and the release on its way


def test_components_with_versions_of_their_own_are_shown_by_the_release_that_has_them(
    towpath: Any, server: canned.CannedServer
) -> None:
    coming = {**canned.coming("1.2, 3.5", "running"), "release": "checkout-128"}
    places = [
        canned.place("dev", "", "succeeded", versions=["1.2", "3.4"], on_its_way=[coming]),
        canned.place("qa", "", None, versions=["1.2", "3.3"], release=""),
    ]
    server.gets("/products", canned.page(canned.product("checkout", *places)))
    lines = [line.split() for line in towpath("status").stdout.splitlines()]
    assert ["checkout", "✓", "checkout-127", "1.2", "+1"] in lines
    assert ["◐", "checkout-128"] in lines


@pytest.mark.parametrize("columns", [80, 120])
def test_only_the_subject_is_cut_in_the_release_list(
    towpath: Any, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    head, line, *_ = towpath("release", "list").stdout.splitlines()
    assert "ENVIRONMENTS" in head
    assert line.split()[:5] == ["checkout-128", "◐", "running", "✓◐", "2.14.0"]
    assert line.endswith(("…", "times out"))
    assert len(line) == columns or line.endswith("times out")


def test_without_a_token_the_way_to_give_one_is_said(
    towpath: Any, server: canned.CannedServer
) -> None:
    for_http = {"advice": "Send the header `Authorization: Bearer TOKEN`."}
    server.gets("/releases", canned.problem(401, "unauthorized", "a token is needed", **for_http))
    result = towpath("release", "list")
    assert result.exit_code == 1
    assert "TOWPATH_TOKEN" in result.stderr
    assert "header" not in result.stderr


def test_a_read_is_tried_again_while_the_server_starts(
    towpath: Any, server: canned.CannedServer
) -> None:
    soon = canned.problem(503, "database_unavailable", "the database does not answer")
    server.gets("/releases/checkout-128", soon, soon, canned.release("running", *ENVIRONMENTS))
    result = towpath("release", "show", "checkout-128")
    assert result.exit_code == 0
    assert result.stderr == ""


def test_a_write_is_never_repeated_by_itself(towpath: Any, server: canned.CannedServer) -> None:
    soon = canned.problem(503, "database_unavailable", "the database does not answer")
    server.takes(f"{AT}/rollback", soon)
    assert towpath("rollback", "checkout", "prod").exit_code == 1
    assert len(server.asked) == 1


def test_a_server_that_speaks_something_else_is_doubted(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets("/releases", canned.html("<h1>It works!</h1>"))
    result = towpath("release", "list")
    assert result.exit_code == 1
    assert "Is this the address of a Towpath server?" in result.stderr


def test_an_answer_that_lacks_a_field_is_of_a_server_of_another_version(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets("/products", {"next_cursor": None})
    server.gets("/version", {"name": "towpath", "version": "0.0.9"})
    result = towpath("status")
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "is towpath 0.0.9 and this command line" in said
    assert "its answer has no 'items'. Use the same version of both." in said


@pytest.mark.parametrize("version", [metadata.version("towpath"), None])
def test_an_answer_of_the_same_version_that_lacks_a_field_is_a_defect(
    towpath: Any, server: canned.CannedServer, version: str | None
) -> None:
    server.gets("/products", {"next_cursor": None})
    server.gets("/version", {"version": version} if version else {})
    assert isinstance(towpath("status").exception, KeyError)


def test_status_shows_versions_by_environment_and_what_is_on_its_way(towpath: Any) -> None:
    shown = towpath("status").stdout
    assert "dev" in shown.splitlines()[0]
    assert "qa" in shown.splitlines()[0]
    assert "✓ 2.14.0" in shown
    assert shown.splitlines()[1].split() == ["checkout", "✓", "2.14.0", "✓", "2.13.2"]
    assert shown.splitlines()[2].split() == ["◐", "2.14.0"]
    assert "◐ running  ✓ succeeded" in shown
    assert "checkout-128" in shown


def test_status_of_a_product_shows_its_components_and_locks(towpath: Any) -> None:
    shown = towpath("status", "checkout").stdout
    assert [line.split() for line in shown.splitlines() if line.startswith("  api")] == [
        ["api", "2.14.0", "2.13.2"]
    ]
    assert "checkout in qa is locked by ravi: sale" in shown


def test_status_on_a_narrow_terminal_has_an_environment_on_each_line(
    towpath: Any, server: canned.CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("dev", "qa", "load-test", "staging", "prod-eu")
    places = [canned.place(name, "2.14.0", "succeeded") for name in names]
    server.gets("/products", canned.page(canned.product("checkout", *places)))
    monkeypatch.setenv("COLUMNS", "50")
    lines = towpath("status").stdout.splitlines()
    assert max(map(len, lines)) <= 50
    assert any(line.split() == ["dev", "✓", "2.14.0"] for line in lines)


def test_status_shows_configuration_problems_and_trouble(
    towpath: Any, server: canned.CannedServer
) -> None:
    trouble = {
        "scope": "repository",
        "subject": "https://git.example.org/a.git",
        "reason": canned.reason("git_unreachable", "cannot be reached"),
        "since": None,
    }
    server.gets("/products", canned.page(canned.product("checkout", trouble=[trouble])))
    place = {"file": "p.yaml", "line": 3}
    problems = [
        {**place, "message": message, "severity": severity}
        for message, severity in (("bad", "error"), ("odd", "warning"), ("unusual", "warning"))
    ]
    server.gets("/configuration", {"problems": problems})
    shown = towpath("status").stdout
    assert "! https://git.example.org/a.git: cannot be reached" in shown
    assert "! configuration: p.yaml:3: bad\n" in shown
    assert f"! configuration: 2 warnings, see {server.address}/configuration\n" in shown
    assert "odd" not in shown
    server.gets("/configuration", {"problems": problems[:2]})
    assert "! configuration: 1 warning, see" in towpath("status").stdout


def test_status_says_that_the_configuration_cannot_be_asked_for_news(
    towpath: Any, server: canned.CannedServer
) -> None:
    away = {"scope": "configuration", "subject": "c", "since": None}
    of = {**away, "reason": canned.reason("git_unreachable", "c does not answer")}
    other = {**of, "scope": "repository", "subject": "r"}
    server.gets("/configuration", {"problems": [], "trouble": [of, other]})
    lines = towpath("status").stdout.splitlines()
    assert [line for line in lines if line.startswith("! ")] == [
        "! configuration: c does not answer"
    ]


def test_status_names_the_newest_release_of_a_product_where_it_did_not_get_through(
    towpath: Any, server: canned.CannedServer
) -> None:
    why = canned.reason("step_failed", "exit code 3")
    latest = canned.listed("failed", canned.environment("qa", "failed"), reason=why)
    server.gets("/products", canned.page(canned.product("checkout", latest=latest)))
    server.gets("/releases", canned.page())
    lines = [line.split() for line in towpath("status").stdout.splitlines()]
    assert ["checkout-128", "2.14.0", "✕", "failed", "qa:", "exit", "code", "3"] in lines


def test_status_of_an_empty_installation_says_what_to_do(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets("/products", canned.page())
    server.gets("/releases", canned.page())
    assert "No product yet." in towpath("status").stdout


def test_the_release_list_sends_its_filters(towpath: Any, server: canned.CannedServer) -> None:
    towpath(
        *("release", "list", "--product", "checkout", "--status", "failed", "--status", "error"),
        *("--flow", "f", "--environment", "qa", "--since", "2d", "--until", "2026-11-22T00:00Z"),
    )
    query = server.last("/releases").query
    assert query["product"] == ["checkout"]
    assert query["status"] == ["failed", "error"]
    assert query["environment"] == ["qa"]
    assert query["until"][0].startswith("2026-11-2")
    assert query["since"][0].endswith("+00:00")


def test_the_release_list_goes_on_to_the_next_page(
    towpath: Any, server: canned.CannedServer
) -> None:
    one = canned.listed("running", *ENVIRONMENTS)
    server.gets("/releases", canned.page(one, next_cursor="c"), canned.page(one))
    found = json.loads(towpath("release", "list", "-o", "json").stdout)
    assert len(found["items"]) == 2
    assert server.last("/releases").query["cursor"] == ["c"]


def test_the_release_list_stops_at_its_limit_and_says_that_there_are_more(
    towpath: Any, server: canned.CannedServer
) -> None:
    one = canned.listed("running", *ENVIRONMENTS)
    server.gets("/releases", canned.page(one, next_cursor="c"))
    result = towpath("release", "list", "--limit", "1")
    assert len(server.asked) == 1
    assert "There are more" in result.stderr


def test_the_release_list_shows_a_glyph_for_each_environment(towpath: Any) -> None:
    line = towpath("release", "list").stdout.splitlines()[1]
    assert "✓◐" in line
    assert "Retry card authorisation once when the gateway times out" in line


def test_an_empty_list_says_whether_the_filter_is_the_reason(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.gets("/releases", canned.page())
    assert "No release yet" in towpath("release", "list").stdout
    assert towpath("release", "list", "--product", "checkout").stdout == "No release matches.\n"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--product", "there is no /products/prdo"),
        ("--flow", "there is no /flows/prdo"),
        ("--environment", "There is no environment 'prdo'. There are prod-eu."),
    ],
)
def test_an_empty_list_says_that_a_name_asked_for_is_known_nowhere(
    option: str, told: str, towpath: Any, server: canned.CannedServer
) -> None:
    server.gets("/releases", canned.page())
    server.gets("/environments", canned.page({"name": "prod-eu"}))
    result = towpath("release", "list", option, "prdo")
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())


def test_an_unknown_status_is_refused_with_those_there_are(towpath: Any) -> None:
    result = towpath("release", "list", "--status", "bogus")
    assert result.exit_code == 2
    assert "'suspended'" in result.stderr


def test_an_empty_reference_is_wrong_use(towpath: Any) -> None:
    result = towpath("where", "")
    assert result.exit_code == 2
    assert "REF is empty" in result.stderr


def test_events_are_read_to_the_last_page(towpath: Any, server: canned.CannedServer) -> None:
    path = "/releases/checkout-128/events"
    server.gets(
        path,
        canned.page(EVENT, next_cursor="17"),
        canned.page({**EVENT, "id": 18}),
    )
    result = towpath("release", "events", "checkout-128", "-o", "json")
    assert [one["id"] for one in json.loads(result.stdout)["items"]] == [17, 18]
    assert server.last(path).query["after"] == ["17"]


def test_an_event_is_told_in_words(towpath: Any) -> None:
    shown = towpath("release", "events", "checkout-128").stdout
    assert "sync failed" in shown
    assert "it does not sync" in shown


def test_a_retry_tells_what_it_changed(towpath: Any, server: canned.CannedServer) -> None:
    data = {"attempt": 2, "changes": ["soak: nothing → 1h", "on_fail: tell → page"]}
    retried = {**EVENT, "kind": "PromotionRetried", "data": data}
    server.gets("/releases/checkout-128/events", canned.page(retried))
    shown = towpath("release", "events", "checkout-128").stdout
    assert "attempt 2, soak: nothing → 1h, on_fail: tell → page" in " ".join(shown.split())


def test_a_wrong_time_is_told_with_its_option(towpath: Any) -> None:
    result = towpath("release", "list", "--since", "tomorrow")
    assert result.exit_code == 2
    assert "'tomorrow' is no time" in result.stderr
    assert "--since" in result.stderr
