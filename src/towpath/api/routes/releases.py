"""Releases: lists, one document, its events and diffs, and what may be wished of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from towpath.api import errors, reach
from towpath.api.access import Actor
from towpath.api.parts import Parts
from towpath.api.reach import Reach
from towpath.api.schemas.base import Asked, Listing, Text
from towpath.api.schemas.events import EventShown
from towpath.api.schemas.plans import DiffDocument, FileDiffShown, RepositoryDiff
from towpath.api.schemas.releases import ReleaseDocument, ReleaseItem
from towpath.domain.release import Landing, Promotion, Release, Role
from towpath.domain.status import Status
from towpath.ports.git import Git
from towpath.storage import listing
from towpath.storage.listing import Listed, Wanted
from towpath.storage.timeline import Happened

router = APIRouter(tags=["releases"])

Word = Annotated[str, Query(max_length=300)]
Limit = Annotated[int, Query(ge=1, le=listing.LONGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=300)]
EventLimit = Annotated[int, Query(ge=1, le=1000)]
EventId = Annotated[int, Query(ge=0, lt=1 << 63)]


def wanted(
    status: Annotated[Sequence[Status], Query()] = (),
    flow: Word = "",
    environment: Word = "",
    environment_status: Annotated[Sequence[Status], Query()] = (),
    initiator: Word = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    q: Annotated[
        str, Query(max_length=300, description="Words, or the beginning of one: `pay*`")
    ] = "",
    ended: bool | None = None,
    open: bool | None = None,
) -> Wanted:
    """The filters of a list, as given in the query."""
    return Wanted(
        statuses=tuple(status),
        flow=flow,
        environment=environment,
        environment_statuses=tuple(environment_status),
        initiator=initiator,
        since=since,
        until=until,
        text=q,
        ended=ended,
        open=open,
    )


Filters = Annotated[Wanted, Depends(wanted)]


class Comment(Asked):
    """Why somebody wishes it."""

    comment: Text = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says about a release in an environment."""

    parts: Parts
    actor: str
    release: str
    environment: str
    comment: str

    async def to(
        self, command: Callable[[str, str, str, str], Awaitable[Release]]
    ) -> ReleaseDocument:
        """Say it, and answer with the release as it is then."""
        await reach.release(self.parts, self.release)
        done = await command(self.release, self.environment, self.actor, self.comment)
        return await reach.document(self.parts, done, self.actor)


async def said(
    parts: Reach, actor: Actor, release: str, environment: str, body: Comment | None = None
) -> Said:
    """Who says what, as given in the request."""
    return Said(parts, actor, release, environment, _comment(body))


Saying = Annotated[Said, Depends(said)]


@router.get("/releases")
async def list_releases(
    parts: Reach,
    filters: Filters,
    product: Word = "",
    limit: Limit = 50,
    cursor: Cursor = None,
    id: Annotated[
        Sequence[Word], Query(max_length=listing.LONGEST_PAGE, description="Just these, by id")
    ] = (),
) -> Listing[ReleaseItem]:
    """Releases of all products, newest first."""
    if id:
        return await _named(parts, id)
    return await page(parts, filters, product, limit, cursor)


async def _named(parts: Reach, ids: Sequence[str]) -> Listing[ReleaseItem]:
    """Some releases by their ids, those that are there: to look again at what is shown already."""
    found = sorted((await parts.queries.listed(ids)).values(), key=lambda each: each.created_at)
    return Listing[ReleaseItem](items=await _rows(parts, found[::-1]))


async def page(
    parts: Reach, filters: Wanted, product: str, limit: int, cursor: str | None
) -> Listing[ReleaseItem]:
    """A page of releases, of one product or (empty) of all."""
    asked = replace(filters, product=product)
    found = await parts.queries.releases(asked, limit, cursor)
    return Listing[ReleaseItem](
        items=await _rows(parts, found.items), next_cursor=found.next_cursor
    )


async def _rows(parts: Parts, found: Sequence[Listed]) -> list[ReleaseItem]:
    carries = await parts.queries.carried([each.id for each in found])
    return [
        ReleaseItem.model_validate(replace(each, also_carries=carries.get(each.id, ())))
        for each in found
    ]


@router.get("/releases/{release}")
async def get_release(parts: Reach, actor: Actor, release: str) -> ReleaseDocument:
    """One release: its environments with phases and reasons, its content, who carries it on."""
    return await reach.document(parts, await reach.release(parts, release), actor)


@router.get("/releases/{release}/events")
async def list_release_events(
    parts: Reach, release: str, after: EventId = 0, limit: EventLimit = 200
) -> Listing[EventShown]:
    """What happened to a release, oldest first; `after` takes the `next_cursor` of the page."""
    await reach.release(parts, release)
    return events_page(await parts.queries.events(after, limit, release=release), limit)


def events_page(happened: Sequence[Happened], limit: int) -> Listing[EventShown]:
    """A page of events; what comes next is `after` its last."""
    more = str(happened[-1].id) if len(happened) == limit else None
    shown = [EventShown.model_validate(event) for event in happened]
    return Listing[EventShown](items=shown, next_cursor=more)


@router.get("/releases/{release}/diff")
async def get_diff(parts: Reach, release: str, environment: Word) -> DiffDocument:
    """What the release changed in an environment, per repository and file."""
    found = await reach.release(parts, release)
    promotion = found.promotion(environment)
    if promotion is None:
        raise errors.not_found(f"environment of {release}", environment)
    landings = _landings(found, promotion)
    items = tuple([await _diff(parts.git, landing) for landing in landings])
    return DiffDocument(release=release, environment=environment, items=items)


def _landings(of: Release, promotion: Promotion) -> tuple[Landing, ...]:
    """Where it landed; in the trigger environment by the commit that made the release."""
    if promotion.landings or promotion.role is not Role.TRIGGER or of.commit is None:
        return promotion.landings
    commit = of.commit
    return (Landing(commit.repository, commit.branch, commit.sha, tuple(of.content)),)


async def _diff(git: Git, landing: Landing) -> RepositoryDiff:
    base, files = "", tuple[FileDiffShown, ...]()
    if landing.changed:
        commit = await git.commit(landing.repository, landing.commit)
        base = commit.parents[0] if commit.parents else ""
        found = await git.diff(landing.repository, base, commit.sha) if base else ()
        files = tuple(FileDiffShown.model_validate(file) for file in found)
    return RepositoryDiff(
        repository=landing.repository,
        branch=landing.branch,
        commit=landing.commit,
        base=base,
        changed=landing.changed,
        files=files,
    )


@router.post("/releases/{release}/terminate")
async def terminate_release(
    parts: Reach, actor: Actor, release: str, body: Comment | None = None
) -> ReleaseDocument:
    """Stop a release."""
    await reach.release(parts, release)
    done = await parts.commands.terminate(release, actor, _comment(body))
    return await reach.document(parts, done, actor)


@router.post("/releases/{release}/retry")
async def retry_release(parts: Reach, actor: Actor, release: str) -> ReleaseDocument:
    """Go on in every environment that failed or was stopped."""
    await reach.release(parts, release)
    done = await parts.commands.retry(release, "", actor)
    return await reach.document(parts, done, actor)


@router.post("/releases/{release}/environments/{environment}/retry")
async def retry_environment(
    parts: Reach, actor: Actor, release: str, environment: str
) -> ReleaseDocument:
    """Go on from the failed phase in one environment."""
    await reach.release(parts, release)
    done = await parts.commands.retry(release, environment, actor)
    return await reach.document(parts, done, actor)


@router.post("/releases/{release}/environments/{environment}/approve")
async def approve(said: Saying) -> ReleaseDocument:
    """Agree that the release goes to the environment."""
    return await said.to(said.parts.commands.approve)


@router.post("/releases/{release}/environments/{environment}/reject")
async def reject(said: Saying) -> ReleaseDocument:
    """Say no; the promotion has failed then, and can be retried."""
    return await said.to(said.parts.commands.reject)


@router.post("/releases/{release}/environments/{environment}/skip")
async def skip(said: Saying) -> ReleaseDocument:
    """Have the release pass the environment by; not once its content has landed there."""
    return await said.to(said.parts.commands.skip)


def _comment(body: Comment | None) -> str:
    return body.comment if body else ""
