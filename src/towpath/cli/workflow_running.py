"""One workflow, run in this process: started, shown, asked for and ended.

Apart from `workflows`, so that only the command that needs the runner loads it.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import uuid6

from towpath import settings
from towpath.cli import options, output, workflow_picture
from towpath.domain import catalog, reasons
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Manifest, Run, Step
from towpath.runner import Limits, LocalRunner, refusals
from towpath.runner.alone import Alone

NOT_RUN = 2


def run(
    manifest: Manifest,
    parameters: Mapping[str, str],
    resume: bool,
    supplied: Mapping[str, str],
    form: output.Format,
) -> int:
    """Run it, and show it; the exit code."""
    try:
        given = settings.load()
    except settings.Invalid as invalid:
        output.say(str(invalid), style="red")
        return NOT_RUN
    limits = Limits(given.step_timeout, int(given.step_output), given.step_grace)
    runner = LocalRunner(limits, given.steps_at_once, given.image_commands)
    problems = runner.refuse(manifest, parameters)
    if problems:
        show_refused(problems, form)
        return NOT_RUN
    started = Run(uuid6.uuid7(), manifest, parameters, created_at=_now())
    try:
        ended = asyncio.run(_driven(runner, started, resume, supplied, form))
    except KeyboardInterrupt:
        return options.INTERRUPTED
    finally:
        runner.close()
    if ended.status is Status.ERROR and not ended.steps:
        output.say(ended.reason.sentence if ended.reason else "it could not be run", style="red")
        return NOT_RUN
    return 0 if ended.status is Status.SUCCEEDED else 1


def show_refused(problems: Sequence[catalog.Problem], form: output.Format) -> None:
    """What keeps the workflow from being run, each with its place."""
    if form is not output.Format.TABLE:
        told = [{"place": str(p.origin), "code": p.code, "message": p.message} for p in problems]
        output.show({"status": "error", "problems": told, "nodes": []}, form, lambda *_: None)
    for problem in problems:
        output.say(str(problem))
    output.say("It could not be run; no step was begun.", _advice(problems), "red")


def _advice(problems: Sequence[catalog.Problem]) -> str:
    missing = [one.message for one in problems if one.code == refusals.MISSING]
    if any("entrypoint: is required" in said for said in missing):
        return "Say which template to begin with: --entrypoint TEMPLATE."
    if missing:
        return "Give values with -p NAME=VALUE."
    is_elsewhere = any(one.message.startswith("there is no workflow template") for one in problems)
    return "Give the file that holds it, too." if is_elsewhere else ""


def _now() -> datetime:
    return datetime.now(UTC)


async def _driven(
    runner: LocalRunner,
    started: Run,
    resume: bool,
    supplied: Mapping[str, str],
    form: output.Format,
) -> Run:
    quiet = form is not output.Format.TABLE
    console = output.console()
    is_live = output.moves(console)
    shown: workflow_picture.Shown = workflow_picture.Lines(console)
    if quiet:
        shown = workflow_picture.Shown()
    elif is_live:
        shown = workflow_picture.Picture(console, _now)
    desk = _Desk(shown, resume, supplied)
    alone = Alone(runner, desk, _now)
    desk.alone = alone
    with _interrupts(desk), shown:
        ended = await alone.drive(started)
    desk.close()
    output.show(
        workflow_picture.document(ended, shown.tails), form, lambda *_: shown.conclude(ended)
    )
    return ended


@contextlib.contextmanager
def _interrupts(desk: "_Desk") -> Iterator[None]:
    """The first interrupt ends the run as a stop does; a second one at once."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        desk.interrupted()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, main.cancel if main else interrupted)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)


class _Desk:
    """Is told how the run goes, shows it, and sees to suspended steps."""

    alone: Alone

    def __init__(
        self, shown: workflow_picture.Shown, resume: bool, supplied: Mapping[str, str]
    ) -> None:
        self._shown, self._resume, self._supplied = shown, resume, supplied
        self._seen: set[str] = set()
        self._questions: list[_Question] = []
        self._answers: dict[str, str] = {}

    def changed(self, before: Run, after: Run) -> None:
        """Show it, and see to each step that was suspended."""
        self._shown.changed(before, after)
        for step in after.steps.values():
            is_held = step.kind is Kind.SUSPEND and step.status is Status.SUSPENDED
            if is_held and step.id not in self._seen and (self._resume or not step.until):
                self._seen.add(step.id)
                self._see_to(step)

    def log(self, step: Step) -> workflow_picture.StepLog:
        """Where the output of a step goes."""
        return self._shown.log(step)

    def _see_to(self, step: Step) -> None:
        if self._resume:
            self._give(step.id, self._supplied)
        elif sys.stdin.isatty():
            self._ask(step)
        else:
            self._give_up(step.name, "Run it on a terminal, or give --resume.")

    def _give(self, step: str, answers: Mapping[str, str]) -> None:
        self.alone.resume(step, {f"parameters.{name}": one for name, one in answers.items()})

    def _give_up(self, step: str, advice: str = "") -> None:
        said = f"{step} is suspended, and nobody can resume it here"
        self._shown.say(said, advice, "red")
        why = reasons.Reason(reasons.Code.WORKFLOW_SUSPENDED, said, since=_now())
        self.alone.stop(why)

    def _ask(self, step: Step) -> None:
        """One line for each output that it asks for, or one to go on."""
        if not self._questions:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
        self._questions += _questions(step)
        self._shown.ask(self._questions[0].text)

    def _read(self) -> None:
        line, question = sys.stdin.readline(), self._questions[0]
        if not line:
            self._stop_asking()
            self._give_up(question.title)
            return
        answer = line.strip()
        if question.name and not answer and not question.has_default:
            self._shown.ask(f"`{question.name}` has no default. {question.text}")
            return
        self._questions.pop(0)
        if answer and question.name:
            self._answers[question.name] = answer
        if not any(other.step == question.step for other in self._questions):
            self._give(question.step, self._answers)
            self._answers = {}
        if self._questions:
            self._shown.ask(self._questions[0].text)
        else:
            self._stop_asking()

    def interrupted(self) -> None:
        """Somebody wants to leave."""
        self._stop_asking()
        self._shown.say("Stopping: its steps are ended. Interrupt again to leave at once.")
        self.alone.stop(reasons.Reason(reasons.Code.TERMINATED_BY, "interrupted", since=_now()))

    def _stop_asking(self) -> None:
        self.close()
        self._shown.answered()

    def close(self) -> None:
        """Ask no more."""
        self._questions = []
        with contextlib.suppress(ValueError, OSError):  # there is no standard input
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())


@dataclass(frozen=True, slots=True)
class _Question:
    """What a suspended step asks for: an output, or only to be resumed."""

    step: str
    title: str
    name: str = ""
    has_default: bool = False

    @property
    def text(self) -> str:
        if not self.name:
            return f"{self.title} is suspended: press Enter to resume it."
        or_nothing = " (empty: its default)" if self.has_default else ""
        return f"{self.title} is suspended: give `{self.name}`{or_nothing}, then Enter."


def _questions(step: Step) -> list[_Question]:
    work = step.memo.get("work")
    outputs = work.get("outputs") if isinstance(work, Mapping) else None
    asked = [
        _Question(step.id, step.name, str(one["name"]), "default" in one) for one in outputs or []
    ]
    return asked or [_Question(step.id, step.name)]
