"""Following a release without a server: pictures on a terminal, lines everywhere else."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from rich.console import Console

import canned_server as canned
from towpath.cli import live

NOW = datetime(2026, 11, 22, 10, 54, 30, tzinfo=UTC)


async def coming(*documents: canned.Document) -> AsyncIterator[canned.Document]:
    for document in documents:
        yield document


def story(end: str = "succeeded") -> list[canned.Document]:
    waits = canned.environment("qa", "waiting", depends_on=["dev"])
    runs = canned.environment(
        "qa",
        "running",
        phases=[{"name": "sync", "status": "running"}],
        reason=canned.reason("sync_pending", "checkout-api-qa does not yet show 4be19d2"),
    )
    dev = canned.environment("dev", "succeeded", role="trigger")
    return [
        canned.release("running", canned.environment("dev", "running", role="trigger"), waits),
        canned.release("running", dev, waits),
        canned.release("running", dev, runs),
        canned.release("running", dev, runs, clock={"left_seconds": 3}),
        canned.release(end, dev, canned.environment("qa", end)),
    ]


def console(terminal: bool, width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, _environ={})


def written(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


async def test_without_a_terminal_there_is_one_line_for_each_change() -> None:
    out = console(terminal=False)
    assert await live.follow(coming(*story()), out, lambda: NOW) == 0
    lines = [line.split(maxsplit=1)[1] for line in written(out).splitlines()]
    assert [line.split()[:3] for line in lines] == [
        ["checkout-128", "◐", "running"],
        ["dev", "◐", "running"],
        ["dev", "✓", "succeeded"],
        ["qa", "◐", "running"],
        ["qa", "✓", "succeeded"],
        ["checkout-128", "✓", "succeeded"],
        ["succeeded", "after", "12m"],
    ]
    assert lines[3].endswith("sync: checkout-api-qa does not yet show 4be19d2")


async def test_every_line_begins_with_its_time() -> None:
    out = console(terminal=False)
    await live.follow(coming(*story()), out, lambda: NOW)
    here = NOW.astimezone().strftime("%H:%M:%S")
    assert all(line.startswith(here) for line in written(out).splitlines()[:-1])


@pytest.mark.parametrize("end", ["failed", "error", "terminated", "superseded"])
async def test_it_answers_1_for_a_release_that_did_not_succeed(end: str) -> None:
    assert await live.follow(coming(*story(end)), console(terminal=False), lambda: NOW) == 1
    assert await live.follow(coming(*story(end)), console(terminal=True), lambda: NOW) == 1


async def test_on_a_terminal_the_last_picture_stays() -> None:
    out = console(terminal=True)
    assert await live.follow(coming(*story()), out, lambda: NOW) == 0
    last = written(out).rpartition("checkout-128")[2]
    assert last.count("succeeded") == 3
    assert "waiting" not in last


async def test_a_picture_is_redrawn_in_place_and_never_clears_the_screen() -> None:
    out = console(terminal=True)
    await live.follow(coming(*story()), out, lambda: NOW)
    assert "\x1b[2J" not in written(out)
    assert "\x1b[?1049h" not in written(out)


@pytest.mark.parametrize("asked", ["plain", "no_color"])
async def test_lines_are_taken_on_a_terminal_when_asked_for(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked == "no_color":
        monkeypatch.setenv("NO_COLOR", "1")
    out = console(terminal=True)
    await live.follow(coming(*story()), out, lambda: NOW, plain=asked == "plain")
    assert written(out).rstrip().endswith("checkout-128 succeeded after 12m 30s")


async def test_a_commit_subject_cannot_steer_the_terminal() -> None:
    document = story()[-1]
    document["commit"]["subject"] = "nice\x1b[2J\x1b]0;owned\x07 change"
    for terminal in (True, False):
        out = console(terminal=terminal)
        await live.follow(coming(document), out, lambda: NOW)
        assert "\x1b[2J\x1b]0" not in written(out)
        assert "\x07" not in written(out)


async def test_a_lost_connection_is_said_in_the_picture() -> None:
    out = console(terminal=True)
    notes = iter(["", *["reconnecting, shown as of 10:54:30"] * 1000])
    await live.follow(coming(*story()), out, lambda: NOW, note=lambda: next(notes))
    assert "reconnecting, shown as of 10:54:30" in written(out)
