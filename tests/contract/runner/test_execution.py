"""Steps as real processes of this machine."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from towpath.domain.status import Status
from towpath.ports.runner import Outcome
from towpath.runner import Limits, LocalRunner
from workflow_runs import Play, workflow


class Kept:
    """A log that keeps what it is given."""

    def __init__(self) -> None:
        self.data = b""
        self.written = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.data += data
        self.written.set()


@pytest.fixture
async def runner() -> AsyncIterator[LocalRunner]:
    made = LocalRunner(Limits(seconds=60, output=1000, grace=0.3))
    yield made
    made.close()


def shell(script: str, more: str = "") -> Play:
    """A run of one container that runs a shell script."""
    indented = script.replace("\n", "\n          ")
    return Play(
        workflow(
            f"""
entrypoint: main
templates:
  - name: main
    container:
      image: busybox
      command: [sh, -c]
      args:
        - |
          {indented}
{more}"""
        )
    )


async def executed(runner: LocalRunner, play: Play, log: Kept | None = None) -> Outcome:
    (step,) = play.progress.due
    return await runner.execute(play.run, step, log or Kept())


async def test_what_a_step_says_is_its_log_and_its_standard_output_its_result(
    runner: LocalRunner,
) -> None:
    log = Kept()
    outcome = await executed(runner, shell("echo out; echo err >&2"), log)
    assert outcome == Outcome(Status.SUCCEEDED, None, {"exitCode": "0", "result": "out"})
    assert sorted(log.data.splitlines()) == [b"err", b"out"]


async def test_an_exit_code_fails_the_step(runner: LocalRunner) -> None:
    outcome = await executed(runner, shell("exit 7"))
    assert (outcome.status, outcome.outputs["exitCode"]) == (Status.FAILED, "7")


async def test_a_step_has_a_clean_environment_and_a_folder_of_its_own(
    runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_SECRET", "hidden")
    outcome = await executed(runner, shell('env; pwd; test "$HOME" = "$PWD" && echo at home'))
    said = outcome.outputs["result"]
    assert "hidden" not in said
    assert said.endswith("at home")
    folder = Path(said.splitlines()[-2])
    assert not await asyncio.to_thread(folder.exists)


async def test_a_cancelled_step_ends_with_what_it_started(runner: LocalRunner) -> None:
    log = Kept()
    script = "setsid sh -c 'echo $$; trap \"\" TERM; sleep 600' & echo $$; wait"
    task = asyncio.create_task(executed(runner, shell(script), log))
    while len(log.data.splitlines()) < 2:
        await log.written.wait()
        log.written.clear()
    pids = [int(line) for line in log.data.splitlines()]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
