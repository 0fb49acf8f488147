"""What the API needs, put together by whoever starts it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from towpath.domain.catalog import Catalog, Problem
from towpath.history.notes import Notes
from towpath.history.tracing import Tracing
from towpath.ports.commanding import Commands, RunCommands
from towpath.ports.git import Git
from towpath.storage.answers import Answers
from towpath.storage.queries import Queries


@dataclass(frozen=True, slots=True)
class Configuration:
    """The catalog in force, where it is from, and what is wrong with a newer one."""

    catalog: Catalog
    source: str
    revision: str
    problems: tuple[Problem, ...] = ()
    problems_revision: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """`tokens` maps the name of a caller to its bearer token; empty: loopback without tokens.

    `public_url` is the address people use; its host is accepted beside those of loopback. A
    stream ends after `stream_seconds`, and at most `most_streams` are open at once. `teams` maps
    each team to its members.
    """

    tokens: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""
    stream_seconds: float = 600.0
    most_streams: int = 1000
    teams: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that an endpoint may use. `configuration` gives None until one was loaded.

    `clock` tells what is open now.
    """

    queries: Queries
    answers: Answers
    commands: Commands
    runs: RunCommands
    git: Git
    notes: Notes
    tracing: Tracing
    configuration: Callable[[], Configuration | None]
    settings: Settings = Settings()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
