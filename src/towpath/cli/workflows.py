"""`towpath workflow …`: promotion workflows on this machine, without a server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from towpath.cli import flags, options, output

app = typer.Typer(cls=flags.Group, help="Workflows: run one on this machine.", no_args_is_help=True)

NOT_RUN = 2
"""The exit code of a workflow that could not be run."""


@app.callback()
def workflow() -> None:
    """Workflows: run one on this machine."""


@app.command(epilog="Example: towpath workflow run smoke-test.yaml -p VERSION=1.4.2")
def run(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A Workflow, WorkflowTemplate or CronWorkflow, and files with the templates it "
            "refers to.",
        ),
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A parameter's value."),
    ] = None,
    wanted: Annotated[
        str,
        typer.Option(
            "--workflow", metavar="NAME", help="Which workflow or template of the files is run."
        ),
    ] = "",
    entrypoint: Annotated[
        str,
        typer.Option("--entrypoint", metavar="TEMPLATE", help="Begin with this template."),
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume suspended steps at once, without asking.")
    ] = False,
    supplied: Annotated[
        list[str] | None,
        typer.Option(
            "--supply", metavar="NAME=VALUE", help="An output that a resumed step asks for."
        ),
    ] = None,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Run a workflow on this machine, and show its steps as they go."""
    from towpath.cli import workflow_files, workflow_running

    given = options.pairs(parameters or [], "--parameter")
    answers = options.pairs(supplied or [], "--supply")
    try:
        manifest = workflow_files.read(files, datetime.now(UTC), wanted, entrypoint)
    except OSError as problem:
        raise typer.BadParameter(str(problem)) from None
    except workflow_files.Unusable as unusable:
        workflow_running.show_refused(unusable.problems, form)
        raise typer.Exit(NOT_RUN) from None
    unknown = workflow_files.unknown_parameter(manifest, given)
    if unknown:
        raise typer.BadParameter(unknown, param_hint="--parameter")
    code = workflow_running.run(manifest, given, resume or bool(answers), answers, form)
    if code:
        raise typer.Exit(code)
