"""The picture of a release: its environments as a tree, each with status, version and why.

Pure: text for a given width and time, the same for the same arguments. Below an environment
stand those that wait for it; one that waits for several stands below the deepest of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from towpath.cli import documents, look, steps, times

BESIDE = 40
"""Columns that the reason needs to stand beside its environment rather than below it."""

HEAD = 100
"""Columns after which the release's own status is no longer pushed to the right."""

VERSION = 20
"""Columns that a version may take."""

_QUIET = frozenset({"waiting", "skipped", "succeeded", "superseded", "queued", "pending"})


@dataclass(frozen=True, slots=True)
class Node:
    """An environment and what is drawn left of its name, and of the lines below it."""

    stage: documents.Stage
    guide: str
    below: str


def nodes(stages: Sequence[documents.Stage]) -> tuple[Node, ...]:
    """The environments in the order they are drawn."""
    parents = _parents(stages)

    def under(parent: str, guide: str) -> Iterator[Node]:
        children = [stage for stage in stages if parents[stage.name] == parent]
        for stage in children:
            last = stage is children[-1]
            own = "" if not parent else guide + ("└ " if last else "├ ")
            deeper = "" if not parent else guide + ("  " if last else "│ ")
            grown = any(parents[one.name] == stage.name for one in stages)
            yield Node(stage, own, deeper + ("│ " if grown else "  "))
            yield from under(stage.name, deeper)

    return tuple(under("", ""))


def _parents(stages: Sequence[documents.Stage]) -> dict[str, str]:
    """For each environment the deepest of those it depends on; empty for none."""
    depth: dict[str, int] = {}
    parents: dict[str, str] = {}
    for stage in stages:  # flow order: what it depends on came before
        before = [name for name in stage.depends_on if name in depth]
        parent = max(before, key=depth.__getitem__, default="")
        parents[stage.name] = parent
        depth[stage.name] = depth.get(parent, -1) + 1
    return parents


def picture(
    release: documents.Release,
    now: datetime,
    width: int,
    frame: int = 0,
    note: str = "",
    brief: bool = False,
) -> Group:
    """The whole picture. `note` says what is wrong with the connection, if anything is.

    A `brief` one leaves out the workflows of what is done: a picture that moves must fit.
    """
    return Group(
        *_head(release, now, width, frame, note),
        Text(),
        *_hooks(release, now, width, frame, brief),
        *_rows(release, now, width, frame, brief),
        *_waits(release, now, width),
        *_foot(release),
    )


def _head(
    release: documents.Release, now: datetime, width: int, frame: int, note: str
) -> Iterator[Text]:
    title = Text.assemble((release.id, "bold"), "  ", _version(release.version))
    title.append(f"  {release.flow or _trigger(release)}", look.SECONDARY)
    state = look.word(release.status, frame)
    state.append(f"  {release.took(now)}", look.SECONDARY)
    edge = min(width, HEAD)
    title.truncate(max(edge - state.cell_len - 2, 10), overflow="ellipsis")
    yield Text.assemble(title, " " * max(edge - title.cell_len - state.cell_len, 2), state)
    if release.subject:
        yield _cut(Text(release.subject), width)
    by = f"{release.origin + ', ' if release.origin else ''}by {release.initiator}"
    yield _cut(Text(by, look.SECONDARY), width)
    for line in release.also_carries:
        yield _cut(Text(line, look.SECONDARY), width)
    if note:
        yield Text(f"‖ {note}", look.style("suspended"))


def _trigger(release: documents.Release) -> str:
    if release.goes_back_to:
        return f"rollback to {release.goes_back_to}"
    return release.trigger


def _hooks(
    release: documents.Release, now: datetime, width: int, frame: int, brief: bool
) -> Iterator[Text]:
    """The release's own workflows, before its environments."""
    shown = [each for each in release.workflows if not (brief and each.done)]
    yield from steps.lines(shown, now, width, frame)
    if shown:
        yield Text()


def _rows(
    release: documents.Release, now: datetime, width: int, frame: int, brief: bool
) -> Iterator[Text]:
    drawn = nodes(release.stages)
    names = max((cell_len(node.guide + node.stage.name) for node in drawn), default=0)
    versions = max((_version(node.stage.version).cell_len for node in drawn), default=0)
    for node in drawn:
        row = _row(node, now, names, versions, frame)
        left = row.cell_len + 2
        detail = _detail(node.stage)
        if not detail:
            yield row
        elif width - left >= min(BESIDE, cell_len(detail)):
            yield from _beside(row, node, detail, width - left)
        else:
            yield row
            yield from _below(node, detail, width)
        yield from _warnings(node, width)
        if not (brief and node.stage.done):
            for line in steps.lines(node.stage.workflows, now, width - len(node.below), frame):
                yield Text.assemble((node.below, look.SECONDARY), line)


def _row(node: Node, now: datetime, names: int, versions: int, frame: int) -> Text:
    stage = node.stage
    version = _version(stage.version)
    status = look.word(stage.status, frame)
    row = Text.assemble((node.guide, look.SECONDARY), stage.name)
    row.append(" " * (names - row.cell_len + 2))
    row.append_text(status).append(" " * (look.LONGEST + 4 - status.cell_len))
    row.append_text(version).append(" " * (versions - version.cell_len + 2))
    row.append(f"{stage.took(now):>7}", look.SECONDARY)
    return row


def _detail(stage: documents.Stage) -> str:
    if stage.status == "succeeded":
        return stage.landed
    words = ": ".join(part for part in (stage.phase, stage.sentence) if part)
    return f"attempt {stage.attempt}, {words}" if stage.attempt > 1 else words


def _beside(row: Text, node: Node, detail: str, room: int) -> Iterator[Text]:
    style = _detail_style(node.stage.status)
    first, *more = look.lines(detail, room)
    start = row.cell_len + 2
    yield Text.assemble(row, "  ", (first, style))
    for line in more:
        yield Text.assemble(
            (node.below, look.SECONDARY), " " * (start - len(node.below)), (line, style)
        )


def _below(node: Node, detail: str, width: int) -> Iterator[Text]:
    for line in look.lines(detail, width - len(node.below)):
        yield Text.assemble((node.below, look.SECONDARY), (line, _detail_style(node.stage.status)))


def _warnings(node: Node, width: int) -> Iterator[Text]:
    for warning in node.stage.warnings:
        for line in look.lines(f"warning: {warning}", width - len(node.below)):
            yield Text.assemble((node.below, look.SECONDARY), (line, look.style("suspended")))


def _detail_style(status: str) -> str:
    return look.SECONDARY if status in _QUIET else look.style(status)


def _waits(release: documents.Release, now: datetime, width: int) -> Iterator[Text]:
    """What is waited for, where somebody could do something or it is known how long."""
    told = [
        (stage, wait)
        for stage in release.stages
        for wait in stage.waits
        if wait.commands or wait.until
    ]
    names = max((cell_len(stage.name) for stage, _ in told), default=0)
    option = f" --server {release.server}" if release.server else ""
    longest = max((cell_len(each) for _, wait in told for each in wait.commands), default=0)
    if longest and option and names + 4 + longest + len(option) > width:  # broken up otherwise
        yield Text()
        yield Text(f"export TOWPATH_SERVER={release.server}", "bold")
        option = ""
    before = ""
    for stage, wait in told:
        if not before:
            yield Text()
        name = "" if stage.name == before else stage.name
        before = stage.name
        words = [wait.sentence, *_times(wait, now)]
        for line in look.lines(", ".join(words), width - names - 2):
            yield Text.assemble((name.ljust(names + 2), look.SECONDARY), line)
            name = ""
        for command in wait.commands:  # not cut, so that it can be copied
            yield Text.assemble(" " * (names + 4), (command + option, "bold"))


def _times(wait: documents.Wait, now: datetime) -> Iterator[str]:
    if wait.since:
        yield f"for {times.length(now - wait.since)}"
    if wait.until:
        yield f"{times.length(wait.until - now)} to go"


def _foot(release: documents.Release) -> Iterator[Text]:
    """What holds the release as a whole, and what a person could do about it."""
    of_stages = {stage.sentence for stage in release.stages}
    parts = [(release.status, release.advice)]
    parts += [(stage.status, stage.advice) for stage in release.stages]
    said = {
        command for stage in release.stages for wait in stage.waits for command in wait.commands
    }
    advice = dict.fromkeys(
        words
        for status, words in parts
        if words and _needs_care(status) and not any(one.startswith(words) for one in said)
    )
    if release.sentence and release.sentence not in of_stages:
        yield Text()
        yield Text(release.sentence, look.style(release.status))
    if advice:
        yield Text()
        yield from (Text(one) for one in advice)


def _needs_care(status: str) -> bool:
    return status in ("failed", "error", "suspended", "terminated")


def _version(version: str) -> Text:
    return _cut(Text(documents.short(version)), VERSION)


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
