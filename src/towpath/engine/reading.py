"""Content as it lies in environments: read at a revision, one component at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from towpath.domain import catalog, content
from towpath.domain.reasons import Code, Reason
from towpath.engine import targets
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import OutsideError


@dataclass(frozen=True, slots=True)
class Tracked:
    """A source of an application that follows a branch."""

    application: catalog.Application
    index: int
    source: catalog.Source
    folder: str
    branch: str


@dataclass(frozen=True, slots=True)
class Found:
    """The content of an environment's components; `wrong` says why some could not be read.

    `unmatched` names files and JSONPaths that selected nothing, by component.
    """

    parts: Mapping[str, content.ComponentContent] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    wrong: Mapping[str, Reason] = field(default_factory=dict)
    unmatched: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


class Reader:
    """Reads what environments hold."""

    def __init__(self, door: git.Git, remotes: Remotes) -> None:
        self._git = door
        self._remotes = remotes

    async def tracked(
        self, applications: Iterable[catalog.Application]
    ) -> tuple[Sequence[Tracked], Mapping[str, Reason]]:
        """The sources that follow a branch; and by component why one cannot be followed."""
        found: list[Tracked] = []
        wrong: dict[str, Reason] = {}
        for application in applications:
            for index, source, folder in catalog.promotable_sources(application):
                try:
                    branch = await targets.tracked_branch(self._remotes, application, source)
                except OutsideError as error:
                    wrong[application.component] = error.reason
                else:
                    found.append(Tracked(application, index, source, folder, branch))
        return found, wrong

    async def read(
        self,
        config: catalog.Catalog,
        product: str,
        environment: str,
        revisions: Mapping[tuple[str, str], str],
        only: Iterable[str] | None = None,
    ) -> Found:
        """What the components hold at these revisions, by repository and branch.

        Components with a source that has no revision there are left out.
        """
        wanted = None if only is None else set(only)
        applications = [
            application
            for application in config.applications_of(product, environment)
            if wanted is None or application.component in wanted
        ]
        tracked, wrong = await self.tracked(applications)
        unknown = {
            t.application.component
            for t in tracked
            if (t.source.repository, t.branch) not in revisions
        }
        readable = [t for t in tracked if t.application.component not in unknown]
        return await self._contents(config, readable, revisions, dict(wrong))

    async def _contents(
        self,
        config: catalog.Catalog,
        tracked: Sequence[Tracked],
        revisions: Mapping[tuple[str, str], str],
        wrong: dict[str, Reason],
    ) -> Found:
        readings: list[tuple[Tracked, git.Reading]] = []
        for place, group in _by_place(tracked).items():
            requests = [_request(config, each) for each in group]
            answers = await self._git.read(place[0], revisions[place], requests)
            readings += zip(group, answers, strict=True)
        by_component: dict[str, dict[str, list[tuple[Tracked, git.Reading]]]] = {}
        for each, reading in readings:
            applications = by_component.setdefault(each.application.component, {})
            applications.setdefault(each.application.name, []).append((each, reading))
        parts: dict[str, content.ComponentContent] = {}
        for component, of_component in by_component.items():
            made = _component(component, of_component, revisions)
            if isinstance(made, Reason):
                wrong.setdefault(component, made)
            elif component not in wrong:
                parts[component] = made
        bodies = {digest: data for _, r in readings for digest, data in r.bodies.items()}
        return Found(parts, bodies, wrong, _unmatched(by_component))


def _by_place(tracked: Iterable[Tracked]) -> Mapping[tuple[str, str], Sequence[Tracked]]:
    grouped: dict[tuple[str, str], list[Tracked]] = {}
    for each in tracked:
        grouped.setdefault((each.source.repository, each.branch), []).append(each)
    return grouped


def _request(config: catalog.Catalog, tracked: Tracked) -> git.ReadRequest:
    return git.ReadRequest(
        tracked.application.component,
        tracked.application.name,
        git.SourceAt(tracked.index, tracked.source.repository, tracked.folder),
        config.rules_for(tracked.application),
    )


def _component(
    component: str,
    applications: Mapping[str, Sequence[tuple[Tracked, git.Reading]]],
    revisions: Mapping[tuple[str, str], str],
) -> content.ComponentContent | Reason:
    """One content for all applications of the component: they must agree."""
    made = {}
    for name, readings in applications.items():
        if failed := next((r.reason for _, r in readings if r.reason), None):
            return failed
        made[name] = _content(readings, revisions)
    first_name, first = next(iter(made.items()))
    for name, other in made.items():
        if not first.same_as(other):
            return Reason(
                Code.INVALID_CONFIGURATION,
                f"{first_name} and {name} are both {component} here and hold different content",
                {"applications": [first_name, name]},
                advice="Make their promoted values equal; then the change is released.",
            )
    return first


def _unmatched(
    by_component: Mapping[str, Mapping[str, Sequence[tuple[Tracked, git.Reading]]]],
) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """By component, what selects nothing in any source of one of its applications."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for component, applications in by_component.items():
        for (_, first), *others in applications.values():
            rest = [set(reading.unmatched) for _, reading in others]
            nowhere = [each for each in first.unmatched if all(each in other for other in rest)]
            if nowhere:
                found.setdefault(component, {}).update(dict.fromkeys(nowhere))
    return {component: tuple(paths) for component, paths in found.items()}


def _content(
    readings: Sequence[tuple[Tracked, git.Reading]], revisions: Mapping[tuple[str, str], str]
) -> content.ComponentContent:
    main, _ = next(((t, r) for t, r in readings if r.files), readings[0])
    return content.ComponentContent(
        tuple(content.SourceContent(t.index, t.source.repository, r.files) for t, r in readings),
        version=next((r.version for _, r in readings if r.version), ""),
        images=tuple(image for _, r in readings for image in r.images),
        repository=main.source.repository,
        branch=main.branch,
        revision=revisions[(main.source.repository, main.branch)],
        rules=readings[0][1].request.rules,
    )
