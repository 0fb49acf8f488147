"""`dag`: tasks that run as soon as what they depend on has ended as asked."""

from collections.abc import Mapping

from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Step
from towpath.runner import dependencies, leaves, substitution, texts, units, variables
from towpath.runner.book import Fields, Template
from towpath.runner.course import UNSUCCESSFUL, Course, Place, is_loop, unsuccessful
from towpath.runner.mistakes import Mistake
from towpath.runner.substitution import Variables

PREFIX = "tasks"


def proceed(course: Course, step: Step, template: Template) -> None:
    """Let every task go on that may. Raises `Mistake`."""
    dag: Fields = template.fields["dag"]
    known = course.inside(step)
    target = substitution.fill_text(texts.of(dag.get("target") or ""), known)
    run, targets = dependencies.wanted(dag[PREFIX], target)
    unknown = [name for name in targets if name not in run]
    if unknown:
        raise Mistake(f"the target `{unknown[0]}` is no task of the dag")
    ordered = [t for t in dependencies.in_order(dag[PREFIX]) if str(t["name"]) in run]
    look = _Look(course, step, template.document, {str(t["name"]): t for t in ordered}, known)
    for task in ordered:
        look.announce(task)
    for task in ordered:
        look.visit(task)
    fails_fast = dag.get("failFast") is not False
    if not look.done < run or (fails_fast and look.is_held and look.failed(targets)):
        _finish(look, template, targets)


def _finish(look: "_Look", template: Template, targets: list[str]) -> None:
    course, step = look.course, look.step
    culprit = look.failed(targets)
    if culprit:
        failed = Status.ERROR if culprit.status is Status.ERROR else Status.FAILED
        course.end(step, failed, course.because_of(culprit))
        return
    fast = course.failed_fast(step)
    if fast:
        course.end(step, Status.FAILED, course.because_of(fast))
        return
    known = look.known
    for name in look.tasks:
        known = known.also(look.outputs(name))
    known = known.also({f"workflow.outputs.parameters.{k}": v for k, v in course.outputs.items()})
    outputs = leaves.gathered(template, known)
    course.publish(template, outputs)
    course.end(step, Status.SUCCEEDED, outputs=outputs)


class _Look:
    """The tasks of one dag, while they are looked at in order."""

    def __init__(
        self,
        course: Course,
        step: Step,
        document: str,
        tasks: Mapping[str, Fields],
        known: Variables,
    ) -> None:
        self.course, self.step, self.document = course, step, document
        self.tasks, self.known = tasks, known
        self.done: set[str] = set()
        self._ancestors: dict[str, dict[str, None]] = {}

    def _place(self, name: str) -> Place:
        step = self.step
        return Place(f"{step.id}.{name}", name, step.id, PREFIX, "always" in step.memo)

    def task_step(self, name: str) -> Step:
        return self.course.steps[self._place(name).id]

    def announce(self, task: Fields) -> None:
        place = self._place(str(task["name"]))
        if place.id not in self.course.steps:
            units.announce(self.course, place, task, self.document)

    def visit(self, task: Fields) -> None:
        name = str(task["name"])
        needs = dependencies.names(task)
        self._ancestors[name] = {}
        for need in needs:
            self._ancestors[name] |= self._ancestors.get(need, {}) | {need: None}
        if not all(need in self.done for need in needs):
            return
        place = self._place(name)
        step = self.course.steps[place.id]
        if step.status is Status.WAITING and "call" not in step.memo:
            step = self._decide(task, step)
        if step.status is Status.SKIPPED and variables.is_omitted(step):
            self.done.add(name)
            return
        known = self.known
        for ancestor in self._ancestors[name]:
            known = known.also(self.outputs(ancestor))
        _, done = units.visit(self.course, place, task, self.document, known)
        if done:
            self.done.add(name)

    def _decide(self, task: Fields, step: Step) -> Step:
        results = {need: self._result(need) for need in dependencies.names(task)}
        try:
            if dependencies.holds(task, self.tasks, results):
                return step
        except Mistake as problem:
            return self.course.wrong(step, problem)
        said = "what it depends on did not end as it asks"
        return self.course.end(step, Status.SKIPPED, self.course.because(Code.NOT_REACHED, said))

    def _result(self, name: str) -> dict[str, bool]:
        step = self.task_step(name)
        phase = variables.phase(step)
        each = units.items_of(self.course, step) if is_loop(step) else []
        phases = [variables.phase(child) for child in each]
        return {
            "Succeeded": phase == "Succeeded",
            "Failed": phase == "Failed",
            "Errored": phase == "Error",
            "Skipped": phase == "Skipped",
            "Omitted": phase == "Omitted",
            "Daemoned": False,
            "AnySucceeded": "Succeeded" in phases,
            "AllFailed": bool(phases) and set(phases) == {"Failed"},
        }

    def outputs(self, name: str) -> dict[str, object]:
        return units.outputs(
            self.course, self.task_step(name), self.tasks[name], self.document, PREFIX
        )

    @property
    def is_held(self) -> bool:
        """Whether no task is under way: those that have not begun are held back."""
        steps = [self.task_step(name) for name in self.tasks if name not in self.done]
        return all(step.status is Status.WAITING for step in steps)

    def failed(self, targets: list[str]) -> Step | None:
        """The task for which the dag does not succeed, if there is one."""
        branches = self._branches()
        for name in targets:
            culprit = branches[name]
            if culprit.status in UNSUCCESSFUL and self._counts(name, culprit):
                return culprit
        return None

    def _branches(self) -> dict[str, Step]:
        """What each task ended as; one that was left out, as the worst before it."""
        found: dict[str, Step] = {}
        for name, task in self.tasks.items():
            step = self.task_step(name)
            before = [found[need] for need in dependencies.names(task)]
            bad = [one for one in before if one.status in UNSUCCESSFUL]
            found[name] = bad[0] if step.status is Status.SKIPPED and bad else step
        return found

    def _counts(self, name: str, culprit: Step) -> bool:
        step = self.task_step(name)
        if step.status is Status.SKIPPED:
            over: Fields = self.tasks[name].get("continueOn") or {}
            return not (over.get("error") if culprit.status is Status.ERROR else over.get("failed"))
        return unsuccessful(self.course, step, self.tasks[name])
