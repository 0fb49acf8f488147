"""The picture of a release: nesting, reasons, and that it fits the terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from rich.console import Console

import canned_server as canned
from towpath.cli import documents, look, tree
from towpath.domain.status import Status

NOW = datetime(2026, 11, 22, 10, 54, 30, tzinfo=UTC)
LONG = (
    "checkout-api-qa is degraded: Back-off restarting failed container api in pod "
    "checkout-api-7c9d-x2x of namespace checkout-qa on cluster nonprod-eu-west-1"
)


def drawn(document: canned.Document, width: int = 120, note: str = "") -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(tree.picture(documents.release(document), NOW, width, note=note))
    return captured.get().splitlines()


def diamond() -> canned.Document:
    return canned.release(
        "running",
        canned.environment("dev", "succeeded", role="trigger", landings=[landing("9f3c2abcde")]),
        canned.environment(
            "qa",
            "running",
            depends_on=["dev"],
            started_at="2026-11-22T10:52:24Z",
            phases=[{"name": "sync", "status": "running"}],
            reason=canned.reason("sync_pending", "checkout-api-qa does not yet show 4be19d2"),
        ),
        canned.environment("load-test", "waiting", depends_on=["dev"]),
        canned.environment("staging", "waiting", depends_on=["qa"]),
        canned.environment("prod-eu", "waiting", depends_on=["load-test", "staging"]),
        canned.environment("prod-us", "waiting", depends_on=["staging"]),
    )


def landing(commit: str, changed: bool = True) -> canned.Document:
    return {"commit": commit, "changed": changed}


def test_an_environment_stands_below_the_deepest_of_those_it_waits_for() -> None:
    names = [line[: line.index("○")].rstrip() for line in drawn(diamond()) if "○" in line]
    assert names == ["│ └ staging", "│   ├ prod-eu", "│   └ prod-us", "└ load-test"]


def test_an_environment_shows_status_version_duration_phase_and_reason() -> None:
    (line,) = [line for line in drawn(diamond()) if "├ qa" in line]
    words = line.split(maxsplit=8)
    assert words[1:8] == ["qa", "◐", "running", "2.14.0", "2m", "06s", "sync:"]
    assert words[8] == "checkout-api-qa does not yet show 4be19d2"


def test_the_head_shows_release_version_flow_commit_and_status() -> None:
    lines = drawn(diamond(), note="reconnecting")
    assert lines[0].split() == [
        *("checkout-128", "2.14.0", "main-to-prod", "◐", "running"),
        *("12m", "30s"),
    ]
    assert lines[1] == "Retry card authorisation once when the gateway times out"
    assert lines[2] == "9f3c2ab on main of acme/checkout-gitops, by dana"
    assert lines[3] == "‖ reconnecting"


def test_a_landed_commit_is_named_and_so_is_no_change() -> None:
    release = canned.release(
        "running",
        canned.environment("dev", "succeeded", landings=[landing("9f3c2abcde")]),
        canned.environment("qa", "succeeded", landings=[landing("77ad0c1", changed=False)]),
    )
    lines = drawn(release)
    assert lines[-2].endswith("commit 9f3c2ab")
    assert lines[-1].endswith("no change")


def test_a_superseded_environment_names_the_end_of_the_chain() -> None:
    carrier = {"release": "checkout-131", "sentence": "carried by checkout-131, failed in qa"}
    release = canned.release(
        "superseded",
        canned.environment(
            "qa",
            "superseded",
            reason=canned.reason("superseded_by", "checkout-129 carries this change on"),
            carried_by=carrier,
        ),
    )
    assert drawn(release)[-1].endswith("carried by checkout-131, failed in qa")


def test_a_failure_shows_attempt_phase_reason_and_advice() -> None:
    release = canned.release(
        "failed",
        canned.environment(
            "qa",
            "failed",
            attempt=2,
            phases=[
                {"name": "sync", "status": "succeeded"},
                {"name": "health", "status": "failed"},
            ],
            reason=canned.reason("health_degraded", "it is degraded", advice="Mend and retry."),
        ),
    )
    lines = drawn(release)
    assert any(line.endswith("attempt 2, health: it is degraded") for line in lines)
    assert lines[-1] == "Mend and retry."


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_is_longer_than_the_terminal_and_no_word_of_a_reason_is_lost(width: int) -> None:
    release = diamond()
    release["environments"][1]["reason"]["sentence"] = LONG
    release["environments"][1]["warnings"] = [canned.reason("tag_moved", LONG)]
    lines = drawn(release, width)
    assert max(map(len, lines)) <= width
    said = " ".join(" ".join(lines).replace("│", " ").split())
    assert f"sync: {LONG}" in said
    assert f"warning: {LONG}" in said


def test_a_reason_stands_beside_its_environment_where_there_is_room() -> None:
    release = diamond()
    release["environments"][1]["reason"]["sentence"] = LONG
    wide = [line for line in drawn(release, 160) if "├ qa" in line]
    narrow = [line for line in drawn(release, 80) if "├ qa" in line]
    assert "sync: checkout-api-qa is degraded" in wide[0]
    assert narrow[0].endswith("2m 06s")


def test_every_status_of_the_model_has_a_look_of_its_own() -> None:
    glyphs = {look.glyph(status) for status in Status}
    assert len(glyphs) == len(Status)
    assert "?" not in glyphs
    assert all(look.style(status) for status in Status)


def test_a_status_that_this_version_does_not_know_is_shown_as_a_word() -> None:
    lines = drawn(canned.release("running", canned.environment("qa", "hibernating")))
    assert "? hibernating" in lines[-1]


def test_what_a_release_also_carries_is_told_together_where_it_is_the_same() -> None:
    def carried(to: Sequence[str], *numbers: int, total: int = 0) -> canned.Document:
        named = [f"checkout-{n}" for n in numbers]
        return {"environments": to, "releases": named, "total": total or len(named)}

    release = canned.release(
        "running",
        also_carries=[
            carried(["qa"], 127),
            carried(["staging"], 124, 127, total=9),
            carried(["prod-eu", "prod-us"], 122, 123, 124),
        ],
    )
    assert [line for line in drawn(release) if "also" in line] == [
        "also carries checkout-127 to qa",
        "also carries checkout-124 and 127 (and 7 before) to staging",
        "also carries checkout-122 to 124 to prod-eu, prod-us",
    ]


def test_a_rollback_says_where_it_goes_back_to() -> None:
    release = canned.release(
        "running", trigger="rollback", flow="", goes_back_to="checkout-120", commit=None
    )
    lines = drawn(release)
    assert "rollback to checkout-120" in lines[0]
    assert lines[1] == "by dana"
