"""Where a change is: which releases carry it, and for each environment since when, through which
release, or what it waits for.

From the index that is written as releases are made. What no release names (it was there before the
first) is looked for in the history of the code, and by ancestry in what environments have now. What
means several things is answered with a choice.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from towpath.domain import catalog, content
from towpath.domain.reasons import Code
from towpath.domain.release import Release
from towpath.domain.status import Status
from towpath.history import indexing as kinds
from towpath.history import places, references, revisions, searching
from towpath.history.library import Library
from towpath.history.references import Meaning, Subject
from towpath.history.revisions import Revisions
from towpath.ports.archive import (
    ENDLESS,
    Archive,
    Change,
    Held,
    Landed,
    Standing,
    Stretch,
    Trail,
)
from towpath.ports.past import Past

MOST_LINES = 2000
MOST_CHOICES = 20
MOST_STEPS = 50  # from a superseded release to the one that carries its line on
_GOES_NO_FURTHER = frozenset(
    {Status.SUCCEEDED, Status.SUPERSEDED, Status.TERMINATED, Status.SKIPPED}
)
_NOT_ALL = "; the history of the code was not searched to its end, which takes too long"
Document = dict[str, Any]


class Tracing:
    """Answers where a change is."""

    def __init__(
        self, archive: Archive, gitops: Past, code: Past, config: Callable[[], catalog.Catalog]
    ) -> None:
        self._archive = archive
        self._gitops = gitops
        self._code = code
        self._config = config

    async def where(self, ref: str) -> Document:
        """Where it is; what it may mean if that is not clear; nothing if nobody knows it."""
        lines = await self._lines(ref)
        subjects = dict.fromkeys(Subject(one.kind, one.ref, one.scope) for one in lines)
        chosen = _chosen([*subjects])
        if len(chosen) > 1:
            return _document(ref, choices=chosen)
        if chosen:
            mine = [one for one in lines if Subject(one.kind, one.ref, one.scope) == chosen[0]]
            return _document(ref, chosen[0], [*await self._products(chosen[0], mine)])
        return await self._by_ancestry(ref)

    async def _lines(self, ref: str) -> Sequence[Change]:
        found: list[Change] = []
        for meaning in references.meanings(ref):
            lines = await self._archive.changes(meaning.ref, meaning.kinds, MOST_LINES)
            found += [one for one in lines if _fits(meaning, one)]
        return found

    # --- by the index ------------------------------------------------------------------------
    async def _products(self, subject: Subject, lines: Sequence[Change]) -> Sequence[Document]:
        shown = []
        for product in dict.fromkeys(line.product for line in lines):
            mine = [line for line in lines if line.product == product]
            shown.append(await self._product(product, subject, mine))
        return shown

    async def _product(self, product: str, subject: Subject, lines: Sequence[Change]) -> Document:
        environments: dict[str, list[Document]] = {}
        for component in dict.fromkeys(line.component for line in lines):
            mine = [line for line in lines if line.component == component]
            for place in await self._places(product, subject, component, mine):
                environments.setdefault(place["environment"], []).append(place)
        carriers = dict.fromkeys(line.release for line in lines if not line.gone)
        takers = dict.fromkeys(line.release for line in lines if line.gone)
        return {
            "product": product,
            "components": [*dict.fromkeys(line.component for line in lines)],
            "releases": [*carriers],
            "taken_back_by": [*takers],
            "environments": [
                _together(environments[name]) for name in self._ordered(product, environments)
            ],
        }

    def _ordered(self, product: str, found: Mapping[str, object]) -> Sequence[str]:
        known = self._config().environments_of(product)
        return [n for n in known if n in found] + sorted(n for n in found if n not in known)

    async def _places(
        self, product: str, subject: Subject, component: str, lines: Sequence[Change]
    ) -> Sequence[Document]:
        trail = _trail(product, component, subject, lines)
        if subject.kind == kinds.DIGEST:
            trail = replace(trail, image=await self._deployed(trail, subject))
        standings = await self._archive.standings(trail)
        return [await self._place(trail, subject, standing) for standing in standings]

    async def _deployed(self, trail: Trail, subject: Subject) -> content.Image:
        """The image as it is deployed: by a tag, where only its registry told the digest."""
        for name in trail.carriers:
            carrier = await self._archive.release(name)
            part = carrier.content.get(trail.component) if carrier else None
            for image in part.images if part else ():
                if image.name == subject.scope and not image.digest:
                    return image
        return content.Image(subject.scope, "", subject.ref)

    async def _place(self, trail: Trail, subject: Subject, standing: Standing) -> Document:
        there = await self._is_there(trail, subject, standing)
        shown: Document = {
            "environment": standing.environment,
            "component": trail.component,
            "state": "reached" if there else "unknown",
            "since": None,
            "release": None,
            "sentence": "",
        }
        if there and standing.first:
            since = standing.since.isoformat() if standing.since else None
            return {**shown, "since": since, "release": standing.first}
        if there:
            return {**shown, "release": standing.release or None, "sentence": "is in what is there"}
        if there is None:
            said = f"whether it is in what {standing.release or 'was found there'} has is not known"
            return {**shown, "sentence": said}
        if standing.first:
            how = "replaced" if trail.image else "taken_back"
            by = f" by {standing.release}" if standing.release else ""
            words = how.replace("_", " ")
            said = f"came with {standing.first}, {words}{by}"
            return {**shown, "state": how, "release": standing.release or None, "sentence": said}
        return {**shown, **(await self._overtaken(trail, standing) or _waiting(standing))}

    async def _overtaken(self, trail: Trail, standing: Standing) -> Document | None:
        """Where the release that had it goes no further: who carries the line on, and whether
        with it; nothing where no other release came between."""
        if standing.next_status not in (Status.SUPERSEDED, Status.SKIPPED):
            return None
        carrier, place = await self._carrier(standing.next, standing.environment)
        if carrier is None:
            return None
        where = f" in {place}" if place != standing.environment else ""
        said = f"{standing.next} was superseded{where} by {carrier.id}"
        if not _has(carrier, trail):
            said = f"{said}, which does not have it"
            return {"state": "missing", "release": carrier.id, "sentence": said}
        promotion = carrier.promotion(standing.environment)
        status = promotion.status if promotion else carrier.status
        state = "missing" if status in _GOES_NO_FURTHER else "waiting"
        return {"state": state, "release": carrier.id, "sentence": f"{said}, {status.value}"}

    async def _carrier(self, name: str, environment: str) -> tuple[Release | None, str]:
        """The release at the end of the chain of those that were superseded, from this one on, and
        the environment where that began. None: it was not superseded."""
        found, place, seen = await self._archive.release(name), "", {name}
        while found is not None and len(seen) < MOST_STEPS:
            by, where = _superseded(found, environment)
            if not by or by in seen:
                break
            place = place or where
            seen.add(by)
            found = await self._archive.release(by)
        return (found, place) if place else (None, "")

    async def _is_there(self, trail: Trail, subject: Subject, standing: Standing) -> bool | None:
        if trail.image is not None:
            return standing.has_image
        if standing.present is None:
            return False
        if standing.carried is not None:
            return standing.carried
        if not standing.release:
            return False if standing.found_before else None
        known = await self._in_code(trail, subject, standing)
        if known is not None or standing.line:
            return known
        return await self._after(trail, standing)

    async def _in_code(self, trail: Trail, subject: Subject, standing: Standing) -> bool | None:
        """For releases of another line or of none: whether the code there has all or nothing of
        what is meant. None: a part of it, or it is not known."""
        held = await self._archive.held(trail.product, standing.environment)
        landed = held.get(trail.component)
        product = self._config().products.get(trail.product)
        if landed is None or product is None:
            return None
        commits: Sequence[Subject] = [subject]
        if subject.kind in (kinds.ISSUE, kinds.REQUEST):
            meaning = Meaning(subject.ref, (subject.kind,), subject.scope)
            found, whole = await searching.commits(
                self._code, self._gitops, self._config(), meaning
            )
            commits = [one for named in found.values() for one in named] if whole else []
        mine = self._components(product, {trail.component: landed}, commits)
        for component, own in mine:
            code = [one for one in own if one.kind == kinds.COMMIT]
            has = {
                await self._contains(one, component, standing.environment, landed) for one in code
            }
            return has.pop() if len(has) == 1 else None
        return None

    async def _after(self, trail: Trail, standing: Standing) -> bool | None:
        """For releases of no line: whether what they carry was read after the change was made."""
        if not trail.carriers:
            return None
        carrier = await self._archive.release(trail.carriers[0])
        part = carrier.content.get(trail.component) if carrier else None
        if part is None or not places.same(part.repository, standing.repository):
            return None
        known = await self._gitops.ancestors(part.repository, part.revision, (standing.revision,))
        return known.get(standing.revision)

    # --- by ancestry -------------------------------------------------------------------------
    async def _by_ancestry(self, ref: str) -> Document:
        all_searched = True
        for meaning in references.meanings(ref):
            found: Mapping[Subject, Sequence[Subject]] = {}
            if kinds.COMMIT in meaning.kinds:
                found = {commit: [commit] for commit in await self._commits(meaning)}
            elif {kinds.ISSUE, kinds.REQUEST} & {*meaning.kinds}:
                found, whole = await searching.commits(
                    self._code, self._gitops, self._config(), meaning
                )
                all_searched = all_searched and whole
            if len(found) > 1:
                return _document(ref, choices=[*found])
            for subject, commits in found.items():
                return _document(ref, subject, await self._having(commits))
        return _document(ref, more=self._no_key(ref) + ("" if all_searched else _NOT_ALL))

    def _no_key(self, ref: str) -> str:
        """What to say of an issue's key that messages are not searched for."""
        issue = re.fullmatch(r"([A-Za-z][A-Za-z0-9_]*)-\d+", ref.strip())
        own = {key.upper() for of in self._config().products.values() for key in of.issue_keys}
        if issue is None or (key := issue[1].upper()) in own:
            return ""
        return f"; no product has {key} among its issueKeys"

    async def _commits(self, meaning: Meaning) -> Sequence[Subject]:
        """The commits of known repositories that are meant."""
        config = self._config()
        code = {c.repository for p in config.products.values() for c in p.components}
        gitops = {s.repository for a in config.applications for s in a.sources}
        found: dict[str, Subject] = {}
        for kind, past, repositories_ in (
            (kinds.COMMIT, self._code, code - {""}),
            (kinds.GITOPS, self._gitops, gitops),
        ):
            for repository in sorted(repositories_):
                if not references.ends(repository, meaning.scope):
                    continue
                sha = await past.resolve(repository, meaning.ref.rstrip("*"))
                if sha is not None and sha.startswith(meaning.ref.rstrip("*")):
                    found.setdefault(f"{repository}@{sha}", Subject(kind, sha, repository))
        return [*found.values()]

    async def _having(self, commits: Sequence[Subject]) -> Sequence[Document]:
        """The products whose environments may have the commits in what is there now."""
        shown = []
        config = self._config()
        for product in config.products.values():
            environments: dict[str, list[Document]] = {}
            named: dict[str, None] = {}
            for environment in config.environments_of(product.name):
                held = await self._archive.held(product.name, environment)
                for component, mine in self._components(product, held, commits):
                    place = await self._has(mine, component, environment, held[component.name])
                    environments.setdefault(environment, []).append(place)
                    named[component.name] = None
            if environments:
                await self._expected([place for each in environments.values() for place in each])
                shown.append(
                    {
                        "product": product.name,
                        "components": [*named],
                        "releases": [],
                        "taken_back_by": [],
                        "environments": [_together(each) for each in environments.values()],
                    }
                )
        return shown

    async def _expected(self, places_: Sequence[Document]) -> None:
        """Where it is missing, the release that has it elsewhere and is to go there, if one is."""
        for component in {place["component"] for place in places_}:
            mine = [place for place in places_ if place["component"] == component]
            names = {place["release"] for place in mine if place["state"] == "reached"} - {None}
            carriers = [await self._archive.release(name) for name in names]
            for place in mine:
                if place["state"] == "missing":
                    place |= _brought(place["environment"], [one for one in carriers if one])

    def _components(
        self, product: catalog.Product, held: Held, commits: Sequence[Subject]
    ) -> Iterator[tuple[catalog.Component, Sequence[Subject]]]:
        """Components with those of the commits that are of their repositories."""
        described = {component.name: component for component in product.components}
        for name, landed in held.items():
            component = described.get(name, catalog.Component(name))
            own = {kinds.GITOPS: landed.content.repository, kinds.COMMIT: component.repository}
            mine = [c for c in commits if own[c.kind] and places.same(own[c.kind], c.scope)]
            if mine:
                yield component, mine

    async def _has(
        self,
        commits: Sequence[Subject],
        component: catalog.Component,
        environment: str,
        landed: Landed,
    ) -> Document:
        has = [await self._contains(one, component, environment, landed) for one in commits]
        there = sum(1 for one in has if one)
        if None in has:
            state, words = "unknown", "the code behind what is there is not known"
        elif all(has):
            state, words = "reached", "is in what is there; no release names it"
        elif there:
            state, words = "missing", f"only {there} of its {len(has)} commits are in what is there"
        else:
            state, words = "missing", "is not in what is there, and no release names it"
        return {
            "environment": environment,
            "component": component.name,
            "state": state,
            "since": None,
            "release": landed.release or None,
            "sentence": words,
        }

    async def _contains(
        self, subject: Subject, component: catalog.Component, environment: str, landed: Landed
    ) -> bool | None:
        if subject.kind == kinds.GITOPS:
            revision = landed.content.revision
            return (await self._gitops.ancestors(subject.scope, subject.ref, (revision,))).get(
                revision
            )
        code, gitops = Library(self._code, outside=False), Library(self._gitops, outside=False)
        named = Revisions(self._archive, None, code, gitops)
        place = revisions.Place(landed.release, landed.content, ())
        for image in landed.content.images:
            if revisions.is_own(image.name, component):
                told = await named.of(image, component, place)
                if told.revision is not None:
                    sha = told.revision.sha
                    known = await self._code.ancestors(component.repository, subject.ref, (sha,))
                    return known.get(sha)
        return None


def _has(release: Release, trail: Trail) -> bool:
    """Whether a release of the line carries what is traced."""
    if trail.image is None:
        return any(
            release.line == on.line and on.start <= release.n < on.end for on in trail.stretches
        )
    part, wanted = release.content.get(trail.component), trail.image
    return any(
        image.name == wanted.name
        and wanted.tag in ("", image.tag)
        and wanted.digest in ("", image.digest)
        for image in (part.images if part else ())
    )


def _superseded(of: Release, environment: str) -> tuple[str, str]:
    """By which release it was superseded there, else before it came there; and where."""
    here = of.promotion(environment)
    for promotion in (*((here,) if here else ()), *of.promotions):
        if promotion.reason and promotion.reason.code is Code.SUPERSEDED_BY:
            return str(promotion.reason.data.get("release", "")), promotion.environment
    return "", ""


def _fits(meaning: Meaning, line: Change) -> bool:
    if not meaning.scope:
        return True
    if line.kind in (kinds.IMAGE, kinds.DIGEST):
        return line.scope == meaning.scope or line.scope.endswith(f"/{meaning.scope}")
    return references.ends(line.scope, meaning.scope)


def _chosen(subjects: Sequence[Subject]) -> Sequence[Subject]:
    """One thing, where a tag also is the beginning of a commit or the like."""
    commits = [one for one in subjects if one.kind in (kinds.COMMIT, kinds.GITOPS)]
    issues = [one for one in subjects if one.kind == kinds.ISSUE]
    return commits or issues or subjects


def _trail(product: str, component: str, subject: Subject, lines: Sequence[Change]) -> Trail:
    """From which releases on it is carried, and up to which where it was taken back."""
    in_order = sorted(lines, key=lambda line: line.n)
    image = content.Image(subject.scope, subject.ref) if subject.kind == kinds.IMAGE else None
    carriers = tuple(dict.fromkeys(line.release for line in in_order if not line.gone))
    return Trail(product, component, carriers, tuple(_stretches(in_order)), image)


def _stretches(in_order: Sequence[Change]) -> Iterator[Stretch]:
    for name in dict.fromkeys(line.line for line in in_order if line.line):
        start = ENDLESS
        for line in in_order:
            if line.line == name and line.gone and start < ENDLESS:
                yield Stretch(name, start, line.n)
                start = ENDLESS
            elif line.line == name and not line.gone:
                start = min(start, line.n)
        yield Stretch(name, start, ENDLESS)


def _together(parts: Sequence[Document]) -> Document:
    """An environment of several components: it is there when it is in all of them."""
    order = ("unknown", "waiting", "missing", "taken_back", "replaced", "reached")
    least = min(parts, key=lambda part: order.index(part["state"]))
    if least["state"] == "reached":
        least = max(parts, key=lambda part: part["since"] or "")
    told = {name: value for name, value in least.items() if name != "component"}
    return {**told, "components": [*parts] if len(parts) > 1 else []}


def _waiting(standing: Standing) -> Document:
    if not standing.next:
        return {"state": "missing", "sentence": "no release brings it there"}
    if standing.next_status == "succeeded" and standing.release:
        said = f"came with {standing.next}, taken back by {standing.release}"
        return {"state": "taken_back", "release": standing.release, "sentence": said}
    said = f"{standing.next} {standing.next_status}"
    if standing.next_sentence:
        said = f"{said}: {standing.next_sentence}"
    state = "missing" if standing.next_status in _GOES_NO_FURTHER else "waiting"
    return {"state": state, "release": standing.next, "sentence": said}


def _brought(environment: str, carriers: Sequence[Release]) -> Document:
    """By the newest of the releases that is to go there and has not yet."""
    for carrier in sorted(carriers, key=lambda one: one.n, reverse=True):
        promotion = carrier.promotion(environment)
        if promotion is not None and promotion.status not in _GOES_NO_FURTHER:
            said = f"{carrier.id} {promotion.status.value}"
            if promotion.reason:
                said = f"{said}: {promotion.reason.sentence}"
            return {"state": "waiting", "release": carrier.id, "sentence": said}
    return {}


def _document(
    ref: str,
    subject: Subject | None = None,
    products: Sequence[Document] = (),
    choices: Sequence[Subject] = (),
    more: str = "",
) -> Document:
    listed = [{"kind": c.kind, "ref": c.ref, "scope": c.scope} for c in choices[:MOST_CHOICES]]
    if choices:
        cut = f", of which {MOST_CHOICES} are listed" if len(choices) > MOST_CHOICES else ""
        sentence = f"{ref} may mean {len(choices)} things{cut}: name one of them"
    elif subject is None:
        sentence = f"nothing of the name {ref} is known here{more}"
    else:
        sentence = "" if products else f"{ref} is known, and no environment has it"
    return {
        "ref": ref,
        "found": subject and {"kind": subject.kind, "ref": subject.ref, "scope": subject.scope},
        "products": [*products],
        "candidates": listed,
        "sentence": sentence,
    }
