"""The read side put together: notes, trace, and what resolves and tells of them."""

from dataclasses import dataclass

from towpath.bootstrap.around import Around
from towpath.domain.catalog import EnvironmentKind
from towpath.engine.inforce import InForce
from towpath.git.past import GitPast
from towpath.history.notes import Notes, Outside
from towpath.history.resolving import Resolver
from towpath.history.telling import Teller
from towpath.history.tracing import Tracing
from towpath.ports.archive import Archive
from towpath.settings import Settings


@dataclass(frozen=True, slots=True)
class ReadSide:
    """What is asked for notes and traces, and what works on them in the background."""

    notes: Notes
    tracing: Tracing
    resolver: Resolver
    teller: Teller


def assemble(
    settings: Settings,
    archive: Archive,
    past: tuple[GitPast, GitPast],
    systems: Around,
    in_force: InForce,
) -> ReadSide:
    """The read side over the archive and the past of GitOps and of code; nothing runs yet."""
    gitops, code = past
    outside = Outside(archive, gitops, code, systems.registry, systems.trackers, systems.hosts)
    notes = Notes(outside, lambda: in_force.catalog)
    teller = Teller(
        settings.worker_name,
        archive,
        notes,
        systems.told,
        settings.address,
        lambda environment: _is_production(in_force, environment),
    )
    return ReadSide(
        notes,
        Tracing(archive, gitops, code, lambda: in_force.catalog),
        Resolver(settings.worker_name, archive, notes),
        teller,
    )


def _is_production(in_force: InForce, environment: str) -> bool:
    known = in_force.catalog.environments.get(environment)
    return known is not None and known.kind is EnvironmentKind.PROD
