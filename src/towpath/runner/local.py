"""The runner of this machine: `ports.runner.Runner`, put together."""

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from towpath.domain import catalog, reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Manifest, Run
from towpath.ports.runner import Log, Outcome, Progress
from towpath.runner import interpreter, programs, refusals, requests
from towpath.runner.keeping import Keeper
from towpath.runner.mistakes import Mistake

Limits = programs.Limits


class LocalRunner:
    """Runs steps as processes of this machine, `at_once` of them side by side.

    `images` are the commands of images, for templates that name none. `path` is where programs
    are looked for; nothing else of this process' environment is passed on. Close it when it is
    done with: whatever its steps left behind is then ended.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        at_once: int = 8,
        images: programs.Images | None = None,
        path: str | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._places = asyncio.Semaphore(at_once)
        self._machine = programs.Machine(path or os.environ.get("PATH", os.defpath), images or {})
        self._keeper: Keeper | None = None
        self._trusted: float | None = None

    def refuse(
        self, manifest: Manifest, given: Collection[str] | None = None
    ) -> Sequence[catalog.Problem]:
        """What of it cannot be run here, each with its construct and line; empty: all can.

        With the names of the parameters that a run is given, also what has no value then.
        """
        return refusals.of(manifest, self._machine.images, given)

    def advance(self, run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        """Take in what became of leaves, and find what is next."""
        if run.started_at is None and not run.status.ended and not run.stopping:
            problems = self.refuse(run.manifest, run.arguments)
            if problems:
                return interpreter.refused(run, problems, now)
        return interpreter.advance(run, outcomes, now)

    def trust(self, until: float) -> None:
        """Go on with what is executed until that moment; then let it stand still."""
        self._trusted = until if self._trusted is None else max(until, self._trusted)
        if self._keeper is not None:
            self._keeper.trust(self._trusted)

    async def execute(self, run: Run, step: str, log: Log) -> Outcome:
        """Execute a leaf now. Cancelling it ends all that it started."""
        async with self._places:
            try:
                return await self._execute(run, step, log)
            except Mistake as problem:
                return Outcome(Status.ERROR, reasons.Reason(Code.STEP_ERROR, str(problem)))

    async def _execute(self, run: Run, step: str, log: Log) -> Outcome:
        leaf = run.steps[step]
        work = leaf.memo["work"]
        assert isinstance(work, Mapping)
        if leaf.kind is Kind.HTTP:
            return await requests.send(work, log, self._limits.seconds)
        if self._keeper is None:
            self._keeper = Keeper()
            if self._trusted is not None:
                self._keeper.trust(self._trusted)
        step_id = f"{run.id}/{step}/{leaf.attempt}"
        return await programs.run(work, step_id, self._machine, self._keeper, log, self._limits)

    def close(self) -> None:
        """End what is left of the steps, and remove their folders."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
