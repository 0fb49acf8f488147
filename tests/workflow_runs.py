"""Workflows written in a test, run as far as wished: with outcomes of our own, or for real."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from towpath.domain import catalog, reasons
from towpath.domain.status import Status
from towpath.domain.workflow import Kind, Manifest, Run, Step
from towpath.manifests import documents, values
from towpath.ports.runner import Outcome, Progress
from towpath.runner import LocalRunner

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN_ID = UUID("0198c0de-0000-7000-8000-000000000001")
Answer = Outcome | str | int
"""What a leaf is said to do: put out a result, exit with a code, or anything."""


def manifest(text: str) -> Manifest:
    """The manifest of a file's documents; the first is run."""
    read, problems = documents.read("workflow.yaml", textwrap.dedent(text).encode())
    assert not problems, problems
    found: dict[str, Mapping[str, object]] = {}
    origins: dict[str, Mapping[str, catalog.Origin]] = {}
    for document in read:
        plain, wrong = values.plain(document)
        assert not wrong, wrong
        name = document.name or f"document-{len(found)}"
        found[name], origins[name] = plain, dict(document.places())
    return Manifest(next(iter(found)), found, origins)


def workflow(spec: str) -> Manifest:
    """A workflow of this spec."""
    body = textwrap.indent(textwrap.dedent(spec), "  ")
    return manifest(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: example}\nspec:\n"
        + body
    )


def new_run(of: Manifest, **arguments: str) -> Run:
    """A run that has not begun."""
    return Run(RUN_ID, of, arguments, created_at=NOON)


def outcome(answer: Answer) -> Outcome:
    """The outcome of a leaf that puts out a result, or exits with a code."""
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, str):
        return Outcome(Status.SUCCEEDED, None, {"result": answer, "exitCode": "0"})
    if answer == 0:
        return Outcome(Status.SUCCEEDED, None, {"result": "", "exitCode": "0"})
    why = reasons.Reason(reasons.Code.STEP_FAILED, f"exit code {answer}")
    return Outcome(Status.FAILED, why, {"result": "", "exitCode": str(answer)})


class Play:
    """A run that a test moves: it says what became of leaves, and how much time has passed."""

    def __init__(self, of: Manifest, runner: LocalRunner | None = None, **arguments: str) -> None:
        self.runner = runner or LocalRunner()
        self.now = NOON
        self.progress = Progress(new_run(of, **arguments))
        self.executed: list[str] = []
        self.look()

    @property
    def run(self) -> Run:
        return self.progress.run

    @property
    def due(self) -> list[str]:
        """The names of the leaves that are to be executed now."""
        return [self.run.steps[step].name for step in self.progress.due]

    def step(self, name: str) -> Step:
        """The one step of that name."""
        (found,) = [step for step in self.run.steps.values() if step.name == name]
        return found

    def status(self, name: str) -> str:
        return self.step(name).status.value

    def look(self, outcomes: Mapping[str, Outcome] | None = None) -> None:
        """Advance, and see that asking again changes nothing."""
        self.progress = self.runner.advance(self.run, outcomes or {}, self.now)
        assert self.runner.advance(self.run, {}, self.now) == self.progress

    def begin(self, *names: str) -> None:
        """Leaves are executed from now on."""
        begun = [
            replace(self.run.steps[s], status=Status.RUNNING, attempt=1, started_at=self.now)
            for s in self.progress.due
            if self.run.steps[s].name in names
        ]
        self.progress = replace(self.progress, run=self.run.with_steps(begun))
        self.look()

    def end(self, **answers: Answer) -> None:
        """Leaves end: by name, `-` written as `_`."""
        by_name = {name.replace("_", "-"): outcome(answer) for name, answer in answers.items()}
        unended = {
            s.name.replace("_", "-"): s for s in self.run.steps.values() if not s.status.ended
        }
        self.look({unended[name].id: one for name, one in by_name.items()})

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)
        self.look()

    def stop(self) -> None:
        """A person stops the run."""
        why = reasons.Reason(reasons.Code.TERMINATED_BY, "stopped by ada")
        self.progress = replace(self.progress, run=replace(self.run, stopping=why))
        self.look()

    def through(self, answer: Callable[[Step], Answer] = lambda step: "") -> "Play":
        """To the end, every leaf ending as told."""
        while not self.run.status.ended:
            assert self.progress.due, self.run
            due = [self.run.steps[step] for step in self.progress.due]
            self.executed += [step.name for step in due]
            self.look({step.id: outcome(answer(step)) for step in due})
        return self


def by_name(**answers: Answer) -> Callable[[Step], Answer]:
    """An answer for each leaf that is named (`-` written as `_`), and success for the others."""
    return lambda step: answers.get(step.name.replace("-", "_"), "")


def command(step: Step) -> str:
    """What a leaf is to execute, as one line."""
    work = step.memo["work"]
    assert isinstance(work, dict)
    return " ".join([*work["command"], *work["args"]])


def simulated(step: Step) -> Outcome:
    """What a leaf does in a test: `echo` puts out its arguments, `fail N` exits with N.

    Outputs by path hold the step's name, and an answer to a request its address.
    """
    work = step.memo["work"]
    assert isinstance(work, dict)
    if step.kind is Kind.HTTP:
        return Outcome(Status.SUCCEEDED, None, {"result": work["url"]})
    program, *words = [*work["command"], *work["args"], work.get("source", "")]
    if program == "fail":
        return outcome(int(words[0]) if words[0].isdecimal() else 1)
    found = {"exitCode": "0", "result": " ".join(word for word in words if word)}
    for one in work["outputs"]:
        found[f"parameters.{one['name']}"] = one.get("value") or f"{one['name']} of {step.name}"
    return Outcome(Status.SUCCEEDED, None, found)


def simulate(of: Manifest, **arguments: str) -> "Trace":
    """Play a run to its end, one leaf at a time, time passing only where nothing else is to do."""
    play = Play(of, **arguments)
    done: list[tuple[float, str, object]] = []
    while not play.run.status.ended:
        if play.progress.due:
            step = play.run.steps[play.progress.due[0]]
            until = step.until and (step.until - NOON).total_seconds()
            done.append(((play.now - NOON).total_seconds(), step.id, (step.memo["work"], until)))
            play.look({step.id: simulated(step)})
        elif play.progress.again_at:
            play.now = play.progress.again_at
            play.look()
        else:
            held = [s for s in play.run.steps.values() if s.status is Status.SUSPENDED]
            play.look({s.id: Outcome(Status.SUCCEEDED, None, GIVEN) for s in held})
    return Trace(play.run, done)


GIVEN = {"parameters.word": "given"}


@dataclass(frozen=True)
class Trace:
    """All that can be seen of a run that was played."""

    run: Run
    done: list[tuple[float, str, object]]

    @property
    def seen(self) -> object:
        """What two runs are compared by."""
        statuses = {step.id: (step.status, step.inputs) for step in self.run.steps.values()}
        return self.run.status, self.run.outputs, statuses, self.done
