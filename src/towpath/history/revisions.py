"""Which commit an image was built from, and who says so.

Asked in this order: a CI that reported the image, the image itself in its registry, the GitOps
commit that brought it, its tag. Who answered is shown; an answer that is no commit of the
component's repository is none.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from towpath.domain import catalog, content
from towpath.domain.changes import Commit, Report
from towpath.history import messages, places
from towpath.history.library import SHORT, Library, Unresolved
from towpath.manifests import patterns, repositories
from towpath.ports.archive import Archive
from towpath.ports.errors import OutsideError, Permanent
from towpath.ports.outside import Inspected, Registry

_FULL = re.compile(r"[0-9a-f]{40}")
_SHA = re.compile(r"[0-9a-f]{7,40}")
_WORDS = re.compile(r"[^0-9A-Za-z]+")
_HYDRATED = "hydrator.metadata"
_SPECIAL = re.compile(r"([*?\[\\])")
_REFERENCE = "Argocd-reference-commit"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies: deployed by what, and in which folders at which GitOps commit."""

    deployed: str  # names the deployment: what was seen of its images is kept by this name
    part: content.ComponentContent
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that an image was built from. `answered`: ci | registry | reference | tag."""

    sha: str
    repository: str
    answered: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one image: its digest, its revision, and what could not be known."""

    revision: Revision | None = None
    digest: str = ""
    moved: str = ""  # the digest that the tag leads to now, if it is another
    reports: tuple[Report, ...] = ()
    unresolved: Unresolved | None = None


class Revisions:
    """Finds revisions for one making of notes."""

    def __init__(
        self,
        archive: Archive,
        registry: Registry | None,
        code: Library,
        gitops: Library,
        configured: Collection[str] = (),
    ) -> None:
        """`configured`: identities of the repositories that the configuration names.

        No other is ever fetched from: who may report an image must not choose what is read.
        """
        self._archive = archive
        self._registry = registry
        self._code = code
        self._gitops = gitops
        self._configured = frozenset(configured)

    async def of(self, image: content.Image, component: catalog.Component, place: Place) -> Told:
        """What is known of an image of a component."""
        reports = _matching(image, await self._archive.reports([image.name]))
        seen, trouble = await self._seen(image, place)
        digest = image.digest or (seen.digest if seen else "") or _digest(reports)
        if digest and (image.digest or seen):
            reports = tuple(r for r in reports if not r.digest or r.digest == digest)
        unknown: list[Unresolved] = [trouble] if trouble else []
        sources = (
            ("ci", self._reported(reports, component, unknown)),
            ("registry", _inspected(seen, component)),
            ("reference", await self._references(component, place)),
            ("tag", _tagged(image, component)),
        )
        for answered, named in sources:
            found = await self._first(list(dict.fromkeys(named)), unknown)
            if found:
                told = Revision(found[1], found[0], answered)
                return Told(told, digest, await self._moved(image, seen), reports, trouble)
        nobody = _nobody(image, component, unknown)
        return Told(None, digest, await self._moved(image, seen), reports, nobody)

    def _reported(
        self, reports: Sequence[Report], component: catalog.Component, unknown: list[Unresolved]
    ) -> Iterator[tuple[str, str]]:
        for report in reports:
            if not report.revision:
                continue
            if component.repository:
                yield component.repository, report.revision
            elif repositories.identity(report.repository) in self._configured:
                yield report.repository, report.revision
            elif report.repository:
                why = f"no component of the configuration names {report.repository}"
                what = f"commit {report.revision[:SHORT]}, which a CI reported"
                unknown.append(Unresolved(what, why))

    async def _first(
        self, named: Sequence[tuple[str, str]], unknown: list[Unresolved]
    ) -> tuple[str, str] | None:
        """The first of these (repository, name) that is a commit: what is known here first."""
        for repository, name in named:
            if found := await self._code.past.resolve(repository, name):
                return repository, found
        for repository, name in named:
            if found := await self._code.resolved(repository, name):
                return repository, found
        for repository, name in named[:1]:
            unknown.append(self._code.why_not(repository, f"commit {name[:SHORT]}"))
        return None

    # --- the registry ------------------------------------------------------------------------
    async def _seen(
        self, image: content.Image, place: Place
    ) -> tuple[Inspected | None, Unresolved | None]:
        """What the image said of itself when it was deployed, or as soon after as it was asked."""
        if self._registry is None or not self._registry.knows(image.name):
            return None, None
        key = f"{place.deployed}/{spelled(image)}"
        if kept := (await self._archive.findings("image", [key])).get(key):
            return Inspected(**{k: str(v) for k, v in kept.value.items()}), None
        if not self._code.outside:
            return None, Unresolved(spelled(image), "its registry is being asked", pending=True)
        try:
            seen = await self._registry.inspect(image)
        except OutsideError as error:
            pending = not isinstance(error, Permanent)
            return None, Unresolved(spelled(image), error.reason.sentence, pending=pending)
        value = {
            "digest": seen.digest,
            "revision": seen.revision,
            "source": seen.source,
            "place": seen.place,
        }
        await self._archive.found("image", {key: value})
        await self._note_tag(image, seen)
        return seen, None

    async def _note_tag(self, image: content.Image, seen: Inspected) -> None:
        if image.tag and not image.digest:
            before = (await self._archive.findings("tag", [spelled(image)])).get(spelled(image))
            was = str(before.value["digest"]) if before else ""
            if was != seen.digest:
                now = {"digest": seen.digest, "was": was}
                await self._archive.found("tag", {spelled(image): now})

    async def _moved(self, image: content.Image, seen: Inspected | None) -> str:
        """The digest that the tag led to before or after, where it is not the one deployed."""
        if seen is None or not image.tag or image.digest:
            return ""
        known = (await self._archive.findings("tag", [spelled(image)])).get(spelled(image))
        digests = [str(known.value["digest"]), str(known.value["was"])] if known else []
        return next((each for each in digests if each and each != seen.digest), "")

    # --- the GitOps repository ---------------------------------------------------------------
    async def _references(
        self, component: catalog.Component, place: Place
    ) -> Sequence[tuple[str, str]]:
        part = place.part
        if not part.revision:
            return ()
        newest = await self._gitops.newest(
            part.repository, part.revision, [*map(literally, place.folders)]
        )
        pairs = [pair for commit in newest for pair in _in_trailers(commit)]
        names = [f"{folder}/{_HYDRATED}".lstrip("/") for folder in (*place.folders, "")]
        for name in dict.fromkeys(names):
            data = await self._gitops.past.file(part.repository, part.revision, name)
            pairs += _in_metadata(data) if data else ()
        return [
            (component.repository or repository, sha)
            for repository, sha in pairs
            if not component.repository or places.same(repository, component.repository)
        ]


def literally(folder: str) -> str:
    """A folder as a glob that means nothing else."""
    return _SPECIAL.sub(r"\\\1", folder)


def spelled(image: content.Image) -> str:
    """An image as people write it."""
    tag = f":{image.tag}" if image.tag else ""
    return f"{image.name}{tag}" + (f"@{image.digest}" if image.digest else "")


def is_own(image: str, component: catalog.Component) -> bool:
    """Whether an image is of the component's code, as far as its manifest says."""
    return not component.images or any(fnmatchcase(image, one) for one in component.images)


def in_tag(tag: str, pattern: str) -> Iterator[str]:
    """Names of a commit or git tag that an image's tag may hold, by the component's pattern."""
    if pattern:
        form = "".join(_FORMS.get(part, re.escape(part)) for part in _PARTS.split(pattern))
        found = patterns.groups(form, tag)
        if found is not None:
            yield from found
            if "{" not in pattern:
                yield tag
        return
    yield tag
    yield f"v{tag}"
    yield from (word for word in reversed(_WORDS.split(tag)) if _SHA.fullmatch(word))


_PARTS = re.compile(r"(\{sha\}|\{tag\}|\*)")
_FORMS = {"{sha}": "([0-9a-f]{7,40})", "{tag}": "(.+)", "*": ".*"}


def _matching(image: content.Image, reports: Sequence[Report]) -> tuple[Report, ...]:
    if image.digest:
        by_digest = tuple(r for r in reports if r.digest == image.digest)
        if by_digest:
            return by_digest
    return tuple(r for r in reports if image.tag and r.tag == image.tag)


def _digest(reports: Sequence[Report]) -> str:
    return next((report.digest for report in reports if report.digest), "")


def _inspected(seen: Inspected | None, component: catalog.Component) -> Iterator[tuple[str, str]]:
    """What the image says counts where it is a whole sha, of the component's own repository."""
    if seen is None or not component.repository:
        return
    sha = seen.revision.strip().lower()
    elsewhere = seen.source and not places.same(_page(seen.source), component.repository)
    if _FULL.fullmatch(sha) and not elsewhere:
        yield component.repository, sha


def _tagged(image: content.Image, component: catalog.Component) -> Iterator[tuple[str, str]]:
    if component.repository and image.tag:
        for name in in_tag(image.tag, component.tag):
            yield component.repository, name


def _page(source: str) -> str:
    """A source as tools write it: an address, a web page of a commit, with a fragment."""
    return re.split(r"[#?]|/(?:-/)?(?:tree|blob|commit)/", source.strip().removeprefix("git+"))[0]


def _in_trailers(commit: Commit) -> Iterator[tuple[str, str]]:
    shas = messages.trailers(commit, f"{_REFERENCE}-sha")
    for sha, repository in zip(
        shas, messages.trailers(commit, f"{_REFERENCE}-repourl"), strict=False
    ):
        if _FULL.fullmatch(sha):
            yield repository, sha


def _in_metadata(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        references = json.loads(data).get("references") or ()
        commits = [reference["commit"] for reference in references]
        pairs = [(str(commit.get("repoURL") or ""), str(commit.get("sha"))) for commit in commits]
    except (ValueError, AttributeError, KeyError, TypeError):
        return
    yield from ((repository, sha) for repository, sha in pairs if _FULL.fullmatch(sha))


def _nobody(
    image: content.Image, component: catalog.Component, unknown: Sequence[Unresolved]
) -> Unresolved:
    what, waits = spelled(image), (f"image:{image.name}",)
    if not component.repository and not unknown:
        return Unresolved(
            what,
            f"the product does not say where the code of {component.name} is "
            "(components[].repository), and no CI reported it",
            waits=waits,
        )
    pending = any(each.pending for each in unknown)
    if unknown:
        said = "; ".join(dict.fromkeys(f"{each.what}: {each.reason}" for each in unknown))
        return Unresolved(what, said, pending=pending, waits=waits)
    return Unresolved(
        what,
        "no CI reported it, and neither image, GitOps commit nor tag names a commit",
        waits=waits,
    )
