"""Workflows as they lie in files: which is run, and what it may refer to.

Apart from `workflows`, so that only the command that needs manifests loads them.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from towpath.domain import catalog
from towpath.domain.workflow import Manifest
from towpath.manifests import documents, values
from towpath.runner import variables

_KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
_GROUP = "argoproj.io/"
_OF_A_SCHEDULE = frozenset(
    {
        "backfill",
        "concurrencyPolicy",
        "failedJobsHistoryLimit",
        "schedule",
        "schedules",
        "startingDeadlineSeconds",
        "stopStrategy",
        "successfulJobsHistoryLimit",
        "suspend",
        "timezone",
        "when",
    }
)
"""What a CronWorkflow says of when it is run; here it is run once, when it is asked for."""
_SCHEDULED = "workflows.argoproj.io/scheduled-time"


class Unusable(Exception):  # noqa: N818
    """The files hold nothing that can be run; each problem with its place."""

    def __init__(self, problems: Sequence[catalog.Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read(files: Sequence[Path], now: datetime, wanted: str = "", entrypoint: str = "") -> Manifest:
    """The wanted workflow of the files, with the templates beside it.

    Without a wish it is their only workflow, or else their first template. Raises `Unusable`,
    `OSError`.
    """
    found: list[documents.Document] = []
    problems: list[catalog.Problem] = []
    for file in files:
        parsed, wrong = documents.read(str(file), file.read_bytes())
        found += parsed
        problems += wrong
    if problems:
        raise Unusable(problems)
    workflows = [one for one in found if _is_workflow(one)]
    if not workflows:
        raise Unusable([_none(one) for one in found] or [_empty(files)])
    manifest = _manifest(workflows, now, wanted)
    return _with_entrypoint(manifest, entrypoint) if entrypoint else manifest


def _is_workflow(document: documents.Document) -> bool:
    return document.kind in _KINDS and document.api_version.startswith(_GROUP)


def _none(document: documents.Document) -> catalog.Problem:
    what = document.kind or "a document without kind"
    said = f"{what} is not run here: {', '.join(_KINDS)} are"
    return catalog.Problem(document.origin("kind"), "unsupported", said)


def _empty(files: Sequence[Path]) -> catalog.Problem:
    origin = catalog.Origin(", ".join(map(str, files)))
    return catalog.Problem(origin, "invalid", "there is no manifest in it")


def _manifest(workflows: Sequence[documents.Document], now: datetime, wanted: str) -> Manifest:
    contents: dict[str, Mapping[str, object]] = {}
    origins: dict[str, Mapping[str, catalog.Origin]] = {}
    problems: list[catalog.Problem] = []
    runnable: list[tuple[str, documents.Document]] = []
    for document in workflows:
        plain, wrong = values.plain(document)
        places = dict(document.places())
        problems += wrong
        if document.kind == "CronWorkflow":
            problems += _not_of_a_schedule(document, plain)
            plain, places = _unscheduled(plain, now), _moved(places)
        name = _name(document, plain)
        if name in contents:
            said = f"there are two workflows `{name}`"
            problems.append(catalog.Problem(document.origin("metadata"), "invalid", said))
        contents[name], origins[name] = plain, places
        runnable.append((name, document))
    chosen = _chosen(runnable, wanted, problems)
    if problems:
        raise Unusable(problems)
    return Manifest(chosen, contents, origins)


def _chosen(
    runnable: Sequence[tuple[str, documents.Document]],
    wanted: str,
    problems: list[catalog.Problem],
) -> str:
    """The name of the one to run; what is wrong with the choice goes to the problems."""
    own = [one for one in runnable if one[1].kind in ("Workflow", "CronWorkflow")]
    found = [one for one in runnable if one[0].rstrip("-") == wanted.rstrip("-")]
    if wanted and len(found) != 1:
        known = ", ".join(name.rstrip("-") for name, _ in runnable)
        said = f"there is no workflow `{wanted}`; there is {known}"
        problems.append(catalog.Problem(runnable[0][1].origin("metadata"), "invalid", said))
    elif not wanted and len(own) > 1:
        named = ", ".join(name.rstrip("-") for name, _ in own)
        said = f"there are several workflows, {named}: say which with --workflow NAME"
        problems.append(catalog.Problem(own[1][1].origin("kind"), "invalid", said))
    return (found or own or runnable)[0][0]


def _not_of_a_schedule(
    document: documents.Document, plain: Mapping[str, object]
) -> Iterator[catalog.Problem]:
    spec = plain.get("spec")
    for field in spec if isinstance(spec, Mapping) else ():
        if field not in _OF_A_SCHEDULE and field not in ("workflowSpec", "workflowMetadata"):
            said = f"`{field}` is no field of a CronWorkflow that is known here"
            yield catalog.Problem(document.origin("spec", field), "unsupported", said)


def _unscheduled(plain: Mapping[str, object], now: datetime) -> dict[str, object]:
    """The workflow that a CronWorkflow makes whenever it is due."""
    spec = plain.get("spec")
    made = spec.get("workflowSpec") if isinstance(spec, Mapping) else None
    metadata = spec.get("workflowMetadata") if isinstance(spec, Mapping) else None
    own = plain.get("metadata")
    prefix = f"{own.get('name')}-" if isinstance(own, Mapping) else ""
    extra = metadata if isinstance(metadata, Mapping) else {}
    scheduled = {_SCHEDULED: variables.moment(now)}
    annotations = {**(extra.get("annotations") or {}), **scheduled}
    return {
        "apiVersion": plain.get("apiVersion"),
        "kind": "Workflow",
        "metadata": {**extra, "annotations": annotations, "generateName": prefix},
        "spec": made,
    }


def _moved(places: Mapping[str, catalog.Origin]) -> dict[str, catalog.Origin]:
    start = "spec.workflowSpec"
    inner = {
        f"spec{path.removeprefix(start)}": place
        for path, place in places.items()
        if path.startswith(start)
    }
    return {**{p: o for p, o in places.items() if not p.startswith("spec.")}, **inner}


def _name(document: documents.Document, plain: Mapping[str, object]) -> str:
    metadata = plain.get("metadata")
    given = metadata if isinstance(metadata, Mapping) else {}
    return str(given.get("name") or given.get("generateName") or document.origin())


def unknown_parameter(manifest: Manifest, given: Iterable[str]) -> str:
    """A name that is given and stands nowhere in the workflow, said in a sentence; else nothing."""
    text = json.dumps(manifest.documents, default=str, ensure_ascii=False)
    for name in given:
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            known = re.findall(r'"name": "([^"]+)"', text)
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            return f"the workflow has no parameter `{name}`{hint}"
    return ""


def _with_entrypoint(manifest: Manifest, entrypoint: str) -> Manifest:
    own = manifest.documents[manifest.name]
    spec = own.get("spec")
    changed = {
        **own,
        "spec": {**(spec if isinstance(spec, Mapping) else {}), "entrypoint": entrypoint},
    }
    return replace(manifest, documents={**manifest.documents, manifest.name: changed})
