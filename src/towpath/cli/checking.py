"""Manifests read from folders and checked, with every path as seen from here.

Apart from `linting`, so that only the commands that need manifests load them.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from towpath import manifests
from towpath.domain import catalog
from towpath.manifests import folder


def check(paths: Iterable[Path]) -> tuple[int, tuple[catalog.Problem, ...]]:
    """How many files there are, and all that is wrong with them. Raises OSError."""
    files: dict[str, bytes] = {}
    unread: list[catalog.Problem] = []
    for path in paths:
        found, problems = folder.files_of(path)
        base = path.parent if path.is_file() else path
        files |= {str(base / name): content for name, content in found.items()}
        unread += [_seen_from_here(problem, base) for problem in problems]
    return len(files), (*unread, *manifests.load(files).problems)


def _seen_from_here(problem: catalog.Problem, base: Path) -> catalog.Problem:
    return replace(problem, origin=replace(problem.origin, file=str(base / problem.origin.file)))


def kinds() -> list[str]:
    """The kinds of manifests that have a schema."""
    return list(manifests.kinds())


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind. Raises KeyError with a sentence."""
    return manifests.schema(kind)
