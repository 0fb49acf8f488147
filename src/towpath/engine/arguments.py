"""What runs of workflows are given: parameters by which they know what they run for, and labels."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from towpath.domain import catalog, context, hooks, workflows
from towpath.domain.actions import StartRuns
from towpath.domain.catalog import Application
from towpath.domain.facts import Facts, Member
from towpath.domain.release import Promotion, Release, Role
from towpath.domain.workflow import Place, Purpose
from towpath.engine import targets
from towpath.engine.inforce import InForce
from towpath.engine.remotes import Remotes
from towpath.ports import git
from towpath.ports.errors import Permanent


@dataclass(frozen=True, slots=True)
class _Where:
    """Where an application is deployed from; all empty for one that has no files."""

    repository: str = ""
    branch: str = ""
    path: str = ""


class Arguments:
    """Gathers the parameters of a run."""

    def __init__(self, door: git.Git, remotes: Remotes, in_force: InForce, address: str) -> None:
        self._git = door
        self._remotes = remotes
        self._in_force = in_force
        self._address = address

    async def of(
        self, release: Release, action: StartRuns, member: Member, known: Facts
    ) -> Mapping[str, str]:
        """The parameters of one run. What is not known is empty. Raises as git does."""
        own = self._of_release(release, action.environment)
        if member is workflows.ONCE or not member.application:
            return {**_context(release), **own, **_of_hook(release, action)}
        application = self._application(release, action.environment, member)
        where = await self._where(release, application, member)
        given = {
            **own,
            "FLOW_NAME": release.flow,
            "VERSION": _version(release, member),
            "APP_NAME": application.name,
            "APP_NAMESPACE": application.namespace,
            "REPO_URL": where.repository,
            "BRANCH": where.branch,
            "PATH": where.path,
        }
        if action.purpose is not Purpose.POST_ACTION:
            return {**_context(release), **given}
        promotion = release.promotion(action.environment)
        assert promotion is not None
        return {
            **_put_out_before(release, promotion, member, known),
            **_context(release),
            **given,
            **await self._commit(release, promotion, member, where),
        }

    def _of_release(self, release: Release, environment: str) -> Mapping[str, str]:
        url = f"{self._address}/releases/{release.id}" if self._address else ""
        return {
            "PRODUCT_NAME": release.product,
            "RELEASE_ID": release.id,
            "RELEASE_URL": url,
            "VERSION": release.version,
            "ENVIRONMENT": environment,
        }

    def _application(self, release: Release, environment: str, member: Member) -> Application:
        present = self._in_force.catalog.applications_of(release.product, environment)
        found = next((each for each in present if each.name == member.application), None)
        return found or Application(member.application, (), catalog.Destination())

    async def _where(self, release: Release, application: Application, member: Member) -> _Where:
        part = release.content.get(member.component)
        sources = catalog.promotable_sources(application)
        if not sources:
            return _Where()
        _, source, path = sources[0]
        carried = next((each for each in part.sources if each.files), None) if part else None
        if carried:
            _, source, path = targets.matching_source(application, carried)
        branch = await targets.tracked_branch(self._remotes, application, source)
        return _Where(source.repository, branch, path)

    async def _commit(
        self, release: Release, promotion: Promotion, member: Member, where: _Where
    ) -> Mapping[str, str]:
        """The promoted commit of the application's component; empty where nothing is promoted."""
        sha = _promoted(release, promotion, member, where)
        if not sha:
            return dict.fromkeys(
                ("COMMIT_SHA", "COMMIT_AUTHOR", "COMMIT_MESSAGE", "COMMIT_DATE"), ""
            )
        try:
            commit = await self._git.commit(where.repository, sha)
        except Permanent:
            await self._git.fetch(where.repository)
            commit = await self._git.commit(where.repository, sha)
        return {
            "COMMIT_SHA": commit.sha,
            "COMMIT_AUTHOR": commit.author,
            "COMMIT_MESSAGE": commit.message.strip(),
            "COMMIT_DATE": commit.committed_at.isoformat(),
        }


def labels(release: Release, place: Place) -> Mapping[str, str]:
    """The labels that a run carries."""
    return {
        "product": release.product,
        "environment": place.environment,
        "release": release.id,
        "flow": release.flow,
        "application": place.application,
        "stage": place.purpose.value,
    }


def _context(release: Release) -> Mapping[str, str]:
    return {context.OUTPUT: json.dumps(dict(release.context), sort_keys=True)}


def _version(release: Release, member: Member) -> str:
    part = release.content.get(member.component)
    return (part.version if part else "") or release.version


def _put_out_before(
    release: Release, promotion: Promotion, member: Member, known: Facts
) -> Mapping[str, str]:
    """The global outputs of the pre-action of the same application."""
    runs = workflows.counted(release, promotion, Purpose.PRE_ACTION, known)
    before = runs.get(member.application)
    return before.outputs if before else {}


def _promoted(release: Release, promotion: Promotion, member: Member, where: _Where) -> str:
    if promotion.role is Role.TRIGGER:
        part = release.content.get(member.component)
        return part.revision if part else ""
    here = (where.repository, where.branch)
    mine = [x for x in promotion.landings if member.component in x.components]
    exact = [x for x in mine if (x.repository, x.branch) == here]
    return next((x.commit for x in exact), "")


def _of_hook(release: Release, action: StartRuns) -> Mapping[str, str]:
    promotion = release.promotion(action.environment)
    landed = promotion.landings[-1].commit if promotion and promotion.landings else ""
    trigger = release.commit.sha if release.commit else ""
    return {
        "PROMOTION_FLOW_NAME": release.flow,
        "COMMIT_SHA": landed or trigger,
        **(_of_failure(release, promotion, action) if action.purpose is Purpose.ON_FAIL else {}),
    }


def _of_failure(
    release: Release, promotion: Promotion | None, action: StartRuns
) -> Mapping[str, str]:
    """Why it failed, and where: as it is now, or as it was when an attempt before this ended."""
    reason = (promotion or release).reason
    failed = [p.environment for p in release.promotions if p.status in hooks.FAILURES]
    for told in (promotion or release).told:
        owed = (
            told.reason
            if (told.purpose, told.attempt) == (action.purpose, action.attempt)
            else None
        )
        if owed and isinstance(at_its_end := owed.data.get(hooks.FAILED), list):
            reason, failed = owed, at_its_end
    return {
        "ERROR_MESSAGE": reason.sentence if reason else "",
        "FAILED_ENVIRONMENTS": json.dumps(failed),
    }
