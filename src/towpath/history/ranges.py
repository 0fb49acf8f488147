"""From two contents of an environment to what lies between: images, code, GitOps commits.

Gathers, and decides nothing of how it is shown. What cannot be known is said, one entry for each.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from towpath.domain import catalog, content
from towpath.domain.changes import Between, Commit, Direction
from towpath.domain.release import Release, Role
from towpath.history import messages, places, revisions
from towpath.history.library import SHORT, Library, Unresolved
from towpath.history.revisions import Revisions, Told
from towpath.ports.archive import Archive, Held, Landed

PROMOTION = "Towpath-Promotion"
RELEASE = "Towpath-Release"
SOURCE = "Towpath-Source"
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class ImageAt:
    """An image at one end of the range."""

    image: content.Image
    told: Told


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One image of a component, from what it was to what it is. None: it was not, or is not."""

    component: str
    name: str
    old: ImageAt | None
    new: ImageAt | None
    own: bool
    direction: Direction | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Commits of a code repository. `components` maps each to those that touch its paths, or to
    None for all."""

    repository: str
    old: str
    new: str
    between: Between
    components: Mapping[str, Collection[str] | None]

    @property
    def has_paths(self) -> bool:
        """Whether some component has only some of the commits."""
        return any(shas is not None for shas in self.components.values())


@dataclass(frozen=True, slots=True)
class GitopsChange:
    """A commit of a GitOps repository. `kind`: change | by_hand. `via`: the release that carried
    it there, and `carried_by` that promotion's commit."""

    repository: str
    commit: Commit
    component: str
    kind: str = "change"
    taken_back: bool = False
    via: str = ""
    carried_by: str = ""


@dataclass
class Gathered:
    """All that lies between, as far as it could be gathered."""

    images: list[ImageChange] = field(default_factory=list)
    code: list[CodeRange] = field(default_factory=list)
    gitops: list[GitopsChange] = field(default_factory=list)
    unresolved: dict[str, list[Unresolved]] = field(default_factory=dict)

    def lacks(self, group: str, *what: Unresolved) -> None:
        """Note what a group lacks."""
        self.unresolved.setdefault(group, []).extend(what)


@dataclass(frozen=True, slots=True)
class Span:
    """What notes are about: a release's content in an environment, and what they start from.

    `landed` is what it brought there, if it did.
    """

    release: Release
    environment: str
    base: Held
    landed: Held = field(default_factory=dict)

    @property
    def trigger(self) -> str:
        """The environment that the release's content was read in."""
        roles = (Role.TRIGGER, Role.SOURCE)
        found = (p.environment for p in self.release.promotions if p.role in roles)
        return next(found, "")


class Gathering:
    """Gathers for one making of notes."""

    def __init__(
        self,
        archive: Archive,
        config: catalog.Catalog,
        code: Library,
        gitops: Library,
        named: Revisions,
    ) -> None:
        self._archive = archive
        self._config = config
        self._code = code
        self._gitops = gitops
        self._revisions = named

    async def gather(self, span: Span) -> Gathered:
        """Everything between the base and the release."""
        gathered = Gathered()
        for name in self._components(span):
            await self._component(gathered, span, name)
        return gathered

    def _components(self, span: Span) -> Sequence[str]:
        """Those of the release that take part there: by what landed, else by what is configured."""
        if span.landed:
            return sorted(span.landed)
        there = self._config.components_in(span.release.product, span.environment)
        return sorted(name for name in span.release.content if not there or name in there)

    async def _component(self, gathered: Gathered, span: Span, name: str) -> None:
        base = span.base.get(name)
        part = span.release.content.get(name)
        if part is None:
            return
        component = self._described(span.release.product, name)
        folders = self._folders(span.release.product, span.trigger, name, part.repository)
        changes = await self._images(gathered, span, component, base, part, folders)
        gathered.images += [await self._code_of(gathered, component, each) for each in changes]
        if base is not None:
            await self._deployed(gathered, span, name, base, part, folders)
            await self._by_hand(gathered, span, name, base)

    def _described(self, product: str, name: str) -> catalog.Component:
        known = self._config.products.get(product)
        found = (c for c in (known.components if known else ()) if c.name == name)
        return next(found, catalog.Component(name))

    def _folders(
        self, product: str, environment: str, component: str, repository: str
    ) -> tuple[str, ...]:
        applications = self._config.components_in(product, environment).get(component, ())
        return tuple(
            dict.fromkeys(
                folder
                for application in applications
                for _, source, folder in catalog.promotable_sources(application)
                if places.same(source.repository, repository)
            )
        )

    # --- images ------------------------------------------------------------------------------
    async def _images(
        self,
        gathered: Gathered,
        span: Span,
        component: catalog.Component,
        base: Landed | None,
        part: content.ComponentContent,
        folders: tuple[str, ...],
    ) -> Sequence[ImageChange]:
        before = base.content if base else content.ComponentContent(())
        earlier = base.release if base else ""
        came_from = revisions.Place(
            earlier or f"{span.release.product}/{span.environment}/{base.id if base else 0}",
            before,
            folders,
        )
        brought = revisions.Place(span.release.id, part, folders)
        changes = []
        for old, new in _pairs(before.images, part.images):
            if old == new:
                continue
            name = (new or old or content.Image("")).name
            own = revisions.is_own(name, component)
            changes.append(
                ImageChange(
                    component.name,
                    name,
                    await self._image_at(old, component, came_from, own),
                    await self._image_at(new, component, brought, own),
                    own,
                )
            )
        return [*_moved(_owned(gathered, component, changes))]

    async def _image_at(
        self,
        image: content.Image | None,
        component: catalog.Component,
        place: revisions.Place,
        own: bool,
    ) -> ImageAt | None:
        if image is None:
            return None
        return ImageAt(image, await self._revisions.of(image, component, place) if own else Told())

    # --- code --------------------------------------------------------------------------------
    async def _code_of(
        self, gathered: Gathered, component: catalog.Component, change: ImageChange
    ) -> ImageChange:
        old = change.old.told.revision if change.old else None
        new = change.new.told.revision if change.new else None
        if old is None or new is None:
            return replace(change, sentence=_one_end(change))
        if not places.same(old.repository, new.repository):
            moved = f"its code moved from {old.repository} to {new.repository}"
            what = f"{component.name}: {old.sha[:SHORT]}..{new.sha[:SHORT]}"
            gathered.lacks("commits", Unresolved(what, moved))
            return replace(change, direction=Direction.UNKNOWN, sentence=moved)
        between = await self._code.between(new.repository, old.sha, new.sha)
        how = _how(new.repository, old.sha, new.sha, between)
        sentence = "; ".join(filter(None, (change.sentence, how)))
        if between.direction is Direction.UNKNOWN:
            what = f"{component.name}: {old.sha[:SHORT]}..{new.sha[:SHORT]}"
            gathered.lacks("commits", self._code.why_not(new.repository, what))
        if between.cut:
            gathered.lacks("commits", _cut(component.name, between))
        await self._add_range(gathered, component, new.repository, old.sha, new.sha, between)
        return replace(change, direction=between.direction, sentence=sentence)

    async def _add_range(
        self,
        gathered: Gathered,
        component: catalog.Component,
        repository: str,
        old: str,
        new: str,
        between: Between,
    ) -> None:
        if not (between.came or between.went):
            return
        touching = None
        if component.paths:
            touching = await self._code.touching(repository, old, new, component.paths)
        for index, known in enumerate(gathered.code):
            if (known.repository, known.old, known.new) == (repository, old, new):
                together = {**known.components, component.name: touching}
                gathered.code[index] = replace(known, components=together)
                return
        gathered.code.append(CodeRange(repository, old, new, between, {component.name: touching}))

    # --- the GitOps repository ---------------------------------------------------------------
    async def _deployed(
        self,
        gathered: Gathered,
        span: Span,
        name: str,
        base: Landed,
        part: content.ComponentContent,
        folders: tuple[str, ...],
    ) -> None:
        """The commits that made the change where it was made first, up to what is carried."""
        old, new = base.content, part
        if not (old.revision and new.revision):
            return
        what = f"{name}: GitOps commits {old.revision[:SHORT]}..{new.revision[:SHORT]}"
        if not places.same(old.repository, new.repository):
            gathered.lacks("gitops", Unresolved(what, "the component moved to another repository"))
            return
        if old.revision != new.revision and not folders:
            where = span.trigger or span.environment
            gathered.lacks("gitops", Unresolved(what, f"{name} has no application in {where} now"))
            return
        await self.follow(gathered, Way(span, name, new.repository, folders), old, new)
        if base.kind == "found" and span.environment != span.trigger and old.revision:
            await self._since_found(gathered, span, name, base)

    async def _since_found(self, gathered: Gathered, span: Span, name: str, base: Landed) -> None:
        """What was found there may be older than what the trigger environment had at that time."""
        first = (await self._archive.held(span.release.product, span.trigger, base.at)).get(name)
        if first is None or not base.content.same_as(first.content):
            gathered.lacks(
                "gitops",
                Unresolved(
                    f"{name}: GitOps commits before {base.content.revision[:SHORT]}",
                    f"what {span.environment} had at the first look was brought by no release, "
                    "so it is not known which of them it has",
                ),
            )

    async def follow(
        self,
        gathered: Gathered,
        way: "Way",
        old: content.ComponentContent,
        new: content.ComponentContent,
        depth: int = 0,
    ) -> None:
        """The commits on the way from one content to the other, promotions followed."""
        between = await self._gitops.between(way.repository, old.revision, new.revision)
        what = f"{way.component}: GitOps commits {old.revision[:SHORT]}..{new.revision[:SHORT]}"
        if between.direction is Direction.UNKNOWN:
            gathered.lacks("gitops", self._gitops.why_not(way.repository, what))
            return
        if between.cut:
            gathered.lacks("gitops", _cut(way.component, between))
        touching = await self._gitops.touching(
            way.repository, old.revision, new.revision, [*map(revisions.literally, way.folders)]
        )
        for commit, back in _both(between):
            if commit.sha not in touching:
                continue
            if messages.trailers(commit, PROMOTION):
                await self._carried(gathered, way, commit, back, depth)
            else:
                gathered.gitops.append(
                    GitopsChange(
                        way.repository,
                        commit,
                        way.component,
                        taken_back=back,
                        via=way.via,
                        carried_by=way.carried_by,
                    )
                )

    async def _carried(
        self, gathered: Gathered, way: "Way", commit: Commit, back: bool, depth: int
    ) -> None:
        """A promotion of ours is never itself the change: go on where its content came from."""
        named = next(iter(messages.trailers(commit, RELEASE)), "")
        carrier = await self._archive.release(named) if named else None
        part = carrier.content.get(way.component) if carrier else None
        if carrier is None or part is None or depth >= _DEEPEST:
            what = f"{way.component}: what {commit.sha[:SHORT]} carried"
            gathered.lacks("gitops", Unresolved(what, f"the release {named!r} is not known here"))
            return
        span = Span(carrier, way.span.environment, {})
        # The promotion went to where it was found: the environment whose folders are looked at.
        place = way.span.trigger or way.span.environment
        before = await self._archive.before(carrier.product, place, carrier.id)
        folders = self._folders(carrier.product, span.trigger, way.component, part.repository)
        inner = Way(span, way.component, part.repository, folders, carrier.id, commit.sha)
        old = before.get(way.component)
        if old is None or not old.content.revision or back or not folders:
            what = f"{way.component}: what {commit.sha[:SHORT]} carried"
            why = f"it is not known what was there before {carrier.id}"
            gathered.lacks("gitops", Unresolved(what, why))
            return
        await self.follow(gathered, inner, old.content, part, depth + 1)

    async def _by_hand(self, gathered: Gathered, span: Span, name: str, base: Landed) -> None:
        """What people changed in the environment itself since the base landed there."""
        if span.environment == span.trigger:
            return
        landed = span.landed.get(name)
        for repository, branch, folder in self._targets(span, name):
            since = base.commit
            until = landed.commit if landed else ""
            until = until or await self._gitops.past.head(repository, branch) or ""
            if not (since and until) or since == until:
                continue
            between = await self._gitops.between(repository, since, until)
            what = f"{name}: changes by hand {since[:SHORT]}..{until[:SHORT]}"
            if between.direction is Direction.UNKNOWN:
                gathered.lacks("gitops", self._gitops.why_not(repository, what))
            if between.cut:
                gathered.lacks("gitops", _cut(name, between))
            touching = await self._gitops.touching(
                repository, since, until, [revisions.literally(folder)]
            )
            gathered.gitops += [
                GitopsChange(repository, commit, name, "by_hand")
                for commit in between.came
                if commit.sha in touching and not messages.trailers(commit, PROMOTION)
            ]

    def _targets(self, span: Span, name: str) -> Iterator[tuple[str, str, str]]:
        there = self._config.components_in(span.release.product, span.environment)
        found = dict.fromkeys(
            (source.repository, source.revision, folder)
            for application in there.get(name, ())
            for _, source, folder in catalog.promotable_sources(application)
        )
        yield from found


@dataclass(frozen=True, slots=True)
class Way:
    """Where commits of a component are looked for, and by whom they were carried on."""

    span: Span
    component: str
    repository: str
    folders: tuple[str, ...]
    via: str = ""
    carried_by: str = ""


def _pairs(
    before: Sequence[content.Image], after: Sequence[content.Image]
) -> Iterator[tuple[content.Image | None, content.Image | None]]:
    """Images of one name together; a name that stands twice is paired in order."""
    for name in dict.fromkeys(image.name for image in (*after, *before)):
        old = dict.fromkeys(image for image in before if image.name == name)
        new = dict.fromkeys(image for image in after if image.name == name)
        yield from zip_longest(old, new)


def _owned(
    gathered: Gathered, component: catalog.Component, changes: Sequence[ImageChange]
) -> Sequence[ImageChange]:
    """Tell the component's own images from others where its manifest does not.

    If one of several is known to be of its code, those that are not are others'.
    """
    known = any(_known(change) for change in changes)
    if known and not component.images:
        changes = [replace(change, own=_known(change)) for change in changes]
    for change in changes:
        for at in (change.old, change.new):
            if change.own and at and at.told.unresolved:
                gathered.lacks("images", at.told.unresolved)
    return changes


def _moved(changes: Sequence[ImageChange]) -> Iterator[ImageChange]:
    """An image of the component that went and one that came are one, if both are of the same code
    or called the same: its registry moved, or it has a new name."""
    gone = [change for change in changes if change.own and change.new is None]
    for change in changes:
        before = [old for old in gone if change.old is None and change.own and _is(old, change)]
        if len(before) == 1:
            gone.remove(before[0])
            said = f"was {before[0].name} before"
            yield replace(change, old=before[0].old, sentence=said)
        elif change.new is not None or not change.own:
            yield change
    yield from gone


def _is(old: ImageChange, new: ImageChange) -> bool:
    if old.name.rpartition("/")[2] == new.name.rpartition("/")[2]:
        return True
    was, now = (at.told.revision if at else None for at in (old.old, new.new))
    return bool(was and now and places.same(was.repository, now.repository))


def _known(change: ImageChange) -> bool:
    return any(at is not None and at.told.revision is not None for at in (change.old, change.new))


def _both(between: Between) -> Iterator[tuple[Commit, bool]]:
    yield from ((commit, False) for commit in between.came)
    yield from ((commit, True) for commit in between.went)


def _one_end(change: ImageChange) -> str:
    if change.old is None:
        return "is new here"
    return "is gone" if change.new is None else ""


def _how(repository: str, old: str, new: str, between: Between) -> str:
    """What a person should know of the direction; nothing where it is plainly forwards."""
    where = places.name(repository)
    match between.direction:
        case Direction.BACKWARDS:
            return f"goes back: {len(between.went)} commits of {where} are taken back"
        case Direction.DIVERGED:
            return (
                f"{old[:SHORT]} and {new[:SHORT]} of {where} have diverged: "
                f"{len(between.came)} commits come and {len(between.went)} go"
            )
        case Direction.UNKNOWN:
            gone = " and ".join(sha[:SHORT] for sha in between.missing)
            return f"{gone} not found in {where}"
        case _:
            return ""


def _cut(component: str, between: Between) -> Unresolved:
    return Unresolved(
        f"{component}: {between.cut:,} older commits",
        f"only the newest {len(between.came) + len(between.went):,} of a range are listed",
    )
