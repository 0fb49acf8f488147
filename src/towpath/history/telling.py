"""Tells trackers and code hosts that a change has reached an environment: where that is asked for,
and once.

Each place has a cursor of its own in the events, so that one that is away holds up no other. What
is to be written is claimed before it is sent: whether a comment arrived that was never answered
is not known, and it is not sent again.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from towpath.history import labelling, told
from towpath.history.notes import Notes, NotThere
from towpath.history.told import Place, Thing
from towpath.ports.archive import Archive, Question, Reached
from towpath.ports.errors import OutsideError, Permanent
from towpath.ports.outside import Deployment
from towpath.ports.store import StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 5.0
AFTER_TROUBLE_S = 60.0
LEASE_S = 300.0
AT_ONCE = 20
MOST_COMMENTS = 300  # for one release in one environment
_TOLD, _CURSOR = "told", "cursor"


class Teller:
    """Tells every place what has been reached since it was told last."""

    def __init__(
        self,
        worker: str,
        archive: Archive,
        notes: Notes,
        places: Sequence[Place],
        address: str,
        production: Callable[[str], bool],
    ) -> None:
        self._worker = worker
        self._archive = archive
        self._notes = notes
        self._places = [place for place in places if place.is_asked_for]
        self._address = address
        self._production = production

    async def run(self) -> None:
        """Tell until cancelled."""
        await asyncio.gather(*(self._for_ever(place) for place in self._places))

    async def _for_ever(self, place: Place) -> None:
        while True:
            pause = EVERY_S
            try:
                if await self._archive.take_duty(f"tell/{place.name}", self._worker, LEASE_S):
                    await self.tell(place)
            except (OutsideError, StoreUnavailable) as error:
                log.warning("%s is told later: %s", place.name, error)
                pause = AFTER_TROUBLE_S
            except Exception:
                log.exception("%s could not be told", place.name)
                pause = AFTER_TROUBLE_S
            await asyncio.sleep(pause)

    async def tell(self, place: Place) -> None:
        """Tell a place what it does not know yet. What happened before its first time is not told.

        Raises `Temporary` when it does not answer.
        """
        known = (await self._archive.findings(_CURSOR, [place.name])).get(place.name)
        if known is None:
            await self._reached(place, await self._archive.newest_event())
            return
        cursor = int(str(known.value["event"]))
        for reached in await self._archive.reached(cursor, AT_ONCE):
            try:
                await self._tell(place, reached)
            except Permanent as refusal:
                log.warning("%s refuses %s: %s", place.name, reached.release, refusal)
            await self._reached(place, reached.event)

    async def _reached(self, place: Place, event: int) -> None:
        await self._archive.found(_CURSOR, {place.name: {"event": event}})

    async def _tell(self, place: Place, reached: Reached) -> None:
        comments = reached.environment in place.comment_in
        labels = reached.environment in place.labels
        if not (comments or labels) and place.deployments is None:
            return
        try:
            made = await self._notes.resolve(Question(reached.release, reached.environment))
        except NotThere:
            return
        if made is None:
            return
        document = json.loads(made.document)
        if place.deployments is not None:
            await place.deployments.deployed(self._deployment(reached, document))
        found = [*told.things(place, document)]
        if comments:
            await self._comment(place, reached, [one for one in found if one.lasts])
        if labels:
            where = reached.environment
            await labelling.label(self._archive, place, where, found, reached.release)

    # --- comments ----------------------------------------------------------------------------
    async def _comment(self, place: Place, reached: Reached, wanted: Sequence[Thing]) -> None:
        if len(wanted) > MOST_COMMENTS:
            log.warning(
                "%s: only %d of %d comments on %s are written",
                place.name,
                MOST_COMMENTS,
                len(wanted),
                reached.release,
            )
        text = self._text(reached)
        for thing in wanted[:MOST_COMMENTS]:
            key = f"{place.name}/{reached.environment}/{thing.name}"
            if await self._archive.claim(_TOLD, key, {"release": reached.release}):
                await self._write(place, thing, key, text)

    async def _write(self, place: Place, thing: Thing, key: str, text: str) -> None:
        try:
            if thing.issue and place.tracker is not None:
                await place.tracker.comment_issue(thing.issue, text)
            elif place.host is not None:
                await place.host.comment_request(thing.repository, thing.number, text)
        except OutsideError as error:
            if not error.reason.data.get("sent"):
                await self._archive.unclaim(_TOLD, key)
            if isinstance(error, Permanent):  # this one is gone; the others may not be
                log.warning("no comment on %s: %s", key, error)
                return
            raise

    def _text(self, reached: Reached) -> str:
        version = f" ({reached.version})" if reached.version else ""
        return (
            f"Reached {reached.environment} with {reached.release}{version}: "
            f"{self._address}/releases/{reached.release}"
        )

    # --- deployments -------------------------------------------------------------------------
    def _deployment(self, reached: Reached, document: Mapping[str, Any]) -> Deployment:
        features = document["features"]["items"]
        issues = [one["key"] for one in features if not (one["taken_back"] or one["reverted"])]
        return Deployment(
            product=reached.product,
            release=reached.release,
            n=reached.n,
            environment=reached.environment,
            production=self._production(reached.environment),
            version=reached.version,
            url=f"{self._address}/releases/{reached.release}",
            at=reached.at,
            update=reached.event,
            issues=tuple(key for key in issues if "#" not in key),
        )
