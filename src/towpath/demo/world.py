"""The demo's world: built once below a folder, found again there, and changed by its people.

The door of this package, beside that of its image registry (`registry`). Makes and changes git
repositories and nothing else; the server that watches them is started elsewhere.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from towpath.demo import (
    cast,
    checks,
    commits,
    configuration,
    gitops,
    history,
    playing,
    story,
)

_FORMAT = 1
_RECORD = "world.json"
_REPOSITORIES = "repositories"
_TAKEN = "the mobile team measures its new app until tonight\n"


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is. All repositories are bare, local and have the branch `main`."""

    folder: Path
    code: Mapping[str, Path]  # by service
    gitops: Path
    configuration: Path
    products: Mapping[str, tuple[str, ...]]  # name -> services
    seed: int

    def play(self, change: story.Change, now: datetime) -> playing.Played:
        """Carry out a change, as CI or a person would; others may push at the same time.

        `DemoError` if the repositories are not as the demo left them, `BranchBusy` if a branch
        cannot be moved.
        """
        if change.lab_taken:
            self.lab.write_text(_TAKEN, encoding="utf-8")
        return playing.play(self.code, self.gitops, change, now)

    @property
    def lab(self) -> Path:
        """The file that is there while the load lab is taken."""
        return self.folder / "load-lab-is-taken"

    @property
    def announcements(self) -> Path:
        """The file that every end of a release is announced in."""
        return self.folder / "announcements.txt"

    def tags(self) -> Mapping[tuple[str, str], str]:
        """The image tag of every service in each of its environments now."""
        return gitops.tags(self.gitops)


def build(folder: Path, now: datetime, seed: int = cast.SEED) -> World:
    """Make the world below `folder`: the same for the same seed and time.

    Nothing is left of a build that was interrupted. `DemoError` if there is a world already.
    """
    folder = folder.resolve()
    finished = folder / _REPOSITORIES
    if finished.exists():
        raise commits.DemoError(f"{finished} exists already: open it, or choose another folder.")
    unfinished = folder / f"{_REPOSITORIES}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _fill(unfinished, _world(folder, seed), now, seed)
    record = {"format": _FORMAT, "seed": seed, "made_at": now.isoformat()}
    (unfinished / _RECORD).write_text(json.dumps(record) + "\n", encoding="utf-8")
    unfinished.rename(finished)
    return _world(folder, seed)


def exists(folder: Path) -> bool:
    """Whether there is a complete world below `folder`."""
    return (folder / _REPOSITORIES / _RECORD).is_file()


def open(folder: Path) -> World:
    """The world that was built below `folder`. `DemoError` if there is none."""
    folder = folder.resolve()
    record = folder / _REPOSITORIES / _RECORD
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise commits.DemoError(
            f"No demo in {folder} ({error}). Choose another folder, or delete it and build anew."
        ) from error
    if found.get("format") != _FORMAT:
        raise commits.DemoError(
            f"{record} was written by another version of Towpath. Delete {folder} and build anew."
        )
    return _world(folder, int(found["seed"]))


def _world(folder: Path, seed: int) -> World:
    place = folder / _REPOSITORIES
    return World(
        folder=folder,
        code={name: place / f"{name}.git" for name in cast.SERVICES},
        gitops=place / "gitops.git",
        configuration=place / "configuration.git",
        products={p.name: tuple(s.name for s in p.services) for p in cast.PRODUCTS.values()},
        seed=seed,
    )


def _fill(place: Path, world: World, now: datetime, seed: int) -> None:
    def random(what: str) -> Random:
        return Random(f"{what}/{seed}")  # noqa: S311 - a story, not a secret

    built = {
        name: history.build(place / path.name, cast.SERVICES[name], now, random(name))
        for name, path in world.code.items()
    }
    gitops.build(place / world.gitops.name, built, now, random("gitops"))
    configuration.build(
        place / world.configuration.name,
        world.code,
        world.gitops,
        checks.workflows(world.lab, world.announcements),
        now,
    )
