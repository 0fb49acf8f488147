"""The outside of the playbook's world: what is configured, what lies on branches, what breaks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from towpath.domain import (
    actions,
    catalog,
    events,
    facts,
    writing,
)
from towpath.domain.catalog import Concurrency, FlowStep, PolicySettings
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Promotion, Release
from towpath.domain.status import Status

PRODUCT = "checkout"
MAIN = f"{PRODUCT}/dev/main"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROUNDS = 200
FOUND = "v0"
"""The version that lies in every environment from the beginning."""
LEASE = timedelta(seconds=10)
LOOKS_IN_A_WAIT = 40

STRAIGHT = (FlowStep("qa", ("dev",)), FlowStep("prod", ("qa",)))
DIAMOND = (
    FlowStep("qa", ("dev",)),
    FlowStep("perf", ("dev",)),
    FlowStep("prod", ("qa", "perf")),
)


@dataclass
class Branch:
    """What lies on a branch: whose content, and how often it changed."""

    version: str = FOUND
    writer: str = ""
    serial: int = 0
    by_hand: bool = False


@dataclass
class Attempt:
    """An announced write, and what truly became of it."""

    id: UUID
    release: str
    environment: str
    repository: str
    attempt: int
    base: int
    arrived: bool = False


@dataclass
class Place:
    """A stage as the store keeps it."""

    holder: str = ""
    yields: bool = False
    counter: int = 0
    begun: dict[str, int] = field(default_factory=dict)
    landed: dict[str, int] = field(default_factory=dict)


@dataclass
class Outside:
    """One product, its environments, and what git and the deployer do about them."""

    steps: tuple[FlowStep, ...] = STRAIGHT
    concurrency: Concurrency = Concurrency.SUPERSEDE
    settings: PolicySettings = PolicySettings()
    repositories: tuple[str, ...] = ("deploy",)
    timeout: timedelta = timedelta(hours=24)
    hooks: catalog.Hooks = catalog.Hooks()
    post_trigger: str = ""

    now: datetime = START
    releases: dict[str, Release] = field(default_factory=dict)
    modes: set[Concurrency] = field(default_factory=set)  # that were in force
    places: dict[str, Place] = field(default_factory=dict)
    locks: list[facts.Lock] = field(default_factory=list)
    branches: dict[tuple[str, str], Branch] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    landings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    log: list[tuple[str, events.Event]] = field(default_factory=list)
    pushes: list[tuple[str, str, str]] = field(default_factory=list)
    alarms: dict[str, datetime] = field(default_factory=dict)
    missing: dict[str, Reason] = field(default_factory=dict)
    windows: dict[str, tuple[catalog.Window, ...]] = field(default_factory=dict)
    landed_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    health: dict[str, tuple[datetime | None, Reason | None]] = field(default_factory=dict)
    """For each environment since when it is healthy, or why it is not; else it always was."""

    git: dict[str, list[str]] = field(default_factory=dict)
    """For each environment what happens to its next writes; the last one stays."""
    deployments: dict[str, tuple[Status, Status]] = field(default_factory=dict)
    """For each environment what the deployer says of sync and health; else both succeeded."""
    blind: set[str] = field(default_factory=set)
    meanwhile: Callable[[], None] | None = None
    """What happens between a push and the record of it."""
    teams: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For each person the teams they are in."""
    dies_after: int | None = None
    """After how many of the things decided workers die; None: they live."""
    pushing: str = ""
    """The release whose look is in the middle of a push."""
    _ids: int = 0

    # --- what exists -------------------------------------------------------------------------
    @property
    def environments(self) -> tuple[str, ...]:
        """The trigger environment and those behind it."""
        return ("dev", *(step.environment for step in self.steps))

    def config(self) -> catalog.Catalog:
        """The configuration in force."""
        anywhere = catalog.Policy("everywhere", 0, self.settings)
        return catalog.Catalog(
            products={PRODUCT: catalog.Product(PRODUCT, concurrency=self.concurrency)},
            environments={name: catalog.Environment(name) for name in self.environments},
            flows={"main": self._flow()},
            policies=(anywhere,),
        )

    def _flow(self) -> catalog.Flow:
        return catalog.Flow(
            "main",
            "dev",
            self.steps,
            timeout=self.timeout,
            hooks=self.hooks,
            post_trigger=self.post_trigger,
        )

    def place(self, environment: str) -> Place:
        """The stage of an environment."""
        return self.places.setdefault(environment, Place())

    def branch(self, environment: str, repository: str = "") -> Branch:
        """The branch that an environment's files are on."""
        key = (environment, repository or self.repositories[0])
        return self.branches.setdefault(key, Branch())

    def __getitem__(self, name: str) -> Release:
        return self.releases[name]

    def at(self, name: str, environment: str) -> Promotion:
        """The release's promotion in an environment."""
        found = self.releases[name].promotion(environment)
        assert found is not None
        return found

    # --- git's part --------------------------------------------------------------------------
    def _write(self, name: str, action: actions.Write) -> bool:
        environment = action.environment
        seen, promotion = self[name], self.at(name, environment)
        outcomes: list[writing.Outcome] = []
        for repository in self.repositories:
            script = self._next(environment)
            outcome = self._deliver(name, promotion, repository, script, action)
            if self.meanwhile and not self.pushing:
                happen, self.meanwhile, self.pushing = self.meanwhile, None, name
                happen()
                self.pushing = ""
            if outcome is None:
                return False
            outcomes.append(outcome)
        self._record(name, writing.happened(seen, promotion, outcomes, self.now))
        return True

    def _next(self, environment: str) -> str:
        script = self.git.get(environment, [])
        return (script.pop(0) if len(script) > 1 else script[0]) if script else "ok"

    def _deliver(
        self,
        name: str,
        promotion: Promotion,
        repository: str,
        script: str,
        action: actions.Write,
    ) -> writing.Outcome | None:
        place, branch = (repository, "main"), self.branch(promotion.environment, repository)
        if script == "down":
            return writing.Unanswered(*place, Reason(Code.GIT_UNREACHABLE, "no answer"))
        mine = [a for a in self._mine(name, promotion.environment) if a.repository == repository]
        if found := next((a for a in mine if a.arrived), None):
            self._forget(mine)
            commit = f"{found.id.int:040x}"
            return writing.Landed(*place, commit, ("api",), write_id=found.id)
        if branch.version == self[name].version:
            self._forget(mine)
            return writing.Landed(*place, f"{branch.serial:040x}", ("api",), changed=False)
        if action.stays and any(x.repository == repository for x in promotion.landings):
            return writing.Displaced(*place)
        drift = Reason(Code.CHANGED_BY_HAND, "changed by hand") if branch.by_hand else None
        hold = promotion.settings.on_drift is catalog.OnDrift.HOLD
        if drift and hold and not promotion.drift_accepted:
            return writing.HeldBack(*place, drift)
        if not self._may_write(name, action):
            self._forget(mine)
            return writing.Withdrawn(*place)
        return self._push(name, promotion, repository, script, drift)

    def _push(
        self,
        name: str,
        promotion: Promotion,
        repository: str,
        script: str,
        drift: Reason | None,
    ) -> writing.Outcome | None:
        place, environment = (repository, "main"), promotion.environment
        attempt = self._announce(name, promotion, repository)
        if script.startswith("refuse"):
            self._forget([attempt])
            code = Code.VALUE_MISSING if script == "refuse value" else Code.PUSH_REJECTED
            return writing.Refused(*place, Reason(code, "no"))
        if script in ("lost", "died before"):
            return None if script == "died before" else self._unanswered(place)
        self._arrive(attempt)
        if script in ("arrived unheard", "died after"):
            return None if script == "died after" else self._unanswered(place)
        assert self.branch(environment, repository).writer == name
        self._forget(a for a in self._mine(name, environment) if a.repository == repository)
        commit = f"{attempt.id.int:040x}"
        return writing.Landed(*place, commit, ("api",), write_id=attempt.id, drift=drift)

    def _unanswered(self, place: tuple[str, str]) -> writing.Outcome:
        return writing.Unanswered(*place, Reason(Code.GIT_UNREACHABLE, "no answer"))

    def _announce(self, name: str, promotion: Promotion, repository: str) -> Attempt:
        base = self.branch(promotion.environment, repository).serial
        for each in self._mine(name, promotion.environment):
            if (each.repository, each.attempt) == (repository, promotion.attempt):
                each.base = base
                return each
        self._ids += 1
        made = Attempt(
            UUID(int=self._ids), name, promotion.environment, repository, promotion.attempt, base
        )
        self.attempts.append(made)
        return made

    def _mine(self, name: str, environment: str) -> list[Attempt]:
        return [a for a in self.attempts if (a.release, a.environment) == (name, environment)]

    def _forget(self, settled: Iterable[Attempt]) -> None:
        ids = {a.id for a in settled}
        self.attempts = [a for a in self.attempts if a.id not in ids]

    def _arrive(self, attempt: Attempt) -> None:
        attempt.arrived = True
        version = self[attempt.release].version
        self._put(attempt.environment, attempt.repository, version, attempt.release)

    def _put(self, environment: str, repository: str, version: str, writer: str) -> None:
        """Content comes to a branch: it must not be older than what its line brought there."""
        mine = self.releases.get(writer)
        if mine and mine.line:
            newest = max((self[r].n for r in self._pushed_of(mine.line, environment)), default=0)
            assert mine.n >= newest, f"{writer} goes to {environment} after {newest}"
        branch = self.branch(environment, repository)
        branch.version, branch.writer, branch.by_hand = version, writer, False
        branch.serial += 1
        self.pushes.append((writer, environment, repository))

    def _pushed_of(self, line: str, environment: str) -> Iterator[str]:
        for name, where, _ in self.pushes:
            if where == environment and name in self.releases and self[name].line == line:
                yield name

    def _settle(self, name: str, environment: str) -> None:
        if self.git.get(environment, ["ok"])[0] == "down":
            return
        for attempt in self._mine(name, environment):
            self._forget([attempt])
            if attempt.arrived:
                commit = f"{attempt.id.int:040x}"
                event = events.CommitLanded(
                    attempt.repository,
                    "main",
                    commit,
                    ("api",),
                    write_id=attempt.id,
                    environment=environment,
                )
                self._record(name, [event])
