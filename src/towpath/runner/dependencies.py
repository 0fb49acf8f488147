"""What a task of a dag waits for: `dependencies`, or the logic of `depends`."""

import re
from collections.abc import Iterable, Iterator, Mapping

from towpath.runner import expressions
from towpath.runner.book import Fields
from towpath.runner.mistakes import Mistake

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned")
OF_LOOPS = ("AnySucceeded", "AllFailed")

_NAME = re.compile(r"([A-Za-z0-9_][-A-Za-z0-9_]*)(?:\.([A-Z][A-Za-z]+))?")


def names(task: Fields) -> list[str]:
    """The tasks that must have ended before, each once, in the order they are written."""
    if task.get("depends"):
        return list(dict.fromkeys(name for name, _ in asked(str(task["depends"]))))
    return list(dict.fromkeys(str(name) for name in task.get("dependencies") or []))


def asked(depends: str) -> Iterator[tuple[str, str]]:
    """The tasks that an expression names, each with the result asked for, or none."""
    for match in _NAME.finditer(depends):
        yield match[1], match[2] or ""


def holds(
    task: Fields, by_name: Mapping[str, Fields], results: Mapping[str, Mapping[str, bool]]
) -> bool:
    """Whether a task runs, now that what it depends on has ended. Raises `Mistake`."""
    depends = str(task.get("depends") or "")
    if not depends:
        depends = " && ".join(names(task))
    if not depends:
        return True
    values: dict[str, object] = {}
    logic = _NAME.sub(lambda match: _variable(match, by_name, results, values), depends)
    return expressions.evaluate_truth(logic, values)


def _variable(
    match: re.Match[str],
    by_name: Mapping[str, Fields],
    results: Mapping[str, Mapping[str, bool]],
    values: dict[str, object],
) -> str:
    """The name under which the result stands in the logic: an identifier, whatever the task's."""
    name, result = match[1], match[2]
    if name not in results:
        raise Mistake(f"depends names `{name}`, which is no task here")
    found = results[name]
    value = found[result] if result else _went_well(by_name[name], found)
    variable = f"v{len(values)}"
    values[variable] = value
    return variable


def _went_well(task: Fields, result: Mapping[str, bool]) -> bool:
    """A task named alone: it succeeded or was skipped, or others go on over what became of it."""
    over: Fields = task.get("continueOn") or {}
    return (
        result["Succeeded"]
        or result["Skipped"]
        or bool(over.get("error") and result["Errored"])
        or bool(over.get("failed") and result["Failed"])
    )


def in_order(tasks: Iterable[Fields]) -> list[Fields]:
    """The tasks, each behind what it depends on. Raises `Mistake` for a circle."""
    waiting = {str(task["name"]): task for task in tasks}
    needs = {name: set(names(task)) & waiting.keys() for name, task in waiting.items()}
    found: list[Fields] = []
    done: set[str] = set()
    while waiting:
        ready = [name for name in waiting if needs[name] <= done]
        if not ready:
            raise Mistake(
                f"the tasks {', '.join(sorted(waiting))} depend on each other in a circle"
            )
        for name in ready:
            found.append(waiting.pop(name))
            done.add(name)
    return found


def wanted(tasks: Iterable[Fields], target: str) -> tuple[set[str], list[str]]:
    """The tasks that are run, and those whose results make the dag's: its targets."""
    by_name = {str(task["name"]): task for task in tasks}
    needed = {name for task in by_name.values() for name in names(task)}
    targets = target.split() if target.strip() else sorted(by_name.keys() - needed)
    run: set[str] = set()
    ahead = list(targets)
    while ahead:
        name = ahead.pop()
        if name not in run and name in by_name:
            run.add(name)
            ahead.extend(names(by_name[name]))
    return run, targets
