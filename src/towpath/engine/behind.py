"""Behind the head of a branch: the commit that changed a product there, and what that carried.

The head itself says little. It may be of another product, or a promotion of ours to another
environment. A promotion into the trigger environment is named as it is, since it is what is
deployed there; the commits of the release that it carried come after it: they are the change.
"""

from collections.abc import Sequence

from towpath.domain import catalog, content, release
from towpath.engine import messages
from towpath.ports import git
from towpath.ports.store import Store

COMMITS_NAMED = 100


async def last_change(
    door: git.Git, part: content.ComponentContent, folders: Sequence[str]
) -> git.Commit:
    """The newest commit up to the part's revision that changes one of the folders.

    It is looked for among the newest `COMMITS_NAMED`; without one of these it is the head.
    """
    for commit in await door.commits(part.repository, None, part.revision, COMMITS_NAMED):
        if await touches(door, part.repository, commit, folders):
            return commit
    return await door.commit(part.repository, part.revision)


async def carried(store: Store, commit: git.Commit) -> tuple[release.TriggerCommit, ...]:
    """The commits of the release that a promotion of ours brought; of others there are none."""
    names = commit.trailers.get(messages.RELEASE, ()) if is_ours(commit) else ()
    for name in names:
        view = await store.view_of(name)
        if view is not None:
            return view.release.commits
    return ()


def is_ours(commit: git.Commit) -> bool:
    """Whether it is the commit of a promotion."""
    return messages.PROMOTION in commit.trailers


async def touches(
    door: git.Git, repository: str, commit: git.Commit, folders: Sequence[str]
) -> bool:
    """Whether a commit changes something in one of the folders."""
    if not commit.parents:
        return True
    changed = await door.changed_paths(repository, commit.parents[0], commit.sha)
    return changed is None or any(
        path.startswith(f"{folder}/") or folder == "" for path in changed for folder in folders
    )


def folders(
    config: catalog.Catalog, product: str, environment: str, part: content.ComponentContent
) -> Sequence[str]:
    """Where the product's applications in an environment lie in the part's repository."""
    return [
        folder
        for application in config.applications_of(product, environment)
        for _, source, folder in catalog.promotable_sources(application)
        if source.repository == part.repository
    ]


def as_trigger(commit: git.Commit, part: content.ComponentContent) -> release.TriggerCommit:
    """A commit as that which made a release."""
    return release.TriggerCommit(
        part.repository,
        part.branch,
        commit.sha,
        commit.subject,
        commit.author,
        commit.author_email,
        commit.committed_at,
    )
