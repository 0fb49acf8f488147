"""The workflows of an environment in the picture of a release: a line each, and one for each step.

Pure, as the picture is. What is done takes one line; where something is under way or in the way,
its steps are shown, those that matter first where there are many.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from towpath.cli import documents, look

MOST = 8
"""Steps of a workflow that are shown; of the others only how many there are."""

NAME = 32
"""Columns that a step's name may take."""

_LATER = frozenset({"waiting", "queued"})


def lines(
    workflows: Sequence[documents.Workflow], now: datetime, room: int, frame: int
) -> Iterator[Text]:
    """The workflows with their steps, in lines that fit."""
    for workflow in workflows:
        yield from _of_workflow(workflow, now, room, frame)
        if workflow.done:
            continue
        shown = _shown(workflow.steps)
        names = max((min(cell_len(step.name), NAME) for step in shown), default=0)
        for step in shown:
            yield from _of_step(step, now, names, room, frame)
        if more := len(workflow.steps) - len(shown):
            yield Text(f"  and {_number(more, 'more step')}", look.SECONDARY)


def _shown(steps: Sequence[documents.Step]) -> Sequence[documents.Step]:
    """As many as fit, in their order: first what is in the way or under way, then what is done."""
    ranked = sorted(range(len(steps)), key=lambda place: _rank(steps[place]))
    return [steps[place] for place in sorted(ranked[:MOST])]


def _rank(step: documents.Step) -> int:
    return 2 if step.status in _LATER else 1 if step.done else 0


def _of_workflow(
    workflow: documents.Workflow, now: datetime, room: int, frame: int
) -> Iterator[Text]:
    line = Text.assemble((f"{workflow.purpose} ", look.SECONDARY), workflow.template, "  ")
    line.append_text(look.word(workflow.status, frame))
    facts = [workflow.took(now), _attempt(workflow.attempt, always=workflow.before)]
    if workflow.done and workflow.steps:
        facts.append(_number(len(workflow.steps), "step"))
    blamed = any(step.sentence for step in workflow.steps)
    yield from _told(line, facts, "" if workflow.done or blamed else workflow.sentence, "  ", room)


def _of_step(
    step: documents.Step, now: datetime, names: int, room: int, frame: int
) -> Iterator[Text]:
    name = Text(step.name)
    name.truncate(names, overflow="ellipsis", pad=True)
    line = Text.assemble("  ", name, "  ", look.word(step.status, frame))
    facts = [step.took(now), _attempt(step.attempt)]
    yield from _told(line, facts, "" if step.done else step.sentence, "    ", room)


def _told(line: Text, facts: Sequence[str], why: str, indent: str, room: int) -> Iterator[Text]:
    """The line with its facts; the reason beside them if it fits there, else below."""
    if known := ", ".join(fact for fact in facts if fact):
        line.append(f"  {known}", look.SECONDARY)
    beside = f"  {why}" if why else ""
    if line.cell_len + cell_len(beside) <= room:
        yield line.append(beside, look.SECONDARY)
        return
    line.truncate(max(room, 20), overflow="ellipsis")
    yield line
    for words in look.lines(why, room - len(indent)):
        yield Text(f"{indent}{words}", look.SECONDARY)


def _attempt(number: int, *, always: bool = False) -> str:
    return f"attempt {number}" if number > 1 or always else ""


def _number(of: int, what: str) -> str:
    return f"{of} {what}" if of == 1 else f"{of} {what}s"
