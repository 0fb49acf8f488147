"""The installed command as a process of its own: pipes, a terminal, an interrupt."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

import canned_server as canned

TOWPATH = str(Path(sys.executable).with_name("towpath"))
DEV = canned.environment("dev", "succeeded", role="trigger")
RUNNING = canned.release("running", DEV, canned.environment("qa", "running", depends_on=["dev"]))
OVER = canned.release("succeeded", DEV, canned.environment("qa", "succeeded", depends_on=["dev"]))
WATCH = ("release", "show", "checkout-128", "--watch")


@pytest.fixture
def server() -> Iterator[canned.CannedServer]:
    with canned.running() as server:
        yield server


def environment(server: canned.CannedServer, home: Path) -> dict[str, str]:
    """What the process finds in its environment, and nothing of this machine's settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TOWPATH_SERVER": server.address,
    }


def on_a_terminal(
    arguments: tuple[str, ...], variables: dict[str, str], columns: int
) -> tuple[int, str]:
    """Run on a pseudo-terminal; its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [TOWPATH, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=variables
    )
    os.close(theirs)
    written = bytearray()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while chunk := terminal.read(65536):
                written += chunk
        except OSError:  # Linux says EIO when the last process has closed a terminal
            pass
    return process.wait(timeout=30), written.decode()


@pytest.mark.parametrize("columns", [80, 120])
def test_a_watch_on_a_terminal_draws_in_place_and_ends_with_the_release(
    server: canned.CannedServer, tmp_path: Path, columns: int
) -> None:
    server.gets("/releases/checkout-128", *[RUNNING] * 4, OVER)
    code, written = on_a_terminal(WATCH, environment(server, tmp_path), columns)
    assert code == 0
    assert "\x1b[1A" in written  # goes up and draws again
    assert "\x1b[2J" not in written
    assert written.rpartition("checkout-128")[2].count("✓ ") == 3


def test_without_colours_a_watch_on_a_terminal_is_lines(
    server: canned.CannedServer, tmp_path: Path
) -> None:
    server.gets("/releases/checkout-128", RUNNING, OVER)
    variables = {**environment(server, tmp_path), "NO_COLOR": "1"}
    code, written = on_a_terminal(WATCH, variables, 80)
    assert code == 0
    assert "\x1b[" not in written
    assert written.splitlines()[-1].startswith("checkout-128 succeeded after")


def test_an_interrupt_ends_a_watch_with_130_and_says_that_the_release_goes_on(
    server: canned.CannedServer, tmp_path: Path
) -> None:
    server.gets("/releases/checkout-128", RUNNING)
    with subprocess.Popen(
        [TOWPATH, *WATCH],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(server, tmp_path),
    ) as process:
        assert process.stdout is not None
        assert "checkout-128" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "Stopped looking. What was asked of the server goes on there.\n"


def test_a_pipe_that_is_closed_early_costs_no_traceback(
    server: canned.CannedServer, tmp_path: Path
) -> None:
    many = [canned.listed("running", DEV) for _ in range(200)]
    server.gets("/releases", canned.page(*many))
    with subprocess.Popen(
        [TOWPATH, "release", "list", "--limit", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(server, tmp_path),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("RELEASE")
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_terminal_that_knows_no_glyphs_gets_question_marks(
    server: canned.CannedServer, tmp_path: Path
) -> None:
    server.gets("/releases/checkout-128", OVER)
    variables = {**environment(server, tmp_path), "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(
        [TOWPATH, "release", "show", "checkout-128"],
        capture_output=True,
        env=variables,
        timeout=30,
        check=True,
    )
    assert b"? succeeded" in shown.stdout


def test_a_server_that_goes_away_while_it_is_watched_is_found_again(tmp_path: Path) -> None:
    with canned.running() as first:
        first.gets("/releases/checkout-128", RUNNING)
        process = subprocess.Popen(
            [TOWPATH, *WATCH], stdout=subprocess.PIPE, text=True, env=environment(first, tmp_path)
        )
        assert process.stdout is not None
        assert "checkout-128" in process.stdout.readline()
    with canned.running(int(first.address.rpartition(":")[2])) as second:
        second.gets("/releases/checkout-128", OVER)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert rest.splitlines()[-1].startswith("checkout-128 succeeded after")
