"""What notes start from: a base by the rule, or what somebody names instead.

The rule: for each component, what landed with the last promotion there that succeeded or with a
later rollback; before the first, what was found at the first look.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from towpath.domain import catalog
from towpath.domain.release import Release
from towpath.ports.archive import Archive, Held, Landed, Question

PREVIOUS = "previous"
_RELEASE, _ENVIRONMENT, _TIME = "release:", "environment:", "time:"
_WORDS = {
    "succeeded": "the last promotion to {environment} that succeeded",
    "rollback": "the last rollback of {environment}",
    "found": "what {environment} had at the first look",
}


class UnknownOrigin(Exception):  # noqa: N818
    """What was given to start from is no release, environment or time."""


@dataclass(frozen=True, slots=True)
class Base:
    """What each component was, with how it came about in words; and what the release that is
    asked about has brought there."""

    kind: str
    held: Held
    sentence: str
    landed: Held = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the range: the same key is the same content, and the same landings."""
        parts = sorted(f"{name}={one.id}:{one.release}" for name, one in self.held.items())
        parts += sorted(f"{name} landed {one.id}" for name, one in self.landed.items())
        return hashlib.sha256(f"{self.kind} {' '.join(parts)}".encode()).hexdigest()[:32]

    def document(self) -> Mapping[str, Any]:
        """As it is shown."""
        newest = max(self.held.values(), key=lambda one: one.at, default=None)
        named = {one.release for one in self.held.values()}
        return {
            "kind": self.kind,
            "release": next(iter(named)) or None if len(named) == 1 else None,
            "at": newest.at.isoformat() if newest else None,
            "sentence": self.sentence,
            "components": [
                {
                    "component": name,
                    "kind": one.kind,
                    "release": one.release or None,
                    "version": one.content.version,
                    "commit": one.commit,
                    "at": one.at.isoformat(),
                }
                for name, one in sorted(self.held.items())
            ],
        }


async def origin(archive: Archive, config: catalog.Catalog, text: str) -> str:
    """What a person names to start from, as a question has it. Raises `UnknownOrigin`."""
    if text in ("", PREVIOUS):
        return text
    if await archive.release(text):
        return _RELEASE + text
    if text in config.environments:
        return _ENVIRONMENT + text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnknownOrigin(
            f"{text!r} is no release, no environment and no time "
            "(a time is written 2026-12-01T08:00:00Z)"
        ) from None
    return _TIME + (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


async def base(archive: Archive, question: Question, release: Release) -> Base:
    """The base of a question."""
    landed = await archive.landed_with(release.product, question.environment, release.id)
    return replace(await _base(archive, question, release), landed=landed)


async def _base(archive: Archive, question: Question, release: Release) -> Base:
    kind, _, named = question.origin.partition(":")
    environment = question.environment
    match kind:
        case "":
            return _by_rule(
                environment, await archive.base(release.product, environment, release.id)
            )
        case "previous":
            held = await archive.before(release.product, environment, release.id)
            return Base("previous", held, f"what {environment} had before {release.id}")
        case "release":
            other = await archive.release(named)
            held = dict(_carried(other)) if other else {}
            return Base("release", held, f"what {named} carries")
        case "environment":
            held = await archive.held(release.product, named)
            return Base("environment", held, f"what {named} has now")
        case _:
            at = datetime.fromisoformat(named)
            held = await archive.held(release.product, environment, at)
            return Base("time", held, f"what {environment} had at {named}")


def _by_rule(environment: str, held: Held) -> Base:
    kinds = {one.kind for one in held.values()}
    if not kinds:
        return Base("none", held, f"nothing is known to have been in {environment} before")
    said = [_WORDS[kind].format(environment=environment) for kind in sorted(kinds)]
    return Base(kinds.pop() if len(kinds) == 1 else "mixed", held, " and ".join(said))


def _carried(release: Release) -> Iterator[tuple[str, Landed]]:
    for name, part in release.content.items():
        commit = release.commit.sha if release.commit else part.revision
        yield name, Landed(0, name, release.id, commit, part, release.created_at, "release")
