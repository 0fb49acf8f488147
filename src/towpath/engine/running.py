"""Brings runs of workflows forward: advances those that are due, executes steps, keeps their logs.

Any number of workers share the runs of one database. A worker that dies loses its leases, and
others execute its steps again; one that was only paused finds that its turn is gone, ends what it
had started, and records nothing.
"""

import asyncio
import logging
import random
import time
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import stamina

from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status
from towpath.domain.workflow import Run
from towpath.ports.runner import Outcome, Progress, Runner
from towpath.ports.runs import Execution, Piece, Runs, Turn
from towpath.ports.store import Signals, StoreUnavailable

log = logging.getLogger(__name__)

STEPS = "towpath_steps"
STOPS = "towpath_stops"
RENEW_EVERY_S = 3.0
FRESH_S = 3 * RENEW_EVERY_S
"""How long after it was asked for a lease is surely ours: who was frozen since begins nothing, and
what it had begun stands still until it has asked again."""
ASK_EVERY_S = 1.0
PATIENCE_AT_STOP_S = 15.0
TRIES = 5
"""How often a step is executed whose worker dies each time: it may be what takes it down."""
_ORPHANED = Reason(
    Code.TERMINATED_BY,
    "stopped; the worker that executed it was gone",
    advice="The worker that executed it was gone: what it had started may have gone on there.",
)


class Running:
    """Executes steps, `at_once` at a time, and lets runs go on."""

    def __init__(
        self, name: str, runs: Runs, signals: Signals, runner: Runner, at_once: int
    ) -> None:
        self._name = name
        self._runs = runs
        self._signals = signals
        self._runner = runner
        self._at_once = at_once
        self._tasks: MutableMapping[Turn, asyncio.Task[None]] = {}
        self._executing: MutableMapping[Turn, asyncio.Task[Outcome]] = {}
        self._called_off: set[Turn] = set()  # told to end: by a stop, or taken over by others
        self._leaving = False
        self._away = False  # the database did not answer when steps were last taken
        self._full = False  # there was no place for more when steps were last taken
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; then record what is done, end the rest: others do it again."""
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            while True:
                await self._turn()
        finally:
            await self._leave()
            renewing.cancel()

    async def resume(self, run: UUID, step: str, actor: str, outputs: Mapping[str, str]) -> bool:
        """Let a suspended step go on; False when it is not. Raises `KeyError` and `Refused`."""
        given = {f"parameters.{name}": value for name, value in outputs.items()}
        return await self._runs.resume(run, step, actor, given, self._advance)

    async def stop(self, run: UUID, actor: str, comment: str) -> bool:
        """Ask a run to stop; False when there is nothing left to stop. Raises `KeyError`."""
        return await self._runs.stop(run, actor, comment)

    # --- turns -------------------------------------------------------------------------------
    async def _turn(self) -> None:
        seen = self._signals.count(STEPS)
        self._ended.clear()
        try:
            if self._away:
                await self._keep_ours_first()
            moved = await self._runs.advance_next(self._advance)
            asked = time.monotonic()
            free = self._at_once - len(self._tasks)
            self._full = free <= 0
            taken = await self._runs.take_steps(self._name, free) if free > 0 else ()
        except StoreUnavailable as error:
            log.warning("the database does not answer: %s", error)
            self._away = True
            await asyncio.sleep(ASK_EVERY_S)
            return
        except Exception:  # a defect of ours with one run must stop no other
            log.exception("runs of workflows did not go on")
            await asyncio.sleep(ASK_EVERY_S)
            return
        for execution in taken:
            self._begin(execution, asked)
        if not moved and len(taken) < max(1, free):
            await self._news(seen)

    async def _keep_ours_first(self) -> None:
        """Everybody's leases may have run out while the database was away, and nobody is dead."""
        await self._renew(tuple(self._tasks))
        await asyncio.sleep(RENEW_EVERY_S)
        self._away = False

    def _begin(self, execution: Execution, asked: float) -> None:
        if execution.turn in self._tasks:  # it was late, and is to end what it executes itself
            return
        task = asyncio.create_task(self._do(execution, asked), name=f"step {execution.turn.step}")
        self._tasks[execution.turn] = task

    async def _news(self, seen: int) -> None:
        waits = {
            asyncio.create_task(self._signals.wait(STEPS, seen, ASK_EVERY_S)),
            asyncio.create_task(self._ended.wait()),
        }
        try:
            await asyncio.wait(waits, timeout=ASK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # --- one step ----------------------------------------------------------------------------
    async def _do(self, execution: Execution, asked: float) -> None:
        turn = execution.turn
        try:
            await self._end_earlier(turn)
            book = _Book(self._runs, turn)
            outcome = await self._outcome(execution, asked, book)
            if outcome is None:
                await self._runs.hand_back(turn, self._name)
            else:
                await self._finish(turn, outcome, book)
        except StoreUnavailable as error:
            log.warning("step %s of %s is not handed back: %s", turn.step, turn.run, error)
        except Exception:
            log.exception("step %s of %s failed in a way it never should", turn.step, turn.run)
        finally:
            self._tasks.pop(turn, None)
            self._called_off.discard(turn)
            if self._full and len(self._tasks) < self._at_once:
                self._ended.set()

    async def _outcome(self, execution: Execution, asked: float, book: "_Book") -> Outcome | None:
        """Execute it; None when it is for others: this worker is to end, or was long frozen."""
        turn = execution.turn
        if execution.stop:
            return Outcome(Status.TERMINATED, _ORPHANED)
        if execution.deaths >= TRIES:
            return Outcome(Status.ERROR, _hopeless())
        if self._leaving or time.monotonic() - asked > FRESH_S:
            return None
        self._runner.trust(asked + FRESH_S)
        keeping = asyncio.create_task(book.keep())
        execute = asyncio.create_task(self._runner.execute(execution.run, turn.step, book))
        self._executing[turn] = execute
        try:
            return await execute
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return Outcome(Status.TERMINATED) if turn in self._called_off else None
        except Exception as error:
            log.exception("step %s of %s could not be executed", turn.step, turn.run)
            return Outcome(Status.ERROR, _defect(error))
        finally:
            self._executing.pop(turn, None)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _end_earlier(self, turn: Turn) -> None:
        """Let no attempt begin beside an earlier one that this worker was too late to keep."""
        earlier = [
            each
            for each in self._tasks
            if (each.run, each.step) == (turn.run, turn.step) and each.attempt < turn.attempt
        ]
        for each in earlier:
            self._call_off(each)
        if earlier:
            await asyncio.wait([self._tasks[each] for each in earlier])

    def _call_off(self, turn: Turn) -> None:
        execute = self._executing.get(turn)  # what is being recorded is not called off
        if execute and turn not in self._called_off:
            self._called_off.add(turn)
            execute.cancel()

    async def _finish(self, turn: Turn, outcome: Outcome, book: "_Book") -> None:
        """Record the outcome, and begin what follows."""
        asked = time.monotonic()
        try:
            following = await self._recorded(turn, outcome, book)
        except Exception as error:
            # What cannot be recorded would be executed again and again, and each time for nothing.
            log.exception("the outcome of step %s of %s was not taken", turn.step, turn.run)
            following = await self._recorded(turn, Outcome(Status.ERROR, _defect(error)), book)
        if following is None:
            log.info("step %s of %s is somebody else's by now", turn.step, turn.run)
        self._tasks.pop(turn, None)
        for execution in following or ():
            if self._leaving:
                await self._runs.hand_back(execution.turn, self._name)
            else:
                self._begin(execution, asked)

    async def _recorded(
        self, turn: Turn, outcome: Outcome, book: "_Book"
    ) -> Sequence[Execution] | None:
        """However long the database is away; None when the turn went to somebody else since."""
        async for attempt in stamina.retry_context(
            on=StoreUnavailable, attempts=None, timeout=None, wait_initial=0.2, wait_max=2
        ):
            with attempt:
                room = 0 if self._leaving else max(0, self._at_once - len(self._tasks) + 1)
                return await self._runs.finish_step(
                    turn, self._name, outcome, book.rest(), self._advance, room
                )
        raise AssertionError("the last attempt returns or raises")

    def _advance(self, run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
        """As the runner says. A defect of ours in one run must stop no other."""
        try:
            return self._runner.advance(run, outcomes, now)
        except Exception as error:
            log.exception("run %s of %s cannot go on", run.id, run.manifest.name)
            return Progress(replace(run, status=Status.ERROR, reason=_defect(error), ended_at=now))

    # --- leases ------------------------------------------------------------------------------
    async def _renew_for_ever(self) -> None:
        while True:
            seen = self._signals.count(STOPS)
            wait_s = RENEW_EVERY_S * random.uniform(0.8, 1.0)  # noqa: S311 - jitter
            await self._signals.wait(STOPS, seen, wait_s)
            try:
                if self._tasks:
                    await self._renew(tuple(self._tasks))
            except StoreUnavailable as error:
                log.warning("leases of steps not renewed, the database is away: %s", error)
            except Exception:  # nobody else would keep what is executed
                log.exception("leases of steps were not renewed")

    async def _renew(self, held: Collection[Turn]) -> None:
        asked = time.monotonic()
        ours = await self._runs.renew_steps(held, self._name)
        for turn in set(held) - set(ours):
            self._call_off(turn)
        await asyncio.sleep(0)  # who is called off is told to end before it could go on
        self._runner.trust(asked + FRESH_S)

    async def _leave(self) -> None:
        """End what is executed, and record what has ended."""
        self._leaving = True
        for execute in self._executing.values():
            execute.cancel()
        if tasks := list(self._tasks.values()):
            _, late = await asyncio.wait(tasks, timeout=PATIENCE_AT_STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class _Book:
    """What a step writes, kept a few times a second, in pieces that know their place."""

    EVERY_S = 0.25
    LARGEST = 256 * 1024

    def __init__(self, runs: Runs, turn: Turn) -> None:
        self._runs = runs
        self._turn = turn
        self._at = 0
        self._waiting = bytearray()
        self._room = asyncio.Condition()

    async def write(self, data: bytes) -> None:
        """Take the next bytes; waits while too many are not kept yet."""
        async with self._room:
            await self._room.wait_for(lambda: len(self._waiting) < self.LARGEST)
            self._waiting += data

    async def keep(self) -> None:
        """Keep what has come, for ever."""
        while True:
            await asyncio.sleep(self.EVERY_S)
            if not self._waiting:
                continue
            piece = self.rest()
            try:
                await self._runs.append_log(self._turn, piece)
            except StoreUnavailable as error:
                log.warning("a log waits for the database: %s", error)
                continue
            async with self._room:
                del self._waiting[: len(piece.data)]
                self._at += len(piece.data)
                self._room.notify_all()

    def rest(self) -> Piece:
        """What is not kept yet."""
        return Piece(self._at, bytes(self._waiting))


def _is_cancelled() -> bool:
    """Whether the task that asks is itself to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _hopeless() -> Reason:
    return Reason(
        Code.STEP_ERROR,
        f"it was cut short {TRIES} times: its worker died each time",
        advice="See whether the step takes its worker down (memory?), then retry.",
    )


def _defect(error: Exception) -> Reason:
    return Reason(Code.STEP_ERROR, f"it could not be executed: {type(error).__name__}: {error}")
