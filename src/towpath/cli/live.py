"""A release on its way, on a terminal: a picture that follows it, or one line for each change.

Takes the documents as they come and knows nothing of where they come from.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from towpath.cli import client, documents, look, output, times, tree

FRAMES = 4
"""Pictures in a second."""


async def follow(
    coming: AsyncIterator[client.Document],
    console: Console,
    now: Callable[[], datetime],
    plain: bool = False,
    note: Callable[[], str] = str,
    server: str = "",
) -> int:
    """Show a release until the documents end; answers 0 if it succeeded, else 1.

    A picture asks `note` for what is wrong with the connection; `server` is the address that
    command lines have to name.
    """
    if plain or not output.moves(console):
        return await _in_lines(coming, console, now, server)
    return await _in_pictures(coming, console, now, note, server)


async def _in_pictures(
    coming: AsyncIterator[client.Document],
    console: Console,
    now: Callable[[], datetime],
    note: Callable[[], str],
    server: str,
) -> int:
    shown: documents.Release | None = None

    def draw() -> RenderableType:
        if shown is None:
            return Text()
        frame = int(time.monotonic() * FRAMES)
        return tree.picture(shown, now(), console.width, frame, note(), brief=True)

    with Live(get_renderable=draw, console=console, refresh_per_second=FRAMES) as picture:
        async for document in coming:
            shown = documents.release(output.clean(document), server)
            picture.refresh()
    return _exit_code(shown)


async def _in_lines(
    coming: AsyncIterator[client.Document],
    console: Console,
    now: Callable[[], datetime],
    server: str,
) -> int:
    shown: documents.Release | None = None
    async for document in coming:
        fresh = documents.release(output.clean(document), server)
        for line in changes(shown, fresh):
            console.print(Text.assemble(f"{times.clock(now())}  ", line), soft_wrap=True)
        shown = fresh
    if shown is not None:
        console.print(Text(f"{shown.id} {shown.status} after {shown.took(now())}"), soft_wrap=True)
    return _exit_code(shown)


def changes(before: documents.Release | None, after: documents.Release) -> Iterator[Text]:
    """One line for each environment, and for the release, that is not as it was shown last."""
    known = {stage.name: _told(stage) for stage in before.stages} if before else {}
    width = max([len(after.id), *(len(stage.name) for stage in after.stages)])
    if before is None:
        yield _line(
            after.id,
            width,
            after.status,
            f"{documents.short(after.version)}  {after.subject}".strip(),
        )
    for stage in after.stages:
        is_news = stage.status != "waiting" if before is None else True
        if is_news and _told(stage) != known.get(stage.name):
            yield _line(stage.name, width, stage.status, _words(stage))
    if before and (before.status, before.sentence) != (after.status, after.sentence):
        yield _line(after.id, width, after.status, after.sentence)


def _told(stage: documents.Stage) -> tuple[str, str, str]:
    return (stage.status, stage.phase, stage.sentence)


def _words(stage: documents.Stage) -> str:
    said = ": ".join(part for part in (stage.phase, stage.sentence) if part)
    return said or " ".join(part for part in (documents.short(stage.version), stage.landed) if part)


def _line(name: str, width: int, status: str, words: str) -> Text:
    line = Text.assemble(f"{name:<{width}}  ", look.word(status))
    if words:
        line.append(" " * (width + look.LONGEST + 6 - line.cell_len)).append(words)
    return line


def _exit_code(shown: documents.Release | None) -> int:
    return 0 if shown is not None and shown.status == "succeeded" else 1
