"""How a workflow on its way looks: a tree that follows it, or a line for each change.

Keeps the end of every step's log, for whoever wants the run as data.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from towpath.cli import look, output, times
from towpath.domain.workflow import Kind, Run, Step
from towpath.runner import variables

FRAMES = 4
TAIL = 16 * 1024
"""Bytes of a step's log that are kept."""
_WIDEST = 32


class StepLog:
    """Takes a step's output, tells it line by line, and keeps its end."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = b""
        self.tail = b""

    async def write(self, data: bytes) -> None:
        """Keep the next bytes, and tell every line that they complete."""
        self.tail = (self.tail + data)[-TAIL:]
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line.decode("utf-8", "replace"))
        if len(self._rest) > TAIL:
            self.flush()

    def flush(self) -> None:
        """Tell the last line, which nothing has ended."""
        if self._rest:
            self._tell(self._rest.decode("utf-8", "replace"))
            self._rest = b""


class Shown:
    """Somebody who watches a run: what all of them do, and, as it is, one who says nothing."""

    def __init__(self) -> None:
        self._logs: dict[str, StepLog] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is to be given back."""

    @property
    def tails(self) -> Mapping[str, str]:
        """The end of every step's log."""
        return {step: log.tail.decode("utf-8", "replace") for step, log in self._logs.items()}

    def log(self, step: Step) -> StepLog:
        """Where the output of a step goes."""
        self._logs[step.id] = StepLog(lambda line: self._line(step, line))
        return self._logs[step.id]

    def changed(self, before: Run, after: Run) -> None:
        """Tell what is not as it was."""
        news = [
            step
            for step in after.steps.values()
            if step.id not in before.steps or before.steps[step.id].status is not step.status
        ]
        for step in reversed([step for step in news if step.status.ended]):  # the inner ones first
            if step.id in self._logs:
                self._logs[step.id].flush()
            self._step(step)
        for step in news:
            if not step.status.ended:
                self._step(step)

    def conclude(self, run: Run) -> None:
        """Say how it ended."""

    def say(self, sentence: str, advice: str = "", style: str = "") -> None:
        """A message that is no part of the run."""
        output.say(sentence, advice, style)

    def ask(self, question: str) -> None:
        """Ask, and change nothing on the screen until `answered`."""
        output.say(question, style="yellow")

    def answered(self) -> None:
        """Nothing is asked any more."""

    def _line(self, step: Step, line: str) -> None:
        """A line of a step's output."""

    def _step(self, step: Step) -> None:
        """A step that is not as it was."""


class Lines(Shown):
    """A line for each change and each line of output."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def conclude(self, run: Run) -> None:
        """Say how it ended."""
        self._print(conclusion(run))

    def _line(self, step: Step, line: str) -> None:
        self._print(Text.assemble((f"{_short(step.name)} │ ", look.SECONDARY), output.clean(line)))

    def _step(self, step: Step) -> None:
        quiet = step.status.value in ("waiting", "pending") or step.name.startswith("[")
        if not quiet:
            self._print(Text.assemble(f"{_short(step.name)}  ", said(step)))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


class Picture(Lines):
    """A tree that follows the run, below what its steps say."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        super().__init__(console)
        self._now = now
        self._run: Run | None = None
        self._live = self._picture()

    def _picture(self) -> Live:
        return Live(get_renderable=self._draw, console=self._console, refresh_per_second=FRAMES)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture where it is."""
        self._live.stop()

    def changed(self, before: Run, after: Run) -> None:
        """Draw it as it is now."""
        self._run = after
        super().changed(before, after)
        if self._live.is_started:
            self._live.refresh()

    def say(self, sentence: str, advice: str = "", style: str = "") -> None:
        """Above the picture, which would be drawn over it."""
        self._print(Text(output.clean(sentence), style))
        if advice:
            self._print(Text(output.clean(advice), "dim"))

    def ask(self, question: str) -> None:
        """Below the picture, which stands still while somebody types."""
        self._live.stop()
        super().ask(question)

    def answered(self) -> None:
        """Draw a new picture below."""
        if not self._live.is_started:
            self._live = self._picture()
            self._live.start()

    def _step(self, step: Step) -> None:
        """The picture shows it, unless it stands still."""
        if not self._live.is_started:
            super()._step(step)

    def _draw(self) -> RenderableType:
        if self._run is None:
            return Text()
        rows = list(tree(self._run, int(time.monotonic() * FRAMES), self._now()))
        room = max(self._console.height - 2, 5)
        hidden = len(rows) - room
        if hidden > 0:  # a picture larger than the terminal cannot be redrawn
            rows = [Text(f"… {hidden} more", look.SECONDARY), *rows[-room:]]
        return Group(*rows)


def tree(run: Run, frame: int, now: datetime) -> Iterator[Text]:
    """The steps, each below what holds it; lines of `steps` are not shown as such."""
    below: dict[str, list[Step]] = {}
    for step in run.steps.values():
        below.setdefault(step.parent, []).append(step)

    def under(parent: str, guide: str) -> Iterator[Text]:
        children = list(_visible(below, parent))
        for child in children:
            is_last = child is children[-1]
            own = guide + ("└ " if is_last else "├ ") if parent else ""
            yield Text.assemble(own, f"{_short(child.name)}  ", said(child, frame, now))
            yield from under(child.id, guide + ("  " if is_last else "│ ") if parent else "")

    yield from under("", "")


def _visible(below: Mapping[str, list[Step]], parent: str) -> Iterator[Step]:
    for step in below.get(parent, ()):
        if step.kind is Kind.GROUP and step.name.startswith("["):
            yield from _visible(below, step.id)
        else:
            yield step


def said(step: Step, frame: int = 0, now: datetime | None = None) -> Text:
    """A step's status, why, and how long it took."""
    line = look.word(step.status.value, frame)
    ended = step.ended_at or now
    if step.started_at and ended and step.status.value not in ("skipped", "waiting"):
        line.append(f" {times.length(ended - step.started_at)}", look.SECONDARY)
    if step.reason and step.status.value != "succeeded":
        line.append(f"  {output.clean(step.reason.sentence)}", look.SECONDARY)
    return line


def conclusion(run: Run) -> Text:
    """How the run ended, in a line."""
    line = Text.assemble("workflow  ", look.word(run.status.value))
    if run.reason:
        line.append(f"  {output.clean(run.reason.sentence)}", look.SECONDARY)
    return line


def _short(name: str) -> str:
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"


def document(run: Run, tails: Mapping[str, str]) -> dict[str, Any]:
    """The run as data: its end, its outputs, and its nodes."""
    return {
        "id": str(run.id),
        "name": run.manifest.name,
        "status": run.status.value,
        "reason": run.reason.sentence if run.reason else None,
        "outputs": dict(run.outputs),
        "nodes": [_node(step, tails.get(step.id)) for step in run.steps.values()],
    }


def _node(step: Step, tail: str | None) -> dict[str, Any]:
    return {
        "id": step.id,
        "name": step.name,
        "type": step.kind.value,
        "template": step.template,
        "parent": step.parent or None,
        "status": step.status.value,
        "phase": variables.phase(step),
        "reason": step.reason.sentence if step.reason else None,
        "started_at": step.started_at.isoformat() if step.started_at else None,
        "ended_at": step.ended_at.isoformat() if step.ended_at else None,
        "inputs": dict(step.inputs),
        "outputs": dict(step.outputs),
        "log": tail,
    }
