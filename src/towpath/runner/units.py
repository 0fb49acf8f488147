"""A step of `steps` or a task of a `dag`: its condition, its loop, its call, its hooks."""

import contextlib
from dataclasses import replace

from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Step
from towpath.runner import conditions, hooks, loops, substitution, texts, variables
from towpath.runner.book import Fields
from towpath.runner.course import UNSUCCESSFUL, Course, Place, call_of, is_loop
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables


def announce(course: Course, place: Place, definition: Fields, document: str) -> None:
    """Show a unit that will be reached."""
    kind, name = Kind.GROUP, str(definition.get("template") or "")
    if not loops.is_loop(definition):
        try:
            kind = course.book.called(definition, document).kind
        except Mistake:
            kind = Kind.CONTAINER  # which template it is, is only known once it is reached
    course.announce(place, kind, name)


def visit(
    course: Course, place: Place, definition: Fields, document: str, known: Variables
) -> tuple[Step, bool]:
    """Let the unit go on. The step, and whether it has ended with all its hooks."""
    step = course.steps.get(place.id)
    try:
        if step is None or (step.status is Status.WAITING and "call" not in step.memo):
            step = _begin(course, place, definition, document, known)
        elif is_loop(step):
            step = _go_round(course, place, step)
        elif not step.status.ended:
            step = course.visit(place, step.memo["call"])  # type: ignore[arg-type] # kept by us
        done = _hooks_done(course, place, step, definition, document, known)
    except (Mistake, RecursionError) as problem:
        current = course.announce(place, Kind.GROUP)
        if isinstance(problem, RecursionError):
            problem = Mistake("what it is given is nested too deep")
        return course.wrong(current, problem), True
    step = course.steps[place.id]
    return step, step.status.ended and done


def _begin(
    course: Course, place: Place, definition: Fields, document: str, known: Variables
) -> Step:
    when = _condition(definition, known)
    if loops.is_loop(definition):
        return _begin_loop(course, place, definition, document, known)
    if not conditions.holds(when):
        return _skip(course, place, when)
    call = call_of(definition, document, known)
    return course.visit(place, {**call, "as": definition["name"]})


def _condition(definition: Fields, known: Variables) -> str:
    when = texts.of("" if definition.get("when") is None else definition["when"])
    if loops.is_loop(definition) and substitution.names_asked(when, _asks_item):
        return ""
    return substitution.fill_text(when, known)


def _asks_item(tag: str) -> bool:
    name = tag.strip().lstrip("= ")
    return (
        name == "item"
        or name.startswith(("item.", "item["))
        or (tag.startswith("=") and "item" in tag)
    )


def _skip(course: Course, place: Place, when: str) -> Step:
    why = course.because(Code.NOTHING_TO_DO, f"when `{when}` is false")
    return course.end(course.announce(place, Kind.CONTAINER), Status.SKIPPED, why)


def _begin_loop(
    course: Course, place: Place, definition: Fields, document: str, known: Variables
) -> Step:
    """Every item's step is made now, filled in; when each begins is another matter."""
    when = _condition(definition, known)
    if not conditions.holds(when):
        return _skip(course, place, when)
    items = loops.items(definition, known)
    step = course.announce(place, Kind.GROUP)
    if not items:
        why = course.because(Code.NOTHING_TO_DO, "there are no items")
        return course.end(step, Status.SKIPPED, why)
    memo = {**step.memo, "loop": len(items)}
    step = course.keep(
        replace(step, kind=Kind.GROUP, status=Status.RUNNING, started_at=course.now, memo=memo)
    )
    for index, item in enumerate(items):
        name = loops.name(str(definition["name"]), index, item)
        start = place.id[: len(place.id) - len(str(definition["name"]))]
        below = replace(place, id=start + name, name=name, parent=place.id)
        each = known.also(loops.of_item(item))
        if not conditions.holds(_condition_of_item(definition, each)):
            _skip(course, below, _condition_of_item(definition, each))
            continue
        call = {**call_of(definition, document, each), "as": definition["name"]}
        waiting = course.announce(below, Kind.CONTAINER)
        course.keep(replace(waiting, memo={**waiting.memo, "call": call}))
    return _go_round(course, place, step)


def _condition_of_item(definition: Fields, known: Variables) -> str:
    when = definition.get("when")
    return substitution.fill_text(texts.of("" if when is None else when), known)


def items_of(course: Course, step: Step) -> list[Step]:
    """The steps of a loop, without hooks that were told of them."""
    return [child for child in course.children(step.id) if "hook" not in child.memo]


def _go_round(course: Course, place: Place, step: Step) -> Step:
    """Let each item's step go on; the loop has ended when all have."""
    if step.status.ended:
        return step
    found = []
    for child in items_of(course, step):
        is_out = child.kind.is_leaf and child.status is not Status.WAITING
        if not child.status.ended and not is_out:  # one that is executed waits for its outcome
            below = replace(place, id=child.id, name=child.name, parent=step.id)
            child = course.visit(below, child.memo["call"])  # type: ignore[arg-type] # kept by us
        found.append(child)
    if not all(child.status.ended for child in found):
        return step
    bad = [child for child in found if child.status in UNSUCCESSFUL]
    if not bad:
        return course.end(step, Status.SUCCEEDED)
    worst = next((child for child in bad if child.status is Status.ERROR), bad[0])
    said = f"{len(bad)} of {len(found)} did not succeed; {worst.name}: {_sentence(worst)}"
    return course.end(step, worst.status, course.because(Code.STEP_FAILED, said))


def _sentence(step: Step) -> str:
    return step.reason.sentence if step.reason else step.status


def _hooks_done(
    course: Course,
    place: Place,
    step: Step,
    definition: Fields,
    document: str,
    known: Variables,
) -> bool:
    if not definition.get("hooks") and not definition.get("onExit"):
        return True
    told = items_of(course, step) if is_loop(step) else [step]
    name = str(definition["name"])
    done = [
        hooks.tell(
            course,
            one,
            definition,
            document,
            known.also(hooks.of_told(place.prefix, name, one)),
            place.prefix,
        )
        for one in told
    ]
    return all(done)


def outputs(
    course: Course, step: Step, definition: Fields, document: str, prefix: str
) -> dict[str, object]:
    """What others may name of a unit that has ended."""
    name = str(definition["name"])
    found = variables.of_step(prefix, name, step)
    if is_loop(step):
        return found | variables.of_loop(prefix, name, items_of(course, step))
    if step.status is Status.SKIPPED:
        with contextlib.suppress(Mistake):  # named by a variable: nothing of it can be asked for
            found |= variables.of_skipped(prefix, name, course.book.called(definition, document))
    return found
