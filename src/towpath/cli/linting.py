"""`towpath lint` and `towpath schema`: what can be said of manifests without a server."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from towpath.cli import look, options, output

_STYLES = {"error": look.style("failed"), "warning": look.style("suspended")}


def lint(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Folders or files with manifests.")
    ],
    form: options.Output = output.Format.TABLE,
) -> None:
    """Check manifests, all problems at once, each as file:line:column: code: message."""
    from towpath.cli import checking

    try:
        files, problems = checking.check(paths)
    except OSError as problem:
        raise typer.BadParameter(str(problem)) from None
    if not files and not problems:
        raise typer.BadParameter(f"there is no .yaml or .yml file in {', '.join(map(str, paths))}")
    told = [
        {
            "file": problem.origin.file,
            "line": problem.origin.line,
            "column": problem.origin.column,
            "code": problem.code,
            "message": problem.message,
            "severity": problem.severity,
        }
        for problem in problems
    ]
    output.show({"files": files, "problems": told}, form, _draw)
    counted = Counter(problem.severity for problem in problems)
    output.say(_summary(files, counted))
    if counted["error"]:
        raise typer.Exit(1)


def _draw(out: Console, found: Mapping[str, Any]) -> None:
    for one in found["problems"]:
        place = f"{one['file']}:{one['line']}:{one['column']}: "
        less = "" if one["severity"] == "error" else f" ({one['severity']})"
        code = (one["code"], _STYLES.get(one["severity"], look.SECONDARY))
        out.print(Text.assemble(place, code, f": {one['message']}{less}"), soft_wrap=True)


def _summary(files: int, counted: Mapping[str, int]) -> str:
    said = [_plural(number, severity) for severity, number in sorted(counted.items())]
    return f"{', '.join(said) or 'No problem'} in {_plural(files, 'file')}."


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def schema(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="For example Product; by default, which exist.")
    ] = "",
    form: options.Output = output.Format.TABLE,
) -> None:
    """The JSON Schema of a kind of manifest, for editors; without KIND, the kinds."""
    from towpath.cli import checking

    if not kind:
        kinds = {"kinds": checking.kinds()}
        output.show(kinds, form, lambda out, shown: out.print("\n".join(shown["kinds"])))
        return
    try:
        written = checking.schema(kind)
    except KeyError as unknown:
        raise typer.BadParameter(str(unknown.args[0])) from None
    # A schema is JSON: that is also what people and editors want to see.
    is_yaml = form is output.Format.YAML
    output.show(written, form if is_yaml else output.Format.JSON, lambda out, shown: None)
