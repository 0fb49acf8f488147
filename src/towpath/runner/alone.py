"""One run from its beginning to its end, in memory: no store, no queue, one process.

What jobs and rows do for a server, a loop does here: advance, execute what is due, wait for an
end, for time, or for a wish.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Run, Step
from towpath.ports.runner import Log, Outcome, Progress, Runner


class Told(Protocol):
    """Who is told how the run goes."""

    def changed(self, before: Run, after: Run) -> None:
        """The run is not as it was."""
        ...

    def log(self, step: Step) -> Log:
        """Where the output of a step goes that begins now."""
        ...


class Alone:
    """Drives one run. `resume` and `stop` may be called while it is driven."""

    def __init__(self, runner: Runner, told: Told, now: Callable[[], datetime]) -> None:
        self._runner, self._told, self._now = runner, told, now
        self._tasks: dict[str, asyncio.Task[Outcome]] = {}
        self._wishes: dict[str, Outcome] = {}
        self._stopping: reasons.Reason | None = None
        self._woken = asyncio.Event()

    def resume(self, step: str, outputs: Mapping[str, str]) -> None:
        """Let a suspended step go on, with the outputs that it asks for."""
        self._wishes[step] = Outcome(Status.SUCCEEDED, None, outputs)
        self._woken.set()

    def stop(self, why: reasons.Reason) -> None:
        """End what runs, run what must always run, and end."""
        self._stopping = why
        self._woken.set()

    async def drive(self, run: Run) -> Run:
        """The run when it has ended. Cancelled, it leaves no process behind."""
        try:
            while not run.status.ended:
                run = await self._once(run)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        return run

    async def _once(self, run: Run) -> Run:
        outcomes = self._wishes | self._ended()
        self._wishes = {}
        self._woken.clear()
        before = run
        if self._stopping and not run.stopping:
            run = replace(run, stopping=self._stopping)
        progress = self._runner.advance(run, outcomes, self._now())
        run = self._begin(progress)
        for step in progress.stop:
            if step in self._tasks:
                self._tasks[step].cancel()
        self._told.changed(before, run)
        if not run.status.ended:
            await self._wait(progress)
        return run

    def _ended(self) -> dict[str, Outcome]:
        done = {name: task for name, task in self._tasks.items() if task.done()}
        for name in done:
            del self._tasks[name]
        return {name: _outcome(task) for name, task in done.items()}

    def _begin(self, progress: Progress) -> Run:
        begun = [
            replace(
                progress.run.steps[name],
                status=Status.RUNNING,
                attempt=progress.run.steps[name].attempt + 1,
            )
            for name in progress.due
            if name not in self._tasks
        ]
        run = progress.run.with_steps(begun)
        for step in begun:
            work = self._runner.execute(run, step.id, self._told.log(step))
            self._tasks[step.id] = asyncio.create_task(work)
        return run

    async def _wait(self, progress: Progress) -> None:
        seconds = None
        if progress.again_at is not None:
            seconds = max(0.0, (progress.again_at - self._now()).total_seconds())
        woken = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait(
                {woken, *self._tasks.values()},
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            woken.cancel()


def _outcome(task: asyncio.Task[Outcome]) -> Outcome:
    if task.cancelled():
        return Outcome(Status.TERMINATED, reasons.Reason(Code.TERMINATED_BY, "it was ended"))
    return task.result()
