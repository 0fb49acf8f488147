"""Steps as real processes of this machine."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import process_states
from towpath.domain.status import Status
from towpath.ports.runner import Outcome
from towpath.runner import Limits, LocalRunner, descendants, processes
from workflow_runs import Play, workflow

only_linux = pytest.mark.skipif(not process_states.KNOWN, reason=process_states.NOT_HERE)


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
    return not process_states.KNOWN or process_states.of(pid) not in ("", "Z")


async def test_a_declared_output_is_read_and_no_two_steps_share_its_place(
    runner: LocalRunner,
) -> None:
    more = """
    outputs:
      parameters:
        - {name: word, valueFrom: {path: /tmp/towpath-test/word.txt}}
        - {name: none, valueFrom: {path: /tmp/none, default: nothing}}
"""
    plays = [shell(f"echo {n} > /tmp/towpath-test/word.txt; sleep 0.1", more) for n in range(4)]
    ended = await asyncio.gather(*(executed(runner, play) for play in plays))
    assert [one.outputs["parameters.word"] for one in ended] == ["0", "1", "2", "3"]
    assert ended[0].outputs["parameters.none"] == "nothing"


async def test_an_output_that_was_not_written_is_an_error(runner: LocalRunner) -> None:
    more = "    outputs: {parameters: [{name: word, valueFrom: {path: /tmp/word}}]}"
    outcome = await executed(runner, shell("true", more))
    assert outcome.status is Status.ERROR
    assert outcome.reason is not None
    assert "`word` cannot be read from /tmp/word" in outcome.reason.sentence


async def test_output_beyond_the_limit_is_left_out_and_the_step_goes_on(
    runner: LocalRunner,
) -> None:
    log = Kept()
    outcome = await executed(
        runner, shell("yes | head -c 5000; echo end > done; cat done >&2"), log
    )
    assert outcome.status is Status.SUCCEEDED
    assert len(log.data) < 1200
    assert b"output beyond 1000 bytes is not kept" in log.data


async def test_a_log_that_is_slow_to_keep_loses_nothing() -> None:
    class Slow(Kept):
        async def write(self, data: bytes) -> None:
            await asyncio.sleep(0.001)
            await super().write(data)

    runner, log = LocalRunner(Limits(output=10_000_000)), Slow()
    await executed(runner, shell("head -c 2000000 /dev/zero"), log)
    assert len(log.data) == 2_000_000
    runner.close()


class Busy(Kept):
    """A log that takes nothing until it is told to, as while the database is away."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def write(self, data: bytes) -> None:
        await super().write(data)
        await self.free.wait()


async def test_a_result_is_whole_though_the_step_ended_long_before_its_log_was_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "_LAST_WORDS", 0.05)
    runner, log = LocalRunner(Limits(output=1_000_000)), Busy()
    try:
        line = "x" * 99
        script = f"for i in $(seq 1200); do echo {line}; done"  # more than a pipe holds at once
        task = asyncio.create_task(executed(runner, shell(script), log))
        await log.written.wait()
        assert runner._keeper is not None
        mark = runner._keeper.mark
        await _until(lambda: not list(descendants.found_by(mark, "/nowhere")))
        await asyncio.sleep(0.2)  # longer than the last words of one who says nothing
        log.free.set()
        outcome = await task
    finally:
        runner.close()
    assert outcome.outputs["result"] == "\n".join([line] * 1200)


async def test_no_more_steps_are_executed_at_once_than_the_machine_is_told(tmp_path: Path) -> None:
    runner = LocalRunner(at_once=1)
    alone = f"mkdir {tmp_path}/lock; sleep 0.1; rmdir {tmp_path}/lock"
    ended = await asyncio.gather(*(executed(runner, shell(f"set -e; {alone}")) for _ in range(3)))
    assert [one.status for one in ended] == [Status.SUCCEEDED] * 3
    runner.close()


async def test_a_result_larger_than_a_result_can_be_is_not_there_to_be_named() -> None:
    runner = LocalRunner(Limits(output=1_000_000))
    outcome = await executed(runner, shell("yes | head -c 300000"))
    assert (outcome.status, outcome.outputs) == (Status.SUCCEEDED, {"exitCode": "0"})
    runner.close()


async def test_more_than_a_process_can_be_given_is_an_error_that_says_so(
    runner: LocalRunner,
) -> None:
    outcome = await executed(runner, shell("# " + "x" * 200_000))
    assert outcome.status is Status.ERROR
    assert outcome.reason is not None
    assert "more than this machine passes to a process" in outcome.reason.sentence


async def test_a_program_that_is_not_here_is_named_with_the_image_that_has_it(
    runner: LocalRunner,
) -> None:
    play = Play(workflow(ONE.format(command="[no-such-program]")))
    outcome = await executed(runner, play)
    assert outcome.status is Status.ERROR
    assert outcome.reason is not None
    assert "`no-such-program` is no program on this machine; the image busybox" in (
        outcome.reason.sentence
    )


ONE = """
entrypoint: main
templates:
  - name: main
    container: {{image: busybox, command: {command}}}
"""


async def test_a_path_that_only_the_image_has_is_looked_for_by_its_name(
    runner: LocalRunner,
) -> None:
    play = Play(workflow(ONE.format(command="[/no/such/folder/echo, here]")))
    assert (await executed(runner, play)).outputs["result"] == "here"


async def test_the_command_of_an_image_may_be_told() -> None:
    runner = LocalRunner(images={"busybox": ["echo", "told"]})
    play = Play(workflow(ONE.format(command="[]")), runner)
    assert (await executed(runner, play)).outputs["result"] == "told"
    runner.close()


async def test_a_step_that_takes_too_long_is_ended(runner: LocalRunner) -> None:
    outcome = await executed(runner, shell("sleep 600", "    activeDeadlineSeconds: 0.2"))
    assert outcome.status is Status.FAILED
    assert outcome.reason is not None
    assert outcome.reason.code == "timed_out"


async def test_what_a_step_leaves_behind_is_ended_when_it_ends(runner: LocalRunner) -> None:
    script = "(setsid sh -c 'sleep 600 >/dev/null 2>&1 & echo $!' &) ; sleep 0.2"
    outcome = await executed(runner, shell(script))
    pid = int(outcome.outputs["result"])
    async with asyncio.timeout(60):  # it was told to end; when it has, is the kernel's business
        while _is_alive(pid):  # noqa: ASYNC110 # nothing tells of it
            await asyncio.sleep(0.05)


DAEMON = """
import socket
held = socket.socket()
held.bind(("127.0.0.1", 0))
held.listen()
print(held.getsockname()[1], flush=True)
while True:
    held.accept()[0].close()
"""


@only_linux
@pytest.mark.parametrize("end", ["stopped", "overdue", "done"])
async def test_a_daemon_that_has_not_even_its_environment_left_holds_its_port_no_longer(
    runner: LocalRunner, tmp_path: Path, end: str
) -> None:
    (tmp_path / "daemon.py").write_text(DAEMON)
    daemon = f"setsid env -i {sys.executable} {tmp_path}/daemon.py & "
    log = Kept()
    last = "until test -e go; do sleep 0.05; done" if end == "done" else "sleep 600"
    more = "    activeDeadlineSeconds: 3" if end == "overdue" else ""
    task = asyncio.create_task(executed(runner, shell(f"trap '' TERM; {daemon}{last}", more), log))
    await log.written.wait()
    port = int(log.data)
    assert runner._keeper is not None
    if end == "done":
        (runner._keeper.folder / "1" / "go").touch()
    if end == "stopped":
        task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended, Outcome | asyncio.CancelledError)
    await _until(lambda: not _is_open(port))


def _is_open(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


WATCHERS = """
import os, time
until = time.monotonic() + 20  # if they are not ended, they shall not outlive the test by much
for _ in range(8):
    if os.fork() == 0:
        while time.monotonic() < until:  # the one watches the other, which takes its place
            watched = os.fork()
            if watched:
                os.waitpid(watched, 0)
            else:
                os.setsid()
                first = os.getppid()
                while os.getppid() == first and time.monotonic() < until:
                    time.sleep(0.001)
        os._exit(0)
print("begun", flush=True)
time.sleep(20)
"""


@only_linux
async def test_processes_that_begin_each_other_anew_are_ended_too(
    runner: LocalRunner, tmp_path: Path
) -> None:
    (tmp_path / "watchers.py").write_text(WATCHERS)
    log = Kept()
    task = asyncio.create_task(
        executed(runner, shell(f"exec {sys.executable} {tmp_path}/watchers.py"), log)
    )
    await log.written.wait()
    assert runner._keeper is not None
    mark = runner._keeper.mark
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not list(descendants.found_by(mark, "/nowhere"))


async def test_a_script_is_given_to_its_command_as_a_file(runner: LocalRunner) -> None:
    play = Play(
        workflow("""
entrypoint: main
templates:
  - name: main
    script:
      image: python
      command: [python3]
      env: [{name: WHO, value: ada}, {name: GREETING, value: hello $(WHO)}]
      source: |
        import os
        print(os.environ["GREETING"], os.environ["TOWPATH_STEP_ID"])
""")
    )
    outcome = await executed(runner, play)
    assert outcome.outputs["result"] == f"hello ada {play.run.id}/main/0"


KILLED = """
import asyncio, sys
from workflow_runs import Play, workflow
from towpath.runner import LocalRunner

class Log:
    async def write(self, data):
        sys.stdout.write(data.decode())
        sys.stdout.flush()

async def main():
    play = Play(workflow(sys.argv[1]))
    await LocalRunner().execute(play.run, play.progress.due[0], Log())

asyncio.run(main())
"""


async def test_a_runner_that_is_killed_leaves_no_process_and_no_folder() -> None:
    script = "pwd; setsid sleep 600 & echo $!; wait"
    spec = ONE.format(command=f'[sh, -c, "{script}"]')
    runner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        spec,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert runner.stdout is not None
    folder = Path((await runner.stdout.readline()).decode().strip())
    pid = int(await runner.stdout.readline())
    assert _is_alive(pid)
    runner.kill()
    await runner.wait()
    async with asyncio.timeout(60):
        while _is_alive(pid) or folder.exists():  # noqa: ASYNC110, ASYNC240 # nothing tells of it
            await asyncio.sleep(0.05)


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110 # nothing tells of it
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _two_at_work(
    runner: LocalRunner, script: str = "sleep 600 & echo $! $$; wait"
) -> AsyncIterator[tuple[asyncio.Task[Outcome], list[int]]]:
    """A step with a process that it started, and the numbers of both."""
    log = Kept()
    task = asyncio.create_task(executed(runner, shell(script), log))
    try:
        await log.written.wait()
        yield task, [int(each) for each in log.data.split()]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@only_linux
async def test_steps_stand_still_while_nobody_vouches_for_them_and_then_go_on(
    runner: LocalRunner,
) -> None:
    async with _two_at_work(runner) as (task, pids):
        runner.trust(time.monotonic() + 0.1)
        await _until(lambda: all(process_states.of(pid) == "T" for pid in pids))
        runner.trust(time.monotonic() + 600)
        await _until(lambda: all(process_states.of(pid) in "RS" for pid in pids))
        os.kill(pids[0], signal.SIGKILL)
        assert (await task).outputs["exitCode"] == "0"


@only_linux
async def test_a_step_that_stands_still_can_be_told_to_end_and_tidies_up(
    runner: LocalRunner, tmp_path: Path
) -> None:
    tidy = tmp_path / "tidied"
    script = f"trap 'touch {tidy}; exit 3' TERM; sleep 600 & echo $! $$; wait"
    async with _two_at_work(runner, script) as (task, pids):
        runner.trust(time.monotonic())
        await _until(lambda: all(process_states.of(pid) == "T" for pid in pids))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tidy.exists()
        assert not any(map(_is_alive, pids))


@only_linux
async def test_a_step_that_begins_while_others_stand_still_goes_on(runner: LocalRunner) -> None:
    async with _two_at_work(runner) as (_, pids):
        runner.trust(time.monotonic())
        await _until(lambda: all(process_states.of(pid) == "T" for pid in pids))
        runner.trust(time.monotonic() + 600)
        assert (await executed(runner, shell("echo done"))).outputs["result"] == "done"


@only_linux
async def test_a_keeper_that_is_gone_is_started_anew_and_keeps_what_runs(
    runner: LocalRunner,
) -> None:
    async with _two_at_work(runner) as (_, pids):
        keeper = runner._keeper
        assert keeper is not None
        os.kill(keeper._pid, signal.SIGKILL)
        await _until(lambda: process_states.of(keeper._pid) == "Z")
        runner.trust(time.monotonic())
        await _until(lambda: all(process_states.of(pid) == "T" for pid in pids))
        runner.close()
        assert not any(map(_is_alive, pids))
