"""Manifests read from folders and checked, with every path as seen from here.

Apart from `linting`, so that only the commands that need manifests load them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from towpath import manifests
from towpath.domain import catalog
from towpath.domain.reasons import Reason
from towpath.engine import templates
from towpath.manifests import folder
from towpath.runner import LocalRunner


def check(paths: Iterable[Path]) -> tuple[int, tuple[catalog.Problem, ...]]:
    """How many files there are, and all that is wrong with them. Raises OSError."""
    files: dict[str, bytes] = {}
    unread: list[catalog.Problem] = []
    for path in paths:
        found, problems = folder.files_of(path)
        base = path.parent if path.is_file() else path
        files |= {str(base / name): content for name, content in found.items()}
        unread += [_seen_from_here(problem, base) for problem in problems]
    loaded = manifests.load(files)
    told = (*unread, *loaded.problems, *_not_run_here(loaded.catalog))
    return len(files), tuple(sorted(told, key=_place))


def _place(problem: catalog.Problem) -> tuple[str, int, int]:
    return (problem.origin.file, problem.origin.line, problem.origin.column)


def _not_run_here(config: catalog.Catalog) -> Iterator[catalog.Problem]:
    """What of the workflows in use the runner of this machine refuses: a cluster may take it."""
    refuse = LocalRunner().refuse
    for name in sorted(templates.in_use(config) & config.workflows.keys()):
        made = templates.manifest(config, name)
        if isinstance(made, Reason):
            yield catalog.Problem(
                config.workflow_origins[name]["metadata"],
                "unknown_workflow",
                made.sentence,
                "warning",
            )
            continue
        for problem in refuse(made):
            yield replace(problem, code="workflow_not_run_here", severity="warning")


def _seen_from_here(problem: catalog.Problem, base: Path) -> catalog.Problem:
    return replace(problem, origin=replace(problem.origin, file=str(base / problem.origin.file)))


def kinds() -> list[str]:
    """The kinds of manifests that have a schema."""
    return list(manifests.kinds())


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind. Raises KeyError with a sentence."""
    return manifests.schema(kind)
