"""One look at a run: every step that can go on goes on, as far as it can without the outside.

The floor that `stepping` (steps), `tasks` (dag), `attempts` (retries) and `hooks` stand on: it
knows how a step begins, is held back and ends, and not in which order steps come. No I/O; `now`
is given; the same run gives the same answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Run, Step
from towpath.runner import durations, leaves, substitution, texts, variables
from towpath.runner.book import Book, Fields, Template
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables

MAX_STEPS = 20_000
MAX_DEPTH = 50
TO_STOP = timedelta(minutes=2)

UNSUCCESSFUL = frozenset({Status.FAILED, Status.ERROR, Status.TERMINATED})
_BEGUN = frozenset({Status.PENDING, Status.RUNNING, Status.SUSPENDED, Status.TERMINATING})
_EXECUTED = frozenset({Kind.CONTAINER, Kind.SCRIPT, Kind.HTTP})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands: its id and name, what holds it, and as what others name it.

    `prefix` is `steps` or `tasks`. `always`: part of an exit handler, which runs whatever happens.
    `hook`: told of another step, and no part of what is counted.
    """

    id: str
    name: str
    parent: str = ""
    prefix: str = ""
    always: bool = False
    hook: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """Why everything that runs must end now, and as what."""

    status: Status
    reason: reasons.Reason


@dataclass
class Course:
    """The run while it is looked at. `proceed` are the ways on, by the kind of a step."""

    run: Run
    book: Book
    now: datetime
    proceed: Mapping[Kind, Callable[["Course", Step, Template], None]]
    ending: Ending | None = None
    steps: dict[str, Step] = field(init=False)
    outputs: dict[str, str] = field(init=False)
    extra: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = dict(self.run.steps)
        self.outputs = dict(self.run.outputs)
        self._children: dict[str, list[str]] = {}
        for step in self.steps.values():
            self._children.setdefault(step.parent, []).append(step.id)
        self.active = sum(1 for step in self.steps.values() if _is_active(step))
        self.ended = 0

    # What is known

    @cached_property
    def _fixed(self) -> dict[str, object]:
        return variables.of_workflow(self.run, self.book, self.now)

    @property
    def known(self) -> Variables:
        """What may be named anywhere. Raises `Mistake`."""
        outputs = {f"workflow.outputs.parameters.{k}": v for k, v in self.outputs.items()}
        return Variables({**self._fixed, "workflow.status": "Running", **outputs, **self.extra})

    def inside(self, step: Step) -> Variables:
        """What may be named in the template of a step that has begun."""
        more = variables.of_inputs(step.inputs) | {"node.name": self.node_name(step.id)}
        called = step.memo.get("as")
        if isinstance(called, list):
            more[f"{called[0]}.name"] = called[1]
        return self.known.also(more)

    def node_name(self, step: str) -> str:
        """A step's name as Argo makes it, which begins with the workflow's."""
        root = texts.of(self._fixed["workflow.mainEntrypoint"])
        start = texts.of(self._fixed["workflow.name"])
        return start + step.removeprefix(root) if step.startswith(root) else step

    def children(self, parent: str) -> list[Step]:
        """The steps directly below, in the order in which they were named."""
        return [self.steps[step] for step in self._children.get(parent, ())]

    def template(self, step: Step) -> Template:
        """The template of a step that has begun. Raises `Mistake`."""
        call: Fields = step.memo["call"]  # type: ignore[assignment] # as `name` keeps it
        return self.book.called(call, str(call["document"]))

    # How a step changes

    def keep(self, step: Step) -> Step:
        """Take the step as it is now."""
        before = self.steps.get(step.id)
        if before is None:
            self._children.setdefault(step.parent, []).append(step.id)
            self.active += _is_active(step)
        else:
            self.active += _is_active(step) - _is_active(before)
        self.steps[step.id] = step
        return step

    def end(
        self,
        step: Step,
        status: Status,
        reason: reasons.Reason | None = None,
        outputs: Mapping[str, str] | None = None,
    ) -> Step:
        """The step is over; everything below it that has not ended is left out."""
        self.ended += 1
        for child in self.children(step.id):
            if not child.status.ended:
                self.end(child, Status.SKIPPED, self.because(Code.NOT_REACHED, "not reached"))
        if status in UNSUCCESSFUL | {Status.SKIPPED} and reason is None:
            reason = self.because(Code.STEP_FAILED, "a step below did not succeed")
        ended = replace(
            step,
            status=status,
            reason=reason,
            ended_at=self.now,
            until=None,
            outputs=step.outputs if outputs is None else outputs,
            memo={k: v for k, v in step.memo.items() if k in _KEPT},
        )
        return self.keep(ended)

    def wrong(self, step: Step, problem: Mistake) -> Step:
        """The step cannot be done as it is written."""
        if step.status is Status.ERROR:
            return step
        return self.end(step, Status.ERROR, self.because(Code.STEP_ERROR, str(problem)))

    def because(self, code: Code, sentence: str, **data: object) -> reasons.Reason:
        """A reason that holds from now on."""
        return reasons.Reason(code, sentence, data, self.now)

    def because_of(self, step: Step) -> reasons.Reason:
        """What holds a step did not succeed for the sake of that one."""
        said = step.reason.sentence if step.reason else f"it {step.status}"
        return self.because(Code.STEP_FAILED, f"{step.name}: {said}")

    def announce(self, place: Place, kind: Kind, template: str = "") -> Step:
        """A step that will be reached, shown before it is; as it is if it is known."""
        return self.steps.get(place.id) or self.keep(_waiting(place, kind, template))

    # How a step begins and goes on

    def visit(self, place: Place, call: Fields) -> Step:
        """Let the step go on as far as it can; begin it if nothing holds it back."""
        step = self.steps.get(place.id)
        if step is not None and step.status.ended:
            return step
        try:
            if step is None or step.status is Status.WAITING:
                return self._begin(place, call, step)
            return self.go_on(step)
        except Mistake as problem:
            return self.wrong(self.steps.get(place.id) or _waiting(place, Kind.GROUP, ""), problem)

    def go_on(self, step: Step) -> Step:
        """Let a step that has begun go on. Raises `Mistake`."""
        if step.kind in self.proceed:
            self.proceed[step.kind](self, step, self.template(step))
        return self.steps[step.id]

    def _begin(self, place: Place, call: Fields, step: Step | None) -> Step:
        template = self.book.called(call, str(call["document"]))
        ahead = replace(
            step or _waiting(place, template.kind, template.name),
            kind=template.kind,
            template=template.name or str(call.get("template") or ""),
        )
        if self.ending and not place.always:
            why = self.because(Code.NOT_REACHED, "the run ends before it")
            return self.end(ahead, Status.SKIPPED, why)
        if self._fails_fast(place):
            why = self.because(Code.NOT_REACHED, "another step failed, and the template fails fast")
            return self.end(ahead, Status.SKIPPED, why)
        if self._is_held(place, template.kind):
            return self.keep(replace(ahead, memo={**ahead.memo, "call": call}))
        self._check_room(place)
        given = {k: v for k, v in (call.get("given") or {}).items() if v is not None}
        memo = {**ahead.memo, "call": call}
        if call.get("as"):
            memo["as"] = [place.prefix, call["as"]]
        begun = replace(
            ahead,
            inputs=variables.inputs(template, given, self.known),
            started_at=self.now,
            memo=memo,
        )
        if self.retry_strategy(template) is not None:
            return self.go_on(self.keep(replace(begun, kind=Kind.RETRY, status=Status.RUNNING)))
        return self.open(begun, template, {})

    def open(self, step: Step, template: Template, more: Mapping[str, object]) -> Step:
        """Begin the work of a template: execute it, wait for it, or go into it."""
        known = self.inside(step).also(more)
        if step.kind in _EXECUTED:
            return self._execute(step, template, known)
        if step.kind is Kind.SUSPEND:
            return self._suspend(step, template, known)
        return self.go_on(self.keep(replace(step, status=Status.RUNNING)))

    def _execute(self, step: Step, template: Template, known: Variables) -> Step:
        known = known.also({"pod.name": leaves.pod_name(self.node_name(step.id))})
        work = leaves.resolve(template, step.inputs, known)
        timeout = template.fields.get("timeout")
        until = self.now + durations.parse(substitution.fill(timeout, known)) if timeout else None
        limit: Any = step.memo.get("no_later")
        if limit is not None:
            latest = datetime.fromisoformat(limit)
            until = min(until, latest) if until else latest
        if until is not None and until <= self.now:
            why = self.because(Code.TIMED_OUT, "no time is left for it")
            return self.end(step, Status.FAILED, why)
        memo = {**step.memo, "work": work}
        return self.keep(replace(step, status=Status.PENDING, until=until, memo=memo))

    def _suspend(self, step: Step, template: Template, known: Variables) -> Step:
        duration = template.fields["suspend"].get("duration")
        until = None
        if duration not in (None, ""):
            until = self.now + durations.parse(substitution.fill(duration, known))
        work = leaves.supplied(template, step.inputs)
        if until is not None and until <= self.now:
            outputs = leaves.resumed(work, {})
            self.publish(template, outputs)
            return self.end(step, Status.SUCCEEDED, outputs=outputs)
        sentence = f"waits until {variables.moment(until)}" if until else "waits to be resumed"
        why = self.because(Code.WORKFLOW_SUSPENDED, sentence)
        memo = {**step.memo, "work": work}
        return self.keep(replace(step, status=Status.SUSPENDED, until=until, memo=memo, reason=why))

    def retry_strategy(self, template: Template) -> Fields | None:
        """How often the template is tried again: its own, else the workflow's."""
        own: Fields | None = template.fields.get("retryStrategy")
        return own if own is not None else self.book.spec.get("retryStrategy")

    # What holds a step back

    def boundary(self, parent: str) -> Step | None:
        """The steps or dag that a step belongs to."""
        step = self.steps.get(parent)
        while step is not None and step.kind not in (Kind.STEPS, Kind.DAG):
            step = self.steps.get(step.parent)
        return step

    def _is_held(self, place: Place, kind: Kind) -> bool:
        most = self.book.spec.get("parallelism")
        if most is not None and kind in _EXECUTED and self.active >= _number(most, self.known):
            return True
        boundary = self.boundary(place.parent)
        limit = self._limit(boundary) if boundary else None
        return limit is not None and boundary is not None and self._busy(boundary.id) >= limit

    def _limit(self, boundary: Step) -> int | None:
        limit = self.template(boundary).fields.get("parallelism")
        return None if limit is None else _number(limit, self.inside(boundary))

    def _busy(self, parent: str) -> int:
        """How many steps of a steps or dag are under way; what only holds steps is looked into."""
        return sum(
            self._busy(child.id) if child.kind is Kind.GROUP else child.status in _BEGUN
            for child in self.children(parent)
        )

    def _fails_fast(self, place: Place) -> bool:
        boundary = self.boundary(place.parent)
        return boundary is not None and self.failed_fast(boundary) is not None

    def failed_fast(self, boundary: Step) -> Step | None:
        """For which step a steps or dag that fails fast fails, whatever may go on over that."""
        if "always" in boundary.memo or not self.template(boundary).fields.get("failFast"):
            return None
        within = self._within(boundary.id)
        return next((step for step in within if step.status in UNSUCCESSFUL), None)

    def _within(self, parent: str) -> Iterable[Step]:
        for child in self.children(parent):
            if child.kind is Kind.GROUP:
                yield from self._within(child.id)
            else:
                yield child

    def _check_room(self, place: Place) -> None:
        if len(self.steps) > MAX_STEPS:
            raise Mistake(f"a run of more than {MAX_STEPS} steps is not done here")
        depth, step = 0, self.steps.get(place.parent)
        while step is not None:
            depth += step.kind in (Kind.STEPS, Kind.DAG)
            step = self.steps.get(step.parent)
        if depth > MAX_DEPTH:
            raise Mistake(f"templates that call each other more than {MAX_DEPTH} deep")

    # Outputs

    def publish(self, template: Template, outputs: Mapping[str, str]) -> None:
        """Make outputs with a `globalName` known everywhere."""
        for parameter in template.outputs:
            name = parameter.get("globalName")
            value = outputs.get(f"{variables.PARAMETER}{parameter['name']}")
            if name and value is not None:
                self.outputs[texts.of(name)] = value


_KEPT = ("always", "hook", "loop")
"""What of a step's memo is of use once it has ended."""


def _number(limit: object, known: Variables) -> int:
    filled = texts.of(substitution.fill(limit, known))
    if not filled.isdecimal() or int(filled) < 1:
        raise Mistake(f"parallelism is `{filled}`, and not a number above zero")
    return int(filled)


def _is_active(step: Step) -> bool:
    return step.kind in _EXECUTED and step.status in _BEGUN


def _waiting(place: Place, kind: Kind, template: str) -> Step:
    memo = {mark: True for mark in ("always", "hook") if getattr(place, mark)}
    return Step(place.id, place.name, kind, template, place.parent, memo=memo)


def call_of(definition: Fields, document: str, known: Variables) -> dict[str, Any]:
    """A step's or task's call, filled in: what it names, and the arguments it is given.

    An argument that is only the output of a skipped step is not given. Raises `Mistake`.
    """
    call: dict[str, Any] = {"document": document}
    for name in ("template", "templateRef"):
        if definition.get(name) is not None:
            call[name] = substitution.fill(definition[name], known)
    if definition.get("inline") is not None:
        call["inline"] = definition["inline"]
    given = {}
    for parameter in (definition.get("arguments") or {}).get("parameters") or []:
        name = str(parameter["name"])
        given[name] = _argument(parameter, known)
    call["given"] = given
    return call


def _argument(parameter: Fields, known: Variables) -> str | None:
    value = parameter.get("value")
    if value is None:
        value = parameter.get("default")
    if value is None:
        return _from_source(parameter, known)
    text = texts.of(value)
    reference = substitution.only_reference(text)
    if reference in known.flat and known.flat[reference] is None:
        return None
    return substitution.fill_text(text, known)


def _from_source(parameter: Fields, known: Variables) -> str | None:
    source = parameter.get("valueFrom") or {}
    if source.get("expression") is not None:
        value = leaves.computed(source, known)
        return None if value is None else texts.of(value)
    return None


def unsuccessful(course: Course, step: Step, definition: Fields) -> bool:
    """Whether the step, or one of its loop, did not succeed, and others must not go on over it."""
    if "loop" in step.memo:
        return any(unsuccessful(course, child, definition) for child in course.children(step.id))
    if step.status not in UNSUCCESSFUL:
        return False
    over: Fields = definition.get("continueOn") or {}
    return not (over.get("error") if step.status is Status.ERROR else over.get("failed"))


def is_loop(step: Step) -> bool:
    """Whether the step holds the steps of a loop."""
    return "loop" in step.memo
