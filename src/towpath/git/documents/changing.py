"""What a file's data become when values are set and removed; no text is touched here.

It exists so that a change is planned once for all formats, as new data that share every
unchanged part with the old: the editors then write only where the two differ, and the result
is proven against the whole. It must not know how data are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from towpath.domain import values
from towpath.git.documents import errors, reading, scalars, source
from towpath.git.documents.source import Data, Location, Source


@dataclass(slots=True)
class Branch:
    """The wishes for one node: a value for itself, and branches for what is below it."""

    value: values.Json | values.Missing = values.MISSING
    below: dict[values.Step, Branch] = field(default_factory=dict)


def update(
    file: Source, sets: Iterable[values.Value], removals: Sequence[values.Place]
) -> Sequence[Data]:
    """The documents of `file` without `removals` and with `sets`.

    Parts that do not change are the same objects. Raises `value_missing` where a value has no
    place, `value_ambiguous` where it has two.
    """
    documents = _without(file, removals)
    for index, branch in _by_document(file, sets).items():
        below = _Setting(file, index)
        if not documents:
            documents = [below.set(values.MISSING, branch, (), None)]
            continue
        old = documents[index]
        new = below.set(old, branch, (), (index,))
        if new is not old:
            documents = [*documents[:index], new, *documents[index + 1 :]]
    return documents


def _by_document(file: Source, sets: Iterable[values.Value]) -> dict[int, Branch]:
    roots: dict[int, Branch] = {}
    for value in sets:
        index = reading.find_document(file, value.place)
        if index is None:
            raise _no_place(file, value.place, "the file does not have this document", None)
        steps = value.place
        if steps and isinstance(steps[0], values.Document):
            steps = steps[1:]
        _add(file, roots.setdefault(index, Branch()), steps, value)
    return roots


def _add(file: Source, branch: Branch, steps: values.Place, value: values.Value) -> None:
    for step in steps:
        branch = branch.below.setdefault(step, Branch())
    wish = scalars.exact(value.value)
    if branch.value is not values.MISSING and not values.same(branch.value, wish):
        raise errors.DocumentError(
            "value_ambiguous",
            f"two different values are to be set at {values.spell(value.place)}",
            file.path,
        )
    branch.value = wish


@dataclass(frozen=True, slots=True)
class _Setting:
    """Sets the values of one document, from the root down."""

    file: Source
    index: int

    def set(
        self, node: Data, branch: Branch, place: values.Place, location: Location | None
    ) -> Data:
        """`node` with everything that `branch` wishes; the same object if that is so already."""
        if branch.value is not values.MISSING:
            node = self._put(node, branch.value, place, location)
        if not branch.below:
            return node
        changed: dict[str | int, Data] = {}
        for step, child in branch.below.items():
            part, old = self._child(node, step, place, location)
            under = (*location, part) if location and old is not values.MISSING else None
            new = self.set(old, child, (*place, step), under)
            if new is not old:
                changed[part] = new
        return _with(node, changed) if changed else node

    def _child(
        self, node: Data, step: values.Step, place: values.Place, location: Location | None
    ) -> tuple[str | int, Data]:
        if isinstance(step, values.Key):
            if node is None or node is values.MISSING:
                return step.name, values.MISSING
            if isinstance(node, dict):
                return step.name, node.get(step.name, values.MISSING)
        elif node is not values.MISSING:
            part = reading.part_of(self.file, node, step, location or ())
            if part is not None:
                return part, node[part]
        raise _no_place(self.file, (*place, step), _why_not(node, step), location)

    def _put(
        self,
        node: Data,
        wish: values.Json,
        place: values.Place,
        location: Location | None,
    ) -> Data:
        """`wish` in place of `node`: an equal node and the entries of a mapping are kept."""
        if isinstance(node, dict) and wish == {}:
            return node
        if isinstance(node, dict) and node:
            why = "a mapping stands there, with entries that were not promoted; remove them first"
            raise _no_place(self.file, place, why, location)
        if isinstance(node, source.Tagged):
            tagged = node.holding(wish)
            return node if values.same(node.value, wish) else tagged
        return node if values.same(node, wish) else wish


def _with(node: Data, changed: dict[str | int, Data]) -> Data:
    if isinstance(node, list):
        return [changed.get(index, element) for index, element in enumerate(node)]
    if isinstance(node, dict):
        return {**node, **changed}
    return changed


def _why_not(node: Data, step: values.Step) -> str:
    if node is values.MISSING:
        return "the list that it belongs to is not there; add it by hand"
    match step:
        case values.Item(name, key) if isinstance(node, list):
            return f"the list has no element with the {name} {str(key)!r}; add it by hand"
        case values.Position(_, length) if isinstance(node, list):
            return (
                f"elements are matched by position only between lists of {length} elements "
                f"without name, id or key; this list has {len(node)}"
            )
        case values.Key():
            return f"{source.kind_of(node)} stands where a mapping is needed"
        case _:
            return f"{source.kind_of(node)} stands where a list is needed"


def _no_place(
    file: Source, place: values.Place, why: str, location: Location | None
) -> errors.DocumentError:
    sentence = f"{values.spell(place)} cannot be set: {why}"
    return source.problem(file, "value_missing", sentence, location)


def _without(file: Source, removals: Sequence[values.Place]) -> Sequence[Data]:
    gone = [(place, reading.find(file, place)) for place in removals]
    present = {place: location for place, location in gone if location is not None}
    locations: dict[Location, None] = {}
    for place, location in present.items():
        whole = _removed_with(file, place, location, present)
        if whole is not None:
            locations[whole] = None
    pruned: Sequence[Data] = _pruned(file.documents, [list(location) for location in locations])
    return pruned


def _removed_with(
    file: Source, place: values.Place, location: Location, present: dict[values.Place, Location]
) -> Location | None:
    """What goes when `place` is removed.

    An element's name goes only with the whole element, and that when all its values go:
    an element without its name would be another one.
    """
    if len(place) < 2 or not isinstance(place[-2], values.Item):
        return location
    if place[-1] != values.Key(place[-2].field):
        return location
    element = reading.at(file.documents, location[:-1])
    below = reading.leaves(file, place[:-1], element, location[:-1])
    return location[:-1] if all(leaf_place in present for leaf_place, *_ in below) else None


def _pruned(node: Data, locations: list[list[str | int]]) -> Data:
    if not locations:
        return node
    by_part: dict[str | int, list[list[str | int]]] = {}
    for part, *rest in locations:
        by_part.setdefault(part, []).append(rest)
    doomed = {part for part, rests in by_part.items() if [] in rests}
    kept = {
        part: _pruned(node[part], rests) for part, rests in by_part.items() if part not in doomed
    }
    if isinstance(node, dict):
        return {key: kept.get(key, node[key]) for key in node if key not in doomed}
    return [kept.get(at, node[at]) for at in range(len(node)) if at not in doomed]
