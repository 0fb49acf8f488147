"""`towpath serve`, `worker` and `demo`: the commands that start something on this machine.

Only reads the settings; `bootstrap` puts the parts together. It is imported when it is needed,
since the other commands should not wait for a database library to load.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from towpath import settings
from towpath.cli import client, logs, options, output

LOG = "towpath.log"
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings", metavar="FILE", help="The settings file; by default towpath.toml here."
    ),
]
Port = Annotated[int | None, typer.Option("--port", metavar="PORT", help="The port to listen on.")]


def serve(
    config: Annotated[
        str | None,
        typer.Option(
            "--config", metavar="PATH|URL", help="The configuration source: a folder or repository."
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = None,
    port: Port = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="PostgreSQL; by default an embedded one."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Embedded database and git mirrors."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """API and engine in one process."""
    given = {
        "config": config,
        "host": host,
        "port": port,
        "database_url": database,
        "data_dir": data_dir,
    }

    read = _settings(settings_file, given, listens=True)
    logs.configure(read)
    from towpath import bootstrap

    _run(lambda: bootstrap.serve(read))


def worker(settings_file: SettingsFile = None) -> None:
    """The engine only, for more machines on the same database."""
    read = _settings(settings_file, {}, listens=False)
    logs.configure(read)
    from towpath import bootstrap

    _run(lambda: bootstrap.worker(read))


def demo(
    once: Annotated[
        bool,
        typer.Option("--once", help="End when the release has ended; exit 0 if it succeeded."),
    ] = False,
    port: Port = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            help="Where to build it; by default a folder that is removed at the end.",
        ),
    ] = None,
) -> None:
    """A realistic world on this machine, and a developer's change on its way to production."""
    with contextlib.ExitStack() as stack:
        if directory is None:
            made = tempfile.TemporaryDirectory(prefix="towpath-demo-", ignore_cleanup_errors=True)
            directory = Path(stack.enter_context(made))
        _demo(directory, once, port)


def _demo(directory: Path, once: bool, port: int | None) -> None:
    # The demo must not write to the database or the repositories of a real installation.
    own = {"port": port, "data_dir": directory / "data", "database_url": "", "config": ""}
    read = _settings(None, own, listens=True)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LOG).touch()
    except OSError as problem:
        said = f"The demo cannot be built in {directory}: {problem.strerror}."
        output.say(said, "Give another folder with --dir.", "red")
        raise typer.Exit(1) from None
    logs.configure(read, directory / LOG)  # the screen belongs to the picture
    from towpath.cli import demonstration
    from towpath.demo import commits

    ready = demonstration.with_port(read, chosen=port is not None)
    try:
        _run(lambda: asyncio.run(demonstration.show(ready, directory, once=once)))
    except commits.DemoError as problem:
        output.say(str(problem), style="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(options.INTERRUPTED if once else 0) from None


def _settings(
    file: Path | None, given: Mapping[str, object], *, listens: bool
) -> settings.Settings:
    """The settings, or the end of the command with every problem they have."""
    try:
        read = settings.load(file, given)
        if listens:
            read.check_serving()
    except settings.Invalid as invalid:
        for problem in invalid.problems:
            output.say(problem, style="red")
        raise typer.Exit(2) from None
    return read


def _run(start: Callable[[], int | None]) -> None:
    """Start something; ends the command with its exit code unless that is 0."""
    from towpath import bootstrap

    try:
        code = start()
    except bootstrap.CannotStart as problem:
        output.say(str(problem), style="red")
        raise typer.Exit(1) from None
    except client.Failed as failed:
        output.say(failed.sentence, failed.advice, "red")
        raise typer.Exit(1) from None
    if code:
        raise typer.Exit(code)
