"""`steps`: lines of steps, one line after the other, the steps of a line side by side."""

from dataclasses import replace

from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Step
from towpath.runner import leaves, units
from towpath.runner.book import Fields, Template
from towpath.runner.course import Course, Place, unsuccessful
from towpath.runner.substitution import Variables

PREFIX = "steps"


def proceed(course: Course, step: Step, template: Template) -> None:
    """Let the lines go on, in order. Raises `Mistake`."""
    lines = [_line(step, index, line) for index, line in enumerate(template.fields[PREFIX])]
    for place, definitions in lines:
        _announce(course, place, definitions, template.document)
    known = course.inside(step)
    for place, definitions in lines:
        line = _go_on(course, place, definitions, template.document, known)
        if not line.status.ended:
            return
        if line.status is not Status.SUCCEEDED:
            course.end(step, Status.FAILED, line.reason)
            return
        known = known.also(_outputs(course, place, definitions, template.document))
    failed = course.failed_fast(step)
    if failed is not None:
        course.end(step, Status.FAILED, course.because_of(failed))
        return
    known = known.also({f"workflow.outputs.parameters.{k}": v for k, v in course.outputs.items()})
    outputs = leaves.gathered(template, known)
    course.publish(template, outputs)
    course.end(step, Status.SUCCEEDED, outputs=outputs)


Line = tuple[Place, list[Fields]]


def _line(step: Step, index: int, line: object) -> Line:
    place = Place(f"{step.id}[{index}]", f"[{index}]", step.id, PREFIX, "always" in step.memo)
    return place, line if isinstance(line, list) else [line]  # type: ignore[list-item] # a map


def _unit(line: Place, definition: Fields) -> Place:
    name = str(definition["name"])
    return replace(line, id=f"{line.id}.{name}", name=name, parent=line.id)


def _announce(course: Course, line: Place, definitions: list[Fields], document: str) -> None:
    if line.id not in course.steps:
        course.announce(line, Kind.GROUP)
        for definition in definitions:
            units.announce(course, _unit(line, definition), definition, document)


def _go_on(
    course: Course, place: Place, definitions: list[Fields], document: str, known: Variables
) -> Step:
    line = course.steps[place.id]
    if line.status.ended:
        return line
    if line.status is Status.WAITING:
        line = course.keep(replace(line, status=Status.RUNNING, started_at=course.now))
    visited = [
        (definition, *units.visit(course, _unit(place, definition), definition, document, known))
        for definition in definitions
    ]
    if not all(done for _, _, done in visited):
        return line
    for definition, step, _ in visited:
        if unsuccessful(course, step, definition) or _was_left_out(step):
            return course.end(line, Status.FAILED, course.because_of(step))
    return course.end(line, Status.SUCCEEDED)


def _was_left_out(step: Step) -> bool:
    """Whether the step was not begun because the run ends, or another step failed."""
    return (
        step.status is Status.SKIPPED
        and step.reason is not None
        and step.reason.code is Code.NOT_REACHED
    )


def _outputs(
    course: Course, place: Place, definitions: list[Fields], document: str
) -> dict[str, object]:
    found: dict[str, object] = {}
    for definition in definitions:
        step = course.steps[_unit(place, definition).id]
        found |= units.outputs(course, step, definition, document, PREFIX)
    return found
