"""Hooks: what is run because of another step, when it runs or has ended.

A hook's end is waited for, and does not change what became of the step it is told of.
"""

from collections.abc import Iterator
from dataclasses import replace

from towpath.domain.status import Status
from towpath.domain.workflow import Step
from towpath.runner import expressions, texts, variables
from towpath.runner.book import Fields
from towpath.runner.course import Course, Place, call_of
from towpath.runner.substitution import Variables

EXIT = "exit"
_NOT_RUN = frozenset({Status.SKIPPED})


def tell(
    course: Course,
    step: Step,
    holder: Fields,
    document: str,
    known: Variables,
    prefix: str,
) -> bool:
    """Begin, or go on with, the hooks of a step. Whether all that began have ended.

    Raises `Mistake` where an expression cannot be answered.
    """
    done = True
    for name, hook in _hooks(holder):
        place = _place(step, name)
        if place.id not in course.steps and not _is_called(step, name, hook, known):
            continue
        call = {**call_of(hook, document, known)} if place.id not in course.steps else None
        kept = course.steps[place.id].memo.get("call") if call is None else call
        now = course.visit(place, kept) if kept else course.steps[place.id]  # type: ignore[arg-type]
        done = done and now.status.ended
    return done


def of_told(prefix: str, name: str, step: Step) -> dict[str, object]:
    """The variables of the step that a hook is told of."""
    return variables.of_step(prefix, name, begun(step))


def begun(step: Step) -> Step:
    """The step as a hook is told of it: one that is due is running.

    A quick step may have ended before anybody saw it run, and its hook must not depend on that.
    """
    return replace(step, status=Status.RUNNING) if step.status is Status.PENDING else step


def _hooks(holder: Fields) -> Iterator[tuple[str, Fields]]:
    hooks: Fields = holder.get("hooks") or {}
    yield from hooks.items()
    if holder.get("onExit") and EXIT not in hooks:
        arguments = holder.get("arguments") if "entrypoint" in holder else None
        yield EXIT, {"template": holder["onExit"], "arguments": arguments}


def _place(step: Step, name: str) -> Place:
    """Beside the step it is told of, so that it does not end with it."""
    end = "onExit" if name == EXIT else f"hooks.{name}"
    is_exit = name == EXIT or "always" in step.memo
    return Place(f"{step.id}.{end}", f"{step.name}.{end}", step.parent, "", is_exit, hook=True)


def _is_called(step: Step, name: str, hook: Fields, known: Variables) -> bool:
    if name == EXIT and (not step.status.ended or step.status in _NOT_RUN):
        return False
    if step.status is Status.WAITING:
        return False
    condition = hook.get("expression")
    if not condition:
        return name == EXIT
    return expressions.evaluate_truth(texts.of(condition), known.expanded)
