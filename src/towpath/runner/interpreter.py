"""What a run does next: outcomes and time taken in, everything that can go on goes on.

Pure. The order of work: take in what came from outside, end what must end, let the entrypoint go
on, then what is told of its end, and then say what to execute.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from towpath.domain import catalog, reasons, status
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Run, Step
from towpath.ports.runner import Outcome, Progress
from towpath.runner import attempts, hooks, leaves, stepping, tasks, texts, variables
from towpath.runner.book import Book, Fields
from towpath.runner.course import TO_STOP, UNSUCCESSFUL, Course, Ending, Place
from towpath.runner.mistakes import Mistake

_PROCEED = {
    Kind.STEPS: stepping.proceed,
    Kind.DAG: tasks.proceed,
    Kind.RETRY: attempts.proceed,
}
_EXECUTED = (Kind.CONTAINER, Kind.SCRIPT, Kind.HTTP)


def refused(run: Run, problems: Sequence[catalog.Problem], now: datetime) -> Progress:
    """The end of a run that cannot be run here, which names why and where."""
    first, more = problems[0], len(problems) - 1
    sentence = f"{first.origin}: {first.message}" + (f" (and {more} more)" if more else "")
    why = reasons.Reason(
        Code.UNSUPPORTED, sentence, {"problems": [str(problem) for problem in problems]}, now
    )
    return Progress(replace(run, status=Status.ERROR, reason=why, ended_at=now))


def advance(run: Run, outcomes: Mapping[str, Outcome], now: datetime) -> Progress:
    """The run as far as it can go now."""
    if run.status.ended:
        return Progress(run)
    if run.started_at is None and run.stopping:
        return Progress(_ended(run, Status.TERMINATED, run.stopping, now))
    run = run if run.started_at else replace(run, started_at=now, status=Status.RUNNING)
    book = Book(run.manifest)
    course = Course(run, book, now, _PROCEED)
    try:
        course.ending = _ending(course)
        _take_in(course, outcomes)
        _end_what_must(course)
        return _progress(course, _go_on(course))
    except Mistake as problem:
        why = reasons.Reason(Code.STEP_ERROR, str(problem), since=now)
        return Progress(_ended(_kept(course), Status.ERROR, why, now))


def _ending(course: Course) -> Ending | None:
    """Whether the whole run must end: it was asked to, or its time is over."""
    run = course.run
    if run.stopping:
        return Ending(Status.TERMINATED, run.stopping)
    deadline = _deadline(course)
    if deadline and course.now >= deadline:
        said = f"the workflow ran longer than {course.book.spec['activeDeadlineSeconds']} seconds"
        return Ending(Status.FAILED, reasons.Reason(Code.TIMED_OUT, said, since=deadline))
    return None


def _deadline(course: Course) -> datetime | None:
    seconds = course.book.spec.get("activeDeadlineSeconds")
    began = course.run.started_at
    if seconds is None or began is None:
        return None
    try:
        return began + timedelta(seconds=float(texts.of(seconds)))
    except (ValueError, OverflowError):
        raise Mistake(f"activeDeadlineSeconds is `{texts.of(seconds)}`, and not a number") from None


def _take_in(course: Course, outcomes: Mapping[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        step = course.steps.get(name)
        if step is not None and step.kind.is_leaf and not step.status.ended:
            _take(course, step, outcome)


def _take(course: Course, step: Step, outcome: Outcome) -> None:
    outputs = outcome.outputs
    if step.status is Status.TERMINATING:
        course.end(step, _asked_end(step), _stopped(step, outcome), outputs)
        return
    if step.kind is Kind.SUSPEND and outcome.status is Status.SUCCEEDED:
        _resume(course, step, outputs)
        return
    if step.status is Status.WAITING or not outcome.status.ended:
        return
    if outcome.status is Status.SUCCEEDED:
        course.publish(course.template(step), outputs)
    course.end(step, outcome.status, outcome.reason, outputs)


def _resume(course: Course, step: Step, given: Mapping[str, str]) -> None:
    try:
        outputs = leaves.resumed(step.memo["work"], given)  # type: ignore[arg-type] # kept by us
    except Mistake as problem:
        course.wrong(step, problem)
        return
    course.publish(course.template(step), outputs)
    course.end(step, Status.SUCCEEDED, outputs=outputs)


def _stopped(step: Step, outcome: Outcome) -> reasons.Reason | None:
    """Why it was stopped, and what whoever stopped it has to say of what may still run."""
    if step.reason and outcome.reason and outcome.reason.advice:
        return replace(step.reason, advice=outcome.reason.advice)
    return step.reason


def _asked_end(step: Step) -> Status:
    return Status(str(step.memo.get("ending", Status.TERMINATED)))


def _end_what_must(course: Course) -> None:
    for step in [step for step in course.steps.values() if step.kind.is_leaf]:
        if step.status.ended or step.status is Status.WAITING:
            continue
        overdue = step.until is not None and course.now >= step.until
        if step.status is Status.TERMINATING:
            if overdue:
                course.end(step, _asked_end(step), _unstoppable(step))
        elif course.ending and "always" not in step.memo:
            _stop(course, step, course.ending)
        elif overdue and step.kind is Kind.SUSPEND:
            _resume(course, step, {})
        elif overdue:
            why = course.because(Code.TIMED_OUT, "it took longer than its timeout")
            _stop(course, step, Ending(Status.FAILED, why))


def _stop(course: Course, step: Step, ending: Ending) -> None:
    if step.status is not Status.RUNNING:
        course.end(step, ending.status, ending.reason)
        return
    course.keep(
        replace(
            step,
            status=Status.TERMINATING,
            reason=ending.reason,
            until=course.now + TO_STOP,
            memo={**step.memo, "ending": str(ending.status)},
        )
    )


def _unstoppable(step: Step) -> reasons.Reason:
    said = step.reason.sentence if step.reason else "asked to stop"
    code = step.reason.code if step.reason else Code.TERMINATED_BY
    advice = "It did not end in time, and may still run."
    return reasons.Reason(code, said, since=step.until, advice=advice)


def _go_on(course: Course) -> tuple[Step, bool]:
    """Let everything go on until nothing ends any more: an end may free, or fail, what was held."""
    while True:
        before = course.ended
        went = _once(course)
        if course.ended == before:
            return went


def _once(course: Course) -> tuple[Step, bool]:
    """Let the entrypoint go on, and what is told of it. The root, and whether all has ended."""
    spec, document = course.book.spec, course.run.manifest.name
    entry = str(spec["entrypoint"])
    given = variables.arguments(course.run, course.book)
    call: Fields = {"document": document, "template": entry, "given": given}
    root = course.visit(Place(entry, entry), call)
    if not spec.get("hooks") and not spec.get("onExit"):
        return root, root.status.ended
    told = variables.phase(hooks.begun(root)).replace("Skipped", "Succeeded")
    course.extra = {"workflow.status": told, "workflow.failures": _failures(course)}
    try:
        done = hooks.tell(course, root, {**spec, "entrypoint": entry}, document, course.known, "")
    except Mistake as problem:
        return course.wrong(root, problem), True
    return root, root.status.ended and done


def _failures(course: Course) -> str:
    """The steps that did not succeed, as Argo tells exit handlers: JSON, quoted once more."""
    failed = [
        {
            "displayName": step.name,
            "message": step.reason.sentence if step.reason else "",
            "templateName": step.template,
            "phase": variables.phase(step),
            "podName": leaves.pod_name(course.node_name(step.id)),
            "finishedAt": variables.moment(step.ended_at) if step.ended_at else None,
        }
        for step in course.steps.values()
        if step.status in UNSUCCESSFUL
    ]
    return texts.as_json(texts.as_json(failed) if failed else "null")


def _progress(course: Course, went: tuple[Step, bool]) -> Progress:
    root, is_over = went
    run = _kept(course)
    if is_over:
        ended, why = _end(course, root)
        return Progress(_ended(run, ended, why, course.now))
    steps = list(course.steps.values())
    due = tuple(s.id for s in steps if s.kind in _EXECUTED and s.status is Status.PENDING)
    stop = tuple(s.id for s in steps if s.status is Status.TERMINATING)
    again = min(_moments(course, steps), default=None)
    return Progress(replace(run, status=_status(run, steps)), due, stop, again)


def _moments(course: Course, steps: Sequence[Step]) -> Iterator[datetime]:
    yield from (step.until for step in steps if step.until and not step.status.ended)
    deadline = _deadline(course)
    if deadline and course.now < deadline:
        yield deadline


def _status(run: Run, steps: Sequence[Step]) -> Status:
    """A run under way is as the leaves that are under way."""
    if run.stopping:
        return Status.TERMINATING
    under_way = [step.status for step in steps if step.kind.is_leaf and step.status.acting]
    return status.aggregate(under_way) if under_way else Status.RUNNING


def _end(course: Course, root: Step) -> tuple[Status, reasons.Reason | None]:
    """What became of the run: as its entrypoint, and a failed exit handler spoils a success."""
    if course.run.stopping:
        return Status.TERMINATED, course.run.stopping
    if course.ending and root.status in UNSUCCESSFUL:
        return course.ending.status, course.ending.reason
    exit_handler = course.steps.get(f"{root.id}.onExit")
    if root.status not in UNSUCCESSFUL:
        if exit_handler and exit_handler.status in UNSUCCESSFUL:
            return exit_handler.status, exit_handler.reason
        return Status.SUCCEEDED, None
    return root.status, root.reason


def _kept(course: Course) -> Run:
    return replace(course.run, steps=course.steps, outputs=course.outputs)


def _ended(run: Run, ended: Status, why: reasons.Reason | None, now: datetime) -> Run:
    """The run, over, with nothing left that has not ended."""
    left = reasons.Reason(Code.NOT_REACHED, "not reached", since=now)
    steps = [
        replace(step, status=Status.SKIPPED, reason=left, ended_at=now, until=None)
        for step in run.steps.values()
        if not step.status.ended
    ]
    return replace(run.with_steps(steps), status=ended, reason=why, ended_at=now)
