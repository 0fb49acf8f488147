"""A container or script as a process: its folder, its environment, its paths, its outputs."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.ports.runner import Log, Outcome
from towpath.runner import output, processes
from towpath.runner.keeping import Keeper
from towpath.runner.mistakes import Mistake
from towpath.runner.variables import MAX_RESULT, PARAMETER

_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.\-][A-Za-z0-9_.\-]*)\))")

Work = Mapping[str, Any]
Images = Mapping[str, Sequence[str]]
"""The commands of images, by their names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one step may take: seconds, bytes of output, and seconds to end when it is told to."""

    seconds: float = 3600
    output: int = 10 * 1024 * 1024
    grace: float = 10


@dataclass(frozen=True, slots=True)
class Machine:
    """Where programs are looked for, and what images would run whose templates name no command."""

    path: str
    images: Images

    def command(self, work: Work) -> list[str]:
        """The command, the template's or its image's. Raises `Mistake` if there is none."""
        command = work["command"] or self.images.get(work["image"])
        if not command:
            raise Mistake(f"the image {work['image']} would bring a command: give `command`")
        return [*command]


async def run(
    work: Work, step_id: str, machine: Machine, keeper: Keeper, log: Log, limits: Limits
) -> Outcome:
    """Run it to its end. Raises `Mistake` for what cannot be run."""
    said = output.Said(log, limits.output, MAX_RESULT)
    seconds = min(limits.seconds, work.get("deadline", limits.seconds))
    mark = keeper.next_mark()
    with _folder(keeper.folder / mark.strip(".").rpartition(".")[2]) as folder:
        command = _command(work, folder, step_id, machine, mark)
        try:
            code = await processes.run(command, said.output, said.complaint, seconds, limits.grace)
        except processes.Overdue:
            return Outcome(Status.FAILED, _overdue(seconds, limits), {"exitCode": "143"})
        return _outcome(work, code, said, folder)


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """A folder that is there while the step runs."""
    (folder / "tmp").mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _command(
    work: Work, folder: Path, step_id: str, machine: Machine, mark: str
) -> processes.Command:
    environment = _environment(work, folder, step_id, machine.path)
    argv = [_expanded(part, environment) for part in (*machine.command(work), *work["args"])]
    argv = [_moved(part, work, folder) for part in argv]
    if "source" in work:
        script = folder / "script"
        script.write_text(_moved(work["source"], work, folder), encoding="utf-8")
        script.chmod(0o700)
        argv.append(str(script))
    image = work.get("image", "")
    return processes.Command(argv, _place(work, folder), environment, mark, folder, image)


def _environment(work: Work, folder: Path, step_id: str, path: str) -> dict[str, str]:
    found = {
        "PATH": path,
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
    }
    for name, value in work["env"].items():
        found[name] = _moved(_expanded(value, found), work, folder)
    return {**found, "TOWPATH_STEP_ID": step_id}


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """`$(NAME)` as Kubernetes fills it in; unknown ones stay, `$$` is a dollar."""

    def written(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return environment.get(match[2], match[0])

    return _REFERENCE.sub(written, text) if "$(" in text else text


def _place(work: Work, folder: Path) -> Path:
    """Where it runs: its own folder, one below it, or one of this machine that it names."""
    named: str = work.get("folder", "")
    if not named:
        return folder
    place = folder / named  # one that is absolute stays as it is
    if not Path(named).is_absolute():
        place.mkdir(parents=True, exist_ok=True)
    elif not place.is_dir():
        raise Mistake(f"workingDir {named} is no folder of this machine: only an image has it")
    return place


def _private(path: str, folder: Path) -> Path:
    """Where a declared output lies: below the step's folder, so that no two steps share it."""
    inside = folder / "root" / path.lstrip("/") if path.startswith("/") else folder / path
    if ".." in inside.parts:
        raise Mistake(f"the output path {path} leaves the step's folder")
    return inside


def _moved(text: str, work: Work, folder: Path) -> str:
    """The text with every absolute output path in it as it is for this step."""
    for one in work["outputs"]:
        path = one.get("path", "")
        if path.startswith("/") and path in text:
            private = _private(path, folder)
            private.parent.mkdir(parents=True, exist_ok=True)
            text = _mentions(path).sub(lambda _, place=private: str(place), text)  # type: ignore[misc] # bound now
    return text


def _mentions(path: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-]){re.escape(path)}(?![\w/-]|\.\w)")


def _overdue(seconds: float, limits: Limits) -> reasons.Reason:
    own = seconds < limits.seconds
    whose = "activeDeadlineSeconds" if own else "the runner's limit"
    return reasons.Reason(Code.TIMED_OUT, f"it ran longer than {seconds:g} s ({whose})")


def _outcome(work: Work, code: int, said: output.Said, folder: Path) -> Outcome:
    outputs = {"exitCode": str(code)}
    if said.result is not None:
        outputs["result"] = said.result
    try:
        outputs |= _read_all(work, folder)
    except Mistake as problem:
        if code == 0:
            why = reasons.Reason(Code.STEP_ERROR, str(problem))
            return Outcome(Status.ERROR, why, outputs)
    if code == 0:
        return Outcome(Status.SUCCEEDED, None, outputs)
    return Outcome(Status.FAILED, reasons.Reason(Code.STEP_FAILED, _exit(code)), outputs)


def _exit(code: int) -> str:
    return f"exit code {code}" if code <= 128 else f"exit code {code} (signal {code - 128})"


def _read_all(work: Work, folder: Path) -> dict[str, str]:
    return {f"{PARAMETER}{one['name']}": _read(one, folder) for one in work["outputs"]}


def _read(one: Mapping[str, str], folder: Path) -> str:
    if "path" not in one:
        return one.get("value", one.get("default", ""))
    place = _private(one["path"], folder)
    try:
        with place.open("rb") as file:
            content = file.read(MAX_RESULT + 1)
    except OSError as problem:
        if "default" in one:
            return one["default"]
        why = os.strerror(problem.errno) if problem.errno else str(problem)
        raise Mistake(
            f"the output `{one['name']}` cannot be read from {one['path']}: {why}"
        ) from None
    if len(content) > MAX_RESULT:
        raise Mistake(f"the output `{one['name']}` is larger than {MAX_RESULT} bytes")
    return content.decode("utf-8", "replace").removesuffix("\n")
