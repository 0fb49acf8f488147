"""A whole configuration: from files to a catalog, with every problem found on the way.

One broken manifest costs only itself. Who calls keeps the last good configuration as long as
what was loaded is not usable.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from towpath.domain.catalog import Catalog, Origin, Problem
from towpath.manifests import (
    documents,
    flow_checks,
    gathering,
    placing,
    product_checks,
    reach,
    repositories,
    sources,
    template_checks,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded, and everything that was found wrong with it."""

    catalog: Catalog
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Whether the configuration may be put in force: it has no error."""
        return not any(problem.severity == "error" for problem in self.problems)


def load(
    files: Mapping[str, bytes], repository_files: repositories.RepositoryFiles | None = None
) -> Loaded:
    """The configuration written in `files` (content by path), and all its problems at once.

    `repository_files` are what git generators of ApplicationSets look at; without them such sets
    are left out with a notice.
    """
    gathered = gathering.Gathered()
    for file in sorted(files):
        _take(file, files, gathered)
    places = placing.placed(gathered, repository_files)
    config = Catalog(
        products=places.products,
        environments=places.environments,
        flows=gathered.flows,
        policies=tuple(gathered.policies.values()),
        templates=gathered.templates,
        applications=tuple(places.applications),
        workflows=gathered.workflows,
        workflow_origins=gathered.workflow_origins,
    )
    checked = _checked(config, gathered.written(), places.complete)
    problems = [*gathered.problems, *places.problems, *checked]
    return Loaded(config, tuple(sorted(problems, key=_place)))


def _take(file: str, files: Mapping[str, bytes], gathered: gathering.Gathered) -> None:
    if _is_chart_template(file, files):
        said = "a template of a Helm chart: ignored"
        gathered.problems.append(Problem(Origin(file), "not_a_manifest", said, "notice"))
        return
    found, wrong = documents.read(file, files[file])
    gathered.problems.extend(wrong)
    for document in found:
        gathered.take(document)


def _is_chart_template(file: str, files: Mapping[str, bytes]) -> bool:
    """Whether the file lies in the `templates` of a chart: such files need not be YAML."""
    above, _, below = file.rpartition("templates/")
    return bool(below) and posixpath.join(above, "Chart.yaml") in files


def _checked(config: Catalog, written: sources.Sources, complete: bool) -> Iterator[Problem]:
    yield from flow_checks.problems(config, written)
    yield from product_checks.problems(config, written, complete)
    yield from template_checks.problems(config, written)
    yield from reach.problems(config, written)


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.origin.file, problem.origin.line, problem.origin.column)
