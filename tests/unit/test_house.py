"""The rules of the house that import-linter cannot see, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import towpath

SOURCE = Path(towpath.__file__).parent
STARTS_PROCESSES = {
    "git/process.py",
    "runner/keeping.py",
    "runner/processes.py",
    "storage/embedded.py",
    "storage/embedded_process.py",
}
# Requests, jobs and the loops that must outlive a defect in one of them.
EDGES = {
    "engine/running.py",
    "engine/worker.py",
    "engine/introduction.py",
    "engine/observe.py",
    "engine/configuring.py",
    "engine/outbox.py",
    "api/errors.py",
    "history/resolving.py",
    "history/telling.py",
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(SOURCE.rglob("*.py")):
        yield file.relative_to(SOURCE).as_posix(), ast.parse(file.read_text("utf-8"))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def test_processes_are_started_in_three_rooms_only() -> None:
    starters = {"create_subprocess_exec", "create_subprocess_shell", "Popen", "fork", "posix_spawn"}
    found = {name for name, tree in _modules() if starters & set(_names(tree))}
    assert found <= STARTS_PROCESSES


def test_every_exception_is_caught_only_at_the_edges() -> None:
    found = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and isinstance(node.type, ast.Name)
        and node.type.id in ("Exception", "BaseException")
        and not isinstance(node.body[-1], ast.Raise)
    }
    assert found <= EDGES


def test_no_module_is_longer_than_one_can_read_in_a_sitting() -> None:
    long = {
        file.relative_to(SOURCE).as_posix()
        for file in SOURCE.rglob("*.py")
        if len(file.read_text("utf-8").splitlines()) > 500
    }
    assert long <= {"storage/migrations/versions/first_tables.py"}
