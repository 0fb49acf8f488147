"""What must be true in the end, whatever happened: read from the remotes and from the database."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import chaos_products
from chaos_remotes import Seen
from chaos_world import World
from towpath.domain.release import Release
from towpath.domain.status import Status

Histories = Mapping[str, Sequence[Seen]]
_NOT_OURS = "Towpath-Promotion"
_GOING_BACK = {product.name for product in chaos_products.PRODUCTS if product.reverts}
_FINE = (Status.SUCCEEDED, Status.SUPERSEDED)


async def violations(world: World) -> list[str]:
    """Every violation, in words; empty when all held."""
    releases = await world.database.releases()
    histories = {name: remote.history() for name, remote in world.remotes.items()}
    return [
        *_ends(releases),
        *_newest(releases),
        *_commits(releases, histories, world),
        *_values(releases, histories, world),
        *_backwards(histories),
        *_late(releases, histories, world),
        *_present(releases, histories),
        *_foreign(world, histories),
        *[line for slot in world.slots.values() for line in slot.unexplained],
        *await _left_over(world),
        *_complaints(world),
    ]


def _ends(releases: Sequence[Release]) -> Iterator[str]:
    fine = {product.name: _FINE for product in chaos_products.PRODUCTS} | {
        product.name: (*_FINE, Status.TERMINATED)
        for product in chaos_products.PRODUCTS
        if product.concurrency == "terminate"
    }
    for each in releases:
        if each.status not in fine[each.product] or not each.ended_at:
            yield f"{each.id} is {each.status} in the end: {each.reason}"


def _newest(releases: Sequence[Release]) -> Iterator[str]:
    """Nobody overtakes the newest of a line: it must have arrived everywhere."""
    for newest in {each.product: each for each in releases}.values():
        for promotion in newest.promotions:
            if promotion.status is not Status.SUCCEEDED:
                where = f"{newest.id}, the newest, in {promotion.environment}"
                yield f"{where} is {promotion.status}: {promotion.reason}"


def _commits(releases: Sequence[Release], histories: Histories, world: World) -> Iterator[str]:
    """One commit for each release, environment and repository that was written to, no other."""
    recorded = {
        landing.commit: (each.id, promotion.environment, _name(landing.repository, world))
        for each in releases
        for promotion in each.promotions
        for landing in promotion.landings
        if landing.changed
    }
    found = {
        seen.sha: (
            seen.trailers.get("Towpath-Release", ""),
            seen.trailers.get("Towpath-Environment", ""),
            name,
        )
        for name, history in histories.items()
        for seen in history
        if _NOT_OURS in seen.trailers
    }
    for place, times in Counter(found.values()).items():
        if times > 1:
            yield f"{times} promotion commits for {place}"
    for sha in recorded.keys() - found.keys():
        yield f"{recorded[sha]} is said to have landed with {sha}, which is not on the branch"
    for sha in found.keys() - recorded.keys():
        yield f"{sha} on the branch is of {found[sha]}, which nobody has recorded"
    for sha in found.keys() & recorded.keys():
        if found[sha] != recorded[sha]:
            yield f"{sha} says it is {found[sha]}, recorded is {recorded[sha]}"
    ids = Counter(
        seen.trailers[_NOT_OURS]
        for history in histories.values()
        for seen in history
        if _NOT_OURS in seen.trailers
    )
    yield from (f"write {write} is on the branch {n} times" for write, n in ids.items() if n > 1)


def _name(address: str, world: World) -> str:
    return next(name for name, remote in world.remotes.items() if remote.address == address)


def _values(releases: Sequence[Release], histories: Histories, world: World) -> Iterator[str]:
    """A promotion's commit holds what its release carries, and changes nothing else."""
    by_id = {each.id: each for each in releases}
    for name, history in histories.items():
        for before, seen in zip([None, *history], history, strict=False):
            if _NOT_OURS not in seen.trailers or before is None:
                continue
            release = by_id.get(seen.trailers["Towpath-Release"])
            if release is None:
                yield f"{seen.sha} in {name} is of a release that is not known: {seen.trailers}"
                continue
            wanted = dict(_carried(release, seen.trailers["Towpath-Environment"], name))
            for path, tag in wanted.items():
                if seen.tags[path] != tag:
                    yield f"{seen.sha}: {path} is {seen.tags[path]}, {release.id} carries {tag}"
            for path in seen.tags:
                if path not in wanted and seen.tags[path] != before.tags[path]:
                    yield f"{seen.sha}: changed {path}, which {release.id} has nothing to do with"


def _carried(release: Release, environment: str, repository: str) -> Iterator[tuple[str, str]]:
    product = next(p for p in chaos_products.PRODUCTS if p.name == release.product)
    for component, part in release.content.items():
        if product.components[component] == repository:
            yield chaos_products.path(release.product, component, environment), part.version


def _backwards(histories: Histories) -> Iterator[str]:
    """No value ever goes back; and releases come to an environment in their order."""
    for name, history in histories.items():
        newest: dict[str, tuple[int, ...]] = {}
        last: dict[tuple[str, str], int] = {}
        for seen in history:
            for path, tag in seen.tags.items():
                if path.partition("/")[0] in _GOING_BACK:
                    continue
                version = tuple(int(number) for number in tag.split("."))
                if version < newest.get(path, ()):
                    yield f"{path} in {name} goes back to {tag} with {seen.sha} ({seen.subject})"
                newest[path] = max(version, newest.get(path, ()))
            if _NOT_OURS in seen.trailers:
                product, _, n = seen.trailers["Towpath-Release"].rpartition("-")
                place = (product, seen.trailers["Towpath-Environment"])
                if int(n) <= last.get(place, 0):
                    yield f"{seen.sha} in {name}: {product}-{n} after {product}-{last[place]}"
                last[place] = int(n)


def _late(releases: Sequence[Release], histories: Histories, world: World) -> Iterator[str]:
    """Nothing of an older release comes after a newer one found its values in place."""
    at = {
        (name, seen.sha): place
        for name, history in histories.items()
        for place, seen in enumerate(history)
    }
    came: dict[tuple[str, str, str], list[tuple[int, int, bool]]] = {}
    for each in releases:
        for promotion in each.promotions:
            for landing in promotion.landings:
                name = _name(landing.repository, world)
                here = came.setdefault((each.product, promotion.environment, name), [])
                here.append((each.n, at[name, landing.commit], landing.changed))
    for where, landings in came.items():
        for n, place, changed in landings:
            for older, later, wrote in landings:
                if older < n and later > place and wrote and not changed:
                    yield f"{where}: {older} was written after {n} was found in place"


def _present(releases: Sequence[Release], histories: Histories) -> Iterator[str]:
    """In the end every environment holds what the newest release carries."""
    for newest in {each.product: each for each in releases}.values():
        for environment in chaos_products.ENVIRONMENTS:
            for name, history in histories.items():
                for path, tag in _carried(newest, environment, name):
                    if history[-1].tags[path] != tag:
                        yield f"{path} is {history[-1].tags[path]}; {newest.id} carries {tag}"


def _foreign(world: World, histories: Histories) -> Iterator[str]:
    """Nobody's commit is lost."""
    for writer in (*world.strangers, *world.developers.values()):
        there = {seen.sha for seen in histories[writer.remote.name]}
        for sha in writer.pushed:
            if sha not in there:
                yield f"{sha} of {writer.name} is gone from {writer.remote.name}"


async def _left_over(world: World) -> Sequence[str]:
    """Nothing is claimed, announced or leased when every release has ended."""
    claims = await world.database.ask(
        "SELECT product || ' in ' || environment || ' by ' || holder FROM stage WHERE holder <> ''"
    )
    writes = await world.database.ask(
        "SELECT release || ' in ' || environment || ': ' || id FROM write WHERE NOT settled"
    )
    return [
        *(f"still claimed: {row[0]}" for row in claims),
        *(f"a write whose end nobody looked up: {row[0]}" for row in writes),
    ]


def _complaints(world: World) -> Iterator[str]:
    """What a process says only of a defect in itself."""
    for slot in world.slots.values():
        said = slot.log.read_text(errors="replace").splitlines()
        for number, line in enumerate(said, 1):
            if line.startswith("Traceback"):
                around = "\n    ".join(said[max(0, number - 2) : number + 60])
                yield f"{slot.log.name}:{number}: a process complains of itself:\n    {around}"


async def report(world: World, found: Sequence[str]) -> str:
    """All that is needed to understand a failure."""
    releases = await world.database.releases()
    troubled = [each for each in releases if any(each.id in words for words in found)] or releases
    logs = [f"== {name}\n{await remote.log()}" for name, remote in world.remotes.items()]
    return "\n".join(
        [
            f"seed {world.plan.seed}; everything is in {world.folder}",
            "=== violations",
            *found,
            "=== what was done",
            *world.journal.lines,
            "=== releases",
            *(_told(each) for each in troubled),
            "=== histories",
            *logs,
            "=== logs",
            *(f"== {slot.name}\n{slot.last_words()}" for slot in world.slots.values()),
        ]
    )


def _told(release: Release) -> str:
    lines = [f"{release.id} {release.version}: {release.status} ({release.reason})"]
    for p in release.promotions:
        phases = ", ".join(f"{phase.name} {phase.status}" for phase in p.phases)
        landed = [f"{x.commit[:7]}{'' if x.changed else ' (was there)'}" for x in p.landings]
        lines.append(f"    {p.environment}: {p.status} ({p.reason}); {phases}; landed {landed}")
    return "\n".join(lines)
