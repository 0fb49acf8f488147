"""Where a release's content goes in an environment: applications, folders, branches, read live."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from towpath.domain import catalog, content
from towpath.domain.reasons import Code, Reason
from towpath.domain.rules import Rules
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import Permanent

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
Place = tuple[str, int]  # a component and the index of one of its sources


@dataclass(frozen=True, slots=True)
class Target:
    """One folder that takes part: of an application, for a component, on a branch."""

    component: str
    application: catalog.Application
    index: int
    repository: str
    branch: str
    path: str
    files: tuple[content.FileContent, ...]
    rules: Rules | None


def missing(
    config: catalog.Catalog, product: str, environment: str, components: Iterable[str]
) -> tuple[str, ...]:
    """The components that have no application in the environment."""
    present = config.components_in(product, environment)
    return tuple(sorted(name for name in components if name not in present))


def nothing_there(
    config: catalog.Catalog, product: str, environment: str, components: Sequence[str]
) -> Reason | None:
    """The reason when none of the components has an application in the environment."""
    gone = missing(config, product, environment, components)
    if len(gone) < len(components):
        return None
    return Reason(
        Code.APPLICATION_MISSING,
        f"no component of {product} has an application in {environment}",
        {"components": list(gone)},
        advice=f"Add an application of {product} that belongs to {environment}.",
    )


async def resolve(
    remotes: Remotes,
    config: catalog.Catalog,
    product: str,
    environment: str,
    carried: content.Content,
    emptied: Collection[Place] = (),
) -> Sequence[Target]:
    """Every folder of the environment that the content goes to.

    A source of which nothing is promoted takes no part, unless it is named in `emptied`: then
    something was, and is to be taken away. Raises `Permanent` where an application cannot be
    promoted to, and whatever asking for the branches raises.
    """
    present = config.components_in(product, environment)
    return [
        await _target(remotes, application, component, part, bundle.rules)
        for component, bundle in sorted(carried.items())
        for application in present.get(component, ())
        for part in bundle.sources
        if part.files or (component, part.index) in emptied
    ]


def with_files(parts: content.Content) -> Collection[Place]:
    """The sources of which something is promoted."""
    return {(name, s.index) for name, part in parts.items() for s in part.sources if s.files}


def wholly_emptied(parts: content.Content) -> Collection[Place]:
    """The sources of components of which nothing is promoted any more."""
    empty = {name for name, part in parts.items() if not any(s.files for s in part.sources)}
    return {(name, source.index) for name in empty for source in parts[name].sources}


async def _target(
    remotes: Remotes,
    application: catalog.Application,
    component: str,
    part: content.SourceContent,
    rules: Rules | None,
) -> Target:
    index, source, folder = matching_source(application, part)
    branch = await tracked_branch(remotes, application, source)
    where = (source.repository, branch, folder)
    return Target(component, application, index, *where, part.files, rules)


def matching_source(
    application: catalog.Application, part: content.SourceContent
) -> tuple[int, catalog.Source, str]:
    """The application's source with the same repository (the same index first), or that index."""
    sources = catalog.promotable_sources(application)
    same = [each for each in sources if each[1].repository == part.repository]
    at_index = [each for each in sources if each[0] == part.index]
    chosen = [each for each in same if each[0] == part.index] or same or at_index
    if len(chosen) == 1:
        return chosen[0]
    what = "several sources" if chosen else "no source"
    raise Permanent(
        Reason(
            Code.INVALID_CONFIGURATION,
            f"application {application.name} has {what} that could take what is promoted from "
            f"{part.repository} (source {part.index + 1})",
            {"application": application.name},
            advice="Give the applications of one component the same sources in the same order.",
        )
    )


def takes(target: Target, part: content.SourceContent) -> bool:
    """Whether the folder is where this part of a content goes."""
    try:
        return matching_source(target.application, part)[0] == target.index
    except Permanent:
        return False


async def held(
    door: git.Git, target: Target, commit: str, files: Sequence[content.FileContent]
) -> bool:
    """Whether the folder held these files at a commit; not so if the commit is not known."""
    if not await door.is_ancestor(target.repository, commit, commit):
        return False
    return (await door.standing(target.repository, commit, target.path, files)).holds


async def tracked_branch(
    remotes: Remotes, application: catalog.Application, source: catalog.Source
) -> str:
    """The branch that the source follows; `Permanent` when it is pinned to something else."""
    heads = await remotes.seen(source.repository)
    branch = remotes.branch(heads, source.revision)
    if branch is None:  # perhaps it is new
        heads = await remotes.ask(source.repository)
        branch = remotes.branch(heads, source.revision)
    if branch is None:
        raise Permanent(_no_branch(application, source, heads.tags))
    return branch


def _no_branch(
    application: catalog.Application, source: catalog.Source, tags: Collection[str]
) -> Reason:
    data = {"repository": source.repository, "revision": source.revision}
    if source.revision in ("", "HEAD"):
        return Reason(
            Code.BRANCH_MISSING,
            f"{source.repository} has no default branch: it is empty, or its HEAD names none",
            data,
            advice="Push a first commit, or set targetRevision to a branch that exists.",
        )
    pinned = _COMMIT.fullmatch(source.revision) or source.revision in tags
    if pinned or source.revision.startswith("refs/tags/"):
        return Reason(
            Code.INVALID_CONFIGURATION,
            f"application {application.name} tracks {source.revision!r} of {source.repository}, "
            "which is no branch there",
            data,
            advice="A tag or commit cannot be promoted to: set targetRevision to a branch.",
        )
    return Reason(
        Code.BRANCH_MISSING,
        f"{source.repository} has no branch {source.revision}, which {application.name} tracks",
        data,
        advice="Bring the branch back, or set targetRevision to one that exists; then retry.",
    )


def by_branch(targets: Iterable[Target]) -> Mapping[tuple[str, str], Sequence[Target]]:
    """The targets of each repository and branch: what goes into one commit."""
    grouped: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        grouped.setdefault((target.repository, target.branch), []).append(target)
    return grouped
