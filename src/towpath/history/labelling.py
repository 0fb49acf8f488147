"""Labels on issues and pull requests: what is in an environment has its label, what was taken back
there has it no more.

A label is noted when it was given, so that only such are taken off again. Giving it twice does no
harm: what is not known to have arrived is given once more.
"""

import logging
from collections.abc import Sequence

from towpath.history.told import Place, Thing
from towpath.ports.archive import Archive
from towpath.ports.errors import OutsideError, Permanent

log = logging.getLogger(__name__)

MOST = 300  # for one release in one environment
_LABELLED = "labelled"


async def label(
    archive: Archive, place: Place, environment: str, things: Sequence[Thing], release: str
) -> None:
    """Bring the labels of an environment up to date with what came there and what went.

    Raises `Temporary`.
    """
    text = place.labels[environment]
    keys = {f"{place.name}/{environment}/{text}/{one.name}": one for one in things}
    has = await archive.findings(_LABELLED, keys)
    coming = [key for key, one in keys.items() if one.lasts and key not in has]
    going = [key for key, one in keys.items() if one.gone and key in has]
    if len(coming) > MOST:
        log.warning("%s: only %d of %d labels of %s", place.name, MOST, len(coming), release)
    for key in coming[:MOST]:
        if await _set(place, keys[key], text, on=True):
            await archive.found(_LABELLED, {key: {"release": release}})
    for key in going:
        if await _set(place, keys[key], text, on=False):
            await archive.unclaim(_LABELLED, key)


async def _set(place: Place, thing: Thing, text: str, *, on: bool) -> bool:
    """Whether it was done; one that is gone is left, the others may not be."""
    try:
        if thing.issue and place.tracker is not None:
            await place.tracker.label_issue(thing.issue, text, on=on)
        elif place.host is not None:
            await place.host.label_request(thing.repository, thing.number, text, on=on)
    except OutsideError as error:
        if not isinstance(error, Permanent):
            raise
        log.warning("the label %s of %s stays as it is: %s", text, thing.name, error)
        return False
    return True
