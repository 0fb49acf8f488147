"""Starting and stopping runs of workflows, and what a look must know of them to decide."""

from collections.abc import Iterable, Iterator, Mapping

from towpath.domain import events, trouble, workflows
from towpath.domain.actions import StartRuns, StopRuns
from towpath.domain.facts import Facts, Member
from towpath.domain.reasons import Reason
from towpath.domain.release import Phase, PhaseName, Promotion, Release, Role
from towpath.domain.workflow import Manifest, Place, Run
from towpath.engine.arguments import Arguments, labels
from towpath.engine.inforce import InForce
from towpath.engine.templates import Templates
from towpath.ports.errors import OutsideError, Temporary
from towpath.ports.store import Store, Ticket, View


class Launching:
    """Starts runs, each with a copy of its manifest, so that no change of it meets them."""

    def __init__(
        self, store: Store, templates: Templates, arguments: Arguments, in_force: InForce
    ) -> None:
        self._store = store
        self._templates = templates
        self._arguments = arguments
        self._in_force = in_force

    # --- before deciding ---------------------------------------------------------------------
    def refused(self, release: Release) -> Mapping[str, Reason]:
        """Why workflows that the release is still to run cannot be run."""
        return self._templates.refused(_still_to_run(release))

    def members(self, release: Release) -> Mapping[str, tuple[Member, ...]]:
        """The applications that workflows run for, where some are still to run."""
        return {
            promotion.environment: tuple(self._members(release, promotion.environment))
            for promotion in release.promotions
            if _has_workflows(promotion)
        }

    def _members(self, release: Release, environment: str) -> Iterator[Member]:
        for each in self._in_force.catalog.applications_of(release.product, environment):
            if each.component in release.content:
                yield Member(each.name, each.component)

    # --- acting ------------------------------------------------------------------------------
    async def start(self, ticket: Ticket, view: View, known: Facts, action: StartRuns) -> None:
        """Start the runs. When git does not say what they are to be given, that is recorded."""
        release = view.release
        manifest = self._templates.find(action.template)
        if isinstance(manifest, Reason):
            return  # the configuration changed in this moment: the next decision is another
        try:
            runs = {
                place: await self._run(release, action, place, manifest, known)
                for place in _places(release, action)
            }
        except OutsideError as error:
            await self._troubled(ticket, view, action, error)
            return
        promotion = release.promotion(action.environment)
        phase = _phase(promotion, action)
        claim = promotion.claim if promotion and phase else 0
        await self._store.start_runs(ticket, action.environment, claim, runs)

    async def _run(
        self,
        release: Release,
        action: StartRuns,
        place: Place,
        manifest: Manifest,
        known: Facts,
    ) -> Run:
        member = Member(place.application, place.component)
        given = await self._arguments.of(release, action, member, known)
        return Run(place.run_id, manifest, given, labels(release, place))

    async def _troubled(
        self, ticket: Ticket, view: View, action: StartRuns, error: OutsideError
    ) -> None:
        promotion = view.release.promotion(action.environment)
        phase = _phase(promotion, action)
        if promotion is None or phase is None:
            raise error  # hooks are given nothing that git must be asked for
        happened: tuple[events.Event, ...] = trouble.failure(promotion, phase, error.reason)
        if isinstance(error, Temporary):
            happened = trouble.no_answer(view.release.id, promotion, phase, error.reason, view.now)
        await self._store.record(ticket, happened)

    async def stop(self, ticket: Ticket, action: StopRuns) -> None:
        """Ask runs to stop."""
        await self._store.stop_runs(ticket, action.runs, action.reason)


def _places(release: Release, action: StartRuns) -> Iterable[Place]:
    return [
        Place(
            release.id,
            action.environment,
            action.purpose,
            action.attempt,
            member.application,
            member.component,
        )
        for member in action.members
    ]


def _phase(promotion: Promotion | None, action: StartRuns) -> Phase | None:
    """The phase that the runs are; None for a hook that is told of an end."""
    if promotion is None or action.purpose not in workflows.PURPOSES.values():
        return None
    return promotion.phase(PhaseName(action.purpose.value))


def _has_workflows(promotion: Promotion) -> bool:
    active = promotion.role is not Role.SOURCE and not promotion.over
    return active and any(phase.name in workflows.PURPOSES for phase in promotion.phases)


def _still_to_run(release: Release) -> Iterator[str]:
    """The workflows by name: of phases that are not over, and of the hooks told of ends."""
    if release.on_start and not release.on_start.over:
        yield release.hooks.on_start
    bearers = [release.hooks] if not release.ended or release.tells else []
    for promotion in release.promotions:
        if not promotion.over or release.tells:
            bearers.append(promotion.hooks)
        for phase in promotion.phases:
            if not phase.over and (name := workflows.template(promotion, phase.name)):
                yield name
    for hooks in bearers:
        yield from (name for name in (hooks.on_success, hooks.on_fail) if name)
    for told in (release.told, *(promotion.told for promotion in release.promotions)):
        yield from (each.template for each in told if not each.status.ended)
