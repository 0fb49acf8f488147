"""The engine's parts, put together on whatever stands outside."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from towpath.engine.arguments import Arguments
from towpath.engine.commands import EngineCommands
from towpath.engine.configuring import Configuring, Source
from towpath.engine.discovery import Discovery
from towpath.engine.drifting import Drifting
from towpath.engine.inforce import InForce
from towpath.engine.introduction import Introduction
from towpath.engine.launching import Launching
from towpath.engine.observe import Observer
from towpath.engine.outbox import Outbox
from towpath.engine.perform import Performer
from towpath.engine.planning import Planner
from towpath.engine.reading import Reader
from towpath.engine.reconcile import Reconciler
from towpath.engine.remotes import Remotes
from towpath.engine.running import Running
from towpath.engine.templates import Templates
from towpath.engine.watch import Watch
from towpath.engine.worker import Worker
from towpath.ports.deployer import Deployer
from towpath.ports.git import Git
from towpath.ports.runner import Runner
from towpath.ports.runs import Runs
from towpath.ports.store import Signals, Store


@dataclass(frozen=True, slots=True)
class Outside:
    """What the engine needs from outside."""

    store: Store
    signals: Signals
    git: Git
    deployer: Deployer
    runs: Runs
    runner: Runner


@dataclass(frozen=True, slots=True)
class Manner:
    """How this process works: its name, how many looks at once, seconds between polls.

    `teams` maps each team to its members, for approvals. `address` is where people reach Towpath,
    for links; empty if that is not known.
    """

    name: str
    looks_at_once: int = 64
    steps_at_once: int = 8
    poll_interval_s: float = 10.0
    source: Source | None = None
    teams: Mapping[str, Collection[str]] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that somebody runs or asks."""

    store: Store
    in_force: InForce
    worker: Worker
    running: Running
    observer: Observer
    commands: EngineCommands
    configuring: Configuring


def assemble(outside: Outside, manner: Manner) -> Engine:
    """Put the engine together; nothing runs yet."""
    store, git = outside.store, outside.git
    in_force, remotes = InForce(), Remotes(git)
    reader = Reader(git, remotes)
    watch = Watch(outside.deployer, remotes, in_force)
    launching = Launching(
        store,
        Templates(in_force, outside.runner),
        Arguments(git, remotes, in_force, manner.address),
        in_force,
    )
    performer = Performer(store, git, Outbox(git, store), watch, remotes, launching, in_force)
    observer = Observer(
        manner.name,
        store,
        git,
        remotes,
        Discovery(store, git, reader, remotes, in_force),
        Introduction(store, git, reader, in_force),
        Drifting(store, git, remotes, in_force),
        in_force,
        manner.poll_interval_s,
    )
    return Engine(
        store,
        in_force,
        Worker(
            manner.name,
            store,
            outside.signals,
            Reconciler(store, watch, performer, launching, in_force),
            in_force,
            manner.looks_at_once,
        ),
        Running(manner.name, outside.runs, outside.signals, outside.runner, manner.steps_at_once),
        observer,
        EngineCommands(
            store,
            git,
            reader,
            remotes,
            observer,
            Planner(store, git, remotes, in_force),
            in_force,
            manner.teams,
        ),
        Configuring(
            store,
            outside.signals,
            git,
            remotes,
            in_force,
            manner.source,
            manner.poll_interval_s,
        ),
    )
