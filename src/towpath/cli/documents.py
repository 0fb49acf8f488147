"""A release as the screen needs it, read from the API's document.

The only place that knows the names in release documents; unknown fields are passed over, so an
older command line can show what a newer server says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from towpath.cli import times

_PHASES = {
    "gates": "gates",
    "on_start": "on start",
    "pre_action": "pre-action",
    "action": "action",
    "sync": "sync",
    "health": "health",
    "post_action": "post-action",
    "on_success": "on success",
    "on_fail": "on fail",
}
_DONE = frozenset({"succeeded", "skipped", "superseded"})
_BEGUN = frozenset({"pending", "running", "suspended", "terminating", "failed", "error"})


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that an environment waits for, and what one could do about it."""

    sentence: str
    since: datetime | None
    until: datetime | None
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """Something of a release that has a status, and takes its time."""

    status: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def done(self) -> bool:
        """Whether it is over, and nothing went wrong."""
        return self.status in _DONE

    def took(self, now: datetime) -> str:
        """How long it has taken so far, or took; empty before it began."""
        if self.started_at is None:
            return ""
        return times.length((self.ended_at or now) - self.started_at)


@dataclass(frozen=True, slots=True)
class Step(Timed):
    """A step of a workflow, over all applications that run it."""

    name: str
    attempt: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Workflow(Timed):
    """A workflow of an environment or a release: what it is for, and its steps."""

    purpose: str
    template: str
    attempt: int
    before: bool  # it is of an attempt before the one that its environment is in
    sentence: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Stage(Timed):
    """The release in one environment."""

    name: str
    role: str
    sentence: str
    advice: str
    depends_on: tuple[str, ...]
    version: str
    attempt: int
    phase: str
    landed: str
    warnings: tuple[str, ...]
    waits: tuple[Wait, ...]
    workflows: tuple[Workflow, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A release and its environments in flow order."""

    id: str
    product: str
    version: str
    flow: str
    trigger: str
    initiator: str
    status: str
    sentence: str
    advice: str
    ended: bool
    subject: str
    origin: str
    goes_back_to: str
    also_carries: tuple[str, ...]  # in words, for each set of releases
    created_at: datetime
    ended_at: datetime | None
    stages: tuple[Stage, ...]
    workflows: tuple[Workflow, ...]  # the hooks of the release itself
    server: str = ""  # where it is asked, if command lines have to name that

    def took(self, now: datetime) -> str:
        """How long it has taken so far, or took."""
        return times.length((self.ended_at or now) - self.created_at)


def release(document: Mapping[str, Any], server: str = "") -> Release:
    """Read a release document. `server` is the address that command lines have to name."""
    created_at = times.seen(document["created_at"])
    assert created_at is not None
    commit = document.get("commit") or {}
    return Release(
        id=document["id"],
        product=document["product"],
        version=document.get("version") or "",
        flow=document.get("flow") or "",
        trigger=document.get("trigger") or "",
        initiator=document.get("initiator") or "",
        status=document["status"],
        sentence=why(document),
        advice=_reason(document).get("advice") or "",
        ended=bool(document["ended"]),
        subject=commit.get("subject") or "",
        origin=_origin(commit),
        goes_back_to=document.get("goes_back_to") or "",
        also_carries=_also_carries(document.get("also_carries") or ()),
        created_at=created_at,
        ended_at=times.seen(document.get("ended_at")),
        stages=tuple(_stage(one) for one in document["environments"]),
        workflows=_workflows(document),
        server=server,
    )


def _also_carries(carried: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        f"also carries {_named(one['releases'], one['total'])} to {', '.join(one['environments'])}"
        for one in carried
    )


def _named(releases: Sequence[str], total: int) -> str:
    """`shop-3`, `shop-3 to 7`, `shop-3, 5 and 7`; with how many more there are before them."""
    first, *more = releases
    numbers = [int(each.rpartition("-")[2]) for each in releases]
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(more) > 1:
        words = f"{first} to {numbers[-1]}"
    else:
        *others, last = [first, *map(str, numbers[1:])]
        words = f"{', '.join(others)} and {last}" if others else last
    return f"{words} (and {total - len(releases)} before)" if total > len(releases) else words


def _stage(one: Mapping[str, Any]) -> Stage:
    return Stage(
        name=one["name"],
        role=one.get("role") or "",
        status=one["status"],
        sentence=why(one),
        advice=_reason(one).get("advice") or "",
        depends_on=tuple(one.get("depends_on") or ()),
        version=one.get("version") or "",
        attempt=one.get("attempt") or 1,
        phase=_phase(one),
        landed=_landed(one.get("landings") or ()),
        warnings=tuple(w["sentence"] for w in one.get("warnings") or ()),
        waits=tuple(_wait(wait) for wait in one.get("waits_for") or ()),
        workflows=_workflows(one),
        started_at=times.seen(one.get("started_at")),
        ended_at=times.seen(one.get("ended_at")),
    )


def _workflows(part: Mapping[str, Any]) -> tuple[Workflow, ...]:
    now = part.get("attempt") or 1
    return tuple(_workflow(one, now) for one in part.get("workflows") or ())


def _workflow(one: Mapping[str, Any], now: int) -> Workflow:
    runs = one.get("runs") or ()
    begun = [at for run in runs if (at := times.seen(run.get("started_at")))]
    ended = [at for run in runs if (at := times.seen(run.get("ended_at")))]
    return Workflow(
        purpose=phase(one.get("purpose") or ""),
        template=one["template"],
        status=one["status"],
        attempt=one.get("attempt") or 1,
        before=(one.get("attempt") or 1) < now,
        sentence=_worst_reason(one["status"], runs),
        started_at=min(begun, default=None),
        ended_at=max(ended, default=None) if len(ended) == len(runs) else None,
        steps=tuple(_step(step) for step in one.get("steps") or ()),
    )


def _step(one: Mapping[str, Any]) -> Step:
    applications = one.get("applications") or ()
    return Step(
        name=one["name"],
        status=one["status"],
        attempt=max((own.get("attempt") or 0 for own in applications), default=0),
        sentence=_worst_reason(one["status"], applications),
        started_at=times.seen(one.get("started_at")),
        ended_at=times.seen(one.get("ended_at")),
    )


def _worst_reason(status: str, parts: Sequence[Mapping[str, Any]]) -> str:
    """Why one of those that made the whole what it is is so."""
    return next((words for one in parts if one["status"] == status and (words := why(one))), "")


def _wait(one: Mapping[str, Any]) -> Wait:
    return Wait(
        one["sentence"],
        times.seen(one.get("since")),
        times.seen(one.get("until")),
        tuple(one.get("commands") or ()),
    )


def why(part: Mapping[str, Any]) -> str:
    """The reason in words; where the change is carried on by another release, by which."""
    carried = part.get("carried_by")
    if carried:
        return str(carried.get("sentence") or f"carried by {carried.get('release')}")
    return str(_reason(part).get("sentence") or "")


def short(version: str) -> str:
    """A version; of several components together the first, and how many more there are."""
    first, *more = version.split(", ")
    return f"{first} +{len(more)}" if more else first


def phase(name: str) -> str:
    """A phase's name in words."""
    return _PHASES.get(name, name)


def _reason(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return part.get("reason") or {}


def _origin(commit: Mapping[str, Any]) -> str:
    if not commit.get("sha"):
        return ""
    repository = str(commit.get("repository") or "").rstrip("/").removesuffix(".git")
    name = "/".join(repository.replace(":", "/").split("/")[-2:])
    branch = commit.get("branch")
    where = (f" on {branch}" if branch else "") + (f" of {name}" if name else "")
    return f"{commit['sha'][:7]}{where}"


def _phase(one: Mapping[str, Any]) -> str:
    """The phase the environment is in, or ended badly in."""
    if one["status"] not in _BEGUN:
        return ""
    phases = one.get("phases") or ()
    bad = (p["name"] for p in phases if p["status"] == one["status"])
    current = (p["name"] for p in phases if p["status"] in _BEGUN)
    return phase(next(bad, "") or next(current, ""))


def _landed(landings: Sequence[Mapping[str, Any]]) -> str:
    changed = [one["commit"][:7] for one in landings if one.get("changed", True)]
    if changed:
        return f"commit{'s' if len(changed) > 1 else ''} {', '.join(changed)}"
    return "no change" if landings else ""
