"""The promotion context: what a release's workflows put out for those that come after them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from towpath.domain import events
from towpath.domain.actions import Record
from towpath.domain.facts import Facts
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Release
from towpath.domain.workflow import Known

OUTPUT = "PROMOTION_CONTEXT"
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_SHOWN = 60  # characters of what is no context


def take_in(release: Release, facts: Facts) -> Iterator[Record]:
    """Merge what runs put out, in the order of their ends; later keys override.

    A run that was asked to stop changes nothing any more.
    """
    known = set(release.context_from)
    new = [
        run
        for run in facts.runs
        if run.over and not run.stopping and OUTPUT in run.outputs and run.id not in known
    ]
    for run in sorted(new, key=lambda run: (run.ended_at or _EARLIEST, run.id)):
        yield Record(tuple(_happened(run)))


def _happened(run: Known) -> Iterator[events.Event]:
    said = run.outputs[OUTPUT]
    values = _read(said)
    changed = events.ContextChanged(
        run.id,
        run.template,
        run.place.application,
        values or {},
        environment=run.place.environment,
    )
    yield changed
    if values is None:
        for_whom = f" for {run.place.application}" if run.place.application else ""
        reason = Reason(
            Code.CONTEXT_INVALID,
            f"{run.template}{for_whom} put out a {OUTPUT} that is no JSON object, and it is not "
            f"taken: {said[:_SHOWN]}",
            {"workflow": run.template, "run": str(run.id), "application": run.place.application},
            advice="Put out a JSON object; the output is kept with the run as it is.",
        )
        yield events.WarningRaised(reason, environment=run.place.environment)


def _read(said: str) -> dict[str, object] | None:
    try:
        found = json.loads(said, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(word: str) -> object:
    raise ValueError(word)  # NaN and Infinity are no JSON
